"""Residual networks."""

from collections.abc import Sequence
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


def _small_image_network(
    n_layers: int,
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dropout: float,
    width: float,
    **options: Any,
) -> keras.Model:
    """The networks of 6n + 2 layers for CIFAR-10."""
    inputs = keras.Input(input_shape)
    x = _convolution(inputs, scaled(16, width), 3, **options)
    return _residual_network(
        f"resnet{n_layers}",
        inputs,
        x,
        [(filters, (n_layers - 2) // 6) for filters in (16, 32, 64)],
        n_classes,
        projected=False,
        dropout=dropout,
        width=width,
        **options,
    )


@_usual
def resnet20(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dropout: float = 0.0,
    activation: str = "relu",
    batch_norm: bool = True,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Residual network of 20 layers for small images.

    A convolution of 16 filters, three stages of 3 blocks with 16, 32 and 64 filters, global average
    pooling. Shortcuts have no parameters: at the start of a stage, every other pixel is used and
    the new channels are zero.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 32×32×3.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.0
        Dropout rate of the pooled features.
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=True
        Normalise after each convolution.
    l2 : float, default=0.0
        L2 penalty: this times the sum of all squared kernel weights is added to the loss. It equals
        a weight decay of twice this value.
    width : float, default=1.0
        Factor for the number of filters.

    Returns
    -------
    model : keras.Model
        Not compiled. 269,722 trainable parameters for 32×32×3 and 10 classes.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2
    (error reported on CIFAR-10, with augmentation and 164 epochs: 8.75 %).

    Examples
    --------
    >>> from skdl.architectures import resnet20
    >>> resnet20((32, 32, 3), 10).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    return _small_image_network(20, input_shape, n_classes, dropout=dropout, width=width, **options)


@_usual
def resnet32(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dropout: float = 0.0,
    activation: str = "relu",
    batch_norm: bool = True,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Residual network of 32 layers for small images.

    A convolution of 16 filters, three stages of 5 blocks with 16, 32 and 64 filters, global average
    pooling. Shortcuts have no parameters: at the start of a stage, every other pixel is used and
    the new channels are zero.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 32×32×3.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.0
        Dropout rate of the pooled features.
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=True
        Normalise after each convolution.
    l2 : float, default=0.0
        L2 penalty: this times the sum of all squared kernel weights is added to the loss. It equals
        a weight decay of twice this value.
    width : float, default=1.0
        Factor for the number of filters.

    Returns
    -------
    model : keras.Model
        Not compiled. 464,154 trainable parameters for 32×32×3 and 10 classes.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2
    (error reported on CIFAR-10, with augmentation and 164 epochs: 7.51 %).

    Examples
    --------
    >>> from skdl.architectures import resnet32
    >>> resnet32((32, 32, 3), 10).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    return _small_image_network(32, input_shape, n_classes, dropout=dropout, width=width, **options)


@_usual
def resnet56(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dropout: float = 0.0,
    activation: str = "relu",
    batch_norm: bool = True,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Residual network of 56 layers for small images.

    A convolution of 16 filters, three stages of 9 blocks with 16, 32 and 64 filters, global average
    pooling. Shortcuts have no parameters: at the start of a stage, every other pixel is used and
    the new channels are zero.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 32×32×3.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.0
        Dropout rate of the pooled features.
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=True
        Normalise after each convolution.
    l2 : float, default=0.0
        L2 penalty: this times the sum of all squared kernel weights is added to the loss. It equals
        a weight decay of twice this value.
    width : float, default=1.0
        Factor for the number of filters.

    Returns
    -------
    model : keras.Model
        Not compiled. 853,018 trainable parameters for 32×32×3 and 10 classes.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2
    (error reported on CIFAR-10, with augmentation and 164 epochs: 6.97 %).

    Examples
    --------
    >>> from skdl.architectures import resnet56
    >>> resnet56((32, 32, 3), 10).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    return _small_image_network(56, input_shape, n_classes, dropout=dropout, width=width, **options)


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

    For images of 96×96 pixels and more, the network begins as published, with a 7×7 convolution at
    stride 2 and a pooling; for smaller images, with a 3×3 convolution at stride 1, as is usual for
    CIFAR-10.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 224×224×3.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.0
        Dropout rate of the pooled features.
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=True
        Normalise after each convolution.
    l2 : float, default=0.0
        L2 penalty: this times the sum of all squared kernel weights is added to the loss. It equals
        a weight decay of twice this value.
    width : float, default=1.0
        Factor for the number of filters.

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
