"""Equal images, and files with several frames."""

import builtins
import os
import shutil
import warnings

import pytest
from folders import list_of_patients, load, relative
from PIL import Image

from skdl.datasets import load_image_folder


def test_duplicates(pets):
    shutil.copy(pets / "cats" / "1.png", pets / "cats" / "copy.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bunch = load_image_folder(pets)
    assert bunch.duplicates == [(str(pets / "cats/1.png"), str(pets / "cats/copy.png"))]
    assert len(bunch.data) == 6
    shutil.copy(pets / "cats" / "1.png", pets / "dogs" / "copy.png")
    with pytest.warns(UserWarning, match=r"Equal images belong to two classes in 1 case") as caught:
        (group,) = load_image_folder(pets).duplicates
    assert len(group) == 3
    assert "cats/1.png' and '" in str(caught[0].message)
    assert [w.filename for w in caught] == [__file__]


def test_duplicates_in_two_subsets(divided_pets):
    shutil.copy(divided_pets / "train/cats/1.png", divided_pets / "test/cats/9.png")
    for subset in ("train", "test", "all"):
        with pytest.warns(UserWarning, match=r"Equal images lie in two subsets, so that scores"):
            bunch = load_image_folder(divided_pets, subset=subset)
        assert relative(bunch.duplicates[0], divided_pets) == [
            "train/cats/1.png",
            "test/cats/9.png",
        ]


def test_equal_images_in_two_groups(make_images):
    root = make_images("a/1.png", "b/1.png")
    shutil.copy(root / "a" / "1.png", root / "a" / "2.png")
    patients = [("a/1.png", "P1"), ("b/1.png", "P2"), ("a/2.png", "P3")]
    with pytest.warns(UserWarning, match="Equal images belong to two groups in 1 case"):
        load_image_folder(list_of_patients(root, patients), group_column="patient")


@pytest.fixture
def opened(monkeypatch):
    """Names of files in the order in which they are opened."""
    names = []
    original = builtins.open

    def open_and_note(file, *args, **kwargs):
        names.append(os.fspath(file) if isinstance(file, str | os.PathLike) else file)
        return original(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", open_and_note)
    return names


def test_duplicates_are_looked_for_among_what_is_loaded(make_images, opened):
    names = [f"{label}/{number}.bmp" for number in range(10, 20) for label in "ab"]
    root = make_images(*names)  # all of one size
    shutil.copy(root / "a/10.bmp", root / "a/20.bmp")

    def count(**params):
        opened.clear()
        bunch = load_image_folder(root, verify=False, **params)
        # Once more, whether files of this kind tell what they belong to.
        return bunch, sum(str(name).endswith(".bmp") for name in opened) - 1

    bunch, n_opened = count(find_duplicates=False)
    assert (bunch.duplicates, n_opened) == (None, 21)
    bunch, n_opened = count()
    assert bunch.duplicates == [(f"{root}/a/10.bmp", f"{root}/a/20.bmp")]
    assert n_opened == 42
    bunch, n_opened = count(n_samples=6)
    assert n_opened == 12
    assert bunch.duplicates == []
    assert count(n_samples=21)[0].duplicates == [(f"{root}/a/10.bmp", f"{root}/a/20.bmp")]
    assert count(n_samples=6, find_duplicates=False)[1] == 6


def test_duplicates_of_a_subset(make_images):
    root = make_images(*(f"{top}/{c}/1.png" for top in ("train", "test") for c in ("cats", "dogs")))
    for copy in ("train/cats/8.png", "train/cats/9.png"):
        shutil.copy(root / "train/cats/1.png", root / copy)
    assert len(load_image_folder(root, subset="train").duplicates) == 1
    assert load_image_folder(root, subset="test").duplicates == []


def save_frames(path, n):
    colors = ["red", "blue", "lime", "black"][:n]
    first, *others = [Image.new("RGB", (8, 8), color) for color in colors]
    first.save(path, save_all=True, append_images=others)


@pytest.mark.parametrize("ending", [".gif", ".png", ".tif", ".tiff", ".webp", ".PNG"])
@pytest.mark.parametrize("verify", [True, False])
def test_animations_and_documents_are_counted(make_images, ending, verify):
    root = make_images("a/1.jpg", "b/1.jpg", "b/2.png")
    save_frames(root / "a" / f"single{ending}", 1)
    for number in (2, 3):
        save_frames(root / "a" / f"several {number}{ending}", number)
    bunch, (message,) = load(root, verify=verify)
    assert message.startswith(
        "2 files hold several frames or pages, of which the first is used: "
        f"'{root}/a/several 2{ending}', '{root}/a/several 3{ending}'."
    )
    assert len(bunch.data) == 6
    shutil.make_archive(str(root), "zip", root)
    _, packed = load(f"{root}.zip", verify=verify)
    assert packed == [message.replace(str(root), f"{root}.zip")]


def test_only_loaded_files_are_examined_for_frames(make_images):
    root = make_images("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/3.png")
    save_frames(root / "test" / "b" / "4.gif", 2)
    assert load(root, subset="train")[1] == []
    assert "1 file holds several" in load(root, subset="test")[1][0]


def test_one_warning_of_a_kind(make_images):
    classes = [f"Class {number}" for number in range(20)]
    root = make_images(
        *(f"train/{name}/1.png" for name in classes),
        *(f"test/{name.lower()}/2.png" for name in classes),
        *(f"test/other {number}/3.png" for number in range(20)),
        *(f"train/{name}/1_mask_{n}.png" for name in classes for n in range(5)),
    )
    _, messages = load(root)
    assert len(messages) == 3
    assert all(len(message) < 80 * 10 for message in messages)
    assert "20 classes have no training images: 'other 0', 'other 1', " in messages[2]
    assert all(", …" in message for message in messages)
