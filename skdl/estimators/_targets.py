"""What images are mapped to: one of several classes, or several labels at once.

Decisions: docs/decisions.md#labels-numbers-and-grades.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import warn_user
from skdl._utils.scikit import check_sample_weight
from skdl._utils.targets import about_one_hot
from skdl._utils.text import plain, shortened
from skdl.engine import Head, Job, TrainingSet
from skdl.estimators._convergence import warn_if_exploded, warn_of_failure
from skdl.estimators._holding_out import Held, hold_out, hold_out_labels
from skdl.estimators._inputs import check_labels, check_weights, encode_labels, unique_labels
from skdl.estimators._label_weights import label_weights
from skdl.estimators._numbers import Numbers

Weights = npt.NDArray[np.float32]


class Loss(NamedTuple):
    """What a classifier minimises, by its parameters, and which images it draws."""

    name: str = "cross_entropy"
    focal_gamma: float = 0.0
    label_smoothing: float = 0.0
    mixes: bool = False
    sampling: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What the engine has to know of it, apart from the name."""
        return {key: getattr(self, key) for key in ("focal_gamma", "label_smoothing", "mixes")}


_CROSS_ENTROPY = Loss()


@dataclass(frozen=True)
class Classes:
    """One class of each image."""

    classes: npt.NDArray[Any]  # sorted
    chosen: Loss = _CROSS_ENTROPY
    loss: ClassVar[str] = "sparse_categorical_crossentropy"

    def __post_init__(self) -> None:
        if self.chosen.name != "ordinal":
            return
        if self.classes.dtype.kind not in "biuf":
            raise ValueError(
                "loss='ordinal' requires ordered classes, but y contains "
                f"{shortened(plain(self.classes)[0])}, which has no order. Pass grades as numbers, "
                "such as 0 to 4."
            )
        if self.chosen.label_smoothing:
            raise ValueError(
                "label_smoothing ignores the order of the classes. Set it to 0 with loss='ordinal'."
            )

    @property
    def head(self) -> Head:
        return "ordinal" if self.chosen.name == "ordinal" else "softmax"

    @property
    def loss_options(self) -> dict[str, Any]:
        return self.chosen.options

    @property
    def n_outputs(self) -> int:
        return len(self.classes)

    @property
    def attributes(self) -> dict[str, Any]:
        """What a fit sets on the estimator."""
        return {"classes_": self.classes}

    def encode(self, y: npt.NDArray[Any], name: str = "y", advice: str = "") -> npt.NDArray[Any]:
        """Positions of the classes."""
        _refuse_label_sets(y, name)
        return encode_labels(y, self.classes, name, advice)

    def weights(self, sample_weight: Any, class_weight: Any, y: npt.NDArray[Any]) -> Weights:
        """Of each image."""
        if isinstance(class_weight, list):
            raise ValueError(
                "class_weight is a list, which is for several labels per image. For one class per "
                "image, pass a dict {class: weight}."
            )
        return check_weights(sample_weight, class_weight, y, self.classes)

    def hold_out(self, data: TrainingSet, fraction: float, seed: int, groups: Any) -> Held:
        return hold_out(data, fraction, seed, self.classes, groups)

    def judge(self) -> Callable[..., None]:
        """What looks at a training at its end."""
        return partial(warn_of_failure, classes=self.classes)

    def decode(self, probabilities: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        labels: npt.NDArray[Any] = self.classes[probabilities.argmax(axis=1)]
        return labels

    def refuse_others(self, y: npt.NDArray[Any], classes: Any, mode: Job.Mode) -> None:
        """Refuse to go on with other classes than those of the training before."""
        known, given = shortened(plain(self.classes)), classes
        if given is not None and not np.array_equal(unique_labels(given), self.classes):
            raise ValueError(
                f"classes={shortened(plain(unique_labels(given)))} is not the same as on the last "
                f"call to partial_fit, was: {known}."
            )
        _refuse_label_sets(y, "y")
        if mode == "warm_start" and not np.array_equal(unique_labels(y), self.classes):
            raise ValueError(
                f"warm_start=True continues with the classes of the previous fit, {known}, but y "
                f"has {shortened(plain(unique_labels(y)))}. Refit with warm_start=False, or use "
                "partial_fit."
            )


@dataclass(frozen=True)
class LabelSets:
    """Several labels of each image, each of which is set or not."""

    n_labels: int
    chosen: Loss = _CROSS_ENTROPY
    head: ClassVar[Head] = "sigmoid"
    loss: ClassVar[str] = "binary_crossentropy"
    classes: npt.NDArray[Any] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        several = "is for one class per image, but y has a column for each of several labels"
        if self.chosen.name == "ordinal":
            raise ValueError(f"loss='ordinal' {several}. Set loss='cross_entropy'.")
        if self.chosen.sampling is not None:
            raise ValueError(
                f"sampling={self.chosen.sampling!r} {several}. Set class_weight='balanced' instead."
            )
        object.__setattr__(self, "classes", np.arange(self.n_labels))

    @property
    def n_outputs(self) -> int:
        return self.n_labels

    @property
    def loss_options(self) -> dict[str, Any]:
        return self.chosen.options

    @property
    def attributes(self) -> dict[str, Any]:
        """What a fit sets on the estimator."""
        return {"classes_": self.classes}

    def encode(self, y: npt.NDArray[Any], name: str = "y", advice: str = "") -> npt.NDArray[Any]:
        """1.0 for a label that is set, 0.0 for another."""
        if y.shape[1:] != (self.n_labels,):
            raise ValueError(
                f"{name} should have {self.n_labels} columns, one for each label seen in fit. Got "
                f"an array of shape {y.shape}."
            )
        return y.astype(np.float32)

    def weights(self, sample_weight: Any, class_weight: Any, y: npt.NDArray[Any]) -> Weights:
        """Of each image, (n, 1), or of each label of each image, (n, n_labels)."""
        rows = check_sample_weight(
            sample_weight, y, dtype=np.float64, copy=True, ensure_non_negative=True
        )[:, np.newaxis]
        weights: Weights = label_weights(rows, class_weight, y).astype(np.float32)
        if not weights.any():
            raise ValueError(
                "sample_weight times class_weight is zero in float32 for every label of every row: "
                "there is nothing to train on."
            )
        return weights

    def hold_out(self, data: TrainingSet, fraction: float, seed: int, groups: Any) -> Held:
        return hold_out_labels(data, fraction, seed, groups)

    def judge(self) -> Callable[..., Any]:
        """What looks at a training at its end."""
        return partial(warn_if_exploded, guess=float(np.log(2)))

    def decode(self, probabilities: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        return (probabilities > 0.5).astype(np.int64)

    def refuse_others(self, y: npt.NDArray[Any], classes: Any, mode: Job.Mode) -> None:
        """Refuse to go on with other labels than those of the training before."""
        if classes is not None and not np.array_equal(classes, self.classes):
            raise ValueError(
                f"classes={shortened(plain(classes))} is not the same as on the last call to "
                f"partial_fit, was: {shortened(plain(self.classes))}."
            )
        self.encode(y)


Targets = Classes | LabelSets | Numbers


def learn_targets(
    y: npt.NDArray[Any], sample_weight: Any, loss: Loss, classes: Any = None
) -> Classes | LabelSets:
    """What checked labels are to be mapped to; `classes` are all that will ever occur."""
    if y.ndim == 1:
        return Classes(unique_labels(y if classes is None else classes), loss)
    if classes is not None and not np.array_equal(classes, np.arange(y.shape[1])):
        raise ValueError(
            f"With {y.shape[1]} columns in y, one per label, classes must be the column numbers, "
            f"range({y.shape[1]}). Got {shortened(plain(classes))}."
        )
    if classes is None:
        weights = check_sample_weight(sample_weight, y, dtype=np.float64)
        _warn_of_constant(y[weights > 0])
    return LabelSets(y.shape[1], loss)


def checked_classes(classes: Any) -> Any:
    """What `partial_fit` gets as `classes`."""
    if classes is None:
        return None
    known = check_labels(classes, "classes")
    if known.ndim > 1:
        raise ValueError(f"classes should be a 1d array. Got an array of shape {known.shape}.")
    return known


def _refuse_label_sets(y: npt.NDArray[Any], name: str) -> None:
    if y.ndim > 1:
        raise ValueError(
            f"{name} has shape {y.shape}, but this estimator was fitted on one class per image: "
            "pass a 1d array."
        )


def _warn_of_constant(y: npt.NDArray[Any]) -> None:
    """Warn of labels of which nothing can be learned, and of classes that are taken for labels."""
    n_set = y.sum(axis=0)
    for column in np.flatnonzero((n_set == 0) | (n_set == len(y))):
        state = "all" if n_set[column] else "none"
        warn_user(
            f"Label {column} is set in {state} of the {len(y)} training images, so nothing can be "
            "learned about it. Drop the column, or add images in which it differs."
        )
    if message := about_one_hot(y):
        warn_user(message)
