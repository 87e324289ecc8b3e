import matplotlib.pyplot as plt
import numpy as np
import pytest
from plotting.figures import assert_readable, long_names, texts
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB

from skdl import evaluate
from skdl.metrics import net_benefit
from skdl.plotting import DecisionCurveDisplay


@pytest.fixture(scope="module")
def tumours():
    bunch = load_breast_cancer()
    return bunch.data[:, :4], np.array(bunch.target_names)[bunch.target]


@pytest.fixture(scope="module")
def cases():
    """Outcomes that have their probabilities."""
    generator = np.random.default_rng(0)
    y_prob = generator.beta(1, 3, 300)
    return (generator.random(300) < y_prob).astype(int), y_prob


def line_of(display, label):
    (line,) = [line for line in display.ax_.lines if line.get_label() == label]
    return line


def test_what_is_drawn(cases):
    y_true, y_prob = cases
    thresholds = [0.1, 0.3, 0.2]
    display = DecisionCurveDisplay.from_predictions(y_true, {"cnn": y_prob}, thresholds=thresholds)
    assert display.frame["threshold"].tolist() == [0.1, 0.2, 0.3]
    expected = net_benefit(y_true, y_prob, [0.1, 0.2, 0.3])
    assert display.frame["net_benefit"].tolist() == expected.tolist()
    np.testing.assert_array_equal(line_of(display, "cnn").get_ydata(), expected)
    everybody = net_benefit(y_true, np.ones(300), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(line_of(display, "treat all").get_ydata(), everybody)
    assert set(line_of(display, "treat none").get_ydata()) == {0}
    assert display.prevalence == y_true.mean()
    (band,) = display.ax_.collections
    edges = band.get_paths()[0].vertices[:, 1]
    assert edges.min() == display.frame["low"].min()
    assert edges.max() == display.frame["high"].max()
    for text in ("Threshold probability", "Net benefit", "Positive class: 1"):
        assert text in texts(display)
    assert "95 % confidence intervals" in texts(display)


def test_intervals_are_those_of_the_mean_worth(cases):
    """By hand, of the worth of each case at a threshold."""
    y_true, y_prob = cases
    display = DecisionCurveDisplay.from_predictions(y_true, y_prob, thresholds=[0.25], level=0.9)
    worth = np.where(y_prob >= 0.25, np.where(y_true == 1, 1, -1 / 3), 0)
    half = 1.6448536 * worth.std(ddof=1) / np.sqrt(300)
    (row,) = display.frame[["net_benefit", "low", "high"]].to_numpy()
    assert row == pytest.approx([worth.mean(), worth.mean() - half, worth.mean() + half])


def test_no_bands(cases):
    display = DecisionCurveDisplay.from_predictions(*cases, level=None)
    assert not display.ax_.collections
    assert display.frame[["low", "high"]].isna().all(axis=None)
    assert not any("confidence" in text for text in texts(display))
    assert display.frame["threshold"].tolist() == pytest.approx(np.arange(1, 100) / 100)


def test_several_models_are_told_apart(cases):
    y_true, y_prob = cases
    models = {"good": y_prob, "squared": y_prob**2, "none": np.zeros(300)}
    display = DecisionCurveDisplay.from_predictions(y_true, models)
    lines = [line_of(display, name) for name in models]
    for look in ("get_color", "get_marker", "get_linestyle"):
        assert len({getattr(line, look)() for line in lines}) == 3
    assert len(display.ax_.collections) == 3
    low, high = display.ax_.get_ylim()
    assert low < 0 < display.frame["net_benefit"].max() < high


def test_from_estimators(tumours):
    X, y = tumours
    models = {"bayes": GaussianNB().fit(X, y), "logistic": LogisticRegression().fit(X, y)}
    display = DecisionCurveDisplay.from_estimator(models, X, y, thresholds=[0.1, 0.5])
    assert display.pos_name == "malignant"
    for name, model in models.items():
        expected = net_benefit(y, model.predict_proba(X), [0.1, 0.5], pos_label="malignant")
        found = display.frame.loc[display.frame["model"] == name, "net_benefit"]
        assert found.tolist() == pytest.approx(expected)
    with pytest.raises(ValueError, match="RidgeClassifier has no predict_proba"):
        DecisionCurveDisplay.from_estimator(RidgeClassifier().fit(X, y), X, y)


def test_from_results(tumours):
    X, y = tumours
    result = evaluate(GaussianNB(), X, y, pos_label="malignant", scoring="roc_auc", cv=3)
    display = DecisionCurveDisplay.from_result(result, thresholds=[0.2])
    table = result.per_model("GaussianNB")
    expected = net_benefit(table["y_true"], table["proba_malignant"], [0.2], pos_label="malignant")
    assert display.frame["net_benefit"].tolist() == pytest.approx(expected)
    with pytest.raises(ValueError, match="no probabilities of the model 'cnn'"):
        DecisionCurveDisplay.from_result(result, ["cnn"])


def test_cases_of_one_class():
    for y_true in ([0, 0, 0], [1, 1, 1]):
        display = DecisionCurveDisplay.from_predictions(y_true, [0.1, 0.4, 0.7])
        assert np.isfinite(display.frame["net_benefit"]).all()
        assert_readable(display.figure_)


@pytest.mark.parametrize("n_models", [1, 2, 14])
def test_nothing_overlaps_in_decision_curves(n_models, cases):
    y_true, y_prob = cases
    models = {name: y_prob ** (1 + i / 4) for i, name in enumerate(long_names(n_models, 60))}
    display = DecisionCurveDisplay.from_predictions(
        y_true, models, target_names=["well", *long_names(1, 90)]
    )
    assert_readable(display.figure_)


def test_on_given_axes(cases):
    figure, (ax, other) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    display = DecisionCurveDisplay.from_predictions(*cases, ax=ax)
    assert display.figure_ is figure
    assert display.ax_ is ax
    assert ax.get_legend() is not None
    with pytest.raises(ValueError, match="must hold 1 axes, for the decision curve"):
        display.plot(ax=[ax, other])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"thresholds": [0.1, 1]}, "thresholds has 1 at position 1. Threshold probabilities must"),
        ({"thresholds": []}, "thresholds is empty"),
        ({"thresholds": ["low"]}, "thresholds must be scores: numbers"),
        ({"y_prob": [-1.0, 0.3, 0.6, 0.8]}, "y_prob has -1 at row 0.*CalibratedClassifierCV"),
        ({"y_prob": {"cnn": [2.0, 0.3, 0.6, 0.8]}}, "'cnn' has 2 at row 0"),
        ({"y_true": ["a", "b", "a", "b"]}, r"of the classes \['a', 'b'\] is positive cannot be"),
        ({"level": 0}, "level must be between 0 and 1"),
        ({"pos_label": 3}, r"pos_label=3 is not one of the classes \[0, 1\]"),
    ],
)
def test_bad_predictions(changes, message):
    arguments = {"y_true": [0, 1, 0, 1], "y_prob": [0.1, 0.3, 0.6, 0.8], **changes}
    with pytest.raises(ValueError, match=message):
        DecisionCurveDisplay.from_predictions(**arguments)
