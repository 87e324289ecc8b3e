import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from plotting.figures import assert_readable, long_names, texts
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score, make_scorer, roc_auc_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdl.metrics import (
    confidence_interval,
    make_clinical_scorer,
    sensitivity_score,
    specificity_score,
)
from skdl.plotting import OperatingPointDisplay


@pytest.fixture(scope="module")
def tumours():
    """Four features of tumours, "benign" or "malignant": to fit with, and to test with."""
    bunch = load_breast_cancer()
    X, y = bunch.data[:, :4], np.array(bunch.target_names)[bunch.target]
    return X[::2], y[::2], X[1::2], y[1::2]


def rates_of(y, predicted, pos_label="malignant"):
    return (
        sensitivity_score(y, predicted, pos_label=pos_label),
        specificity_score(y, predicted, pos_label=pos_label),
    )


def marked(ax):
    return [line for line in ax.lines if line.get_marker() in ("o", "s")]


def line_of(ax, label):
    (line,) = [line for line in ax.lines if line.get_label().startswith(label)]
    return line


def test_the_default_threshold_of_probabilities(tumours):
    X, y, X_test, y_test = tumours
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    display = OperatingPointDisplay.from_estimator(model, X_test, y_test)
    assert display.threshold == 0.5
    assert display.pos_name == "malignant"
    assert display.operating_point == pytest.approx(rates_of(y_test, model.predict(X_test)))
    scores = model.predict_proba(X_test)[:, 1]
    interval = confidence_interval(
        "roc_auc", y_test, scores, method="delong", pos_label="malignant"
    )
    assert display.roc_auc == pytest.approx(interval)
    assert display.roc_auc[0] == pytest.approx(roc_auc_score(y_test == "malignant", scores))
    area, low, high = interval
    assert f"AUC {area:.3f} (95 % CI {low:.3f} to {high:.3f})" in texts(display)
    assert "Threshold of the probability" in texts(display)
    assert "Positive class: malignant" in texts(display)


def test_what_is_drawn(tumours):
    X, y, X_test, y_test = tumours
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    display = OperatingPointDisplay.from_estimator(model, X_test, y_test, threshold=0.3)
    curve, rates = display.axes_
    sensitivity, specificity = display.operating_point
    (point,) = marked(curve)
    assert point.get_xydata() == pytest.approx(np.array([[1 - specificity, sensitivity]]))
    drawn = line_of(curve, "AUC").get_xydata()
    np.testing.assert_allclose(drawn[:, 0], 1 - display.specificity)
    np.testing.assert_allclose(drawn[:, 1], display.sensitivity)
    assert {tuple(p.get_xydata()[0]) for p in marked(rates)} == {
        (0.3, sensitivity),
        (0.3, specificity),
    }
    assert set(line_of(rates, "threshold").get_xdata()) == {0.3}
    first, second = line_of(rates, "sensitivity"), line_of(rates, "specificity")
    assert first.get_linestyle() != second.get_linestyle()  # told apart in grayscale
    assert first.get_color() != second.get_color()
    assert len({line.get_marker() for line in marked(rates)}) == 2


def test_the_steps_are_what_a_threshold_gives(tumours):
    """Wherever it lies, also at a score and between two."""
    y_true, y_score = [0, 0, 1, 0, 1, 1], [0.1, 0.25, 0.25, 0.6, 0.8, 0.9]
    display = OperatingPointDisplay.from_predictions(y_true, y_score)
    for name, rate in (("sensitivity", sensitivity_score), ("specificity", specificity_score)):
        line = line_of(display.axes_[1], name)
        assert line.get_drawstyle() == "steps-pre"
        places, values = line.get_xdata(), line.get_ydata()
        for threshold in (0.0, 0.1, 0.2, 0.25, 0.3, 0.6, 0.7, 0.9, 0.95):
            expected = rate(y_true, (np.array(y_score) >= threshold).astype(int))
            # Steps before a place: the value holds from the place before it.
            assert values[np.searchsorted(places, threshold)] == pytest.approx(expected)
            point = OperatingPointDisplay.from_predictions(y_true, y_score, threshold=threshold)
            assert point.operating_point[name == "specificity"] == pytest.approx(expected)
            plt.close(point.figure_)


@pytest.mark.parametrize(
    "model",
    [
        TunedThresholdClassifierCV(
            LogisticRegression(),
            scoring=make_clinical_scorer("sensitivity", pos_label="benign"),
            cv=3,
        ),
        TunedThresholdClassifierCV(
            LogisticRegression(), scoring=make_scorer(f1_score, pos_label="malignant"), cv=3
        ),
        TunedThresholdClassifierCV(RidgeClassifier(), scoring="balanced_accuracy", cv=3),
        TunedThresholdClassifierCV(LogisticRegression(), response_method="decision_function", cv=3),
        FixedThresholdClassifier(LogisticRegression(), threshold=0.2),
        FixedThresholdClassifier(LogisticRegression(), threshold=0.2, pos_label="benign"),
        FixedThresholdClassifier(LogisticRegression(), response_method="decision_function"),
        RidgeClassifier(),
    ],
    ids=lambda model: str(model)[:40],
)
def test_the_threshold_of_a_classifier_is_taken(model, tumours):
    X, y, X_test, y_test = tumours
    model = make_pipeline(StandardScaler(), model).fit(X, y)
    display = OperatingPointDisplay.from_estimator(model, X_test, y_test)
    expected = rates_of(y_test, model.predict(X_test), display.pos_name)
    assert display.operating_point == pytest.approx(expected)
    inner = model[-1]
    if hasattr(inner, "best_threshold_"):
        assert display.threshold == inner.best_threshold_


def test_thresholds_found_by_a_search(tumours):
    X, y, X_test, y_test = tumours
    fixed = FixedThresholdClassifier(LogisticRegression(), pos_label="malignant")
    search = GridSearchCV(fixed, {"threshold": [0.1, 0.7]}, cv=2, scoring="accuracy").fit(X, y)
    display = OperatingPointDisplay.from_estimator(search, X_test, y_test)
    assert display.threshold == search.best_params_["threshold"]
    other = OperatingPointDisplay.from_estimator(
        search, X_test, y_test, threshold=0.4, pos_label="benign"
    )
    assert (other.threshold, other.pos_name) == (0.4, "benign")
    with pytest.raises(ValueError, match="for the positive class 'malignant', not 'benign'"):
        OperatingPointDisplay.from_estimator(search, X_test, y_test, pos_label="benign")


def test_either_class_can_be_positive(tumours):
    X, y, X_test, y_test = tumours
    for model in (LogisticRegression(max_iter=500), RidgeClassifier()):
        model.fit(X, y)
        display = OperatingPointDisplay.from_estimator(model, X_test, y_test, pos_label="benign")
        expected = rates_of(y_test, model.predict(X_test), "benign")
        assert display.operating_point == pytest.approx(expected)


@pytest.mark.parametrize("model", [LogisticRegression(C=1e-4), RidgeClassifier(1e4), SVC(C=0.1)])
def test_one_of_several_classes_against_the_rest(model, digits):
    X, y = digits
    model.fit(X[:300], y[:300])
    display = OperatingPointDisplay.from_estimator(
        model, X[300:], y[300:], pos_label=8, target_names=[f"digit {i}" for i in range(10)]
    )
    probable = hasattr(model, "predict_proba")
    scores = (model.predict_proba if probable else model.decision_function)(X[300:])[:, 8]
    assert display.threshold == (0.5 if probable else 0)
    taken = scores >= display.threshold
    assert display.operating_point == pytest.approx(rates_of(y[300:] == 8, taken, True))
    assert display.roc_auc[0] == pytest.approx(roc_auc_score(y[300:] == 8, scores))
    assert display.pos_name == "digit 8"
    with pytest.raises(ValueError, match="cannot be guessed. Pass pos_label"):
        OperatingPointDisplay.from_estimator(model, X[300:], y[300:])


@pytest.mark.parametrize(
    ("y_true", "settings", "pos_name"),
    [
        ([0, 0, 1, 1], {}, "1"),
        ([-1, -1, 1, 1], {}, "1"),
        ([False, False, True, True], {}, "True"),
        ([False, False, True, True], {"target_names": ["no", "yes"]}, "yes"),
        (["a", "a", "b", "b"], {"pos_label": "b"}, "b"),
        (pd.Series([2, 5, 7, 7]), {"pos_label": 7}, "7"),
    ],
)
def test_positive_classes_of_predictions(y_true, settings, pos_name):
    display = OperatingPointDisplay.from_predictions(y_true, [0.1, 0.6, 0.3, 0.9], **settings)
    assert display.pos_name == pos_name
    assert display.threshold == 0.5
    assert display.operating_point == (0.5, 0.5)
    decisions = OperatingPointDisplay.from_predictions(y_true, [-2, 0.6, -1, 3], **settings)
    assert decisions.threshold == 0
    assert decisions.operating_point == (0.5, 0.5)


@pytest.mark.parametrize(
    ("y_score", "area"), [([0.1, 0.2, 0.8, 0.9], 1), ([0.9, 0.8, 0.2, 0.1], 0)]
)
def test_areas_without_an_interval(y_score, area):
    display = OperatingPointDisplay.from_predictions([0, 0, 1, 1], y_score)
    assert display.roc_auc[0] == area
    assert np.isnan(display.roc_auc[1:]).all()
    assert f"AUC {area:.3f} (no interval)" in texts(display)
    single = OperatingPointDisplay.from_predictions([0, 0, 1], [0.1, 0.5, 0.3])
    assert single.roc_auc[0] == 0.5
    assert "AUC 0.500 (no interval)" in texts(single)


@pytest.mark.parametrize("n_classes", [2, 10, 25])
@pytest.mark.parametrize("scale", [1, 1000])
def test_nothing_overlaps_at_operating_points(n_classes, scale):
    generator = np.random.default_rng(0)
    y = generator.integers(0, n_classes, 400)
    scores = generator.normal(size=400) + 2 * (y == 1)
    display = OperatingPointDisplay.from_predictions(
        y, scale * scores, pos_label=1, target_names=long_names(n_classes, 60), threshold=0.123456
    )
    assert_readable(display.figure_)


def test_dollar_signs_are_text_at_operating_points():
    display = OperatingPointDisplay.from_predictions(
        [0, 1, 0, 1], [0.1, 0.9, 0.3, 0.8], target_names=["a", "cost $5 {or $6"]
    )
    assert "Positive class: cost $5 {or $6" in texts(display)


def test_operating_points_on_given_axes():
    figure, axes = plt.subplots(2, 1, figsize=(5, 9), layout="constrained")
    display = OperatingPointDisplay.from_predictions([0, 1, 0, 1], [0.1, 0.9, 0.3, 0.2], ax=axes)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)
    assert_readable(figure)
    with pytest.raises(ValueError, match="must hold 2 axes, for the ROC curve and sensitivity"):
        display.plot(ax=axes[0])
    curve = OperatingPointDisplay(
        display.thresholds, display.sensitivity, display.specificity, 0.5
    ).plot()
    assert "ROC curve" in texts(curve)
    assert curve.axes_[0].get_title(loc="left") == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_true": [1, 1, 1, 1]}, r"y_true has only the classes \[1\]. There must be cases"),
        ({"y_true": ["a"] * 4}, r"y_true has only the classes \['a'\]"),
        ({"y_true": [0, 1]}, "y_true has 2 rows, and y_score has 4"),
        ({"y_true": ["a", "b", "a", "b"]}, r"of the classes \['a', 'b'\] is positive cannot be"),
        ({"y_true": [0, 1, 2, 1]}, r"of the classes \[0, 1, 2\] is positive cannot be guessed"),
        ({"pos_label": 3}, r"pos_label=3 is not one of the classes \[0, 1\]"),
        ({"y_true": [0, None, 1, 1]}, "y_true has NaN or None at row 1"),
        ({"y_score": [0.1, 0.2, np.nan, 0.3]}, "y_score has NaN or None at row 2"),
        ({"y_score": [0.1, np.inf, 0.2, 0.3]}, "y_score has inf at row 1"),
        ({"y_score": np.full((4, 2), 0.5)}, r"y_score must have shape \(n,\).*Got shape \(4, 2\)"),
        ({"threshold": np.nan}, "threshold must be a finite number"),
        ({"level": 2}, "level must be between 0 and 1"),
        ({"target_names": ["a"]}, "1 names, which do not match the 2 classes"),
    ],
)
def test_bad_predictions(changes, message):
    arguments = {"y_true": [0, 1, 0, 1], "y_score": [0.1, 0.3, 0.6, 0.8], **changes}
    with pytest.raises(ValueError, match=message):
        OperatingPointDisplay.from_predictions(**arguments)


def test_bad_estimators(tumours, few_digits):
    X, y, *_ = tumours
    voting = VotingClassifier([("ridge", RidgeClassifier())], voting="hard").fit(X, y)
    with pytest.raises(ValueError, match="VotingClassifier has no predict_proba and no decision_f"):
        OperatingPointDisplay.from_estimator(voting, X, y)
    ridge = RidgeClassifier().fit(X, y)
    with pytest.raises(
        ValueError, match="RidgeClassifier has no predict_proba with classes_. Pass"
    ):
        OperatingPointDisplay.from_estimator(ridge, X, y, response_method="predict_proba")
    with pytest.raises(ValueError, match="response_method must be one of 'auto', 'predict_proba'"):
        OperatingPointDisplay.from_estimator(ridge, X, y, response_method="predict")
    with pytest.raises(
        ValueError, match="y has the label 0 at row 1, which is not a class of Ridge"
    ):
        OperatingPointDisplay.from_estimator(ridge, X[:2], [1, 0])
    with pytest.raises(ValueError, match="pos_label='x' is not one of the classes"):
        OperatingPointDisplay.from_estimator(ridge, X, y, pos_label="x")
    with pytest.raises(ValueError, match="LogisticRegression has no classes_. Pass a fitted"):
        OperatingPointDisplay.from_estimator(LogisticRegression(), X, y)
    one = y == "benign"
    with pytest.raises(ValueError, match=r"y_true has only the classes \['benign'\]"):
        OperatingPointDisplay.from_estimator(ridge, X[one], y[one])
    votes = SVC(decision_function_shape="ovo").fit(*few_digits)
    with pytest.raises(
        ValueError, match="decision_function of SVC returns 45 columns for 10 classes"
    ):
        OperatingPointDisplay.from_estimator(votes, *few_digits, pos_label=1)


def test_the_area_has_the_interval_of_groups():
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 4)
    y = generator.integers(0, 2, 80)
    scores = y + generator.normal(size=80) + generator.normal(size=20)[groups]
    found = OperatingPointDisplay.from_predictions(y, scores, groups=groups)
    assert found.roc_auc == confidence_interval("roc_auc", y, scores, groups=groups)
    groups = np.where(y == 1, 0, groups + 1)  # all positive cases in one
    alone = OperatingPointDisplay.from_predictions(y, scores, groups=groups)
    assert np.isnan(alone.roc_auc[1])
    plt.close("all")
