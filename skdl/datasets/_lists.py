"""Lists of image files and labels in CSV files."""

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skdl._utils.checks import warn_user
from skdl._utils.text import counted, shortened, shown_path
from skdl.datasets._columns import (
    Wanted,
    column_of_groups,
    column_of_paths,
    column_of_subsets,
    labels_of,
)
from skdl.datasets._companions import find_companions
from skdl.datasets._csv import find_groups, read_csv, row_numbers
from skdl.datasets._listing import Entry, Listing
from skdl.datasets._located import locate
from skdl.datasets._patterns import Patterns
from skdl.datasets._subsets import canonical_subset


def listing_of_csv(file: Path, wanted: Wanted, patterns: Patterns) -> Listing:
    """Image files and labels that a CSV file lists, in its order."""
    table = read_csv(file, dtype=str)
    paths = column_of_paths(table, wanted.path, file)
    _refuse_blank(table, paths, file)
    files, kept, known = locate(table[paths].tolist(), file, patterns)
    if not any(kept):
        raise ValueError(f"The parameter exclude leaves out all files of {shown_path(file)}.")
    listing = Listing(excluded=[path for path, keep in zip(files, kept, strict=True) if not keep])
    table = table[kept]

    group, why_not = column_of_groups(table, wanted.group, [paths, *wanted.of_labels])
    subset = column_of_subsets(table, [paths, *wanted.of_labels, group])
    labels, of_labels, doubt = labels_of(table, wanted, [paths, group, subset], file)
    _refuse_unknown(table, paths, of_labels, known, file)
    listing.doubts += [doubt] if doubt else []
    groups = [""] * len(table)
    if group is not None and why_not:
        listing.doubts.append(_not_taken(group, why_not, file))
    elif group is not None:
        groups = find_groups(table, group, [paths, *of_labels], file).tolist()
        listing.grouped = True
        called = wanted.group is None
        listing.called_groups = f"The column {shortened(group)} of {shown_path(file)}" * called
    subsets = [""] * len(table) if subset is None else table[subset].map(_subset_of)
    entries = map(Entry, itertools.compress(files, kept), labels, subsets, groups)
    listing.entries = _each_once(list(entries), file)
    _warn_of_companions([entry.path for entry in listing.entries], file)
    return listing


def _refuse_unknown(
    table: Any, paths: str, of_labels: Sequence[str], known: bool, file: Path
) -> None:
    """Refuse a column that is both, one of ids of nothing, and empty labels."""
    if paths in of_labels:
        raise ValueError(
            f"The column {shortened(paths)} of {shown_path(file)} cannot be both paths and "
            "labels. Set path_column and label_column to different columns."
        )
    if not known:
        raise ValueError(
            f"The column {shortened(paths)} of {shown_path(file)} names no image in its folder or "
            f"below, with an ending or without: {shortened(table[paths].iloc[0])}. Move the list "
            "to the images, or set path_column."
        )
    for column in of_labels:
        _refuse_blank(table, column, file)


def _not_taken(column: str, why_not: str, file: Path) -> str:
    return (
        f"The column {shortened(column)} of {shown_path(file)} {why_not}, and is not used as "
        "groups. If it says which images belong together, such as those of a patient, set "
        f"group_column={shortened(column)}; if not, set group_column=False."
    )


def _refuse_blank(table: Any, column: str, file: Path) -> None:
    blank = (table[column].str.strip() == "").to_numpy()
    if blank.any():
        row = row_numbers(table)[blank.argmax()]
        raise ValueError(
            f"The column {shortened(column)} of {shown_path(file)} is empty in row {row}."
        )


def _subset_of(name: str) -> str:
    return canonical_subset(name) or name


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
    labels: dict[str, str] = {}
    for entry in once:
        if labels.setdefault(entry.path, entry.label) != entry.label:
            warn_user(
                f"{shown_path(file)} lists {shown_path(entry.path)} with two labels, "
                f"{shortened(labels[entry.path])} and {shortened(entry.label)}: it is loaded with "
                "each of them. Keep only the correct row."
            )
            break
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
            "they are not images of their class."
        )
