"""What scores of samples are refused, and which column of them counts."""

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import type_of_target, unique_labels

from skdl.metrics._confusion import positive_class


def check_level(level: Any) -> None:
    """Refuse what is no confidence level."""
    if not isinstance(level, Real) or not 0 < float(level) < 1:
        raise ValueError(f"level must be between 0 and 1, such as 0.95. Got {level!r} instead.")


def check_n_resamples(n_resamples: Any) -> None:
    """Refuse what is no number of resamples."""
    if not isinstance(n_resamples, (int, np.integer)) or n_resamples < 1:
        raise ValueError(f"n_resamples must be an int of 1 or more. Got {n_resamples!r} instead.")


def check_filled(values: Any, name: str) -> npt.NDArray[Any]:
    """Return an array of at least one row, without NaN."""
    array = np.asarray(values)
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"{name} is empty: it must have one row per sample.")
    missing = _missing(array)
    if missing.any():
        row = np.argwhere(missing)[0, 0]
        raise ValueError(f"{name} is missing in row {row}. Leave such samples out, and say so.")
    return np.array(array.tolist()) if array.dtype == object else array


def _missing(array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if array.dtype == object:
        import pandas as pd

        return np.asarray(pd.isna(array))
    if array.dtype.kind in "mM":
        return np.asarray(np.isnat(array))
    return np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, dtype=np.bool_)


def check_labels(values: Any, name: str) -> npt.NDArray[Any]:
    """Return an array of class labels, one a sample."""
    array = check_filled(values, name)
    kind = type_of_target(array, name)
    if array.ndim != 1 or kind not in ("binary", "multiclass"):
        raise ValueError(
            f"{name} must be class labels of shape (n,). Got {kind} data of shape {array.shape}."
        )
    return array


def check_scores(values: Any, name: str, n_classes: int) -> npt.NDArray[np.float64]:
    """Return scores of shape (n,), or of shape (n, n_classes)."""
    array = check_filled(values, name)
    try:
        scores = array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be scores: numbers, such as probabilities. Got {array.flat[0]!r}."
        ) from None
    check_filled(scores, name)
    if scores.ndim > 2 or (scores.ndim == 2 and scores.shape[1] != n_classes):
        raise ValueError(
            f"{name} must be of shape (n,), or (n, {n_classes}) with a column for each class of "
            f"y_true. Got shape {scores.shape}."
        )
    return scores


def binary_problem(
    y_true: Any, y_score: Any, pos_label: Any, name: str = "y_score"
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return which samples are positive, and the scores of that class, both of shape (n,)."""
    true = check_labels(y_true, "y_true")
    classes = unique_labels(true)
    positive = positive_class(classes, pos_label)
    scores = check_scores(y_score, name, len(classes))
    if scores.ndim == 2:
        scores = scores[:, classes.tolist().index(positive)]
    return true == positive, scores
