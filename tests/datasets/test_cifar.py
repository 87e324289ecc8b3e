"""CIFAR-10, as its authors publish it and as JPEG files."""

import hashlib
import io
import pickle
import shutil
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from skdl.datasets import _cifar, load_cifar10


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
    with pytest.raises(pickle.UnpicklingError, match="does not belong in a file of ima"):
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
    with pytest.raises(ValueError, match=r"cat/0.jpg' has shape \(16, 16, 3\)"):
        load_cifar10(data_home=tmp_path)
    path.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"cat/0.jpg' cannot be read"):
        load_cifar10(data_home=tmp_path)
    shutil.rmtree(path.parent)
    with pytest.raises(FileNotFoundError, match=r"There are no images in .*train/cat'"):
        load_cifar10(data_home=tmp_path)
    with pytest.raises(ValueError, match="^version must be one of 'auto', 'original'"):
        load_cifar10(version="png", data_home=tmp_path)
