"""MNIST, Fashion-MNIST, CIFAR-10 and digits: data sets that are arrays."""

import gzip
import hashlib
import io
import pickle
import shutil
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from helpers import run_python
from PIL import Image
from small_data import write_idx

from skdl import datasets
from skdl.datasets import _cifar, load_cifar10, load_digits_images
from skdl.images import learn_value_range
from skdl.testing import contracts_of, parametrize_with_contracts

IDX = {"mnist": datasets.load_mnist, "fashion-mnist": datasets.load_fashion_mnist}


@parametrize_with_contracts(["digits"])
def test_contracts(subject, contract):
    contract(subject)


def test_digits():
    bunch = load_digits_images()
    assert bunch.data.shape == (1797, 8, 8)
    assert bunch.images is bunch.data
    assert learn_value_range(bunch.data) == (0.0, 16.0)
    assert bunch.target_names.tolist() == list("0123456789")
    assert "scikit-learn" in bunch.DESCR


def test_samples_are_stratified_and_seeded():
    X, y = load_digits_images(return_X_y=True)
    counts = np.bincount(y)
    for n in (10, 11, 99, 100, 1000, 1796, 1797):
        sample, codes = load_digits_images(n_samples=n, return_X_y=True)
        assert len(sample) == len(codes) == n
        assert abs(np.bincount(codes, minlength=10) - counts * n / len(y)).max() < 1
    first, again, other = (load_digits_images(n_samples=50, random_state=s) for s in (0, 0, 1))
    assert np.array_equal(first.data, again.data)
    assert not np.array_equal(first.data, other.data)
    rows = [np.flatnonzero((image == X).all(axis=(1, 2)))[0] for image in first.data]
    assert rows == sorted(rows)  # the original order
    assert len(set(rows)) == 50
    assert y[rows].tolist() == first.target.tolist()


def test_a_sample_touches_no_global_state():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    load_digits_images(n_samples=20)
    assert np.random.random() == expected


@pytest.mark.parametrize("n_samples", [0, -1, 9, 1.5, "10", True, 1798])
def test_wrong_numbers_of_samples(n_samples):
    with pytest.raises(ValueError, match="n_samples .*whole number from"):
        load_digits_images(n_samples=n_samples)


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
    assert "Put there what you find at https://" in message
    assert f"/{file.rpartition('/')[2]}" in message.partition("https://")[2]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("load", [*IDX.values(), load_cifar10])
@pytest.mark.parametrize("subset", ["val", None, 3])
def test_wrong_subsets(load, subset, tmp_path):
    with pytest.raises(ValueError, match="^subset must be one of 'train', 'test', 'a"):
        load(subset=subset, data_home=tmp_path)


def write_original(home, monkeypatch, batches):
    path = home / "cifar10" / "cifar-10-python.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as archive:
        for name, batch in batches.items():
            data = batch if isinstance(batch, bytes) else pickle.dumps(batch, protocol=3)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(
        _cifar, "_ARCHIVE", replace(_cifar._ARCHIVE, sha256=digest, size=len(content))
    )


def batch_of(seed, n=20):
    rng = np.random.default_rng(seed)
    return {
        b"data": rng.integers(0, 256, (n, 3072), dtype=np.uint8),
        b"labels": (np.arange(n) % 10).tolist(),
        b"batch_label": b"a batch",
    }


def write_jpegs(home, n=3):
    for part in ("train", "test"):
        for code, name in enumerate(_cifar.CIFAR10_NAMES):
            folder = home / "cifar10-jpeg" / part / name
            folder.mkdir(parents=True)
            for number in range(n):
                Image.new("RGB", (32, 32), (code * 20, 0, 0)).save(folder / f"{number}.jpg")


def test_the_original_cifar10(tmp_path, monkeypatch):
    batches = {f"data_batch_{n}": batch_of(n) for n in range(1, 6)} | {"test_batch": batch_of(9)}
    write_original(tmp_path, monkeypatch, batches)
    write_jpegs(tmp_path)
    train, test = (load_cifar10(subset=s, data_home=tmp_path) for s in ("train", "test"))
    assert train.version == test.version == "original"
    assert train.data.shape == (100, 32, 32, 3)
    assert train.data.dtype == np.uint8
    first = batches["data_batch_1"][b"data"][0]
    assert np.array_equal(train.data[0, :, :, 1], first[1024:2048].reshape(32, 32))
    second = batches["data_batch_2"][b"data"][0]
    assert np.array_equal(train.data[20, :, :, 0], second[:1024].reshape(32, 32))
    assert train.target[:20].tolist() == batches["data_batch_1"][b"labels"]
    assert test.target_names.tolist()[:2] == ["airplane", "automobile"]
    assert "JPEG" not in train.DESCR
    everything = load_cifar10(subset="all", data_home=tmp_path)
    assert np.array_equal(everything.data, np.concatenate([train.data, test.data]))
    sample = load_cifar10(data_home=tmp_path, n_samples=20)
    assert np.bincount(sample.target).tolist() == [2] * 10


class Evil:
    def __reduce__(self):
        return print, ("evil",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_run_no_code(tmp_path, monkeypatch, capsys, protocol):
    batches = {f"data_batch_{n}": batch_of(n) for n in range(1, 6)}
    batches["data_batch_3"] = pickle.dumps({b"data": Evil(), b"labels": []}, protocol)
    write_original(tmp_path, monkeypatch, batches)
    with pytest.raises(pickle.UnpicklingError, match="has no place in a file of images"):
        load_cifar10(data_home=tmp_path)
    assert capsys.readouterr().out == ""


def test_another_archive_is_refused(tmp_path):
    path = tmp_path / "cifar10" / "cifar-10-python.tar.gz"
    path.parent.mkdir()
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"cifar-10-python.tar.gz' is not the right one"):
        load_cifar10(data_home=tmp_path)


def test_cifar10_as_jpeg(tmp_path):
    write_jpegs(tmp_path)
    bunch = load_cifar10(data_home=tmp_path, download_if_missing=False)
    assert bunch.version == "jpeg"
    assert bunch.data.shape == (30, 32, 32, 3)
    assert bunch.target.tolist() == [*range(10)] * 3  # the classes take turns
    assert np.array_equal(bunch.data[:, 5, 5, 0] // 20, bunch.target)
    assert "CIFAR-10 (JPEG)" in bunch.DESCR
    assert "NOT pixel for pixel" in bunch.DESCR
    assert len(load_cifar10(subset="all", data_home=tmp_path).data) == 60
    _, y = load_cifar10(data_home=tmp_path, n_samples=10, return_X_y=True)
    assert sorted(y) == list(range(10))
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load_cifar10(version="original", data_home=tmp_path, download_if_missing=False)


def test_incomplete_jpegs(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There are no images in .*train/airplane'. Put"):
        load_cifar10(version="jpeg", data_home=tmp_path)
    write_jpegs(tmp_path)
    path = tmp_path / "cifar10-jpeg" / "train" / "cat" / "0.jpg"
    Image.new("RGB", (16, 16)).save(path)
    with pytest.raises(ValueError, match=r"cat/0.jpg' is of shape \(16, 16, 3\)"):
        load_cifar10(data_home=tmp_path)
    path.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"cat/0.jpg' cannot be read"):
        load_cifar10(data_home=tmp_path)
    shutil.rmtree(path.parent)
    with pytest.raises(FileNotFoundError, match=r"There are no images in .*train/cat'"):
        load_cifar10(data_home=tmp_path)
    with pytest.raises(ValueError, match="^version must be one of 'auto', 'original'"):
        load_cifar10(version="png", data_home=tmp_path)


def test_nothing_here_imports_tensorflow():
    run_python(
        "import sys, skdl; skdl.datasets.load_digits_images();"
        "assert not {'tensorflow', 'keras', 'scikeras'} & set(sys.modules)"
    )
