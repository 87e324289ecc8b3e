"""What a network ends in, by task, and how far its outputs are from what is wanted."""

from typing import Any, Literal

import keras

# Of exclusive classes; of labels that are set or not, each by itself; of numbers.
Head = Literal["softmax", "sigmoid", "linear"]


class LabelCrossentropy(keras.losses.Loss):
    """Binary cross-entropy that takes a weight for each label of each image.

    Keras's own averages over the labels before it weighs the images.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.binary_crossentropy(y_true, y_pred)


def metrics_of(head: Head) -> list[Any] | None:
    """What is shown per epoch beside the loss: the share of classes or labels that are right."""
    if head == "linear":
        return None
    return ["accuracy"] if head == "softmax" else [keras.metrics.BinaryAccuracy("accuracy")]


def end_in(model: keras.Model, head: Head) -> None:
    """Let the last layer of a network, which has a softmax, have another activation."""
    model.layers[-1].activation = keras.activations.get(head)
