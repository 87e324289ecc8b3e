"""Small networks of plain convolutions, those of the MNIST case studies."""

from typing import Any

import keras
from keras import layers

from skdl.architectures._blocks import convolution, dense_stack, pooling, scaled, softmax
from skdl.plugins import reference_protocol


@reference_protocol(optimizer="adam", epochs=10)
def simple(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    filters: int = 32,
    dense_units: int = 128,
    dropout: float = 0.5,
    activation: str = "relu",
    batch_norm: bool = False,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Two convolutions, two poolings, one dense layer.

    Conv 3×3 → max-pool → Conv 3×3 → max-pool → flatten → Dense → dropout → softmax. The
    convolutions are unpadded if the image is large enough (10×10 pixels and more); for smaller
    images, they are padded, and an axis that is one pixel long is not pooled.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 28×28×1.
    n_classes : int
        Number of softmax units.
    filters : int, default=32
        Number of filters of the first convolution; the second has twice as many.
    dense_units : int, default=128
        Width of the dense layer.
    dropout : float in [0, 1), default=0.5
        Dropout rate of the dense layer.
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
        Not compiled. 225,034 parameters for 28×28×1 and 10 classes.

    References
    ----------
    The layout follows LeCun et al., "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (1998), with rectifiers, max-pooling and dropout.

    Examples
    --------
    >>> from skdl.architectures import simple
    >>> simple((28, 28, 1), 10).count_params()
    225034
    """
    # Unpadded, a side s becomes ((s - 2) // 2 - 2) // 2, which is at least 1 from 10 on.
    padding = "valid" if min(input_shape[:2]) >= 10 else "same"
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    inputs = keras.Input(input_shape)
    x = inputs
    for n in (filters, 2 * filters):
        x = pooling(convolution(x, scaled(n, width), 3, padding=padding, **options))
    x = layers.Flatten()(x)
    units = (scaled(dense_units, width),)
    x = dense_stack(x, units, dropout=dropout, activation=activation, l2=l2)
    return keras.Model(inputs, softmax(x, n_classes, l2), name="simple")


@reference_protocol(optimizer="adam", epochs=5, batch_size=64)
def deep(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dropout: float = 0.0,
    activation: str = "relu",
    batch_norm: bool = False,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Three convolutions of 32, 64 and 64 filters, one dense layer of 64 units.

    Conv 3×3 → max-pool → Conv 3×3 → max-pool → Conv 3×3 → flatten → Dense → softmax. The
    convolutions are unpadded for images of 18×18 pixels and more, and padded for smaller ones.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 28×28×1.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.0
        Dropout rate of the dense layer.
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
        Not compiled. 93,322 parameters for 28×28×1 and 10 classes.

    References
    ----------
    The network of TensorFlow's tutorial "Convolutional Neural Network (CNN)".

    Examples
    --------
    >>> from skdl.architectures import deep
    >>> deep((28, 28, 1), 10).count_params()
    93322
    """
    padding = "valid" if min(input_shape[:2]) >= 18 else "same"
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    inputs = keras.Input(input_shape)
    x = inputs
    for number, n in enumerate((32, 64, 64)):
        x = pooling(x) if number else x
        x = convolution(x, scaled(n, width), 3, padding=padding, **options)
    x = layers.Flatten()(x)
    x = dense_stack(x, (scaled(64, width),), dropout=dropout, activation=activation, l2=l2)
    return keras.Model(inputs, softmax(x, n_classes, l2), name="deep")
