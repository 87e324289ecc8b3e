"""What several families are made of.

Decisions: docs/decisions.md#networks-and-precision.
"""

from typing import Any

from keras import layers, regularizers

from skdl._utils.text import shortened


def scaled(filters: int, width: float) -> int:
    """Number of filters times the width multiplier, at least 1."""
    if not width > 0:
        raise ValueError(f"width must be positive, got {shortened(width)}.")
    return max(1, round(filters * width))


def penalty(l2: float) -> Any:
    """L2 regulariser of a kernel: `l2` times the sum of its squared weights, added to the loss."""
    return regularizers.L2(l2) if l2 else None


def normalized(x: Any) -> Any:
    """Batch normalisation whose averages keep up with short trainings.

    With Keras's momentum of 0.99 they lag hundreds of steps behind the weights, and a network that
    has learned its training images by heart predicts them at chance.
    """
    return layers.BatchNormalization(momentum=0.9)(x)


def convolution(
    x: Any,
    filters: int,
    kernel: int,
    *,
    strides: int = 1,
    padding: str = "same",
    activation: str | None = "relu",
    batch_norm: bool = False,
    use_bias: bool = True,
    l2: float = 0.0,
    initializer: str = "glorot_uniform",
) -> Any:
    """Convolution, batch normalisation where wanted, activation.

    With batch normalisation the convolution has no bias, which the normalisation would take away.
    """
    x = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding=padding,
        activation=None if batch_norm else activation,
        use_bias=use_bias and not batch_norm,
        kernel_initializer=initializer,
        kernel_regularizer=penalty(l2),
    )(x)
    if not batch_norm:
        return x
    x = normalized(x)
    return layers.Activation(activation)(x) if activation else x


def pooling(x: Any, size: int = 2, strides: int | None = None, *, average: bool = False) -> Any:
    """Pooling that leaves an axis alone which is too short for it.

    Overlapping windows cover the last row and column, too.
    """
    sides = x.shape[1:3]
    window = tuple(min(size, side) for side in sides)
    steps = tuple(min(strides or size, side) for side in sides)
    if window == (1, 1):
        return x
    overlapping = strides is not None and size > strides
    left_over = any((n - w) % s for n, w, s in zip(sides, window, steps, strict=True))
    layer = layers.AveragePooling2D if average else layers.MaxPooling2D
    return layer(window, steps, padding="same" if overlapping and left_over else "valid")(x)


def dense_stack(
    x: Any, units: tuple[int, ...], *, dropout: float, activation: str, l2: float = 0.0
) -> Any:
    """Dense layers, each followed by dropout."""
    for n in units:
        x = layers.Dense(n, activation=activation, kernel_regularizer=penalty(l2))(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return x


def softmax(x: Any, n_classes: int, l2: float = 0.0) -> Any:
    """The last layer of a classifier: one probability per class."""
    return layers.Dense(n_classes, activation="softmax", kernel_regularizer=penalty(l2))(x)
