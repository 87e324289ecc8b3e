"""Groups of a folder's images from a CSV file of their own."""

import pytest
from folders import load, pack, relative

from skdl.datasets import load_image_folder

NAMES = ("cats/A1.png", "cats/A2.png", "dogs/B1.png", "dogs/B2.png")


@pytest.fixture
def root(make_images):
    return make_images(*NAMES)


@pytest.fixture
def table(tmp_path):
    def write(*rows):
        (tmp_path / "patients.csv").write_text("\n".join(rows))
        return tmp_path / "patients.csv"

    return write


@pytest.mark.parametrize(
    "rows",
    [
        ("file,patient", "B1.png,P2", "A1.png,P1", "A2.png,P1", "B2.png,P3"),
        ("patient_id,image_id", "P2,B1", "P1,A1", "P1,A2", "P3,B2"),
        ("path,age,group", "cats/A1,7,P1", "cats/A2.png,7,P1", "B1,7,P2", "dogs/B2.png,8,P3"),
        ("what,patient", "pets/dogs/B1.png,P2", "A1, P1", "A2,P1 ", "B2,P3", "B2,P3"),
    ],
)
def test_names_paths_and_ids(root, table, tmp_path, rows):
    path = table(*rows)
    for source in (root, pack(root, tmp_path / "pets.zip"), pack(root, tmp_path / "pets.tar.gz")):
        bunch, said = load(source, groups=path)
        assert [path[-6:] for path in bunch.data] == ["A1.png", "A2.png", "B1.png", "B2.png"]
        assert bunch.groups.tolist() == ["P1", "P1", "P2", "P3"]
        assert said == []


def test_absolute_paths_and_samples(root, table):
    path = table("path,label,group", *(f"{root}/{name},x,{name[5]}" for name in NAMES))
    bunch = load_image_folder(root, groups=str(path), n_samples=2)
    assert bunch.groups.tolist() == ["A", "B"]


def test_columns_that_are_named(root, table):
    path = table("x,y,z", *(f"{name},{name[5]},{name[6]}" for name in NAMES))
    bunch = load_image_folder(root, groups=path, path_column="x", group_column="z")
    assert bunch.groups.tolist() == ["1", "2", "1", "2"]
    with pytest.raises(ValueError, match="The parameter group_column is not set, and '"):
        load_image_folder(root, groups=path, path_column="x")
    with pytest.raises(ValueError, match="The parameter path_column is not set, and '"):
        load_image_folder(root, groups=path, group_column="y")


def test_the_groups_of_a_list(root, table):
    (root / "list.csv").write_text(
        "\n".join(["path,label,patient", *(f"{name},{name[0]},Q" for name in NAMES)])
    )
    path = table("file,patient", *(f"{name[5:]},{name[5]}" for name in NAMES))
    bunch, said = load(root / "list.csv", groups=path, group_column="patient")
    assert (bunch.groups.tolist(), said) == (["A", "A", "B", "B"], [])


def test_a_path_from_the_folder_comes_before_the_end_of_another(make_images, table):
    root = make_images("a/1.png", "b/2.png", "b/a/1.png")
    path = table("file,patient", "a/1.png,P", "2.png,Q", "b/a/1.png,R")
    assert load_image_folder(root, groups=path).groups.tolist() == ["P", "Q", "R"]
    (root / "list.csv").write_text("path,label\na/1.png,x\nb/a/1.png,y\n")
    with pytest.warns(UserWarning, match="1 row matches no image"):
        assert load_image_folder(root / "list.csv", groups=path).groups.tolist() == ["P", "R"]


def test_groups_of_two_subsets(make_images, table):
    root = make_images("train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png")
    path = table("file,patient", "1,P", "2,Q", "3,P", "4,R")
    with pytest.warns(UserWarning, match="1 group has images in two subsets"):
        assert load_image_folder(root, groups=path, subset="test").groups.tolist() == ["P", "R"]


def test_rows_of_no_image_are_said(root, table):
    rows = [f"{name},{name[5]}" for name in NAMES]
    path = table("file,patient", *rows, "C1.png,P", "C2,P", "C3,P", "C4,P")
    needed = r"4 rows match no image in .*patients.csv', such as 'C1.png', 'C2', 'C3', …\."
    with pytest.warns(UserWarning, match=needed):
        load_image_folder(root, groups=path)
    _, said = load(root, groups=table("file,patient", *rows), exclude="A1.png")
    assert said == []  # it is known, but left out


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ("A1,P", "A2,P", "B1,P"),
            "1 image has no group in .*: '.*dogs/B2.png'. Add rows for",
        ),
        (("A1,P",), "3 images have no group in .*patients.csv': '.*A2.png', '.*, '.*B2.png'. Add"),
        (
            ("A1,P", "A2,P", "B1,P", "B2,Q", "A1.png,Q"),
            "A1.png' belongs to two groups in .*'P'",
        ),
        (("A1,P", "A2,", "B1,P", "B2,Q"), "The group in the column 'patient' .* missing in row 1"),
        (
            ("C1,P", "C2,P"),
            "No image of .*pets' is in the column 'file' of .*, which holds 'C1', for",
        ),
        ((), "There are no rows in .*patients.csv"),
    ],
)
def test_tables_that_are_refused(root, table, rows, message):
    with pytest.raises(ValueError, match=message):
        load_image_folder(root, groups=table("file,patient", *rows))


def test_a_name_of_several_images_is_refused(make_images, table):
    root = make_images("a/1.png", "b/1.png", "b/2.png")
    with pytest.raises(
        ValueError, match=r"1 row of .* '1' is '.*a/1.png', '.*b/1.png'. .* such as 'a/1.png'"
    ):
        load_image_folder(root, groups=table("file,patient", "1,P", "2,Q"))
    path = table("file,patient", "a/1,P", "b/1.png,Q", "2,Q")
    assert load_image_folder(root, groups=path).groups.tolist() == ["P", "Q", "Q"]


def test_wrong_parameters(root, table, tmp_path):
    path = table("file,patient", *(f"{name},{name[5]}" for name in NAMES))
    with pytest.raises(ValueError, match="return_X_y=True cannot return groups"):
        load_image_folder(root, groups=path, return_X_y=True)
    with pytest.raises(FileNotFoundError, match="There is no file '.*none.csv' of groups"):
        load_image_folder(root, groups=tmp_path / "none.csv")
    with pytest.raises(ValueError, match="label_column and label_columns are for"):
        load_image_folder(root, groups=path, label_column="patient")
    with pytest.raises(TypeError, match="groups must be a path"):
        load_image_folder(root, groups=["P"] * 4)
    assert relative(load_image_folder(root).data, root) == list(NAMES)
