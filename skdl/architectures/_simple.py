"""The two-convolution network of the case studies."""

import keras
from keras import layers


def simple(
    input_shape: tuple[int, int, int],
    n_classes: int,
    *,
    filters: int = 32,
    dense_units: int = 128,
    dropout: float = 0.5,
    activation: str = "relu",
) -> keras.Model:
    """Two convolutions, two poolings, one dense layer.

    Conv 3×3 → max-pool → Conv 3×3 → max-pool → flatten → Dense → dropout → softmax. The
    convolutions are unpadded where the image is large enough for that (10×10 pixels and more);
    below, they are padded, and an axis that is one pixel long is not pooled.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 1×1 up.
    n_classes : int
        Number of softmax units.
    filters : int, default=32
        Filters of the first convolution; the second has twice as many.
    dense_units : int, default=128
        Width of the dense layer.
    dropout : float in [0, 1), default=0.5
        Dropped share of the dense layer's outputs.
    activation : str, default="relu"
        A Keras activation.

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
    inputs = keras.Input(input_shape)
    x = inputs
    for width in (filters, 2 * filters):
        x = layers.Conv2D(width, 3, padding=padding, activation=activation)(x)
        pool = tuple(min(2, side) for side in x.shape[1:3])
        if pool != (1, 1):
            x = layers.MaxPooling2D(pool)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(dense_units, activation=activation)(x)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(n_classes, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="simple")
