"""Where the evidence for a class lies, drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import in_percent, tiny
from inspection.networks import averaging, flattening, share_in_the_corner
from PIL import Image
from plotting.figures import assert_readable, long_names, texts
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
)
from skdl.inspection import occlusion_maps
from skdl.plotting import SaliencyDisplay


@pytest.fixture(scope="module")
def linear(digits):
    return LogisticRegression(max_iter=2000).fit(digits[0][:500], digits[1][:500])


def test_decision_values_are_written(patched):
    X, y = patched
    model = make_pipeline(StandardScaler(), SVC(C=10)).fit(X.reshape(80, -1), y)
    ill = X[y == "malignant"].reshape(40, -1)[:2]
    display = SaliencyDisplay.from_estimator(model, ill, patch=4)
    assert (display.method, display.score_kind) == ("occlusion", "decision")
    score = model.decision_function(ill)[0]
    assert display.scores[0] == pytest.approx(score)
    assert display.axes_[0].get_title() == f"malignant (score {score:.2f})"
    other = SaliencyDisplay.from_estimator(model, ill, "benign", patch=4)
    assert other.scores[0] == -display.scores[0]
    np.testing.assert_array_equal(display.maps, occlusion_maps(model, ill, patch=4))


def test_networks_are_asked_themselves(patch_network, patched):
    X, y = patched
    display = SaliencyDisplay.from_estimator(patch_network, X, n_images=4, title="Four")
    assert display.method == "grad_cam"
    np.testing.assert_array_equal(display.maps, patch_network.grad_cam(X[:4]))
    assert "Four" in texts(display)
    probabilities = patch_network.predict_proba(X[:4])
    for i, ax in enumerate(display.axes_):
        expected = f"{y[i]} ({in_percent(probabilities[i].max())})"
        assert ax.get_title() == expected + ("" if display.maps[i].any() else "\nnothing found")
    other = SaliencyDisplay.from_estimator(patch_network, X[:4], "malignant", layer="maps")
    np.testing.assert_array_equal(other.maps, patch_network.grad_cam(X[:4], "malignant"))
    assert other.scores == pytest.approx(probabilities[:, 1].tolist())
    covered = SaliencyDisplay.from_estimator(patch_network, X[1:2], method="occlusion")
    assert covered.method == "occlusion"
    assert share_in_the_corner(covered.maps)[0] > 0.5


def test_a_blank_map_says_so():
    images, maps = [np.zeros((4, 4, 3))] * 2, [np.zeros((4, 4)), np.eye(4)]
    titles = [ax.get_title() for ax in SaliencyDisplay(images, maps).plot().axes_]
    assert titles == ["nothing found", ""]
    titles = [ax.get_title() for ax in SaliencyDisplay(images, maps, ["a", "b"]).plot().axes_]
    assert titles == ["a\nnothing found", "b"]


def test_the_class_is_the_one_that_was_predicted(patched):
    """A threshold may choose the class of the smaller probability."""
    X, y = patched
    X = X[..., :1].reshape(len(X), -1)
    plain = LogisticRegression(max_iter=300).fit(X, y)
    strict = FixedThresholdClassifier(plain, threshold=1.0, response_method="predict_proba")
    strict.fit(X, y)
    positive = X[y == strict.classes_[1]][:3]
    assert (strict.predict_proba(positive)[:, 1] > 0.5).all()
    display = SaliencyDisplay.from_estimator(strict, positive, image_shape=(16, 16))
    assert display.class_names == [str(strict.classes_[0])] * 3
    assert max(display.scores) < 0.5


def test_maps_lie_over_the_whole_image(patch_network, patched):
    display = SaliencyDisplay([patched[0][0], np.zeros((6, 9, 3))], [np.eye(4), np.eye(3)]).plot()
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


def test_pipelines_that_resize(patched):
    X, y = patched
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
    with pytest.raises(ValueError, match="CNNClassifier does not receive the images"):
        SaliencyDisplay.from_estimator(model, X[:1], method="grad_cam")
    without = CNNClassifier(tiny, epochs=1, random_state=0).fit(X, y)
    assert SaliencyDisplay.from_estimator(without, X[:1]).method == "occlusion"


def test_where_no_gradient_says_anything_parts_are_covered(patched):
    X, y = patched
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


def test_given_axes_and_names(patch_network, patched):
    figure, axes = plt.subplots(1, 2)
    X = patched[0][:2]
    names = ["$1 benign", "malignant"]
    display = SaliencyDisplay.from_estimator(patch_network, X, target_names=names, ax=axes)
    assert display.figure_ is figure
    assert display.axes_[0].get_title().startswith("$1 benign (")
    figure.canvas.draw()
    with pytest.raises(ValueError, match="one axes per image: 3. Got 2"):
        SaliencyDisplay.from_estimator(patch_network, patched[0][:3], ax=axes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "gradcam"}, "method must be one of .* Did you mean 'grad_cam'"),
        ({"method": "grad_cam", "layer": "map"}, "no layer 'map'. Similar names: maps"),
        ({"layer": "map"}, "no layer 'map'. Similar names: maps"),
        ({"y": "dubious"}, "'dubious' at row 0, which is not a class of CNNClassifier"),
        ({"y": ["benign"]}, "X has 2 images, but y has 1 labels"),
        ({"n_images": 0}, "n_images must be a whole number of at least 1. Got 0"),
        ({"alpha": 2}, "alpha must be a finite number from 0 to 1. Got 2"),
        ({"method": "occlusion", "patch": 17}, r"patch=\(17, 17\) is larger than the images"),
        ({"method": "occlusion", "patch": 2.5}, "patch must be a positive whole number"),
        ({"method": "occlusion", "patch": 2, "stride": 3}, "stride=.* is larger than patch"),
        ({"method": "occlusion", "stride": 0}, "stride must be a positive whole number"),
        ({"method": "occlusion", "fill": np.nan}, "fill, if not 'mean', must be a finite number"),
        ({"target_names": ["one"]}, "target_names has 1 names"),
    ],
)
def test_bad_arguments(patch_network, patched, arguments, message):
    with pytest.raises(ValueError, match=message):
        SaliencyDisplay.from_estimator(patch_network, patched[0][:2], **arguments)


def test_bad_estimators_and_images(patch_network, linear, patched, digits):
    X, y = digits
    with pytest.raises(NotFittedError):
        SaliencyDisplay.from_estimator(LogisticRegression(), X)
    with pytest.raises(ValueError, match="LinearRegression has no predict_proba and no"):
        SaliencyDisplay.from_estimator(LinearRegression().fit(X, y), X, 3)
    with pytest.raises(ValueError, match="LogisticRegression has no grad_cam: pass a network"):
        SaliencyDisplay.from_estimator(linear, X[:1], method="grad_cam")
    with pytest.raises(ValueError, match=r"shape \(8, 16, 1\)"):
        SaliencyDisplay.from_estimator(patch_network, patched[0][:2, :8])
    with pytest.raises(ValueError, match="NaN"):
        SaliencyDisplay.from_estimator(patch_network, np.full((1, 16, 16), np.nan))
    several = SVC(decision_function_shape="ovo").fit(X[:200], y[:200])
    with pytest.raises(ValueError, match="SVC returns 45 columns for 10 classes"):
        SaliencyDisplay.from_estimator(several, X[:1])
