"""Random changes of a batch of training images, inside the traced training loop.

Decisions: docs/decisions.md#augmentation-and-noise.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl.engine._devices import prepare_devices
from skdl.images import n_without_opacity
from skdl.preprocessing import CHANGES, MIXINGS, NOISES, AugmentationPlan, rectangle

KINDS = (*CHANGES, *NOISES)
# What is handed over: an amount of each kind; the rectangle, black and white of noise.
N_NUMBERS = len(KINDS) + 4
_RESAMPLING = frozenset(["rotation", "zoom", "shear"])
_MOVEMENTS = _RESAMPLING | {"shift"}
_FLIPS, _LIGHTS = ("horizontal_flip", "vertical_flip"), ("contrast", "brightness")
# Columns of the uniform numbers that one image gets.
_ROTATION, _DOWN, _RIGHT, _ZOOM, _SHEAR, _MIRROR, _TURN, _LIGHT, _CONTRAST, _TOP, _LEFT = range(11)


def augment(images: Any, seed: Any, kinds: Sequence[str], numbers: Any, limits: Any) -> Any:
    """Change images at random.

    What changes is part of the trace, by how much is not: searches over amounts share one. The
    seed determines all that is drawn; global random state is not touched. Values are clipped to the
    two `limits`.
    """
    drawn = tf.random.stateless_uniform([tf.shape(images)[0], 11], seed)
    amount = _amounts(drawn, seed, kinds, numbers)
    return _changed(images, drawn, seed, amount, numbers, limits)


def variant(
    images: npt.NDArray[np.float32], plan: AugmentationPlan, seed: int, clipped: bool
) -> npt.NDArray[np.float32]:
    """One change of all images alike, whatever else is in the batch: what moves and lights them."""
    prepare_devices()
    kinds = [kind for kind in plan.kinds if kind in (*_MOVEMENTS, *_FLIPS, *_LIGHTS)]
    numbers = tf.constant(numbers_of(plan, *images.shape[1:3]), tf.float32)
    pair = tf.constant([seed, 0])
    drawn = tf.repeat(tf.random.stateless_uniform([1, 11], pair), len(images), axis=0)
    amount = {kind: numbers[KINDS.index(kind)] for kind in kinds}
    limits = tf.constant([0.0, 1.0] if clipped else [-np.inf, np.inf], tf.float32)
    found: npt.NDArray[np.float32] = _changed(
        tf.constant(images), drawn, pair, amount, numbers, limits
    ).numpy()
    return found


def _amounts(drawn: Any, seed: Any, kinds: Sequence[str], numbers: Any) -> dict[str, Any]:
    """How much there is of each kind, or for each image, where only some kinds are drawn."""
    kinds_of_one = [kind for kind in kinds if kind not in (*MIXINGS, "n_changes")]
    amount = {kind: numbers[KINDS.index(kind)] for kind in kinds_of_one}
    if "n_changes" not in kinds:
        return amount
    shape = [tf.shape(drawn)[0], len(amount)]
    order = tf.argsort(tf.random.stateless_uniform(shape, seed + tf.constant([0, 1 << 26])), axis=1)
    chosen = tf.cast(tf.argsort(order, axis=1), tf.float32) < numbers[KINDS.index("n_changes")]
    return {
        kind: tf.where(chosen[:, place], value, 0.0)
        for place, (kind, value) in enumerate(amount.items())
    }


def _changed(
    images: Any, drawn: Any, seed: Any, amount: dict[str, Any], numbers: Any, limits: Any
) -> Any:
    if _MOVEMENTS & amount.keys():
        images = _move(images, drawn, amount)
    else:
        images = _flip(images, drawn, amount)
    if "contrast" in amount:
        mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
        factor = 1.0 + _spread(drawn, _CONTRAST) * amount["contrast"]
        images = mean + (images - mean) * _per_image(factor)
    if "brightness" in amount:
        images += _per_image(_spread(drawn, _LIGHT) * amount["brightness"])
    if "cutout" in amount:
        mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)
        images = tf.where(_square(images, drawn, amount["cutout"]), mean, images)
    other = seed + tf.constant([0, 1 << 30])
    if "noise" in amount:
        images += tf.random.stateless_normal(tf.shape(images), other) * _each(amount["noise"])
    place = tf.stack([drawn[:, _TOP], drawn[:, _LEFT]], axis=1)
    for kind in NOISES:
        if kind in amount:
            images = add_noise(images, other, kind, amount[kind], place, numbers[len(KINDS) :])
    return tf.clip_by_value(images, limits[0], limits[1])


def numbers_of(plan: AugmentationPlan, height: int, width: int) -> list[float]:
    """A plan as numbers, for images of this size: amounts by `KINDS`, then what noise needs."""
    amounts = dict(plan.amounts)
    covered = rectangle(amounts.get("occlusion", 0.0), height, width)
    return [*(amounts.get(kind, 0.0) for kind in KINDS), *covered, *plan.extremes]


def augmented(
    images: npt.NDArray[np.float32],
    plan: AugmentationPlan,
    seed: tuple[int, int],
    clipped: bool = True,
) -> npt.NDArray[np.float32]:
    """Images as training would see them; clipped to [0, 1] unless they are standardised."""
    prepare_devices()
    changed: npt.NDArray[np.float32] = augment(
        tf.constant(images),
        tf.constant(seed),
        plan.kinds,
        tf.constant(numbers_of(plan, *images.shape[1:3]), tf.float32),
        tf.constant([0.0, 1.0] if clipped else [-np.inf, np.inf], tf.float32),
    ).numpy()
    return changed


def _spread(drawn: Any, column: int) -> Any:
    """One number per image, between -1 and 1."""
    return 2.0 * drawn[:, column] - 1.0


def _each(amount: Any) -> Any:
    """One amount of all images, or one of each."""
    return _per_image(amount) if len(amount.shape) else amount


def _per_image(values: Any) -> Any:
    return tf.reshape(values, [-1, 1, 1, 1])


def _sign(drawn: Any, column: int, wanted: Any) -> Any:
    """-1 for half of the images if they are to be flipped, otherwise 1."""
    ones = tf.ones_like(drawn[:, column])
    if wanted is None:
        return ones
    return tf.where(tf.logical_and(drawn[:, column] < 0.5, wanted > 0.0), -ones, ones)


def _move(images: Any, drawn: Any, amount: dict[str, Any]) -> Any:
    """Rotate, shear, zoom, flip and shift as one movement.

    For each pixel of the result, a matrix tells where in the image it comes from; what comes from
    outside is taken from the edge. A shift alone is one of whole pixels, if it may be one at all:
    a fraction of a pixel blurs, and images that are predicted are not blurred.
    """
    shape = tf.shape(images)
    height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
    zero = tf.zeros_like(drawn[:, 0])

    def drawn_for(kind: str, column: int) -> Any:
        return _spread(drawn, column) * amount[kind] if kind in amount else zero

    degree = math.pi / 180.0
    angle = drawn_for("rotation", _ROTATION) * degree
    slant = tf.tan(drawn_for("shear", _SHEAR) * degree)
    size = 1.0 / (1.0 + drawn_for("zoom", _ZOOM))
    mirror = _sign(drawn, _MIRROR, amount.get("horizontal_flip")) * size
    turn = _sign(drawn, _TURN, amount.get("vertical_flip")) * size
    cos, sin = tf.cos(angle), tf.sin(angle)
    # rotation · shear · diag(mirror, turn)
    a, b = cos * mirror, (cos * slant - sin) * turn
    c, d = sin * mirror, (sin * slant + cos) * turn
    x, y = (width - 1.0) / 2.0, (height - 1.0) / 2.0  # the centre stays where it is
    right, down = drawn_for("shift", _RIGHT) * width, drawn_for("shift", _DOWN) * height
    if not _RESAMPLING & amount.keys():
        right = _whole(right, amount["shift"] * width, drawn[:, _RIGHT])
        down = _whole(down, amount["shift"] * height, drawn[:, _DOWN])
    rows = [a, b, x - a * x - b * y + right, c, d, y - c * x - d * y + down, zero, zero]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack(rows, axis=1),
        output_shape=shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def _whole(offsets: Any, largest: Any, drawn: Any) -> Any:
    """Whole numbers up to the largest offset, each as likely; the offsets if it is below 1."""
    steps = tf.floor(largest + 1e-3)
    return tf.where(steps < 1.0, offsets, tf.floor(drawn * (2.0 * steps + 1.0)) - steps)


def _flip(images: Any, drawn: Any, amount: dict[str, Any]) -> Any:
    for kind, column, axis in (("horizontal_flip", _MIRROR, 2), ("vertical_flip", _TURN, 1)):
        if kind in amount:
            chosen = _per_image(tf.logical_and(drawn[:, column] < 0.5, amount[kind] > 0.0))
            images = tf.where(chosen, tf.reverse(images, [axis]), images)
    return images


def _square(images: Any, drawn: Any, share: Any) -> Any:
    """Where a square lies whose sides are a share of the image's, at a random place."""
    shape = tf.shape(images)
    share = tf.reshape(share, [-1, 1])

    def inside(length: Any, column: int) -> Any:
        side = tf.cast(length, tf.float32)
        start = tf.expand_dims(drawn[:, column], 1) * (side - share * side)
        places = tf.expand_dims(tf.range(side) + 0.5, 0)
        return tf.logical_and(places >= start, places < start + share * side)

    rows, columns = inside(shape[1], _TOP), inside(shape[2], _LEFT)
    return tf.logical_and(rows[:, :, tf.newaxis], columns[:, tf.newaxis, :])[..., tf.newaxis]


def add_noise(images: Any, seed: Any, kind: str, amount: Any, place: Any, shape: Any) -> Any:
    """Make images worse as `ImageNoise` does, all but their transparency; nothing is clipped.

    Of each image, `place` has two numbers from 0 to 1, below 1: where a rectangle lies. `shape` is
    its height and width, and what stands for black and for white.
    """
    n_colors = n_without_opacity(images.shape[-1])
    colours, transparency = images[..., :n_colors], images[..., n_colors:]
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
