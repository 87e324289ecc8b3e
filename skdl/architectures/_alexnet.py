"""AlexNet and ZFNet: five convolutions, three poolings, three dense layers."""

from functools import partial
from typing import Any

import keras
from keras import layers

from skdl.architectures._blocks import convolution, dense_stack, pooling, scaled, softmax
from skdl.plugins import reference_protocol

_convolution = partial(convolution, initializer="he_normal")
# Below this, the strided convolutions of the originals would leave nothing to look at.
_SMALL = 96


def _is_small(input_shape: tuple[int, int, int]) -> bool:
    return min(input_shape[:2]) < _SMALL


def _convolutions(
    x: Any, stem: list[tuple[int, int, str]], pool: int, width: float, **options: Any
) -> Any:
    """Convolutions of 96, 256, 384, 384 and 256 filters, pooled after the first, second and last.

    The stem holds kernel, strides and padding of the first two.
    """
    settings = [*stem, *[(3, 1, "same")] * 3]
    for number, (n, (kernel, strides, padding)) in enumerate(
        zip((96, 256, 384, 384, 256), settings, strict=True)
    ):
        x = _convolution(x, scaled(n, width), kernel, strides=strides, padding=padding, **options)
        if number in (0, 1, 4):
            x = pooling(x, pool, 2)
    return layers.Flatten()(x)


@reference_protocol(optimizer="adam", optimizer__learning_rate=0.001, epochs=100, batch_size=128)
def alexnet(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dense_units: int | None = None,
    dropout: float = 0.5,
    activation: str = "relu",
    batch_norm: bool = False,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Five convolutions, three max-poolings, three dense layers, in one column.

    For images of 96×96 pixels and more, as published, with a first convolution of 11×11 at stride 4
    and overlapping poolings; for smaller images, the first convolution is 5×5 at stride 1 and
    poolings are 2×2. Local response normalisation, which later work found to be of no use, is
    omitted; use `batch_norm` instead.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 227×227×3.
    n_classes : int
        Number of softmax units.
    dense_units : int, default=None
        Width of the two dense layers. If None, use 4096, or 512 for images below 96×96.
    dropout : float in [0, 1), default=0.5
        Dropout rate of both dense layers.
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=False
        Normalise after each convolution.
    l2 : float, default=0.0
        L2 penalty: this times the sum of all squared kernel weights is added to the loss.
    width : float, default=1.0
        Factor for the number of filters and of dense units.

    Returns
    -------
    model : keras.Model
        Not compiled. 62,378,344 parameters for 227×227×3 and 1000 classes.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks", NeurIPS 2012; in one column, not split over two graphics cards.

    Examples
    --------
    >>> from skdl.architectures import alexnet
    >>> alexnet((32, 32, 3), 10).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    small = _is_small(input_shape)
    stem = [(5, 1, "same") if small else (11, 4, "valid"), (5, 1, "same")]
    inputs = keras.Input(input_shape)
    x = _convolutions(inputs, stem, 2 if small else 3, width, **options)
    units = scaled(dense_units or (512 if small else 4096), width)
    x = dense_stack(x, (units, units), dropout=dropout, activation=activation, l2=l2)
    return keras.Model(inputs, softmax(x, n_classes, l2), name="alexnet")


@reference_protocol(optimizer="adam", epochs=50, batch_size=128)
def zfnet(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dense_units: int | None = None,
    dropout: float = 0.5,
    activation: str = "relu",
    batch_norm: bool = False,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """AlexNet with finer first convolutions: 7×7 at stride 2, then 5×5 at stride 2.

    For images of 96×96 pixels and more, as published; for smaller images, the first two
    convolutions are 3×3 at stride 1 and poolings are 2×2. Contrast normalisation is omitted; use
    `batch_norm` instead.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 224×224×3.
    n_classes : int
        Number of softmax units.
    dense_units : int, default=None
        Width of the two dense layers. If None, use 4096, or 512 for images below 96×96.
    dropout : float in [0, 1), default=0.5
        Dropout rate of both dense layers.
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=False
        Normalise after each convolution.
    l2 : float, default=0.0
        L2 penalty: this times the sum of all squared kernel weights is added to the loss.
    width : float, default=1.0
        Factor for the number of filters and of dense units.

    Returns
    -------
    model : keras.Model
        Not compiled. 62,357,608 parameters for 224×224×3 and 1000 classes.

    References
    ----------
    Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.

    Examples
    --------
    >>> from skdl.architectures import zfnet
    >>> zfnet((32, 32, 3), 10).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    small = _is_small(input_shape)
    stem = [(3, 1, "same")] * 2 if small else [(7, 2, "valid"), (5, 2, "valid")]
    inputs = keras.Input(input_shape)
    x = inputs if small else layers.ZeroPadding2D(1)(inputs)
    x = _convolutions(x, stem, 2 if small else 3, width, **options)
    units = scaled(dense_units or (512 if small else 4096), width)
    x = dense_stack(x, (units, units), dropout=dropout, activation=activation, l2=l2)
    return keras.Model(inputs, softmax(x, n_classes, l2), name="zfnet")
