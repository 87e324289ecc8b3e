"""What is known of a backbone's structure, and what is refused."""

import keras
import mutants
import numpy as np
import pytest
from helpers import run_forked
from keras import layers

from skdl import BackboneFeatures
from skdl.backbones import Backbone, Preprocessing, declare_backbone
from skdl.engine._backbone import (
    BackboneSpec,
    as_channels,
    find_layers,
    last_cut,
    structure_digest,
)

plain = declare_backbone(Backbone(Preprocessing(), {"last": 4}, min_size=8, default_size=8))


def network(*between, shape=(8, 8, 3)):
    inputs = x = keras.Input(shape)
    for layer in between:
        x = layer(x)
    return keras.Model(inputs, x)


# ---- building --------------------------------------------------------------------------------


@plain
def sequential(input_shape):
    return keras.Sequential(
        [keras.Input(input_shape), layers.Conv2D(4, 3), layers.Conv2D(4, 1, name="last")]
    )


def test_sequential_networks_are_functional_ones():
    model = BackboneSpec(sequential, {}).build((9, 8))
    assert model.output.shape == (None, 7, 6, 4)
    assert [layer.name for layer in model.layers][-1] == "last"
    assert last_cut(model, 1) == 1


class Subclassed(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    "build",
    [
        lambda shape: None,
        lambda shape: Subclassed(),
        lambda shape: keras.Sequential([layers.Conv2D(4, 3)]),
        lambda shape: network(layers.Flatten(), shape=shape),
        lambda shape: keras.Model(x := keras.Input(shape), [x, layers.Conv2D(4, 3)(x)]),
        lambda shape: keras.Model([x := keras.Input(shape), y := keras.Input(shape)], x + y),
        mutants.is_compiled,
    ],
    ids=["nothing", "subclassed", "unbuilt", "pooled", "two outputs", "two inputs", "compiled"],
)
def test_what_is_no_backbone(build):
    @plain
    def builder(input_shape):
        return build(input_shape)

    with pytest.raises(ValueError, match="expected an uncompiled keras.Model, functional or"):
        BackboneSpec(builder, {}).build((8, 8))


@plain
def broken(input_shape, *, width=4):
    raise RuntimeError(f"no width of {width}")


def test_messages_of_builders():
    with pytest.raises(ValueError, match="'broken' could not be built .* no width of 7") as error:
        BackboneSpec(broken, {"width": 7}).build((9, 8))
    assert "for images of shape (9, 8, 3) with parameters {'width': 7}" in str(error.value)
    with pytest.raises(ValueError, match="no parameter 'with', set as backbone__with=7. Its param"):
        BackboneSpec(broken, {"with": 7}).check()
    BackboneSpec(broken, {"width": 7}).check()
    with pytest.raises(ValueError, match="'vgg16' has no parameter 'alpha'.* Its parameters: none"):
        BackboneSpec("vgg16", {"alpha": 1.0}).check()
    with pytest.raises(ValueError, match="declares nothing"):
        BackboneSpec(mutants.declares_nothing, {}).check()
    with pytest.raises(ValueError, match="requires images of at least 75 × 75. Do so."):
        BackboneSpec("inception_v3", {}).check_size(75, 74, "Do so.")
    BackboneSpec("inception_v3", {}).check_size(75, 75, "Do so.")


@plain
def hands_on(input_shape, **settings):
    return network(layers.Conv2D(4, name="last", **settings), shape=input_shape)


def test_a_builder_that_takes_any_parameter_is_asked_itself():
    X = np.random.default_rng(0).random((3, 9, 9, 3))
    settings = {"weights": "random", "image_size": 9, "store": None}
    found = [
        BackboneFeatures(hands_on, backbone__kernel_size=size, **settings).fit_transform(X)
        for size in (3, 5)
    ]
    assert not np.allclose(*found)
    with pytest.raises(ValueError, match="could not be built .*'kernel_sise': 3.*'kernel_size'"):
        BackboneFeatures(hands_on, backbone__kernel_sise=3, **settings).fit(X)


def test_random_weights_are_always_the_same():
    spec = BackboneSpec(mutants.whole_backbone, {})
    first, second = spec.build((8, 8)), spec.build((12, 9))
    np.random.seed(3)
    for model in (second, spec.build((8, 8))):
        for one, other in zip(first.get_weights(), model.get_weights(), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_the_users_policy_is_neither_used_nor_changed(policy):
    spec = BackboneSpec(mutants.whole_backbone, {})
    expected = structure_digest(spec.build((8, 8)))
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        model = spec.build((8, 8))
        assert keras.config.dtype_policy().name == policy
    finally:
        keras.config.set_dtype_policy(before)
    assert structure_digest(model) == expected
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


# ---- layers by name --------------------------------------------------------------------------


def test_layers_by_name():
    model = network(layers.Conv2D(4, 3, name="block1_conv"), layers.ReLU(name="block1_pool"))
    found = find_layers(model, ["block1_pool", "block1_conv"], "'x'")
    assert found == [model.layers[2], model.layers[1]]
    with pytest.raises(ValueError, match="layer 'block2_pool' of the backbone 'x' does not exist"):
        find_layers(model, ["block1_conv", "block2_pool"], "'x'")
    with pytest.raises(ValueError, match="does not exist. Similar names: block1_pool, block1_conv"):
        find_layers(model, ["block1_pol"], "'x'")
    with pytest.raises(ValueError, match="does not exist. The last one is block1_pool"):
        find_layers(model, ["?"], "'x'")


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(4, 3),
        layers.Conv2DTranspose(4, 3),
        layers.SeparableConv2D(4, 3),
        layers.DepthwiseConv2D(3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.PReLU(),
        layers.LeakyReLU(),
        layers.ELU(),
        layers.ZeroPadding2D(),
        layers.UpSampling2D(),
        layers.MaxPooling2D(),
        getattr(layers, "RMSNormalization", layers.LayerNormalization)(),  # new in Keras 3.9
        layers.Activation("relu"),
        mutants.MinusBatchMean(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_names_that_keras_makes_up_are_refused(layer):
    model = network(layer, type(layer).from_config({**layer.get_config(), "name": "mine"}))
    for counted in (layer.name, model.layers[0].name):
        with pytest.raises(ValueError, match=f"The layer '{counted}' of .* Keras numbers"):
            find_layers(model, [counted], "'x'")
    assert find_layers(model, ["mine"], "'x'") == [model.layers[2]]


def test_no_layer_has_a_name():
    with pytest.raises(ValueError, match="No layer has a custom name"):
        find_layers(network(layers.ReLU()), ["block1"], "'x'")


def test_names_that_only_look_like_it():
    names = ["input_conv", "conv2d_input", "batch_norm_1", "conv_1"]
    model = network(*[layers.Conv2D(2, 1, name=name) for name in names])
    assert [layer.name for layer in find_layers(model, names, "'x'")] == names


# ---- what a network computes -----------------------------------------------------------------


def digest_of(*between, **params):
    return structure_digest(network(*between, **params))


def test_structures_that_differ():
    def joined(join):
        inputs = keras.Input((8, 8, 3))
        x = layers.Conv2D(3, 1)(inputs)
        y = layers.Conv2D(3, 1)(x)
        return structure_digest(keras.Model(inputs, join(inputs, x, y)))

    digests = [
        digest_of(layers.Conv2D(3, 1)),
        digest_of(layers.Conv2D(3, 1, activation="relu")),
        digest_of(layers.Conv2D(3, 1, activation="tanh")),
        digest_of(layers.Conv2D(3, 1, padding="same")),
        digest_of(layers.Conv2D(3, 1, dtype="mixed_bfloat16")),
        digest_of(layers.Conv2D(3, 1), layers.ReLU()),
        digest_of(layers.Conv2D(3, 1), layers.ReLU(max_value=6)),
        digest_of(layers.Conv2D(3, 1), keras.ops.relu),
        digest_of(layers.Conv2D(3, 1), keras.ops.tanh),
        digest_of(layers.Conv2D(3, 1), lambda x: x * 2.0),
        digest_of(layers.Conv2D(3, 1), lambda x: x * 3.0),
        digest_of(layers.ReLU(), layers.Conv2D(3, 1)),
        digest_of(network(layers.Conv2D(3, 1))),
        digest_of(network(layers.Conv2D(3, 1, activation="relu"))),
        digest_of(keras.Sequential([layers.Conv2D(3, 1, activation="relu")])),
        digest_of(layers.BatchNormalization()),
        digest_of(layers.BatchNormalization(epsilon=1e-5)),
        joined(lambda a, b, c: layers.Add()([a, c])),
        joined(lambda a, b, c: layers.Add()([b, c])),
        joined(lambda a, b, c: layers.Subtract()([a, c])),
        joined(lambda a, b, c: layers.Subtract()([c, a])),
    ]
    assert len(set(digests)) == len(digests)


def test_structures_that_are_the_same():
    for build in (
        lambda **params: digest_of(layers.Conv2D(3, 1), layers.ReLU(), **params),
        lambda **params: digest_of(layers.Dropout(0.1), keras.ops.relu, **params),
        lambda **params: digest_of(
            network(layers.Conv2D(3, 1, kernel_initializer="he_normal"), shape=(None, None, 3)),
            **params,
        ),
    ):
        assert build() == build() == build(shape=(12, 9, 3))
    assert digest_of(layers.ReLU(name="a")) == digest_of(layers.ReLU(name="b"))


@pytest.mark.slow
def test_structures_are_the_same_in_another_process():
    code = """
from skdl.engine import BackboneSpec
from skdl.engine._backbone import structure_digest
for name in ("mobilenet_v3_small", "cifar_resnet20"):  # Keras counts their layers' names up
    print(structure_digest(BackboneSpec(name, {}).build((32, 32))))
"""
    names = ("cifar_resnet20", "mobilenet_v3_small")
    here = [structure_digest(BackboneSpec(name, {}).build((32, 32))) for name in names]
    assert run_forked(code).split()[::-1] == here


# ---- where a network may be cut --------------------------------------------------------------


def residual(join):
    """Positions in layers: 0 input, 1 stem, 2 a, 3 b, then the sum, end."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 1, name="stem")(inputs)
    y = layers.Conv2D(4, 1, name="a")(x)
    y = layers.Conv2D(4, 1, name="b")(y)
    return keras.Model(inputs, layers.Conv2D(4, 1, name="end")(join(x, y)))


@pytest.mark.parametrize(
    "join",
    [lambda x, y: layers.Add()([x, y]), lambda x, y: x + y, lambda x, y: keras.ops.relu(x) + y],
    ids=["layer", "operator", "operations"],
)
def test_no_cut_is_inside_a_residual_block(join):
    model = residual(join)
    places = {layer.name: place for place, layer in enumerate(model.layers)}
    found = [last_cut(model, boundary) for boundary in range(-1, len(model.layers))]
    assert found[: places["b"] + 2] == [0, 0, 1, 1, 1]
    assert found[-1] == places["end"]
    if "add" in str(places):
        assert found[-2] == places["end"] - 1


def test_cuts_of_chains_and_of_several_outputs():
    model = network(layers.Conv2D(4, 1), layers.ReLU(), layers.Conv2D(4, 1))
    assert [last_cut(model, boundary) for boundary in range(-1, 5)] == [0, 0, 1, 2, 3, 3]
    tapped = keras.Model(model.input, [model.layers[1].output, model.output])
    assert [last_cut(tapped, boundary) for boundary in range(4)] == [0, 1, 1, 1]


def test_cuts_of_networks_that_use_a_layer_twice():
    inputs = keras.Input((8, 8, 3))
    shared = layers.Conv2D(3, 1)
    x = layers.ReLU()(shared(inputs))
    model = keras.Model(inputs, layers.ReLU()(shared(x)))
    assert {last_cut(model, boundary) for boundary in range(4)} == {0}


@pytest.mark.parametrize("name", ["cifar_resnet20", "mobilenet_v3_small"])
def test_what_is_behind_a_cut_needs_nothing_from_before(name):
    spec = BackboneSpec(name, {})
    model = spec.build((32, 32))
    images = np.random.default_rng(0).random((2, 32, 32, 3), dtype=np.float32)
    expected = np.asarray(model(images, training=False))
    cuts = {last_cut(model, boundary) for boundary in range(len(model.layers))}
    ends = {model.layers.index(layer) for layer in find_layers(model, spec.declaration.layers, "")}
    assert ends <= cuts
    assert len(cuts) < len(model.layers) - 4  # the residual blocks
    for cut in sorted(cuts - {0, len(model.layers) - 1})[:: len(cuts) // 4]:
        between = model.layers[cut].output
        before = keras.Model(model.input, between)
        behind = keras.Model(between, model.output)  # which Keras refuses if a path goes around it
        np.testing.assert_allclose(
            behind(before(images, training=False), training=False), expected, rtol=1e-4, atol=1e-9
        )


# ---- channels --------------------------------------------------------------------------------


def test_channels():
    rng = np.random.default_rng(0)
    gray, color, transparent = (rng.random((2, 3, 4, c), dtype=np.float32) for c in (1, 3, 4))
    luma = np.float32([0.299, 0.587, 0.114])
    for images, n_channels, expected in (
        (gray, 1, gray),
        (gray, 3, np.repeat(gray, 3, axis=-1)),
        (color, 3, color),
        (transparent, 3, transparent[..., :3]),
        (color, 1, (color @ luma)[..., None]),
        (transparent, 1, (transparent[..., :3] @ luma)[..., None]),
    ):
        found = np.asarray(as_channels(images, n_channels))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
