"""Geometric mean and likelihood ratios: scores made of sensitivity and specificity."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from skdl.metrics._confusion import (
    GEOMETRIC_MEAN,
    NEGATIVE_LIKELIHOOD_RATIO,
    POSITIVE_LIKELIHOOD_RATIO,
    SENSITIVITY,
    Average,
    Score,
    ZeroDivision,
    averaged,
    check_zero_division,
    class_matrices,
    defined,
    ratio_score,
)

MeanAverage: TypeAlias = Average | Literal["multiclass"]


def geometric_mean_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: MeanAverage = "auto",
    sample_weight: Any = None,
    zero_division: ZeroDivision = "warn",
) -> Score:
    """Geometric mean of sensitivity and specificity, or of the sensitivities of several classes.

    It is 0 if one class is never recognised, however large the others are. For two classes, it is
    the square root of sensitivity times specificity (Kubat and Matwin 1997); for k classes, the
    k-th root of the product of all sensitivities (Sun et al. 2006), which is the same for two.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Predicted labels.
    labels : list, default=None
        Classes to average over, or to return in this order if `average=None`. If None, use those
        that occur in `y_true` or `y_pred`.
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels.
    average : {"auto", "binary", "multiclass", "macro", "weighted"} or None, default="auto"
        "binary" is the mean of sensitivity and specificity of `pos_label`; "multiclass" that of the
        sensitivities of all classes. The others are one-vs-rest: "macro" averages the binary means
        of the classes, "weighted" weighs each by its number of true samples, None returns one mean
        per class. "auto" is "binary" if at most two classes occur or `pos_label` is given, and
        "multiclass" otherwise; a scorer uses the classes of the estimator instead.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The mean, or the sensitivity of a class, if there are no samples to compute it from. "warn"
        is 0.0 with an ``UndefinedMetricWarning``; np.nan excludes the class.

    Returns
    -------
    mean : float, or float64 ndarray of shape (n_classes,) when `average=None`
        In [0, 1].

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, a weight is negative, or a
        parameter is out of range.

    See Also
    --------
    sklearn.metrics.balanced_accuracy_score : The arithmetic mean of the sensitivities.

    References
    ----------
    Kubat and Matwin, "Addressing the curse of imbalanced training sets: one-sided selection", ICML
    (1997), 179-186.

    Sun, Kamel and Wang, "Boosting for learning multiple classes with imbalanced class
    distribution", ICDM (2006), 592-602.

    Examples
    --------
    >>> from skdl.metrics import geometric_mean_score
    >>> round(geometric_mean_score([1, 1, 1, 0, 0], [1, 1, 0, 0, 1]), 3)
    0.577
    >>> geometric_mean_score([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 0, 1], zero_division=0.0)
    0.0
    """
    check_zero_division(zero_division, GEOMETRIC_MEAN)
    matrices, average = class_matrices(
        y_true, y_pred, labels, pos_label, average, sample_weight, several="multiclass"
    )
    if average == "multiclass":
        rates = defined(SENSITIVITY(matrices), zero_division, SENSITIVITY)
        known = rates[~np.isnan(rates)]
        return float(known.prod() ** (1 / len(known))) if len(known) else float("nan")
    squares = defined(GEOMETRIC_MEAN(matrices), zero_division, GEOMETRIC_MEAN)
    return averaged(np.sqrt(squares), matrices, average)


def positive_likelihood_ratio(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: Average = "auto",
    sample_weight: Any = None,
    zero_division: ZeroDivision = "warn",
) -> Score:
    """Positive likelihood ratio: sensitivity / (1 - specificity).

    How many times more often positives than negatives are predicted positive: the factor by which a
    positive prediction multiplies the odds of being positive. 1 is no information; greater is
    better.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Predicted labels.
    labels : list, default=None
        Classes to average over, or to return in this order if `average=None`. If None, use those
        that occur in `y_true` or `y_pred`.
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels.
    average : {"auto", "binary", "macro", "weighted"} or None, default="auto"
        As in :func:`sensitivity_score`; "weighted" weighs each class by its number of true
        samples.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.
    zero_division : "warn", float of 0 or more, or np.nan, default="warn"
        The ratio if there are no false positives, or no samples of a class. "warn" is np.nan with
        an ``UndefinedMetricWarning``; np.nan excludes the class from averages. np.inf is the best
        value, 1.0 that of no information.

    Returns
    -------
    ratio : float, or float64 ndarray of shape (n_classes,) when `average=None`
        In [0, infinity), or `zero_division`.

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, a weight is negative, or a
        parameter is out of range.

    See Also
    --------
    negative_likelihood_ratio : The factor of a negative prediction.
    sklearn.metrics.class_likelihood_ratios : Both ratios, for two classes.

    References
    ----------
    Deeks and Altman, "Diagnostic tests 4: likelihood ratios", BMJ 329 (2004), 168-169.

    Examples
    --------
    >>> from skdl.metrics import positive_likelihood_ratio
    >>> round(positive_likelihood_ratio([1, 1, 1, 0, 0], [1, 1, 0, 0, 1]), 3)
    1.333
    """
    return ratio_score(
        POSITIVE_LIKELIHOOD_RATIO,
        y_true,
        y_pred,
        labels,
        pos_label,
        average,
        sample_weight,
        zero_division,
    )


def negative_likelihood_ratio(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: Average = "auto",
    sample_weight: Any = None,
    zero_division: ZeroDivision = "warn",
) -> Score:
    """Negative likelihood ratio: (1 - sensitivity) / specificity.

    How many times more often positives than negatives are predicted negative: the factor by which a
    negative prediction multiplies the odds of being positive. 1 is no information; smaller is
    better.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Predicted labels.
    labels : list, default=None
        Classes to average over, or to return in this order if `average=None`. If None, use those
        that occur in `y_true` or `y_pred`.
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels.
    average : {"auto", "binary", "macro", "weighted"} or None, default="auto"
        As in :func:`sensitivity_score`; "weighted" weighs each class by its number of true
        samples.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.
    zero_division : "warn", float of 0 or more, or np.nan, default="warn"
        The ratio if there are no true negatives, or no samples of a class. "warn" is np.nan with an
        ``UndefinedMetricWarning``; np.nan excludes the class from averages. 1.0 is the value of no
        information.

    Returns
    -------
    ratio : float, or float64 ndarray of shape (n_classes,) when `average=None`
        In [0, infinity), or `zero_division`.

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, a weight is negative, or a
        parameter is out of range.

    See Also
    --------
    positive_likelihood_ratio : The factor of a positive prediction.
    sklearn.metrics.class_likelihood_ratios : Both ratios, for two classes.

    References
    ----------
    Deeks and Altman, "Diagnostic tests 4: likelihood ratios", BMJ 329 (2004), 168-169.

    Examples
    --------
    >>> from skdl.metrics import negative_likelihood_ratio
    >>> round(negative_likelihood_ratio([1, 1, 1, 0, 0], [1, 1, 0, 0, 1]), 3)
    0.667
    """
    return ratio_score(
        NEGATIVE_LIKELIHOOD_RATIO,
        y_true,
        y_pred,
        labels,
        pos_label,
        average,
        sample_weight,
        zero_division,
    )
