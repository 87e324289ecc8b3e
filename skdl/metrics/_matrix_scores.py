"""Scores of confusion matrices, with the intervals that follow from counts."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skdl.metrics._confusion import (
    F1,
    NEGATIVE_LIKELIHOOD_RATIO,
    SENSITIVITY,
    SPECIFICITY,
    Array,
    Ratio,
)
from skdl.metrics._proportions import (
    Limits,
    geometric_mean_interval,
    mean_interval,
    one_vs_rest,
    rate_correlations,
    ratio_interval,
    wilson_interval,
)
from skdl.metrics._table import TABLE

_CLASSES = "samples of one of the classes"


class MatrixScore(NamedTuple):
    """A score of confusion matrices of shape (..., k, k), and its interval for one of them."""

    evaluate: Callable[[Array], Array]
    method: str
    limits: Callable[[float], Limits] | None
    missing: str  # what there is none of where the score is undefined


def matrix_score(name: str, matrix: Array, average: str) -> MatrixScore:
    """The score of a name, which is not that of a curve; true classes are the rows of the matrix.

    For `average="binary"` it is the matrix of the negative and the positive class.
    """
    if name == "accuracy":
        return MatrixScore(
            lambda m: np.trace(m, axis1=-2, axis2=-1) / m.sum(axis=(-2, -1)),
            "wilson",
            lambda level: wilson_interval(np.trace(matrix), matrix.sum(), level=level),
            "samples",
        )
    if name == "balanced_accuracy":
        return _balanced_accuracy(matrix)
    if name == "geometric_mean":
        return _geometric_mean(matrix, average)
    return _ratio(TABLE[name].ratio, matrix, average)


def _balanced_accuracy(matrix: Array) -> MatrixScore:
    present = matrix.sum(axis=1) > 0

    def limits(level: float) -> Limits:
        found = _recall_limits(np.diagonal(matrix)[present], matrix.sum(axis=1)[present], level)
        k = int(present.sum())
        return mean_interval(*found, np.full(k, 1 / k), np.eye(k))

    return MatrixScore(lambda m: _recalls(m)[..., present].mean(axis=-1), "mover", limits, _CLASSES)


def _geometric_mean(matrix: Array, average: str) -> MatrixScore:
    if average in ("macro", "weighted"):  # the rates of the classes share samples
        weights = _weights(matrix, average)

        def averaged(m: Array) -> Array:
            cells = one_vs_rest(m)
            means: Array = np.sqrt(SENSITIVITY(cells) * SPECIFICITY(cells)) @ weights
            return means

        return MatrixScore(averaged, "bootstrap", None, _CLASSES)

    def limits(level: float) -> Limits:
        found = _recall_limits(np.diagonal(matrix), matrix.sum(axis=1), level)
        return geometric_mean_interval(*found)

    return MatrixScore(
        lambda m: _recalls(m).prod(axis=-1) ** (1 / m.shape[-1]), "mover", limits, _CLASSES
    )


def _ratio(ratio: Ratio, matrix: Array, average: str) -> MatrixScore:
    if average == "binary":
        method = "mover" if ratio.unbounded else "wilson"

        def of_one(level: float) -> Limits:
            low, high = _class_limits(ratio, matrix[None], level)
            return float(low[0]), float(high[0])

        return MatrixScore(ratio, method, of_one, ratio.missing)
    weights = _weights(matrix, average)

    def limits(level: float) -> Limits:
        cells = one_vs_rest(matrix)
        ends = _class_limits(ratio, cells, level)
        correlations = rate_correlations(ratio, matrix)[np.ix_(counts, counts)]
        limits_of_counted = ends[0][counts], ends[1][counts]
        return mean_interval(ratio(cells)[counts], limits_of_counted, weights[counts], correlations)

    counts = weights > 0  # a class without samples has no weight, and no ratio

    def averaged(m: Array) -> Array:
        means: Array = ratio(one_vs_rest(m))[..., counts] @ weights[counts]
        return means

    return MatrixScore(averaged, "mover", limits, ratio.missing)


def _class_limits(ratio: Ratio, cells: Array, level: float) -> Limits:
    """Limits of the ratio of each class, from its four cells."""
    if ratio.unbounded:
        sensitivity, specificity = SENSITIVITY(cells), SPECIFICITY(cells)
        of_sensitivity = _wilson(SENSITIVITY, cells, level)
        of_specificity = _wilson(SPECIFICITY, cells, level)
        if ratio is NEGATIVE_LIKELIHOOD_RATIO:
            parts = 1 - sensitivity, _flipped(of_sensitivity), specificity, of_specificity
        else:
            parts = sensitivity, of_sensitivity, 1 - specificity, _flipped(of_specificity)
        a, limits_a, b, limits_b = parts
        pairs = zip(a, zip(*limits_a, strict=True), b, zip(*limits_b, strict=True), strict=True)
        low, high = np.array([ratio_interval(*pair) for pair in pairs]).T
        return low, high
    if ratio is F1:
        # It grows with the share of true positives among all samples that are of the class, or
        # are taken for it (K. Lam, arXiv:2309.14621).
        tp = cells[:, 1, 1]
        low, high = wilson_interval(tp, tp + cells[:, 0, 1] + cells[:, 1, 0], level=level)
        return 2 * low / (1 + low), 2 * high / (1 + high)
    return _wilson(ratio, cells, level)


def _wilson(ratio: Ratio, cells: Array, level: float) -> Limits:
    return wilson_interval(*ratio.counts(cells), level=level)


def _flipped(limits: Limits) -> Limits:
    return 1 - limits[1], 1 - limits[0]


def _weights(matrix: Array, average: str) -> Array:
    counts = matrix.sum(axis=1) if average == "weighted" else np.ones(len(matrix))
    weights: Array = counts / counts.sum()
    return weights


def _recalls(matrices: Array) -> Array:
    right, all_ = np.diagonal(matrices, axis1=-2, axis2=-1), matrices.sum(axis=-1)
    recalls = np.full(right.shape, np.nan)
    np.divide(right, all_, out=recalls, where=all_ > 0)
    return recalls


def _recall_limits(hits: Array, n: Array, level: float) -> tuple[Array, Limits]:
    return hits / n, wilson_interval(hits, n, level=level)
