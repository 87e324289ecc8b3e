"""The network of the denoising autoencoder.

Decisions: docs/decisions.md#augmentation-and-noise.
"""

import skdl.architectures  # noqa: F401 (starts TensorFlow)

# isort: split
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers


def denoiser(
    input_shape: tuple[int, int, int], *, filters: Sequence[int], bounded: bool = True
) -> keras.Model:
    """Encoder and decoder: map images to images of the same shape, between 0 and 1 if `bounded`.

    The encoder's convolutions have these numbers of filters, the decoder's have them in reverse.
    """
    inputs = keras.Input(input_shape)
    x, sizes = _encode(inputs, filters)
    for n_filters, (height, width) in zip(reversed(filters), reversed(sizes), strict=True):
        x = layers.Conv2D(n_filters, 3, padding="same", activation="relu")(x)
        x = layers.UpSampling2D(2)(x)
        # An odd side was rounded up when it was halved.
        x = layers.Cropping2D(((0, x.shape[1] - height), (0, x.shape[2] - width)))(x)
    activation = "sigmoid" if bounded else None
    return keras.Model(
        inputs, layers.Conv2D(input_shape[2], 3, padding="same", activation=activation)(x)
    )


def encoder(
    input_shape: tuple[int, int, int], *, filters: Sequence[int], bounded: bool = True
) -> keras.Model:
    """The first half of :func:`denoiser`; its weights are the first of those."""
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, _encode(inputs, filters)[0])


def _encode(x: Any, filters: Sequence[int]) -> tuple[Any, list[tuple[int, int]]]:
    """Code, and the height and width before each pooling."""
    sizes = []
    for n_filters in filters:
        sizes.append((x.shape[1], x.shape[2]))
        x = layers.Conv2D(n_filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    return x, sizes
