"""Where the files are that a list names: by path, by name or by an id without an ending."""

import os
from collections.abc import Sequence
from pathlib import Path

from skdl._utils.text import counted, shortened, shown_path
from skdl.datasets._companions import find_companions
from skdl.datasets._names import FilesByName
from skdl.datasets._patterns import Patterns
from skdl.datasets._tree import tree_of_folder
from skdl.images import SUFFIXES, ending_of_image

_NAMED = 3


def locate(
    texts: Sequence[str], file: Path, patterns: Patterns
) -> tuple[list[str], list[bool], bool]:
    """Path of each file that a list names, whether it is kept, and whether any is known.

    What is no path is the name or the id of a file somewhere below the list's folder. What is not
    found stays the path that it may have been meant to be; only ids are unknown.
    """
    folder = Path(os.path.abspath(file)).parent
    # As a Path, ./1.png is 1.png.
    paths = [str(folder / os.path.expanduser(text)) for text in texts]
    lost = [row for row, path in enumerate(paths) if not _is_there(path)]
    known = len(lost) < len(texts)
    if lost:
        found = _find([texts[row] for row in lost], file, folder, patterns)
        known |= any(found) or any(map(ending_of_image, texts))
        for row, path in zip(lost, found, strict=True):
            paths[row] = path or paths[row]
    pairs = zip(texts, paths, strict=True)
    kept = [not any(map(patterns.leave_out, _both(text, path, folder))) for text, path in pairs]
    return paths, kept, known


def _is_there(path: str) -> bool:
    return os.path.isfile(path) or any(f"{suffix}/" in path.lower() for suffix in SUFFIXES)


def _both(text: str, path: str, folder: Path) -> list[tuple[str, ...]]:
    """What patterns are asked about: the path, from the list's folder, and what the list says."""
    inside = Path(path).is_relative_to(folder)
    parts = Path(path).relative_to(folder).parts if inside else Path(path).parts[1:]
    return [parts, Path(text).parts]


def _find(texts: Sequence[str], file: Path, folder: Path, patterns: Patterns) -> list[str]:
    """Path of each file, "" where there is none; a ValueError where there are several."""
    tree = tree_of_folder(folder)
    masks = {tree.address(parts) for parts in find_companions(tree.files)}
    excluded = {tree.address(parts) for parts in tree.files if patterns.leave_out(parts)}
    names = FilesByName(map(tree.address, tree.files), folder)
    found = []
    for text in texts:
        places = names.find(text)
        places = [place for place in places if place not in excluded] or places[:1]
        found.append([place for place in places if place not in masks] or places)
    several = [(text, places) for text, places in zip(texts, found, strict=True) if places[1:]]
    if several:
        text, places = several[0]
        more = ", …" * (len(places) > _NAMED)
        raise ValueError(
            f"{counted(len(several), 'row')} of {shown_path(file)} may mean several files: "
            f"{shortened(text)} is {', '.join(map(shown_path, places[:_NAMED]))}{more}. Add "
            "their folders and endings, or leave the others out with exclude."
        )
    return [places[0] if places else "" for places in found]
