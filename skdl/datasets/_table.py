"""Tables of features, as other programs wrote them."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skdl._utils.checks import check_path, warn_user
from skdl._utils.text import middle_out, shortened, shown_path
from skdl.datasets._bunch import refuse_pair_with_groups, what_is_closed
from skdl.datasets._csv import MISSING, find_groups, read_csv, require_column
from skdl.datasets._listing import sorted_names

_PARQUET = (".parquet", ".pq")

# What columns that count from some number up may be called.
_COUNTED = ("case", "file", "image", "number", "patient", "record", "sample", "subject")


def load_feature_csv(
    path: str | os.PathLike[str],
    *,
    target_column: str | None = None,
    group_column: str | None = None,
    return_X_y: bool = False,
) -> Any:
    r"""Load a table of features from a CSV or Parquet file.

    Parameters
    ----------
    path : str or path-like
        A file ``.csv``, also compressed (``.csv.gz``), as ``DataFrame.to_csv`` writes it, or
        ``.parquet``, as ``DataFrame.to_parquet`` writes it. A first column without a name is the
        index that ``to_csv`` writes without ``index=False``, and is dropped.
    target_column : str, default=None
        The column of labels. If None, all columns are features.
    group_column : str, default=None
        The column of groups, such as patients, which is not a feature. If None, there are no
        groups.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a bunch. Requires `target_column`, and
        cannot return groups.

    Returns
    -------
    bunch : sklearn.utils.Bunch
        With the attributes

        - `data` : DataFrame of shape (n, n_features), whose columns are the features
        - `target` : int64 ndarray of shape (n,), positions in `target_names`; None without
          `target_column`
        - `target_names` : ndarray of str of shape (n_classes,), sorted: whole numbers by value,
          everything else as text
        - `groups` : ndarray of str of shape (n,), for ``evaluate(…, groups=…)`` and scikit-learn's
          ``GroupKFold``; None without `group_column`
        - `feature_names` : list of str
        - `DESCR` : str

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If the file is Parquet and pyarrow is not installed.
    TypeError
        If `path` is not a path.
    ValueError
        If the file cannot be read, is not separated by commas, is not UTF-8, or has rows longer
        than its header; if there is no such column, or a value is missing, infinite or not a
        number. The message names the column and the first such row, counted from 0.

    Notes
    -----
    Numbers are read to the last bit: float32 values that were written to a CSV file are the same
    after ``data.astype("float32")``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skdl.datasets import load_feature_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "cells.csv")
    ...     _ = file.write_text("area,roundness,class\n10.5,0.8,benign\n22.1,0.3,malignant\n")
    ...     cells = load_feature_csv(file, target_column="class")
    >>> cells.feature_names, cells.target, cells.target_names.tolist()
    (['area', 'roundness'], array([0, 1]), ['benign', 'malignant'])
    """
    if return_X_y and target_column is None:
        raise ValueError("return_X_y=True needs labels: set target_column.")
    refuse_pair_with_groups(group_column, return_X_y)
    file = check_path(path, "path")
    with what_is_closed(file):
        if not file.is_file():
            raise FileNotFoundError(f"There is no file {shown_path(file)}.")
        table = _read(file, target_column, group_column)
    table.columns = [str(column) for column in table.columns]
    if target_column is not None:
        require_column(table, target_column, "target_column", file)
    groups = None
    if group_column is not None:
        groups = find_groups(table, group_column, [target_column], file)
    if table.columns[0] == "Unnamed: 0" and len(table.columns) > 1:
        table = table.drop(columns="Unnamed: 0")

    others = (target_column, group_column)
    features = [column for column in table.columns if column not in others]
    ids = [column for column in features if _counts_rows(table[column], column)]
    if ids and len(ids) < len(features):
        warn_user(
            f"The column {shortened(ids[0])} of {shown_path(file)} looks like an identifier, and "
            "is left out of the features. If it tells patients or other groups apart, set "
            "group_column; to use it as a feature, rename it."
        )
        features = [column for column in features if column not in ids]
    if not features:
        raise ValueError(f"There are no features in {shown_path(file)}, only labels.")
    for column in features:
        _require_numbers(table[column], column, file)
    target, names = None, np.array([], dtype=np.str_)
    if target_column is not None:
        target, names = _encode(table[target_column], target_column, file)
    data = table[features].copy()  # in one piece, of which rows are taken 30 times as fast
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=names,
        groups=groups,
        feature_names=features,
        DESCR=f"Features from {file}\n\n{len(data):,} rows of {len(features)} features.\n",
    )


def _read(file: Path, *text_columns: str | None) -> Any:
    endings = [suffix.lower() for suffix in file.suffixes]
    if ".csv" in endings[-2:]:
        # As text where pandas would guess: labels such as "NA" and "007" stay what they are.
        dtype = {column: str for column in text_columns if column is not None}
        return read_csv(file, dtype=dtype, low_memory=False)
    if endings[-1:] and endings[-1] in _PARQUET:
        try:
            table = pd.read_parquet(file)
        except ImportError as error:
            raise ImportError(
                f"Reading {shown_path(file)} needs pyarrow: python -m pip install pyarrow"
            ) from error
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{shown_path(file)} cannot be read as a Parquet file: {middle_out(str(error))}"
            ) from error
        if not len(table):
            raise ValueError(f"There are no rows in {shown_path(file)}.")
        return table
    raise ValueError(
        f"The name of {shown_path(file)} has neither the ending of a CSV file (.csv, .csv.gz) nor "
        "that of a Parquet file (.parquet)."
    )


def _counts_rows(values: Any, column: str) -> bool:
    """Whether a column of whole numbers is called as those of rows or patients are."""
    if values.dtype.kind not in "iu":
        return False
    words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower())
    is_index = column.lower() in ("index", "row", "no", "nr") and values.is_unique
    counts = values.is_unique and values.max() - values.min() == len(values) - 1
    return words[-1] == "id" or bool(is_index or (counts and words[-1] in _COUNTED))


def _require_numbers(values: Any, column: str, file: Path) -> None:
    """Refuse what is no finite number, naming the first row."""
    numbers = pd.to_numeric(values, errors="coerce")
    finite = np.isfinite(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
    if finite.all() and values.dtype.kind in "bifu":
        return
    row = int(np.argmin(finite)) if not finite.all() else 0
    value = values.iloc[row]
    missing = value is None or value is pd.NA or str(value).strip().lower() in MISSING
    what = "is missing" if missing else f"is not a finite number: {shortened(str(value))}"
    raise ValueError(
        f"The value of the column {shortened(column)} in row {row} of {shown_path(file)} {what}. "
        "Drop or repair such rows, or name the column as target_column if it holds labels."
    )


def _encode(values: Any, column: str, file: Path) -> tuple[Any, Any]:
    text = values.astype(str)
    absent = (values.isna() | (text.str.strip() == "")).to_numpy()
    if absent.any():
        raise ValueError(
            f"The label in the column {shortened(column)} is missing in row "
            f"{int(absent.argmax())} of {shown_path(file)}."
        )
    names = sorted_names(text)
    codes = {name: code for code, name in enumerate(names)}
    return text.map(codes).to_numpy(dtype=np.int64), np.array(names, dtype=np.str_)
