"""The network `dilated`."""

import keras
from keras import layers

from skdl.plugins import reference_protocol


@reference_protocol(optimizer="adam", epochs=8, batch_size=16)
def dilated(input_shape, n_classes, *, filters=16, activation="relu"):
    """Three convolutions that look further and further around."""
    inputs = keras.Input(input_shape)
    x = inputs
    for rate in (1, 2, 4):
        x = layers.Conv2D(filters, 3, padding="same", dilation_rate=rate, activation=activation)(x)
    x = layers.GlobalMaxPooling2D()(x)
    outputs = layers.Dense(n_classes, activation="softmax")(x)
    return keras.Model(inputs, outputs)
