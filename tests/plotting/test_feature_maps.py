import matplotlib.pyplot as plt
import numpy as np
import pytest
from plotting.figures import assert_readable, texts
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import CNNClassifier, Resize
from skdl.plotting import FeatureMapDisplay


@pytest.fixture(scope="module")
def photographs():
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (12, 10, 14, 3), dtype=np.uint8), np.arange(12) % 2


@pytest.fixture(scope="module")
def fitted(photographs):
    return CNNClassifier(epochs=1, random_state=0, architecture__filters=6).fit(*photographs)


def drawn(display, skipped=0):
    return np.stack([np.asarray(ax.images[0].get_array()) for ax in display.axes_[skipped:]])


def test_activations_of_a_layer(fitted, photographs):
    X, _ = photographs
    display = FeatureMapDisplay.from_estimator(fitted, X[:1], layer="conv2d", n_maps=4)
    expected = fitted.activations(X[:1], layer="conv2d")[0, ..., :4]
    np.testing.assert_array_equal(drawn(display, 1), np.moveaxis(expected, -1, 0))
    np.testing.assert_allclose(display.axes_[0].images[0].get_array(), X[0] / 255, atol=1e-6)
    assert [ax.get_title() for ax in display.axes_] == ["image", "0", "1", "2", "3"]
    # One scale for all, which the colour bar shows.
    assert {ax.images[0].get_clim() for ax in display.axes_[1:]} == {
        (expected.min(), expected.max())
    }
    assert {"conv2d: 4 of 6 feature maps", "Activation"} <= set(texts(display))


def test_all_maps_where_there_are_fewer_than_wanted(fitted, photographs):
    display = FeatureMapDisplay.from_estimator(
        fitted, photographs[0][:1], layer="conv2d", n_maps=99
    )
    assert len(display.axes_) == 7


def test_filters_of_three_channels_are_colours(fitted):
    display = FeatureMapDisplay.from_estimator(fitted, layer="conv2d", kind="filters")
    filters = np.moveaxis(fitted.filters(layer="conv2d"), -1, 0)
    np.testing.assert_array_equal(display.maps, filters)
    colors = drawn(display)
    assert colors.shape == (6, 3, 3, 3)
    np.testing.assert_allclose(colors, 0.5 + filters / (2 * np.abs(filters).max()), atol=1e-6)
    assert display.colorbar_ is None
    assert "conv2d: 6 of 6 filters as colours, grey is 0" in texts(display)


def test_filters_of_more_channels_are_means(fitted):
    display = FeatureMapDisplay.from_estimator(fitted, layer="conv2d_1", kind="filters", n_maps=5)
    filters = np.moveaxis(fitted.filters(layer="conv2d_1").mean(axis=2), -1, 0)[:5]
    np.testing.assert_allclose(drawn(display), filters, atol=1e-7)
    low, high = display.axes_[0].images[0].get_clim()
    assert low == -high  # grey is zero
    assert "conv2d_1: 5 of 12 filters, mean over 6 input channels" in texts(display)
    assert "Weight" in texts(display)


@pytest.mark.slow
def test_filters_of_one_channel(digits):
    model = CNNClassifier("separable", random_state=0).initialize(digits[0][:40], digits[1][:40])
    display = FeatureMapDisplay.from_estimator(model, layer="conv2d", kind="filters")
    np.testing.assert_array_equal(
        drawn(display), np.moveaxis(model.filters(layer="conv2d")[:, :, 0, :16], -1, 0)
    )
    assert "conv2d: 16 of 32 filters" in texts(display)
    depthwise = FeatureMapDisplay.from_estimator(model, layer="depthwise_conv2d", kind="filters")
    assert depthwise.maps.shape == (16, 3, 3)
    assert "depthwise_conv2d: 16 of 32 filters" in texts(depthwise)


def test_pipelines_and_searches(digits):
    X, y = digits[0][:60], digits[1][:60]
    scaled = make_pipeline(StandardScaler(), CNNClassifier(epochs=1, random_state=0))
    search = GridSearchCV(scaled, {"cnnclassifier__epochs": [1]}, cv=2).fit(X, y)
    display = FeatureMapDisplay.from_estimator(search, X[:1], layer="conv2d")
    np.testing.assert_allclose(display.image[..., 0], X[0].reshape(8, 8) / X[0].max(), atol=1e-6)
    inner = search.best_estimator_
    expected = inner[-1].activations(inner[:-1].transform(X[:1]), layer="conv2d")
    np.testing.assert_array_equal(drawn(display, 1), np.moveaxis(expected[0, ..., :16], -1, 0))
    resized = make_pipeline(Resize((12, 12)), scaled[-1]).fit(X, y)
    assert FeatureMapDisplay.from_estimator(resized, X[:1], layer="conv2d").image.shape == (
        12,
        12,
        1,
    )
    assert FeatureMapDisplay.from_estimator(resized, layer="conv2d", kind="filters").title


@pytest.mark.parametrize("n_maps", [1, 10, 25])
@pytest.mark.parametrize("kind", ["activations", "filters"])
def test_nothing_overlaps(n_maps, kind):
    generator = np.random.default_rng(0)
    for shape in ((4, 6), (4, 6, 3)):
        maps = generator.normal(size=(n_maps, *shape[: 2 if kind == "activations" else 3]))
        display = FeatureMapDisplay(
            maps, range(900, 900 + n_maps), kind=kind, label="Weight", title="A layer " * 8
        )
        assert_readable(display.plot().figure_)


def test_given_axes(fitted, photographs):
    figure, axes = plt.subplots(2, 2)
    X = photographs[0][:1]
    display = FeatureMapDisplay.from_estimator(fitted, X, layer="conv2d", n_maps=3, ax=axes)
    assert display.figure_ is figure
    assert display.axes_.tolist() == axes.ravel().tolist()
    with pytest.raises(ValueError, match="ax must hold one axes per image: 5. Got 4"):
        FeatureMapDisplay.from_estimator(fitted, X, layer="conv2d", n_maps=4, ax=axes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": "conv2"}, "no layer 'conv2'. Similar names: conv2d"),
        ({"layer": "conv2", "kind": "filters"}, "no layer 'conv2'. Similar names: conv2d"),
        (
            {"layer": "flatten", "kind": "filters"},
            "is a Flatten, which has no filters. Layers with",
        ),
        ({"layer": "dense"}, r"'dense' outputs values of shape \(128,\) for an image; expected"),
        ({"kind": "weights"}, "kind must be one of 'activations', 'filters'. Got 'weights'"),
        ({"n_maps": 0}, "n_maps must be a whole number of at least 1. Got 0"),
        ({"X": None}, "X is None. Pass a batch of one image"),
    ],
)
def test_bad_arguments(fitted, photographs, arguments, message):
    arguments = {"X": photographs[0][:1], "layer": "conv2d", **arguments}
    with pytest.raises(ValueError, match=message):
        FeatureMapDisplay.from_estimator(fitted, **arguments)


def test_bad_estimators_and_images(fitted, photographs, digits):
    X, y = photographs
    with pytest.raises(ValueError, match=r"X holds 12 images. Pass a batch of one"):
        FeatureMapDisplay.from_estimator(fitted, X, layer="conv2d")
    with pytest.raises(ValueError, match=r"shape \(5, 14, 3\)"):
        FeatureMapDisplay.from_estimator(fitted, X[:1, :5], layer="conv2d")
    with pytest.raises(NotFittedError):
        FeatureMapDisplay.from_estimator(CNNClassifier(), X[:1], layer="conv2d")
    linear = LogisticRegression().fit(X.reshape(12, -1), y)
    with pytest.raises(ValueError, match="LogisticRegression has no activations: pass a network"):
        FeatureMapDisplay.from_estimator(linear, X[:1].reshape(1, -1), layer="conv2d")
    with pytest.raises(ValueError, match="LogisticRegression has no filters. Pass a network"):
        FeatureMapDisplay.from_estimator(linear, layer="conv2d", kind="filters")
    model = make_pipeline(PCA(), CNNClassifier(epochs=1)).fit(digits[0][:70], digits[1][:70])
    with pytest.raises(ValueError, match="CNNClassifier does not receive the images"):
        FeatureMapDisplay.from_estimator(model, digits[0][:1], layer="conv2d")
