"""How similar two images are once one is laid over the other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft2, rfft2

from skdl._utils.threads import in_threads
from skdl.audit._thumbnails import SIDE, Floats, interpolation, oriented, windowed

_AT_A_TIME = 128  # pairs; they fit into a cache
_MARGIN = 3  # pixels at each border that a shift or crop may have changed
_INNER = slice(_MARGIN, SIDE - _MARGIN)
_N_STEPS = 5
_FARTHEST = 4  # pixels, to begin with; then a little more
_MOST_SCALED = 0.2  # logarithm
_HALF_TURN = 3
_CLOSE = 0.55  # correlation before shifts are fine and scaled; others are not worth the effort


def similarities(
    thumbs: npt.NDArray[np.float16],
    first: npt.NDArray[np.integer[Any]],
    second: npt.NDArray[np.integer[Any]],
    positions: npt.NDArray[np.int8],
    n_threads: int | None,
) -> npt.NDArray[np.float64]:
    """Correlation of each pair, the first in a position or a half turn from it, from 0 to 1.

    Laid over one another are the inner parts, shifted and scaled in both directions such that
    they agree best, where one may also be sharper than the other.
    """

    def some(start: int) -> npt.NDArray[np.float64]:
        part = slice(start, start + _AT_A_TIME)
        left, right = thumbs[first[part]], thumbs[second[part]]
        return _similarity(left.astype(np.float32), right.astype(np.float32), positions[part])

    starts = range(0, len(first), _AT_A_TIME)
    found = list(in_threads(some, starts, n_threads)) if len(first) else []
    return np.concatenate([np.empty(0), *found])


def _similarity(
    first: Floats, second: Floats, positions: npt.NDArray[np.int8]
) -> npt.NDArray[np.float64]:
    target = windowed(second)
    peaks, shifts, turned = [], [], []
    for turn in (0, _HALF_TURN):
        turned.append(_oriented_each(first, positions ^ turn))
        peak, shift = _best_shift(windowed(turned[-1]), target)
        peaks.append(peak)
        shifts.append(shift)
    straight = peaks[0] >= peaks[1]
    fixed = np.where(straight[:, np.newaxis, np.newaxis], *turned)
    shift = np.where(straight[:, np.newaxis], *shifts)
    found = np.maximum(*peaks).clip(0, 1).astype(np.float64)
    close = found > _CLOSE
    if close.any():
        found[close] = _Overlay(fixed[close], second[close]).fit(shift[close])
    return found


def _oriented_each(thumbs: Floats, positions: npt.NDArray[np.int8]) -> Floats:
    found = np.empty_like(thumbs)
    for position in np.unique(positions):
        chosen = positions == position
        found[chosen] = oriented(thumbs[chosen], int(position))
    return found


def _best_shift(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Height of the highest peak of the cross-correlation, and the whole pixels it is away."""
    surface = irfft2(np.conj(rfft2(first)) * rfft2(second), s=(SIDE, SIDE))
    near = np.arange(-_FARTHEST, _FARTHEST + 1)
    surface = surface[:, near[:, np.newaxis], near].reshape(len(first), -1)
    place = surface.argmax(axis=1)
    shift = np.stack(np.unravel_index(place, (len(near), len(near))), axis=1) - _FARTHEST
    return surface.max(axis=1), shift.astype(np.float32)


def _slopes() -> npt.NDArray[np.float32]:
    """The matrix of central differences."""
    slopes = np.zeros((SIDE, SIDE), np.float32)
    pixel = np.arange(SIDE)
    below, above = (pixel - 1).clip(0), (pixel + 1).clip(None, SIDE - 1)
    slopes[pixel, above] += 1 / (above - below)
    slopes[pixel, below] -= 1 / (above - below)
    return slopes


_SLOPES = _slopes()
_CURVES = _SLOPES @ _SLOPES
_PLACES = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2)[_INNER]


def _centred(images: Floats) -> Floats:
    flat = images.reshape(len(images), -1)
    return np.asarray(flat - flat.mean(axis=1, keepdims=True))


def _norm(flat: Floats) -> Floats:
    norm: Floats = np.sqrt(np.einsum("np,np->n", flat, flat))
    return np.asarray(np.maximum(norm, 1e-6)[:, np.newaxis])


def _along(flat: Floats, direction: Floats) -> Floats:
    return np.asarray(np.einsum("np,np->n", flat, direction)[:, np.newaxis])


@dataclass
class _Overlay:
    """Pairs of images of which the second is resampled until it lies over the first."""

    first: Floats
    second: Floats

    def fit(self, shift: Floats) -> npt.NDArray[np.float64]:
        """The highest correlation on the way of some Gauss-Newton steps."""
        inner = _centred(self.first[:, _INNER, _INNER])
        target = inner / _norm(inner)
        move = np.zeros((len(target), 4), np.float32)  # shift, log scale of rows; of columns
        move[:, [0, 2]] = shift
        best = np.zeros((len(target), 1), np.float32)
        for step in range(_N_STEPS + 1):
            image = self._resampled(move)
            inner = _centred(image[:, _INNER, _INNER])
            norm = _norm(inner)
            plain = inner / norm
            sharper = self._sharper(image, plain)
            agreement, by_sharpness = _along(target, plain), _along(target, sharper)
            best = np.maximum(best, np.hypot(np.maximum(agreement, 0), by_sharpness))
            if step < _N_STEPS:
                rest = target - agreement * plain - by_sharpness * sharper
                change = _step(self._directions(image, plain, norm), rest)
                move += change / np.maximum(agreement, 0.3)
                move[:, ::2] = move[:, ::2].clip(-_FARTHEST - 1, _FARTHEST + 1)
                move[:, 1::2] = move[:, 1::2].clip(-_MOST_SCALED, _MOST_SCALED)
        return np.minimum(best[:, 0].astype(np.float64), 1)

    def _resampled(self, move: Floats) -> Floats:
        rows = interpolation(move[:, 0], np.exp(move[:, 1]))
        columns = interpolation(move[:, 2], np.exp(move[:, 3]))
        return np.asarray(rows @ self.second @ columns.transpose(0, 2, 1))

    @staticmethod
    def _sharper(image: Floats, plain: Floats) -> Floats:
        """What an image gains when it is made sharper, of norm 1 and at right angles to it."""
        curved = _centred((_CURVES @ image + image @ _CURVES.T)[:, _INNER, _INNER])
        curved -= _along(curved, plain) * plain
        return np.asarray(curved / _norm(curved))

    @staticmethod
    def _directions(image: Floats, plain: Floats, norm: Floats) -> Floats:
        """How a normalised image changes with each of the four moves, of shape (n, 4, pixels)."""
        down = (_SLOPES[_INNER] @ image)[:, :, _INNER]
        right = (image @ _SLOPES[_INNER].T)[:, _INNER]
        moves = [down, down * _PLACES[:, np.newaxis], right, right * _PLACES]
        found = np.stack([_centred(each) for each in moves], axis=1) / norm[:, np.newaxis]
        found -= (found @ plain[:, :, np.newaxis]) * plain[:, np.newaxis]
        return np.asarray(found)


def _step(directions: Floats, rest: Floats) -> Floats:
    """The move that explains most of the rest."""
    normal = directions @ directions.transpose(0, 2, 1)
    ridge = 1e-3 * np.trace(normal, axis1=1, axis2=2) / 4 + 1e-8
    normal += ridge[:, np.newaxis, np.newaxis] * np.eye(4, dtype=np.float32)
    return np.asarray(np.linalg.solve(normal, directions @ rest[:, :, np.newaxis])[..., 0])
