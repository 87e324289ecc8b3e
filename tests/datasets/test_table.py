"""Tables of features in CSV and Parquet files."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from skdl.datasets import load_feature_csv


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(20, 3)), columns=["area", "roundness", "f2"])
    frame["count"] = np.arange(20)
    frame["class"] = ["benign", "malignant"] * 10
    return frame


def save(folder, text):
    path = folder / "table.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "TABLE.CSV"])
def test_a_table(table, tmp_path, name):
    table.to_csv(tmp_path / name, index=False)
    bunch = load_feature_csv(tmp_path / name, target_column="class")
    pd.testing.assert_frame_equal(bunch.data, table.drop(columns="class"), check_exact=True)
    assert bunch.target.tolist() == [0, 1] * 10
    assert bunch.target.dtype == np.int64
    assert bunch.target_names.tolist() == ["benign", "malignant"]
    assert bunch.feature_names == ["area", "roundness", "f2", "count"]
    assert "20 rows of 4 features" in bunch.DESCR
    X, y = load_feature_csv(str(tmp_path / name), target_column="class", return_X_y=True)
    assert X.equals(bunch.data)
    assert np.array_equal(y, bunch.target)


def test_features_alone(table, tmp_path):
    table.drop(columns="class").to_csv(tmp_path / "table.csv", index=False)
    bunch = load_feature_csv(tmp_path / "table.csv")
    assert bunch.target is None
    assert len(bunch.target_names) == 0
    assert bunch.data.shape == (20, 4)
    with pytest.raises(ValueError, match="return_X_y=True needs labels: set target_column"):
        load_feature_csv(tmp_path / "table.csv", return_X_y=True)


def test_a_table_is_in_one_piece(table, tmp_path):
    """Of one with a piece for each column, taking rows takes 30 times as long."""
    table.drop(columns=["class", "count"]).to_csv(tmp_path / "table.csv", index=False)
    data = load_feature_csv(tmp_path / "table.csv").data
    assert np.shares_memory(data.to_numpy(), data.to_numpy())


def test_an_index_is_dropped(table, tmp_path):
    table.to_csv(tmp_path / "table.csv")
    bunch = load_feature_csv(tmp_path / "table.csv", target_column="class")
    assert bunch.feature_names == ["area", "roundness", "f2", "count"]


def test_numbers_survive_to_the_last_bit(tmp_path):
    bits = np.random.default_rng(0).integers(0, 2**32, 40_000, dtype=np.uint32)
    singles = bits.view(np.float32)
    singles = singles[np.isfinite(singles)].reshape(-1, 1)
    pd.DataFrame(singles, columns=["x"]).to_csv(tmp_path / "single.csv", index=False)
    loaded = load_feature_csv(tmp_path / "single.csv").data
    assert np.array_equal(loaded.to_numpy(np.float32).view(np.uint32), singles.view(np.uint32))
    doubles = np.random.default_rng(0).normal(size=(1000, 1)) * 1e-7
    pd.DataFrame(doubles, columns=["x"]).to_csv(tmp_path / "double.csv", index=False)
    assert np.array_equal(load_feature_csv(tmp_path / "double.csv").data, doubles)


def test_labels_are_taken_as_they_stand(tmp_path):
    for labels, names in (
        (["NA", "None", "NA"], ["NA", "None"]),
        (["007", "7", "07"], ["007", "07", "7"]),
        (["10", "9", "2"], ["2", "9", "10"]),
        (["True", "False", "True"], ["False", "True"]),
    ):
        rows = "".join(f"1.5,{label}\n" for label in labels)
        bunch = load_feature_csv(save(tmp_path, f"x,y\n{rows}"), target_column="y")
        assert bunch.target_names.tolist() == names
        assert bunch.target_names[bunch.target].tolist() == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x,y\n1,a\nred,b\n",
            "The value of the column 'x' in row 1 .* is not a finite number: 're",
        ),
        ("x,y\n1,a\n2,b\n,c\n", "The value of the column 'x' in row 2 .* is missing"),
        ("x,y\nnan,a\n2,b\n", "The value of the column 'x' in row 0 .* is missing"),
        ("x,y\nNA,a\n2,b\n", "The value of the column 'x' in row 0 .* is missing"),
        (
            "x,y\n1,a\ninf,b\n",
            "The value of the column 'x' in row 1 .* is not a finite number: 'in",
        ),
        ("x,y\n1,a\n2,\n", "The label in the column 'y' is missing in row 1"),
        ("x,z\n1,a\n", "The parameter target_column='y', but .* It has 'x', 'z'."),
        ("x,yy\n1,a\n", "Did you mean 'yy'?"),
        ("y\na\n", "There are no features"),
        ("x,y\n", "There are no rows"),
        ("", "cannot be read as a CSV file"),
        ("x,y\n1,a\n1,2,3,4\n", "cannot be read as a CSV file"),
    ],
)
def test_wrong_tables(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load_feature_csv(save(tmp_path, text), target_column="y")


@pytest.mark.parametrize("target_column", ["label", None])
def test_tables_from_elsewhere(tmp_path, no_table, target_column):
    content, message = no_table
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        load_feature_csv(tmp_path / "table.csv", target_column=target_column)
    assert f"'{tmp_path}/table.csv'" in str(error.value)


def test_a_single_column_with_marks_in_its_name(tmp_path):
    bunch = load_feature_csv(save(tmp_path, "length (cm); dry\n1.5\n2.5\n"))
    assert bunch.data.shape == (2, 1)


@pytest.mark.parametrize("path", [None, 3, ["a.csv"], b"a.csv", ""])
def test_what_is_no_path(path):
    kind = ValueError if path == "" else TypeError
    with pytest.raises(kind, match="^path must .* Got "):
        load_feature_csv(path)


def test_wrong_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*none.csv'"):
        load_feature_csv(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*folder.csv'"):
        load_feature_csv(tmp_path / "folder.csv")
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"table.xlsx' has neither the ending of a CSV file"):
        load_feature_csv(tmp_path / "table.xlsx")
    (tmp_path / "table.csv").write_bytes(b"x,y\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match="cannot be read as a CSV file: it is not UTF-8"):
        load_feature_csv(tmp_path / "table.csv")


def test_parquet(table, tmp_path):
    table["area"] = table["area"].astype(np.float32)
    table.to_parquet(tmp_path / "table.parquet")
    bunch = load_feature_csv(tmp_path / "table.parquet", target_column="class")
    pd.testing.assert_frame_equal(bunch.data, table.drop(columns="class"), check_exact=True)
    assert bunch.target.tolist() == [0, 1] * 10
    table.loc[3, "area"] = np.nan
    table.to_parquet(tmp_path / "table.parquet")
    with pytest.raises(ValueError, match="The value of the column 'area' in row 3 .* is missing"):
        load_feature_csv(tmp_path / "table.parquet", target_column="class")
    (tmp_path / "table.parquet").write_bytes(b"no table")
    with pytest.raises(ValueError, match="cannot be read as a Parquet file"):
        load_feature_csv(tmp_path / "table.parquet")


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    (tmp_path / "table.parquet").write_bytes(b"PAR1")
    with pytest.raises(ImportError, match="needs pyarrow: python -m pip install pyarrow"):
        load_feature_csv(tmp_path / "table.parquet")


@pytest.mark.parametrize("name", ["id", "ID", "patient_id", "patientId", "index", "row", "Case"])
def test_numbers_of_rows_are_no_features(tmp_path, name):
    frame = pd.DataFrame({name: range(10, 16), "area": np.arange(6) / 2, "label": list("ababab")})
    frame.to_csv(tmp_path / "cells.csv", index=False)
    with pytest.warns(
        UserWarning, match=f"column '{name}' of .* looks like an identifier"
    ) as caught:
        bunch = load_feature_csv(tmp_path / "cells.csv", target_column="label")
    assert bunch.feature_names == ["area"]
    assert caught[0].filename == __file__


def test_columns_that_only_look_like_numbers_of_rows(tmp_path):
    frame = pd.DataFrame({"row": [1, 1, 2], "id": [0.5, 1.5, 2.5], "fluid": [1, 2, 3]})
    frame.to_csv(tmp_path / "cells.csv", index=False)
    assert load_feature_csv(tmp_path / "cells.csv").feature_names == ["row", "id", "fluid"]
    frame[["row"]].assign(row=[1, 2, 3]).to_csv(tmp_path / "one.csv", index=False)
    assert load_feature_csv(tmp_path / "one.csv").feature_names == ["row"]  # there is nothing else


@pytest.mark.parametrize("name", ["cells.csv", "cells.csv.gz", "cells.parquet"])
def test_groups_of_a_table(tmp_path, name):
    frame = pd.DataFrame({"patient_id": [7, 7, 12, 3], "area": np.arange(4) / 2, "y": list("abab")})
    path = tmp_path / name
    frame.to_parquet(path) if name.endswith("t") else frame.to_csv(path, index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bunch = load_feature_csv(path, target_column="y", group_column="patient_id")
    assert bunch.groups.tolist() == ["7", "7", "12", "3"]
    assert bunch.groups.dtype.kind == "U"
    assert bunch.feature_names == ["area"]
    assert load_feature_csv(path, group_column="y", target_column="patient_id").groups[0] == "a"
    with pytest.warns(UserWarning, match="set group_column"):
        assert load_feature_csv(path, target_column="y").groups is None


def test_missing_and_wrong_groups_of_a_table(tmp_path):
    frame = pd.DataFrame(
        {"patient": ["P1", None, "P2"], "area": np.arange(3) / 2, "y": list("abb")}
    )
    frame.to_csv(tmp_path / "cells.csv", index=False)
    frame.to_parquet(tmp_path / "cells.parquet")
    for name in ("cells.csv", "cells.parquet"):
        with pytest.raises(ValueError, match="'patient' of .*cells.* is missing in row 1. Fill it"):
            load_feature_csv(tmp_path / name, target_column="y", group_column="patient")
    for column, message in (("patent", "Did you mean 'patient'"), ("y", "holds paths or labels")):
        with pytest.raises(ValueError, match=message):
            load_feature_csv(tmp_path / "cells.csv", target_column="y", group_column=column)
    with pytest.raises(ValueError, match="cannot return groups"):
        load_feature_csv(
            tmp_path / "cells.csv", target_column="y", group_column="patient", return_X_y=True
        )
