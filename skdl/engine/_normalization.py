"""Batch normalisation in one operation while training.

Decisions: docs/decisions.md#speed-and-threads.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from skdl.engine._private import all_layers, normalised_axes


def fuse_normalization(model: keras.Model) -> None:
    """Let the batch normalisations of a model take one operation each while it is trained.

    Keras writes out the moments, the scaling and their gradients, each a pass over the feature
    maps. TensorFlow has the same formula (Ioffe and Szegedy, 2015) as a single operation; it takes
    a fifth to a third off the training time of normalised networks. Predictions are computed by
    Keras as before, and so are normalisations of another axis, of other than feature maps, in
    double precision, masked or synchronised ones, and batch renormalisation.
    """
    for layer in all_layers(model):
        if _is_plain(layer):
            _fuse(layer)


def _is_plain(layer: Any) -> bool:
    return (
        type(layer) is layers.BatchNormalization
        and normalised_axes(layer) == [0, 1, 2]
        and layer.moving_mean.dtype == "float32"
        and not (getattr(layer, "renorm", False) or layer.synchronized)  # new in Keras 3.14
    )


def _fuse(layer: layers.BatchNormalization) -> None:
    plain_call = layer.call

    def call(inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if not (training and layer.trainable) or mask is not None:
            return plain_call(inputs, training=training, mask=mask)
        x = tf.cast(inputs, tf.float32)
        channels = x.shape[-1]
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x,
            scale=tf.convert_to_tensor(layer.gamma) if layer.scale else tf.ones(channels),
            offset=tf.convert_to_tensor(layer.beta) if layer.center else tf.zeros(channels),
            epsilon=layer.epsilon,
        )
        # The operation divides by n - 1 where Keras divides by n.
        n = tf.cast(tf.reduce_prod(tf.shape(x)[:3]), tf.float32)
        _move(layer.moving_mean, mean, layer.momentum)
        _move(layer.moving_variance, variance * tf.maximum(n - 1, 1) / n, layer.momentum)
        return tf.cast(outputs, layer.compute_dtype)

    layer.call = call


def _move(average: Any, value: Any, momentum: float) -> None:
    average.assign(average * momentum + value * (1 - momentum))
