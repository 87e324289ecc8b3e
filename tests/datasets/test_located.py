"""Names and ids in lists, whose files lie somewhere below."""

import pytest
from folders import relative

from skdl.datasets import load_image_folder


def write(root, *rows):
    (root / "list.csv").write_text("\n".join(rows))
    return root / "list.csv"


def test_ids_without_an_ending(make_images):
    root = make_images("images/P001.png", "images/sub/P002.jpg", "P003.v2.bmp", "images/1.2.7.png")
    path = write(root, "image_id,label", "P001,a", "P002,b", "P003.v2,a", "1.2.7,b")
    expected = ["images/P001.png", "images/sub/P002.jpg", "P003.v2.bmp", "images/1.2.7.png"]
    assert relative(load_image_folder(path).data, root) == expected
    path = write(root, "id,diagnosis", "images/P001,a", "sub/P002,b", "sub\\P002,b")
    with pytest.warns(UserWarning, match="more than once"):
        assert relative(load_image_folder(path).data, root) == expected[:2]


def test_names_of_files_in_another_folder(make_images):
    root = make_images("images/1.png", "images/2.png", "2.png")
    path = write(root, "File Name,label", "1.png,a", "2.png,b", "images/2.png,b")
    bunch = load_image_folder(path)
    assert relative(bunch.data, root) == ["images/1.png", "2.png", "images/2.png"]


def test_a_path_comes_before_an_id(make_images):
    root = make_images("x/1.png", "1.png")
    (root / "P1").write_bytes((root / "1.png").read_bytes())  # an image without an ending
    assert relative(load_image_folder(write(root, "id,label", "1,a", "P1,b")).data, root) == [
        "1.png",
        "P1",
    ]


def test_masks_and_what_is_excluded_are_not_meant(make_images):
    root = make_images("images/P1.png", "masks/P1.png", "old/P1.png")
    path = write(root, "id,label", "P1,a")
    bunch = load_image_folder(path, exclude="old")
    assert relative(bunch.data, root) == ["images/P1.png"]
    assert bunch.excluded == []
    with pytest.raises(ValueError, match="exclude leaves out all"):
        load_image_folder(path, exclude=["old", "images", "masks"])
    with pytest.raises(ValueError, match=r"1 row of .* 'P1' is '.*images/P1.png', '.*old/P1.png'"):
        load_image_folder(path)


def test_ids_that_are_missing(make_images):
    root = make_images("images/P1.png")
    with pytest.raises(ValueError, match=r"column 'id' of .* names no image in its .*: 'Q1'. Move"):
        load_image_folder(write(root, "id,label", "Q1,a", "Q2,a"))
    path = write(root, "id,label", "P1,a", "Q2,a")
    with pytest.raises(ValueError, match=r"Q2: there is no such file"):
        load_image_folder(path)
    bunch = load_image_folder(path, on_error="skip")
    assert relative([path for path, _ in bunch.unreadable], root) == ["Q2"]
