"""Changes to how an optimizer updates its variables."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from skdl.engine._private import moments_of, position_of


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
    """Let an optimizer update its variables with learning rates of their own.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Built for its variables.
    factors : sequence of float
        What the learning rate is multiplied by, in the order of the variables.
    """
    plain_update = optimizer.update_step

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        factor = factors[position_of(optimizer, variable)]
        plain_update(gradient, variable, learning_rate * factor)

    optimizer.update_step = update_step
