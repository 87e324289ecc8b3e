"""The kinds of noise of `ImageNoise`, inside the traced training loop."""

from typing import Any

import tensorflow as tf


def add_noise(images: Any, seed: Any, kind: str, amount: Any, place: Any, shape: Any) -> Any:
    """Make images worse, all but their transparency; nothing is clipped.

    Of each image, `place` has two numbers from 0 to 1, below 1: where a rectangle lies. `shape` is
    its height and width, and what stands for black and for white.
    """
    colours, transparency = images[..., :3], images[..., 3:]
    height, width, black, white = tf.unstack(shape)
    if kind == "gaussian":
        colours += tf.random.stateless_normal(tf.shape(colours), seed) * amount
    elif kind == "speckle":
        colours += colours * (tf.random.stateless_normal(tf.shape(colours), seed) * amount)
    elif kind == "salt_and_pepper":
        chances = tf.random.stateless_uniform([*tf.unstack(tf.shape(colours))[:3], 1], seed)
        colours = tf.where(chances < amount / 2.0, black, colours)
        colours = tf.where(chances > 1.0 - amount / 2.0, white, colours)
    else:
        rows = _covered(tf.shape(images)[1], height, place[:, 0])
        columns = _covered(tf.shape(images)[2], width, place[:, 1])
        covered = tf.logical_and(rows[:, :, tf.newaxis], columns[:, tf.newaxis, :])
        colours = tf.where(covered[..., tf.newaxis], black, colours)
    return tf.concat([colours, transparency], axis=-1)


def _covered(side: Any, length: Any, place: Any) -> Any:
    """Which rows or columns a rectangle covers, for each image."""
    start = tf.floor(place * (tf.cast(side, tf.float32) - length + 1.0))[:, tf.newaxis]
    numbers = tf.cast(tf.range(side), tf.float32)[tf.newaxis]
    return tf.logical_and(numbers >= start, numbers < start + length)
