"""The images most likely to be versions of each image, out of all others.

Decisions: docs/decisions.md#look-alikes-and-data-audits.
"""

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft2

from skdl.audit._thumbnails import SIDE, Floats, interpolation, oriented, windowed

N_CANDIDATES = 20
"""Images that are compared with each image in detail, at most."""

UPRIGHT = (0, 1, 4, 5)
"""Positions of a square that no half turn leads to one another."""

_LOWEST = 8  # frequencies, from 0, in both directions
_N_FEATURES = 64
_N_LEARNED_FROM = 400
_RIDGE = 0.1
_FARTHEST = 0.08  # shifts and crops learned from, as a part of a side
_IN_BLOCK = 2**23  # scores in memory at a time
_AT_A_TIME = 1024


def nearest(
    thumbs: npt.NDArray[np.float16],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]:
    """Rows of the candidates of each image, the most likely first, and their position to it.

    An image is described by the amplitudes of its lowest spatial frequencies, which neither shifts
    nor half turns change; features are those of their linear combinations that differ most from
    image to image and least when an image is shifted, cropped or blurred.
    """
    learned = _learn(thumbs)
    features = [_described(thumbs, symmetry, *learned) for symmetry in UPRIGHT]
    n, k = len(thumbs), min(N_CANDIDATES, len(thumbs) - 1)
    rows = np.empty((n, k), np.int32)
    positions = np.empty((n, k), np.int8)
    step = max(1, _IN_BLOCK // n)
    for start in range(0, n, step):
        part = slice(start, start + step)
        rows[part] = _best_rows(features, part, k)
        scores = [np.einsum("nf,nkf->nk", one[part], features[0][rows[part]]) for one in features]
        order = np.argsort(-np.max(scores, axis=0), axis=1, kind="stable")
        position = np.array(UPRIGHT, np.int8)[np.argmax(scores, axis=0)]
        rows[part] = np.take_along_axis(rows[part], order, axis=1)
        positions[part] = np.take_along_axis(position, order, axis=1)
    return rows, positions


def _best_rows(
    features: list[npt.NDArray[np.float32]], part: slice, k: int
) -> npt.NDArray[np.intp]:
    scores = features[0][part] @ features[0].T
    for one in features[1:]:
        np.maximum(scores, one[part] @ features[0].T, out=scores)
    n_rows = len(scores)
    scores[np.arange(n_rows), np.arange(part.start, part.start + n_rows)] = -np.inf
    n = scores.shape[1]
    return np.argpartition(scores, n - k, axis=1)[:, n - k :]


def _amplitudes(thumbs: Floats) -> npt.NDArray[np.float32]:
    """Square roots of them, lest the strongest frequencies decide all."""
    spectrum = np.abs(rfft2(windowed(thumbs.astype(np.float32))))[:, :, :_LOWEST]
    kept = np.concatenate([spectrum[:, :_LOWEST], spectrum[:, 1 - _LOWEST :]], axis=1)
    return np.asarray(np.sqrt(kept.reshape(len(thumbs), -1)), dtype=np.float32)


def _described(
    thumbs: npt.NDArray[np.float16], symmetry: int, mean: Floats, weights: Floats
) -> npt.NDArray[np.float32]:
    found = np.empty((len(thumbs), weights.shape[1]), np.float32)
    for start in range(0, len(thumbs), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        features = (_amplitudes(oriented(thumbs[part], symmetry)) - mean) @ weights
        norm = np.linalg.norm(features, axis=1, keepdims=True)
        found[part] = features / np.maximum(norm, 1e-6)
    return found


def _learn(thumbs: npt.NDArray[np.float16]) -> tuple[Floats, Floats]:
    """Mean amplitudes, and the weights of a linear discriminant analysis.

    Its classes are the images, of which some are changed here as versions of them would be.
    """
    chosen = np.linspace(0, len(thumbs) - 1, min(len(thumbs), _N_LEARNED_FROM)).astype(int)
    some = [oriented(thumbs[chosen], symmetry) for symmetry in UPRIGHT]
    images = np.concatenate(some).astype(np.float32)
    plain = _amplitudes(images)
    random = np.random.default_rng(0)
    changes = [_amplitudes(change) - plain for change in (_moved(images, random), _coarse(images))]
    differences = np.concatenate(changes)
    within = differences.T @ differences / len(plain)
    within += _RIDGE * np.trace(within) / len(within) * np.eye(len(within), dtype=np.float32)
    between = np.cov(plain, rowvar=False)
    values, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(values)
    directions = np.linalg.eigh(whitening.T @ between @ whitening)[1]
    weights = whitening @ directions[:, ::-1][:, :_N_FEATURES]
    return plain.mean(axis=0), weights.astype(np.float32)


def _moved(images: Floats, random: np.random.Generator) -> Floats:
    """The images, shifted or cropped at random."""
    matrices = []
    for _ in range(2):
        low, high = random.uniform(0, _FARTHEST, (2, len(images)))
        shift = random.uniform(-_FARTHEST, _FARTHEST, len(images)) * SIDE
        is_crop = random.random(len(images)) < 0.5
        shift = np.where(is_crop, (low - high) / 2 * SIDE, shift)
        matrices.append(interpolation(shift, np.where(is_crop, 1 - low - high, 1)))
    return np.asarray(matrices[0] @ images @ matrices[1].transpose(0, 2, 1))


def _coarse(images: Floats) -> Floats:
    """The images at half their resolution."""
    pooled = images.reshape(len(images), SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4))
    half = np.arange(SIDE // 2)
    place = ((np.arange(SIDE) - 0.5) / 2).clip(0, SIDE // 2 - 1)
    back = np.maximum(0, 1 - np.abs(place[:, np.newaxis] - half)).astype(np.float32)
    return np.asarray(back @ pooled @ back.T)
