"""Names of classes, and what they say of subsets."""

import pytest

from skdl.datasets import load_image_folder


@pytest.mark.parametrize("name", ["train station", "testis", "valley", "set", "evaluations2020x"])
def test_names_of_classes(make_images, name):
    bunch = load_image_folder(make_images(f"{name}/1.png", "other/1.png"))
    assert sorted(bunch.target_names) == sorted([name, "other"])


def test_numbers_as_classes_are_sorted_by_value(make_images):
    root = make_images(*(f"{number}/1.png" for number in range(12)))
    assert load_image_folder(root).target_names.tolist() == [str(n) for n in range(12)]
    root = make_images("10/1.png", "9/1.png", "x/1.png", root="mixed")
    assert load_image_folder(root).target_names.tolist() == ["10", "9", "x"]


@pytest.mark.parametrize(
    ("first", "second"), [("Cat", "cat"), ("cat", "cat "), ("cafe\u0301", "caf\u00e9")]
)
def test_classes_of_one_folder_that_differ_in_spelling_only(make_images, first, second):
    root = make_images(f"{first}/1.png", f"{second}/2.png", "dog/1.png", "a/1.png", "A/2.png")
    needed = f"Some classes differ .*: '{first}', '{second}'. They are kept apart; if they are one"
    with pytest.warns(UserWarning, match=needed) as caught:
        assert len(load_image_folder(root).target_names) == 5
    assert len(caught) == 1  # letters are classes


def test_one_class_under_several_names(make_images):
    accent = "caf\u00e9", "cafe\u0301"
    root = make_images(
        "train/Cat/1.png",
        "train/dog/1.png",
        f"train/{accent[0]}/1.png",
        "test/cat/2.png",
        "test/dog /2.png",
        f"test/{accent[1]}/2.png",
    )
    with pytest.warns(UserWarning, match="spellings differ between subsets are joined") as caught:
        bunch = load_image_folder(root)
    (warning,) = caught
    assert "'cat' as 'Cat'" in str(warning.message)
    assert "'dog ' as 'dog'" in str(warning.message)
    assert bunch.target_names.tolist() == ["Cat", accent[0], "dog"]
    assert bunch.target.tolist() == [0, 1, 2, 1, 0, 2]
    letters = load_image_folder(make_images("a/1.png", "A/1.png", root="letters"))
    assert letters.target_names.tolist() == ["A", "a"]


def test_a_class_without_training_images_is_named(make_images):
    root = make_images("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/c/2.png")
    for subset in ("all", "train", "test"):
        with pytest.warns(UserWarning, match="class 'c' of 'test' has no training images"):
            load_image_folder(root, subset=subset)
