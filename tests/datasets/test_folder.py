"""Image files in folders, archives and lists: what is loaded, and what is refused."""

import os
import warnings
import zipfile

import numpy as np
import pytest
from folders import damage, pack, relative

from skdl import ImageLoader
from skdl.datasets import load_image_folder
from skdl.images import read_image

CODES = [0, 0, 0, 1, 1]


def test_folders_of_classes(pets):
    bunch = load_image_folder(pets)
    assert relative(bunch.data, pets) == [
        "cats/1.png", "cats/2.png", "cats/3.png", "dogs/1.png", "dogs/2.png",
    ]  # fmt: skip
    assert bunch.data.dtype.kind == "U"
    assert bunch.data.ndim == 1
    assert bunch.filenames is bunch.data
    assert bunch.target.tolist() == CODES
    assert bunch.target.dtype == np.int64
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    assert (bunch.duplicates, bunch.unreadable, bunch.ignored) == ([], [], {})
    assert "- cats: 3\n- dogs: 2" in bunch.DESCR
    X, y = load_image_folder(str(pets), return_X_y=True)
    assert np.array_equal(X, bunch.data)
    assert np.array_equal(y, bunch.target)


def test_a_relative_path_becomes_absolute(pets, monkeypatch):
    monkeypatch.chdir(pets.parent)
    assert load_image_folder("pets").data[0] == str(pets / "cats" / "1.png")


def test_subsets(divided_pets):
    train, test = (load_image_folder(divided_pets, subset=s) for s in ("train", "test"))
    assert relative(train.data, divided_pets / "train")[3:] == ["dogs/1.png", "dogs/2.png"]
    assert relative(test.data, divided_pets / "test") == ["cats/4.png", "dogs/3.png", "lions/1.png"]
    assert train.target.tolist() == CODES
    assert test.target.tolist() == [0, 1, 2]
    assert train.target_names.tolist() == test.target_names.tolist() == ["cats", "dogs", "lions"]
    everything = load_image_folder(divided_pets)
    assert everything.data.tolist() == [*train.data, *test.data]
    with pytest.raises(ValueError, match=r"There is no subset 'val' in .* It has 'test' and 'tr"):
        load_image_folder(divided_pets, subset="val")


def break_files(pets):
    damage(pets / "cats" / "2.png")
    (pets / "dogs" / "3.png").write_text("no image")
    (pets / "dogs" / "4.png").symlink_to(pets / "nowhere")
    os.mkfifo(pets / "dogs" / "5.jpg")
    return ["cats/2.png", "dogs/3.png", "dogs/4.png", "dogs/5.jpg"]


def test_unreadable_files(pets):
    broken = break_files(pets)
    with pytest.raises(ValueError, match=r"4 files of .*pets' cannot be read:") as error:
        load_image_folder(pets)
    message = str(error.value)
    for name in broken:
        assert f"\n- {pets / name}: " in message
    assert message.endswith("leave them out with on_error='skip'.")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bunch = load_image_folder(pets, on_error="skip")
    with pytest.warns(UserWarning, match=r"4 files of [\s\S]*They are left out") as caught:
        warned = load_image_folder(pets, on_error="warn")
    assert [w.filename for w in caught] == [__file__]
    for found in (bunch, warned):
        assert relative(found.data, pets) == [
            "cats/1.png",
            "cats/3.png",
            "dogs/1.png",
            "dogs/2.png",
        ]
        assert relative([path for path, _ in found.unreadable], pets) == broken
        assert all(reason for _, reason in found.unreadable)
        assert found.target.tolist() == [0, 0, 1, 1]
    assert "4 unreadable files" in bunch.DESCR


def test_headers_only(pets):
    damage(pets / "cats" / "2.png")
    (pets / "cats" / "3.png").write_text("no image")
    bunch = load_image_folder(pets, verify=False, on_error="skip")
    assert relative([path for path, _ in bunch.unreadable], pets) == ["cats/3.png"]


def test_many_unreadable_files_are_not_all_named(pets):
    for number in range(10, 20):
        (pets / "cats" / f"{number}.png").write_text("no image")
    with pytest.raises(ValueError, match="and 5 more") as error:
        load_image_folder(pets)
    assert str(error.value).count("- ") == 6


def test_a_class_of_which_nothing_is_left(pets):
    for name in ("1.png", "2.png"):
        (pets / "dogs" / name).write_text("no image")
    with pytest.raises(ValueError, match="No image of class 'dogs' can be read"):
        load_image_folder(pets, on_error="skip")


def test_samples(make_images):
    root = make_images(*(f"a/{n}.png" for n in range(20)), *(f"b/{n}.png" for n in range(10)))
    sample = load_image_folder(root, n_samples=9)
    assert np.bincount(sample.target).tolist() == [6, 3]
    assert sample.data.tolist() == sorted(sample.data)
    assert np.array_equal(load_image_folder(root, n_samples=9).data, sample.data)
    other = load_image_folder(root, n_samples=9, random_state=1)
    assert not np.array_equal(other.data, sample.data)
    for wrong in (1, 31, 2.5):
        with pytest.raises(ValueError, match="n_samples .*whole number from"):
            load_image_folder(root, n_samples=wrong)


def test_samples_do_without_unreadable_files(make_images):
    root = make_images(*(f"a/{n}.png" for n in range(20)), *(f"b/{n}.png" for n in range(10)))
    whole = load_image_folder(root, n_samples=9)
    for path in whole.data[:2]:
        open(path, "w").close()
    bunch = load_image_folder(root, n_samples=9, on_error="skip")
    assert np.bincount(bunch.target).tolist() == [6, 3]
    assert [path for path, _ in bunch.unreadable] == whole.data[:2].tolist()
    assert set(whole.data[2:]) < set(bunch.data)


@pytest.mark.parametrize("path", [None, 3, ["pets"], b"pets", ""])
def test_what_is_no_path(path):
    kind = ValueError if path == "" else TypeError
    with pytest.raises(kind, match="^path must .* Got "):
        load_image_folder(path)


def test_what_is_no_data_set(tmp_path, make_images):
    with pytest.raises(FileNotFoundError, match="There is no folder, archive or CSV file '.*none'"):
        load_image_folder(tmp_path / "none")
    (tmp_path / "file.dat").write_text("data")
    with pytest.raises(ValueError, match="is neither a folder, nor a CSV file, nor an archive"):
        load_image_folder(tmp_path / "file.dat")
    (tmp_path / "empty" / "cats").mkdir(parents=True)
    with pytest.raises(ValueError, match="There is no image in '.*empty'"):
        load_image_folder(tmp_path / "empty")
    (tmp_path / "empty" / "cats" / "1.doc").write_text("")
    with pytest.raises(ValueError, match="There is no image in '.*empty' among 1 files"):
        load_image_folder(tmp_path / "empty")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(ValueError, match=r"There is no image in '.*empty.zip'"):
        load_image_folder(tmp_path / "empty.zip")
    with pytest.raises(ValueError, match=r"The images lie directly in '.*flat', so their"):
        load_image_folder(make_images("1.png", "2.png", root="flat"))
    root = make_images("cats/1.png")
    (root / "dogs").mkdir()
    with pytest.raises(ValueError, match="dogs: there is no image in this folder"):
        load_image_folder(root)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"subset": "trian"}, "^subset must be one of 'train', 'test', 'val', 'all'"),
        ({"on_error": "ignore"}, "^on_error must be one of 'raise', 'skip', 'warn'"),
        ({"path_column": "path"}, "The parameters path_column, label_column and label_col"),
        ({"group_column": "patient"}, "group_column='patient', but .* and no file holds any. Se"),
    ],
)
def test_wrong_parameters(pets, params, message):
    with pytest.raises(ValueError, match=message):
        load_image_folder(pets, **params)


def test_a_transformer_takes_the_files(pets, tmp_path):
    for path in (pets, pack(pets, tmp_path / "pets.tar")):
        X, y = load_image_folder(path, return_X_y=True)
        images = ImageLoader().fit(X, y).transform(X)
        assert images.shape == (5, 8, 8, 3)
        assert np.array_equal(images[0], read_image(X[0]))
