"""Lists of image files and labels in CSV files."""

import difflib
import os
from pathlib import Path
from typing import Any

import pandas as pd

from skdl.datasets._layout import Entry, Listing, canonical_subset

_PATH_COLUMNS = ("path", "file", "filename", "filepath", "file_path", "image", "image_path")
_LABEL_COLUMNS = ("label", "class", "target", "category")
_SUBSET_COLUMNS = ("subset", "split")


def listing_of_csv(file: Path, path_column: str | None, label_column: str | None) -> Listing:
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
    for column in (paths, labels):
        blank = (table[column].str.strip() == "").to_numpy()
        if blank.any():
            row = int(blank.argmax())
            raise ValueError(f"The column {column!r} of {str(file)!r} is empty in row {row}.")
    subsets = next((c for c in columns if c.lower() in _SUBSET_COLUMNS), None)
    values = [""] * len(table) if subsets is None else [str(value) for value in table[subsets]]
    folder = os.path.dirname(os.path.abspath(file))
    return Listing(
        [
            Entry(os.path.join(folder, path), label, canonical_subset(subset) or subset)
            for path, label, subset in zip(table[paths], table[labels], values, strict=True)
        ]
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
    """``pandas.read_csv`` with errors that name the file.

    Raises
    ------
    ValueError
        If it is empty or no CSV file.
    """
    try:
        table = pd.read_csv(file, **options)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"{str(file)!r} cannot be read as a CSV file: {error}") from error
    if not len(table):
        raise ValueError(f"There are no rows in {str(file)!r}.")
    return table


def _column(
    columns: list[str], wanted: str | None, parameter: str, usual: tuple[str, ...], file: Path
) -> str:
    if wanted is not None:
        require_column(columns, wanted, parameter, file)
        return wanted
    found = [column for column in columns if column.lower() in usual]
    if len(found) != 1:
        several = f"several of them: {found}" if found else f"these: {columns}"
        raise ValueError(
            f"The parameter {parameter} is not set, and no column of {str(file)!r} is the only one "
            f"with a usual name ({', '.join(usual)}), but it has {several}. Set {parameter}."
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
            f"The parameter {parameter}={wanted!r}, but {str(file)!r} has no such column. "
            f"{'Did you mean' if near else 'It has'} {', '.join(map(repr, known))}"
            f"{'?' if near else '.'}"
        )
