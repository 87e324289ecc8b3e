"""What a network ends in, by task.

Decisions: docs/decisions.md#labels-numbers-and-grades.
"""

from typing import Any, Literal

import keras
import numpy as np

# Of exclusive classes; of labels that are set or not, each by itself; of numbers; of classes in an
# order.
Head = Literal["softmax", "sigmoid", "linear", "ordinal"]

_GAP = 6.0  # between thresholds before training
_LEAST = 1e-7  # probability that each class keeps, so that no gradient vanishes


def n_units(head: Head, n_outputs: int) -> int:
    """Width of the last dense layer."""
    return 1 if head == "ordinal" else n_outputs


def end_in(model: keras.Model, head: Head, n_outputs: int) -> keras.Model:
    """A network whose last layer, which has a softmax, has another activation in its place."""
    last = model.layers[-1]
    last.activation = keras.activations.get("linear" if head == "ordinal" else head)
    if head != "ordinal":
        return model
    return keras.Model(model.inputs[0], linked(model.outputs[0], n_outputs), name=model.name)


def linked(score: Any, n_classes: int) -> Any:
    """Probabilities of classes in an order, of one score."""
    return CumulativeLink(n_classes, name="head_link")(score)


@keras.saving.register_keras_serializable("skdl")
class CumulativeLink(keras.layers.Layer):
    """Probabilities of ordered classes from one score and the thresholds between them.

    The probability of a class above the k-th threshold is the logistic function of the score minus
    that threshold: the proportional odds model of McCullagh, "Regression models for ordinal data",
    Journal of the Royal Statistical Society B 42 (1980), 109-142.
    """

    def __init__(self, n_classes: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.n_classes = n_classes

    def build(self, input_shape: Any) -> None:
        n = self.n_classes - 1
        # So far apart that each class has a range of scores where it is nearly sure.
        thresholds = _GAP * (np.arange(n) - (n - 1) / 2)
        self.first = self._weight("first", thresholds[:1])
        self.log_gaps = self._weight("log_gaps", np.log(np.diff(thresholds))) if n > 1 else None
        # From the first threshold and the gaps to all thresholds.
        self._sums = np.triu(np.ones((n, n), np.float32))
        self.built = True

    def _weight(self, name: str, values: Any) -> Any:
        start = [float(value) for value in values]
        return self.add_weight(name=name, shape=(len(start),), initializer=_Constants(start))

    def call(self, score: Any) -> Any:
        ops = keras.ops
        steps = ops.convert_to_tensor(self.first)
        if self.log_gaps is not None:
            steps = ops.concatenate([steps, ops.exp(self.log_gaps)])
        thresholds = ops.matmul(ops.expand_dims(steps, 0), self._sums)
        above = ops.sigmoid(ops.cast(score, "float32") - thresholds)
        zeros = 0.0 * above[:, :1]
        edges = ops.concatenate([zeros + 1.0, above, zeros], axis=1)
        shares = edges[:, :-1] - edges[:, 1:] + _LEAST
        return shares / (1.0 + self.n_classes * _LEAST)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.n_classes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n_classes": self.n_classes}


@keras.saving.register_keras_serializable("skdl")
class _Constants(keras.initializers.Initializer):
    """Given values, whatever the seed."""

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return keras.ops.convert_to_tensor(np.asarray(self.values, np.float32), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        return {"values": self.values}
