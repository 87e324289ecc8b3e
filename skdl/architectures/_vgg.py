"""VGG16, trained from scratch."""

from typing import Any

import keras
from keras import layers

from skdl.architectures._blocks import convolution, dense_stack, pooling, scaled, softmax
from skdl.plugins import reference_protocol


@reference_protocol(
    optimizer="sgd",
    optimizer__learning_rate=0.01,
    optimizer__momentum=0.9,
    architecture__l2=2.5e-4,
    learning_rate_schedule="step",
    epochs=74,
    batch_size=256,
)
def vgg16(
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
    """Thirteen 3×3 convolutions in five blocks, each pooled, then three dense layers.

    Configuration D of the paper. An axis of one pixel is not pooled further. Without `batch_norm`,
    the network needs a small learning rate to start learning.

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
        L2 penalty: this times the sum of all squared kernel weights is added to the loss. It equals
        a weight decay of twice this value.
    width : float, default=1.0
        Factor for the number of filters and of dense units.

    Returns
    -------
    model : keras.Model
        Not compiled. 138,357,544 parameters for 224×224×3 and 1000 classes.

    References
    ----------
    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition",
    ICLR 2015. Batch normalisation: Ioffe and Szegedy, ICML 2015.

    Examples
    --------
    >>> from skdl.architectures import vgg16
    >>> vgg16((32, 32, 3), 10, width=0.25).output_shape
    (None, 10)
    """
    options: dict[str, Any] = {"activation": activation, "batch_norm": batch_norm, "l2": l2}
    inputs = keras.Input(input_shape)
    x = inputs
    for n, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(times):
            x = convolution(x, scaled(n, width), 3, initializer="he_normal", **options)
        x = pooling(x)
    x = layers.Flatten()(x)
    units = scaled(dense_units or (4096 if min(input_shape[:2]) >= 96 else 512), width)
    x = dense_stack(x, (units, units), dropout=dropout, activation=activation, l2=l2)
    return keras.Model(inputs, softmax(x, n_classes, l2), name="vgg16")
