"""A folded network computes the same with fewer operations."""

import keras
import numpy as np
import pytest
from keras import layers

from skdl.engine._folding import PassThrough, folded

RNG = np.random.default_rng


def randomized(model, seed=0):
    """Random weights, as after a training: no batch normalisation is neutral."""
    rng = RNG(seed)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if variable.path.endswith("variance"):
            value = rng.uniform(0.5, 2.0, shape)
        elif variable.path.endswith("gamma"):
            value = rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
        elif len(shape) > 1:
            value = rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        else:
            value = rng.normal(0, 0.3, shape)
        variable.assign(value)
    return model


def values_of(model):
    return [variable.numpy() for variable in model.variables]


def outputs(model, n=3, seed=1):
    images = RNG(seed).normal(0, 1, (n, *model.inputs[0].shape[1:])).astype(np.float32)
    found = model(images, training=False)
    return [np.asarray(one, dtype=np.float32) for one in keras.tree.flatten(found)]


def n_normalizations(model):
    return sum(isinstance(layer, layers.BatchNormalization) for layer in model.layers)


def assert_folds(model, left):
    """Folding leaves `left` batch normalisations, the outputs, and the model itself."""
    randomized(model)
    before, expected = values_of(model), outputs(model)
    copy = folded(model)
    assert copy is not model
    assert n_normalizations(copy) == left
    assert [layer.name for layer in copy.layers[1:]] == [layer.name for layer in model.layers[1:]]
    for one, other in zip(outputs(copy), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())
    assert not {id(v) for v in model.variables} & {id(v) for v in copy.variables}
    for one, other in zip(values_of(model), before, strict=True):
        assert np.array_equal(one, other)
    return copy


def network(*between, shape=(9, 8, 3)):
    inputs = x = keras.Input(shape)
    for layer in between:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(
    "convolution",
    [
        lambda: layers.Conv2D(8, 3, padding="same", use_bias=False),
        lambda: layers.Conv2D(8, (3, 1), strides=2),
        lambda: layers.Conv2D(6, 3, groups=3, dilation_rate=2),
        lambda: layers.DepthwiseConv2D(3, use_bias=False),
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=4),
    ],
    ids=["plain", "with bias", "grouped", "depthwise", "multiplied depthwise"],
)
@pytest.mark.parametrize(
    "normalization",
    [
        {},
        {"scale": False},
        {"center": False},
        {"scale": False, "center": False},
        {"epsilon": 0.1},
        {"axis": 3},
    ],
    ids=lambda options: "-".join(options) or "usual",
)
def test_a_convolution_with_its_normalization(convolution, normalization):
    model = network(
        convolution(),
        layers.BatchNormalization(**normalization),
        layers.ReLU(),
        layers.Conv2D(2, 1),
    )
    copy = assert_folds(model, left=0)
    assert sum(isinstance(layer, PassThrough) for layer in copy.layers) == 1


@pytest.mark.parametrize(
    "between",
    [
        lambda: [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()],
        lambda: [layers.Conv2D(4, 3), layers.ReLU(), layers.BatchNormalization()],
        lambda: [layers.BatchNormalization(), layers.Conv2D(4, 3)],
        lambda: [layers.SeparableConv2D(4, 3), layers.BatchNormalization()],
        lambda: [layers.Conv2D(8, 3), layers.BatchNormalization(axis=1)],
    ],
    ids=["activation inside", "activation between", "normalized before", "separable", "other axis"],
)
def test_what_is_not_folded(between):
    assert_folds(network(*between()), left=1)


def test_a_convolution_that_two_layers_use():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(inputs)
    assert_folds(keras.Model(inputs, layers.Add()([layers.BatchNormalization()(x), x])), left=1)


def test_a_convolution_that_is_applied_twice():
    inputs = keras.Input((8, 8, 3))
    convolution = layers.Conv2D(3, 3, padding="same")
    x = layers.BatchNormalization()(convolution(inputs))
    assert_folds(keras.Model(inputs, convolution(x)), left=1)


def test_a_normalization_that_is_applied_twice():
    inputs = keras.Input((8, 8, 3))
    normalization = layers.BatchNormalization()
    x = normalization(layers.Conv2D(4, 3, padding="same")(inputs))
    assert_folds(keras.Model(inputs, normalization(layers.ReLU()(x))), left=1)


def test_a_convolution_that_is_an_output_itself():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(inputs)
    y = layers.BatchNormalization()(x)
    assert_folds(keras.Model(inputs, [x, y]), left=1)
    inner = keras.Model(inputs, x)  # of a network whose normalisation is not in it
    assert_folds(inner, left=0)


def test_branches_and_operations_without_layers():
    inputs = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", name="a")(inputs))
    y = layers.BatchNormalization()(layers.Conv2D(4, 1, name="b")(inputs))
    assert_folds(keras.Model(inputs, keras.ops.relu(x + 2 * y)), left=0)


def test_networks_inside_networks():
    inner = network(layers.Conv2D(4, 3), layers.BatchNormalization(), shape=(8, 8, 4))
    model = network(layers.Conv2D(4, 2), layers.BatchNormalization(), inner, shape=(9, 9, 3))
    copy = assert_folds(model, left=0)  # of its own
    assert n_normalizations(copy.get_layer(inner.name)) == 1


def test_sequential_networks():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()]
    )
    assert_folds(model, left=0)


def test_a_normalization_that_was_adapted():
    adapted = layers.Normalization(axis=-1)
    adapted.adapt(RNG(0).normal(3, 2, (50, 8, 8, 3)).astype("float32"))
    model = network(adapted, layers.Conv2D(4, 3), layers.BatchNormalization(), shape=(8, 8, 3))
    before = [v.numpy() for v in adapted.weights]
    randomized(model)
    for variable, value in zip(adapted.weights, before, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(outputs(folded(model))[0], outputs(model)[0], atol=1e-4)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.convolution, self.normalization = layers.Conv2D(4, 3), layers.BatchNormalization()

    def call(self, x):
        return self.normalization(self.convolution(x))


class Unclonable(layers.Layer):
    def __init__(self, helper):
        super().__init__()
        self.helper = helper

    def call(self, x):
        return x * self.helper.factor


class Helper:
    factor = 2.0


class OfAnotherClass(keras.Model):
    """Functional by its constructor, but with a call of its own."""

    def call(self, x, training=None):
        return 2 * super().call(x, training=training)


def test_what_cannot_be_cloned_is_returned_as_it_is():
    model = Subclassed()
    model(np.zeros((1, 8, 8, 3), np.float32))
    assert folded(model) is model
    model = network(layers.Conv2D(4, 3), layers.BatchNormalization(), Unclonable(Helper()))
    assert folded(model) is model
    inputs = keras.Input((8, 8, 3))
    model = OfAnotherClass(inputs, layers.BatchNormalization()(layers.Conv2D(4, 3)(inputs)))
    assert folded(model) is model


def vgg_like(width=160):
    return network(
        layers.Conv2D(width, 3, padding="same", activation="relu", name="narrow"),
        layers.Conv2D(width, 3, padding="same", activation="relu", name="wide"),
        layers.MaxPooling2D(),
        layers.Conv2D(width, 3, padding="same", use_bias=False, name="normalized"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.DepthwiseConv2D(3, name="depthwise"),
        shape=(12, 12, 3),
    )


def in_bfloat16(model):
    return {layer.name for layer in model.layers if layer.compute_dtype == "bfloat16"}


def test_wide_convolutions_compute_in_bfloat16():
    model = randomized(vgg_like())
    copy = folded(model, "bfloat16")
    pool, norm, relu = (
        next(layer.name for layer in model.layers if type(layer) is kind)
        for kind in (layers.MaxPooling2D, layers.BatchNormalization, layers.ReLU)
    )
    assert in_bfloat16(copy) == {"wide", pool, "normalized", norm, relu}
    assert {v.dtype for v in copy.variables} == {"float32"}
    (expected,), (found,) = outputs(model), outputs(copy)
    cosine = (expected * found).sum() / np.sqrt((expected**2).sum() * (found**2).sum())
    assert cosine >= 0.999
    assert not np.array_equal(found, expected)
    assert not in_bfloat16(folded(randomized(vgg_like(width=16)), "bfloat16"))


@pytest.mark.parametrize(
    ("layer", "selects"),
    [
        (layers.MaxPooling2D(), True),
        (layers.ZeroPadding2D(), True),
        (layers.ReLU(), True),
        (layers.ReLU(6.0), True),
        (layers.Activation("relu"), True),
        (layers.BatchNormalization(), True),  # multiplied into the convolution before it
        (layers.ReLU(6.1), False),
        (layers.ReLU(negative_slope=0.1), False),
        (layers.ReLU(threshold=0.3), False),
        (layers.Activation("swish"), False),
        (layers.AveragePooling2D(2), False),
        (layers.DepthwiseConv2D(3), False),
    ],
)
def test_what_selects_from_rounded_values_hands_them_on_exactly(layer, selects):
    layer = layer.from_config(layer.get_config())
    wide = layers.Conv2D(16, 3, use_bias=False, name="wide")
    model = randomized(network(wide, layer, layers.AveragePooling2D(2), shape=(12, 12, 20)))
    copy = folded(model, "bfloat16")
    assert in_bfloat16(copy) == ({"wide", layer.name} if selects else {"wide"})
    if not selects:
        return
    kept = keras.models.clone_model(copy, clone_function=with_dtype("float32", layer.name))
    kept.set_weights(copy.get_weights())
    (found,), (expected,) = outputs(copy), outputs(kept)
    assert np.array_equal(found, expected)


def with_dtype(dtype, name):
    def clone(layer):
        config = layer.get_config()
        return type(layer).from_config(config | ({"dtype": dtype} if layer.name == name else {}))

    return clone


@pytest.mark.parametrize("kernel", [(1, 160), (3, 18), (1, 159), (3, 17)])
def test_convolutions_of_160_products_and_more_are_wide(kernel):
    size, channels = kernel
    model = network(layers.Conv2D(8, size, name="it"), shape=(12, 12, channels))
    is_wide = size**2 * channels >= 160
    assert in_bfloat16(folded(model, "bfloat16")) == ({"it"} if is_wide else set())


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_users_policy_is_neither_used_nor_changed(policy, precision):
    model = randomized(vgg_like())
    expected = outputs(folded(model, precision))
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        copy = folded(model, precision)
        assert keras.config.dtype_policy().name == policy
        found = outputs(copy)
    finally:
        keras.config.set_dtype_policy(before)
    assert np.array_equal(found, expected)
