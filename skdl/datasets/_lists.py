"""Lists of image files and labels in CSV files."""

import difflib
import os
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skdl._utils.checks import warn_user
from skdl._utils.text import shortened, shown_path
from skdl.datasets._companions import find_companions
from skdl.datasets._layout import Entry, Listing
from skdl.datasets._subsets import canonical_subset

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>", "#n/a"})
"""What programs write for a missing value, in lower case."""

_PATH_COLUMNS = ("path", "file", "filename", "filepath", "file_path", "image", "image_path")
_LABEL_COLUMNS = ("label", "class", "target", "category")
_SUBSET_COLUMNS = ("subset", "split")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_QUOTE = 'Put values with commas in them between quotes ("…"), and name all columns.'


def listing_of_csv(
    file: Path, path_column: str | None, label_column: str | None, group_column: str | None = None
) -> Listing:
    """Image files and labels that a CSV file lists, in its order.

    Raises
    ------
    ValueError
        If it cannot be read, columns are missing or ambiguous, or a cell is empty.
    """
    table = read_text_table(file)
    columns = list(table.columns)
    paths = _column(columns, path_column, "path_column", _PATH_COLUMNS, file)
    labels = _column(columns, label_column, "label_column", _LABEL_COLUMNS, file)
    if paths == labels:
        raise ValueError(
            f"The column {shortened(paths)} of {shown_path(file)} cannot be both paths and "
            "labels. Set path_column and label_column to two columns."
        )
    for column in (paths, labels):
        blank = (table[column].str.strip() == "").to_numpy()
        if blank.any():
            row = int(blank.argmax())
            raise ValueError(
                f"The column {shortened(column)} of {shown_path(file)} is empty in row {row}."
            )
    groups = [""] * len(table)
    if group_column is not None:
        groups = find_groups(table, group_column, (paths, labels), file).tolist()
    others = [column for column in columns if column not in (paths, labels, group_column)]
    subsets = next((column for column in others if column.lower() in _SUBSET_COLUMNS), None)
    values = [""] * len(table) if subsets is None else [str(value) for value in table[subsets]]
    folder = Path(os.path.abspath(file)).parent
    entries = [
        Entry(
            str(folder / os.path.expanduser(path)),  # ./1.png is 1.png
            label,
            canonical_subset(subset) or subset,
            group,
        )
        for path, label, subset, group in zip(
            table[paths], table[labels], values, groups, strict=True
        )
    ]
    once = _each_once(entries, file)
    _warn_of_companions([entry.path for entry in once], file)
    return Listing(once)


def find_groups(table: Any, column: str, taken: Sequence[str | None], file: Path) -> Any:
    """Groups that the rows of a table belong to, such as patients.

    Parameters
    ----------
    table : pandas.DataFrame
    column : str
        The column of groups.
    taken : sequence of str
        Columns that are something else.
    file : Path
        What error messages call the table.

    Returns
    -------
    groups : ndarray of str of shape (n,)

    Raises
    ------
    ValueError
        If there is no such column, it is something else, or values are missing, naming the rows.
    """
    require_column(list(table.columns), column, "group_column", file)
    if column in taken:
        raise ValueError(
            f"The parameter group_column={shortened(column)}, but this column of "
            f"{shown_path(file)} holds paths or labels. Set it to that of patients or other "
            "groups."
        )
    text = table[column].astype(str).str.strip()
    missing = (table[column].isna() | text.str.lower().isin(MISSING)).to_numpy()
    if missing.any():
        rows = np.flatnonzero(missing).tolist()
        several = f"{len(rows):,} rows:" if len(rows) > 1 else "row"
        more = ", …" * (len(rows) > 10)
        raise ValueError(
            f"The group in the column {shortened(column)} of {shown_path(file)} is missing in "
            f"{several} {', '.join(map(str, rows[:10]))}{more}. Fill it in, or drop such rows: "
            "images without a group cannot be kept apart from others of the same patient."
        )
    return text.to_numpy(dtype=np.str_)


def _each_once(entries: list[Entry], file: Path) -> list[Entry]:
    """Rows without those that repeat one."""
    once = list(dict.fromkeys(entries))
    if len(once) < len(entries):
        twice = next(entry for entry, n in Counter(entries).items() if n > 1)
        n_again = len(entries) - len(once)
        rows = "1 row" if n_again == 1 else f"{n_again:,} rows"
        warn_user(
            f"Files that {shown_path(file)} lists more than once are loaded once, such as "
            f"{shown_path(twice.path)}: {rows} left out."
        )
    groups: dict[str, str] = {}
    for entry in once:
        if groups.setdefault(entry.path, entry.group) != entry.group:
            raise ValueError(
                f"The file {shown_path(entry.path)} belongs to two groups in {shown_path(file)}, "
                f"{shortened(groups[entry.path])} and {shortened(entry.group)}. Keep one of its "
                "rows."
            )
    return once


def _warn_of_companions(paths: list[str], file: Path) -> None:
    parts = [Path(path).parts for path in paths]
    companions = find_companions(parts)
    if companions:
        first = next(path for path, part in zip(paths, parts, strict=True) if part in companions)
        warn_user(
            f"Rows of {shown_path(file)} look like masks or thumbnails of other images in it: "
            f"{len(companions):,}, such as {shown_path(first)}. They are loaded; drop them if "
            "they are no images of their class."
        )


def read_text_table(file: Path, **options: Any) -> Any:
    """A CSV file as a DataFrame of text, empty cells being empty text.

    Raises
    ------
    ValueError
        If it is empty or no CSV file.
    """
    return read_csv(file, dtype=str, keep_default_na=False, **options)


def read_csv(file: Path, **options: Any) -> Any:
    """``pandas.read_csv`` with errors that name the file and say what it looks like.

    Raises
    ------
    ValueError
        If it is empty or no CSV file, is separated by something else than commas, is not UTF-8, or
        has rows longer than its header.
    """
    try:
        # Alone, since pandas takes what is too much in the first row for an index.
        pd.read_csv(file, header=None, nrows=2, dtype=str)
        table = pd.read_csv(file, **options)
    except pd.errors.ParserError as error:
        raise _no_csv(file, _parser_fault(error, file)) from error
    except UnicodeDecodeError as error:
        raise _no_csv(file, _encoding_fault(b"\0" in error.object)) from error
    except pd.errors.EmptyDataError as error:
        raise _no_csv(file, str(error)) from error
    fault = _separator_fault(table)
    if any("\0" in str(column) for column in table.columns):
        fault = _encoding_fault(utf_16=True)
    if fault:
        raise _no_csv(file, fault)
    if not len(table):
        raise ValueError(f"There are no rows in {shown_path(file)}.")
    return table


def _no_csv(file: Path, fault: str) -> ValueError:
    return ValueError(f"{shown_path(file)} cannot be read as a CSV file: {fault}")


def _encoding_fault(utf_16: bool) -> str:
    return f"it is {'UTF-16' if utf_16 else 'not UTF-8'}. Save it as UTF-8."


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


def _parser_fault(error: Exception, file: Path) -> str:
    with suppress(ValueError):
        if fault := _separator_fault(pd.read_csv(file, nrows=1, dtype=str)):
            return fault
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if found is None:
        return str(error).strip()
    expected, line, seen = found.groups()
    return f"its line {line} has {seen} values, expected {expected}. {_QUOTE}"


def _column(
    columns: list[str], wanted: str | None, parameter: str, usual: tuple[str, ...], file: Path
) -> str:
    if wanted is not None:
        require_column(columns, wanted, parameter, file)
        return wanted
    found = [column for column in columns if column.lower() in usual]
    if len(found) != 1:
        several = (
            f"several of them: {shortened(found)}" if found else f"these: {shortened(columns)}"
        )
        raise ValueError(
            f"The parameter {parameter} is not set, and no column of {shown_path(file)} is the "
            f"only one with a usual name ({', '.join(usual)}), but it has {several}. Set "
            f"{parameter}."
        )
    return found[0]


def require_column(columns: list[str], wanted: str, parameter: str, file: Path) -> None:
    """Refuse the name of a column that is not there.

    Raises
    ------
    ValueError
        With the nearest names.
    """
    if wanted not in columns:
        near = difflib.get_close_matches(str(wanted), list(map(str, columns)), n=3, cutoff=0.5)
        known = near or list(map(str, columns))[:10]
        raise ValueError(
            f"The parameter {parameter}={shortened(wanted)}, but {shown_path(file)} has no such "
            f"column. {'Did you mean' if near else 'It has'} {', '.join(map(shortened, known))}"
            f"{'?' if near else '.'}"
        )
