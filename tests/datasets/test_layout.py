"""Classes and subsets by the folders that images lie in."""

import os
import warnings

import pytest
from folders import load, relative

from skdl.datasets import load_image_folder


@pytest.mark.parametrize(
    ("first", "second", "subsets"),
    [
        ("training_set", "test_set", ("train", "test")),
        ("seg_train", "seg_test", ("train", "test")),
        ("train_images", "test_images", ("train", "test")),
        ("trainset", "testset", ("train", "test")),
        ("train_data", "val_data", ("train", "val")),
        ("train1", "test1", ("train", "test")),
        ("Train_set", "Valid_set", ("train", "val")),
        ("train", "dev", ("train", "val")),
        ("train", "validate", ("train", "val")),
        ("train", "holdout", ("train", "test")),
        ("train", "Evaluation images", ("train", "test")),
        ("TRAIN", "seg-pred-test", ("train", None)),
    ],
)
def test_subsets_by_what_people_call_them(make_images, first, second, subsets):
    root = make_images(*(f"{top}/{c}/{top}.png" for top in (first, second) for c in "ab"))
    if subsets[1] is None:
        with pytest.raises(ValueError, match="lies beside folders of subsets"):
            load_image_folder(root)
        return
    for top, subset in zip((first, second), subsets, strict=True):
        bunch = load_image_folder(root, subset=subset)
        assert bunch.target_names.tolist() == ["a", "b"]
        assert [os.path.basename(path) for path in bunch.data] == [f"{top}.png"] * 2


def test_other_names_of_subsets(make_images):
    root = make_images("Training/a/1.png", "Testing/a/2.png", "valid/a/3.png")
    for subset, name in (("train", "1.png"), ("test", "2.png"), ("val", "3.png")):
        (path,) = load_image_folder(root, subset=subset).data
        assert path.endswith(name)


def test_folds_are_no_classes(make_images):
    root = make_images(*(f"fold{n}/{c}/{n}.png" for n in (1, 2) for c in ("ill", "well")))
    with pytest.raises(ValueError, match="fold1, fold2 all hold the folders ill, well: they look"):
        load_image_folder(root)
    assert load_image_folder(root / "fold1").target_names.tolist() == ["ill", "well"]
    machine = load_image_folder(make_images("part 1/a/1.png", "part 2/b/1.png", root="machine"))
    assert machine.target_names.tolist() == ["part 1", "part 2"]  # which are classes


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("training_set/training_set", "test_set/test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("data/train/train/train", "data/test"),
        ("train/Training images", "test"),
    ],
)
def test_subsets_in_folders_of_their_own_name(make_images, first, second):
    root = make_images(*(f"{top}/{c}/1.png" for top in (first, second) for c in ("cat", "dog")))
    for top, subset in ((first, "train"), (second, "test")):
        bunch = load_image_folder(root, subset=subset)
        assert bunch.target_names.tolist() == ["cat", "dog"]
        assert bunch.data.tolist() == [f"{root}/{top}/{c}/1.png" for c in ("cat", "dog")]


def test_unlabelled_images_in_a_folder_of_their_own_name(make_images):
    root = make_images("train/train/cat/1.png", "train/train/dog/1.png", "test/test/1.png")
    with pytest.warns(UserWarning, match=f"The images in '{root}/test/test' have no class, and"):
        assert load_image_folder(root).target_names.tolist() == ["cat", "dog"]


@pytest.mark.parametrize(
    ("first", "second"), [("xray_train", "xray_val"), ("set1", "set2"), ("train_a", "train_b")]
)
def test_parts_by_what_is_in_them(make_images, first, second):
    root = make_images(*(f"{top}/{c}/{top}.png" for top in (first, second) for c in "ab"))
    with pytest.raises(ValueError, match=f"The folders {first}, {second} all hold the folders a, "):
        load_image_folder(root)


@pytest.mark.parametrize(("first", "second"), [("tr", "te"), ("2019", "2020"), ("left", "right")])
def test_classes_that_all_hold_the_same_folders(make_images, first, second):
    root = make_images(*(f"{top}/{c}/{top}.png" for top in (first, second) for c in "ab"))
    with pytest.warns(UserWarning, match="Every class has the same folders: 'a', 'b'. If these"):
        assert load_image_folder(root).target_names.tolist() == sorted([first, second])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        root = make_images("cat/anna/1.png", "cat/eve/2.png", "dog/eve/3.png", root="patients")
        load_image_folder(root)


def test_a_class_may_be_called_train(make_images):
    bunch = load_image_folder(make_images("bus/1.png", "train/1.png"))
    assert bunch.target_names.tolist() == ["bus", "train"]
    with pytest.raises(ValueError, match="It is not divided; subset='all' loads everything"):
        load_image_folder(make_images(), subset="train")


def test_a_subset_without_classes(make_images):
    root = make_images("train/cats/1.png", "train/dogs/1.png", "test/1.png", "test/2.png")
    assert len(load_image_folder(root, subset="train").data) == 2
    with pytest.raises(ValueError, match=r"The images in .*/test' have no class"):
        load_image_folder(root, subset="test")
    with pytest.warns(UserWarning, match=r"The images in .*/test' have no class, and are left out"):
        assert len(load_image_folder(root).data) == 2


def test_a_folder_beside_subsets(make_images):
    root = make_images("train/cats/1.png", "test/cats/2.png", "extra/cats/3.png")
    with pytest.raises(ValueError, match=r"extra' lies beside folders of subsets \(train, test\)"):
        load_image_folder(root)


def test_deep_folders_and_wrappers(make_images):
    root = make_images("images/cats/a/1.png", "images/cats/b/1.png", "images/dogs/1.png")
    for path in (root, root / "images"):
        bunch = load_image_folder(path)
        assert bunch.target_names.tolist() == ["cats", "dogs"]
        assert bunch.target.tolist() == [0, 0, 1]


def test_an_image_in_a_wrapper(make_images):
    root = make_images("images/cats/1.png", "images/dogs/1.png", "images/logo.png")
    with pytest.warns(UserWarning, match=r"1 image lies outside the folders of classes.*logo.png"):
        assert load_image_folder(root).target_names.tolist() == ["cats", "dogs"]


def test_a_single_class(make_images):
    root = make_images("cats/1.png", "cats/2.png", "cats/more/1.png")
    bunch = load_image_folder(root)
    assert bunch.target_names.tolist() == ["cats"]
    assert bunch.target.tolist() == [0, 0, 0]


def test_images_outside_classes(pets, make_images):
    make_images("logo.png")
    with pytest.warns(UserWarning, match=r"1 image lies outside the folders of classes.*logo.png"):
        assert len(load_image_folder(pets).data) == 5


def test_an_empty_class_in_a_subset_that_is_not_loaded(divided_pets):
    (divided_pets / "test" / "birds").mkdir()
    assert len(load_image_folder(divided_pets, subset="train").data) == 5
    with pytest.raises(ValueError, match="birds: there is no image in this folder"):
        load_image_folder(divided_pets, subset="test")


@pytest.mark.parametrize("folder", ["images", "Img"])
def test_a_folder_of_images_is_no_class(make_images, folder):
    root = make_images(*(f"{top}/{number}.png" for top in (folder, "masks") for number in "123"))
    with pytest.raises(ValueError, match=f"The images lie directly in '{root}/{folder}', so their"):
        load_image_folder(root)


@pytest.mark.parametrize(
    "masks",
    [
        ("train_masks/ill/1.png", "test_masks/ill/3.png"),
        ("train_masks/1.png", "train_masks/2.png"),
        ("masks/1_mask.png",),
        ("masks/train/ill/1.png", "masks/test/ill/3.png"),
        ("Train-Labels/1.png",),
        ("masks_train/1.png", "Segmentations/1.png"),
    ],
)
@pytest.mark.parametrize("wrapper", ["", "data/"])
def test_folders_of_masks_beside_subsets(make_images, masks, wrapper):
    shown = ("test/ill/3.png", "test/well/4.png", "train/ill/1.png", "train/well/2.png")
    root = make_images(*(f"{wrapper}{name}" for name in (*shown, *masks)))
    bunch, (message,) = load(root)
    assert "left out" in message
    assert "mask" in message
    assert sorted(relative(bunch.data, root / wrapper)) == list(shown)
    assert sorted(relative(bunch.companions, root / wrapper)) == sorted(masks)
    assert len(load(root, subset="test")[0].data) == 2


@pytest.mark.parametrize("folder", ["extra", "masked", "train_more", "trainmasks2x"])
def test_other_folders_beside_subsets_are_refused(make_images, folder):
    root = make_images("train/ill/1.png", "test/ill/2.png", f"{folder}/ill/3.png")
    with pytest.raises(ValueError, match=f"{folder}' lies beside folders of subsets"):
        load_image_folder(root)


def test_empty_folders_of_classes(make_images):
    root = make_images("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png")
    for name in ("train/c", "train/d", "test/c", "val/c"):
        (root / name).mkdir(parents=True)
    with pytest.raises(ValueError, match="4 files or folders of .* cannot be used:") as error:
        load_image_folder(root)
    reason = "there is no image in this folder (or it is a link to that of another class)"
    assert f"\n- {root}/train/c: {reason}\n- {root}/train/d: {reason}\n" in str(error.value)
    assert str(error.value).endswith("or leave them out with on_error='skip'.")
    bunch, messages = load(root, on_error="skip", subset="train")
    assert relative([path for path, _ in bunch.unreadable], root) == ["train/c", "train/d"]
    assert messages == []
    bunch, (message,) = load(root, on_error="warn")
    assert bunch.target_names.tolist() == ["a", "b"]
    assert len(bunch.unreadable) == 4
    assert message.startswith("4 files or folders of")
