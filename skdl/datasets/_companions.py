"""Files that are made from another image beside them: masks of what is in it, and thumbnails.

Decisions: docs/decisions.md#folders-tables-and-data-sets.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable

from skdl.datasets._tree import Parts, folders_above

_MASK = (
    r"(?:masks?|segm?|segmentations?|segmented|superpixels?|gt|ground[\s_-]?truths?|anno|"
    r"annotations?|annotated|labels?|thumbs?|thumbnails?)"
)
_IMAGE = r"(?:images?|imgs?)"
_IS_MASK = re.compile(_MASK, re.IGNORECASE)
_IS_IMAGE = re.compile(_IMAGE, re.IGNORECASE)
# At the ends of a name; a mask may have a number, too: mask_1, 1_mask, 1_mask_2.
_STARTS = re.compile(rf"^{_MASK}[\s_.-]+", re.IGNORECASE)
_ENDS = re.compile(rf"(?:^|[\s_.-]+){_MASK}(?:[\s_.-]*\(?\d+\)?)?$", re.IGNORECASE)
_IMAGE_ENDS = re.compile(rf"^{_IMAGE}(?:[\s_.-]+|$)|[\s_.-]+{_IMAGE}$", re.IGNORECASE)


def find_companions(files: Iterable[Parts]) -> set[Parts]:
    """Files that lie beside the image they belong to.

    These are ``1_mask.png`` and ``1_mask_2.png`` beside ``1.png``, ``mask.png`` beside
    ``image.png``, and the files in a folder ``masks`` if there is a folder ``images`` beside it or
    if most of them are called like images beside it.
    """
    files = list(files)
    folders = folders_above(files)
    masks = {folder for folder in folders if _IS_MASK.fullmatch(folder[-1])}
    images = {folder[:-1] for folder in folders if _IS_IMAGE.fullmatch(folder[-1])}
    origins = {file: names for file in files if (names := _origins(_stem(file)))}
    if not masks and not origins:
        return set()
    known = {(*file[:-1], name) for file in files for name in _names_of_image(_stem(file))}
    found = {
        file
        for file, names in origins.items()
        if any((*file[:-1], name) in known for name in names)
    }
    within: dict[Parts, list[Parts]] = defaultdict(list)
    for file in files:
        for depth in range(1, len(file)):
            if file[:depth] in masks:
                within[file[:depth]].append(file)
    for folder, inside in within.items():
        n_known = sum(_is_beside(folder, file, known) for file in inside)
        if folder[:-1] in images or 2 * n_known > len(inside):
            found |= set(inside)
    return found


def _is_beside(folder: Parts, file: Parts, known: set[Parts]) -> bool:
    """Whether a file in a folder of masks is called like an image beside that folder."""
    place = (*folder[:-1], *file[len(folder) : -1])
    stem = _stem(file)
    return any((*place, name) in known for name in (stem, *_origins(stem)))


def is_of_images(name: str) -> bool:
    """Whether a folder is called ``images``, which is no class."""
    return _IS_IMAGE.fullmatch(name) is not None


def is_of_masks(name: str, others: Iterable[str]) -> bool:
    """Whether a folder is called as masks are, or as those of a folder beside it: train_masks."""
    known = {origin.lower() for other in others for origin in _names_of_image(other)}
    origins = {origin.lower() for origin in _origins(name)}
    return _IS_MASK.fullmatch(name) is not None or not known.isdisjoint(origins)


def _stem(file: Parts) -> str:
    return os.path.splitext(file[-1])[0]


def _names_of_image(stem: str) -> set[str]:
    """What masks may call an image: image_1 is 1, too."""
    return {stem, _IMAGE_ENDS.sub("", stem)}


def _origins(stem: str) -> set[str]:
    """What the image of a mask may be called; nothing if a name is none of a mask."""
    return {_STARTS.sub("", stem), _ENDS.sub("", stem)} - {stem}
