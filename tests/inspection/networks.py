"""What tests of looking into networks share: small networks, and images with a patch."""

import numpy as np


def averaging(input_shape, n_classes):
    """One padded convolution whose maps are averaged: Grad-CAM by hand."""
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="maps"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(n_classes, activation="softmax", name="scores"),
        ]
    )


def flattening(input_shape, n_classes):
    """A network that knows where in the image something is."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(8, 3, padding="same", activation="relu", name="maps"),
            layers.AveragePooling2D(4),
            layers.Flatten(),
            layers.Dense(n_classes),
            layers.Softmax(),
        ]
    )


def patches(n=80, side=16, seed=0):
    """Noise; at the upper left of the "malignant" ones, there is a bright patch."""
    generator = np.random.default_rng(seed)
    X = 0.3 * generator.random((n, side, side, 1), dtype=np.float32)
    y = np.array(["benign", "malignant"] * (n // 2))
    X[y == "malignant", 2:6, 2:6] += 0.7
    return X, y


def share_in_the_corner(maps):
    """How much of each map lies in the upper left quarter."""
    quarter = maps[:, : maps.shape[1] // 2, : maps.shape[2] // 2]
    return quarter.sum(axis=(1, 2)) / maps.sum(axis=(1, 2)).clip(1e-9)
