"""Looking into fitted networks: Grad-CAM, what layers give, filters."""

import gc
import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from helpers import parametrize, subclassed, tiny
from inspection.networks import averaging, flattening, share_in_the_corner
from PIL import Image
from scipy.signal import correlate
from sklearn.exceptions import NotFittedError

from skdl import (
    CNNClassifier,
    TransferClassifier,
    VGG16Classifier,
    list_architectures,
)
from skdl.engine import _inspection


def saturated(input_shape, n_classes):
    """Logits so far apart that the softmax gives 0 and 1."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="maps")(inputs)
    x = keras.layers.Dense(n_classes)(keras.layers.GlobalAveragePooling2D()(x))
    x = keras.layers.Rescaling(1e5)(x)
    return keras.Model(inputs, keras.layers.Activation("softmax")(x))


def averaged_softmax(input_shape, n_classes):
    """Ends in the mean of probabilities: there are no logits."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="maps")(inputs)
    x = keras.layers.Conv2D(n_classes, 1, activation="softmax", name="classes")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


class Convolutional(keras.Model):
    """A network as a class, with a block inside."""

    def __init__(self, n_classes):
        super().__init__()
        self.block = keras.Sequential(
            [keras.layers.Conv2D(4, 3, name="inner"), keras.layers.ReLU(name="inner_relu")]
        )
        self.pool = keras.layers.GlobalMaxPooling2D()
        self.head = keras.layers.Dense(n_classes, activation="softmax")

    def call(self, x):
        return self.head(self.pool(self.block(x)))


def as_class(input_shape, n_classes):
    return Convolutional(n_classes)


def test_grad_cam_is_what_the_weights_say(patched):
    X, y = patched
    model = CNNClassifier(averaging, value_range=(0, 1), epochs=3, random_state=0).fit(X, y)
    network = model.model_
    kernel, offsets = network.get_layer("maps").get_weights()
    weights, _ = network.get_layer("scores").get_weights()
    maps = np.stack(
        [
            np.maximum(correlate(image[..., 0], kernel[..., 0, k], mode="same") + offset, 0)
            for image in X[:6]
            for k, offset in enumerate(offsets)
        ]
    ).reshape(6, 8, 16, 16)
    for code, label in enumerate(model.classes_):
        # The logit is the weighted sum of the means, so its gradient is weight / positions.
        expected = np.maximum(np.einsum("nkhw,k->nhw", maps, weights[:, code]), 0)
        expected /= np.maximum(expected.max(axis=(1, 2), keepdims=True), 1e-12)
        found = model.grad_cam(X[:6], label)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_maps_are_stretched_to_the_image(patched):
    X, y = patched
    model = CNNClassifier(flattening, value_range=(0, 1), epochs=2, random_state=2).fit(X, y)
    network = model.model_
    pooled = keras.Model(network.inputs[0], network.layers[1].output)(X).numpy()
    # Behind the 4 × 4 maps, the gradient of a logit is the kernel of the dense layer.
    weights = network.layers[3].get_weights()[0].reshape(4, 4, 8, 2).mean(axis=(0, 1))
    largest = []
    for code, label in enumerate(model.classes_):
        for small, found in zip(
            np.maximum(pooled @ weights[:, code], 0),
            model.grad_cam(X, label, layer="average_pooling2d"),
            strict=True,
        ):
            stretched = Image.fromarray(small).resize((16, 16), Image.Resampling.BILINEAR)
            expected = np.asarray(stretched)
            np.testing.assert_allclose(found, expected / max(expected.max(), 1e-12), atol=1e-4)
            largest.append(found.max())
    assert set(np.round(largest, 6)) == {0, 1}  # with and without anything that speaks for it


def test_grad_cam_finds_the_patch(patch_network, patched):
    X, y = patched
    assert patch_network.score(X, y) == 1
    ill = X[y == "malignant"]
    maps = patch_network.grad_cam(ill)
    assert share_in_the_corner(maps).min() > 0.6
    np.testing.assert_array_equal(maps, patch_network.grad_cam(ill, ["malignant"] * len(ill)))
    np.testing.assert_array_equal(maps, patch_network.grad_cam(ill, "malignant"))
    # What speaks for the other class is anywhere but there.
    assert share_in_the_corner(patch_network.grad_cam(ill, "benign")).max() < 0.3


def test_maps_where_the_softmax_is_saturated(patched):
    X, y = patched
    model = CNNClassifier(saturated, epochs=1, random_state=0).fit(X, y)
    probabilities = model.predict_proba(X)
    assert set(np.unique(probabilities)) == {0, 1}
    assert (model.grad_cam(X).max(axis=(1, 2)) == 1).all()


def test_networks_that_end_in_no_softmax(patched):
    X, y = patched
    model = CNNClassifier(averaged_softmax, epochs=2, random_state=0).fit(X, y)
    maps = model.grad_cam(X[:5], "malignant", layer="maps")
    assert maps.max(axis=(1, 2)) == pytest.approx(np.ones(5))
    probabilities = model.activations(X[:5], layer="global_average_pooling2d")
    np.testing.assert_allclose(probabilities, model.predict_proba(X[:5]), atol=1e-6)


def test_networks_as_classes(patched):
    X, y = patched
    model = CNNClassifier(as_class, epochs=1, random_state=0).fit(X, y)
    assert list(model.layer_shapes()) == [
        "inner",
        "inner_relu",
        "global_max_pooling2d",
        "dense",
    ]
    assert model.layer_shapes()["inner_relu"] == (14, 14, 4)
    maps = model.grad_cam(X)
    assert maps.shape == (80, 16, 16)
    np.testing.assert_allclose(
        model.activations(X, layer="dense"), model.predict_proba(X), atol=1e-6
    )


ARCHITECTURES = [
    plugin if isinstance(plugin, str) else plugin.name for plugin in list_architectures()
]


@parametrize("name", ARCHITECTURES, exhaustive={*ARCHITECTURES} - {"simple", "separable"})
def test_every_architecture(photographs, name):
    model = CNNClassifier(name, random_state=0).initialize(*photographs)
    X = photographs[0][:3]
    maps = model.grad_cam(X, [0, 1, 2])
    assert maps.shape == (3, 16, 12)
    assert maps.min() >= 0
    assert maps.max() <= 1
    last = list(model.layer_shapes())[-1]
    np.testing.assert_allclose(model.activations(X, layer=last), model.predict_proba(X), atol=1e-5)


KINDS = {
    "head": {},
    "block": {"trainable": 1, "warmup_epochs": 1},
    "all": {"trainable": "all", "warmup_epochs": 0},
}
MORE_KINDS = {
    "hidden": {"head": (8,), "dropout": 0.2, "pooling": "gem"},
    "layer": {"trainable": "stage2", "warmup_epochs": 1, "pooling": "flatten"},
    "augmented": {"augmentation": "light"},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        *KINDS.values(),
        *(pytest.param(params, marks=pytest.mark.exhaustive) for params in MORE_KINDS.values()),
    ],
    ids=[*KINDS, *MORE_KINDS],
)
def test_networks_on_backbones(photographs, params):
    X, y = photographs
    model = TransferClassifier(image_size=24, epochs=1, random_state=0, **params).fit(X, y)
    np.testing.assert_allclose(
        model.activations(X, layer="head"), model.predict_proba(X), atol=1e-5
    )
    assert model.layer_shapes()["stage3"] == (6, 6, 64)  # of images of 24 × 24 pixels
    maps = model.grad_cam(X)
    assert maps.shape == (12, 16, 12)  # the size of the images as they were passed
    assert maps.max() == pytest.approx(1)
    np.testing.assert_array_equal(model.grad_cam(X, layer="stage3"), maps)
    assert not np.array_equal(model.grad_cam(X, layer="stage1"), maps)


def test_colours_of_filters_are_in_the_order_of_the_images():
    X = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    model = VGG16Classifier(weights="random", epochs=1, random_state=0).fit(X, [0, 1, 0, 1])
    filters = model.filters(layer="block1_conv1")
    assert filters.shape == (3, 3, 3, 64)
    # VGG16 takes blue first. Where only red changes, the filters' red weights say what comes out.
    black, red = np.zeros((1, 32, 32, 3), np.uint8), np.zeros((1, 32, 32, 3), np.uint8)
    red[..., 0] = 255
    change = [model.activations(x, layer="block1_conv1")[0, 16, 16] for x in (black, red)]
    open_ = (change[0] > 0) & (change[1] > 0)  # not cut off by the rectifier
    assert open_.sum() > 5
    expected = 255 * filters[:, :, 0].sum(axis=(0, 1))
    np.testing.assert_allclose((change[1] - change[0])[open_], expected[open_], rtol=1e-3)


def test_any_form_of_the_images(digits):
    X, y = digits[0][:60], digits[1][:60]
    model = CNNClassifier(averaging, epochs=1, random_state=0).fit(X, y)
    expected = model.grad_cam(X, y)
    assert expected.shape == (60, 8, 8)
    for same in (X.reshape(-1, 8, 8), X.reshape(-1, 8, 8, 1), X.tolist(), pd.DataFrame(X)):
        np.testing.assert_array_equal(model.grad_cam(same, y), expected)


def test_image_files_are_decoded_as_for_a_prediction(photographs, tmp_path):
    X, y = photographs
    paths = [str(tmp_path / f"{i}.png") for i in range(len(X))]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    model = CNNClassifier(averaging, epochs=1, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.grad_cam(paths), model.grad_cam(X))
    sized = TransferClassifier(image_size=(20, 24), epochs=1, random_state=0).fit(paths, y)
    assert sized.grad_cam(paths).shape == (12, 20, 24)


def test_memory_is_bounded_by_batches(patched, monkeypatch):
    X, y = patched
    whole = CNNClassifier(averaging, epochs=1, random_state=0).fit(X, y)
    monkeypatch.setattr(_inspection, "_ACTIVATION_BYTES", 200_000)
    in_parts = pickle.loads(pickle.dumps(whole))
    sizes = []
    run = _inspection.Inspector._call

    def counting(self, batch, watcher):
        sizes.append(len(batch))
        return run(self, batch, watcher)

    monkeypatch.setattr(_inspection.Inspector, "_call", counting)
    maps, activations = in_parts.grad_cam(X), in_parts.activations(X, layer="maps")
    assert max(sizes) < 30
    np.testing.assert_allclose(maps, whole.grad_cam(X), atol=1e-5)
    np.testing.assert_allclose(activations, whole.activations(X, layer="maps"), atol=1e-6)


def test_looking_changes_nothing(patched):
    X, y = patched
    model = CNNClassifier(averaging, epochs=1, random_state=0).fit(X, y)
    before, probabilities = pickle.dumps(model), model.predict_proba(X)
    attributes = set(vars(model))
    state = np.random.get_state()[1].copy()
    name = keras.layers.Conv2D(1, 1).name
    model.grad_cam(X)
    model.activations(X, layer="maps")
    model.layer_shapes()
    assert pickle.dumps(model) == before
    assert set(vars(model)) == attributes
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    np.testing.assert_array_equal(model.predict_proba(X), probabilities)
    count = int(name.rpartition("_")[2]) if name[-1].isdigit() and "_" in name else 0
    assert keras.layers.Conv2D(1, 1).name == f"conv2d_{count + 1}"  # names are not used up


@pytest.mark.slow
def test_the_copy_goes_with_the_estimator(patched):
    model = CNNClassifier(averaging, epochs=1, random_state=0).fit(*patched)
    gc.collect()
    before = len(_inspection._inspectors)
    model.layer_shapes()
    assert len(_inspection._inspectors) == before + 1
    del model
    gc.collect()
    assert len(_inspection._inspectors) == before


def test_half_precision(patched):
    X, y = patched
    model = CNNClassifier(averaging, epochs=1, precision="bfloat16", random_state=0).fit(X, y)
    maps = model.grad_cam(X[:5])
    assert maps.dtype == model.activations(X[:5], layer="maps").dtype == np.float32
    assert np.isfinite(maps).all()


def test_maps_follow_a_new_fit(patched):
    X, y = patched
    model = CNNClassifier(averaging, epochs=1, random_state=0).fit(X, y)
    before = model.grad_cam(X, y)
    model.set_params(random_state=1, epochs=3).fit(X, y)
    assert not np.allclose(model.grad_cam(X, y), before)


def test_names_of_layers_do_not_depend_on_what_was_built_before(few_digits):
    first = CNNClassifier(epochs=1).fit(*few_digits)
    names = list(first.layer_shapes())
    second = CNNClassifier(epochs=1).fit(*few_digits)
    assert list(second.layer_shapes()) == names
    assert names == [
        "rescaling",
        "conv2d",
        "max_pooling2d",
        "conv2d_1",
        "max_pooling2d_1",
        "flatten",
        "dense",
        "dropout",
        "dense_1",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": "map"}, "no layer 'map'. Similar names: maps"),
        ({"layer": "scores"}, r"'scores' outputs shape \(2,\) for an image; expected feature maps"),
        ({"y": "dubious"}, r"'dubious' at row 0, which is not among the classes \['benign'"),
        ({"y": ["benign"] * 3}, "X has 2 images, but y has 3 labels"),
        ({"y": [None, "benign"]}, "NaN or None: first at row 0"),
    ],
)
def test_grad_cam_refuses(patch_network, patched, arguments, message):
    with pytest.raises(ValueError, match=message):
        patch_network.grad_cam(patched[0][:2], **arguments)


def test_bad_input_of_the_methods(patch_network, patched):
    X, _ = patched
    with pytest.raises(ValueError, match=r"\(8, 16, 1\).*fitted on images of shape \(16, 16, 1\)"):
        patch_network.grad_cam(X[:, :8])
    with pytest.raises(ValueError, match="NaN: first at row 1"):
        patch_network.grad_cam(np.where(np.arange(80).reshape(-1, 1, 1, 1) == 1, np.nan, X))
    with pytest.raises(ValueError, match="no layer 'max'"):
        patch_network.activations(X, layer="max")
    with pytest.raises(
        ValueError, match="is a Dense, which has no filters. Layers with filters: maps"
    ):
        patch_network.filters(layer="scores")
    with pytest.raises(NotFittedError):
        CNNClassifier(averaging).grad_cam(X)
    with pytest.raises(NotFittedError):
        CNNClassifier(averaging).layer_shapes()


@pytest.mark.parametrize("builder", [tiny, subclassed])
def test_networks_without_convolutions(few_digits, builder):
    model = CNNClassifier(builder, epochs=1, random_state=0).fit(*few_digits)
    with pytest.raises(ValueError, match="no layer that outputs feature maps"):
        model.grad_cam(few_digits[0])
