"""Densely connected networks."""

from typing import Any

import keras
from keras import layers

from skdl.architectures._blocks import convolution, normalized, pooling, scaled, softmax
from skdl.plugins import reference_protocol


@reference_protocol(
    optimizer="sgd",
    optimizer__learning_rate=0.1,
    optimizer__momentum=0.9,
    optimizer__nesterov=True,
    architecture__l2=5e-5,
    learning_rate_schedule="step",
    epochs=300,
    batch_size=64,
)
def densenet40(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    growth: int = 12,
    dropout: float = 0.0,
    activation: str = "relu",
    batch_norm: bool = True,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Three blocks of twelve convolutions, each connected to all previous ones in its block.

    Batch norm → ReLU → convolution 3×3, concatenated with its input; between the blocks, a 1×1
    convolution and an average pooling; global average pooling at the end. Without bottlenecks or
    compression (k = 12, L = 40 of the paper).

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 32×32×3.
    n_classes : int
        Number of softmax units.
    growth : int, default=12
        Number of filters that each convolution adds.
    dropout : float in [0, 1), default=0.0
        Dropout rate of each convolution except the first (0.2 in the paper, where images are not
        augmented).
    activation : str, default="relu"
        A Keras activation.
    batch_norm : bool, default=True
        Normalise before each convolution.
    l2 : float, default=0.0
        L2 penalty: this times the sum of all squared kernel weights is added to the loss. It equals
        a weight decay of twice this value.
    width : float, default=1.0
        Factor for the number of filters, including the growth.

    Returns
    -------
    model : keras.Model
        Not compiled. 1,019,722 trainable parameters for 32×32×3 and 10 classes.

    References
    ----------
    Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks", CVPR
    2017.

    Examples
    --------
    >>> from skdl.architectures import densenet40
    >>> densenet40((32, 32, 3), 10).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {"activation": None, "l2": l2, "initializer": "he_normal"}

    def convolve(x: Any, filters: int, kernel: int) -> Any:
        if batch_norm:
            x = normalized(x)
        x = layers.Activation(activation)(x)
        x = convolution(x, filters, kernel, use_bias=not batch_norm, **options)
        return layers.Dropout(dropout)(x) if dropout else x

    inputs = keras.Input(input_shape)
    x = convolution(inputs, scaled(16, width), 3, use_bias=False, **options)
    for block in range(3):
        if block:
            x = pooling(convolve(x, x.shape[-1], 1), average=True)
        for _ in range(12):
            x = layers.Concatenate()([x, convolve(x, scaled(growth, width), 3)])
    if batch_norm:
        x = normalized(x)
    x = layers.GlobalAveragePooling2D()(layers.Activation(activation)(x))
    return keras.Model(inputs, softmax(x, n_classes, l2), name="densenet40")
