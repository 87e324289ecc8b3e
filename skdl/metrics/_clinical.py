"""Sensitivity and specificity, as scores and as scorers."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (
    get_scorer,
    make_scorer,
    multilabel_confusion_matrix,
    roc_auc_score,
)
from sklearn.utils.multiclass import type_of_target, unique_labels

Average: TypeAlias = Literal["auto", "binary", "macro", "weighted"] | None
Score: TypeAlias = float | npt.NDArray[np.float64]

# Labels whose positive class goes without saying, as in scikit-learn.
_GUESSABLE = ({0, 1}, {-1, 1})


def sensitivity_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: Average = "auto",
    sample_weight: Any = None,
    zero_division: Literal["warn"] | float = "warn",
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
        Classes to average over, or to return in this order when `average=None`. None takes those
        that occur in `y_true` or `y_pred`.
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. None takes 1 of {0, 1} or {-1, 1} and True of
        {False, True}; it is needed with other labels.
    average : {"auto", "binary", "macro", "weighted"} or None, default="auto"
        "binary" is the rate of `pos_label`. The others are one-vs-rest: "macro" is the mean over
        the classes, "weighted" weighs each class by its number of true samples, None returns one
        rate a class. "auto" is "binary" when at most two classes occur or `pos_label` is given, and
        "macro" otherwise; a scorer decides by the classes of the estimator instead.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The rate where no sample is positive. "warn" is 0.0 with an ``UndefinedMetricWarning``;
        np.nan leaves the class out of averages.

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
    return _rate(
        "Sensitivity", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division
    )


def specificity_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: Average = "auto",
    sample_weight: Any = None,
    zero_division: Literal["warn"] | float = "warn",
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
        Classes to average over, or to return in this order when `average=None`. None takes those
        that occur in `y_true` or `y_pred`.
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. None takes 1 of {0, 1} or {-1, 1} and True of
        {False, True}; it is needed with other labels.
    average : {"auto", "binary", "macro", "weighted"} or None, default="auto"
        As for :func:`sensitivity_score`; "weighted" weighs each class by its number of true
        samples.
    sample_weight : array-like of shape (n,), default=None
        Sample weights.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The rate where no sample is negative. "warn" is 0.0 with an ``UndefinedMetricWarning``;
        np.nan leaves the class out of averages.

    Returns
    -------
    specificity : float, or float64 ndarray of shape (n_classes,) when `average=None`
        In [0, 1].

    Raises
    ------
    ValueError
        If the positive class cannot be guessed or does not occur, or a parameter is out of range.

    See Also
    --------
    sensitivity_score : The share of positives that are found.

    References
    ----------
    Altman and Bland, "Diagnostic tests 1: sensitivity and specificity", BMJ 308 (1994), 1552.

    Examples
    --------
    >>> from skdl.metrics import specificity_score
    >>> specificity_score([1, 1, 1, 0, 0], [1, 1, 0, 0, 1])
    0.5
    """
    return _rate(
        "Specificity", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division
    )


def _rate(
    name: str,
    y_true: Any,
    y_pred: Any,
    labels: Sequence[Any] | None,
    pos_label: Any,
    average: Average,
    sample_weight: Any,
    zero_division: Literal["warn"] | float,
) -> Score:
    if average not in ("auto", "binary", "macro", "weighted", None):
        raise ValueError(
            "average must be 'auto', 'binary', 'macro', 'weighted' or None. "
            f"Got {average!r} instead."
        )
    _check_zero_division(zero_division)
    for kind in (type_of_target(y_true, "y_true"), type_of_target(y_pred, "y_pred")):
        if kind not in ("binary", "multiclass"):
            raise ValueError(f"{name} needs class labels, one a sample; got {kind} data.")
    if sample_weight is not None and (np.asarray(sample_weight) < 0).any():
        raise ValueError("sample_weight must not be negative.")
    present = unique_labels(y_true, y_pred)
    if average == "auto":
        average = "binary" if pos_label is not None or len(present) <= 2 else "macro"
    if average == "binary":
        labels = [_positive_class(present, pos_label)]
    matrices = multilabel_confusion_matrix(
        y_true, y_pred, labels=labels, sample_weight=sample_weight
    ).astype(np.float64)
    negatives, positives = matrices.sum(axis=2).T  # of each class, by the true labels
    if name == "Sensitivity":
        rates = _divide(matrices[:, 1, 1], positives, zero_division, name, "positive")
    else:
        rates = _divide(matrices[:, 0, 0], negatives, zero_division, name, "negative")
    if average is None:
        return rates
    return _average(rates, positives if average == "weighted" else np.ones_like(rates))


def _check_zero_division(zero_division: Any) -> None:
    if isinstance(zero_division, str):
        valid = zero_division == "warn"
    else:
        valid = zero_division in (0, 1) or bool(np.isnan(zero_division))
    if not valid:
        raise ValueError(
            f"zero_division must be 'warn', 0.0, 1.0 or np.nan. Got {zero_division!r} instead."
        )


def _positive_class(present: npt.NDArray[Any], pos_label: Any) -> Any:
    classes = present.tolist()
    if pos_label is not None:
        if pos_label not in classes and len(classes) > 1:
            raise ValueError(
                f"pos_label={pos_label!r} is not a valid label: it should be one of {classes}."
            )
        return pos_label
    if len(classes) > 2:
        raise ValueError(
            f"average='binary' needs two classes, but there are {len(classes)}: {classes}. Pass "
            "pos_label for one class against the rest, or average='macro', 'weighted' or None."
        )
    if not any(set(classes) <= guessable for guessable in _GUESSABLE):
        raise ValueError(
            f"The positive class of the labels {classes} cannot be guessed. Pass pos_label, such "
            f"as pos_label={classes[-1]!r}; for a scorer, "
            f"make_sensitivity_scorer(pos_label={classes[-1]!r}) or its specificity twin."
        )
    return True if present.dtype == bool else 1


def _divide(
    numerator: npt.NDArray[np.float64],
    denominator: npt.NDArray[np.float64],
    zero_division: Literal["warn"] | float,
    name: str,
    what: str,
) -> npt.NDArray[np.float64]:
    undefined = denominator == 0
    if undefined.any() and zero_division == "warn":
        warnings.warn(
            f"{name} is ill-defined and set to 0.0 where there are no {what} samples. Use the "
            "`zero_division` parameter to control this behaviour.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
    substitute = 0.0 if zero_division == "warn" else float(zero_division)
    rates = np.full_like(numerator, substitute)
    np.divide(numerator, denominator, out=rates, where=~undefined)
    return rates


def _average(rates: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    defined = ~np.isnan(rates)
    if not weights[defined].any():
        return float(np.nan if not defined.all() else 0.0)
    return float(np.average(rates[defined], weights=weights[defined]))


def make_sensitivity_scorer(
    *,
    pos_label: Any = None,
    average: Average = "auto",
    zero_division: Literal["warn"] | float = "warn",
) -> Callable[..., float]:
    """Scorer of sensitivity, for ``scoring=``.

    Parameters
    ----------
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.
    average : {"auto", "binary", "macro", "weighted"}, default="auto"
        See :func:`sensitivity_score`.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The score of a fold without positives.

    Returns
    -------
    scorer : callable
        As :func:`sklearn.metrics.make_scorer` returns it.

    Examples
    --------
    >>> from skdl.metrics import make_sensitivity_scorer
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> scorer = make_sensitivity_scorer(pos_label=0)  # 0 is malignant here
    >>> cross_val_score(RidgeClassifier(), X, y, scoring=scorer).mean().round(2)
    np.float64(0.89)
    """
    return _make_scorer(sensitivity_score, pos_label, average, zero_division)


def make_specificity_scorer(
    *,
    pos_label: Any = None,
    average: Average = "auto",
    zero_division: Literal["warn"] | float = "warn",
) -> Callable[..., float]:
    """Scorer of specificity, for ``scoring=``.

    Parameters
    ----------
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.
    average : {"auto", "binary", "macro", "weighted"}, default="auto"
        See :func:`specificity_score`.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The score of a fold without negatives.

    Returns
    -------
    scorer : callable
        As :func:`sklearn.metrics.make_scorer` returns it.

    Examples
    --------
    >>> from skdl.metrics import make_specificity_scorer
    >>> make_specificity_scorer(pos_label="malignant")
    make_scorer(specificity_score, response_method='predict', pos_label=malignant)
    """
    return _make_scorer(specificity_score, pos_label, average, zero_division)


def _make_scorer(
    score: Callable[..., Score], pos_label: Any, average: Average, zero_division: Any
) -> Callable[..., float]:
    if average is None:
        raise ValueError("A scorer gives one number: average cannot be None.")
    settings: dict[str, Any] = {}
    if pos_label is not None:
        settings["pos_label"] = pos_label
    if average != "auto":
        settings["average"] = average
    if zero_division != "warn":
        settings["zero_division"] = zero_division
    scorer = make_scorer(score, **settings)
    return _ClinicalScorer(score, scorer._sign, scorer._kwargs, scorer._response_method)


class _ClinicalScorer(type(make_scorer(sensitivity_score))):  # type: ignore[misc]
    """A scorer that asks the estimator how many classes there are.

    A fold that happens to hold two of three classes must not be scored as a binary problem.
    """

    def _score(self, method_caller: Any, estimator: Any, X: Any, y_true: Any, **kwargs: Any) -> Any:
        several = len(getattr(estimator, "classes_", ())) > 2
        if several and not self._kwargs.keys() & {"average", "pos_label"}:
            kwargs = {"average": "macro", **kwargs}
        return super()._score(method_caller, estimator, X, y_true, **kwargs)


sensitivity_scorer = make_sensitivity_scorer()
"""Scorer of sensitivity for labels whose positive class goes without saying, or macro-averaged."""

specificity_scorer = make_specificity_scorer()
"""Scorer of specificity for labels whose positive class goes without saying, or macro-averaged."""

CLINICAL_SCORERS: dict[str, Callable[..., float]] = {
    "sensitivity": sensitivity_scorer,
    "specificity": specificity_scorer,
    "balanced_accuracy": get_scorer("balanced_accuracy"),
    # One-vs-rest for more than two classes; probabilities first, as those need them.
    "roc_auc": make_scorer(
        roc_auc_score, response_method=("predict_proba", "decision_function"), multi_class="ovr"
    ),
}
"""Scorers of a diagnostic study, ready for ``scoring=``. For string labels, replace the first two
by ``make_sensitivity_scorer(pos_label=...)`` and ``make_specificity_scorer(pos_label=...)``."""
