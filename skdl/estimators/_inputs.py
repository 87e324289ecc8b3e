"""What goes into a fit, validated: images, labels, weights, validation data."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names,
    _check_sample_weight,
    _get_feature_names,
)

from skdl._files import ImageFiles, find_paths
from skdl.engine import TrainingSet
from skdl.images import (
    ImageShape,
    ValueRange,
    check_image_array,
    check_image_shape,
    check_value_range,
    infer_image_shape,
    learn_value_range,
    to_images,
)


@dataclass(frozen=True)
class ImageFormat:
    """What a fit learns about its images, and predictions are held to."""

    image_shape: ImageShape
    value_range: ValueRange
    n_features: int
    feature_names: npt.NDArray[np.object_] | None
    resizes_files: bool = False

    @classmethod
    def learn(
        cls,
        X: Any,
        images: npt.NDArray[Any] | ImageFiles,
        image_shape: Any,
        value_range: Any,
        sample_weight: Any = None,
    ) -> "ImageFormat":
        """Learn the format of training data.

        Parameters
        ----------
        X : array-like
            As the user passed it.
        images : ndarray
            `X` after :func:`check_images`.
        image_shape, value_range : object
            The estimator's parameters.
        sample_weight : array-like, default=None
            Rows of weight zero do not count for the value range.
        """
        explicit = check_value_range(value_range)
        if isinstance(images, ImageFiles):
            shape = _shape_of_files(images, image_shape)
            learned = learn_value_range(np.zeros(0, images.dtype)) if explicit is None else explicit
            n_features = int(np.prod(shape))
            return cls(shape, learned, n_features, None, resizes_files=image_shape is not None)
        shape = infer_image_shape(images.shape, image_shape)
        if sample_weight is not None and explicit is None:
            weights = _check_sample_weight(sample_weight, images, ensure_non_negative=True)
            images = images if weights.all() else images[weights > 0]
        return cls(
            image_shape=shape,
            value_range=learn_value_range(images) if explicit is None else explicit,
            n_features=int(np.prod(shape)),
            feature_names=_get_feature_names(X) if images.ndim == 2 else None,
        )

    def check_batch(self, X: Any, estimator: Any) -> tuple[npt.NDArray[Any] | ImageFiles, Any]:
        """Validate images for a fitted estimator: as they came, and viewed as images."""
        array = check_images(X, "X", estimator)
        if type(X) is not np.ndarray or hasattr(estimator, "feature_names_in_"):
            self.check_columns(X, array, estimator)
        self.warn_of_another_scale(array)
        return array, self.as_images(array, estimator)

    def warn_of_another_scale(self, array: npt.NDArray[Any] | ImageFiles) -> None:
        """Warn where the values can hardly be of the scale that was learned."""
        if self.value_range == "standardized":
            return
        largest = 255.0 if isinstance(array, ImageFiles) else float(array.max())
        high = self.value_range[1]
        if array.dtype != np.uint8 and high > 2 and 0 < largest <= 1:
            hint = f"at most {largest:g}"
        elif largest > 10 * abs(high):
            hint = f"up to {largest:g}"
        else:
            return
        warnings.warn(
            f"X has values {hint}, but this estimator was fitted on values from "
            f"{self.value_range[0]:g} to {high:g} (value_range_). Bring X to the scale of the "
            "training images.",
            UserWarning,
            stacklevel=5,  # where predict or transform was called
        )

    def check_columns(self, X: Any, array: npt.NDArray[Any] | ImageFiles, estimator: Any) -> None:
        """Warn or refuse where a DataFrame's columns are not those of the fit.

        A column of paths is no feature.
        """
        if not isinstance(array, ImageFiles):
            _check_feature_names(estimator, X, reset=False)

    def check_names(self, X: Any, name: str) -> None:
        """Refuse a DataFrame whose columns are not those of the training data, in their order."""
        names = _get_feature_names(X)
        known = self.feature_names
        if names is not None and known is not None and not np.array_equal(names, known):
            raise ValueError(
                f"The feature names of {name} should match those of X, in the same order."
            )

    def as_images(
        self, array: npt.NDArray[Any] | ImageFiles, estimator: Any, name: str = "X"
    ) -> Any:
        """View an array or files as images of this format.

        Raises
        ------
        ValueError
            If height, width or channels differ, naming both shapes.
        """
        if isinstance(array, ImageFiles):
            return array.in_shape(self.image_shape, self.resizes_files)
        if array.ndim == 2:
            if array.shape[1] != self.n_features:
                raise ValueError(
                    f"{name} has {array.shape[1]} features, but {type(estimator).__name__} is "
                    f"expecting {self.n_features} features as input: its training images are of "
                    f"shape {self.image_shape}."
                )
            return to_images(array, self.image_shape)
        if array.ndim not in (3, 4):
            infer_image_shape(array.shape)  # says what an image batch is
        found = array.shape[1:] if array.ndim == 4 else (*array.shape[1:], 1)
        if found != self.image_shape:
            raise ValueError(
                f"{name} holds images of shape {found}, but the training images of this "
                f"{type(estimator).__name__} are of shape {self.image_shape} (height, width, "
                "channels)."
            )
        return to_images(array)


def _shape_of_files(files: ImageFiles, image_shape: Any) -> ImageShape:
    """Image shape of files: their own, or the one that they are resized to."""
    if image_shape is None:
        return files.common_shape()
    declared = check_image_shape(image_shape)
    if len(declared) == 2:
        return files.common_shape(declared)
    if declared[2] not in (1, 3):
        raise ValueError(
            f"image_shape={declared} has {declared[2]} channels, but image files are decoded to 1 "
            "(grayscale) or 3 (RGB)."
        )
    return declared[0], declared[1], declared[2]


def check_images(X: Any, name: str, estimator: Any) -> npt.NDArray[Any] | ImageFiles:
    """Validate images, be it arrays or paths of files.

    Raises
    ------
    TypeError
        If they are sparse.
    ValueError
        See :func:`skdl.images.check_image_array`; or if only some rows are paths.
    """
    paths = find_paths(X, name)
    if paths is not None:
        return ImageFiles(paths)
    return check_image_array(X, name=name, estimator=estimator)


def check_labels(y: Any, name: str = "y") -> npt.NDArray[Any]:
    """Validate class labels of any kind.

    Raises
    ------
    ValueError
        If there are none, or they are missing, continuous or of several kinds.
    """
    if y is None:
        raise ValueError(
            "This classifier requires y to be passed, but the target y is None. Pass one class "
            "label an image."
        )
    shape = np.asarray(y).shape
    if len(shape) == 2 and shape[1] > 1:
        raise ValueError(
            f"{name} should be a 1d array of class labels, got an array of shape {shape}. Of "
            f"one-hot labels, pass {name}.argmax(axis=1)."
        )
    labels: npt.NDArray[Any] = column_or_1d(y, warn=True)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.argmin(np.isfinite(labels)))
        what = "NaN" if np.isnan(labels[row]) else "infinity"
        raise ValueError(f"Input {name} contains {what}: first at row {row}.")
    if labels.dtype.kind == "O":
        missing = [row for row, label in enumerate(labels) if label is None or label != label]
        if missing:
            raise ValueError(
                f"Input {name} contains NaN or None: first at row {missing[0]}, in {len(missing)} "
                "rows. Drop the rows without a label."
            )
        _refuse_mixed(labels, name)
    check_classification_targets(labels)
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
    """Sorted classes.

    Raises
    ------
    ValueError
        If there are fewer than two classes.
    """
    classes: npt.NDArray[Any] = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            "A classifier needs samples of at least 2 classes in y, but y contains only one class: "
            f"{classes.tolist()[0]!r}."
        )
    return classes


def encode_labels(
    y: npt.NDArray[Any], classes: npt.NDArray[Any], name: str = "y", advice: str = ""
) -> npt.NDArray[np.int32]:
    """Positions of labels among the known classes.

    Raises
    ------
    ValueError
        Naming the first label that is not among them, and its row.
    """
    position = {label: code for code, label in enumerate(classes.tolist())}
    codes = np.array([position.get(label, -1) for label in y.tolist()], dtype=np.int32)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise ValueError(
            f"{name} has the label {y.tolist()[row]!r} at row {row}, which is not among the "
            f"classes {classes.tolist()}. {advice}".rstrip()
        )
    return codes


def check_weights(
    sample_weight: Any,
    class_weight: Any,
    X: npt.NDArray[Any],
    y: npt.NDArray[Any],
    classes: npt.NDArray[Any],
) -> npt.NDArray[np.float32]:
    """Sample weights times class weights, as a new vector.

    Raises
    ------
    ValueError
        If a weight is negative, all are zero, their number is not that of the rows, or a key of
        `class_weight` is no class.
    """
    if isinstance(class_weight, dict):
        class_weight = _weights_of_present(class_weight, y, classes.tolist())
    weights = _check_sample_weight(
        sample_weight, X, dtype=np.float64, copy=True, ensure_non_negative=True
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
    for label in class_weight:
        if label not in classes:
            raise ValueError(
                f"class_weight has the key {label!r}, which is not among the classes {classes}."
            )
        weight = class_weight[label]
        if not isinstance(weight, Real) or not (np.isfinite(weight) and weight >= 0):
            raise ValueError(
                f"class_weight of {label!r} must be a finite number that is not negative. Got "
                f"{weight!r}."
            )
    present = set(y.tolist())  # scikit-learn takes no other keys
    return {label: weight for label, weight in class_weight.items() if label in present}


def make_training_set(
    images: Any, targets: npt.NDArray[Any] | None, weights: npt.NDArray[np.float32]
) -> TrainingSet:
    """A training set of the rows that have a weight."""
    if not isinstance(images, ImageFiles):
        images = np.ascontiguousarray(images)
    data = TrainingSet(images, targets, weights)
    return data if (weights > 0).all() else data.take(np.flatnonzero(weights))


def hold_out(
    data: TrainingSet, fraction: float, seed: int, classes: npt.NDArray[Any]
) -> tuple[TrainingSet, TrainingSet]:
    """Stratified, seeded split into training and validation data.

    Raises
    ------
    ValueError
        If a class is too small to stand on both sides, naming it and what to do.
    """
    counts = np.bincount(np.asarray(data.targets), minlength=len(classes))
    n_held_out = int(np.ceil(fraction * len(data)))
    n_present = int((counts > 0).sum())
    smallest = int(np.argmin(np.where(counts > 0, counts, counts.max() + 1)))
    advice = "Set another validation_fraction, or pass X_val and y_val."
    if counts[smallest] < 2:
        raise ValueError(
            f"The class {classes.tolist()[smallest]!r} has 1 row in y: too few to stand in both "
            f"the training and the validation split. {advice}"
        )
    if n_held_out < n_present or len(data) - n_held_out < n_present:
        raise ValueError(
            f"validation_fraction={fraction:g} of {len(data)} rows holds out {n_held_out} of them, "
            f"which cannot be stratified over {n_present} classes: each split needs at least one "
            f"row a class. {advice}"
        )
    kept, held_out = train_test_split(
        np.arange(len(data)), test_size=n_held_out, stratify=data.targets, random_state=seed
    )
    return data.take(kept), data.take(held_out)


def hold_out_any(data: TrainingSet, fraction: float, seed: int) -> tuple[TrainingSet, TrainingSet]:
    """Seeded split into training and validation data, of images without classes.

    Raises
    ------
    ValueError
        If there are too few.
    """
    if len(data) < 2:
        raise ValueError(
            f"validation_fraction={fraction:g} of {len(data)} image leaves none to train on. Pass "
            "more images, or set validation_fraction=None and early_stopping=False."
        )
    kept, held_out = train_test_split(
        np.arange(len(data)), test_size=int(np.ceil(fraction * len(data))), random_state=seed
    )
    return data.take(kept), data.take(held_out)


def check_pair(X: Any, y: Any, x_name: str, y_name: str, estimator: Any) -> tuple[Any, Any]:
    """Validate images and labels that belong together.

    Raises
    ------
    ValueError
        If one is missing, or their lengths differ, naming both.
    """
    if x_name == "X_val" and (X is None or y is None):
        given, absent = (y_name, x_name) if X is None else (x_name, y_name)
        raise ValueError(f"{given} was passed without {absent}. Pass both, or neither.")
    if X is None:
        raise ValueError("X is None. Pass the images as an array.")
    array = check_images(X, x_name, estimator)
    labels = check_labels(y, y_name)
    if len(array) != len(labels):
        raise ValueError(
            f"{x_name} has {len(array)} rows, but {y_name} has {len(labels)}: inconsistent numbers "
            "of samples."
        )
    return array, labels


def check_classes(classes: Sequence[Any]) -> npt.NDArray[Any]:
    """Validate the `classes` of the first partial fit."""
    return unique_labels(check_labels(classes, "classes"))


def draw_seed(random_state: Any) -> int:
    """Seed of a fit: the `random_state` itself where it is an int."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
