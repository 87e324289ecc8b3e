"""Lists of image files and labels in CSV files."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skdl._utils.checks import warn_user
from skdl._utils.text import counted, shortened, shown_path
from skdl.datasets._companions import find_companions
from skdl.datasets._csv import find_groups, read_csv, require_column
from skdl.datasets._listing import Entry, Listing
from skdl.datasets._subsets import canonical_subset

_PATH_COLUMNS = ("path", "file", "filename", "filepath", "file_path", "image", "image_path")
_LABEL_COLUMNS = ("label", "class", "target", "category")
_SUBSET_COLUMNS = ("subset", "split")


def listing_of_csv(
    file: Path, path_column: str | None, label_column: str | None, group_column: str | None
) -> Listing:
    """Image files and labels that a CSV file lists, in its order."""
    table = read_csv(file, dtype=str)
    paths = _column(table, path_column, "path_column", _PATH_COLUMNS, file)
    labels = _column(table, label_column, "label_column", _LABEL_COLUMNS, file)
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
    others = [column for column in table.columns if column not in (paths, labels, group_column)]
    subsets = next((column for column in others if column.lower() in _SUBSET_COLUMNS), None)
    values = [""] * len(table) if subsets is None else list(map(str, table[subsets]))
    folder = Path(os.path.abspath(file)).parent
    rows = zip(table[paths], table[labels], values, groups, strict=True)
    entries = [
        # As a Path, ./1.png is 1.png.
        Entry(
            str(folder / os.path.expanduser(path)), label, canonical_subset(subset) or subset, group
        )
        for path, label, subset, group in rows
    ]
    once = _each_once(entries, file)
    _warn_of_companions([entry.path for entry in once], file)
    return Listing(once)


def _column(
    table: Any, wanted: str | None, parameter: str, usual: Sequence[str], file: Path
) -> str:
    if wanted is not None:
        require_column(table, wanted, parameter, file)
        return wanted
    columns = list(table.columns)
    found = [column for column in columns if column.lower() in usual]
    if len(found) != 1:
        has = f"several of them: {shortened(found)}" if found else f"these: {shortened(columns)}"
        raise ValueError(
            f"The parameter {parameter} is not set, and no column of {shown_path(file)} is the "
            f"only one with a usual name ({', '.join(usual)}), but it has {has}. Set {parameter}."
        )
    return str(found[0])


def _each_once(entries: list[Entry], file: Path) -> list[Entry]:
    """Rows without those that repeat one."""
    once = list(dict.fromkeys(entries))
    if len(once) < len(entries):
        twice = next(entry for entry, n in Counter(entries).items() if n > 1)
        warn_user(
            f"Files that {shown_path(file)} lists more than once are loaded once, such as "
            f"{shown_path(twice.path)}: {counted(len(entries) - len(once), 'row')} left out."
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
