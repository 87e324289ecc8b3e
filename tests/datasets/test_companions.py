"""Masks and thumbnails beside the images that they belong to."""

import os
import shutil
import warnings

import pytest
from folders import load, relative

from skdl.datasets import load_image_folder

BUSI = (
    "benign/benign (1).png",
    "benign/benign (1)_mask.png",
    "benign/benign (2).png",
    "benign/benign (2)_mask.png",
    "benign/benign (2)_mask_1.png",
    "normal/normal (1).png",
    "normal/normal (1)_mask.png",
)


def test_masks_beside_their_images_are_left_out(make_images):
    root = make_images(*BUSI)
    bunch, (message,) = load(root)
    assert message.startswith(
        "4 files are masks or thumbnails of other images and are left out: "
        f"'{root}/benign/benign (1)_mask.png', "
    )
    assert "list them in a CSV file" in message
    assert relative(bunch.data, root) == [name for name in BUSI if "mask" not in name]
    assert relative(bunch.companions, root) == [name for name in BUSI if "mask" in name]
    assert "4 masks or thumbnails" in bunch.DESCR


@pytest.mark.parametrize(
    ("image", "companion"),
    [
        ("1.png", "1_mask.png"),
        ("1.jpg", "1-mask.png"),
        ("1.png", "1_Mask 2.png"),
        ("1.png", "1_mask (2).png"),
        ("1.png", "mask_1.png"),
        ("1.png", "1_seg.png"),
        ("1.png", "1_segmentation.bmp"),
        ("1.png", "1.gt.png"),
        ("1.png", "1_ground_truth.png"),
        ("1.bmp", "1_anno.bmp"),
        ("1.png", "1_label.png"),
        ("1.jpg", "1_superpixels.png"),
        ("1.jpg", "1_thumb.jpg"),
        ("images/1.png", "masks/1.png"),
        ("Images/1.png", "Masks/1_mask.png"),
        ("imgs/p/1.png", "labels/p/1.png"),
        ("images/1.png", "annotations/trimaps/1.png"),
        ("Images/bus_0001-l.png", "Masks/mask_0001-l.png"),
        ("p1/image.png", "p1/mask.png"),
        ("p1/image.png", "p1/mask 2.png"),
        ("img_1.png", "mask_1.png"),
        ("1_image.png", "1_mask.png"),
        ("1.png", "masks/1.png"),
        ("thumbnail/images/1.png", "thumbnail/masks/1.png"),
    ],
)
def test_what_belongs_to_an_image(make_images, image, companion):
    root = make_images(f"ill/{image}", f"ill/{companion}", "well/2.png")
    with pytest.warns(UserWarning, match="1 file is a mask or thumbnail of another image"):
        bunch = load_image_folder(root)
    assert relative(bunch.data, root) == [f"ill/{image}", "well/2.png"]
    assert relative(bunch.companions, root) == [f"ill/{companion}"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a/1.png", "a/2_mask.png"),  # of another image
        ("mask/1.png", "no_mask/1.png"),  # faces with and without one
        ("with_mask/1.png", "without_mask/1.png"),
        ("masks/1.png", "hats/1.png"),
        ("a/1_mask.png", "b/1.png"),
        ("a/1.png", "a/1_masked.png"),
        ("a/1.png", "a/1mask.png"),
        ("a/1.png", "a/1_2.png"),
        ("a/masks/1.png", "a/2.png"),
        ("a/image_1.png", "a/mask_2.png"),
        ("a/image_1.png", "a/1.png"),
        ("a/photos/1.png", "a/labels/2.png"),
        ("a/mask.png", "b/mask.png"),
    ],
)
def test_what_belongs_to_no_image(make_images, first, second):
    root = make_images(first, second, "z/9.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bunch = load_image_folder(root)
    assert relative(bunch.data, root) == [*sorted((first, second)), "z/9.png"]
    assert bunch.companions == []


def test_a_tree_of_masks_beside_that_of_images(make_images):
    shown = ("ill/1.png", "ill/2.png", "well/3.png")
    root = make_images(*(f"{top}/{name}" for top in ("images", "masks") for name in shown))
    with pytest.warns(UserWarning, match="3 files are masks or thumbnails"):
        bunch = load_image_folder(root)
    assert bunch.target_names.tolist() == ["ill", "well"]
    assert relative(bunch.data, root / "images") == list(shown)
    assert load_image_folder(root / "masks").target.tolist() == [0, 0, 1]


def test_masks_in_archives_and_subsets(make_images, tmp_path):
    root = make_images(*(f"{top}/{name}" for top in ("train", "test") for name in BUSI))
    shutil.make_archive(str(root), "zip", root)
    bunch, (message,) = load(f"{root}.zip", subset="test")
    assert "8 files are masks" in message
    assert not any("mask" in os.path.basename(path) for path in bunch.data)
    assert len(bunch.companions) == 8


def test_a_list_decides_for_itself_what_is_an_image(make_images):
    root = make_images(*BUSI)
    rows = "\n".join(f"{name},{name.partition('/')[0]}" for name in BUSI)
    (root / "all.csv").write_text(f"path,label\n{rows}\n")
    bunch, (message,) = load(root / "all.csv")
    assert f"in it: 4, such as '{root}/benign/benign (1)_mask.png'" in message
    assert len(bunch.data) == len(BUSI)
    assert bunch.companions == []
