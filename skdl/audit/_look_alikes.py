"""Pairs of images that show one picture."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skdl.images import ImageBatch, Resizer

_SIDE = 48


class LookAlikes(NamedTuple):
    """Pairs of rows, the first below the second, and how similar they are, from 0 to 1."""

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    similarity: npt.NDArray[np.float64]


def find_look_alikes(
    images: ImageBatch, similarity: float = 0.95, n_jobs: int | None = None
) -> LookAlikes:
    """Pairs of images of which one may be a version of the other. Unreadable files have none."""
    small = np.stack([_small(image) for image in images])
    with np.errstate(invalid="ignore", divide="ignore"):  # one colour is like no other image
        found = np.nan_to_num(np.atleast_2d(np.corrcoef(small)))
    first, second = np.nonzero(np.triu(found > similarity, 1))
    return LookAlikes(first, second, found[first, second])


def _small(image: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    resizer = Resizer((_SIDE, _SIDE), color="grayscale")
    return np.asarray(resizer(image.astype(np.float32)), dtype=np.float64).ravel()
