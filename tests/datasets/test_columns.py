"""Which columns of a list are taken, as people call them, and what is said of it."""

import pytest
from folders import load

from skdl.datasets import load_image_folder

NAMES = ("a/1.png", "a/2.png", "b/1.png", "b/2.png")


@pytest.fixture
def write(make_images):
    """Write a list of four images from its header and the rest of each row."""
    root = make_images(*NAMES)

    def write(header, *rests):
        rows = [f"{name},{rest}" for name, rest in zip(NAMES, rests, strict=False)]
        (root / "list.csv").write_text("\n".join([f"path,{header}", *rows]))
        return root / "list.csv"

    return write


def labels(bunch):
    return bunch.target_names[bunch.target].tolist()


ONE_HOT = ("1,0,0", "0,1,0", "0,0,1", "0,1,0")


def test_columns_of_zero_and_one(write):
    path = write("MEL,NV,BCC", *ONE_HOT)
    with pytest.warns(UserWarning, match=r"columns 'MEL', 'NV', 'BCC' of .* are used as labels"):
        assert labels(load_image_folder(path)) == ["MEL", "NV", "BCC", "NV"]
    bunch, said = load(path, label_columns=["BCC", "MEL", "NV"])
    assert (labels(bunch), said) == (["MEL", "NV", "BCC", "NV"], [])


@pytest.mark.parametrize(("one", "zero"), [("1.0", "0.0"), ("True", "False"), (" 1", "0 ")])
def test_how_programs_write_zero_and_one(write, one, zero):
    rows = [row.replace("1", "x").replace("0", zero).replace("x", one) for row in ONE_HOT]
    bunch = load_image_folder(write("x,y,z", *rows), label_columns=["x", "y", "z"])
    assert labels(bunch) == ["x", "y", "z", "y"]


def test_other_columns_are_no_labels(write):
    rows = [f"{row},{age},P{age}" for age, row in enumerate(ONE_HOT, 40)]
    bunch, said = load(write("x,y,z,age,patient", *rows))
    assert labels(bunch) == ["x", "y", "z", "y"]
    assert bunch.groups.tolist() == ["P40", "P41", "P42", "P43"]
    assert len(said) == 2
    bunch, said = load(write("x,y,label", "1,0,q", "0,1,r"))  # a column of names comes first
    assert (labels(bunch), said) == (["q", "r"], [])


@pytest.mark.parametrize(
    ("header", "rows", "params", "message"),
    [
        ("x,y,sex", ["1,0,1", "0,1,0"], {}, r"columns 'x', 'y', 'sex' of .*row 0 has 1 in 'x', 's"),
        ("x,y", ["1,0", "0,0", "0,0"], {}, r"but row 1 has 1 in none of them \(and 1 more\): each"),
        ("x,y", ["1,0", "1,1"], {"label_columns": ["x", "y"]}, "row 1 has 1 in 'x', 'y' of them:"),
        ("x,y", ["1,0", "2,1"], {"label_columns": ["x", "y"]}, "'x' of .* holds '2' in row 1. Col"),
        ("x,y", ["1,0", ",1"], {"label_columns": ["x", "y"]}, "'x' of .* holds '' in row 1. Colum"),
        (
            "xs,y",
            ["1,0"],
            {"label_columns": ["x", "y"]},
            "label_columns='x', but .* mean 'xs'",
        ),
        (
            "x,y",
            ["1,0"],
            {"label_columns": ["x", "path"]},
            "label_columns has 'path', but thi",
        ),
        ("x,y", ["1,0"], {"label_columns": ["x"]}, "label_columns must be a list of at least two"),
        ("x,y", ["1,0"], {"label_columns": "xy"}, "label_columns must be a list of at least two"),
        ("x,y", ["1,0"], {"label_columns": ["x", "x"]}, "label_columns must be a list of at least"),
        ("x,y", ["1,0"], {"label_columns": ["x", 3]}, "label_columns must be a list of at least t"),
        ("x,y", ["1,0"], {"label_columns": ["x", "y"], "label_column": "x"}, "Set label_column or"),
        ("x", ["1", "0"], {}, "The parameter label_column is not set"),
        ("label", ["x", "y"], {"group_column": True}, "group_column must be the name of a column"),
        (
            "label",
            ["x", "y"],
            {"path_column": 3},
            "path_column must be the name of a column. Got",
        ),
    ],
)
def test_columns_that_are_refused(write, header, rows, params, message):
    with pytest.raises(ValueError, match=message):
        load_image_folder(write(header, *rows), **params)


@pytest.mark.parametrize(
    "column",
    ["patient", "Patient ID", "patient_id", "PatientID", "subject", "Subject-ID", "case_id",
     "participant_id", "lesion_id", "Donor", "animal no"],
)  # fmt: skip
def test_columns_of_groups_are_taken_aloud(write, column):
    path = write(f"label,{column}", "x,7", "y,7", "x,8", "y,9")
    needed = f"The column '{column}' of .*list.csv' is used as groups. Set group_column to another"
    with pytest.warns(UserWarning, match=needed):
        assert load_image_folder(path).groups.tolist() == ["7", "7", "8", "9"]
    bunch, said = load(path, group_column=column)
    assert (bunch.groups.tolist(), said) == (["7", "7", "8", "9"], [])
    bunch, said = load(path, group_column=False)
    assert (bunch.groups, said) == (None, [])


def test_of_several_columns_of_groups_the_one_that_joins_most_is_taken(write):
    path = write("label,lesion_id,patient_id", "x,L1,P1", "y,L2,P1", "x,L3,P2", "y,L4,P3")
    assert load(path)[0].groups.tolist() == ["P1", "P1", "P2", "P3"]


@pytest.mark.parametrize(
    ("header", "values", "why"),
    [
        ("patient", ("P1", "", "NA", "P2"), "has no value in 2 rows"),
        ("patient_id", ("P1", "P1", "P1", "P1"), "has only one value"),
        ("group", ("control", "treated", "control", "treated"), "may hold groups, or some"),
    ],
)
def test_columns_of_groups_that_are_not_taken(write, header, values, why):
    path = write(f"label,{header}", *(f"{x},{v}" for x, v in zip("xyxy", values, strict=True)))
    needed = f"The column '{header}' of .* {why}.* is not used as groups. .*group_column='{header}"
    with pytest.warns(UserWarning, match=needed):
        assert load_image_folder(path).groups is None


def test_a_pair_has_no_place_for_them(write):
    path = write("label,patient", "x,7", "y,7", "x,8", "y,9")
    with pytest.warns(UserWarning, match=r"column 'patient' .* which return_X_y=True cannot"):
        X, y = load_image_folder(path, return_X_y=True)
    assert len(X) == len(y) == 4


def test_groups_that_nobody_named_are_none_of_labels_or_subsets(write):
    """Nor are they taken from a column that the caller named as something else."""
    bunch, said = load(write("patient,case_id", "x,7", "y,8"), label_column="patient")
    assert bunch.groups.tolist() == ["7", "8"]
    assert len(said) == 1


@pytest.mark.parametrize("column", ["split", "Subset", "set", "partition", "fold", "data_split"])
def test_columns_of_subsets(write, column):
    path = write(f"label,{column}", "x,Training", "y,train", "x,valid", "y,TEST")
    found = {s: len(load_image_folder(path, subset=s).data) for s in ("train", "val", "test")}
    assert found == {"train": 2, "val": 1, "test": 1}


def test_numbers_of_folds_are_no_subsets(write):
    path = write("label,fold", "x,1", "y,2", "x,1", "y,2")
    with pytest.raises(ValueError, match="It is not divided"):
        load_image_folder(path, subset="train")
