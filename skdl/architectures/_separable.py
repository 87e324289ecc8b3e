"""A small network of depthwise-separable convolutions."""

from typing import Any

import keras
from keras import layers

from skdl.architectures._blocks import convolution, normalized, penalty, scaled, softmax
from skdl.plugins import reference_protocol


@reference_protocol(optimizer="adam", epochs=30, batch_size=64)
def separable(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dropout: float = 0.2,
    activation: str = "relu",
    batch_norm: bool = True,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Few parameters: a convolution of 32 filters, then separable ones of 64, 128, 128 and 256.

    Each separable layer is a depthwise 3×3 and a pointwise 1×1 convolution, both normalised, as in
    MobileNet; the second and the fourth halve the image. Global average pooling at the end.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 32×32×3.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.2
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
        Not compiled. 67,914 trainable parameters for 32×32×3 and 10 classes.

    References
    ----------
    Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision
    applications", arXiv:1704.04861 (2017), with fewer layers.

    Examples
    --------
    >>> from skdl.architectures import separable
    >>> separable((32, 32, 3), 10).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {
        "activation": activation,
        "batch_norm": batch_norm,
        "l2": l2,
        "initializer": "he_normal",
    }
    inputs = keras.Input(input_shape)
    x = convolution(inputs, scaled(32, width), 3, **options)
    for filters, strides in ((64, 1), (128, 2), (128, 1), (256, 2)):
        x = _depthwise(x, strides, activation, batch_norm, l2)
        x = convolution(x, scaled(filters, width), 1, **options)
    x = layers.GlobalAveragePooling2D()(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, softmax(x, n_classes, l2), name="separable")


def _depthwise(x: Any, strides: int, activation: str, batch_norm: bool, l2: float) -> Any:
    x = layers.DepthwiseConv2D(
        3,
        strides,
        padding="same",
        use_bias=not batch_norm,
        depthwise_initializer="he_normal",
        depthwise_regularizer=penalty(l2),
    )(x)
    if batch_norm:
        x = normalized(x)
    return layers.Activation(activation)(x)
