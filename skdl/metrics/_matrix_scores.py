"""Scores of confusion matrices, with the intervals that follow from counts."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from skdl.metrics._confusion import (
    F1,
    NEGATIVE_LIKELIHOOD_RATIO,
    SENSITIVITY,
    SPECIFICITY,
    Array,
    Ratio,
)
from skdl.metrics._counts import Counts
from skdl.metrics._proportions import (
    Limits,
    geometric_mean_interval,
    mean_interval,
    one_vs_rest,
    ratio_interval,
)
from skdl.metrics._table import TABLE

_CLASSES = "samples of one of the classes"
# The share of true positives among all samples that are of the class, or are taken for it: F1 grows
# with it (K. Lam, arXiv:2309.14621).
# Why: docs/decisions.md#scores-and-intervals
_JACCARD = Ratio("Jaccard", F1.missing, lambda tn, fp, fn, tp: (tp, tp + fp + fn))


class MatrixScore(NamedTuple):
    """A score of confusion matrices of shape (..., k, k), and its interval for one of them."""

    evaluate: Callable[[Array], Array]
    method: str
    limits: Callable[[float], Limits] | None
    missing: str  # what there is none of where the score is undefined


def matrix_score(name: str, counts: Counts, average: str) -> MatrixScore:
    """The score of a name, which is not that of a curve.

    For `average="binary"` the counts are those of the negative and the positive class.
    """
    if name == "accuracy":
        return MatrixScore(
            lambda m: np.trace(m, axis1=-2, axis2=-1) / m.sum(axis=(-2, -1)),
            "wilson",
            counts.accuracy_limits,
            "samples",
        )
    if name == "balanced_accuracy":
        return _balanced_accuracy(counts)
    if name == "geometric_mean":
        return _geometric_mean(counts, average)
    return _ratio(TABLE[name].ratio, counts, average)


def _balanced_accuracy(counts: Counts) -> MatrixScore:
    present = counts.matrix.sum(axis=1) > 0

    def limits(level: float) -> Limits:
        k = int(present.sum())
        return mean_interval(
            _recalls(counts.matrix)[present],
            counts.limits(SENSITIVITY, present, level),
            np.full(k, 1 / k),
            counts.recall_correlations(present),
        )

    return MatrixScore(lambda m: _recalls(m)[..., present].mean(axis=-1), "mover", limits, _CLASSES)


def _geometric_mean(counts: Counts, average: str) -> MatrixScore:
    if average in ("macro", "weighted"):  # the rates of the classes share samples
        weights = _weights(counts.matrix, average)

        def averaged(m: Array) -> Array:
            cells = one_vs_rest(m)
            means: Array = np.sqrt(SENSITIVITY(cells) * SPECIFICITY(cells)) @ weights
            return means

        return MatrixScore(averaged, "bootstrap", None, _CLASSES)

    def limits(level: float) -> Limits:
        every = np.ones(len(counts.matrix), dtype=np.bool_)
        return geometric_mean_interval(
            _recalls(counts.matrix),
            counts.limits(SENSITIVITY, every, level),
            counts.recall_correlations(every),
        )

    return MatrixScore(
        lambda m: _recalls(m).prod(axis=-1) ** (1 / m.shape[-1]), "mover", limits, _CLASSES
    )


def _ratio(ratio: Ratio, counts: Counts, average: str) -> MatrixScore:
    if average == "binary":
        method = "mover" if ratio.unbounded else "wilson"
        positive = np.array([False, True])

        def of_one(level: float) -> Limits:
            low, high = _class_limits(ratio, counts, positive, level)
            return float(low[0]), float(high[0])

        return MatrixScore(ratio, method, of_one, ratio.missing)
    weights = _weights(counts.matrix, average)
    used = weights > 0  # a class without samples has no weight, and no ratio

    def limits(level: float) -> Limits:
        return mean_interval(
            ratio(counts.cells)[used],
            _class_limits(ratio, counts, used, level),
            weights[used],
            counts.correlations(ratio, used),
        )

    def averaged(m: Array) -> Array:
        means: Array = ratio(one_vs_rest(m))[..., used] @ weights[used]
        return means

    return MatrixScore(averaged, "mover", limits, ratio.missing)


def _class_limits(ratio: Ratio, counts: Counts, of: Any, level: float) -> Limits:
    """Limits of the ratio of each of some classes, from its four cells."""
    if ratio is F1:
        low, high = counts.limits(_JACCARD, of, level)
        return 2 * low / (1 + low), 2 * high / (1 + high)
    if not ratio.unbounded:
        return counts.limits(ratio, of, level)
    cells = counts.cells[of]
    sensitivity, specificity = SENSITIVITY(cells), SPECIFICITY(cells)
    of_sensitivity = counts.limits(SENSITIVITY, of, level)
    of_specificity = counts.limits(SPECIFICITY, of, level)
    if ratio is NEGATIVE_LIKELIHOOD_RATIO:
        parts = 1 - sensitivity, _flipped(of_sensitivity), specificity, of_specificity
    else:
        parts = sensitivity, of_sensitivity, 1 - specificity, _flipped(of_specificity)
    a, limits_a, b, limits_b = parts
    correlations = -counts.rate_correlations(of)  # one of the two is flipped
    pairs = zip(
        a, zip(*limits_a, strict=True), b, zip(*limits_b, strict=True), correlations, strict=True
    )
    low, high = np.array([ratio_interval(*pair) for pair in pairs]).T
    return low, high


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
