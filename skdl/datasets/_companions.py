"""Files that are made from another image beside them: masks of what is in it, and thumbnails."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from skdl.datasets._tree import Parts, Tree

_WORDS = (
    r"(?:masks?|segm?|segmentations?|segmented|gt|ground[\s_-]?truths?|anno|annotations?|annotated|"
    r"labels?|thumbs?|thumbnails?)"
)
_FOLDER = re.compile(_WORDS, re.IGNORECASE)
_IMAGES = re.compile(r"(?:images?|imgs?|photos?|pictures?|scans?|frames?)", re.IGNORECASE)
_BEFORE = re.compile(rf"^{_WORDS}[\s_.-]+", re.IGNORECASE)
_AFTER = re.compile(rf"[\s_.-]+{_WORDS}(?:[\s_.-]*\(?\d+\)?)?$", re.IGNORECASE)


def find_companions(files: Iterable[Parts]) -> set[Parts]:
    """Files that lie beside the image they belong to.

    These are ``1_mask.png`` and ``1_mask_2.png`` beside ``1.png``, and the files in a folder
    ``masks`` if most of them are called like those beside it or in a folder ``images`` beside it.

    Parameters
    ----------
    files : iterable of tuple of str
        Image files, as the parts of their paths.

    Returns
    -------
    companions : set of tuple of str
    """
    files = list(files)
    stems = {_stem(file) for file in files}
    beside: dict[Parts, set[Parts]] = defaultdict(set)  # folders of images, by where they lie
    in_masks: dict[Parts, list[Parts]] = defaultdict(list)
    for file in files:
        for depth, name in enumerate(file[:-1]):
            if _IMAGES.fullmatch(name):
                beside[file[:depth]].add(file[: depth + 1])
            if _FOLDER.fullmatch(name):
                in_masks[file[: depth + 1]].append(file)
    found = {file for file in files if _is_beside_its_image(file, stems)}
    for folder, inside in in_masks.items():
        places = [folder[:-1], *beside[folder[:-1]]]
        if 2 * sum(_has_image(file, folder, places, stems) for file in inside) > len(inside):
            found |= set(inside)
    return found


def _stem(file: Parts) -> Parts:
    return (*file[:-1], os.path.splitext(file[-1])[0])


def _origin(name: str) -> str:
    """What the image of a mask would be called, both without ending."""
    return _AFTER.sub("", _BEFORE.sub("", name))


def _is_beside_its_image(file: Parts, stems: set[Parts]) -> bool:
    *folder, name = _stem(file)
    origin = _origin(name)
    return origin != name and (*folder, origin) in stems


def _has_image(file: Parts, folder: Parts, places: Iterable[Parts], stems: set[Parts]) -> bool:
    """Whether an image is called like a file in a folder of masks."""
    inner = file[len(folder) : -1]
    name = _stem(file)[-1]
    return any(
        (*place, *inner, stem) in stems for place in places for stem in (name, _origin(name))
    )


def without(tree: Tree, files: set[Parts]) -> Tree:
    """The tree without some files, and without the folders that nothing else was in."""
    kept = [file for file in tree.files if file not in files]
    needed = {file[:depth] for file in kept for depth in range(1, len(file))}
    emptied = {file[:depth] for file in files for depth in range(1, len(file))} - needed
    return replace(tree, files=kept, folders=tree.folders - emptied)
