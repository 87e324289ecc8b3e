"""Archives unpacked without trusting them."""

import os
import tarfile
import zipfile

import pytest
from archives import COMPRESSED, CONTENT, UNSAFE, encrypt, make_tar, make_zip, tar_link, zip_link
from helpers import run_python

from skdl.downloads import extract_archive


def test_an_archive_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    make_tar(tmp_path / "a.tar")
    assert extract_archive("~/a.tar", "~/new") == tmp_path / "new"


@pytest.mark.parametrize("name", ["pets.zip", "pets.tar", *(f"pets{c}" for c in COMPRESSED)])
def test_extraction(tmp_path, name):
    mode = COMPRESSED.get(name[4:], "w")
    path = tmp_path / name
    make_zip(path) if name.endswith(".zip") else make_tar(path, mode=mode)
    folder = extract_archive(path, tmp_path / "new" / "pets")
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert found == CONTENT
    with pytest.raises(FileExistsError, match="Remove it, or choose another"):
        extract_archive(path, folder)


HOSTILE = {
    **{f"path {name}": lambda p, n=name: make_zip(p, {"a": b"", n: b""}) for name in UNSAFE},
    **{f"tar path {name}": lambda p, n=name: make_tar(p, {"a": b"", n: b""}) for name in UNSAFE},
    "symbolic link": lambda p: make_tar(p, extra=[tar_link("a", "/etc")]),
    "hard link": lambda p: make_tar(p, extra=[tar_link("a", "/etc/x", tarfile.LNKTYPE)]),
    "named pipe": lambda p: make_tar(p, extra=[tar_link("a", "", tarfile.FIFOTYPE)]),
    "link in a zip": lambda p: make_zip(p, {zip_link("a"): b"/etc"}),
    "too much": lambda p: make_zip(p, {"a": bytes(60_000), "b": bytes(60_000)}),
    "too much in one": lambda p: make_tar(p, {"a": bytes(200_000)}, "w:gz"),
    "a file that is a folder": lambda p: make_tar(p, {"a": b"", "a/b": b""}),
    "encrypted": lambda p: (make_zip(p), encrypt(p)),
    "unusual compression": lambda p: make_zip(p, method=zipfile.ZIP_BZIP2),
    "two of one name": lambda p: make_tar(p, {"a": b"", "./a": b""}),
    "cut": lambda p: (make_tar(p, mode="w:gz"), os.truncate(p, 1500)),
    "text": lambda p: p.write_text("no archive " * 100),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_extraction_of_what_is_not_to_be_trusted(tmp_path, what):
    HOSTILE[what](tmp_path / "archive")
    target = tmp_path / "home" / "target"
    with pytest.raises(ValueError, match="was not unpacked: "):
        extract_archive(tmp_path / "archive", target, max_bytes=100_000)
    assert list((tmp_path / "home").iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive", "home"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_no_room_for_what_is_written(tmp_path, own_data_home, name):
    pytest.importorskip("resource")  # not on Windows
    content = {"cats/1.bin": b"miaow", "cats/2.bin": bytes(300_000)}
    if name == "a.zip":
        make_zip(tmp_path / name, content)
    else:
        make_tar(tmp_path / name, content, COMPRESSED.get(name[1:], "w"))
    # Beyond this limit, writing fails as it does on a full disk.
    code = """
import resource, sys
from skdl.images import member_names
from skdl.downloads import extract_archive
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for step in (lambda: extract_archive(*sys.argv[1:]), lambda: member_names(sys.argv[1])):
    try:
        step()
    except OSError as error:
        print(error)
"""
    target = tmp_path / "new" / "pets"
    said = run_python(code, tmp_path / name, target).splitlines()
    reason = (
        "cannot be written: File too large. Nothing is left of it. "
        "Free disk space and try again, or"
    )
    assert said[0] == f"{str(target)!r} {reason} choose another folder."
    assert list((tmp_path / "new").iterdir()) == []
    assert len(said) == (2 if name == "a.tar.gz" else 1)  # which alone is decompressed to a file
    if len(said) == 2:
        assert said[1].startswith(f"'{own_data_home}/archives/")
        assert f"{reason} choose another place with the environment variable" in said[1]
        assert list((own_data_home / "archives").iterdir()) == []


def test_extraction_of_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no archive"):
        extract_archive(tmp_path / "nothing.zip", tmp_path / "new")
