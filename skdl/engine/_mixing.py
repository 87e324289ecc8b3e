"""Images joined with others of their batch, and their targets with them.

Decisions: docs/decisions.md#augmentation-and-noise.
"""

from typing import Any

import tensorflow as tf

# Streams of random numbers beside those of the other changes.
_PARTNERS, _SHARES, _PLACES, _KIND = (1 << 27, 1 << 28, 3 << 27, 1 << 29)


def mix(
    images: Any, targets: Any, weights: Any, seed: Any, amounts: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Images, targets as floats, and weights, each mixed with those of another image.

    Mixup blends two images (Zhang et al., ICLR 2018), CutMix puts a part of one into the other (Yun
    et al., ICCV 2019). The share of the other is drawn from a beta distribution with the amount as
    both parameters, and is that in the targets. Of both, one is drawn for each image.
    """

    def stream(place: int) -> Any:
        return seed + tf.constant([0, place])

    n = tf.shape(images)[0]
    partners = tf.argsort(tf.random.stateless_uniform([n], stream(_PARTNERS)))
    others = tf.gather(images, partners)
    mixed, kept = [], []
    if "mixup" in amounts:
        share = _share(n, stream(_SHARES), amounts["mixup"])
        mixed.append(_each(share) * images + _each(1.0 - share) * others)
        kept.append(share)
    if "cutmix" in amounts:
        share = _share(n, stream(_SHARES + 1), amounts["cutmix"])
        inside = _box(images, tf.sqrt(1.0 - share), stream(_PLACES))
        mixed.append(tf.where(inside, others, images))
        kept.append(1.0 - tf.reduce_mean(tf.cast(inside, tf.float32), axis=(1, 2, 3)))
    result, share = mixed[0], kept[0]
    if len(mixed) == 2:
        first = tf.random.stateless_uniform([n], stream(_KIND)) < 0.5
        result = tf.where(_each(first), mixed[0], mixed[1])
        share = tf.where(first, kept[0], kept[1])

    def joined(values: Any) -> Any:
        of_each = tf.reshape(share, [-1, *[1] * (len(values.shape) - 1)])
        return of_each * values + (1.0 - of_each) * tf.gather(values, partners)

    return result, joined(targets), joined(weights)


def _share(n: Any, seed: Any, amount: Any) -> Any:
    """What is kept of each image: of a beta distribution, as a ratio of two gamma numbers."""
    drawn = tf.random.stateless_gamma(tf.stack([n, 2]), seed, alpha=amount) + 1e-20
    return drawn[:, 0] / tf.reduce_sum(drawn, axis=1)


def _box(images: Any, side: Any, seed: Any) -> Any:
    """Where a box lies whose sides are these shares of each image's, at a random place."""
    shape = tf.shape(images)
    places = tf.random.stateless_uniform([shape[0], 2], seed)

    def inside(length: Any, place: Any) -> Any:
        whole = tf.cast(length, tf.float32)
        start = (place * (whole - side * whole))[:, tf.newaxis]
        centres = tf.range(whole)[tf.newaxis] + 0.5
        return tf.logical_and(centres >= start, centres < start + (side * whole)[:, tf.newaxis])

    rows, columns = inside(shape[1], places[:, 0]), inside(shape[2], places[:, 1])
    return tf.logical_and(rows[:, :, tf.newaxis], columns[:, tf.newaxis, :])[..., tf.newaxis]


def _each(values: Any) -> Any:
    return tf.reshape(values, [-1, 1, 1, 1])
