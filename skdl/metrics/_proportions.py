"""Intervals of proportions, and of scores that are made of several of them.

Decisions: docs/decisions.md#scores-and-intervals.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from skdl._utils.text import shortened
from skdl.metrics._checks import check_level
from skdl.metrics._confusion import Array, Ratio
from skdl.metrics._groups import (
    Groups,
    check_spread,
    design_effect,
    group_correlations,
    quantile,
)

Limits: TypeAlias = tuple[Any, Any]

# Added to each cell of a confusion matrix where correlations are estimated: without a mistake in
# sight, nothing else tells which proportions a mistake would change together.
_HALF_A_SAMPLE = 0.5


def wilson_interval(n_successes: Any, n: Any, *, level: float = 0.95) -> tuple[Any, Any]:
    """Wilson's score interval of a proportion.

    It contains the proportions that a score test of the binomial distribution does not reject. It
    stays within [0, 1], and has a positive width even if no trial or every trial succeeds.

    Parameters
    ----------
    n_successes : int or array-like of int
        Number of successes, from 0 to `n`.
    n : int or array-like of int
        Number of trials. With 0 trials, the interval is from 0 to 1: nothing is known.
    level : float, default=0.95
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : float, or float64 ndarray if arrays are given
        In [0, 1].

    Raises
    ------
    ValueError
        If a count is negative or not a whole number, there are more successes than trials, the
        shapes do not match, or `level` is out of range.

    See Also
    --------
    confidence_interval : Intervals of accuracy, sensitivity and other scores.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
    209-212.

    Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven
    methods", Statistics in Medicine 17 (1998), 857-872.

    Examples
    --------
    >>> from skdl.metrics import wilson_interval
    >>> low, high = wilson_interval(81, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)
    >>> low, high = wilson_interval([0, 20], 20)
    >>> low.round(2), high.round(2)
    (array([0.  , 0.84]), array([0.16, 1.  ]))
    """
    check_level(level)
    successes, trials = _counts(n_successes, "n_successes"), _counts(n, "n")
    try:
        successes, trials = np.broadcast_arrays(successes, trials)
    except ValueError:
        raise ValueError(
            f"n_successes has shape {successes.shape}, and n has shape {trials.shape}. Pass arrays "
            "whose shapes match."
        ) from None
    if (successes > trials).any():
        where = np.argmax(successes > trials)
        raise ValueError(
            f"There are more successes than trials: {successes.flat[where]:g} of "
            f"{trials.flat[where]:g}."
        )
    low, high = _score_limits(successes, trials - successes, ndtri((1 + level) / 2))
    return (float(low), float(high)) if low.ndim == 0 else (low, high)


def _score_limits(successes: Any, failures: Any, quantile: Any) -> Limits:
    """Proportions that are no more than so many of their own standard errors away."""
    trials, squared = successes + failures, quantile**2
    center = (successes + squared / 2) / (trials + squared)
    spread = successes * failures / np.where(trials > 0, trials, 1) + squared / 4
    half = np.sqrt(squared * spread) / (trials + squared)
    # Exactly 0 and 1 at the ends, whatever the rounding.
    low = np.where(successes == 0, 0.0, np.maximum(center - half, 0.0))
    high = np.where(failures == 0, 1.0, np.minimum(center + half, 1.0))
    return low, high


def grouped_interval(hits: Array, trials: Array, level: float, what: Sequence[str]) -> Limits:
    """Wilson's interval of proportions of trials in groups, of shape (n_groups, k), each (k,).

    That of as many independent trials as the groups are worth, their number divided by the design
    effect (Rao and Scott, Biometrics 48 (1992), 577-585), with a quantile of Student's t
    distribution. `what` the trials of each proportion are is for the error.
    """
    effect, k = design_effect(hits, trials)
    check_spread(k, what)
    n = trials.sum(axis=0)
    successes, failures = (part / effect for part in (hits.sum(axis=0), n - hits.sum(axis=0)))
    limits = _score_limits(successes, failures, quantile(level, np.maximum(k - 1, 1)))
    nothing = n == 0
    return np.where(nothing, 0.0, limits[0]), np.where(nothing, 1.0, limits[1])


def mean_interval(rates: Array, limits: Limits, weights: Array, correlations: Array) -> Limits:
    """Interval of a weighted mean of rates with known intervals and correlations.

    Zou and Donner, "Construction of confidence limits about effect measures: a general approach",
    Statistics in Medicine 27 (2008), 1693-1702: the method of variance estimates recovery (MOVER).
    The variance of each rate is recovered from the distance to its own limit. Weights may be
    negative.
    """
    value = float(weights @ rates)
    below, above = weights * (rates - limits[0]), weights * (limits[1] - rates)
    # The lower limit of a difference is reached where what is subtracted has its upper one.
    down, up = np.where(weights < 0, above, below), np.where(weights < 0, below, above)
    spans = [np.sqrt(max(float(span @ correlations @ span), 0.0)) for span in (down, up)]
    return value - float(spans[0]), value + float(spans[1])


def ratio_interval(
    a: float, limits_a: Limits, b: float, limits_b: Limits, correlation: float = 0.0
) -> Limits:
    """Interval of the ratio a / b of two rates with known intervals and correlation.

    Donner and Zou, "Closed-form confidence intervals for functions of the normal mean and standard
    deviation", Statistical Methods in Medical Research 21 (2012), 347-359.
    """
    (low_a, high_a), (low_b, high_b) = limits_a, limits_b

    def numerator(end_a: float, end_b: float) -> float:
        product = a * b - correlation * (a - end_a) * (end_b - b)
        spread = product**2 - end_a * end_b * (2 * a - end_a) * (2 * b - end_b)
        return product + float(np.sqrt(max(spread, 0.0)))

    # The lower limit is written such that it holds for 2b = high_b, too.
    low = low_a * (2 * a - low_a) / numerator(low_a, high_b) if low_a > 0 else 0.0
    return low, numerator(high_a, low_b) / (low_b * (2 * b - low_b))


def geometric_mean_interval(rates: Array, limits: Limits, correlations: Array) -> Limits:
    """Interval of the geometric mean of rates with known intervals and correlations.

    That of the mean of their logarithms. Where a rate is 0, which has none, the mean is at least 0
    and at most that of the upper limits.
    """
    low, high = limits
    if (rates == 0).any():
        return 0.0, float(np.prod(high) ** (1 / len(rates)))
    logs = np.log(rates), (np.log(low), np.log(high))
    ends = mean_interval(*logs, np.full(len(rates), 1 / len(rates)), correlations)
    return float(np.exp(ends[0])), float(np.exp(ends[1]))


def rate_correlations(ratio: Ratio, matrix: Array) -> Array:
    """Correlations of the ratios of all classes against the rest, by the delta method.

    The number of samples of each class is given, and half a sample is added to each cell. Negative
    correlations, which would make the interval of a mean narrower, are taken for 0.
    """
    matrix = matrix + _HALF_A_SAMPLE
    right, n_true = np.diagonal(matrix), matrix.sum(axis=1)
    tn, fp, fn, tp = gradients(ratio, one_vs_rest(matrix))
    # What a sample of class i that is taken for class j changes: a of the rate of class i, b of
    # that of class j, and c more if they are the same.
    a, b, c = fn - tn, fp - tn, tp - fn - fp + tn
    both = matrix * np.outer(a, b)
    np.fill_diagonal(both, 0)
    wrong = (n_true - right) * a**2 + (matrix.sum(axis=0) - right) * b**2
    second = both + both.T + np.diag(wrong + right * (a + b + c) ** 2)
    first = matrix / n_true[:, None] * b + np.diag(a + c * right / n_true)
    covariances = second - first.T @ (n_true[:, None] * first)
    deviations = np.sqrt(np.diagonal(covariances))
    found: Array = np.clip(covariances / np.outer(deviations, deviations), 0, 1)
    np.fill_diagonal(found, 1)
    return found


def gradients(ratio: Ratio, cells: Array) -> list[Array]:
    """Derivatives of the ratio of each class by its four cells."""
    step = 1e-4
    found = []
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        ends = []
        for sign in (1, -1):
            moved = cells.copy()
            moved[:, row, column] += sign * step
            ends.append(ratio(moved))
        found.append((ends[0] - ends[1]) / (2 * step))
    return found


def one_vs_rest(matrices: Array) -> Array:
    """Return matrices of shape (..., k, 2, 2) from those of shape (..., k, k)."""
    tp = np.diagonal(matrices, axis1=-2, axis2=-1)
    fn, fp = matrices.sum(axis=-1) - tp, matrices.sum(axis=-2) - tp
    tn = matrices.sum(axis=(-2, -1))[..., None] - tp - fn - fp
    return np.stack([np.stack([tn, fp], axis=-1), np.stack([fn, tp], axis=-1)], axis=-2)


def paired_difference(
    a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_], level: float
) -> tuple[float, float, float]:
    """Difference of two proportions of the same samples, with its ends; NaN without samples.

    Newcombe, "Improved confidence intervals for the difference between binomial proportions based
    on paired data", Statistics in Medicine 17 (1998), 2635-2650, method 10: Wilson's limits, and
    the correlation phi of the two, corrected for continuity.
    """
    n = len(a)
    if n == 0:
        return np.nan, np.nan, np.nan
    both, only_a, only_b = int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum())
    neither = n - both - only_a - only_b
    excess = float(both * neither - only_a * only_b)
    if excess > 0:
        excess = max(excess - n / 2, 0.0)
    scale = np.sqrt(float(a.sum()) * (~a).sum() * b.sum() * (~b).sum())
    phi = excess / scale if scale else 0.0
    hits = np.array([a.sum(), b.sum()])
    low, high = mean_interval(
        hits / n,
        wilson_interval(hits, n, level=level),
        np.array([1.0, -1.0]),
        np.array([[1.0, phi], [phi, 1.0]]),
    )
    return (only_a - only_b) / n, low, high


def grouped_difference(
    right: Sequence[npt.NDArray[np.bool_]], groups: Groups, rows: Any, level: float
) -> tuple[tuple[float, float, float], Array]:
    """Difference of two proportions of some samples in groups, with its ends.

    And what each group adds to the difference. The intervals of both proportions and their
    correlation over groups are combined as by Yang, Sun and Hardin, "Confidence intervals for the
    difference of marginal probabilities in clustered matched-pair binary data", Pharmaceutical
    Statistics 11 (2012), 386-393. Samples of a single group have no ends.
    """
    hits = np.stack([groups.sums(of_model[rows], rows) for of_model in right], axis=1)
    n = groups.sums(rows)
    rates = hits.sum(axis=0) / n.sum()
    difference = float((hits[:, 0] - hits[:, 1]).sum() / n.sum())
    residuals = hits - rates * n[:, None]
    sums = (residuals[:, 0] - residuals[:, 1]) / n.sum()
    if (n > 0).sum() < 2:
        return (difference, np.nan, np.nan), sums
    low, high = mean_interval(
        rates,
        grouped_interval(hits, np.stack([n, n], axis=1), level, ["samples"] * 2),
        np.array([1.0, -1.0]),
        group_correlations(residuals),
    )
    return (difference, low, high), sums


def _counts(values: Any, name: str) -> Any:
    try:
        counts = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be whole numbers. Got {shortened(values)} instead."
        ) from None
    valid = np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))
    if not valid.all():
        wrong = counts.flat[np.argmin(valid)]
        raise ValueError(f"{name} must be whole numbers of 0 or more. Got {wrong:g} instead.")
    return counts
