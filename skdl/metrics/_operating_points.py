"""Sensitivity where the specificity is high enough, and the reverse."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import make_scorer, roc_curve

from skdl._utils.labels import check_finite
from skdl._utils.scikit import score_by, scorer_class
from skdl._utils.text import shortened
from skdl.metrics._checks import binary_problem
from skdl.metrics._confusion import positive_class

# 1 - 3/10 is to be no less than 0.7.
_ROUNDING = 1e-9


def sensitivity_at_specificity_score(
    y_true: Any,
    y_score: Any,
    *,
    specificity: float = 0.9,
    pos_label: Any = None,
    sample_weight: Any = None,
) -> float:
    """Highest sensitivity of the thresholds whose specificity is no less than asked for.

    A point of the ROC curve of these samples, without interpolation. For a threshold that was
    chosen on other samples, take :func:`sensitivity_score`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels, of two classes; of several with `pos_label`.
    y_score : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class or decision values, or probabilities of all classes in
        sorted order.
    specificity : float, default=0.9
        Specificity that is needed, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. None takes 1 of {0, 1} or {-1, 1} and True of
        {False, True}; it is needed with other labels.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.

    Returns
    -------
    sensitivity : float
        In [0, 1]; NaN with an ``UndefinedMetricWarning`` where `y_true` holds one class only.

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, scores are NaN or of another
        shape, or `specificity` is out of range.

    See Also
    --------
    make_sensitivity_at_specificity_scorer : Chooses thresholds, too.

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
    _check_bound("specificity", specificity)
    curve = _rates("Sensitivity", y_true, y_score, pos_label, sample_weight)
    if curve is None:
        return float("nan")
    sensitivities, specificities = curve
    return float(sensitivities[specificities >= specificity - _ROUNDING].max())


def specificity_at_sensitivity_score(
    y_true: Any,
    y_score: Any,
    *,
    sensitivity: float = 0.9,
    pos_label: Any = None,
    sample_weight: Any = None,
) -> float:
    """Highest specificity of the thresholds whose sensitivity is no less than asked for.

    A point of the ROC curve of these samples, without interpolation. For a threshold that was
    chosen on other samples, take :func:`specificity_score`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels, of two classes; of several with `pos_label`.
    y_score : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class or decision values, or probabilities of all classes in
        sorted order.
    sensitivity : float, default=0.9
        Sensitivity that is needed, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. None takes 1 of {0, 1} or {-1, 1} and True of
        {False, True}; it is needed with other labels.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.

    Returns
    -------
    specificity : float
        In [0, 1]; NaN with an ``UndefinedMetricWarning`` where `y_true` holds one class only.

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, scores are NaN or of another
        shape, or `sensitivity` is out of range.

    See Also
    --------
    make_specificity_at_sensitivity_scorer : Chooses thresholds, too.

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
    _check_bound("sensitivity", sensitivity)
    curve = _rates("Specificity", y_true, y_score, pos_label, sample_weight)
    if curve is None:
        return float("nan")
    sensitivities, specificities = curve
    return float(specificities[sensitivities >= sensitivity - _ROUNDING].max())


def _check_bound(name: str, bound: Any) -> None:
    if not 0 <= bound <= 1:
        raise ValueError(f"{name} must be in [0, 1]. Got {shortened(bound)} instead.")


def _rates(name: str, y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any) -> Any:
    """Return sensitivities and specificities of all thresholds, or None and a warning."""
    positive, scores = binary_problem(y_true, y_score, pos_label)
    check_finite(scores, "y_score")
    if positive.all() or not positive.any():
        warnings.warn(
            f"{name} at a threshold is ill-defined and set to nan where y_true holds one class "
            "only.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return None
    false_positive, true_positive, _ = roc_curve(
        positive, scores, sample_weight=sample_weight, drop_intermediate=False
    )
    return true_positive, 1 - false_positive


def make_sensitivity_at_specificity_scorer(
    *, specificity: float = 0.9, pos_label: Any = None
) -> Callable[..., float]:
    """Scorer of the sensitivity at a specificity, which chooses thresholds, too.

    In cross-validation and searches it is :func:`sensitivity_at_specificity_score` of the scores of
    the estimator. As ``scoring`` of :class:`sklearn.model_selection.TunedThresholdClassifierCV` it
    rates the labels of each threshold: by their sensitivity where their specificity is no less
    than asked for, and by what their specificity lacks, as a negative number, where it is less. So
    the threshold of the highest sensitivity is chosen among those that are specific enough, or
    the most specific one. Ratings are averaged over the folds.

    Parameters
    ----------
    specificity : float, default=0.9
        Specificity that is needed, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.

    Returns
    -------
    scorer : callable
        For ``scoring=``.

    Raises
    ------
    ValueError
        If `specificity` is out of range.

    Examples
    --------
    >>> from skdl.metrics import make_sensitivity_at_specificity_scorer, specificity_score
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.model_selection import TunedThresholdClassifierCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> scorer = make_sensitivity_at_specificity_scorer(specificity=0.98, pos_label=0)
    >>> model = TunedThresholdClassifierCV(RidgeClassifier(), scoring=scorer).fit(X, y)
    >>> bool(specificity_score(y, model.predict(X), pos_label=0) > 0.97)
    True
    """
    _check_bound("specificity", specificity)
    return _make_scorer(
        _sensitivity_if_specific,
        sensitivity_at_specificity_score,
        {"specificity": specificity},
        pos_label,
    )


def make_specificity_at_sensitivity_scorer(
    *, sensitivity: float = 0.9, pos_label: Any = None
) -> Callable[..., float]:
    """Scorer of the specificity at a sensitivity, which chooses thresholds, too.

    In cross-validation and searches it is :func:`specificity_at_sensitivity_score` of the scores of
    the estimator. As ``scoring`` of :class:`sklearn.model_selection.TunedThresholdClassifierCV` it
    chooses the threshold of the highest specificity among those that are sensitive enough, as
    :func:`make_sensitivity_at_specificity_scorer` does with the two exchanged.

    Parameters
    ----------
    sensitivity : float, default=0.9
        Sensitivity that is needed, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.

    Returns
    -------
    scorer : callable
        For ``scoring=``.

    Raises
    ------
    ValueError
        If `sensitivity` is out of range.

    Examples
    --------
    >>> from skdl.metrics import make_specificity_at_sensitivity_scorer
    >>> make_specificity_at_sensitivity_scorer(sensitivity=0.95, pos_label="ill")
    make_specificity_at_sensitivity_scorer(sensitivity=0.95, pos_label='ill')
    """
    _check_bound("sensitivity", sensitivity)
    return _make_scorer(
        _specificity_if_sensitive,
        specificity_at_sensitivity_score,
        {"sensitivity": sensitivity},
        pos_label,
    )


def _sensitivity_if_specific(
    y_true: Any,
    y_pred: Any,
    *,
    specificity: float,
    pos_label: Any = None,
    sample_weight: Any = None,
) -> float:
    found, recognised = _rates_of_labels(y_true, y_pred, pos_label, sample_weight)
    return found if recognised >= specificity - _ROUNDING else recognised - specificity


def _specificity_if_sensitive(
    y_true: Any,
    y_pred: Any,
    *,
    sensitivity: float,
    pos_label: Any = None,
    sample_weight: Any = None,
) -> float:
    found, recognised = _rates_of_labels(y_true, y_pred, pos_label, sample_weight)
    return recognised if found >= sensitivity - _ROUNDING else found - sensitivity


def _rates_of_labels(
    y_true: Any, y_pred: Any, pos_label: Any, sample_weight: Any
) -> tuple[float, float]:
    """Return sensitivity and specificity; plain counts, as there may be many thresholds."""
    true = np.asarray(y_true)
    label = positive_class(np.unique(true), pos_label)
    positive, right = true == label, (true == label) == (np.asarray(y_pred) == label)
    weights = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight)
    rates = []
    for among in (positive, ~positive):
        total = weights[among].sum()
        rates.append(float(weights[right & among].sum() / total) if total else 1.0)
    return rates[0], rates[1]


def _make_scorer(
    of_labels: Callable[..., float],
    of_scores: Callable[..., float],
    settings: dict[str, Any],
    pos_label: Any,
) -> Callable[..., float]:
    if pos_label is not None:
        settings["pos_label"] = pos_label
    return _PointScorer(of_labels, of_scores, settings)


class _PointScorer(scorer_class()):  # type: ignore[misc]
    """A scorer that rates scores, and labels when it is asked to choose a threshold.

    TunedThresholdClassifierCV takes the function out of a scorer and calls it with labels;
    everything else calls the scorer.
    """

    def __init__(self, of_labels: Any, of_scores: Any, settings: dict[str, Any]) -> None:
        response = ("decision_function", "predict_proba")
        super().__init__(of_labels, 1, settings, response)
        self._of_scores = make_scorer(of_scores, response_method=response, **settings)
        self._name = f"make_{of_scores.__name__.removesuffix('_score')}_scorer"

    def rate(self, method_caller: Any, estimator: Any, X: Any, y: Any, **settings: Any) -> Any:
        return score_by(self._of_scores, method_caller, estimator, X, y, **settings)

    def __repr__(self) -> str:
        settings = ", ".join(f"{key}={value!r}" for key, value in self.parts.settings.items())
        return f"{self._name}({settings})"
