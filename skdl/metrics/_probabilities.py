"""What probabilities of samples are refused, and what they are compared with."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skdl._utils.labels import check_length, class_labels
from skdl._utils.text import plain, shortened
from skdl.metrics._checks import check_scores
from skdl.metrics._confusion import Array, positive_class

# Probabilities of networks are of single precision, those of bfloat16 less precise still.
_SUM_TOLERANCE = 0.02


class Forecast(NamedTuple):
    """Probabilities and outcomes, 0.0 or 1.0, both of shape (n, k).

    One column is that of the positive class, several are those of all classes.
    """

    outcomes: Array
    probabilities: Array

    @property
    def is_binary(self) -> bool:
        """Whether it is of one class against the rest."""
        return bool(self.outcomes.shape[1] == 1)

    def rows(self, rows: Any) -> "Forecast":
        """That of some samples."""
        return Forecast(self.outcomes[rows], self.probabilities[rows])


def forecast(
    y_true: Any, y_prob: Any, pos_label: Any, labels: Any = None, name: str = "y_prob"
) -> Forecast:
    """Check labels and probabilities; those of several classes where there is no `pos_label`."""
    true = class_labels(y_true, "y_true")
    classes = np.unique(true) if labels is None else _classes(labels, true)
    scores = check_scores(y_prob, name, len(classes))
    check_length(true, "y_true", scores, name)
    check_probabilities(scores, name)
    if len(classes) > 2 and pos_label is None:
        _check_columns(scores, name, len(classes))
        return Forecast((true[:, None] == classes).astype(np.float64), scores)
    positive = positive_class(classes, pos_label)
    if scores.ndim == 2:
        scores = scores[:, classes.tolist().index(positive)]
    return Forecast((true == positive).astype(np.float64)[:, None], scores[:, None])


def of_one_class(y_true: Any, y_prob: Any, pos_label: Any, name: str = "y_prob") -> Forecast:
    """The same of one class against the rest, which has to be named of several."""
    classes = np.unique(class_labels(y_true, "y_true"))
    if len(classes) > 2 and pos_label is None:
        raise ValueError(
            f"This score is of one class against the rest, but there are {len(classes)} classes: "
            f"{shortened(plain(classes))}. Pass pos_label, and {name} of that class or of all."
        )
    return forecast(y_true, y_prob, pos_label, name=name)


def check_probabilities(scores: Array, name: str) -> None:
    """Refuse what lies outside [0, 1]."""
    outside = (scores < 0) | (scores > 1)
    if outside.any():
        place = tuple(np.argwhere(outside)[0])
        raise ValueError(
            f"{name} has {scores[place]:g} at row {place[0]}. Probabilities must be between 0 and "
            "1. Pass those of predict_proba; CalibratedClassifierCV turns decision values into "
            "probabilities."
        )


def _classes(labels: Any, true: npt.NDArray[Any]) -> npt.NDArray[Any]:
    classes = np.unique(class_labels(labels, "labels"))
    unknown = plain(np.setdiff1d(true, classes))
    if unknown:
        raise ValueError(f"y_true holds labels that are not in `labels`: {shortened(unknown)}.")
    return classes


def _check_columns(scores: Array, name: str, n_classes: int) -> None:
    if scores.ndim == 1:
        raise ValueError(
            f"There are {n_classes} classes, so {name} must have their probabilities, of shape "
            f"(n, {n_classes}). For one class against the rest, pass pos_label."
        )
    sums = scores.sum(axis=1)
    wrong = np.abs(sums - 1) > _SUM_TOLERANCE
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"The probabilities of all classes must sum to 1, but those of {name} sum to "
            f"{sums[row]:g} at row {row}. Pass those of predict_proba, or pos_label for one class "
            "against the rest."
        )
