"""Pairs of images that show one picture.

Decisions: docs/decisions.md#look-alikes-and-data-audits.
"""

from typing import Any, NamedTuple

import joblib
import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_number
from skdl.audit._alignment import similarities
from skdl.audit._candidates import nearest
from skdl.audit._thumbnails import thumbnails
from skdl.images import ImageBatch

# How far two versions of a picture may be apart, as a part of how far the image of this rank is
# around both. Of more versions of a picture than that, only nearly equal ones are found.
_MOST_OF_BACKGROUND = 0.05
_BACKGROUND_RANK = 15
_BACKGROUND_OF_FEW = 0.4  # where there are fewer others than that
_NEARLY_EQUAL = 5e-5
_ROUNDING = 1e-6
_N_TRIED = 3  # candidates compared with each image before it is clear that more are worth it

_INVERSE = np.array([0, 1, 2, 3, 4, 6, 5, 7], np.int8)


class LookAlikes(NamedTuple):
    """Pairs of rows, the first below the second, and how similar they are, from 0 to 1."""

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    similarity: npt.NDArray[np.float64]


_NOTHING = LookAlikes(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))


def find_look_alikes(
    images: ImageBatch, similarity: float = 0.95, n_jobs: int | None = None
) -> LookAlikes:
    """Find pairs of images of which one is a version of the other.

    Versions are copies, resized, recompressed, brighter, darker or of other contrast, slightly
    cropped or shifted, mirrored or rotated by a multiple of 90°. Of several copies, each is paired
    with the first, and only the first is paired with other images. Files that cannot be read and
    images of a single colour have no pairs.

    Parameters
    ----------
    images : ImageBatch
        Arrays or files; files may be of several sizes, colours and depths.
    similarity : float, default=0.95
        Minimum correlation of two images, from 0 to 1, as aligned grayscale images of 32×32 pixels.
        A higher value finds a subset of the pairs.
    n_jobs : int, default=None
        Number of threads. If None or -1, use as many as there are cores.

    Returns
    -------
    pairs : LookAlikes
        Sorted by `first`, then by `second`.
    """
    similarity = check_number(similarity, "similarity", low=0, high=1)
    n_threads = None if n_jobs is None else joblib.effective_n_jobs(n_jobs)
    thumbs, rows = thumbnails(images, n_threads)
    if len(thumbs) < 2:
        return _NOTHING
    firsts = _first_of_equals(thumbs)
    own = np.flatnonzero(firsts == np.arange(len(thumbs)))
    copies = np.flatnonzero(firsts != np.arange(len(thumbs)))
    order = own[_in_own_order(thumbs[own])]
    low, high, found = _NOTHING
    if len(order) > 1:
        low, high, found = _Comparison(thumbs[order], n_threads).pairs(similarity)
    pairs = np.append(order[low], firsts[copies]), np.append(order[high], copies)
    found = np.append(found, np.ones(len(copies)))
    ends = np.sort(rows[np.stack(pairs)], axis=0)
    by_rows = np.lexsort(ends[::-1])
    return LookAlikes(ends[0, by_rows], ends[1, by_rows], found[by_rows])


def _first_of_equals(thumbs: npt.NDArray[np.float16]) -> npt.NDArray[np.intp]:
    """The first of all that are equal, of each: many copies would hide what else is around."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(thumb.tobytes(), i) for i, thumb in enumerate(thumbs)])


def _in_own_order(thumbs: npt.NDArray[np.float16]) -> npt.NDArray[np.intp]:
    """An order that does not depend on that of the rows, lest results do."""
    few = thumbs[:, 4::8, 4::8].reshape(len(thumbs), -1)
    return np.asarray(np.lexsort(few.T))


class _Comparison:
    """Comparisons of images with their candidates, as far as they are needed."""

    def __init__(self, thumbs: npt.NDArray[np.float16], n_threads: int | None) -> None:
        self._thumbs = thumbs
        self._n_threads = n_threads
        self._candidates, self._positions = nearest(thumbs)
        # Pairs that were compared, as lower row × n + higher row, sorted; and their similarities.
        self._codes = np.empty(0, np.int64)
        self._found = np.empty(0)

    def pairs(self, similarity: float) -> tuple[npt.NDArray[Any], ...]:
        """Lower and higher row of each pair of look-alikes, and their similarity."""
        n = len(self._thumbs)
        least = similarity - _ROUNDING
        self._compare(np.arange(n), _N_TRIED)
        done = np.zeros(n, dtype=bool)
        while True:  # whatever an image resembles is compared with its own candidates as well
            codes = self._codes[self._found >= least]
            ends = np.unique(np.concatenate([codes // n, codes % n]))
            new = ends[~done[ends]]
            if not len(new):
                break
            self._compare(new, None)
            done[new] = True
        low, high = codes // n, codes % n
        found = self._found[self._found >= least]
        background = np.ones(n)
        background[ends] = self._background(ends)
        limit = _MOST_OF_BACKGROUND * np.minimum(background[low], background[high])
        are = 1 - found <= np.maximum(limit, _NEARLY_EQUAL)
        return low[are], high[are], found[are]

    def _compare(self, rows: npt.NDArray[np.intp], n_candidates: int | None) -> None:
        n = len(self._thumbs)
        others = self._candidates[rows, :n_candidates]
        first = np.repeat(rows, others.shape[1])
        positions = self._positions[rows, :n_candidates].ravel()
        codes = _codes(first, others.ravel(), n)
        positions = np.where(first < others.ravel(), positions, _INVERSE[positions])
        codes, places = np.unique(codes, return_index=True)
        is_new = ~np.isin(codes, self._codes)
        codes, positions = codes[is_new], positions[places[is_new]]
        found = similarities(self._thumbs, codes // n, codes % n, positions, self._n_threads)
        self._codes, order = np.unique(np.append(self._codes, codes), return_index=True)
        self._found = np.append(self._found, found)[order]

    def _background(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """How far from each image those around it are that are no versions of it, most likely."""
        others = self._candidates[rows]
        if others.shape[1] < _BACKGROUND_RANK:
            return np.full(len(rows), _BACKGROUND_OF_FEW)
        codes = _codes(rows[:, np.newaxis], others, len(self._thumbs))
        distances = 1 - self._found[np.searchsorted(self._codes, codes)]
        return np.asarray(np.sort(distances, axis=1)[:, _BACKGROUND_RANK - 1])


def _codes(first: npt.NDArray[Any], second: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
    low = np.minimum(first, second).astype(np.int64)
    return np.asarray(low * n + np.maximum(first, second))
