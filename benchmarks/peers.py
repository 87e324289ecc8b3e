"""The same network and training in each of the packages that are compared."""

import math
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def keras_network(input_shape, n_classes=10, dropout=0.5):
    """The network `simple`, uncompiled."""
    from skdl.architectures import simple

    return simple(input_shape, n_classes, dropout=dropout)


def compiled(input_shape, n_classes=10, dropout=0.5, learning_rate=0.001):
    """The network `simple`, compiled as skdl does."""
    import keras

    model = keras_network(input_shape, n_classes, dropout)
    model.compile(
        keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def scikeras_model(input_shape, epochs=5, batch_size=32, **params):
    """Scikeras as it is, around the same network."""
    from scikeras.wrappers import KerasClassifier

    return KerasClassifier(
        compiled, input_shape=input_shape, epochs=epochs, batch_size=batch_size, verbose=0, **params
    )


def keras_wrapper(input_shape, epochs=5, batch_size=32):
    """Keras's own wrapper for scikit-learn."""
    from keras.wrappers import SKLearnClassifier

    def build(X, y):
        import keras

        # This wrapper takes flattened images only.
        flat = keras.Input((math.prod(input_shape),))
        outputs = keras_network(input_shape)(keras.layers.Reshape(input_shape)(flat))
        model = keras.Model(flat, outputs)
        model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
        return model

    return SKLearnClassifier(
        build, fit_kwargs={"epochs": epochs, "batch_size": batch_size, "verbose": 0}
    )


def skorch_model(input_shape, epochs=5, batch_size=32):
    """Skorch around the same network in PyTorch, on all cores."""
    import torch
    from skorch import NeuralNetClassifier
    from torch import nn

    height, width, channels = input_shape
    padding = 0 if min(height, width) >= 10 else 1

    def after(side):
        for _ in range(2):
            side = (side - 2 * (1 - padding)) // 2
        return side

    network = nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=padding),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=padding),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * after(height) * after(width), 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )
    return NeuralNetClassifier(
        network,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.001,
        max_epochs=epochs,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
