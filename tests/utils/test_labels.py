"""Labels and scores that do not fit, wherever the judging of classifiers takes them."""

import re
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from skdl import evaluate, metrics
from skdl._utils.labels import check_groups
from skdl.metrics import compare_models, confidence_interval
from skdl.plotting import (
    ClassDistributionDisplay,
    ConfusionMatricesDisplay,
    ImageGridDisplay,
    OperatingPointDisplay,
    PerClassMetricsDisplay,
    PredictionGridDisplay,
)

N = 12
Y = np.arange(N) % 2
NAMES = np.where(Y, "ill", "well")
SCORES = np.linspace(0, 1, N)
IMAGES = np.random.default_rng(0).random((N, 4, 4))
FITTED = GaussianNB().fit(IMAGES.reshape(N, -1), Y)


def without(values, missing, row=3):
    return [missing if i == row else value for i, value in enumerate(values.tolist())]


# What is wrong, how it is made anew, and what is said about it beside the argument's name.
BAD_LABELS = {
    "NaN": (lambda: np.array(without(Y, np.nan)), "has NaN or None at row 3. Drop"),
    "None": (lambda: without(Y, None), "has NaN or None at row 3. Drop"),
    "None among text": (lambda: without(NAMES, None), "has NaN or None at row 3. Drop"),
    "NaN among text": (lambda: without(NAMES, np.nan), "has NaN or None at row 3. Drop"),
    "a frame's text": (lambda: pd.Series(without(NAMES, np.nan)), "has NaN or None at row 3. Drop"),
    "pandas.NA": (lambda: pd.array(without(Y, pd.NA), dtype="Int64"), "has NaN or None at row 3."),
    "two of them": (lambda: [None, *Y[1:-1], None], "at row 0, and in 2 rows in all. Drop"),
    "masked": (lambda: np.ma.array(Y, mask=np.arange(N) == 3), "has a masked value at row 3. Drop"),
    "masked text": (lambda: np.ma.array(NAMES, mask=np.arange(N) == 3), "has a masked value at r"),
    "generator": (lambda: (label for label in Y), r"must be a list or an array.* Pass list\("),
    "bytes": (lambda: np.char.encode(NAMES), r"Got bytes, such as b'well' at row 0. Decode them"),
    "list of bytes": (lambda: [b"a", b"b"] * 6, "Got bytes, such as b'a' at row 0. Decode them"),
    "text and numbers": (lambda: [*Y[:-1].tolist(), "x"], "number 0 at row 0 and the text 'x' at "),
    "objects": (lambda: [[1], [1, 2]] * 6, "must be class labels.* Got list, such as"),
    "complex": (lambda: Y.astype(complex), "must be class labels.* Got complex128, such as"),
    "fractions": (lambda: SCORES, "has the value 0.0909091 at row 1, which is not a class label"),
    "infinite": (lambda: np.where(np.arange(N) == 3, np.inf, Y), "has the value inf at row 3"),
    "columns": (lambda: np.eye(2)[Y], r"must have shape \(n,\).*Got shape \(12, 2\)"),
    "dict": (lambda: dict(enumerate(Y)), "must be a list or an array"),
    "set": (lambda: {0, 1}, "must be a list or an array"),
    "a number": (lambda: 3, "must be a list or an array.* Got 3"),
    "a text": (lambda: "ill", "must be a list or an array.* Got 'ill'"),
    "nothing": (lambda: [], "is empty"),
}
BAD_SCORES = {
    **{key: BAD_LABELS[key] for key in ("NaN", "None", "pandas.NA", "masked", "dict", "nothing")},
    "generator": BAD_LABELS["generator"],
    "text": (lambda: NAMES, "must be .*numbers, such as probabilities. Got text, such as 'well'"),
    "text of numbers": (lambda: SCORES.astype(str), "must be .*Got text, such as '0.0' at row 0"),
    "bytes": (lambda: np.char.encode(NAMES), "must be .*Got bytes, such as"),
    "complex": (lambda: SCORES.astype(complex), "must be .*Got complex128, such as"),
    "dates": (lambda: pd.date_range("2020", periods=N), "must be .*Got dates, such as"),
}
OF_LABELS = [
    *("sensitivity_score", "specificity_score", "ppv_score", "npv_score"),
    *("geometric_mean_score", "positive_likelihood_ratio", "negative_likelihood_ratio"),
]
OF_SCORES = {
    "sensitivity_at_specificity_score": {"specificity": 0.5},
    "specificity_at_sensitivity_score": {"sensitivity": 0.5},
}
# What takes labels: a function of the bad ones, and what messages call them.


def first(function, other, **settings):
    return lambda bad: function(bad, other, **settings)


def second(function, other, **settings):
    return lambda bad: function(other, bad, **settings)


TAKES_LABELS = {
    **{f"{name} true": (first(getattr(metrics, name), Y), "y_true") for name in OF_LABELS},
    **{f"{name} pred": (second(getattr(metrics, name), Y), "y_pred") for name in OF_LABELS},
    **{
        f"{name} true": (first(getattr(metrics, name), SCORES, **bound), "y_true")
        for name, bound in OF_SCORES.items()
    },
    "interval, true": (lambda b: confidence_interval("accuracy", b, Y), "y_true"),
    "interval, pred": (lambda b: confidence_interval("accuracy", Y, b), "y_pred"),
    "area, true": (lambda b: confidence_interval("roc_auc", b, SCORES), "y_true"),
    "comparison, true": (lambda b: compare_models(b, {"a": Y, "b": Y}), "y_true"),
    "comparison, pred": (
        lambda b: compare_models(Y, {"a": SCORES, "b": SCORES}, y_pred={"a": b}),
        "y_pred['a']",
    ),
    "evaluate": (lambda b: evaluate(GaussianNB(), IMAGES.reshape(N, -1), b, cv=2), "y"),
    "confusion, true": (lambda b: ConfusionMatricesDisplay.from_predictions(b, Y), "y_true"),
    "confusion, pred": (lambda b: ConfusionMatricesDisplay.from_predictions(Y, b), "y_pred"),
    "confusion, estimator": (
        lambda b: ConfusionMatricesDisplay.from_estimator(FITTED, IMAGES.reshape(N, -1), b),
        "y",
    ),
    "classes, true": (lambda b: PerClassMetricsDisplay.from_predictions(b, Y), "y_true"),
    "classes, pred": (lambda b: PerClassMetricsDisplay.from_predictions(Y, b), "y_pred"),
    "classes, estimator": (
        lambda b: PerClassMetricsDisplay.from_estimator(FITTED, IMAGES.reshape(N, -1), b),
        "y",
    ),
    "point, true": (lambda b: OperatingPointDisplay.from_predictions(b, SCORES), "y_true"),
    "point, estimator": (
        lambda b: OperatingPointDisplay.from_estimator(FITTED, IMAGES.reshape(N, -1), b),
        "y",
    ),
    "grid, true": (lambda b: PredictionGridDisplay.from_predictions(IMAGES, b, Y), "y_true"),
    "grid, pred": (lambda b: PredictionGridDisplay.from_predictions(IMAGES, Y, b), "y_pred"),
    "distribution": (lambda b: ClassDistributionDisplay.from_labels({"a": Y, "b": b}), "y['b']"),
    "images": (lambda b: ImageGridDisplay.from_images(IMAGES, b), "y"),
}
TAKES_SCORES = {
    **{
        name: (second(getattr(metrics, name), Y, **bound), "y_score")
        for name, bound in OF_SCORES.items()
    },
    "area": (lambda b: confidence_interval("roc_auc", Y, b), "y_pred"),
    "point": (lambda b: OperatingPointDisplay.from_predictions(Y, b), "y_score"),
    "grid": (lambda b: PredictionGridDisplay.from_predictions(IMAGES, Y, Y, b), "confidence"),
}


@pytest.mark.parametrize("take", TAKES_LABELS)
def test_labels_that_are_none(take):
    function, name = TAKES_LABELS[take]
    before = plt.get_fignums()
    for what, (make, said) in BAD_LABELS.items():
        if (take, what) == ("evaluate", "columns"):
            continue  # several labels per image
        with pytest.raises(ValueError, match=f"^{re.escape(name)} .*{said}") as caught:
            function(make())
        assert len(str(caught.value)) < 400, what
    assert plt.get_fignums() == before


@pytest.mark.parametrize("take", TAKES_SCORES)
def test_scores_that_are_none(take):
    function, name = TAKES_SCORES[take]
    for make, said in BAD_SCORES.values():
        with pytest.raises(ValueError, match=f"^{re.escape(name)} .*{said}"):
            function(make())


PAIRS = {
    **{name: getattr(metrics, name) for name in OF_LABELS},
    "interval": partial(confidence_interval, "accuracy"),
    "confusion": ConfusionMatricesDisplay.from_predictions,
    "classes": PerClassMetricsDisplay.from_predictions,
    "grid": partial(PredictionGridDisplay.from_predictions, IMAGES),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_true_and_predicted_labels_that_do_not_belong_together(pair):
    several = (
        "^y_true and y_pred hold labels of several kinds: the text 'well' and the number 0. Ma"
    )
    with pytest.raises(ValueError, match=several):
        PAIRS[pair](NAMES, Y)
    with pytest.raises(ValueError, match="^y_true has 12 rows, and y_pred has 5. Pass one value"):
        PAIRS[pair](Y, Y[:5])


def test_labels_of_models_that_are_compared():
    with pytest.raises(
        ValueError, match="^y_true and 'b' hold labels of several kinds: the number"
    ):
        compare_models(Y, {"a": Y, "b": NAMES})
    with pytest.raises(ValueError, match="^'b' has 5 rows, and y_true has 12"):
        compare_models(Y, {"a": Y, "b": Y[:5]})


@pytest.mark.parametrize("what", ["NaN", "None among text", "masked", "generator", "objects"])
def test_groups_that_are_none(what):
    make, said = BAD_LABELS[what]
    said = said.replace("class labels", "text or").replace("row 3. Drop", "row 3. (Give|Drop)")
    with pytest.raises(ValueError, match=f"^groups .*{said}"):
        evaluate(FITTED, IMAGES.reshape(N, -1), Y, groups=make(), cv=2)


@pytest.mark.parametrize(
    "kind",
    [
        list,
        tuple,
        pd.Series,
        lambda y: np.asarray(y)[:, None],
        lambda y: pd.DataFrame({"y": y}),
        lambda y: pd.Series(y, dtype="category"),
        lambda y: np.asarray(y).astype(object),
        lambda y: np.ma.array(y, mask=False),
        lambda y: pd.array(y),
    ],
)
@pytest.mark.parametrize("labels", [Y, NAMES, Y.astype(bool), Y.astype(float)])
def test_labels_of_any_kind_are_taken(kind, labels):
    positive = labels[1]
    predicted = np.roll(labels, 1)
    predicted[:4] = labels[:4]
    expected = metrics.sensitivity_score(labels, predicted, pos_label=positive)
    assert 0 < expected < 1
    assert metrics.sensitivity_score(kind(labels), kind(predicted), pos_label=positive) == expected
    found = confidence_interval("sensitivity", kind(labels), predicted, pos_label=positive)
    assert found.estimate == expected
    display = ConfusionMatricesDisplay.from_predictions(kind(labels), kind(predicted))
    assert display.confusion_matrix.sum() == N
    plt.close("all")


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 2], "groups has 2 values, but there are 4 images. Pass one group per image"),
        ([1, 2, None, 2], "groups has NaN or None at row 2. Give each of them a separate group"),
        ([np.nan, "a", np.nan, "b"], "NaN or None at row 0, and in 2 rows in all. Give each"),
        (pd.Series([1, 2, pd.NA, 2], dtype="Int64"), "NaN or None at row 2"),
        (["p1"] * 4, "groups contains only one group, 'p1': no split can keep it together"),
        (np.zeros((4, 2)), r"groups must have shape \(n,\)"),
        ([1, "a", 2, "b"], "groups holds values of several kinds"),
        ("abcd", "groups must be a list or an array"),
        ([], "groups is empty"),
        (np.ma.masked_equal([1, 2, 3, 3], 2), "groups has a masked value at row 1"),
    ],
)
def test_bad_groups(groups, message):
    with pytest.raises(ValueError, match=message):
        check_groups(groups, 4)


@pytest.mark.parametrize(
    "groups", [[3, 3, 5, 5], ["a", "a", "b", "c"], pd.Series(list("abca"), index=[9, 8, 7, 6])]
)
def test_good_groups_are_an_array(groups):
    found = check_groups(groups, 4)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == list(groups)


def test_a_single_image_is_of_one_group():
    assert check_groups(["a"], 1).tolist() == ["a"]
    assert check_groups(["a", "a"], 2, several=False).tolist() == ["a", "a"]  # nothing is split
