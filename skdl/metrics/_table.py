"""The table of scores, of which intervals, scorers, evaluations and reports take what they need."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sklearn import metrics

from skdl.metrics import _confusion
from skdl.metrics._brier import brier_loss, brier_skill_score
from skdl.metrics._calibration import (
    calibration_intercept,
    calibration_slope,
    expected_calibration_error,
)
from skdl.metrics._clinical import npv_score, ppv_score, sensitivity_score, specificity_score
from skdl.metrics._confusion import Ratio
from skdl.metrics._derived import (
    geometric_mean_score,
    negative_likelihood_ratio,
    positive_likelihood_ratio,
)
from skdl.metrics._number_scores import (
    bias,
    lower_limit,
    quadratic_kappa_score,
    r2,
    upper_limit,
)
from skdl.metrics._operating_points import (
    sensitivity_at_specificity_score,
    specificity_at_sensitivity_score,
)

_OF_LABELS = ("pos_label", "average", "zero_division")


class Row(NamedTuple):
    """A score by name.

    Its range is [0, 1], or [0, infinity) if its ratio is unbounded; scores of probabilities have
    other ranges.
    """

    title: str
    function: Callable[..., Any]
    settings: tuple[str, ...] = ()  # those of its scorers
    ratio: Any = None  # a Ratio of the cells of one class
    several: str = "macro"  # what average="auto" is for more than two classes
    greater_is_better: bool = True
    of_labels: bool = True  # and not of probabilities or decision values
    has_interval: bool = True
    of_probabilities: bool = False  # alone, not of decision values
    of_numbers: bool = False  # and not of classes


def _ratio(function: Callable[..., Any], ratio: Ratio, **more: Any) -> Row:
    return Row(ratio.name, function, _OF_LABELS, ratio, **more)


def _forecast(title: str, function: Callable[..., Any], **more: Any) -> Row:
    return Row(title, function, of_labels=False, of_probabilities=True, **more)


def _number(title: str, function: Callable[..., Any], **more: Any) -> Row:
    return Row(title, function, of_numbers=True, **more)


def _point(title: str, function: Callable[..., Any], bound: str) -> Row:
    return Row(title, function, ("pos_label", bound), of_labels=False, has_interval=False)


TABLE = {
    "accuracy": Row("Accuracy", metrics.accuracy_score),
    "balanced_accuracy": Row("Balanced accuracy", metrics.balanced_accuracy_score),
    "geometric_mean": Row(
        "Geometric mean",
        geometric_mean_score,
        _OF_LABELS,
        _confusion.GEOMETRIC_MEAN,
        several="multiclass",
    ),
    "sensitivity": _ratio(sensitivity_score, _confusion.SENSITIVITY),
    "specificity": _ratio(specificity_score, _confusion.SPECIFICITY),
    "ppv": _ratio(ppv_score, _confusion.PPV),
    "npv": _ratio(npv_score, _confusion.NPV),
    "f1": Row("F1", metrics.f1_score, ratio=_confusion.F1),
    "positive_likelihood_ratio": _ratio(
        positive_likelihood_ratio, _confusion.POSITIVE_LIKELIHOOD_RATIO
    ),
    "negative_likelihood_ratio": _ratio(
        negative_likelihood_ratio, _confusion.NEGATIVE_LIKELIHOOD_RATIO, greater_is_better=False
    ),
    # Not an average over classes that may be missing, but weighted.
    "quadratic_kappa": Row("Quadratic weighted kappa", quadratic_kappa_score, several="weighted"),
    "roc_auc": Row("ROC AUC", metrics.roc_auc_score, of_labels=False),
    "brier": _forecast("Brier score", brier_loss, greater_is_better=False),
    "brier_skill": _forecast("Brier skill", brier_skill_score),
    "expected_calibration_error": _forecast(
        "Expected calibration error", expected_calibration_error, greater_is_better=False
    ),
    "calibration_slope": _forecast("Calibration slope", calibration_slope),
    "calibration_intercept": _forecast("Calibration intercept", calibration_intercept),
    "r2": _number("R²", r2),
    "mae": _number("Mean absolute error", metrics.mean_absolute_error, greater_is_better=False),
    "rmse": _number(
        "Root mean squared error", metrics.root_mean_squared_error, greater_is_better=False
    ),
    "bias": _number("Bias", bias),
    "lower_limit_of_agreement": _number("Lower limit of agreement", lower_limit),
    "upper_limit_of_agreement": _number("Upper limit of agreement", upper_limit),
    "sensitivity_at_specificity": _point(
        "Sensitivity at specificity", sensitivity_at_specificity_score, "specificity"
    ),
    "specificity_at_sensitivity": _point(
        "Specificity at sensitivity", specificity_at_sensitivity_score, "sensitivity"
    ),
}
