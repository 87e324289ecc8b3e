"""The same network and training in each of the packages that are compared."""

import math
import os
from functools import lru_cache

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

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

    from benchmarks import torch_peers

    return NeuralNetClassifier(
        torch_peers.simple(input_shape),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.001,
        max_epochs=epochs,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


# ---- pretrained networks -----------------------------------------------------------------------

APPLICATIONS = {  # names of modules and of functions
    "efficientnet_b0": ("efficientnet", "EfficientNetB0"),
    "mobilenet_v2": ("mobilenet_v2", "MobileNetV2"),
    "resnet50": ("resnet", "ResNet50"),
    "vgg16": ("vgg16", "VGG16"),
    "vgg19": ("vgg19", "VGG19"),
}


def set_precision(precision):
    """Let Keras, in a process of its own, compute in "float32" or "bfloat16"."""
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")


def keras_backbone(name, input_shape, weights="random", **params):
    """A network of Keras Applications without its classifier."""
    import keras

    return getattr(keras.applications, APPLICATIONS[name][1])(
        include_top=False,
        weights=None if weights == "random" else weights,
        input_shape=input_shape,
        **params,
    )


def keras_preprocessed(name, images):
    """Images from 0 to 255 as the network's weights expect them, float32."""
    import keras

    # In place, and so on a copy.
    module = getattr(keras.applications, APPLICATIONS[name][0])
    return module.preprocess_input(images.astype(np.float32))


@lru_cache
def _pooled_backbone(input_shape, weights, alpha):
    return keras_backbone("mobilenet_v2", input_shape, weights, alpha=alpha, pooling="avg")


class KerasFeatures(TransformerMixin, BaseEstimator):
    """A minimal transformer around `predict`; all clones share one network."""

    def __init__(self, weights="random", alpha=1.0):
        self.weights = weights
        self.alpha = alpha

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        network = _pooled_backbone(X.shape[1:], self.weights, self.alpha)
        return network.predict(keras_preprocessed("mobilenet_v2", X), batch_size=32, verbose=0)

    def __sklearn_is_fitted__(self):
        return True


def keras_transfer(base, X, n_classes, frozen_to=None, learning_rate=0.001):
    """A new head on a frozen network, compiled as skdl does.

    Parameters
    ----------
    base : keras.Model
        Ends in feature maps.
    X : ndarray
        Preprocessed training images: the head sees their features standardised, as skdl's does.
    n_classes : int
    frozen_to : str, default=None
        The last frozen layer; all behind it are trained. None freezes everything.
    learning_rate : float, default=0.001
    """
    import keras

    first = len(base.layers)
    if frozen_to is not None:
        first = base.layers.index(base.get_layer(frozen_to)) + 1
    for number, layer in enumerate(base.layers):
        layer.trainable = number >= first

    class InferenceMode(keras.layers.Layer):
        """Keeps the statistics of normalisations that are trained.

        ``base(inputs, training=False)`` alone would not: `fit` overrides it in inner networks.
        """

        def __init__(self):
            super().__init__()
            self.network = base

        def call(self, images):
            return self.network(images, training=False)

    inputs = keras.Input(base.input_shape[1:])
    features = keras.layers.GlobalAveragePooling2D()(InferenceMode()(inputs))
    standardised = keras.layers.BatchNormalization(
        epsilon=1e-7, center=False, scale=False, trainable=False
    )
    outputs = keras.layers.Dense(n_classes, activation="softmax", kernel_initializer="zeros")(
        standardised(features)
    )
    values = keras.Model(inputs, features).predict(X, verbose=0)
    variance = values.var(axis=0, dtype=np.float64)
    standardised.moving_mean.assign(values.mean(axis=0, dtype=np.float64))
    standardised.moving_variance.assign(variance + 0.01 * variance.mean())
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model
