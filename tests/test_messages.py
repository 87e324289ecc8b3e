"""No message is longer than a screen, however large what it is about."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from skdl import evaluate, metrics, report
from skdl._shortened import shortened
from skdl.metrics import compare_models, confidence_interval, wilson_interval
from skdl.plotting import (
    ClassDistributionDisplay,
    ConfusionMatricesDisplay,
    ImageGridDisplay,
    LearningCurve,
    ModelComparisonDisplay,
    OperatingPointDisplay,
    PerClassMetricsDisplay,
    PredictionGridDisplay,
    TrainingHistoryDisplay,
)

SCREEN = 2000
N = 12
Y = np.arange(N) % 2
SCORES = np.linspace(0, 1, N)
IMAGES = np.random.default_rng(0).random((N, 4, 4))
X = IMAGES.reshape(N, -1)


class Long:
    def __repr__(self):
        return "long " * 10**5


class Broken:
    def __repr__(self):
        raise RuntimeError("no repr")


HUGE = {
    "text": "a" * 10**6,
    "bytes": b"\xff" * 10**6,
    "list": list(range(10**5)),
    "list of text": ["b" * 10**4] * 100,
    "nested": [[["c" * 1000] * 100] * 20] * 20,
    "dict": {f"key {i}" * 100: "d" * 1000 for i in range(500)},
    "array": np.arange(10**5) / 7,
    "array of text": np.array(["e" * 1000] * 100),
    "array of objects": np.array(["f" * 10**5, None, 3], dtype=object),
    "frame": pd.DataFrame({"g" * 1000: ["h" * 1000] * 100}),
    "object": Long(),
    "number": 10**5000,
    "no repr": Broken(),
}


@pytest.mark.parametrize("what", HUGE)
def test_shortened(what):
    text = shortened(HUGE[what])
    assert len(text) <= 303
    assert "\n" not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("malignant", "'malignant'"),
        (np.str_("a"), "'a'"),
        (np.float64(0.5), "0.5"),
        (None, "None"),
        ([0, 1, "x"], "[0, 1, 'x']"),
        ({"a": (1, 2)}, "{'a': (1, 2)}"),
        (np.zeros((3, 2)), "ndarray of shape (3, 2)"),
        (b"ab", "b'ab'"),
        (b"\0" * 1000, f"{bytes(30)!r}... (1,000 bytes)"),
        (GaussianNB(), "GaussianNB()"),
    ],
)
def test_what_is_short_is_shown_whole(value, shown):
    assert shortened(value) == shown


@pytest.fixture(scope="module")
def result():
    return evaluate(GaussianNB(), X, Y, cv=2, scoring="accuracy")


def fails(text):
    def score(y_true, y_pred):
        raise ValueError(text)

    return score


CALLS = {
    "labels": lambda h, r: metrics.sensitivity_score(h, Y),
    "predictions": lambda h, r: metrics.geometric_mean_score(Y, h),
    "pos_label": lambda h, r: metrics.sensitivity_score(Y, Y, pos_label=h),
    "average": lambda h, r: metrics.ppv_score(Y, Y, average=h),
    "zero_division": lambda h, r: metrics.npv_score(Y, Y, zero_division=h),
    "bound": lambda h, r: metrics.sensitivity_at_specificity_score(Y, SCORES, specificity=h),
    "scores": lambda h, r: metrics.specificity_at_sensitivity_score(Y, h, sensitivity=0.5),
    "counts": lambda h, r: wilson_interval(h, 3),
    "level": lambda h, r: wilson_interval(1, 3, level=h),
    "score": lambda h, r: confidence_interval(h, Y, Y),
    "method": lambda h, r: confidence_interval("accuracy", Y, Y, method=h),
    "n_resamples": lambda h, r: confidence_interval("accuracy", Y, Y, n_resamples=h),
    "interval of": lambda h, r: confidence_interval("accuracy", Y, h),
    "area of": lambda h, r: confidence_interval("roc_auc", Y, h),
    "models": lambda h, r: compare_models(Y, h),
    "model": lambda h, r: compare_models(Y, {"a": Y, str(h)[: 10**6]: h}),
    "labels=": lambda h, r: compare_models(Y, {"a": Y, "b": Y}, labels=["x", h]),
    "y_pred=": lambda h, r: compare_models(Y, {"a": Y, "b": Y}, y_pred={repr(h)[:9999]: Y}),
    "y": lambda h, r: evaluate(GaussianNB(), X, h),
    # Text is a path, which is for skdl.images to refuse.
    "X": lambda h, r: evaluate(GaussianNB(), None if isinstance(h, str) else h, Y),
    "estimator": lambda h, r: evaluate(h, X, Y),
    "estimators": lambda h, r: evaluate({"a" * 9999: h}, X, Y),
    "scoring": lambda h, r: evaluate(GaussianNB(), X, Y, scoring=h),
    "one of scoring": lambda h, r: evaluate(GaussianNB(), X, Y, scoring={"a" * 9999: h}),
    "pos_label of all": lambda h, r: evaluate(GaussianNB(), X, Y, pos_label=h),
    "groups": lambda h, r: evaluate(GaussianNB(), X, Y, groups=h),
    "per_model": lambda h, r: r.per_model(h),
    "repeat": lambda h, r: r.per_model("GaussianNB", h),
    "summary": lambda h, r: r.summary(level=h),
    "path": lambda h, r: report(r, X, Y, h),
    "card": lambda h, r: report(r, X, Y, "never.html", card=h),
    "matrix": lambda h, r: ConfusionMatricesDisplay.from_predictions(Y, h),
    "target_names": lambda h, r: ConfusionMatricesDisplay.from_predictions(Y, Y, target_names=[h]),
    "classes": lambda h, r: PerClassMetricsDisplay.from_predictions(h, Y),
    "threshold": lambda h, r: OperatingPointDisplay.from_predictions(Y, SCORES, pos_label=h),
    "which": lambda h, r: PredictionGridDisplay.from_predictions(IMAGES, Y, Y, which=h),
    "kind": lambda h, r: ClassDistributionDisplay.from_labels(Y).plot(kind=h),
    "of a class": lambda h, r: ClassDistributionDisplay.from_labels({"a": h, "b": []}),
    "n_per_class": lambda h, r: ImageGridDisplay.from_images(IMAGES, Y, n_per_class=h),
    "comparison": lambda h, r: ModelComparisonDisplay(h).plot(),
    "curves": lambda h, r: LearningCurve.from_scores({"a": h}, train_sizes=[1, 2]),
    "sizes": lambda h, r: LearningCurve.from_scores({"a": [[1]]}, train_sizes=h),
    "history": lambda h, r: TrainingHistoryDisplay(h).plot(),
}


@pytest.mark.parametrize("call", CALLS)
def test_no_error_holds_its_input(call, result):
    errors = []
    for huge in HUGE.values():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                CALLS[call](huge, result)
            except Exception as error:
                errors.append(str(error))
        assert all(len(str(warning.message)) < SCREEN for warning in caught)
        plt.close("all")
    assert len(errors) > len(HUGE) / 2
    assert max(map(len, errors)) < SCREEN, max(errors, key=len)[:300]


def test_errors_of_others_are_cut():
    """What failed inside a fold may hold whatever it was given."""

    class Fails(GaussianNB):
        def fit(self, X, y):
            raise ValueError("a" * 10**6)

    with pytest.raises(ValueError, match="Every fold failed") as caught:
        evaluate(Fails(), X, Y, cv=2)
    assert len(str(caught.value)) < SCREEN
    scoring = {"it": metrics.make_sensitivity_scorer(), "that": lambda e, X, y: 1 / 0}
    scoring["other"] = lambda e, X, y: fails("a" * 10**6)(y, y)
    with pytest.warns(UserWarning, match="are missing"):
        found = evaluate(GaussianNB(), X, Y, cv=2, scoring=scoring)
    assert found.missing["reason"].map(len).max() < SCREEN
