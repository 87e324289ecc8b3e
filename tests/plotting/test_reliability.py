import matplotlib.pyplot as plt
import numpy as np
import pytest
from plotting.figures import assert_readable, long_names, texts
from scipy.special import expit
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB

from skdl import evaluate
from skdl.metrics import calibration_slope, confidence_interval, wilson_interval
from skdl.plotting import ReliabilityDisplay


@pytest.fixture(scope="module")
def tumours():
    bunch = load_breast_cancer()
    return bunch.data[:, :4], np.array(bunch.target_names)[bunch.target]


@pytest.fixture(scope="module")
def distorted():
    """Outcomes, and probabilities twice too sure of them."""
    generator = np.random.default_rng(0)
    odds = generator.normal(0, 1.5, 400)
    return (generator.random(400) < expit(odds)).astype(int), expit(2 * odds)


def drawn_points(display, number=0):
    """Points of a model, and the ends of their intervals."""
    bars = display.axes_[0].containers[number]
    points = bars.lines[0].get_xydata()
    ends = np.array([segment[:, 1] for segment in bars.lines[2][0].get_segments()])
    return points, ends


def test_bins_by_hand():
    y_prob = np.repeat([0.2, 0.6, 0.9], 40)
    y_true = np.concatenate([np.arange(40) < n for n in (10, 20, 38)]).astype(int)
    order = np.random.default_rng(0).permutation(120)
    display = ReliabilityDisplay.from_predictions(y_true[order], y_prob[order], level=0.9)
    frame = display.frame
    assert frame["probability"].tolist() == pytest.approx([0.2, 0.6, 0.9])
    assert frame["frequency"].tolist() == pytest.approx([0.25, 0.5, 0.95])
    assert frame["n"].tolist() == [40, 40, 40]
    low, high = wilson_interval([10, 20, 38], [40] * 3, level=0.9)
    np.testing.assert_allclose(frame[["low", "high"]], np.transpose([low, high]))
    points, ends = drawn_points(display)
    np.testing.assert_allclose(points, frame[["probability", "frequency"]])
    np.testing.assert_allclose(ends, frame[["low", "high"]], atol=1e-12)


def test_bins_hold_equally_many(distorted):
    y_true, y_prob = distorted
    frame = ReliabilityDisplay.from_predictions(y_true, y_prob, n_bins=8).frame
    assert frame["n"].tolist() == [50] * 8
    assert frame["probability"].is_monotonic_increasing
    assert (frame["n"] * frame["frequency"]).sum() == pytest.approx(y_true.sum())
    assert (frame["n"] * frame["probability"]).sum() == pytest.approx(y_prob.sum())
    assert len(ReliabilityDisplay.from_predictions(y_true, y_prob).frame) == 15
    assert len(ReliabilityDisplay.from_predictions(y_true[:35], y_prob[:35]).frame) == 3


def test_what_is_written(distorted):
    y_true, y_prob = distorted
    display = ReliabilityDisplay.from_predictions(y_true, y_prob)
    (scores,) = display.scores.values()
    for name in ("expected_calibration_error", "calibration_slope", "calibration_intercept"):
        assert scores[name] == confidence_interval(name, y_true, y_prob)
    slope, low, high = scores["calibration_slope"]
    assert slope == calibration_slope(y_true, y_prob)
    assert low < 0.5 < high
    written = "\n".join(texts(display))
    assert f"slope {slope:.2f} ({low:.2f} to {high:.2f})" in written
    assert "frequency in 15 bins" in written
    for text in ("95 % confidence intervals", "Positive class: 1", "perfect calibration"):
        assert text in texts(display)


def test_the_bins_of_the_error_are_those_that_are_drawn(distorted):
    display = ReliabilityDisplay.from_predictions(*distorted, n_bins=4)
    other = ReliabilityDisplay.from_predictions(*distorted)
    error = "expected_calibration_error"
    assert display.scores[""][error] != other.scores[""][error]
    frame = display.frame
    plain = (frame["n"] * (frame["probability"] - frame["frequency"]) ** 2).sum() / 400
    assert 0 < display.scores[""][error][0] < np.sqrt(plain)


def test_the_histogram(distorted):
    y_true, y_prob = distorted
    display = ReliabilityDisplay.from_predictions(y_true, y_prob)
    (bars,) = display.axes_[1].patches
    heights = np.histogram(y_prob, np.linspace(0, 1, 21))[0]
    assert bars.get_path().vertices[:, 1].max() == heights.max()


def test_several_models_are_told_apart(distorted):
    y_true, y_prob = distorted
    models = {"too sure": y_prob, "constant": np.full(400, 0.5), "reversed": 1 - y_prob}
    display = ReliabilityDisplay.from_predictions(y_true, models)
    assert display.frame["model"].unique().tolist() == list(models)
    lines = [bars.lines[0] for bars in display.axes_[0].containers]
    for look in ("get_color", "get_marker", "get_linestyle"):
        assert len({getattr(line, look)() for line in lines}) == 3
    written = "\n".join(texts(display))
    for name in models:
        assert name in written
    assert "slope undefined" in written  # of equal probabilities
    assert display.scores["reversed"]["calibration_slope"][0] < 0
    assert (display.frame["model"] == "constant").sum() == 1


def test_no_minus_before_zero():
    y_true, y_prob = np.tile([0, 1], 50), np.full(100, 0.5000001)
    written = "\n".join(texts(ReliabilityDisplay.from_predictions(y_true, y_prob)))
    assert "intercept 0.00 (−0.40 to 0.40)" in written


def test_cases_without_scores():
    """One class, and certainty."""
    display = ReliabilityDisplay.from_predictions([0] * 30, np.linspace(0, 0.4, 30))
    assert (display.frame["frequency"] == 0).all()
    assert "slope undefined" in "\n".join(texts(display))
    sure = ReliabilityDisplay.from_predictions([0, 1] * 10, [0.0, 1.0] * 10)
    assert "ECE 0.000 (no interval)" in "\n".join(texts(sure))
    bare = ReliabilityDisplay(sure.frame, sure.probabilities).plot()
    assert "ECE" not in "\n".join(texts(bare))


def test_from_estimators(tumours):
    X, y = tumours
    models = {"bayes": GaussianNB().fit(X[::2], y[::2]), "logistic": LogisticRegression()}
    models["logistic"].fit(X[::2], y[::2])
    display = ReliabilityDisplay.from_estimator(models, X[1::2], y[1::2])
    assert display.pos_name == "malignant"
    expected = models["bayes"].predict_proba(X[1::2])[:, 1]
    np.testing.assert_allclose(display.probabilities["bayes"], expected)
    one = ReliabilityDisplay.from_estimator(
        models["bayes"], X[1::2], y[1::2], pos_label="benign", target_names=["good", "bad"]
    )
    assert one.pos_name == "good"
    np.testing.assert_allclose(one.probabilities[""], 1 - expected, atol=1e-12)


def test_from_results(tumours):
    X, y = tumours
    models = {"bayes": GaussianNB(), "logistic": LogisticRegression(), "ridge": RidgeClassifier()}
    result = evaluate(models, X, y, pos_label="malignant", scoring="roc_auc", cv=3)
    display = ReliabilityDisplay.from_result(result)
    assert list(display.probabilities) == ["bayes", "logistic"]  # ridge has none
    table = result.per_model("bayes")
    np.testing.assert_allclose(display.probabilities["bayes"], table["proba_malignant"])
    assert display.scores["bayes"]["calibration_slope"] == confidence_interval(
        "calibration_slope", table["y_true"], table["proba_malignant"], pos_label="malignant"
    )
    one = ReliabilityDisplay.from_result(result, ["logistic"], pos_label="benign")
    assert list(one.probabilities) == ["logistic"]
    assert one.pos_name == "benign"
    with pytest.raises(ValueError, match="no probabilities of the model 'ridge'. Models with"):
        ReliabilityDisplay.from_result(result, ["ridge"])
    with pytest.raises(ValueError, match="'bays'.*Did you mean 'bayes'"):
        ReliabilityDisplay.from_result(result, ["bays"])
    with pytest.raises(ValueError, match="ndarray has no method recorded"):
        ReliabilityDisplay.from_result(X)
    with pytest.raises(ValueError, match="No model has probabilities"):
        ReliabilityDisplay.from_result(result, [])


def test_models_of_a_result_are_compared_on_the_images_of_all(tumours):
    class Fails(GaussianNB):
        def fit(self, X, y):
            if X[0, 0] == tumours[0][0, 0]:  # where the first image is for training
                raise RuntimeError("no")
            return super().fit(X, y)

    X, y = tumours
    models = {"bayes": GaussianNB(), "fails": Fails()}
    with pytest.warns(UserWarning, match="fail"):
        result = evaluate(models, X, y, pos_label="malignant", scoring="roc_auc", cv=3)
    display = ReliabilityDisplay.from_result(result)
    bayes, fails = display.probabilities.values()
    np.testing.assert_array_equal(bayes, fails)
    assert 0 < len(bayes) < len(X)
    alone = ReliabilityDisplay.from_result(result, ["bayes"])
    assert len(alone.probabilities["bayes"]) == len(X)


def test_one_of_several_classes(digits):
    X, y = digits
    model = GaussianNB().fit(X[:300], y[:300])
    display = ReliabilityDisplay.from_estimator(model, X[300:], y[300:], pos_label=8)
    expected = model.predict_proba(X[300:])
    np.testing.assert_allclose(display.probabilities[""], expected[:, 8])
    same = ReliabilityDisplay.from_predictions(y[300:], expected, pos_label=8)
    np.testing.assert_allclose(same.probabilities[""], expected[:, 8])
    with pytest.raises(ValueError, match="cannot be guessed. Pass pos_label"):
        ReliabilityDisplay.from_estimator(model, X, y)


@pytest.mark.parametrize("n_models", [1, 2, 9])
def test_nothing_overlaps_in_reliability_diagrams(n_models, distorted):
    y_true, y_prob = distorted
    names = long_names(n_models, 60)
    models = {name: y_prob ** (1 + i / 4) for i, name in enumerate(names)}
    display = ReliabilityDisplay.from_predictions(
        y_true, models, target_names=["well", *long_names(1, 90)]
    )
    assert_readable(display.figure_)


def test_on_given_axes(distorted):
    figure, axes = plt.subplots(2, 1, figsize=(6, 9), layout="constrained")
    display = ReliabilityDisplay.from_predictions(*distorted, ax=axes)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)
    assert not figure.legends
    with pytest.raises(ValueError, match="must hold 2 axes, for observed frequencies and the hist"):
        display.plot(ax=axes[0])


def test_dollar_signs_are_text(distorted):
    y_true, y_prob = distorted
    display = ReliabilityDisplay.from_predictions(
        y_true, {"cost $5 {or $6": y_prob}, target_names=["a", "b $5 {or $6"]
    )
    assert "Positive class: b $5 {or $6" in texts(display)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"y_prob": [0.1, 0.3, 1.6, 0.8]},
            "y_prob has 1.6 at row 2. Probabilities must be between 0",
        ),
        ({"y_prob": {"cnn": [0.1, 0.3, 1.6, 0.8]}}, "'cnn' has 1.6 at row 2. Probabilities must"),
        ({"y_prob": {"cnn": [0.1, 0.3]}}, "y_true has 4 rows, and 'cnn' has 2"),
        ({"y_prob": {}}, "y_prob is an empty dict"),
        ({"y_prob": [0.1, np.nan, 0.2, 0.3]}, "y_prob has NaN or None at row 1"),
        ({"y_prob": ["a", "b", "a", "b"]}, "y_prob must be scores: numbers"),
        ({"y_prob": [0.1, 0.3]}, "y_true has 4 rows, and y_prob has 2"),
        ({"y_true": ["a", "b", "a", "b"]}, r"of the classes \['a', 'b'\] is positive cannot be"),
        ({"y_true": [0, 1, 2, 1]}, r"of the classes \[0, 1, 2\] is positive cannot be guessed"),
        ({"pos_label": 3}, r"pos_label=3 is not one of the classes \[0, 1\]"),
        ({"level": 95}, "level must be between 0 and 1"),
        ({"n_bins": 3}, "n_bins=3 is too many for 4 samples"),
        ({"n_bins": 2.5}, "n_bins must be a whole number"),
        ({"target_names": ["a"]}, "1 names, which do not match the 2 classes"),
    ],
)
def test_bad_predictions(changes, message):
    arguments = {"y_true": [0, 1, 0, 1], "y_prob": [0.1, 0.3, 0.6, 0.8], **changes}
    with pytest.raises(ValueError, match=message):
        ReliabilityDisplay.from_predictions(**arguments)


def test_bad_estimators(tumours):
    X, y = tumours
    with pytest.raises(ValueError, match="RidgeClassifier has no predict_proba with classes_"):
        ReliabilityDisplay.from_estimator(RidgeClassifier().fit(X, y), X, y)
    bayes = GaussianNB().fit(X, y)
    with pytest.raises(
        ValueError, match="label 'cyst' at row 1, which is not a class of GaussianNB"
    ):
        ReliabilityDisplay.from_estimator(bayes, X[:2], ["benign", "cyst"])
    with pytest.raises(ValueError, match="pos_label='x' is not one of the classes"):
        ReliabilityDisplay.from_estimator(bayes, X, y, pos_label="x")
    with pytest.raises(ValueError, match="estimator is an empty dict"):
        ReliabilityDisplay.from_estimator({}, X, y)
