"""LeNet-5."""

from typing import Any

import keras
from keras import layers

from skdl.architectures._blocks import convolution, dense_stack, pooling, scaled, softmax
from skdl.plugins import reference_protocol


@reference_protocol(optimizer="adam", epochs=10, batch_size=128)
def lenet5(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    dropout: float = 0.0,
    activation: str = "relu",
    batch_norm: bool = False,
    l2: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Three convolutions of 5×5 with average pooling, dense layers of 120 and 84 units.

    Conv 6 → average-pool → Conv 16 → average-pool → Conv 120 → flatten → Dense 120 → Dense 84 →
    softmax. The first convolution is padded, as in the original, which padded the 28×28 digits to
    32×32; the others are unpadded for images of 28×28 pixels and more, and padded for smaller ones.
    A softmax replaces the original's output units with radial basis functions, and `activation` its
    scaled tanh.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1; designed for 28×28×1.
    n_classes : int
        Number of softmax units.
    dropout : float in [0, 1), default=0.0
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
        Not compiled. 76,226 parameters for 28×28×1 and 10 classes, of which the paper counts 156 in
        C1, 48,120 in C5 and 10,164 in F6.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (1998).

    Examples
    --------
    >>> from skdl.architectures import lenet5
    >>> lenet5((28, 28, 1), 10).count_params()
    76226
    """
    unpadded = min(input_shape[:2]) >= 28
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    inputs = keras.Input(input_shape)
    x = inputs
    for number, n in enumerate((6, 16, 120)):
        x = pooling(x, average=True) if number else x
        padding = "valid" if unpadded and number else "same"
        x = convolution(x, scaled(n, width), 5, padding=padding, **options)
    x = layers.Flatten()(x)
    units = (scaled(120, width), scaled(84, width))
    x = dense_stack(x, units, dropout=dropout, activation=activation, l2=l2)
    return keras.Model(inputs, softmax(x, n_classes, l2), name="lenet5")
