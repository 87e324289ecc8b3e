"""What y is: one class per image, a number, or several labels or numbers.

Decisions: docs/decisions.md#labels-numbers-and-grades.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.labels import class_labels
from skdl._utils.tags import kind_of
from skdl._utils.targets import check_label_sets, check_numbers
from skdl._utils.text import encodable, shortened


@dataclass(frozen=True)
class Targets:
    """Checked targets; of several columns, with their names."""

    values: npt.NDArray[Any]  # (n,), or (n, n_outputs)
    of_numbers: bool = False
    outputs: tuple[Hashable, ...] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def are_classes(self) -> bool:
        """Whether each image has one of several classes."""
        return self.outputs is None and not self.of_numbers

    @property
    def are_label_sets(self) -> bool:
        """Whether each image has any number of labels."""
        return self.outputs is not None and not self.of_numbers

    def column(self, number: int) -> "Targets":
        """Those of one output."""
        return Targets(self.values[:, number], self.of_numbers)


def read_targets(named: Mapping[str, Any], y: Any) -> Targets:
    """What y holds for these estimators, all of which are classifiers or all regressors."""
    numbers = {name: kind_of(estimator) == "regressor" for name, estimator in named.items()}
    if any(numbers.values()) and not all(numbers.values()):
        kinds = [next(name for name in named if numbers[name] is kind) for kind in (False, True)]
        raise ValueError(
            f"The estimators are of two kinds: {shortened(kinds[0])} is a classifier, and "
            f"{shortened(kinds[1])} is a regressor. Evaluate classifiers and regressors separately."
        )
    of_numbers = any(numbers.values())
    if not of_numbers and not _has_columns(y):
        return Targets(class_labels(y, "y"))
    if of_numbers:
        values: npt.NDArray[Any] = check_numbers(y, "y")
        if values.ndim == 1 or values.shape[1] == 1:
            return Targets(values.ravel(), of_numbers)
    else:
        values = check_label_sets(np.asarray(y.toarray() if hasattr(y, "toarray") else y), "y")
    return Targets(values, of_numbers, _names(y, values.shape[1]))


def _has_columns(y: Any) -> bool:
    """Whether y has more than one column; lists of labels of several lengths have none."""
    if hasattr(y, "shape"):
        return len(y.shape) == 2 and y.shape[1] > 1
    if not isinstance(y, list | tuple) or not len(y) or not isinstance(y[0], list | tuple):
        return False
    return len(y[0]) > 1 and all(hasattr(row, "__len__") and len(row) == len(y[0]) for row in y)


def _names(y: Any, n: int) -> tuple[Hashable, ...]:
    """Those of the columns of a frame, or numbers."""
    if not hasattr(y, "columns"):
        return tuple(range(n))
    names = [name if isinstance(name, int) else encodable(str(name)) for name in y.columns]
    if len(set(names)) < n:
        raise ValueError(f"Several columns of y have the same name: {shortened(names)}.")
    return tuple(names)
