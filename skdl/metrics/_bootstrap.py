"""Bootstrap intervals, bias-corrected and accelerated."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from sklearn.exceptions import UndefinedMetricWarning

from skdl._utils.checks import warn_user
from skdl.metrics._confusion import Array
from skdl.metrics._groups import quantile

# Share of resamples that may be undefined: leaving out more would make another distribution.
MAX_UNDEFINED = 0.1
# Leaving out blocks of rows instead of single ones gives the same acceleration in expectation.
MAX_BLOCKS = 1000


class Resamples(NamedTuple):
    """Scores of resamples, and of the samples without one of them, stratum by stratum.

    Of groups of samples, the degrees of freedom: the effective number of groups less that of
    strata.
    """

    scores: Array
    left_out: list[Array]
    degrees: float | None = None


def resample_matrix(
    evaluate: Callable[[Array], Array],
    matrix: Array,
    stratified: bool,
    n_resamples: int,
    generator: np.random.Generator,
) -> Resamples:
    """Resample a confusion matrix, which is as good as resampling its samples."""
    counts = matrix.astype(np.int64)
    n_classes = len(counts)
    strata = counts[counts.sum(axis=1) > 0] if stratified else counts.reshape(1, -1)
    drawn = [generator.multinomial(s.sum(), s / s.sum(), size=n_resamples) for s in strata]
    if stratified:
        resampled = np.zeros((n_resamples, n_classes, n_classes))
        resampled[:, counts.sum(axis=1) > 0] = np.stack(drawn, axis=1)
    else:
        resampled = drawn[0].reshape(-1, n_classes, n_classes).astype(np.float64)

    cells = np.argwhere(counts)
    without = np.repeat(matrix[None], len(cells), axis=0)
    without[np.arange(len(cells)), cells[:, 0], cells[:, 1]] -= 1
    left_out = np.repeat(evaluate(without), counts[counts > 0])
    ends = np.cumsum(strata.sum(axis=1))[:-1]
    return Resamples(evaluate(resampled), np.split(left_out, ends))


def resample_rows(
    evaluate: Callable[[npt.NDArray[Any]], float],
    strata: Sequence[npt.NDArray[np.intp]],
    n_resamples: int,
    generator: np.random.Generator,
) -> Resamples:
    """Resample the rows of each stratum, and evaluate them."""
    scores = [
        evaluate(np.concatenate([generator.choice(rows, len(rows)) for rows in strata]))
        for _ in range(n_resamples)
    ]
    left_out = []
    for i, rows in enumerate(strata):
        others = [r for j, r in enumerate(strata) if j != i]
        order = generator.permutation(rows)
        blocks = np.array_split(order, min(len(order), MAX_BLOCKS))
        kept = (np.setdiff1d(order, block, assume_unique=True) for block in blocks)
        left_out.append(np.array([evaluate(np.concatenate([*others, rest])) for rest in kept]))
    return Resamples(np.array(scores), left_out)


def bca_interval(
    name: str, estimate: float, resamples: Resamples, level: float
) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 14; for strata, the sums
    over all of them, as for several samples.

    The bootstrap of few groups varies too little. Its quantiles are further out by as much as those
    of Student's t distribution are, and as the variance of a sample lacks (Hesterberg, "What
    teachers should know about the bootstrap", The American Statistician 69 (2015), 371-386).
    """
    scores = _known(name, resamples.scores)
    if np.ptp(scores) == 0:
        warn_user(
            f"{name} is {estimate:g} in every resample: the bootstrap says nothing about its "
            "uncertainty. Use more samples, or method='wilson' for a proportion.",
        )
        return estimate, estimate
    # Ties count half, whatever the last bits.
    tied = np.isclose(scores, estimate, rtol=1e-12, atol=0)
    below = (scores[~tied] < estimate).sum() / len(scores) + tied.mean() / 2
    margin = 1 / (2 * len(scores))
    bias = ndtri(np.clip(below, margin, 1 - margin))
    shifted = bias + _quantiles(level, resamples.degrees)
    scale = 1 - _acceleration(resamples.left_out) * shifted
    with np.errstate(divide="ignore"):
        corrected = bias + shifted / np.maximum(scale, 0)
    low, high = np.quantile(scores, ndtr(corrected))
    return float(low), float(high)


def _quantiles(level: float, degrees: float | None) -> Array:
    """Quantiles of the standard normal distribution, or those that take their place."""
    if degrees is None:
        return np.asarray(ndtri([(1 - level) / 2, (1 + level) / 2]))
    degrees = max(degrees, 1.0)
    half = np.sqrt((degrees + 1) / degrees) * quantile(level, degrees)
    return np.array([-half, half])


def _known(name: str, scores: Array) -> Array:
    known = scores[~np.isnan(scores)]
    n_undefined = len(scores) - len(known)
    if n_undefined > MAX_UNDEFINED * len(scores):
        raise ValueError(
            f"{name} is undefined in {n_undefined} of {len(scores)} resamples. There are too few "
            "samples or predictions of some class. Use more samples, or another method."
        )
    if n_undefined:
        warn_user(
            f"{name} is undefined in {n_undefined} of {len(scores)} resamples, which are left out "
            "of the bootstrap.",
            UndefinedMetricWarning,
        )
    return known


def _acceleration(left_out: Sequence[Array]) -> float:
    cubes = squares = 0.0
    for values in left_out:
        known = values[~np.isnan(values)]
        if len(known) > 1:
            influence = (known.mean() - known) * (len(known) - 1) / len(known)
            cubes += (influence**3).sum()
            squares += (influence**2).sum()
    return float(cubes / (6 * squares**1.5)) if squares > 0 else 0.0
