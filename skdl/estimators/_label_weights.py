"""Weights of labels that are set or not, for several labels per image.

Decisions: docs/decisions.md#labels-numbers-and-grades.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.text import shortened

Floats = npt.NDArray[np.float64]


def label_weights(rows: Floats, class_weight: Any, y: npt.NDArray[Any]) -> Floats:
    """Weights of images, (n, 1), times those that `class_weight` gives their labels."""
    if class_weight is None:
        return rows
    if class_weight == "balanced":
        given = _balanced(rows, y)
    else:
        given = _checked(class_weight, y.shape[1])
    weights: Floats = rows * np.where(y, given[1], given[0])
    return weights


def _balanced(rows: Floats, y: npt.NDArray[Any]) -> Floats:
    """For each label, both of its states weigh the same in total, as scikit-learn has it."""
    counted = y[rows[:, 0] > 0]  # by the rows that are trained on
    n_set = counted.sum(axis=0)
    counts = np.array([len(counted) - n_set, n_set], np.float64)
    return len(counted) / (2 * np.maximum(counts, 1))


def _checked(class_weight: Any, n_labels: int) -> Floats:
    """The weights of each label, not set and set: (2, n_labels)."""
    advice = (
        f"For {n_labels} labels per image, pass 'balanced', or a list of {n_labels} dicts such as "
        "{0: 1.0, 1: 5.0}, one per label."
    )
    if not isinstance(class_weight, list) or len(class_weight) != n_labels:
        raise ValueError(f"class_weight is {shortened(class_weight)}. {advice}")
    weights = np.ones((2, n_labels))
    for label, given in enumerate(class_weight):
        if not isinstance(given, dict) or not all(map(_is_weight, given, given.values())):
            raise ValueError(f"class_weight of label {label} is {shortened(given)}. {advice}")
        for state, weight in given.items():
            weights[int(state), label] = weight
    return weights


def _is_weight(state: Any, weight: Any) -> bool:
    is_number = isinstance(weight, int | float | np.number)
    return state in (0, 1) and is_number and bool(0 <= weight < np.inf)
