"""Residual networks."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
from keras import layers

from skdl.architectures._blocks import convolution, pooling, scaled, softmax
from skdl.plugins import reference_protocol

_convolution = partial(convolution, initializer="he_normal")
_usual = reference_protocol(
    optimizer="sgd",
    optimizer__learning_rate=0.1,
    optimizer__momentum=0.9,
    architecture__l2=5e-5,
    learning_rate_schedule="cosine",
    epochs=50,
    batch_size=128,
)


def _residual_network(
    name: str,
    inputs: Any,
    x: Any,
    stages: Sequence[tuple[int, int]],
    n_classes: int,
    *,
    projected: bool,
    dropout: float,
    width: float,
    **options: Any,
) -> keras.Model:
    """Stages of (filters, blocks); each but the first begins by halving the image."""
    for number, (filters, n_blocks) in enumerate(stages):
        for block in range(n_blocks):
            strides = 2 if number and not block else 1
            end = f"stage{number + 1}" if block == n_blocks - 1 else None
            x = _block(x, scaled(filters, width), strides, projected=projected, name=end, **options)
    x = layers.GlobalAveragePooling2D()(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, softmax(x, n_classes, options["l2"]), name=name)


def _block(
    x: Any,
    filters: int,
    strides: int,
    *,
    projected: bool,
    name: str | None,
    activation: str,
    **options: Any,
) -> Any:
    """Two 3×3 convolutions beside a shortcut."""
    y = _convolution(x, filters, 3, strides=strides, activation=activation, **options)
    y = _convolution(y, filters, 3, activation=None, **options)
    shortcut = x
    if strides > 1 or x.shape[-1] != filters:
        if projected:
            shortcut = _convolution(x, filters, 1, strides=strides, activation=None, **options)
        else:
            shortcut = _padded_identity(x, filters, strides)
    return layers.Activation(activation, name=name)(layers.Add()([y, shortcut]))


def _padded_identity(x: Any, filters: int, strides: int) -> Any:
    """Every other pixel, and channels of zeros: the shortcut without parameters (option A)."""
    if strides > 1:
        x = layers.MaxPooling2D(1, strides, padding="same")(x)
    before = (filters - x.shape[-1]) // 2
    after = filters - x.shape[-1] - before
    x = layers.Permute((1, 3, 2))(x)
    x = layers.ZeroPadding2D(((0, 0), (before, after)))(x)
    return layers.Permute((1, 3, 2))(x)


def _for_small_images(n_layers: int, n_parameters: str, error: str) -> Callable[..., keras.Model]:
    """One of the networks of 6n + 2 layers for CIFAR-10, and the error that the paper reports."""
    name, n_blocks = f"resnet{n_layers}", (n_layers - 2) // 6

    @_usual
    def build(
        input_shape: tuple[int, int, int],
        n_classes: int,
        *,
        dropout: float = 0.0,
        activation: str = "relu",
        batch_norm: bool = True,
        l2: float = 0.0,
        width: float = 1.0,
    ) -> keras.Model:
        options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
        inputs = keras.Input(input_shape)
        return _residual_network(
            name,
            inputs,
            _convolution(inputs, scaled(16, width), 3, **options),
            [(filters, n_blocks) for filters in (16, 32, 64)],
            n_classes,
            projected=False,
            dropout=dropout,
            width=width,
            **options,
        )

    build.__name__ = build.__qualname__ = name
    build.__doc__ = _DOCSTRING.format(
        name=name, n_layers=n_layers, n_blocks=n_blocks, n_parameters=n_parameters, error=error
    )
    return build


_DOCSTRING = """Residual network of {n_layers} layers for small images.

    A convolution of 16 filters, three stages of {n_blocks} blocks with 16, 32 and 64 filters,
    global average pooling. Shortcuts have no parameters: where a stage begins, every other pixel is
    taken and the new channels are zero.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1 up; made for 32×32×3.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.0
        Dropped share of the pooled features.
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=True
        Normalise after each convolution.
    l2 : float, default=0.0
        Times the sum of all squared kernel weights, added to the loss: weight decay of twice this.
    width : float, default=1.0
        Multiplies the number of filters.

    Returns
    -------
    model : keras.Model
        Not compiled. {n_parameters} trainable parameters for 32×32×3 and 10 classes.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2
    (error on CIFAR-10 there, with augmentation and 164 epochs: {error}).

    Examples
    --------
    >>> from skdl.architectures import {name}
    >>> {name}((32, 32, 3), 10).output_shape
    (None, 10)
    """

resnet20 = _for_small_images(20, "269,722", "8.75 %")
resnet32 = _for_small_images(32, "464,154", "7.51 %")
resnet56 = _for_small_images(56, "853,018", "6.97 %")


@_usual
def resnet18(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dropout: float = 0.0,
    activation: str = "relu",
    batch_norm: bool = True,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Residual network of 18 layers: 64 to 512 filters, projected shortcuts.

    From 96×96 pixels on with the published beginning, a 7×7 convolution at stride 2 and a pooling;
    below, with a 3×3 convolution at stride 1, as is usual for CIFAR-10.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1 up; made for 224×224×3.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.0
        Dropped share of the pooled features.
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=True
        Normalise after each convolution.
    l2 : float, default=0.0
        Times the sum of all squared kernel weights, added to the loss: weight decay of twice this.
    width : float, default=1.0
        Multiplies the number of filters.

    Returns
    -------
    model : keras.Model
        Not compiled. 11,689,512 trainable parameters for 224×224×3 and 1000 classes, 11,173,962 for
        32×32×3 and 10 classes.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, table 1.

    Examples
    --------
    >>> from skdl.architectures import resnet18
    >>> resnet18((32, 32, 3), 10, width=0.25).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    inputs = keras.Input(input_shape)
    if min(input_shape[:2]) >= 96:
        x = _convolution(inputs, scaled(64, width), 7, strides=2, **options)
        x = pooling(x, 3, 2)
    else:
        x = _convolution(inputs, scaled(64, width), 3, **options)
    return _residual_network(
        "resnet18",
        inputs,
        x,
        [(64, 2), (128, 2), (256, 2), (512, 2)],
        n_classes,
        projected=True,
        dropout=dropout,
        width=width,
        **options,
    )
