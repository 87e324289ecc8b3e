"""Descriptions of optimizers, and changes to how they update their variables.

Decisions: docs/decisions.md#speed-and-threads.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from skdl.backbones import PlainState
from skdl.engine._building import keras_settings
from skdl.engine._keys import freeze
from skdl.engine._private import moments_of, position_of


@dataclass(frozen=True)
class OptimizerSpec(PlainState):
    """An optimizer's class and settings.

    The learning rate stands apart: it is a variable, so that optimizers which differ in nothing
    else can share one compiled model.
    """

    cls: type
    config: Mapping[str, Any] = field(hash=False)

    @classmethod
    def of(cls, optimizer: keras.optimizers.Optimizer) -> "OptimizerSpec":
        """Describe an optimizer that a user configured; the instance itself is never trained."""
        config = optimizer.get_config()
        config.pop("name", None)  # counted up by Keras with every instance: "adam_7"
        return cls(type(optimizer), config)

    @classmethod
    def made_by(cls, make: Callable[[], keras.optimizers.Optimizer]) -> "OptimizerSpec":
        """Describe the optimizer that a function makes, whatever Keras's settings are."""
        with keras_settings():
            return cls.of(make())

    @property
    def learning_rate(self) -> float | None:
        """Constant learning rate; None where it is a Keras schedule."""
        rate = self.config.get("learning_rate")
        return float(rate) if isinstance(rate, int | float) else None

    @property
    def key(self) -> Hashable | None:
        settings = dict(self.config)
        if self.learning_rate is not None:
            settings.pop("learning_rate")
        try:
            return (self.cls, freeze(settings))
        except TypeError:
            return None

    def make(self) -> keras.optimizers.Optimizer:
        return self.cls.from_config(dict(self.config))  # type: ignore[attr-defined]


def fuse_adam(optimizer: keras.optimizers.Optimizer) -> None:
    """Let an Adam optimizer update each variable in one operation.

    Keras writes the update out in some thirteen operations a variable, which is most of a small
    network's graph. TensorFlow has the same formula (Kingma and Ba, 2015, with the bias correction
    in the learning rate) as a single one. What Keras does around the update, such as clipping,
    weight decay and moving averages, stays as it is, and so do the optimizer's variables.

    Other optimizers, and Adam with ``amsgrad``, are left alone.
    """
    if type(optimizer) not in (keras.optimizers.Adam, keras.optimizers.AdamW) or optimizer.amsgrad:
        return
    plain_update = optimizer.update_step

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        if isinstance(gradient, tf.IndexedSlices) or variable.dtype != tf.float32:
            plain_update(gradient, variable, learning_rate)
            return
        mean, square = moments_of(optimizer, variable)
        step = tf.cast(tf.convert_to_tensor(optimizer.iterations) + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=mean.value.handle,
            v=square.value.handle,
            beta1_power=tf.pow(tf.constant(optimizer.beta_1, tf.float32), step),
            beta2_power=tf.pow(tf.constant(optimizer.beta_2, tf.float32), step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=optimizer.beta_1,
            beta2=optimizer.beta_2,
            epsilon=optimizer.epsilon,
            grad=tf.cast(gradient, tf.float32),
        )

    optimizer.update_step = update_step


def scale_rates(optimizer: keras.optimizers.Optimizer, factors: Sequence[float]) -> None:
    """Let a built optimizer multiply the learning rate by a factor for each of its variables."""
    plain_update = optimizer.update_step

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        factor = factors[position_of(optimizer, variable)]
        plain_update(gradient, variable, learning_rate * factor)

    optimizer.update_step = update_step
