"""Image files and labels in CSV files."""

import pandas as pd
import pytest
from folders import list_of_patients, pack, relative
from sklearn.model_selection import GroupKFold

from skdl import ImageLoader
from skdl.datasets import describe_images, load_image_folder
from skdl.images import read_image


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
        ("a,b\n1,2\n", {}, "The parameter path_column is not set, and '"),
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
    with pytest.warns(UserWarning, match=r"lists .*a/1.png' with two labels, 'a' and 'b'"):
        load_image_folder(root / "list.csv", find_duplicates=False)


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
    assert load_image_folder(path, group_column=False).groups is None
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
            "return_X_y=True cannot return groups",
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


def test_lists_of_paths_from_the_home_folder(make_images, monkeypatch):
    root = make_images("a/1.png", "b/1.png")
    monkeypatch.setenv("HOME", str(root))
    (root / "a" / "list.csv").write_text("path,label\n~/a/1.png,a\n~/b/1.png,b\n")
    bunch = load_image_folder("~/a/list.csv")
    assert relative(bunch.data, root) == ["a/1.png", "b/1.png"]
    images = ImageLoader().fit_transform(["~/a/1.png", "~/b/1.png"])
    assert images.shape == (2, 8, 8, 3)
    assert describe_images(["~/a/1.png"]).loc["all", "unreadable"] == 0
