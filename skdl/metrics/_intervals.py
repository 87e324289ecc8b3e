"""Confidence intervals of scores."""

import warnings
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri

from skdl.metrics._bootstrap import bca_interval
from skdl.metrics._checks import check_level
from skdl.metrics._delong import delong_variance, placements
from skdl.metrics._estimates import Estimate, estimate_score

Method: TypeAlias = Literal["auto", "wilson", "delong", "bootstrap"]


class ConfidenceInterval(NamedTuple):
    """A score with its confidence interval.

    Parameters
    ----------
    estimate : float
        The score of the samples.
    low, high : float
        The ends of the interval.

    Examples
    --------
    >>> from skdl.metrics import ConfidenceInterval
    >>> estimate, low, high = ConfidenceInterval(0.9, 0.85, 0.94)
    >>> f"{estimate:.2f} ({low:.2f} to {high:.2f})"
    '0.90 (0.85 to 0.94)'
    """

    estimate: float
    low: float
    high: float


def wilson_interval(n_successes: Any, n: Any, *, level: float = 0.95) -> tuple[Any, Any]:
    """Wilson's score interval of a proportion.

    The proportions that a score test of the binomial distribution does not reject. It stays
    within [0, 1], and has a width where no or every trial succeeds.

    Parameters
    ----------
    n_successes : int or array-like of int
        Number of successes, from 0 to `n`.
    n : int or array-like of int
        Number of trials. 0 gives the interval from 0 to 1: nothing is known.
    level : float, default=0.95
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : float, or float64 ndarray where arrays are given
        In [0, 1].

    Raises
    ------
    ValueError
        If a count is negative or no whole number, there are more successes than trials, the shapes
        do not fit, or `level` is out of range.

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
            f"n_successes of shape {successes.shape} and n of shape {trials.shape} do not fit."
        ) from None
    if (successes > trials).any():
        where = np.argmax(successes > trials)
        raise ValueError(
            f"There are more successes than trials: {successes.flat[where]:g} of "
            f"{trials.flat[where]:g}."
        )
    squared = ndtri((1 + level) / 2) ** 2
    failures = trials - successes
    center = (successes + squared / 2) / (trials + squared)
    spread = successes * failures / np.maximum(trials, 1) + squared / 4
    half = np.sqrt(squared * spread) / (trials + squared)
    # Exactly 0 and 1 at the ends, whatever the rounding.
    low = np.where(successes == 0, 0.0, np.maximum(center - half, 0.0))
    high = np.where(failures == 0, 1.0, np.minimum(center + half, 1.0))
    return (float(low), float(high)) if low.ndim == 0 else (low, high)


def confidence_interval(
    score: str | Callable[[Any, Any], float],
    y_true: Any,
    y_pred: Any,
    *,
    pos_label: Any = None,
    method: Method = "auto",
    level: float = 0.95,
    stratified: bool = True,
    n_resamples: int = 2000,
    random_state: Any = None,
) -> ConfidenceInterval:
    """Confidence interval of a score of test samples.

    It describes what other test samples would have changed, not what other training samples would
    have.

    Parameters
    ----------
    score : str or callable
        "accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv", "f1",
        "geometric_mean", "positive_likelihood_ratio", "negative_likelihood_ratio" (of labels) or
        "roc_auc" (of scores). Sensitivity and the other ratios of more than two classes are macro
        averages unless `pos_label` is given. Or a function ``(y_true, y_pred) -> float``, which is
        called with arrays of resampled rows; it is undefined where it is NaN, raises ValueError or
        warns with ``UndefinedMetricWarning``.
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,), or (n, n_classes) for "roc_auc"
        What `score` takes: predicted labels; for "roc_auc" probabilities of the positive class or
        decision values, or probabilities of all classes in sorted order (of more than two classes:
        the mean area of each against the rest).
    pos_label : int, float, bool or str, default=None
        The positive class, for scores by name. None takes 1 of {0, 1} or {-1, 1} and True of
        {False, True}; it is needed with other labels, except for accuracy.
    method : {"auto", "wilson", "delong", "bootstrap"}, default="auto"
        "wilson" is for proportions: accuracy, and sensitivity, specificity, PPV and NPV of one
        class. "delong" is for "roc_auc" of two classes, on the logit scale. "bootstrap" is for any
        score, bias-corrected and accelerated. "auto" takes the first of them that is for `score`.
    level : float, default=0.95
        Confidence level, between 0 and 1.
    stratified : bool, default=True
        Whether resamples keep the number of samples of each class. False for samples whose classes
        came as they came, where the score depends on how common they are.
    n_resamples : int, default=2000
        Number of resamples of the bootstrap.
    random_state : int, RandomState instance, Generator or None, default=None
        Seed of the resampling. None draws others each time.

    Returns
    -------
    interval : ConfidenceInterval
        Named tuple of `estimate`, `low` and `high`.

    Raises
    ------
    ValueError
        If the method is not for the score, the score is undefined for the samples or for more than
        a tenth of the resamples, arrays are empty or differ in length, a score is NaN, or a
        parameter is out of range.

    Warns
    -----
    UndefinedMetricWarning
        If the score is undefined for some resamples, which are left out.
    UserWarning
        If the interval has no width, and says nothing: an area of 0 or 1 for DeLong, or the same
        score in all resamples.

    See Also
    --------
    compare_models : Differences between models, with tests.
    wilson_interval : The interval of a proportion, from counts.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
    209-212.

    DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves: a nonparametric approach", Biometrics 44 (1988), 837-845.

    Sun and Xu, "Fast implementation of DeLong's algorithm for comparing the areas under correlated
    receiver operating characteristic curves", IEEE Signal Processing Letters 21 (2014), 1389-1393.

    Efron and Tibshirani, An Introduction to the Bootstrap, Chapman & Hall (1993), chapter 14.

    Examples
    --------
    >>> from skdl.metrics import confidence_interval
    >>> y_true = [1] * 50 + [0] * 150
    >>> y_pred = [1] * 45 + [0] * 5 + [0] * 135 + [1] * 15
    >>> estimate, low, high = confidence_interval("sensitivity", y_true, y_pred)
    >>> f"{estimate:.2f} ({low:.2f} to {high:.2f})"
    '0.90 (0.79 to 0.96)'
    >>> confidence_interval("f1", y_true, y_pred, random_state=0).low > 0.7
    True
    """
    check_level(level)
    if method not in ("auto", "wilson", "delong", "bootstrap"):
        raise ValueError(
            f"method must be 'auto', 'wilson', 'delong' or 'bootstrap'. Got {method!r} instead."
        )
    if not isinstance(n_resamples, (int, np.integer)) or n_resamples < 1:
        raise ValueError(f"n_resamples must be an int of 1 or more. Got {n_resamples!r} instead.")
    generator = np.random.default_rng(random_state)
    estimate = estimate_score(score, y_true, y_pred, pos_label)
    chosen = _settled(method, estimate)
    if chosen == "wilson" and estimate.proportion:
        low, high = wilson_interval(*estimate.proportion, level=level)
    elif chosen == "delong" and estimate.curve:
        low, high = _delong_interval(*estimate.curve, estimate.value, level)
    else:
        resamples = estimate.resample(stratified, n_resamples, generator)
        low, high = bca_interval(estimate.name, estimate.value, resamples, level)
    return ConfidenceInterval(estimate.value, low, high)


def _settled(method: Method, estimate: Estimate) -> Method:
    if method == "wilson" and estimate.proportion is None:
        raise ValueError(
            "method='wilson' is for proportions: 'accuracy', and 'sensitivity', 'specificity', "
            f"'ppv' and 'npv' of one class. {estimate.name} is none; take method='bootstrap'."
        )
    if method == "delong" and estimate.curve is None:
        raise ValueError(
            "method='delong' is for 'roc_auc' of two classes, or of pos_label against the others. "
            f"For {estimate.name} here, take method='bootstrap'."
        )
    if method == "auto" and estimate.proportion is not None:
        return "wilson"
    if method == "auto" and estimate.curve is not None:
        return "delong"
    return "bootstrap" if method == "auto" else method


def _delong_interval(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], value: float, level: float
) -> tuple[float, float]:
    if min(positive.sum(), (~positive).sum()) < 2:
        raise ValueError("DeLong's variance needs two samples at least of either class.")
    if value in (0, 1):
        warnings.warn(
            f"The area under the ROC curve is {value:g}: DeLong's variance is 0 and says nothing "
            "about its uncertainty. Take more samples.",
            UserWarning,
            stacklevel=3,
        )
        return value, value
    # On the logit scale: the interval stays within [0, 1], and holds its level near 1.
    variance = delong_variance(*placements(positive, scores))
    half = ndtri((1 + level) / 2) * np.sqrt(variance) / (value * (1 - value))
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))


def _counts(values: Any, name: str) -> Any:
    try:
        counts = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be whole numbers. Got {values!r} instead.") from None
    valid = np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))
    if not valid.all():
        wrong = counts.flat[np.argmin(valid)]
        raise ValueError(f"{name} must be whole numbers of 0 or more. Got {wrong:g} instead.")
    return counts
