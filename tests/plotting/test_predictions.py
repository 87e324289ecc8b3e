import numpy as np
import pytest
from helpers import tiny
from PIL import Image
from plotting.figures import assert_readable, long_names
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl import CNNClassifier, ImageLoader
from skdl.plotting import PredictionGridDisplay


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
        ({"which": "unsure"}, "which must be 'all', 'right', 'wrong' or 'uncertain'"),
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
