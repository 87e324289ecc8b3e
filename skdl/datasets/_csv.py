"""CSV files of any origin, and the columns that they should have."""

import difflib
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.compat import EXACT_FLOATS
from skdl._utils.text import shortened, shown_path

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>", "#n/a"})
"""What programs write for a missing value, in lower case."""

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_QUOTE = 'Put values that contain commas in quotes ("…"), and name all columns.'
_UTF_8 = "it is not UTF-8. Save it as UTF-8."
_COMPRESSED = frozenset({".gz", ".bz2", ".zip", ".xz", ".zst", ".tar"})
_LONGEST_HEADER = 1 << 20  # bytes
_UTF_16 = "it is UTF-16. Save it as UTF-8."


def read_csv(file: Path, **options: Any) -> Any:
    """``pandas.read_csv``, empty cells being empty text, with ValueErrors that name the file."""
    cause: Exception | None = None
    try:
        # Alone, since pandas takes what is too much in the first row for an index.
        pd.read_csv(file, header=None, nrows=2, dtype=str)
        table = pd.read_csv(file, keep_default_na=False, **EXACT_FLOATS, **options)
        fault = _UTF_16 if _is_utf_16(file) else _separator_fault(table)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        cause, fault = error, _fault(error, file)
    if fault:
        raise ValueError(f"{shown_path(file)} cannot be read as a CSV file: {fault}") from cause
    if not len(table):
        raise ValueError(f"There are no rows in {shown_path(file)}.")
    return table


def _is_utf_16(file: Path) -> bool:
    """Whether the header has zero bytes, as UTF-8 has not; pandas may pass over them."""
    if file.suffix.lower() in _COMPRESSED:
        return False
    with open(file, "rb") as opened:
        return b"\0" in opened.readline(_LONGEST_HEADER)


def _separator_fault(table: Any) -> str:
    """Whether header and first row are divided by another separator, nothing if not."""
    if len(table.columns) != 1 or not len(table):
        return ""
    name = str(table.columns[0])
    first = f"{table.index[0]} {table.iloc[0, 0]}"  # decimal commas divide a row, too
    for separator, what in _SEPARATORS.items():
        if separator in name and separator in first:
            return (
                f"it has only one column, {shortened(name)}: is it separated by {what}? Save "
                "it with commas."
            )
    return ""


def _fault(error: Exception, file: Path) -> str:
    if isinstance(error, UnicodeDecodeError):
        return _UTF_16 if b"\0" in error.object else _UTF_8
    if isinstance(error, pd.errors.EmptyDataError):
        return str(error)
    with suppress(ValueError):
        if fault := _separator_fault(pd.read_csv(file, nrows=1, dtype=str)):
            return fault
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if found is None:
        return str(error).strip()
    expected, line, seen = found.groups()
    return f"its line {line} has {seen} values, expected {expected}. {_QUOTE}"


def require_column(table: Any, wanted: str, parameter: str, file: Path) -> None:
    """Refuse the name of a column that is not there, with the nearest names."""
    if wanted not in table.columns:
        columns = list(map(str, table.columns))
        near = difflib.get_close_matches(str(wanted), columns, n=3, cutoff=0.5)
        known = ", ".join(map(shortened, near or columns[:10]))
        raise ValueError(
            f"The parameter {parameter}={shortened(wanted)}, but {shown_path(file)} has no such "
            f"column. {f'Did you mean {known}?' if near else f'It has {known}.'}"
        )


def find_groups(table: Any, column: str, taken: Sequence[str | None], file: Path) -> Any:
    """Groups that the rows of a table belong to, as text; the column may not be `taken`."""
    require_column(table, column, "group_column", file)
    if column in taken:
        raise ValueError(
            f"The parameter group_column={shortened(column)}, but this column of "
            f"{shown_path(file)} holds paths or labels. Set it to the column of patients or other "
            "groups."
        )
    missing = are_missing(table[column])
    if missing.any():
        rows = row_numbers(table)[missing].tolist()
        several = f"{len(rows):,} rows:" if len(rows) > 1 else "row"
        more = ", …" * (len(rows) > 10)
        raise ValueError(
            f"The group in the column {shortened(column)} of {shown_path(file)} is missing in "
            f"{several} {', '.join(map(str, rows[:10]))}{more}. Fill it in, or drop such rows: "
            "images without a group cannot be kept apart from others of the same patient."
        )
    return table[column].astype(str).str.strip().to_numpy(dtype=np.str_)


def row_numbers(table: Any) -> npt.NDArray[Any]:
    """Numbers of the rows in the file, also of a part of them."""
    part = table.index.dtype.kind == "i"
    return table.index.to_numpy() if part else np.arange(len(table))


def are_missing(values: Any) -> npt.NDArray[np.bool_]:
    """Which values of a column are missing, whatever program wrote them."""
    text = values.astype(str).str.strip().str.lower()
    found: npt.NDArray[np.bool_] = (values.isna() | text.isin(MISSING)).to_numpy()
    return found
