"""The real data sets have the figures their authors state."""

import gzip
import shutil

import numpy as np
import pytest

from skdl import datasets
from skdl.datasets import describe_images, load_cifar10, load_image_folder
from skdl.testing import parametrize_with_contracts

pytestmark = pytest.mark.realdata

# LeCun et al.: how often each digit occurs in the training and in the test set.
MNIST_COUNTS = {
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}
IDX = {"mnist": datasets.load_mnist, "fashion-mnist": datasets.load_fashion_mnist}


@parametrize_with_contracts(["mnist", "fashion_mnist"])
def test_contracts(subject, contract):
    contract(subject)


@pytest.mark.parametrize("subset", ["train", "test"])
def test_mnist(data_home, subset):
    bunch = datasets.load_mnist(subset=subset, data_home=data_home)
    assert np.bincount(bunch.target).tolist() == MNIST_COUNTS[subset]
    assert bunch.data.shape == (sum(MNIST_COUNTS[subset]), 28, 28)
    assert bunch.data.dtype == np.uint8
    assert (bunch.data.min(), bunch.data.max()) == (0, 255)


def test_fashion_mnist(data_home):
    bunch = datasets.load_fashion_mnist(subset="all", data_home=data_home)
    assert bunch.data.shape == (70_000, 28, 28)
    assert np.bincount(bunch.target).tolist() == [7000] * 10
    assert bunch.target_names[bunch.target[0]] == "Ankle boot"
    assert np.bincount(bunch.target[60_000:]).tolist() == [1000] * 10


@pytest.mark.parametrize("name", IDX)
def test_copies_and_corrupted_copies(data_home, tmp_path, name):
    (tmp_path / name).mkdir()
    for path in (data_home / name).glob("t10k-*"):
        shutil.copyfile(path, tmp_path / name / path.name)
    labels = tmp_path / name / "t10k-labels-idx1-ubyte.gz"
    content = gzip.decompress(labels.read_bytes())
    labels.write_bytes(gzip.compress(content, 1))
    first = IDX[name](subset="test", data_home=tmp_path)
    assert np.array_equal(first.target, IDX[name](subset="test", data_home=data_home).target)
    labels.write_bytes(gzip.compress(content[:-1] + bytes([content[-1] ^ 1])))
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte.gz' is not the right one"):
        IDX[name](subset="test", data_home=tmp_path)


def test_cifar10_as_jpeg(data_home):
    bunch = load_cifar10(version="jpeg", subset="test", data_home=data_home)
    assert bunch.data.shape == (10_000, 32, 32, 3)
    assert np.bincount(bunch.target).tolist() == [1000] * 10
    assert bunch.version == "jpeg"
    X, y = load_cifar10(version="jpeg", data_home=data_home, n_samples=500, return_X_y=True)
    assert np.bincount(y).tolist() == [50] * 10
    assert X.max() == 255
    with pytest.raises(ValueError, match="n_samples .* from 10 to 50000"):
        load_cifar10(version="jpeg", data_home=data_home, n_samples=50_001)


@pytest.mark.filterwarnings("error")
def test_cats_vs_dogs(data_home):
    for subset in ("train", "test"):
        bunch = load_image_folder(data_home / "cats_vs_dogs", subset=subset)
        assert bunch.target_names.tolist() == ["cats", "dogs"]
        assert np.bincount(bunch.target).tolist() == [1000, 1000]
        assert (bunch.duplicates, bunch.unreadable, bunch.ignored) == ([], [], {})
    row = describe_images(bunch.data[::20], bunch.target[::20]).loc["all"]
    assert row["height_max"] > row["height_min"]  # of many sizes
    assert (row["format"], row["channels"], row["unreadable"]) == ("JPEG", "3", 0)


def test_busi_has_an_image_that_is_benign_and_malignant(data_home):
    with pytest.warns(UserWarning, match="Equal images belong to two classes in 1 case"):
        bunch = load_image_folder(data_home / "busi")
    assert bunch.target_names.tolist() == ["benign", "malignant", "normal"]
    assert np.bincount(bunch.target).tolist() == [437, 210, 133]
    (pair,) = bunch.duplicates
    assert [path.rpartition("/")[2] for path in pair] == ["benign_433.png", "malignant_145.png"]
    summary = describe_images(bunch.data, bunch.target_names[bunch.target])
    assert summary["images"].to_dict() == {
        "benign": 437,
        "malignant": 210,
        "normal": 133,
        "all": 780,
    }
    assert summary["height_min"].unique().tolist() == [256]
    assert summary["duplicates"].tolist() == [0, 0, 0, 1]
