"""Batch normalisation in one operation gives what Keras's own gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import version
from keras import layers

from skdl import CNNClassifier
from skdl.engine._normalization import fuse_normalization

SHAPE = (6, 5, 3)


def images(n=8, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(0.3, 2, (n, *shape)).astype("float32")


def network(normalization, shape=SHAPE):
    """A network with other weights than at the start, so that none of them is neutral."""
    inputs = keras.Input(shape)
    x = layers.Activation("tanh")(normalization(inputs))
    outputs = layers.Dense(2, activation="softmax", dtype="float32")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    generator = np.random.default_rng(1)
    model.set_weights([generator.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    return model


def trained(model, X, steps=3):
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    for _ in range(steps):
        model.train_on_batch(X, np.arange(len(X)) % 2)
    return model.get_weights()


def operations(model, X, training):
    """The operations that TensorFlow runs for a batch."""
    call = tf.function(lambda x: model(x, training=training))
    graph = call.get_concrete_function(tf.constant(X)).graph
    return {operation.type for operation in graph.get_operations()}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.9, "epsilon": 0.1},
        {"scale": False},
        {"center": False},
        {"scale": False, "center": False},
        {"gamma_regularizer": "l2", "beta_constraint": "non_neg"},
        {"axis": 3},
    ],
    ids=str,
)
def test_training_is_that_of_keras(options):
    X = images()
    model, fused = (network(layers.BatchNormalization(**options)) for _ in range(2))
    fuse_normalization(fused)
    assert any("FusedBatchNorm" in name for name in operations(fused, X, training=True))
    for expected, found in zip(trained(model, X), trained(fused, X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


def test_training_in_bfloat16_is_that_of_keras():
    X = images()
    model, fused = (network(layers.BatchNormalization(dtype="mixed_bfloat16")) for _ in range(2))
    fuse_normalization(fused)
    assert fused(X, training=True).dtype == model(X, training=True).dtype
    for expected, found in zip(trained(model, X), trained(fused, X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.002)


@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 1, 1)], ids=str)
def test_a_single_image(shape):
    X = images(1, shape)
    model, fused = (network(layers.BatchNormalization(), shape) for _ in range(2))
    fuse_normalization(fused)
    for expected, found in zip(trained(model, X), trained(fused, X), strict=True):
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_predictions_are_those_of_keras_to_the_bit():
    X = images()
    model, fused = network(layers.BatchNormalization()), network(layers.BatchNormalization())
    fuse_normalization(fused)
    np.testing.assert_array_equal(fused(X), model(X))
    np.testing.assert_array_equal(fused.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_frozen_layer_keeps_its_statistics():
    X = images()
    model = network(layers.BatchNormalization(trainable=False))
    fuse_normalization(model)
    before = [value.copy() for value in model.layers[1].get_weights()]
    trained(model, X)
    for old, new in zip(before, model.layers[1].get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


class Own(layers.BatchNormalization):
    """A layer of somebody else's."""


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: layers.BatchNormalization(axis=1), SHAPE),
        (lambda: layers.BatchNormalization(), (7,)),
        pytest.param(
            lambda: layers.BatchNormalization(renorm=True),
            SHAPE,
            marks=pytest.mark.skipif(version("keras") < (3, 14), reason="new in Keras 3.14"),
        ),
        (lambda: layers.BatchNormalization(synchronized=True), SHAPE),
        (lambda: layers.BatchNormalization(dtype="float64"), SHAPE),
        (Own, SHAPE),
    ],
    ids=["another axis", "no images", "renorm", "synchronized", "float64", "subclass"],
)
def test_other_normalisations_are_left_alone(layer, shape):
    model = network(layer(), shape)
    fuse_normalization(model)
    assert not any("FusedBatchNorm" in name for name in operations(model, images(4, shape), True))


def test_nested_models_are_reached():
    inner = network(layers.BatchNormalization())
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, inner(inputs))
    fuse_normalization(model)
    assert any("FusedBatchNorm" in name for name in operations(model, images(), True))


def test_masked_images_are_those_of_keras():
    X, mask = images(), np.arange(8 * 6 * 5).reshape(8, 6, 5) % 3 > 0
    plain, fused = layers.BatchNormalization(), layers.BatchNormalization()
    plain.build((None, *SHAPE))
    model = network(fused)
    fused.set_weights(plain.get_weights())
    fuse_normalization(model)
    expected = plain(X, training=True, mask=tf.constant(mask))
    np.testing.assert_array_equal(fused(X, training=True, mask=tf.constant(mask)), expected)


@pytest.mark.slow
def test_a_saved_network_is_one_of_plain_keras(tmp_path, few_digits):
    X, y = few_digits
    estimator = CNNClassifier(architecture__batch_norm=True, epochs=1, random_state=0).fit(X, y)
    estimator.model_.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras", compile=False)
    found = [x for x in loaded._flatten_layers() if type(x) is layers.BatchNormalization]
    assert len(found) == 2
    assert not any("call" in vars(layer) for layer in found)
    X = X.reshape(-1, 8, 8, 1)
    expected = estimator.model_.predict(X, verbose=0)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), expected)
