"""Scorers of the clinical scores, for ``scoring=``.

Decisions: docs/decisions.md#scores-and-intervals.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer, make_scorer, roc_auc_score

from skdl._utils.checks import check_choice, check_number
from skdl._utils.scikit import score_by, scorer_class
from skdl.metrics._confusion import ZeroDivision, check_average, check_zero_division, positive_class
from skdl.metrics._derived import MeanAverage
from skdl.metrics._operating_points import ROUNDING
from skdl.metrics._table import TABLE

_SEVERAL = {row.function: row.several for row in TABLE.values()}
_MADE = [name for name, row in TABLE.items() if row.settings]


def make_clinical_scorer(
    score: str,
    *,
    pos_label: Any = None,
    average: MeanAverage = "auto",
    zero_division: ZeroDivision = "warn",
    specificity: float | None = None,
    sensitivity: float | None = None,
) -> Callable[..., float]:
    """Make a scorer from a clinical score, for ``scoring=``.

    Values of the negative likelihood ratio are negated, because smaller ratios are better whereas
    greater scores are better.

    Scorers of operating points can also tune thresholds. In cross-validation and searches, they
    compute :func:`sensitivity_at_specificity_score` or :func:`specificity_at_sensitivity_score` of
    the scores of the estimator. As ``scoring`` of
    :class:`sklearn.model_selection.TunedThresholdClassifierCV`, the scorer of the sensitivity rates
    the labels of each threshold: by their sensitivity if they reach the required specificity, and
    otherwise by how much specificity is missing, as a negative number. This chooses the threshold
    with the highest sensitivity among those that are specific enough, or else the most specific
    one. Ratings are averaged over the folds. The scorer of the specificity swaps the two.

    Parameters
    ----------
    score : str
        "sensitivity", "specificity", "ppv", "npv", "geometric_mean", "positive_likelihood_ratio" or
        "negative_likelihood_ratio"; or an operating point, "sensitivity_at_specificity" or
        "specificity_at_sensitivity".
    pos_label : int, float, bool or str, default=None
        The positive class; required unless the labels are {0, 1}, {-1, 1} or {False, True}.
    average : {"auto", "binary", "macro", "weighted", "multiclass"}, default="auto"
        See :func:`sensitivity_score`, and :func:`geometric_mean_score` for "multiclass", which is
        only for that score. Not for operating points.
    zero_division : "warn", float or np.nan, default="warn"
        The score of a fold in which the denominator is 0, such as one without positives for the
        sensitivity: 0.0, 1.0 or np.nan; for likelihood ratios, any number of 0 or more. Not for
        operating points.
    specificity : float, default=None
        Required specificity for "sensitivity_at_specificity", in [0, 1]. If None, use 0.9.
    sensitivity : float, default=None
        Required sensitivity for "specificity_at_sensitivity", in [0, 1]. If None, use 0.9.

    Returns
    -------
    scorer : callable
        A scorer as returned by :func:`sklearn.metrics.make_scorer`.

    Raises
    ------
    ValueError
        If there is no score of that name, it does not accept one of the parameters, or one is out
        of range.

    See Also
    --------
    sklearn.metrics.make_scorer : Make a scorer from any function.

    Examples
    --------
    >>> from skdl.metrics import make_clinical_scorer, specificity_score
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.model_selection import TunedThresholdClassifierCV, cross_val_score
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> scorer = make_clinical_scorer("sensitivity", pos_label=0)  # 0 is malignant here
    >>> cross_val_score(RidgeClassifier(), X, y, scoring=scorer).mean().round(2)
    np.float64(0.89)
    >>> scorer = make_clinical_scorer("sensitivity_at_specificity", specificity=0.98, pos_label=0)
    >>> model = TunedThresholdClassifierCV(RidgeClassifier(), scoring=scorer).fit(X, y)
    >>> bool(specificity_score(y, model.predict(X), pos_label=0) > 0.97)
    True
    """
    row = TABLE[check_choice(score, "score", _MADE)]
    settings: dict[str, Any] = {}
    if pos_label is not None:
        settings["pos_label"] = pos_label
    if average != "auto":
        settings["average"] = average
    if zero_division != "warn":
        settings["zero_division"] = zero_division
    bounds = {"specificity": specificity, "sensitivity": sensitivity}
    settings |= {name: value for name, value in bounds.items() if value is not None}
    for name in settings:
        if name not in row.settings:
            raise ValueError(
                f"{name} is not a parameter of the score {score!r}, whose parameters are "
                f"{', '.join(row.settings)}."
            )
    if row.ratio is None:
        return _make_point_scorer(score, settings)
    check_average(average, row.several)
    check_zero_division(zero_division, row.ratio)
    return _ClinicalScorer(row.function, 1 if row.greater_is_better else -1, settings, "predict")


class _ClinicalScorer(scorer_class()):  # type: ignore[misc]
    """A scorer that asks the estimator how many classes there are.

    A fold that happens to hold two of three classes must not be scored as a binary problem.
    """

    def rate(self, method_caller: Any, estimator: Any, X: Any, y: Any, **settings: Any) -> Any:
        several = len(getattr(estimator, "classes_", ())) > 2
        if several and not self.parts.settings.keys() & {"average", "pos_label"}:
            settings = {"average": _SEVERAL[self.parts.function], **settings}
        return super().rate(method_caller, estimator, X, y, **settings)


class _ForecastScorer(scorer_class()):  # type: ignore[misc]
    """A scorer of probabilities that asks the estimator which classes there are."""

    def rate(self, method_caller: Any, estimator: Any, X: Any, y: Any, **settings: Any) -> Any:
        if not hasattr(estimator, "predict_proba") and hasattr(estimator, "decision_function"):
            raise ValueError(
                "It needs probabilities, but there are only decision values. "
                "CalibratedClassifierCV turns them into probabilities."
            )
        classes = getattr(estimator, "classes_", ())
        takes_labels = "labels" in inspect.signature(self.parts.function).parameters
        if len(classes) > 2 and takes_labels and "pos_label" not in self.parts.settings:
            settings = {"labels": classes, **settings}
        return super().rate(method_caller, estimator, X, y, **settings)


# ---- operating points ----------------------------------------------------------------------------


def _make_point_scorer(score: str, settings: dict[str, Any]) -> Callable[..., float]:
    _, bound = TABLE[score].settings
    value = check_number(settings.pop(bound, 0.9), bound, low=0, high=1)
    settings = {bound: value, **settings}
    rate = _sensitivity_if_specific if bound == "specificity" else _specificity_if_sensitive
    return _PointScorer(score, rate, settings)


class _PointScorer(scorer_class()):  # type: ignore[misc]
    """A scorer that rates scores, and labels when it is asked to choose a threshold.

    TunedThresholdClassifierCV takes the function out of a scorer and calls it with labels;
    everything else calls the scorer.
    """

    def __init__(self, name: str, of_labels: Any, settings: dict[str, Any]) -> None:
        response = ("decision_function", "predict_proba")
        super().__init__(of_labels, 1, settings, response)
        self._name = name
        self._of_scores = make_scorer(TABLE[name].function, response_method=response, **settings)

    def rate(self, method_caller: Any, estimator: Any, X: Any, y: Any, **settings: Any) -> Any:
        return score_by(self._of_scores, method_caller, estimator, X, y, **settings)

    def __repr__(self) -> str:
        settings = "".join(f", {key}={value!r}" for key, value in self.parts.settings.items())
        return f"make_clinical_scorer({self._name!r}{settings})"


def _sensitivity_if_specific(y_true: Any, y_pred: Any, *, specificity: float, **more: Any) -> float:
    found, recognised = _rates_of_labels(y_true, y_pred, **more)
    return found if recognised >= specificity - ROUNDING else recognised - specificity


def _specificity_if_sensitive(
    y_true: Any, y_pred: Any, *, sensitivity: float, **more: Any
) -> float:
    found, recognised = _rates_of_labels(y_true, y_pred, **more)
    return recognised if found >= sensitivity - ROUNDING else found - sensitivity


def _rates_of_labels(
    y_true: Any, y_pred: Any, *, pos_label: Any = None, sample_weight: Any = None
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


# For labels whose positive class goes without saying; of several classes, averages.
sensitivity_scorer = make_clinical_scorer("sensitivity")
specificity_scorer = make_clinical_scorer("specificity")
ppv_scorer = make_clinical_scorer("ppv")
npv_scorer = make_clinical_scorer("npv")
geometric_mean_scorer = make_clinical_scorer("geometric_mean")
positive_likelihood_ratio_scorer = make_clinical_scorer("positive_likelihood_ratio")
negative_likelihood_ratio_scorer = make_clinical_scorer("negative_likelihood_ratio")

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
by ``make_clinical_scorer("sensitivity", pos_label=...)``, and the same for the specificity."""

CALIBRATION_SCORERS: dict[str, Callable[..., float]] = {
    name: _ForecastScorer(row.function, 1, {}, "predict_proba")
    for name, row in TABLE.items()
    if row.of_probabilities
}
"""Scorers of probabilities for tables. Scores are not negated: for some of them, smaller is better,
and for slopes, neither."""

ORDINAL_SCORERS: dict[str, Callable[..., float]] = {
    "quadratic_kappa": make_scorer(TABLE["quadratic_kappa"].function),
    "accuracy": get_scorer("accuracy"),
    "balanced_accuracy": get_scorer("balanced_accuracy"),
}
"""Scorers of grades."""

NUMBER_SCORERS: dict[str, Callable[..., float]] = {
    name: make_scorer(row.function) for name, row in TABLE.items() if row.of_numbers
}
"""Scorers of predicted numbers for tables. Scores are not negated: errors are positive."""
