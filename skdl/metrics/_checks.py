"""What scores of samples are refused, and which column of them counts."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.labels import check_length, class_labels, score_values
from skdl._utils.text import shortened
from skdl.metrics._confusion import positive_class


def check_level(level: Any, name: str = "level") -> None:
    """Refuse what is no confidence level, or another share between 0 and 1."""
    if not (isinstance(level, Real) and 0 < float(level) < 1):
        raise ValueError(
            f"{name} must be between 0 and 1, such as 0.95. Got {shortened(level)} instead."
        )


def check_scores(values: Any, name: str, n_classes: int) -> npt.NDArray[np.float64]:
    """Return scores of shape (n,), or of shape (n, n_classes)."""
    scores = score_values(values, name)
    if scores.ndim > 2 or (scores.ndim == 2 and scores.shape[1] != n_classes):
        raise ValueError(
            f"{name} must be of shape (n,), or (n, {n_classes}) with one column per class of "
            f"y_true. Got shape {scores.shape}."
        )
    return scores


def binary_problem(
    y_true: Any, y_score: Any, pos_label: Any, name: str = "y_score"
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return which samples are positive, and the scores of that class, both of shape (n,)."""
    true = class_labels(y_true, "y_true")
    classes = np.unique(true)
    positive = positive_class(classes, pos_label)
    scores = check_scores(y_score, name, len(classes))
    check_length(true, "y_true", scores, name)
    if scores.ndim == 2:
        scores = scores[:, classes.tolist().index(positive)]
    return true == positive, scores
