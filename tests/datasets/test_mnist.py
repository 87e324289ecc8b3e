"""MNIST and Fashion-MNIST, and what holds for every public data set."""

import gzip

import numpy as np
import pytest
from helpers import run_python
from small_data import write_idx

from skdl import datasets
from skdl.datasets import load_cifar10
from skdl.testing import contracts_of

IDX = {"mnist": datasets.load_mnist, "fashion-mnist": datasets.load_fashion_mnist}


@pytest.fixture(params=IDX)
def idx(request, tmp_path, monkeypatch):
    arrays = write_idx(tmp_path, monkeypatch, request.param)
    return IDX[request.param], tmp_path, tmp_path / request.param, arrays


def test_idx_files(idx):
    load, home, _, arrays = idx
    for subset in ("train", "test"):
        bunch = load(subset=subset, data_home=home)
        images, labels = arrays[subset]
        assert bunch.data.dtype == np.uint8
        assert bunch.target.dtype == np.int64
        assert np.array_equal(bunch.data, images)
        assert np.array_equal(bunch.target, labels)
        assert bunch.images is bunch.data
        assert len(bunch.target_names) == 10
        assert "Cite: " in bunch.DESCR
        assert "Licence: " in bunch.DESCR
    X, y = load(subset="all", data_home=home, return_X_y=True)
    assert np.array_equal(X, np.concatenate([arrays["train"][0], arrays["test"][0]]))
    assert np.array_equal(y, np.concatenate([arrays["train"][1], arrays["test"][1]]))
    X, y = load(data_home=home, n_samples=40, return_X_y=True)
    assert np.bincount(y).tolist() == [4] * 10


def test_contracts_of_idx_files(idx, monkeypatch):
    load, home, *_ = idx
    monkeypatch.setenv("SKDL_DATA_HOME", str(home))
    for contract in contracts_of(load):
        contract(load)


def test_recompressed_idx_files(idx):
    load, home, folder, arrays = idx
    for path in folder.iterdir():
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1))
    assert np.array_equal(load(data_home=home).data, arrays["train"][0])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: gzip.compress(content)[:-20], "is damaged"),
        (lambda content: gzip.compress(content[:-1]), "is not the right one: .* expected 39,216"),
        (lambda content: gzip.compress(content[:-1] + b"?"), "is not the right one: the sha256"),
        (lambda content: b"<html>Moved</html>", "is not the right one"),
    ],
)
def test_damaged_idx_files(idx, damage, reason):
    load, home, folder, arrays = idx
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(gzip.decompress(path.read_bytes())))
    with pytest.raises(ValueError, match=reason) as error:
        load(subset="test", data_home=home)
    assert str(path) in str(error.value)
    assert "Delete it, so that it is downloaded again, or put the right one" in str(error.value)
    assert np.array_equal(load(data_home=home).data, arrays["train"][0])  # needs other files


@pytest.mark.parametrize(
    ("load", "file"),
    [
        (datasets.load_mnist, "mnist/train-images-idx3-ubyte.gz"),
        (datasets.load_fashion_mnist, "fashion-mnist/train-images-idx3-ubyte.gz"),
        (load_cifar10, "cifar10/cifar-10-python.tar.gz"),
    ],
)
def test_offline(load, file, tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        load(data_home=tmp_path, download_if_missing=False)
    message = str(error.value)
    assert f"There is no file '{tmp_path}/{file}'" in message
    assert "Put the file from https://" in message
    assert f"/{file.rpartition('/')[2]}" in message.partition("https://")[2]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("load", [*IDX.values(), load_cifar10])
@pytest.mark.parametrize("subset", ["val", None, 3])
def test_wrong_subsets(load, subset, tmp_path):
    with pytest.raises(ValueError, match="^subset must be one of 'train', 'test', 'a"):
        load(subset=subset, data_home=tmp_path)


def test_nothing_here_imports_tensorflow():
    run_python(
        "import sys, skdl; skdl.datasets.load_digits_images();"
        "assert not {'tensorflow', 'keras', 'scikeras'} & set(sys.modules)"
    )
