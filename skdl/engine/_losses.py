"""How far the outputs of a network are from what is wanted.

Decisions: docs/decisions.md#labels-numbers-and-grades.
"""

from typing import Any, NamedTuple

import keras

from skdl.engine._heads import Head

_SMALLEST = 1e-7  # probability whose logarithm is taken


class LossOptions(NamedTuple):
    """What changes a cross-entropy.

    `focal_gamma` weighs each image by the power of what its probability lacks (Lin et al., ICCV
    2017), `label_smoothing` takes a share off the true class and hands it to all alike (Szegedy et
    al., CVPR 2016); `mixes` says that targets may be mixtures of classes.
    """

    focal_gamma: float = 0.0
    label_smoothing: float = 0.0
    mixes: bool = False

    @property
    def change_it(self) -> bool:
        """Whether there is anything that Keras's own does not do."""
        return bool(self.focal_gamma or self.label_smoothing or self.mixes)


def training_loss(head: Head, plain: str, n_outputs: int | None, options: LossOptions) -> Any:
    """What is minimised: Keras's own by its name, or one that takes what it does not."""
    if head == "sigmoid":
        return LabelCrossentropy(options)
    if head == "linear" or not options.change_it or n_outputs is None:
        return plain
    return ClassCrossentropy(n_outputs, options)


def metrics_of(head: Head, options: LossOptions) -> list[Any] | None:
    """What is shown per epoch beside the loss: the share of classes or labels that are right."""
    if head == "linear":
        return None
    if head == "sigmoid":
        if options.mixes:
            return [keras.metrics.MeanMetricWrapper(_labels_right, name="accuracy")]
        return [keras.metrics.BinaryAccuracy("accuracy")]
    if options.mixes:
        return [keras.metrics.MeanMetricWrapper(_class_right, name="accuracy")]
    return ["accuracy"]


class LabelCrossentropy(keras.losses.Loss):
    """Binary cross-entropy that takes a weight for each label of each image.

    Keras's own averages over the labels before it weighs the images.
    """

    def __init__(self, options: LossOptions) -> None:
        super().__init__()
        self.options = options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        gamma, smoothing = self.options.focal_gamma, self.options.label_smoothing
        if smoothing:
            y_true = y_true * (1.0 - smoothing) + 0.5 * smoothing
        found = keras.ops.binary_crossentropy(y_true, y_pred)
        if gamma:
            lacking = y_true * (1.0 - y_pred) + (1.0 - y_true) * y_pred
            found = found * keras.ops.power(keras.ops.clip(lacking, _SMALLEST, 1.0), gamma)
        return found


class ClassCrossentropy(keras.losses.Loss):
    """Cross-entropy of class codes, or of mixtures of classes."""

    def __init__(self, n_classes: int, options: LossOptions) -> None:
        super().__init__()
        self.n_classes, self.options = n_classes, options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        gamma, smoothing = self.options.focal_gamma, self.options.label_smoothing
        wanted = shares_of(y_true, self.n_classes)
        wanted = wanted * (1.0 - smoothing) + smoothing / self.n_classes
        given = keras.ops.clip(y_pred, _SMALLEST, 1.0)
        found = -wanted * keras.ops.log(given)
        if gamma:
            lacking = keras.ops.clip(1.0 - y_pred, _SMALLEST, 1.0)
            found = found * keras.ops.power(lacking, gamma)
        return keras.ops.sum(found, axis=-1)


def shares_of(targets: Any, n_classes: int) -> Any:
    """Shares of the classes, (n, n_classes), of such shares or of codes."""
    if len(targets.shape) == 2 and targets.shape[1] == n_classes:
        return keras.ops.cast(targets, "float32")
    codes = keras.ops.cast(keras.ops.reshape(targets, (-1,)), "int32")
    return keras.ops.one_hot(codes, n_classes, dtype="float32")


def _class_right(y_true: Any, y_pred: Any) -> Any:
    """Whether the most probable class is that of the most part."""
    shares = shares_of(y_true, y_pred.shape[-1])
    right = keras.ops.equal(keras.ops.argmax(shares, axis=-1), keras.ops.argmax(y_pred, axis=-1))
    return keras.ops.cast(right, "float32")


def _labels_right(y_true: Any, y_pred: Any) -> Any:
    right = keras.ops.equal(y_true > 0.5, y_pred > 0.5)
    return keras.ops.mean(keras.ops.cast(right, "float32"), axis=-1)
