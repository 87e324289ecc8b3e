"""Small grayscale versions of images, by which images are compared."""

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from skdl._utils.threads import in_threads
from skdl.images import (
    Frame,
    ImageBatch,
    ImageFiles,
    Resizer,
    UnreadableImageError,
    as_picture,
    read_image,
)

Floats: TypeAlias = npt.NDArray[np.floating[Any]]

SIDE = 32
"""Height and width of a thumbnail, in pixels."""

# Softens what scaling and compression change, in pixels of a thumbnail.
_BLUR = 0.8
_AT_A_TIME = 1024
_NO_CONTENT = 1e-4  # contrast below this part of the largest value is an image of one colour

_to_thumbnail = Resizer((SIDE, SIDE), color="grayscale")


def thumbnails(
    images: ImageBatch, n_threads: int | None
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.intp]]:
    """Thumbnails of mean 0 and variance 1, and the rows they belong to.

    Files that cannot be read and images of one colour have none. Half precision is enough, and
    halves what is kept in memory.
    """
    kept: list[npt.NDArray[np.float16]] = []
    rows: list[npt.NDArray[np.intp]] = []
    start = 0
    for some in _in_batches(_pixels(images, n_threads)):
        found = [place for place, pixels in enumerate(some) if pixels is not None]
        standard, seen = _standardized([some[place] for place in found])
        kept.append(standard)
        rows.append(start + np.array(found, dtype=np.intp)[seen])
        start += len(some)
    if not kept:
        return np.empty((0, SIDE, SIDE), np.float16), np.empty(0, np.intp)
    return np.concatenate(kept), np.concatenate(rows)


def _pixels(images: ImageBatch, n_threads: int | None) -> Iterator[Any]:
    """The thumbnail of each image in its own values, or None; big images do not outlive it."""
    if isinstance(images, ImageFiles):
        of_file = partial(_of_file, frame="first" if images.frame is None else images.frame)
        return in_threads(of_file, images.paths.tolist(), n_threads)
    if len(images.shape) != 4:
        images = images.unflattened()
    return map(_of_array, images)


def _of_file(path: str, frame: Frame) -> Floats | None:
    try:
        pixels = read_image(path, image_size=SIDE, color="grayscale", frame=frame)
    except UnreadableImageError:
        return None
    return np.asarray(pixels[..., 0], dtype=np.float32)


def _of_array(image: npt.NDArray[Any]) -> Floats:
    image = as_picture(image)
    # Bytes are rounded as those of files are, so that both have the same pairs.
    values = image if image.dtype == np.uint8 else image.astype(np.float32)
    return np.asarray(_to_thumbnail(values)[..., 0], dtype=np.float32)


def _in_batches(items: Iterator[Any]) -> Iterator[list[Any]]:
    some: list[Any] = []
    for item in items:
        some.append(item)
        if len(some) == _AT_A_TIME:
            yield some
            some = []
    if some:
        yield some


def _standardized(pixels: list[Any]) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.bool_]]:
    stacked = np.array(pixels, dtype=np.float64).reshape(-1, SIDE, SIDE)
    largest = np.abs(stacked).max(axis=(1, 2))
    stacked -= stacked.mean(axis=(1, 2), keepdims=True)
    stacked = gaussian_filter(stacked, (0, _BLUR, _BLUR))
    contrast = stacked.std(axis=(1, 2))
    seen = contrast > _NO_CONTENT * largest
    standard = stacked[seen] / contrast[seen, np.newaxis, np.newaxis]
    return standard.astype(np.float16), seen


def oriented(thumbs: Floats, symmetry: int) -> Floats:
    """Thumbnails in one of the eight positions of a square.

    4 exchanges rows and columns; after that, 1 mirrors left and right, and 2 top and bottom.
    """
    if symmetry & 4:
        thumbs = thumbs.transpose(0, 2, 1)
    if symmetry & 1:
        thumbs = thumbs[:, :, ::-1]
    return thumbs[:, ::-1] if symmetry & 2 else thumbs


def windowed(thumbs: Floats) -> npt.NDArray[np.float32]:
    """Thumbnails that fade out to their borders, where shifts and crops change most; of norm 1."""
    weights = np.outer(*2 * [np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE) ** 2])
    weights = weights.astype(np.float32)
    centre = np.einsum("nij,ij->n", thumbs, weights) / weights.sum()
    faded = (thumbs - centre[:, np.newaxis, np.newaxis]) * weights
    norm = np.sqrt(np.einsum("nij,nij->n", faded, faded))
    return np.asarray(faded / np.maximum(norm, 1e-6)[:, np.newaxis, np.newaxis], dtype=np.float32)


def interpolation(shift: Floats, scale: Floats) -> npt.NDArray[np.float32]:
    """Matrices that resample the rows of thumbnails, shifted and scaled about the centre.

    Of shape (n, SIDE, SIDE), for shifts in pixels and scales of shape (n,); from the left they
    resample rows, transposed from the right columns.
    """
    pixel = np.arange(SIDE, dtype=np.float32)
    centre = np.float32((SIDE - 1) / 2)
    place = centre + (pixel - centre) * scale[:, np.newaxis] + shift[:, np.newaxis]
    place = place.clip(0, SIDE - 1).astype(np.float32)
    return np.asarray(np.maximum(0, 1 - np.abs(place[:, :, np.newaxis] - pixel)))
