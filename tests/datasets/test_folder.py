"""Image files in folders, archives and lists."""

import builtins
import os
import shutil
import stat
import tarfile
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold

from skdl import ImageLoader
from skdl.datasets import load_image_folder
from skdl.images import read_image

CODES = [0, 0, 0, 1, 1]


def relative(paths, root):
    return [os.path.relpath(path, root) for path in paths]


def pack(folder, archive):
    """Put a folder, by its own name, into an archive."""
    ending = archive.name.partition(".")[2]
    if ending == "zip":
        with zipfile.ZipFile(archive, "w") as opened:
            for path in sorted(folder.rglob("*")):
                opened.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(archive, "w" + ending.replace("tar", "", 1).replace(".", ":")) as opened:
            opened.add(folder, folder.name)
    return archive


def damage(path):
    path.write_bytes(path.read_bytes()[:150])  # the header is whole


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
    with pytest.raises(ValueError, match=r"There is no subset 'val' in .* There is 'test' and 'tr"):
        load_image_folder(divided_pets, subset="val")


def test_other_names_of_subsets(make_images):
    root = make_images("Training/a/1.png", "Testing/a/2.png", "valid/a/3.png")
    for subset, name in (("train", "1.png"), ("test", "2.png"), ("val", "3.png")):
        (path,) = load_image_folder(root, subset=subset).data
        assert path.endswith(name)


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


@pytest.mark.parametrize("name", ["train station", "testis", "valley", "set", "evaluations2020x"])
def test_names_of_classes(make_images, name):
    bunch = load_image_folder(make_images(f"{name}/1.png", "other/1.png"))
    assert sorted(bunch.target_names) == sorted([name, "other"])


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


def test_formats_that_are_not_read_are_counted_aloud(make_images):
    root = make_images("a/1.png", "b/1.png")
    for name in ("a/1.dcm", "a/2.dcm", "b/3.HEIC", "b/4.nii.gz", "b/notes.txt"):
        (root / name).write_bytes(b"\0")
    needed = (
        r"4 files are in formats that are not read: 2 .dcm \(DICOM, read by pydicom\), 1 .gz "
        r"\(compressed, such as NIfTI, read by nibabel\), 1 .heic \(HEIF, read by pillow-heif\). "
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
    needed = (
        r"6 files are in formats that are not read: 6 without an ending \(perhaps DICOM, read b"
    )
    with pytest.warns(UserWarning, match=needed):
        assert load_image_folder(root).ignored == {"": 6}


def test_a_few_texts_without_an_ending_are_no_images(make_images):
    root = make_images("a/1.png", "b/1.png")
    for name in ("README", "LICENSE", "a/Makefile", "b/3.txt"):
        (root / name).write_bytes(b"\0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_image_folder(root).ignored == {"": 3, ".txt": 1}


@pytest.mark.parametrize(
    ("first", "second"), [("Cat", "cat"), ("cat", "cat "), ("cafe\u0301", "caf\u00e9")]
)
def test_classes_of_one_folder_that_differ_in_spelling_only(make_images, first, second):
    root = make_images(f"{first}/1.png", f"{second}/2.png", "dog/1.png", "a/1.png", "A/2.png")
    needed = f"Some classes differ .*: '{first}', '{second}'. They stay apart; if they are one cla"
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


def test_a_class_may_be_called_train(make_images):
    bunch = load_image_folder(make_images("bus/1.png", "train/1.png"))
    assert bunch.target_names.tolist() == ["bus", "train"]
    with pytest.raises(ValueError, match="It is not divided; subset='all' takes everything"):
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


def test_numbers_as_classes_are_sorted_by_value(make_images):
    root = make_images(*(f"{number}/1.png" for number in range(12)))
    assert load_image_folder(root).target_names.tolist() == [str(n) for n in range(12)]
    root = make_images("10/1.png", "9/1.png", "x/1.png", root="mixed")
    assert load_image_folder(root).target_names.tolist() == ["10", "9", "x"]


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


def test_images_outside_classes(pets, make_images):
    make_images("logo.png")
    with pytest.warns(UserWarning, match=r"1 image lies outside the folders of classes.*logo.png"):
        assert len(load_image_folder(pets).data) == 5


@pytest.mark.parametrize("archive", ["pets.zip", "pets.tar", "pets.tar.gz", "pets.tgz"])
def test_archives(divided_pets, tmp_path, monkeypatch, archive):
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    path = pack(divided_pets, tmp_path / archive.replace(".tgz", ".tar.gz"))
    if archive.endswith(".tgz"):
        path = path.rename(tmp_path / archive)
    expected = load_image_folder(divided_pets)
    bunch = load_image_folder(path)
    assert bunch.target.tolist() == expected.target.tolist()
    assert bunch.target_names.tolist() == expected.target_names.tolist()
    for packed, plain in zip(bunch.data, expected.data, strict=True):
        assert packed.endswith(plain.removeprefix(str(tmp_path)))
        assert np.array_equal(read_image(packed), read_image(plain))
    if "gz" not in archive:
        assert bunch.data[0].startswith(f"{path}/pets/train/")
    assert len(load_image_folder(path, subset="test").data) == 3


def test_damaged_images_in_an_archive(pets, tmp_path):
    damage(pets / "cats" / "2.png")
    bunch = load_image_folder(pack(pets, tmp_path / "pets.zip"), on_error="skip")
    assert [path for path, _ in bunch.unreadable] == [f"{tmp_path}/pets.zip/pets/cats/2.png"]
    assert len(bunch.data) == 4


def test_encrypted_archives(pets, tmp_path):
    path = pack(pets, tmp_path / "pets.zip")
    data = path.read_bytes()
    for start in [i for i in range(len(data)) if data.startswith(b"PK\1\2", i)]:
        data = data[: start + 8] + bytes([data[start + 8] | 1]) + data[start + 9 :]
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"5 files of [\s\S]*cats/1.png: it is encrypted"):
        load_image_folder(path)


LINKS = {"cats/link.png": "1.png", "lions/1.png": "../dogs/1.png"}


def pack_with_links(pets, archive, kind=tarfile.SYMTYPE, links=LINKS):
    """An archive of the folder with links in it, by their targets."""
    pack(pets, archive)
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "a") as opened:
            for name, target in links.items():
                info = zipfile.ZipInfo(f"pets/{name}")
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                opened.writestr(info, target)
    else:
        with tarfile.open(archive, "a") as opened:
            for name, target in links.items():
                info = tarfile.TarInfo(f"pets/{name}")
                info.type, info.linkname = kind, target
                opened.addfile(info)
    return archive


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.zip", None), ("a.tar", tarfile.SYMTYPE), ("a.tar", tarfile.LNKTYPE)],
)
def test_links_in_archives_are_refused_by_name(pets, tmp_path, name, kind):
    archive = pack_with_links(pets, tmp_path / name, kind)
    with pytest.raises(ValueError, match="2 files of .* cannot be read") as error:
        load_image_folder(archive)
    for link in LINKS:
        assert f"\n- {archive}/pets/{link}: it is a link" in str(error.value)
    with pytest.raises(ValueError, match="No image of class 'lions' can be read"):
        load_image_folder(archive, on_error="skip")

    archive = pack_with_links(pets, tmp_path / name, kind, {"cats/link.png": "pets/cats/1.png"})
    skipped = load_image_folder(archive, on_error="skip")
    with pytest.warns(UserWarning, match=r"pets/cats/link.png: it is a link[\s\S]*left out"):
        warned = load_image_folder(archive, on_error="warn")
    for bunch in (skipped, warned):
        assert len(bunch.data) == 5
        ((path, reason),) = bunch.unreadable
        assert path == f"{archive}/pets/cats/link.png"
        assert reason.startswith("it is a link, and links in archives are not followed")


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_classes_that_are_links_in_archives(pets, tmp_path, name):
    archive = pack_with_links(pets, tmp_path / name, links={"lions": "cats"})
    with pytest.raises(ValueError, match=r"pets/lions: there is no image in .* \(or it is a link"):
        load_image_folder(archive)
    ((path, _),) = load_image_folder(archive, on_error="skip").unreadable
    assert path == f"{archive}/pets/lions"
    # It may be a folder, or may not.
    archive = pack_with_links(pets, tmp_path / name, links={"lions": "/data/lions"})
    with pytest.raises(ValueError, match=r"1 file of .*\n- .*/pets/lions: it is a link"):
        load_image_folder(archive)
    bunch = load_image_folder(archive, on_error="skip")
    assert [path for path, _ in bunch.unreadable] == [f"{archive}/pets/lions"]
    assert bunch.target_names.tolist() == ["cats", "dogs"]
    assert "1 unreadable files and" in bunch.DESCR
    # It is no image, whatever it leads to; hidden ones do not count.
    (pets / "README").write_text("text")
    links = {"cats/README": "../README", ".hidden": "/etc"}
    archive = pack_with_links(pets, tmp_path / name, links=links)
    bunch = load_image_folder(archive)
    assert bunch.unreadable == []
    assert bunch.ignored == {"": 2}


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


def test_links(pets, make_images):
    (pets / "cats" / "loop").symlink_to(pets)
    (pets / "loop").symlink_to(pets)
    (pets / "dogs" / "self").symlink_to("self")
    elsewhere = make_images("1.png", root="elsewhere")
    (pets / "lions").symlink_to(elsewhere)
    (pets / "cats" / "4.png").symlink_to(elsewhere / "1.png")
    with pytest.warns(UserWarning, match="belong to two classes"):
        bunch = load_image_folder(pets)
    assert relative(bunch.data, pets) == [
        "cats/1.png", "cats/2.png", "cats/3.png", "cats/4.png", "dogs/1.png", "dogs/2.png",
        "lions/1.png",
    ]  # fmt: skip
    (pets / "tigers").symlink_to(pets / "cats")
    with pytest.raises(ValueError, match=r"tigers: there is no image in this folder \(or it"):
        load_image_folder(pets)


def write_list(folder, text, name="pets.csv"):
    path = folder / name
    path.write_text(text)
    return path


def test_lists(pets):
    rows = "file,label\ndogs/1.png,dog\ncats/1.png,cat\n"
    bunch = load_image_folder(write_list(pets, rows))
    assert relative(bunch.data, pets) == ["dogs/1.png", "cats/1.png"]  # the order of the list
    assert bunch.target.tolist() == [1, 0]
    assert bunch.target_names.tolist() == ["cat", "dog"]
    rows = f"id,p,diagnosis\n1,{pets}/cats/1.png,NA\n2,cats/2.png,007\n"
    bunch = load_image_folder(write_list(pets, rows), path_column="p", label_column="diagnosis")
    assert relative(bunch.data, pets) == ["cats/1.png", "cats/2.png"]
    assert bunch.target_names.tolist() == ["007", "NA"]


def test_lists_with_subsets_archives_and_marks(pets, tmp_path):
    pack(pets, pets / "more.zip")
    rows = "path,label,split\ncats/1.png,cat,Training\nmore.zip/pets/dogs/1.png,dog,test\n"
    path = pets / "pets.csv"
    path.write_text(rows, encoding="utf-8-sig")
    assert load_image_folder(path).target.tolist() == [0, 1]
    (only,) = load_image_folder(path, subset="test").data
    assert only == f"{pets}/more.zip/pets/dogs/1.png"
    assert read_image(only).shape == (8, 8, 3)
    with pytest.raises(ValueError, match="There is no subset 'val'"):
        load_image_folder(path, subset="val")


def test_lists_as_pandas_writes_them(pets):
    frame = pd.DataFrame({"image": ["cats/1.png", "dogs/1.png"], "class": [1, 0]})
    frame.to_csv(pets / "pets.csv")
    assert load_image_folder(pets / "pets.csv").target.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("rows", "params", "message"),
    [
        ("", {}, "cannot be read as a CSV file"),
        ("path,label\n", {}, "There are no rows"),
        ("a,b\n1,2\n", {}, "The parameter path_column is not set, and no column"),
        ("path,image,label\n1,2,3\n", {}, "several of them: .'path', 'image'.. Set path_column"),
        ("path,b\n1,2\n", {}, "The parameter label_column is not set"),
        ("path,labels\n1,2\n", {"label_column": "label"}, "Did you mean 'labels'"),
        ("path,label\na.png,\n", {}, "The column 'label' of .* is empty in row 0"),
        ("path,label\na.png,x\n ,x\n", {}, "The column 'path' of .* is empty in row 1"),
        ("path,label\na.png,x\nb.png,x,y,z\n", {}, "cannot be read as a CSV file"),
        ("path,label\nnothing.png,x\n", {}, "nothing.png: there is no such file"),
    ],
)
def test_wrong_lists(tmp_path, rows, params, message):
    with pytest.raises(ValueError, match=message):
        load_image_folder(write_list(tmp_path, rows), **params)


@pytest.mark.parametrize(
    "params",
    [
        {"path_column": "path", "label_column": "path"},
        {"label_column": "path"},
        {"path_column": "label"},
    ],
)
def test_one_column_is_not_both(pets, params):
    path = write_list(pets, "path,label\ncats/1.png,cat\ndogs/1.png,dog\n")
    with pytest.raises(ValueError, match=r"column '(path|label)' .* both paths and labels"):
        load_image_folder(path, **params)


def test_a_column_of_labels_called_split(pets):
    path = write_list(pets, "path,split\ncats/1.png,a\ndogs/1.png,b\n")
    bunch = load_image_folder(path, label_column="split")
    assert bunch.target_names.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="It is not divided"):
        load_image_folder(path, label_column="split", subset="train")


def test_lists_from_elsewhere(pets, no_table):
    content, message = no_table
    (pets / "pets.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        load_image_folder(pets / "pets.csv")
    assert f"'{pets}/pets.csv'" in str(error.value)


@pytest.mark.parametrize("path", [None, 3, ["pets"], b"pets", ""])
def test_what_is_no_path(path):
    kind = ValueError if path == "" else TypeError
    with pytest.raises(kind, match="^path must be .* Got "):
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
    with pytest.raises(ValueError, match=r"The images lie directly in '.*flat', so that"):
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
        ({"path_column": "path"}, "The parameters path_column, label_column and group_"),
        ({"group_column": "patient"}, "path_column, label_column and group_column are for CSV"),
    ],
)
def test_wrong_parameters(pets, params, message):
    with pytest.raises(ValueError, match=message):
        load_image_folder(pets, **params)


def test_an_empty_class_in_a_subset_that_is_not_loaded(divided_pets):
    (divided_pets / "test" / "birds").mkdir()
    assert len(load_image_folder(divided_pets, subset="train").data) == 5
    with pytest.raises(ValueError, match="birds: there is no image in this folder"):
        load_image_folder(divided_pets, subset="test")


def test_a_transformer_takes_the_files(pets, tmp_path):
    for path in (pets, pack(pets, tmp_path / "pets.tar")):
        X, y = load_image_folder(path, return_X_y=True)
        images = ImageLoader().fit(X, y).transform(X)
        assert images.shape == (5, 8, 8, 3)
        assert np.array_equal(images[0], read_image(X[0]))


def test_a_file_that_a_list_names_twice(make_images):
    root = make_images("a/1.png", "a/2.png", "b/3.png")
    lines = ["path,label", "a/1.png,a", "a/2.png,a", "b/3.png,b", "./a/1.png,a", "a//1.png,a"]
    (root / "list.csv").write_text("\n".join(lines))
    needed = r"list.csv' lists more than once are loaded once, such as .*a/1.png': 2 rows left out"
    with pytest.warns(UserWarning, match=needed):
        bunch = load_image_folder(root / "list.csv")
    assert relative(bunch.data, root) == ["a/1.png", "a/2.png", "b/3.png"]
    (root / "list.csv").write_text("\n".join([*lines[:4], "a/1.png,b"]))
    with pytest.warns(UserWarning, match="belong to two classes"):
        assert len(load_image_folder(root / "list.csv").data) == 4


def list_of_patients(root, patients, name="list.csv"):
    rows = [f"{path},{path[0]},{patient}" for path, patient in patients]
    (root / name).write_text("\n".join(["path,label,patient", *rows]))
    return root / name


def test_groups_in_lists(make_images):
    names = [f"{label}/{number}.png" for number in range(6) for label in "ab"]
    root = make_images(*names)
    patients = [f"{int(name[2]) // 2:03}" for name in names]
    path = list_of_patients(root, zip(names, [f" {patient}" for patient in patients], strict=True))
    bunch = load_image_folder(path, group_column="patient")
    assert bunch.groups.tolist() == patients  # text, without the spaces
    assert bunch.groups.dtype.kind == "U"
    sample = load_image_folder(path, group_column="patient", n_samples=6)
    whole = dict(zip(bunch.data, bunch.groups, strict=True))
    assert sample.groups.tolist() == [whole[path] for path in sample.data]
    for train, test in GroupKFold(3).split(bunch.data, bunch.target, bunch.groups):
        assert not set(bunch.groups[train]) & set(bunch.groups[test])
    assert load_image_folder(path).groups is None
    assert load_image_folder(root).groups is None


@pytest.mark.parametrize("missing", ["", " ", "NA", "nan", "None", "#N/A"])
def test_missing_groups_are_refused_by_row(make_images, missing):
    names = [f"{label}/{number}.png" for number in range(8) for label in "ab"]
    root = make_images(*names)
    one = [(name, missing if row == 3 else "P1") for row, name in enumerate(names)]
    with pytest.raises(ValueError, match=r"'patient' of '.*list.csv' is missing in row 3\. Fill"):
        load_image_folder(list_of_patients(root, one), group_column="patient")
    many = [(name, missing if row > 3 else "P1") for row, name in enumerate(names)]
    with pytest.raises(ValueError, match="is missing in 12 rows: 4, 5, 6, .*, 13, …. Fill it in"):
        load_image_folder(list_of_patients(root, many), group_column="patient")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"group_column": "patients"}, "group_column='patients', but .* Did you mean 'patient'"),
        ({"group_column": "label"}, "group_column='label', but this column .* paths or labels"),
        (
            {"group_column": "patient", "return_X_y": True},
            "return_X_y=True has no place for groups",
        ),
    ],
)
def test_wrong_columns_of_groups(make_images, params, message):
    root = make_images("a/1.png", "b/1.png")
    path = list_of_patients(root, [("a/1.png", "P1"), ("b/1.png", "P2")])
    with pytest.raises(ValueError, match=message):
        load_image_folder(path, **params)


def test_a_file_of_two_groups_and_groups_of_two_subsets(make_images):
    root = make_images("a/1.png", "b/1.png", "a/2.png", "b/2.png")
    path = list_of_patients(root, [("a/1.png", "P1"), ("b/1.png", "P2"), ("a/1.png", "P2")])
    with pytest.raises(ValueError, match="a/1.png' belongs to two groups in .*'P1' and 'P2'"):
        load_image_folder(path, group_column="patient")
    rows = "path,label,split,patient\na/1.png,a,train,P1\nb/1.png,b,train,P2\n"
    path.write_text(f"{rows}a/2.png,a,test,P3\nb/2.png,b,test,P2\n")
    with pytest.warns(UserWarning, match="1 group has images in two subsets, .* too good: 'P2'."):
        bunch = load_image_folder(path, group_column="patient", subset="test")
    assert bunch.groups.tolist() == ["P3", "P2"]


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
        return bunch, sum(str(name).endswith(".bmp") for name in opened)

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
