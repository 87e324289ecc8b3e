"""Identities of files."""

import hashlib
import os

import pytest

from skdl._utils import storage
from skdl._utils.checksums import file_digest
from skdl._utils.storage import file_version
from skdl.downloads import weights_digest


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    (tmp_path / "weights").mkdir()
    return tmp_path


def test_weights_are_known_by_their_file(home):
    (home / "weights" / "mine.npz").write_bytes(b"some")
    (home / "other.npz").write_bytes(b"some")
    expected = hashlib.sha256(b"some").hexdigest()
    assert weights_digest("mine.npz") == expected
    assert weights_digest(home / "other.npz") == weights_digest(str(home / "other.npz")) == expected
    assert file_digest(home / "other.npz") == expected


@pytest.mark.parametrize("name", ["auto", "random", "imagenet", "uniform", "none.npz", ""])
def test_names_and_files_that_are_not_there_have_no_digest(home, name):
    (home / "weights" / "imagenet").write_bytes(b"no file of weights")
    assert weights_digest(name) is None


def test_a_file_is_read_again_only_once_it_has_changed(home, monkeypatch):
    path, read = home / "mine.npz", []
    path.write_bytes(b"some")

    def digest(path):
        read.append(path)
        return file_digest(path)

    monkeypatch.setattr(storage, "file_digest", digest)
    first = weights_digest(path)
    (home / "link.npz").symlink_to(path)
    assert weights_digest(path) == weights_digest(home / "link.npz") == first
    assert len(read) == 1
    path.write_bytes(b"more")
    os.utime(path, ns=(0, 0))
    assert weights_digest(path) == hashlib.sha256(b"more").hexdigest()
    assert len(read) == 2


def test_a_version_tells_files_apart(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"some")
    before = file_version(path)
    assert file_version(path) == before
    path.write_bytes(b"others")
    assert file_version(path) != before
    with pytest.raises(FileNotFoundError):
        file_version(tmp_path / "none")
