"""What goes into a fit, validated: images, labels, weights, validation data."""

import math
from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets

from skdl._utils.rows import is_missing, objects, refuse_masked
from skdl._utils.scikit import check_sample_weight
from skdl._utils.targets import check_label_sets
from skdl._utils.text import plain, shortened
from skdl.engine import TrainingSet
from skdl.images import ImageBatch, read_batch


def check_labels(y: Any, name: str = "y") -> npt.NDArray[Any]:
    """Class labels of any kind, (n,), or labels that are set or not as 0 and 1, (n, n_labels)."""
    if y is None:
        raise ValueError(
            "This classifier requires y to be passed, but the target y is None. Pass one class "
            "label per image."
        )
    labels: npt.NDArray[Any] = _as_labels(y, name)
    if labels.ndim == 0:
        advice = f" Pass list({name})." if isinstance(y, Iterator) else ""
        raise ValueError(
            f"{name} should be a 1d array, a list or a Series of class labels. Got "
            f"{shortened(y)}.{advice}"
        )
    if labels.dtype.kind == "S":
        raise TypeError(
            f"Support for labels represented as bytes is not supported. Decode those of {name}, "
            f"such as {name}.astype(str)."
        )
    if labels.ndim == 2 and labels.shape[1] > 1:
        return check_label_sets(labels, name)
    if labels.ndim > 2:
        raise ValueError(
            f"{name} should be a 1d array of class labels. Got an array of shape {labels.shape}."
        )
    labels = column_or_1d(labels, warn=True)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.argmin(np.isfinite(labels)))
        what = "NaN" if np.isnan(labels[row]) else "infinity"
        raise ValueError(f"Input {name} contains {what}: first at row {row}.")
    if labels.dtype.kind in "mM" and np.isnat(labels).any():
        row = int(np.argmax(np.isnat(labels)))
        raise ValueError(f"Input {name} contains NaT: first at row {row}.")
    if labels.dtype.kind == "O":
        missing = [row for row, label in enumerate(labels) if is_missing(label)]
        if missing:
            raise ValueError(
                f"Input {name} contains NaN or None: first at row {missing[0]}, in {len(missing)} "
                "rows. Drop the rows without a label."
            )
        _refuse_mixed(labels, name)
    check_classification_targets(labels)
    return labels


def _as_labels(y: Any, name: str) -> npt.NDArray[Any]:
    """What a user passed as labels, from whatever library, as an array."""
    refuse_masked(y, name)
    if issparse(y):
        y = y.toarray()
    if isinstance(y, list | tuple) and any(isinstance(label, str) for label in y):
        labels = objects(y)  # NumPy would make text of what is missing
        return labels.astype(np.str_) if all(isinstance(label, str) for label in y) else labels
    try:
        labels = np.asarray(y)
    except ValueError as error:
        raise ValueError(
            f"{name} should be a 1d array of class labels, but its rows are of different lengths. "
            "For lists of labels, pass "
            f"sklearn.preprocessing.MultiLabelBinarizer().fit_transform({name})."
        ) from error
    if labels.dtype.kind == "T":  # as text of one length, unless some is missing
        known = labels.astype(object)
        return known if any(map(is_missing, known.ravel())) else np.array(known.tolist(), np.str_)
    return labels


def _refuse_mixed(labels: npt.NDArray[Any], name: str) -> None:
    """Refuse labels that cannot be sorted, before NumPy fails to do it."""
    kinds = {type(label).__name__ for label in labels}
    try:
        np.unique(labels)
    except TypeError as error:
        raise ValueError(
            f"{name} mixes labels of several kinds ({', '.join(sorted(kinds))}), which cannot be "
            f"sorted: {error}. Make them all strings, or all numbers."
        ) from error


def unique_labels(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sorted classes, at least two."""
    classes: npt.NDArray[Any] = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            "A classifier needs samples of at least 2 classes in y, but y contains only one class: "
            f"{shortened(plain(classes)[0])}."
        )
    return classes


def encode_labels(
    y: npt.NDArray[Any], classes: npt.NDArray[Any], name: str = "y", advice: str = ""
) -> npt.NDArray[np.int32]:
    """Positions of labels among the known classes."""
    position = {label: code for code, label in enumerate(classes.tolist())}
    labels = plain(y)
    codes = np.array([position.get(label, -1) for label in labels], dtype=np.int32)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise ValueError(
            f"{name} has the label {shortened(labels[row])} at row {row}, which is not among the "
            f"classes {shortened(plain(classes))}. {advice}".rstrip()
        )
    return codes


def as_weights(sample_weight: Any) -> Any:
    """Weights of whatever library as an array of NumPy, None and a number as they are."""
    refuse_masked(sample_weight, "sample_weight")
    if isinstance(sample_weight, Real | None):
        return sample_weight
    weights = np.asarray(sample_weight)
    if weights.dtype.kind not in "biuf":
        numbers = [_as_weight(value, row) for row, value in enumerate(weights.reshape(-1).tolist())]
        weights = np.array(numbers, dtype=np.float64).reshape(weights.shape)
    if np.isnan(weights).any():  # of which scores of older scikit-learn are NaN
        raise ValueError(
            "Input sample_weight contains NaN. Drop those images, or set their weight to 0."
        )
    return weights


def _as_weight(value: Any, row: int) -> float:
    if is_missing(value):
        return math.nan
    try:
        if isinstance(value, str | bytes):
            raise TypeError("text is not a number")
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"sample_weight must have one number per image. Got {shortened(value)} at row {row}. "
            "For weights of classes, set class_weight."
        ) from error


def check_weights(
    sample_weight: Any,
    class_weight: Any,
    y: npt.NDArray[Any],
    classes: npt.NDArray[Any],
) -> npt.NDArray[np.float32]:
    """Sample weights times class weights, as a new vector."""
    if isinstance(class_weight, dict):
        class_weight = _weights_of_present(class_weight, y, classes.tolist())
    weights = check_sample_weight(
        sample_weight, y, dtype=np.float64, copy=True, ensure_non_negative=True
    )
    if class_weight is not None:
        counted = weights > 0  # "balanced" goes by the rows that are trained on
        weights[counted] *= compute_sample_weight(class_weight, y[counted])
    result: npt.NDArray[np.float32] = weights.astype(np.float32)
    if not result.any():
        raise ValueError(
            "sample_weight times class_weight is zero in float32 for every row: there is nothing "
            "to train on."
        )
    return result


def _weights_of_present(
    class_weight: dict[Any, float], y: npt.NDArray[Any], classes: list[Any]
) -> dict[Any, float]:
    class_weight = plain(class_weight)
    unknown = [label for label in class_weight if label not in classes]
    unweighted = [label for label in classes if label not in class_weight]
    if unknown and unweighted:  # otherwise a class that this fold lacks, as in scikit-learn
        raise ValueError(
            f"class_weight has the key {shortened(unknown[0])}, which is not among the classes "
            f"{shortened(classes)}, and no weight for {shortened(unweighted[0])}. Use the classes "
            "of y as keys."
        )
    for label in class_weight:
        weight = class_weight[label]
        if not isinstance(weight, Real) or not (np.isfinite(weight) and weight >= 0):
            raise ValueError(
                f"class_weight of {shortened(label)} must be a finite, non-negative number. Got "
                f"{shortened(weight)}."
            )
    present = set(y.tolist())  # scikit-learn takes no other keys
    return {label: weight for label, weight in class_weight.items() if label in present}


def make_training_set(
    images: ImageBatch, targets: npt.NDArray[Any] | None, weights: npt.NDArray[np.float32]
) -> TrainingSet:
    """A training set of the rows that have a weight."""
    data, rows = TrainingSet(images, targets, weights), weighted_rows(weights)
    return data if len(rows) == len(weights) else data.take(rows)


def weighted_rows(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Rows that have a weight."""
    return np.flatnonzero(weights.reshape(len(weights), -1).any(axis=1))


def check_batch(X: Any, y: Any, x_name: str, y_name: str, estimator: Any) -> ImageBatch:
    """Images that come with targets."""
    if x_name == "X_val" and (X is None or y is None):
        given, absent = (y_name, x_name) if X is None else (x_name, y_name)
        raise ValueError(f"{given} was passed without {absent}. Pass both, or neither.")
    return read_batch(X, x_name, estimator)


def refuse_other_length(
    batch: ImageBatch, targets: npt.NDArray[Any], x_name: str, y_name: str
) -> None:
    """Refuse images and targets that are not as many."""
    if len(batch) != len(targets):
        raise ValueError(
            f"{x_name} has {len(batch)} rows, but {y_name} has {len(targets)}: inconsistent "
            "numbers of samples."
        )
