import re

import numpy as np
import pytest
from helpers import in_percent, tiny
from PIL import Image
from plotting.figures import assert_readable, long_names, texts
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl import CNNClassifier, ImageLoader
from skdl.plotting import (
    PredictionGridDisplay,
)


@pytest.fixture(scope="module")
def fitted(few_digits):
    return CNNClassifier(tiny, epochs=4, early_stopping=True, random_state=0).fit(*few_digits)


@pytest.fixture(scope="module")
def weak(digits):
    """A classifier that is often wrong, and the data it was not fitted with."""
    X, y = digits
    model = make_pipeline(FunctionTransformer(lambda X: X[:, :32]), LogisticRegression(C=1e-4))
    return model.fit(X[:500], y[:500]), X[500:900], y[500:900]


def margins(scores):
    return np.ptp(np.sort(scores, axis=1)[:, -2:], axis=1)


def test_uncertain_ones_have_near_probabilities(weak):
    model, X, y = weak
    display = PredictionGridDisplay.from_estimator(model, X, y, which="uncertain", n_images=7)
    probabilities = model.predict_proba(X)
    expected = np.argsort(margins(probabilities), kind="stable")[:7]
    assert display.y_true.tolist() == y[expected].tolist()
    assert display.y_pred.tolist() == model.predict(X)[expected].tolist()
    assert display.confidence == pytest.approx(probabilities.max(axis=1)[expected])
    drawn = [ax.images[0].get_array() for ax in display.axes_]
    np.testing.assert_allclose(drawn, X[expected].reshape(-1, 8, 8) / 16, rtol=1e-6)
    # Near probabilities are not the same as small ones.
    assert expected.tolist() != np.argsort(probabilities.max(axis=1))[:7].tolist()


def test_uncertain_ones_of_given_predictions(weak):
    model, X, y = weak
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    by_margin = PredictionGridDisplay.from_predictions(
        X, y, predicted, probabilities, which="uncertain", n_images=5
    )
    rows = np.argsort(margins(probabilities), kind="stable")[:5]
    assert by_margin.confidence.tolist() == probabilities.max(axis=1)[rows].tolist()
    confidence = probabilities.max(axis=1)
    by_confidence = PredictionGridDisplay.from_predictions(
        X, y, predicted, confidence, which="uncertain", n_images=5
    )
    assert by_confidence.confidence.tolist() == np.sort(confidence)[:5].tolist()


def test_decision_values_tell_how_sure_an_estimator_is(weak, two_classes):
    _, X, y = weak
    several = RidgeClassifier(alpha=1e4).fit(X, y)
    display = PredictionGridDisplay.from_estimator(several, X, y, which="uncertain", n_images=4)
    rows = np.argsort(margins(several.decision_function(X)), kind="stable")[:4]
    assert display.y_true.tolist() == y[rows].tolist()
    assert display.confidence is None  # decision values are no probabilities
    X, y = two_classes
    two = RidgeClassifier(alpha=1e5).fit(X, y)
    distance = np.abs(two.decision_function(X))
    wrong = np.flatnonzero(two.predict(X) != y)
    display = PredictionGridDisplay.from_estimator(two, X, y, which="wrong", n_images=4)
    rows = wrong[np.argsort(-distance[wrong], kind="stable")][:4]
    drawn = [ax.images[0].get_array() for ax in display.axes_]
    np.testing.assert_allclose(drawn, X[rows].reshape(-1, 8, 8) / 16, rtol=1e-6)


def test_thresholds_of_classifiers_count(two_classes):
    X, y = two_classes
    model = FixedThresholdClassifier(LogisticRegression(C=1e-4), threshold=0.2).fit(X, y)
    X, y = X[:30], y[:30]
    display = PredictionGridDisplay.from_estimator(model, X, y, n_images=len(X))
    assert display.y_pred.tolist() == model.predict(X).tolist()
    probabilities = model.predict_proba(X)
    assert display.confidence == pytest.approx(probabilities[np.arange(30), model.predict(X)])
    assert display.confidence.min() < 0.5


def test_uncertain_images_of_files(tmp_path):
    generator = np.random.default_rng(0)
    paths = [str(tmp_path / f"{i}.png") for i in range(12)]
    labels = np.array(["dark", "light"] * 6)
    for i, path in enumerate(paths):
        pixels = generator.integers(0, 160, (9, 7, 3)) + 90 * (i % 2)
        Image.fromarray(pixels.astype("uint8")).save(path)
    network = CNNClassifier(tiny, epochs=2, random_state=0).fit(paths, labels)
    flat = FunctionTransformer(lambda X: X.reshape(len(X), -1) / 255.0)
    pipeline = make_pipeline(ImageLoader(), flat, LogisticRegression()).fit(paths, labels)
    for model in (network, pipeline):
        display = PredictionGridDisplay.from_estimator(
            model, paths, labels, which="uncertain", n_images=3
        )
        rows = np.argsort(margins(model.predict_proba(paths)), kind="stable")[:3]
        for image, row in zip(display.images, rows, strict=True):
            np.testing.assert_allclose(image * 255, np.asarray(Image.open(paths[row])), atol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 10, 25])
def test_nothing_overlaps_among_uncertain_ones(n_classes):
    generator = np.random.default_rng(0)
    true = np.arange(50) % n_classes
    probabilities = generator.dirichlet(np.ones(n_classes), 50)
    display = PredictionGridDisplay.from_predictions(
        generator.random((50, 8, 8)),
        true,
        probabilities.argmax(axis=1),
        probabilities,
        which="uncertain",
        target_names=long_names(n_classes, 30),
        title="The least certain ones",
    )
    assert_readable(display.figure_)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"which": "unsure"}, "which must be one of 'all', 'right', 'wrong', 'uncertain'"),
        ({"which": "uncertain", "confidence": None}, "which='uncertain' needs probabilities"),
        ({"confidence": [0.5, np.nan]}, "confidence has NaN or None at row 1"),
        ({"confidence": np.full((2, 2, 2), 0.5)}, "confidence must have shape"),
        ({"y_true": [0.0, np.nan]}, "y_true has NaN or None at row 1"),
        ({"y_pred": [0.5, 1.0]}, "y_pred has the value 0.5 at row 0"),
    ],
)
def test_bad_predictions(changes, message):
    arguments = {
        "X": np.zeros((2, 8, 8)),
        "y_true": [0, 1],
        "y_pred": [0, 1],
        "confidence": [0.5, 0.9],
        **changes,
    }
    with pytest.raises(ValueError, match=message):
        PredictionGridDisplay.from_predictions(**arguments)


def test_estimators_that_are_never_uncertain(few_digits):
    X, y = few_digits
    voting = VotingClassifier([("ridge", RidgeClassifier())], voting="hard").fit(X, y)
    with pytest.raises(ValueError, match="which='uncertain' needs probabilities"):
        PredictionGridDisplay.from_estimator(voting, X, y, which="uncertain")
    with pytest.raises(ValueError, match="FunctionTransformer has no predict"):
        PredictionGridDisplay.from_estimator(FunctionTransformer(), X, y)


# ---- captions and images -------------------------------------------------------------------------


def test_only_what_is_certain_is_a_hundred_percent():
    images, labels = np.zeros((3, 8, 8)), np.zeros(3, dtype=int)
    display = PredictionGridDisplay.from_predictions(images, labels, labels, [1.0, 0.9999, 0.994])
    captions = " ".join(ax.get_title() for ax in display.axes_).replace("\u00a0", " ")
    assert re.findall(r"\((.*?)\)", captions) == ["100 %", "> 99 %", "99 %"]


def test_grid_shows_labels_and_probabilities(fitted, few_digits):
    X, y = few_digits
    display = PredictionGridDisplay.from_estimator(fitted, X, y, n_images=6, title="Six digits")
    assert len(display.axes_) == 6
    probabilities = fitted.predict_proba(X[:6])
    found = texts(display)
    assert "Six digits" in found
    for i, predicted in enumerate(fitted.predict(X[:6])):
        caption = display.axes_[i].get_title()
        assert f"{predicted} ({in_percent(probabilities[i].max())})" in caption
        assert ("true:" in caption) == (predicted != y[i])
        assert caption.startswith("✓" if predicted == y[i] else "✗")  # not by colour alone


def test_wrong_ones_come_with_the_most_confident_first(fitted, few_digits):
    X, y = few_digits
    display = PredictionGridDisplay.from_estimator(fitted, X, y, which="wrong", n_images=5)
    assert (display.y_true != display.y_pred).all()
    confidence = fitted.predict_proba(X).max(axis=1)
    wrong = fitted.predict(X) != y
    np.testing.assert_allclose(display.confidence, np.sort(confidence[wrong])[::-1][:5])
    right = PredictionGridDisplay.from_estimator(fitted, X, y, which="right")
    assert (right.y_true == right.y_pred).all()


def test_estimators_without_probabilities(few_digits):
    X, y = few_digits
    display = PredictionGridDisplay.from_estimator(RidgeClassifier().fit(X, y), X, y, n_images=3)
    assert "%" not in "".join(texts(display))


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 3), (8, 8, 4)])
@pytest.mark.parametrize("scale", [1, 255, "uint8", "standardized"])
def test_pixels_are_drawn_in_their_range(shape, scale):
    X = np.random.default_rng(0).random((4, *shape))
    if scale == "standardized":
        X = X - 0.5
    else:
        X = (255 * X).astype("uint8") if scale == "uint8" else scale * X
    display = PredictionGridDisplay.from_predictions(X, [0, 1, 0, 1], [0, 1, 1, 0])
    drawn = np.stack([ax.images[0].get_array() for ax in display.axes_])
    assert drawn.shape == (4, *(shape[:2] if shape[-1] in (1, 8) else shape))
    assert drawn.min() < 0.1
    assert 0.9 < drawn.max() <= 1


@pytest.mark.parametrize("n_classes", [2, 10, 25])
@pytest.mark.parametrize("length", [3, 30])
def test_nothing_overlaps(n_classes, length):
    names = np.array([f"{i:02}{'x' * length}" for i in range(n_classes)])
    X = np.random.default_rng(0).random((24, 8, 8))
    true, predicted = np.resize(names, 24), np.resize(names[::-1], 24)
    display = PredictionGridDisplay.from_predictions(X, true, predicted, np.full(24, 0.987))
    assert_readable(display.figure_, [ax.title for ax in display.axes_])


def test_dollar_signs_are_text():
    names = np.array(["cost $5 {or $6", r"$\frac$ tumour"])
    display = PredictionGridDisplay.from_predictions(np.zeros((2, 8, 8)), names, names)
    assert any("cost $5 {or $6" in text for text in texts(display))


@pytest.mark.parametrize(
    ("true", "predicted", "names", "captions"),
    [
        ([0, 2], [0, 1], ["cat", "dog", "lion"], ["✓ cat", "✗ dog\ntrue: lion"]),
        ([3, 7], [7, 7], ["three", "seven"], ["✗ seven\ntrue: three", "✓ seven"]),
        ([False, True], [True, True], ["no", "yes"], ["✗ yes\ntrue: no", "✓ yes"]),
        (
            ["b", "m"],
            ["b", "b"],
            ["benign", "malignant"],
            ["✓ benign", "✗ benign\ntrue: malignant"],
        ),
        (["b", "a"], ["b", "b"], ["b", "a"], ["✓ b", "✗ b\ntrue: a"]),
        ([0, 1], [1, 1], None, ["✗ 1\ntrue: 0", "✓ 1"]),
        ([0, 1], [1, 1], ["same", "same"], ["✗ same\ntrue: same", "✓ same"]),
    ],
)
def test_names_in_captions(true, predicted, names, captions):
    display = PredictionGridDisplay.from_predictions(
        np.zeros((2, 8, 8)), true, predicted, target_names=names
    )
    assert [ax.get_title() for ax in display.axes_] == captions
    assert display.y_true.tolist() == true
    assert display.y_pred.tolist() == predicted


def test_names_belong_to_the_classes_of_the_estimator(few_digits):
    X, y = few_digits
    y = 10 * y + 5  # no positions
    names = [f"digit {i}" for i in range(10)]
    estimator = RidgeClassifier().fit(X, y)
    row = int(np.flatnonzero(estimator.predict(X) == y)[0])
    display = PredictionGridDisplay.from_estimator(
        estimator, X[[row]], y[[row]], target_names=names
    )
    assert display.axes_[0].get_title() == f"✓ digit {(y[row] - 5) // 10}"
    # Also where the first images are of a few classes only.
    display = PredictionGridDisplay.from_predictions(
        X, y, estimator.predict(X), target_names=names, n_images=1
    )
    assert display.axes_[0].get_title().endswith(f"digit {(y[0] - 5) // 10}")


@pytest.mark.parametrize(
    ("true", "names", "message"),
    [
        ([0, 1], ["a"], "target_names has 1 names, which do not match the 2 classes"),
        (["a", "b"], ["a", "b"], "labels of several kinds"),
        ([0.5, 1], ["a", "b"], "y_true has the value 0.5 at row 0"),
        ([None, 1], ["a", "b"], "y_true has NaN or None at row 0"),
    ],
)
def test_names_that_do_not_fit(true, names, message):
    with pytest.raises(ValueError, match=message):
        PredictionGridDisplay.from_predictions(
            np.zeros((2, 8, 8)), true, [0, 1], target_names=names
        )


@pytest.mark.parametrize("n_classes", [2, 10, 25])
def test_long_names_of_codes_do_not_overlap(n_classes):
    X = np.random.default_rng(0).random((24, 8, 8))
    codes = np.arange(24) % n_classes
    display = PredictionGridDisplay.from_predictions(
        X, codes, codes[::-1], np.full(24, 0.987), target_names=long_names(n_classes, 40)
    )
    assert_readable(display.figure_, [ax.title for ax in display.axes_])
    assert all("\u00a0%" in ax.get_title() for ax in display.axes_)  # not torn apart


def test_strips_and_long_names_stay_readable():
    names = np.array(["malignant melanoma of the skin", "seborrhoeic keratosis of the back"])
    X = np.random.default_rng(0).random((24, 1, 50))
    display = PredictionGridDisplay.from_predictions(X, np.resize(names, 24), np.resize(names, 24))
    assert display.figure_.get_size_inches()[0] <= 12
    display.figure_.canvas.draw()
    box = display.axes_[0].get_window_extent()
    assert box.height > 0.3 * box.width


def test_nothing_to_show():
    X = np.zeros((2, 8, 8))
    display = PredictionGridDisplay.from_predictions(X, [0, 1], [0, 1], which="wrong")
    assert texts(display) == ["No such images"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"which": "best"}, "which must be"),
        ({"n_images": 0}, "n_images must be a whole number of at least 1"),
        ({"y_true": [0]}, "y_true has 1 rows, and y_pred has 2"),
        ({"confidence": [0.5]}, "different lengths"),
        ({"X": np.full((2, 8, 8), np.nan)}, "NaN: first at row 0"),
        ({"X": np.zeros((2, 2, 8, 8))}, "8 channels in the last axis, more than the 2 pixels"),
    ],
)
def test_bad_input(changes, message):
    arguments = {"X": np.zeros((2, 8, 8)), "y_true": [0, 1], "y_pred": [0, 1], **changes}
    with pytest.raises(ValueError, match=message):
        PredictionGridDisplay.from_predictions(**arguments)


def test_predictions_for_image_files(pictures):
    paths, labels = pictures
    display = PredictionGridDisplay.from_predictions(paths, labels, labels[::-1], n_images=4)
    shapes = [image.shape for image in display.images]
    assert shapes == [(8, 9, 1), (12, 7, 3), (5, 20, 3), (8, 9, 1)]


def test_plain_standardized_images():
    X = np.full((2, 8, 8), -1.0)
    display = PredictionGridDisplay.from_predictions(X, [0, 1], [0, 1])
    assert all(np.isfinite(image).all() for image in display.images)
