"""Scores that are ratios of the four cells of a confusion matrix, of one class or one-vs-rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import multilabel_confusion_matrix
from sklearn.utils.multiclass import unique_labels

from skdl._utils.checks import check_choice, warn_user
from skdl._utils.labels import label_pair
from skdl._utils.text import plain, shortened

Average: TypeAlias = Literal["auto", "binary", "macro", "weighted"] | None
Score: TypeAlias = float | npt.NDArray[np.float64]
ZeroDivision: TypeAlias = Literal["warn"] | float
Array: TypeAlias = npt.NDArray[np.float64]

AVERAGES = ("auto", "binary", "macro", "weighted", "multiclass")

# Labels whose positive class goes without saying, as in scikit-learn.
GUESSABLE = ({0, 1}, {-1, 1})


@dataclass(frozen=True)
class Ratio:
    """A ratio of products and sums of true and false negatives and positives."""

    name: str
    missing: str  # what there is none of where the denominator is zero
    terms: Callable[[Array, Array, Array, Array], tuple[Array, Array]]
    unbounded: bool = False

    @property
    def undefined(self) -> float:
        """The value of zero_division="warn": the worst, or none where the best is infinite."""
        return np.nan if self.unbounded else 0.0

    def __call__(self, matrices: Array) -> Array:
        """Return the ratios of matrices ((tn, fp), (fn, tp)) along the last two axes, or NaN."""
        numerator, denominator = self.counts(matrices)
        ratios = np.full(np.shape(numerator), np.nan)
        np.divide(numerator, denominator, out=ratios, where=denominator != 0)
        return ratios

    def counts(self, matrices: Array) -> tuple[Array, Array]:
        """Return numerators and denominators."""
        tn, fp, fn, tp = (matrices[..., i, j] for i in (0, 1) for j in (0, 1))
        return self.terms(tn, fp, fn, tp)


SENSITIVITY = Ratio("Sensitivity", "positive samples", lambda tn, fp, fn, tp: (tp, tp + fn))
SPECIFICITY = Ratio("Specificity", "negative samples", lambda tn, fp, fn, tp: (tn, tn + fp))
PPV = Ratio(
    "Positive predictive value", "positive predictions", lambda tn, fp, fn, tp: (tp, tp + fp)
)
NPV = Ratio(
    "Negative predictive value", "negative predictions", lambda tn, fp, fn, tp: (tn, tn + fn)
)
F1 = Ratio(
    "F1",
    "positive samples and positive predictions",
    lambda tn, fp, fn, tp: (2 * tp, 2 * tp + fp + fn),
)
POSITIVE_LIKELIHOOD_RATIO = Ratio(
    "Positive likelihood ratio",
    "false positives or no positive samples",
    lambda tn, fp, fn, tp: (tp * (tn + fp), fp * (tp + fn)),
    unbounded=True,
)
NEGATIVE_LIKELIHOOD_RATIO = Ratio(
    "Negative likelihood ratio",
    "true negatives or no positive samples",
    lambda tn, fp, fn, tp: (fn * (tn + fp), tn * (tp + fn)),
    unbounded=True,
)


GEOMETRIC_MEAN = Ratio(  # its square
    "The geometric mean",
    "positive or no negative samples",
    lambda tn, fp, fn, tp: (tp * tn, (tp + fn) * (tn + fp)),
)


def ratio_score(
    ratio: Ratio,
    y_true: Any,
    y_pred: Any,
    labels: Sequence[Any] | None,
    pos_label: Any,
    average: Average,
    sample_weight: Any,
    zero_division: ZeroDivision,
) -> Score:
    """Return the ratio of the positive class, of each class, or averaged over the classes."""
    check_zero_division(zero_division, ratio)
    matrices, average = class_matrices(y_true, y_pred, labels, pos_label, average, sample_weight)
    ratios = defined(ratio(matrices), zero_division, ratio)
    return averaged(ratios, matrices, average)


def class_matrices(
    y_true: Any,
    y_pred: Any,
    labels: Sequence[Any] | None,
    pos_label: Any,
    average: Any,
    sample_weight: Any,
    several: str = "macro",
) -> tuple[Array, Any]:
    """Check labels, settle what "auto" is, and count: one matrix of two by two a class."""
    check_average(average, several, None)
    y_true, y_pred = label_pair(y_true, y_pred)
    if sample_weight is not None and (np.asarray(sample_weight) < 0).any():
        raise ValueError("sample_weight must not be negative.")
    present = unique_labels(y_true, y_pred)
    if average == "auto":
        average = "binary" if pos_label is not None or len(present) <= 2 else several
    if average == "binary":
        labels = [positive_class(present, pos_label)]
    matrices = multilabel_confusion_matrix(
        y_true, y_pred, labels=labels, sample_weight=sample_weight
    )
    return matrices.astype(np.float64), average


def check_average(average: Any, several: str, *more: Any) -> None:
    """Refuse what is no average of a score that takes `several` of more than two classes."""
    choices = [a for a in AVERAGES if a != "multiclass" or several == "multiclass"]
    check_choice(average, "average", [*choices, *more])


def positive_class(present: npt.NDArray[Any], pos_label: Any) -> Any:
    """Return `pos_label`, or the positive class that goes without saying."""
    classes, pos_label = plain(present), plain(pos_label)
    if pos_label is not None:
        if pos_label not in classes and len(classes) > 1:
            raise ValueError(
                f"pos_label={shortened(pos_label)} is not a valid label. It must be one of "
                f"{shortened(classes)}."
            )
        return pos_label
    if len(classes) > 2:
        raise ValueError(
            f"average='binary' needs two classes, but there are {len(classes)}: "
            f"{shortened(classes)}. Pass pos_label for one class against the rest, or "
            "average='macro', 'weighted' or None."
        )
    if not any(set(classes) <= guessable for guessable in GUESSABLE):
        raise ValueError(
            f"The positive class of the labels {shortened(classes)} cannot be guessed. Pass "
            f"pos_label, such as pos_label={shortened(classes[-1])}; for a scorer, use "
            f"make_clinical_scorer(…, pos_label={shortened(classes[-1])})."
        )
    return True if present.dtype == bool else 1


def check_zero_division(zero_division: Any, ratio: Ratio) -> None:
    """Refuse values that the ratio cannot have."""
    valid = zero_division == "warn" or isinstance(zero_division, Real)
    if valid and zero_division != "warn" and not np.isnan(zero_division):
        valid = zero_division >= 0 if ratio.unbounded else zero_division in (0, 1)
    if not valid:
        values = "a number of 0 or more" if ratio.unbounded else "0.0, 1.0"
        raise ValueError(
            f"zero_division must be 'warn', {values} or np.nan. Got "
            f"{shortened(zero_division)} instead."
        )


def defined(ratios: Array, zero_division: ZeroDivision, ratio: Ratio) -> Array:
    """Replace the ratios that are undefined, with a warning where nobody said by what."""
    undefined = np.isnan(ratios)
    if undefined.any() and zero_division == "warn":
        warn_user(
            f"{ratio.name} is ill-defined and set to {ratio.undefined} if there are no "
            f"{ratio.missing}. Use the `zero_division` parameter to control this behaviour.",
            UndefinedMetricWarning,
        )
    substitute = ratio.undefined if zero_division == "warn" else float(zero_division)
    return np.where(undefined, substitute, ratios)


def averaged(ratios: Array, matrices: Array, average: Average) -> Score:
    """Average over the classes; NaN stays out."""
    if average is None:
        return ratios
    weights = matrices[:, 1].sum(axis=1) if average == "weighted" else np.ones_like(ratios)
    known = ~np.isnan(ratios) & (weights > 0)
    if not known.any():
        return float(np.nan if np.isnan(ratios).any() else 0.0)
    return float(np.average(ratios[known], weights=weights[known]))
