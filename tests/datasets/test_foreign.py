"""Files beside the images: annotations, and formats that are not read."""

import shutil
import warnings

import pytest
from folders import load

from skdl.datasets import load_image_folder


def test_formats_that_are_not_read_are_counted_aloud(make_images):
    root = make_images("a/1.png", "b/1.png")
    for name in ("a/1.nrrd", "a/2.nrrd", "b/3.LIF", "b/4.mat", "b/notes.txt"):
        (root / name).write_bytes(b"\0")
    needed = (
        r"4 files are in formats that are not read: 1 .lif \(Leica, read by readlif\), 1 .mat "
        r"\(MATLAB, read by scipy.io.loadmat\), 2 .nrrd \(NRRD, read by pynrrd\). "
        r"Convert them to PNG or TIFF"
    )
    with pytest.warns(UserWarning, match=needed):
        assert len(load_image_folder(root).data) == 2
    for image in root.rglob("*.png"):
        image.unlink()
    with pytest.raises(ValueError, match=r"no image in .* among 5 files. 4 files are in formats"):
        load_image_folder(root)


@pytest.mark.parametrize("name", ["IM{:04}", "1.2.840.113619.2.5.17628{}", "image.{}"])
def test_files_without_an_ending_are_counted_aloud(make_images, name):
    root = make_images("a/1.png", "b/1.png")
    for n in range(6):
        (root / "a" / name.format(n)).write_bytes(b"\0")
    needed = r"6 files are in formats that are not read: 6 without an ending. Convert"
    with pytest.warns(UserWarning, match=needed):
        assert load_image_folder(root).ignored == {"": 6}


def test_a_few_texts_without_an_ending_are_no_images(make_images):
    root = make_images("a/1.png", "b/1.png")
    for name in ("README", "LICENSE", "a/Makefile", "b/3.txt"):
        (root / name).write_bytes(b"\0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_image_folder(root).ignored == {"": 3, ".txt": 1}


def test_other_files(pets):
    for name in (".DS_Store", "Thumbs.db", "cats/.hidden.png", "cats/desktop.ini"):
        (pets / name).write_bytes(b"")
    (pets / "__MACOSX" / "cats").mkdir(parents=True)
    (pets / "__MACOSX" / "cats" / "1.png").write_bytes(b"")
    (pets / ".git").mkdir()
    for name in ("README", "cats/notes.TXT", "dogs/notes.txt"):
        (pets / name).write_text("text")
    bunch = load_image_folder(pets)
    assert len(bunch.data) == 5
    assert bunch.ignored == {"": 1, ".txt": 2}
    assert "3 files of other kinds" in bunch.DESCR


@pytest.mark.parametrize(
    ("place", "images"),
    [
        ("annotations", ("cats/1.png", "dogs/2.png")),
        ("Annotations/xmls", ("cats/1.png", "dogs/2.png")),
        ("annotations", ("images/cats/1.png", "images/dogs/2.png")),
        ("train/annotations", ("train/cats/1.png", "train/dogs/2.png")),
        ("annotations", ("train/cats/1.png", "train/dogs/2.png")),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_annotations_is_no_class(make_images, tmp_path, place, images, packed):
    root = make_images(*images)
    (root / place).mkdir(parents=True)
    for name in ("1.xml", "2.JSON", "list.txt"):
        (root / place / name).write_text("text")
    path = shutil.make_archive(str(root), "zip", root) if packed else root
    bunch, (message,) = load(path)
    said = "1 folder holds text files only, such as annotations, and is skipped: "
    assert message.startswith(said)
    assert place.split("/xmls")[0] in message
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    assert bunch.ignored == {".json": 1, ".txt": 1, ".xml": 1}


def test_a_folder_of_other_files_is_an_empty_class(make_images):
    root = make_images("cats/1.png", "dogs/2.png")
    (root / "birds").mkdir()
    for name in ("1.xml", "1.mat"):
        (root / "birds" / name).write_text("text")
    with pytest.raises(ValueError, match="birds: there is no image in this folder"):
        load_image_folder(root)


def test_annotations_inside_a_class_are_no_news(make_images):
    root = make_images("cats/1.png", "dogs/2.png")
    (root / "cats/annotations").mkdir()
    (root / "cats/annotations/1.xml").write_text("text")
    bunch, messages = load(root)
    assert (len(bunch.data), messages) == (2, [])
