"""Scorers of the clinical scores, for ``scoring=``."""

from collections.abc import Callable
from typing import Any

from sklearn.metrics import get_scorer, make_scorer, roc_auc_score

from skdl._utils.scikit import scorer_class
from skdl.metrics._clinical import npv_score, ppv_score, sensitivity_score, specificity_score
from skdl.metrics._confusion import Average, Score, ZeroDivision
from skdl.metrics._derived import (
    MeanAverage,
    geometric_mean_score,
    negative_likelihood_ratio,
    positive_likelihood_ratio,
)


def make_sensitivity_scorer(
    *,
    pos_label: Any = None,
    average: Average = "auto",
    zero_division: ZeroDivision = "warn",
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

    Raises
    ------
    ValueError
        If `average` is None: a scorer gives one number.

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
    zero_division: ZeroDivision = "warn",
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

    Raises
    ------
    ValueError
        If `average` is None: a scorer gives one number.

    Examples
    --------
    >>> from skdl.metrics import make_specificity_scorer
    >>> make_specificity_scorer(pos_label="malignant")
    make_scorer(specificity_score, response_method='predict', pos_label=malignant)
    """
    return _make_scorer(specificity_score, pos_label, average, zero_division)


def make_ppv_scorer(
    *,
    pos_label: Any = None,
    average: Average = "auto",
    zero_division: ZeroDivision = "warn",
) -> Callable[..., float]:
    """Scorer of the positive predictive value, for ``scoring=``.

    Parameters
    ----------
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.
    average : {"auto", "binary", "macro", "weighted"}, default="auto"
        See :func:`ppv_score`.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The score of a fold in which nothing is predicted positive.

    Returns
    -------
    scorer : callable
        As :func:`sklearn.metrics.make_scorer` returns it.

    Raises
    ------
    ValueError
        If `average` is None: a scorer gives one number.

    Examples
    --------
    >>> from skdl.metrics import make_ppv_scorer
    >>> make_ppv_scorer(pos_label="malignant")
    make_scorer(ppv_score, response_method='predict', pos_label=malignant)
    """
    return _make_scorer(ppv_score, pos_label, average, zero_division)


def make_npv_scorer(
    *,
    pos_label: Any = None,
    average: Average = "auto",
    zero_division: ZeroDivision = "warn",
) -> Callable[..., float]:
    """Scorer of the negative predictive value, for ``scoring=``.

    Parameters
    ----------
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.
    average : {"auto", "binary", "macro", "weighted"}, default="auto"
        See :func:`npv_score`.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The score of a fold in which nothing is predicted negative.

    Returns
    -------
    scorer : callable
        As :func:`sklearn.metrics.make_scorer` returns it.

    Raises
    ------
    ValueError
        If `average` is None: a scorer gives one number.

    Examples
    --------
    >>> from skdl.metrics import make_npv_scorer
    >>> make_npv_scorer(pos_label="malignant")
    make_scorer(npv_score, response_method='predict', pos_label=malignant)
    """
    return _make_scorer(npv_score, pos_label, average, zero_division)


def make_geometric_mean_scorer(
    *,
    pos_label: Any = None,
    average: MeanAverage = "auto",
    zero_division: ZeroDivision = "warn",
) -> Callable[..., float]:
    """Scorer of the geometric mean of sensitivity and specificity, for ``scoring=``.

    Parameters
    ----------
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.
    average : {"auto", "binary", "multiclass", "macro", "weighted"}, default="auto"
        See :func:`geometric_mean_score`.
    zero_division : "warn", 0.0, 1.0 or np.nan, default="warn"
        The score of a fold without one of the classes.

    Returns
    -------
    scorer : callable
        As :func:`sklearn.metrics.make_scorer` returns it.

    Raises
    ------
    ValueError
        If `average` is None: a scorer gives one number.

    Examples
    --------
    >>> from skdl.metrics import make_geometric_mean_scorer
    >>> make_geometric_mean_scorer(pos_label="malignant")
    make_scorer(geometric_mean_score, response_method='predict', pos_label=malignant)
    """
    return _make_scorer(geometric_mean_score, pos_label, average, zero_division)


def make_positive_likelihood_ratio_scorer(
    *,
    pos_label: Any = None,
    average: Average = "auto",
    zero_division: ZeroDivision = "warn",
) -> Callable[..., float]:
    """Scorer of the positive likelihood ratio, for ``scoring=``.

    Parameters
    ----------
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.
    average : {"auto", "binary", "macro", "weighted"}, default="auto"
        See :func:`positive_likelihood_ratio`.
    zero_division : "warn", float of 0 or more, or np.nan, default="warn"
        The score of a fold without false positives; np.inf is the best, 1.0 no information.

    Returns
    -------
    scorer : callable
        As :func:`sklearn.metrics.make_scorer` returns it.

    Raises
    ------
    ValueError
        If `average` is None: a scorer gives one number.

    Examples
    --------
    >>> from skdl.metrics import make_positive_likelihood_ratio_scorer
    >>> make_positive_likelihood_ratio_scorer(pos_label="malignant")
    make_scorer(positive_likelihood_ratio, response_method='predict', pos_label=malignant)
    """
    return _make_scorer(positive_likelihood_ratio, pos_label, average, zero_division)


def make_negative_likelihood_ratio_scorer(
    *,
    pos_label: Any = None,
    average: Average = "auto",
    zero_division: ZeroDivision = "warn",
) -> Callable[..., float]:
    """Scorer of the negative likelihood ratio, for ``scoring=``.

    Its values are negated: smaller ratios are better, and greater scores are.

    Parameters
    ----------
    pos_label : int, float, bool or str, default=None
        The positive class; needed unless the labels are {0, 1}, {-1, 1} or {False, True}.
    average : {"auto", "binary", "macro", "weighted"}, default="auto"
        See :func:`negative_likelihood_ratio`.
    zero_division : "warn", float of 0 or more, or np.nan, default="warn"
        The score of a fold without true negatives, negated; 1.0 is no information.

    Returns
    -------
    scorer : callable
        As :func:`sklearn.metrics.make_scorer` returns it.

    Raises
    ------
    ValueError
        If `average` is None: a scorer gives one number.

    Examples
    --------
    >>> from skdl.metrics import make_negative_likelihood_ratio_scorer
    >>> make_negative_likelihood_ratio_scorer()
    make_scorer(negative_likelihood_ratio, greater_is_better=False, response_method='predict')
    """
    return _make_scorer(
        negative_likelihood_ratio, pos_label, average, zero_division, greater_is_better=False
    )


def _make_scorer(
    score: Callable[..., Score],
    pos_label: Any,
    average: Any,
    zero_division: Any,
    greater_is_better: bool = True,
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
    return _ClinicalScorer(score, 1 if greater_is_better else -1, settings, "predict")


class _ClinicalScorer(scorer_class()):  # type: ignore[misc]
    """A scorer that asks the estimator how many classes there are.

    A fold that happens to hold two of three classes must not be scored as a binary problem.
    """

    def rate(self, method_caller: Any, estimator: Any, X: Any, y: Any, **settings: Any) -> Any:
        several = len(getattr(estimator, "classes_", ())) > 2
        if several and not self.parts.settings.keys() & {"average", "pos_label"}:
            multiclass = self.parts.function is geometric_mean_score
            settings = {"average": "multiclass" if multiclass else "macro", **settings}
        return super().rate(method_caller, estimator, X, y, **settings)


# For labels whose positive class goes without saying; of several classes, averages.
sensitivity_scorer = make_sensitivity_scorer()
specificity_scorer = make_specificity_scorer()
ppv_scorer = make_ppv_scorer()
npv_scorer = make_npv_scorer()
geometric_mean_scorer = make_geometric_mean_scorer()
positive_likelihood_ratio_scorer = make_positive_likelihood_ratio_scorer()
negative_likelihood_ratio_scorer = make_negative_likelihood_ratio_scorer()

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
