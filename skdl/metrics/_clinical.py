"""Sensitivity, specificity and predictive values."""

from collections.abc import Sequence
from typing import Any

from skdl.metrics._confusion import (
    NPV,
    PPV,
    SENSITIVITY,
    SPECIFICITY,
    Average,
    Score,
    ZeroDivision,
    ratio_score,
)


def sensitivity_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: Average = "auto",
    sample_weight: Any = None,
    zero_division: ZeroDivision = "warn",
) -> Score:
    """Sensitivity: the share of positives that are found, TP / (TP + FN).

    Also called recall or true positive rate.

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
        "binary" is the rate of `pos_label`. The others are one-vs-rest: "macro" is the mean over
        the classes, "weighted" weighs each class by its number of true samples, None returns one
        rate per class. "auto" is "binary" if at most two classes occur or `pos_label` is given, and
        "macro" otherwise; a scorer uses the classes of the estimator instead.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The rate if no sample is positive. "warn" is 0.0 with an ``UndefinedMetricWarning``; np.nan
        excludes the class from averages.

    Returns
    -------
    sensitivity : float, or float64 ndarray of shape (n_classes,) when `average=None`
        In [0, 1].

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, a weight is negative, or a
        parameter is out of range.

    See Also
    --------
    specificity_score : The share of negatives that are recognised.
    ppv_score : The share of positive predictions that are right.
    sklearn.metrics.recall_score : The same rate, under the name of information retrieval.

    References
    ----------
    Altman and Bland, "Diagnostic tests 1: sensitivity and specificity", BMJ 308 (1994), 1552.

    Examples
    --------
    >>> from skdl.metrics import sensitivity_score
    >>> round(sensitivity_score([1, 1, 1, 0, 0], [1, 1, 0, 0, 1]), 3)
    0.667
    >>> sensitivity_score(["ill", "ill", "well"], ["ill", "well", "well"], pos_label="ill")
    0.5
    """
    return ratio_score(
        SENSITIVITY, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division
    )


def specificity_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: Average = "auto",
    sample_weight: Any = None,
    zero_division: ZeroDivision = "warn",
) -> Score:
    """Specificity: the share of negatives that are recognised, TN / (TN + FP).

    Also called true negative rate.

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
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The rate if no sample is negative. "warn" is 0.0 with an ``UndefinedMetricWarning``; np.nan
        excludes the class from averages.

    Returns
    -------
    specificity : float, or float64 ndarray of shape (n_classes,) when `average=None`
        In [0, 1].

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, a weight is negative, or a
        parameter is out of range.

    See Also
    --------
    sensitivity_score : The share of positives that are found.
    npv_score : The share of negative predictions that are right.

    References
    ----------
    Altman and Bland, "Diagnostic tests 1: sensitivity and specificity", BMJ 308 (1994), 1552.

    Examples
    --------
    >>> from skdl.metrics import specificity_score
    >>> specificity_score([1, 1, 1, 0, 0], [1, 1, 0, 0, 1])
    0.5
    """
    return ratio_score(
        SPECIFICITY, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division
    )


def ppv_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: Average = "auto",
    sample_weight: Any = None,
    zero_division: ZeroDivision = "warn",
) -> Score:
    """Positive predictive value: the share of positive predictions that are right, TP / (TP + FP).

    Also called precision. It depends on how common the positive class is among the samples.

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
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The value if nothing is predicted positive. "warn" is 0.0 with an
        ``UndefinedMetricWarning``; np.nan excludes the class from averages.

    Returns
    -------
    ppv : float, or float64 ndarray of shape (n_classes,) when `average=None`
        In [0, 1].

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, a weight is negative, or a
        parameter is out of range.

    See Also
    --------
    npv_score : The share of negative predictions that are right.
    sensitivity_score : The share of positives that are found.
    sklearn.metrics.precision_score : The same rate, under the name of information retrieval.

    References
    ----------
    Altman and Bland, "Diagnostic tests 2: predictive values", BMJ 309 (1994), 102.

    Examples
    --------
    >>> from skdl.metrics import ppv_score
    >>> round(ppv_score([1, 1, 1, 0, 0], [1, 1, 0, 0, 1]), 3)
    0.667
    """
    return ratio_score(
        PPV, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division
    )


def npv_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: Average = "auto",
    sample_weight: Any = None,
    zero_division: ZeroDivision = "warn",
) -> Score:
    """Negative predictive value: the share of negative predictions that are right, TN / (TN + FN).

    It depends on how common the positive class is among the samples.

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
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The value if nothing is predicted negative. "warn" is 0.0 with an
        ``UndefinedMetricWarning``; np.nan excludes the class from averages.

    Returns
    -------
    npv : float, or float64 ndarray of shape (n_classes,) when `average=None`
        In [0, 1].

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, a weight is negative, or a
        parameter is out of range.

    See Also
    --------
    ppv_score : The share of positive predictions that are right.
    specificity_score : The share of negatives that are recognised.

    References
    ----------
    Altman and Bland, "Diagnostic tests 2: predictive values", BMJ 309 (1994), 102.

    Examples
    --------
    >>> from skdl.metrics import npv_score
    >>> npv_score([1, 1, 1, 0, 0], [1, 1, 0, 0, 1])
    0.5
    """
    return ratio_score(
        NPV, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division
    )
