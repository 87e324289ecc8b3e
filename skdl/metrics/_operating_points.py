"""Sensitivity where the specificity is high enough, and the reverse."""

from typing import Any

from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import roc_curve

from skdl._utils.checks import check_number, warn_user
from skdl._utils.labels import check_finite
from skdl.metrics._checks import binary_problem

# 1 - 3/10 is to be no less than 0.7.
ROUNDING = 1e-9


def sensitivity_at_specificity_score(
    y_true: Any,
    y_score: Any,
    *,
    specificity: float = 0.9,
    pos_label: Any = None,
    sample_weight: Any = None,
) -> float:
    """Highest sensitivity among thresholds with at least the given specificity.

    A point of the ROC curve of these samples, without interpolation. For a threshold that was
    chosen on other samples, use :func:`sensitivity_score`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels of two classes, or of more with `pos_label`.
    y_score : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class or decision values, or probabilities of all classes in
        sorted order.
    specificity : float, default=0.9
        Required specificity, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.

    Returns
    -------
    sensitivity : float
        In [0, 1]; NaN with an ``UndefinedMetricWarning`` if `y_true` has only one class.

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, scores are NaN or of another
        shape, or `specificity` is out of range.

    See Also
    --------
    make_clinical_scorer : Make a scorer, which can also tune thresholds.

    References
    ----------
    Pepe, The Statistical Evaluation of Medical Tests for Classification and Prediction, Oxford
    University Press (2003), chapter 4.

    Examples
    --------
    >>> from skdl.metrics import sensitivity_at_specificity_score
    >>> y_true = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> y_score = [0.1, 0.2, 0.3, 0.7, 0.4, 0.6, 0.8, 0.9]
    >>> sensitivity_at_specificity_score(y_true, y_score, specificity=0.75)
    1.0
    >>> sensitivity_at_specificity_score(y_true, y_score, specificity=0.9)
    0.5
    """
    return _highest("specificity", specificity, y_true, y_score, pos_label, sample_weight)


def specificity_at_sensitivity_score(
    y_true: Any,
    y_score: Any,
    *,
    sensitivity: float = 0.9,
    pos_label: Any = None,
    sample_weight: Any = None,
) -> float:
    """Highest specificity among thresholds with at least the given sensitivity.

    A point of the ROC curve of these samples, without interpolation. For a threshold that was
    chosen on other samples, use :func:`specificity_score`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels of two classes, or of more with `pos_label`.
    y_score : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class or decision values, or probabilities of all classes in
        sorted order.
    sensitivity : float, default=0.9
        Required sensitivity, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.

    Returns
    -------
    specificity : float
        In [0, 1]; NaN with an ``UndefinedMetricWarning`` if `y_true` has only one class.

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, scores are NaN or of another
        shape, or `sensitivity` is out of range.

    See Also
    --------
    make_clinical_scorer : Make a scorer, which can also tune thresholds.

    References
    ----------
    Pepe, The Statistical Evaluation of Medical Tests for Classification and Prediction, Oxford
    University Press (2003), chapter 4.

    Examples
    --------
    >>> from skdl.metrics import specificity_at_sensitivity_score
    >>> y_true = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> y_score = [0.1, 0.2, 0.3, 0.7, 0.4, 0.6, 0.8, 0.9]
    >>> specificity_at_sensitivity_score(y_true, y_score, sensitivity=0.9)
    0.75
    """
    return _highest("sensitivity", sensitivity, y_true, y_score, pos_label, sample_weight)


def _highest(
    bounded: str, bound: float, y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any
) -> float:
    """The highest of one rate of the thresholds at which the other is no less than the bound."""
    check_number(bound, bounded, low=0, high=1)
    positive, scores = binary_problem(y_true, y_score, pos_label)
    check_finite(scores, "y_score")
    if positive.all() or not positive.any():
        rate = "Sensitivity" if bounded == "specificity" else "Specificity"
        warn_user(
            f"{rate} at a threshold is ill-defined and set to nan, as y_true has only one class.",
            UndefinedMetricWarning,
        )
        return float("nan")
    false_positive, sensitivities, _ = roc_curve(
        positive, scores, sample_weight=sample_weight, drop_intermediate=False
    )
    held, wanted = sensitivities, 1 - false_positive
    if bounded == "specificity":
        held, wanted = wanted, held
    return float(wanted[held >= bound - ROUNDING].max())
