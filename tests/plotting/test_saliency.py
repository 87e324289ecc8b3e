"""Where the evidence for a class lies: Grad-CAM, occlusion, and how both are drawn."""

import gc
import pickle
import warnings

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers import in_percent, parametrize, subclassed, tiny
from PIL import Image
from plotting.figures import assert_readable, long_names, texts
from scipy.signal import correlate
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdl import (
    CNNClassifier,
    ImageLoader,
    Resize,
    TransferClassifier,
    VGG16Classifier,
    list_architectures,
)
from skdl.engine import _inspection
from skdl.plotting import SaliencyDisplay


def averaging(input_shape, n_classes):
    """One padded convolution whose maps are averaged: Grad-CAM by hand."""
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


@pytest.fixture(scope="module")
def images():
    X, y = patches()
    X.setflags(write=False)
    return X, y


@pytest.fixture(scope="module")
def fitted(images):
    """A network that knows the patch."""
    model = CNNClassifier(averaging, epochs=10, optimizer__learning_rate=0.05, random_state=0)
    return model.fit(*images)


@pytest.fixture(scope="module")
def photographs():
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (12, 16, 12, 3), dtype=np.uint8), np.arange(12) % 3


# ---- Grad-CAM ------------------------------------------------------------------------------------


def test_grad_cam_is_what_the_weights_say(images):
    X, y = images
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


def test_maps_are_stretched_to_the_image(images):
    X, y = images
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


def test_grad_cam_finds_the_patch(fitted, images):
    X, y = images
    assert fitted.score(X, y) == 1
    ill = X[y == "malignant"]
    maps = fitted.grad_cam(ill)
    assert share_in_the_corner(maps).min() > 0.6
    np.testing.assert_array_equal(maps, fitted.grad_cam(ill, ["malignant"] * len(ill)))
    np.testing.assert_array_equal(maps, fitted.grad_cam(ill, "malignant"))
    # What speaks for the other class is anywhere but there.
    assert share_in_the_corner(fitted.grad_cam(ill, "benign")).max() < 0.3


def test_maps_where_the_softmax_is_saturated(images):
    X, y = images
    model = CNNClassifier(saturated, epochs=1, random_state=0).fit(X, y)
    probabilities = model.predict_proba(X)
    assert set(np.unique(probabilities)) == {0, 1}
    assert (model.grad_cam(X).max(axis=(1, 2)) == 1).all()


def test_networks_that_end_in_no_softmax(images):
    X, y = images
    model = CNNClassifier(averaged_softmax, epochs=2, random_state=0).fit(X, y)
    maps = model.grad_cam(X[:5], "malignant", layer="maps")
    assert maps.max(axis=(1, 2)) == pytest.approx(np.ones(5))
    probabilities = model.activations(X[:5], layer="global_average_pooling2d")
    np.testing.assert_allclose(probabilities, model.predict_proba(X[:5]), atol=1e-6)


def test_networks_as_classes(images):
    X, y = images
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


def test_memory_is_bounded_by_batches(images, monkeypatch):
    X, y = images
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


def test_looking_changes_nothing(images):
    X, y = images
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


def test_the_copy_goes_with_the_estimator(images):
    model = CNNClassifier(averaging, epochs=1, random_state=0).fit(*images)
    gc.collect()
    before = len(_inspection._inspectors)
    model.layer_shapes()
    assert len(_inspection._inspectors) == before + 1
    del model
    gc.collect()
    assert len(_inspection._inspectors) == before


def test_half_precision(images):
    X, y = images
    model = CNNClassifier(averaging, epochs=1, precision="bfloat16", random_state=0).fit(X, y)
    maps = model.grad_cam(X[:5])
    assert maps.dtype == model.activations(X[:5], layer="maps").dtype == np.float32
    assert np.isfinite(maps).all()


def test_maps_follow_a_new_fit(images):
    X, y = images
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
        ({"layer": "map"}, "no layer 'map'. Near: maps"),
        ({"layer": "scores"}, r"'scores' gives \(2,\) for an image; expected feature maps"),
        ({"y": "dubious"}, r"'dubious' at row 0, which is not among the classes \['benign'"),
        ({"y": ["benign"] * 3}, "X has 2 images, but y has 3 labels"),
        ({"y": [None, "benign"]}, "NaN or None: first at row 0"),
    ],
)
def test_grad_cam_refuses(fitted, images, arguments, message):
    with pytest.raises(ValueError, match=message):
        fitted.grad_cam(images[0][:2], **arguments)


def test_bad_input_of_the_methods(fitted, images):
    X, _ = images
    with pytest.raises(ValueError, match=r"\(8, 16, 1\).*fitted on images of shape \(16, 16, 1\)"):
        fitted.grad_cam(X[:, :8])
    with pytest.raises(ValueError, match="NaN: first at row 1"):
        fitted.grad_cam(np.where(np.arange(80).reshape(-1, 1, 1, 1) == 1, np.nan, X))
    with pytest.raises(ValueError, match="no layer 'max'"):
        fitted.activations(X, layer="max")
    with pytest.raises(
        ValueError, match="is a Dense, which has no filters. Layers that have: maps"
    ):
        fitted.filters(layer="scores")
    with pytest.raises(NotFittedError):
        CNNClassifier(averaging).grad_cam(X)
    with pytest.raises(NotFittedError):
        CNNClassifier(averaging).layer_shapes()


@pytest.mark.parametrize("builder", [tiny, subclassed])
def test_networks_without_convolutions(few_digits, builder):
    model = CNNClassifier(builder, epochs=1, random_state=0).fit(*few_digits)
    with pytest.raises(ValueError, match="no layer that gives feature maps"):
        model.grad_cam(few_digits[0])


# ---- occlusion -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def linear(digits):
    return LogisticRegression(max_iter=2000).fit(digits[0][:500], digits[1][:500])


class Brightness(ClassifierMixin, BaseEstimator):
    """The class is whether the upper left quarter is bright; remembers what it was asked."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def __sklearn_is_fitted__(self):
        return hasattr(self, "classes_")

    def decision_function(self, X):
        self.asked = [*getattr(self, "asked", []), X]
        X = np.asarray(X, dtype=float).reshape(len(X), 16, 16, -1)
        return X[:, :8, :8].mean(axis=(1, 2, 3)) - X[:, 8:, 8:].mean(axis=(1, 2, 3))


@pytest.fixture
def brightness(images):
    return Brightness().fit(*images)


def test_occlusion_is_what_covering_each_place_says(linear, digits):
    X, y = digits[0][:3], digits[1][:3]
    display = SaliencyDisplay.from_estimator(linear, X, y, patch=3, stride=2, fill=0)
    assert display.method == "occlusion"
    column = linear.classes_.tolist().index
    for image, label, found in zip(X.reshape(-1, 8, 8), y, display.maps, strict=True):
        before = linear.predict_proba(image.reshape(1, -1))[0, column(label)]
        falls = [[[] for _ in range(8)] for _ in range(8)]
        for top in (0, 2, 4, 5):  # the last place is at the edge
            for left in (0, 2, 4, 5):
                covered = image.copy()
                covered[top : top + 3, left : left + 3] = 0
                after = linear.predict_proba(covered.reshape(1, -1))[0, column(label)]
                for row in range(top, top + 3):
                    for place in range(left, left + 3):
                        falls[row][place].append(before - after)
        expected = np.maximum([[np.mean(some) for some in line] for line in falls], 0)
        np.testing.assert_allclose(found, expected / expected.max(), atol=1e-3)


def test_occlusion_finds_the_patch(images):
    X, y = images
    model = make_pipeline(StandardScaler(), SVC(C=10)).fit(X.reshape(80, -1), y)
    ill = X[y == "malignant"].reshape(40, -1)[:6]
    display = SaliencyDisplay.from_estimator(model, ill, patch=4)
    assert display.method == "occlusion"
    assert display.score_kind == "decision"
    assert share_in_the_corner(np.array(display.maps)).min() > 0.5
    for one in display.maps:
        row, column = np.unravel_index(one.argmax(), one.shape)
        assert 2 <= row < 6
        assert 2 <= column < 6
    assert (
        display.axes_[0].get_title() == f"malignant (score {model.decision_function(ill)[0]:.2f})"
    )


def test_occlusion_knows_both_classes_of_a_decision_function(brightness, images):
    X, y = images
    patch = X[y == "malignant"][:1]
    bright = SaliencyDisplay.from_estimator(brightness, patch, "malignant", patch=4)
    dark = SaliencyDisplay.from_estimator(brightness, patch, "benign", patch=4)
    assert bright.scores[0] == -dark.scores[0] > 0
    assert share_in_the_corner(bright.maps)[0] > 0.7
    assert share_in_the_corner(dark.maps)[0] < 0.3


def test_covered_parts_have_the_mean_colour_or_a_value(brightness):
    X = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    before = X.copy()
    SaliencyDisplay.from_estimator(brightness, X, patch=(8, 4), stride=(8, 4))
    copies = brightness.asked[-1]
    assert copies.dtype == np.uint8
    assert copies.shape == (8, 16, 16, 3)
    np.testing.assert_array_equal(copies[0, 0, 0], np.rint(X[0].mean(axis=(0, 1))))
    np.testing.assert_array_equal(copies[0, 8:], X[0, 8:])
    np.testing.assert_array_equal(X, before)
    SaliencyDisplay.from_estimator(brightness, X / 255, patch=8, fill=0.5)
    assert (brightness.asked[-1][0, :8, :8] == 0.5).all()


def test_occlusion_asks_for_a_bounded_number_at_a_time(brightness, images):
    SaliencyDisplay.from_estimator(brightness, images[0][:2], patch=1, stride=1)
    sizes = [len(X) for X in brightness.asked[1:]]
    assert sum(sizes) == 2 * 256
    assert max(sizes) <= 256
    large = np.zeros((1, 1600, 1600, 3), np.float32)  # 30 MB each
    brightness.decision_function = lambda X: sizes.append(len(X)) or np.zeros(len(X))
    sizes.clear()
    SaliencyDisplay.from_estimator(brightness, large, patch=800, stride=800)
    assert max(sizes) == 1


def test_nothing_speaks_for_a_class(brightness):
    X = np.zeros((2, 16, 16))
    display = SaliencyDisplay.from_estimator(brightness, X, "malignant")
    assert np.array_equal(display.maps, np.zeros((2, 16, 16)))
    assert "none" in texts(display)


def test_columns_of_a_frame_are_kept(digits):
    frame = pd.DataFrame(digits[0][:200]).add_prefix("pixel")
    model = LogisticRegression(max_iter=2000).fit(frame, digits[1][:200])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = SaliencyDisplay.from_estimator(model, frame[:2], digits[1][:2])
    assert np.shape(display.maps) == (2, 8, 8)


# ---- the display ---------------------------------------------------------------------------------


def test_networks_are_asked_themselves(fitted, images):
    X, y = images
    display = SaliencyDisplay.from_estimator(fitted, X, n_images=4, title="Four")
    assert display.method == "grad_cam"
    np.testing.assert_array_equal(display.maps, fitted.grad_cam(X[:4]))
    assert "Four" in texts(display)
    probabilities = fitted.predict_proba(X[:4])
    for i, ax in enumerate(display.axes_):
        expected = f"{y[i]} ({in_percent(probabilities[i].max())})"
        assert ax.get_title() == expected + ("" if display.maps[i].any() else "\nnothing found")
    other = SaliencyDisplay.from_estimator(fitted, X[:4], "malignant", layer="maps")
    np.testing.assert_array_equal(other.maps, fitted.grad_cam(X[:4], "malignant"))
    assert other.scores == pytest.approx(probabilities[:, 1].tolist())
    covered = SaliencyDisplay.from_estimator(fitted, X[1:2], method="occlusion")
    assert covered.method == "occlusion"
    assert share_in_the_corner(covered.maps)[0] > 0.5


def test_a_blank_map_says_so():
    images, maps = [np.zeros((4, 4, 3))] * 2, [np.zeros((4, 4)), np.eye(4)]
    titles = [ax.get_title() for ax in SaliencyDisplay(images, maps).plot().axes_]
    assert titles == ["nothing found", ""]
    titles = [ax.get_title() for ax in SaliencyDisplay(images, maps, ["a", "b"]).plot().axes_]
    assert titles == ["a\nnothing found", "b"]


def test_the_class_is_the_one_that_was_predicted(images):
    """A threshold may choose the class of the smaller probability."""
    X, y = images
    X = X[..., :1].reshape(len(X), -1)
    plain = LogisticRegression(max_iter=300).fit(X, y)
    strict = FixedThresholdClassifier(plain, threshold=1.0, response_method="predict_proba")
    strict.fit(X, y)
    positive = X[y == strict.classes_[1]][:3]
    assert (strict.predict_proba(positive)[:, 1] > 0.5).all()
    display = SaliencyDisplay.from_estimator(strict, positive, image_shape=(16, 16))
    assert display.class_names == [str(strict.classes_[0])] * 3
    assert max(display.scores) < 0.5


def test_maps_lie_over_the_whole_image(fitted, images):
    display = SaliencyDisplay([images[0][0], np.zeros((6, 9, 3))], [np.eye(4), np.eye(3)]).plot()
    for ax, shape in zip(display.axes_, [(16, 16), (6, 9)], strict=True):
        image, overlay = ax.images
        assert overlay.get_extent() == image.get_extent()
        assert image.get_array().shape[:2] == shape
        (lines,) = ax.collections  # the contour, for those who do not see the colours
        assert lines.levels.tolist() == [0.5]
        points = np.concatenate([path.vertices for path in lines.get_paths()])
        assert points.min() == pytest.approx(-0.5)
        assert points[:, 0].max() == pytest.approx(shape[1] - 0.5)
    opacity = overlay.cmap(np.linspace(0, 1, 5))[:, 3]
    assert opacity == pytest.approx(0.7 * np.linspace(0, 1, 5), abs=0.01)
    red, green, blue, _ = overlay.cmap(np.linspace(0, 1, 5)).T
    assert (np.diff(0.299 * red + 0.587 * green + 0.114 * blue) > 0.05).all()  # also in grayscale
    assert display.colorbar_.ax.get_ylim() == (0, 1)


def test_pipelines_that_resize(images):
    X, y = images
    model = make_pipeline(Resize((24, 20)), CNNClassifier(averaging, epochs=1, random_state=0))
    model.fit(X, y)
    display = SaliencyDisplay.from_estimator(model, X[:3])
    assert display.method == "grad_cam"
    resized = model[:-1].transform(X[:3])
    np.testing.assert_array_equal(display.maps, model[-1].grad_cam(resized))
    np.testing.assert_array_equal(display.images[0], resized[0])  # as the network gets it


def test_pipelines_that_scale_and_searches(digits):
    X, y = digits[0][:100], digits[1][:100]
    pipeline = make_pipeline(StandardScaler(), CNNClassifier(averaging, random_state=0))
    search = GridSearchCV(pipeline, {"cnnclassifier__epochs": [1]}, cv=2).fit(X, y)
    display = SaliencyDisplay.from_estimator(search, X[:3])
    assert display.method == "grad_cam"
    assert np.shape(display.maps) == (3, 8, 8)
    np.testing.assert_allclose(display.images[0][..., 0], X[0].reshape(8, 8) / X[:3].max())


def test_features_that_are_no_pixels_are_covered_instead(digits):
    X, y = digits[0][:100], digits[1][:100]
    model = make_pipeline(PCA(), CNNClassifier(averaging, epochs=1, random_state=0)).fit(X, y)
    assert SaliencyDisplay.from_estimator(model, X[:1]).method == "occlusion"
    with pytest.raises(ValueError, match="CNNClassifier does not see the images"):
        SaliencyDisplay.from_estimator(model, X[:1], method="grad_cam")
    without = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    assert SaliencyDisplay.from_estimator(without, X[:1]).method == "occlusion"


def test_where_no_gradient_says_anything_parts_are_covered(images):
    X, y = images
    # Behind flattened maps, weights may speak for a class at some places and against it at others.
    model = CNNClassifier(flattening, value_range=(0, 1), epochs=2, random_state=0).fit(X, y)
    asked = SaliencyDisplay.from_estimator(model, X[:2], "malignant", method="grad_cam")
    assert not asked.maps.any()
    display = SaliencyDisplay.from_estimator(model, X[:2], "malignant", patch=4)
    assert display.method == "occlusion"
    assert display.maps.any()


@pytest.fixture
def files(photographs, tmp_path):
    paths = []
    for i, image in enumerate(photographs[0]):
        paths.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(image).save(paths[-1])
    return paths, photographs[1]


def test_image_files(files, photographs):
    paths, y = files
    network = CNNClassifier(averaging, epochs=1, image_size=8, random_state=0).fit(paths, y)
    display = SaliencyDisplay.from_estimator(network, paths[:2])
    assert display.method == "grad_cam"
    assert display.images[0].shape == (16, 12, 3)  # in their own size
    assert np.shape(display.maps) == (2, 8, 8)
    covered = SaliencyDisplay.from_estimator(network, paths[:2], method="occlusion", patch=2)
    assert covered.images[0].shape == (8, 8, 3)
    for flatten in (False, True):
        loader = ImageLoader((8, 8), flatten=flatten)
        classifier = LogisticRegression() if flatten else CNNClassifier(averaging, epochs=1)
        pipeline = make_pipeline(loader, classifier).fit(paths, y)
        display = SaliencyDisplay.from_estimator(pipeline, paths[:2], patch=2)
        assert display.method == ("occlusion" if flatten else "grad_cam")
        assert np.shape(display.maps) == (2, 8, 8)
        assert display.images[0].shape == (8, 8, 3)


@pytest.mark.parametrize("n_classes", [2, 10, 25])
@pytest.mark.parametrize("length", [3, 30])
def test_nothing_overlaps(n_classes, length):
    generator = np.random.default_rng(0)
    names = long_names(n_classes, length)
    images, maps = generator.random((n_classes, 8, 12, 3)), generator.random((n_classes, 4, 4))
    display = SaliencyDisplay(images, maps, names, generator.random(n_classes)).plot(title="All")
    assert_readable(display.figure_)


def test_given_axes_and_names(fitted, images):
    figure, axes = plt.subplots(1, 2)
    X = images[0][:2]
    names = ["$1 benign", "malignant"]
    display = SaliencyDisplay.from_estimator(fitted, X, target_names=names, ax=axes)
    assert display.figure_ is figure
    assert display.axes_[0].get_title().startswith("$1 benign (")
    figure.canvas.draw()
    with pytest.raises(ValueError, match="one axes per image: 3. Got 2"):
        SaliencyDisplay.from_estimator(fitted, images[0][:3], ax=axes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "gradcam"}, "method must be 'auto', 'grad_cam' or 'occlusion'. Got 'gradcam'"),
        ({"method": "grad_cam", "layer": "map"}, "no layer 'map'. Near: maps"),
        ({"layer": "map"}, "no layer 'map'. Near: maps"),
        ({"y": "dubious"}, "'dubious' at row 0, which is no class of CNNClassifier"),
        ({"y": ["benign"]}, "X has 2 images, but y has 1 labels"),
        ({"n_images": 0}, "n_images must be a whole number from 1 on. Got 0"),
        ({"alpha": 2}, "alpha must be a number from 0 to 1. Got 2"),
        ({"method": "occlusion", "patch": 17}, r"patch=\(17, 17\) is larger than the images"),
        ({"method": "occlusion", "patch": 2.5}, "patch must be a positive whole number"),
        ({"method": "occlusion", "patch": 2, "stride": 3}, "stride=.* is larger than patch"),
        ({"method": "occlusion", "stride": 0}, "stride must be a positive whole number"),
        ({"method": "occlusion", "fill": np.nan}, "fill must be a finite number or 'mean'"),
        ({"target_names": ["one"]}, "target_names has 1 names"),
    ],
)
def test_bad_arguments(fitted, images, arguments, message):
    with pytest.raises(ValueError, match=message):
        SaliencyDisplay.from_estimator(fitted, images[0][:2], **arguments)


def test_bad_estimators_and_images(fitted, linear, images, digits):
    X, y = digits
    with pytest.raises(NotFittedError):
        SaliencyDisplay.from_estimator(LogisticRegression(), X)
    with pytest.raises(ValueError, match="LinearRegression has neither predict_proba nor"):
        SaliencyDisplay.from_estimator(LinearRegression().fit(X, y), X, 3)
    with pytest.raises(ValueError, match="LogisticRegression has no grad_cam: pass a network"):
        SaliencyDisplay.from_estimator(linear, X[:1], method="grad_cam")
    with pytest.raises(ValueError, match=r"shape \(8, 16, 1\)"):
        SaliencyDisplay.from_estimator(fitted, images[0][:2, :8])
    with pytest.raises(ValueError, match="NaN"):
        SaliencyDisplay.from_estimator(fitted, np.full((1, 16, 16), np.nan))
    several = SVC(decision_function_shape="ovo").fit(X[:200], y[:200])
    with pytest.raises(ValueError, match="SVC gives 45 scores for 10 classes"):
        SaliencyDisplay.from_estimator(several, X[:1])
