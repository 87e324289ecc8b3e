"""Image files of no known class, wherever they lie."""

import os

import pytest
from archives import make_tar, tar_link
from folders import pack
from PIL import Image

from skdl.datasets import check_patterns, find_image_files


@pytest.fixture
def pictures(tmp_path):
    root = tmp_path / "pictures"
    for name in ("b.png", "a/2.png", "a/deep/1.jpg", ".hidden/x.png", "@eaDir/y.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(root / name)
    (root / "notes.txt").write_text("")
    return root


def names(found, root):
    return [os.path.relpath(file.path, root) for file in found]


def test_a_folder_and_an_archive_of_it(pictures, tmp_path):
    expected = ["a/2.png", "a/deep/1.jpg", "b.png"]
    found, said = find_image_files(pictures)
    assert (names(found, pictures), said) == (expected, [])
    archive = pack(pictures, tmp_path / "packed.zip")
    found, said = find_image_files(archive)
    assert (names(found, archive / "pictures"), said) == (expected, [])


def test_a_file_and_what_is_not_there(pictures):
    for path in (pictures / "b.png", pictures / "notes.txt", pictures / "none"):
        assert find_image_files(path) == ([(str(path), "")], [])


def test_a_list(pictures, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    (pictures / "list.csv").write_text("path,n\nb.png,1\n/x.png,\n~/y.png,\n ,2\n./a/2.png,\n")
    found, _ = find_image_files(pictures / "list.csv")
    assert [file.path for file in found] == [
        f"{pictures}/b.png", "/x.png", "/home/me/y.png", "", f"{pictures}/a/2.png",
    ]  # fmt: skip
    assert [bool(file.fault) for file in found] == [False, False, False, True, False]


def test_links_of_an_archive_are_not_followed(tmp_path):
    archive = make_tar(tmp_path / "a.tar", {"1.png": b""}, extra=[tar_link("more", "/elsewhere")])
    found, _ = find_image_files(archive)
    assert [bool(file.fault) for file in found] == [False, True]
    assert "not followed" in found[1].fault


def test_a_list_that_is_none(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ValueError, match="cannot be read as a CSV file"):
        find_image_files(tmp_path / "empty.csv")
    (tmp_path / "numbers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="Set path_column"):
        find_image_files(tmp_path / "numbers.csv")


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["*.jpg"], ["a/2.png", "b.png"]),
        (["deep", "b.*"], ["a/2.png"]),
        ("a/*.png", ["a/deep/1.jpg", "b.png"]),
    ],
)
def test_patterns_leave_files_out_wherever_they_are_named(pictures, tmp_path, patterns, left):
    patterns = check_patterns(patterns)
    found, _ = find_image_files(pictures, patterns=patterns)
    assert names(found, pictures) == left
    archive = pack(pictures, tmp_path / "packed.zip")
    found, _ = find_image_files(archive, patterns=patterns)
    assert names(found, archive / "pictures") == left
    every = ["a/2.png", "a/deep/1.jpg", "b.png"]
    (pictures / "list.csv").write_text("\n".join(["path", *every]))
    found, _ = find_image_files(pictures / "list.csv", patterns=patterns)
    assert names(found, pictures) == left
    single = [find_image_files(pictures / file, patterns=patterns)[0] for file in every]
    assert names([file for files in single for file in files], pictures) == left


def test_what_patterns_leave_empty_is_said(pictures):
    found, _ = find_image_files(pictures, patterns=check_patterns("*"))
    assert found == [(str(pictures), "exclude leaves out all its images")]
