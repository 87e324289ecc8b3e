"""Image files of no known class: single ones, in folders, archives and lists."""

import os
from pathlib import Path
from typing import NamedTuple

from skdl._utils.checks import check_path
from skdl._utils.text import counted, shown_path
from skdl.datasets._columns import column_of_paths
from skdl.datasets._companions import find_companions
from skdl.datasets._csv import read_csv, row_numbers
from skdl.datasets._foreign import about_foreign
from skdl.datasets._located import locate
from skdl.datasets._patterns import Patterns, without_excluded
from skdl.datasets._tree import Parts, Tree, tree_of_archive, tree_of_folder, why_closed
from skdl.images import is_archive


class FoundFile(NamedTuple):
    """A file, or what could not be looked into, and why."""

    path: str
    fault: str = ""


def find_image_files(
    source: str | os.PathLike[str],
    path_column: str | None = None,
    patterns: Patterns | None = None,
) -> tuple[list[FoundFile], list[str]]:
    """Image files in a folder, an archive or a CSV file of paths, or a file itself; in their order.

    Returns also what to say of files that are left out. What cannot be read is among the files,
    with its fault; whether a file is an image is found out where it is decoded. What fits one of
    the patterns is none of them.

    Raises
    ------
    TypeError
        If `source` is no path.
    ValueError
        If a CSV file has no column of paths, or `source` is an empty text.
    """
    place, patterns = check_path(source, "paths"), patterns or Patterns()
    if place.is_file() and place.suffix.lower() == ".csv":
        return _listed(place, path_column, patterns), []
    if not place.is_dir() and not is_archive(place):
        return [] if patterns.leave_out(Path(source).parts) else [FoundFile(str(place))], []
    try:
        tree = tree_of_folder(place) if place.is_dir() else tree_of_archive(place)
    except OSError as error:
        return [FoundFile(str(place), why_closed(error))], []
    except ValueError as error:
        return [FoundFile(str(place), str(error).rstrip("."))], []
    return _within(without_excluded(tree, patterns), place)


def _listed(file: Path, path_column: str | None, patterns: Patterns) -> list[FoundFile]:
    table = read_csv(file, dtype=str)
    texts = table[column_of_paths(table, path_column, file)].tolist()
    paths, kept, _ = locate([text for text in texts if text.strip()], file, patterns)
    located = iter(zip(paths, kept, strict=True))
    found = []
    for row, text in zip(row_numbers(table), texts, strict=True):
        if not text.strip():
            found.append(FoundFile("", f"row {row} of {file.name} has no path"))
            continue
        path, is_kept = next(located)
        found += [FoundFile(path)] if is_kept else []
    return found


def _within(tree: Tree, source: Path) -> tuple[list[FoundFile], list[str]]:
    companions = find_companions(tree.files)
    files = [FoundFile(tree.address(file)) for file in tree.files if file not in companions]
    closed = [(parts, why) for parts, why in tree.closed]
    closed += [(link, "it is a link, which is not followed in an archive") for link in tree.links]
    files += [FoundFile(tree.address(parts), why) for parts, why in sorted(closed)]
    foreign = about_foreign(tree.ignored, tree.wanting)
    if not files:
        none = "exclude leaves out all its images" if tree.excluded else "there is no image in it"
        return [FoundFile(str(source), f"{none}. {foreign}".rstrip(" ."))], []
    return files, [said for said in (foreign, _about(tree, companions)) if said]


def _about(tree: Tree, companions: set[Parts]) -> str:
    """What to say of masks and thumbnails; "" of none."""
    if not companions:
        return ""
    first = shown_path(tree.address(min(companions)))
    if len(companions) == 1:
        return f"The file {first} looks like a mask or thumbnail of another, and is left out."
    return (
        f"{counted(len(companions), 'file')} look like masks or thumbnails of others, such as "
        f"{first}, and are left out."
    )
