"""Groups of images, such as patients, from a table of their own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skdl._utils.text import counted, shortened, shown_path
from skdl.datasets._bunch import what_is_closed
from skdl.datasets._columns import Wanted, column_for_groups, column_of_paths
from skdl.datasets._csv import find_groups, read_csv
from skdl.datasets._listing import Listing
from skdl.datasets._names import FilesByName

_NAMED = 3


def add_groups(listing: Listing, file: Path, wanted: Wanted, source: Path) -> None:
    """Give each image the group that a table has for it; ValueError where that is not clear."""
    with what_is_closed(file):
        if not file.is_file():
            raise FileNotFoundError(f"There is no file {shown_path(file)} of groups.")
        table = read_csv(file, dtype=str)
    names, groups = _columns(table, wanted, file)
    given = find_groups(table, groups, [names], file).tolist()
    folder = source.parent if source.suffix.lower() == ".csv" else source
    images = FilesByName([entry.path for entry in listing.entries], folder)
    meant = [images.find(text) for text in table[names]]
    if not any(meant):
        raise ValueError(
            f"No image of {shown_path(source)} is in the column {shortened(names)} of "
            f"{shown_path(file)}, which holds {shortened(table[names].iloc[0])}, for example; an "
            f"image is {shown_path(listing.entries[0].path)}. Set path_column to the column of "
            "names, paths or ids."
        )
    _refuse_ambiguous(table[names].tolist(), meant, file)
    found: dict[str, str] = {}
    for places, group in zip(meant, given, strict=True):
        for path in places:
            if found.setdefault(path, group) != group:
                raise ValueError(
                    f"The image {shown_path(path)} belongs to two groups in {shown_path(file)}, "
                    f"{shortened(found[path])} and {shortened(group)}. Keep one of its rows."
                )
    _refuse_missing([e.path for e in listing.entries if e.path not in found], file)
    listing.entries = [replace(entry, group=found[entry.path]) for entry in listing.entries]
    listing.grouped = True
    others = FilesByName([*listing.excluded, *listing.companions], folder)
    extra = [
        text
        for text, places in zip(table[names], meant, strict=True)
        if not places and not others.find(text)
    ]
    if extra:
        rows = counted(len(extra), "row matches", "rows match")
        listing.doubts.append(f"{rows} no image in {shown_path(file)}, such as {_some(extra)}.")


def _columns(table: Any, wanted: Wanted, file: Path) -> tuple[str, str]:
    """The columns of images and of their groups."""
    columns = list(table.columns)
    groups = column_for_groups(table, wanted.group, file)
    if wanted.path is None and len(columns) == 2 and groups in columns:
        return columns[1 - columns.index(groups)], groups
    return column_of_paths(table, wanted.path, file), groups


def _refuse_ambiguous(texts: Sequence[str], meant: Sequence[list[str]], file: Path) -> None:
    several = [(text, places) for text, places in zip(texts, meant, strict=True) if places[1:]]
    if several:
        text, places = several[0]
        raise ValueError(
            f"{counted(len(several), 'row')} of {shown_path(file)} may mean several images: "
            f"{shortened(text)} is {_some(places, shown_path)}. Add their folders, such as "
            f"{shown_path('/'.join(Path(places[0]).parts[-2:]))}."
        )


def _refuse_missing(paths: Sequence[str], file: Path) -> None:
    if paths:
        images = counted(len(paths), "image has", "images have")
        raise ValueError(
            f"{images} no group in {shown_path(file)}: {_some(paths, shown_path)}. Add rows for "
            "them, or leave them out with exclude."
        )


def _some(values: Sequence[Any], show: Any = shortened) -> str:
    return ", ".join(map(show, values[:_NAMED])) + ", …" * (len(values) > _NAMED)
