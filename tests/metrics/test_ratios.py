"""Predictive values, geometric mean, likelihood ratios, and their scorers."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import class_likelihood_ratios, precision_score, recall_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.metrics import (
    geometric_mean_score,
    geometric_mean_scorer,
    make_geometric_mean_scorer,
    make_negative_likelihood_ratio_scorer,
    make_npv_scorer,
    make_positive_likelihood_ratio_scorer,
    make_ppv_scorer,
    negative_likelihood_ratio,
    negative_likelihood_ratio_scorer,
    npv_score,
    npv_scorer,
    positive_likelihood_ratio,
    positive_likelihood_ratio_scorer,
    ppv_score,
    ppv_scorer,
    sensitivity_score,
    specificity_score,
)

# 4 true positives, 1 false negative, 3 true negatives, 2 false positives.
TRUE = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
PREDICTED = np.array([1, 1, 1, 1, 0, 0, 0, 0, 1, 1])
BY_HAND = {
    ppv_score: 4 / 6,
    npv_score: 3 / 4,
    geometric_mean_score: np.sqrt(4 / 5 * 3 / 5),
    positive_likelihood_ratio: (4 / 5) / (2 / 5),
    negative_likelihood_ratio: (1 / 5) / (3 / 5),
}

# Class a: tp 2, fn 1, fp 1, tn 6; b: tp 1, fn 1, fp 1, tn 7; c: tp 4, fn 1, fp 1, tn 4.
TRUE_3 = list("aaabbccccc")
PREDICTED_3 = list("aacbaccccb")
BY_HAND_3 = {
    ppv_score: [2 / 3, 1 / 2, 4 / 5],
    npv_score: [6 / 7, 7 / 8, 4 / 5],
    geometric_mean_score: np.sqrt([2 / 3 * 6 / 7, 1 / 2 * 7 / 8, 4 / 5 * 4 / 5]),
    positive_likelihood_ratio: [2 / 3 * 7, 1 / 2 * 8, 4 / 5 * 5],
    negative_likelihood_ratio: [1 / 3 * 7 / 6, 1 / 2 * 8 / 7, 1 / 5 * 5 / 4],
}

LABELS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30).map(
    lambda pairs: tuple(map(np.array, zip(*pairs, strict=True)))
)


@pytest.mark.parametrize("score", BY_HAND)
@pytest.mark.parametrize(
    ("convert", "pos_label"),
    [
        (lambda y: y, None),
        (lambda y: y.astype(bool), None),
        (lambda y: 2 * y - 1, None),
        (lambda y: np.where(y, "sick", "well"), "sick"),
    ],
)
def test_binary_table(score, convert, pos_label):
    found = score(convert(TRUE), convert(PREDICTED), pos_label=pos_label)
    assert found == pytest.approx(BY_HAND[score])


def test_the_other_positive_class():
    assert ppv_score(TRUE, PREDICTED, pos_label=0) == pytest.approx(BY_HAND[npv_score])
    assert npv_score(TRUE, PREDICTED, pos_label=0) == pytest.approx(BY_HAND[ppv_score])
    mean = geometric_mean_score(TRUE, PREDICTED, pos_label=0)
    assert mean == pytest.approx(BY_HAND[geometric_mean_score])
    # 1 / LR- of the other class.
    ratio = positive_likelihood_ratio(TRUE, PREDICTED, pos_label=0)
    assert ratio == pytest.approx(1 / BY_HAND[negative_likelihood_ratio])


@pytest.mark.parametrize("score", BY_HAND_3)
def test_one_vs_rest_table(score):
    expected = np.array(BY_HAND_3[score])
    np.testing.assert_allclose(score(TRUE_3, PREDICTED_3, average=None), expected)
    np.testing.assert_allclose(
        score(TRUE_3, PREDICTED_3, average=None, labels=["c", "a"]), expected[[2, 0]]
    )
    assert score(TRUE_3, PREDICTED_3, average="macro") == pytest.approx(expected.mean())
    assert score(TRUE_3, PREDICTED_3, average="weighted") == pytest.approx(
        np.average(expected, weights=[3, 2, 5])
    )
    assert score(TRUE_3, PREDICTED_3, pos_label="b") == pytest.approx(expected[1])


def test_several_classes_by_default():
    for score in (ppv_score, npv_score, positive_likelihood_ratio, negative_likelihood_ratio):
        macro = score(TRUE_3, PREDICTED_3, average="macro")
        assert score(TRUE_3, PREDICTED_3) == macro
    mean = (2 / 3 * 1 / 2 * 4 / 5) ** (1 / 3)
    assert geometric_mean_score(TRUE_3, PREDICTED_3) == pytest.approx(mean)
    assert geometric_mean_score(TRUE_3, PREDICTED_3, average="multiclass") == pytest.approx(mean)


def test_a_class_that_is_never_recognised_makes_the_geometric_mean_zero():
    assert geometric_mean_score([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 0, 1]) == 0
    assert geometric_mean_score([0] * 99 + [1], [0] * 100) == 0


@given(labels=LABELS)
def test_two_classes_have_one_geometric_mean(labels):
    true, predicted = (np.minimum(y, 1) for y in labels)
    settings = {"labels": [0, 1], "zero_division": 0.0}
    assert geometric_mean_score(true, predicted, **settings) == pytest.approx(
        geometric_mean_score(true, predicted, average="multiclass", **settings)
    )


@given(labels=LABELS, average=st.sampled_from(["macro", "weighted", None]))
def test_ppv_is_precision(labels, average):
    np.testing.assert_allclose(
        ppv_score(*labels, average=average, zero_division=0.0),
        precision_score(*labels, average=average, zero_division=0.0),
    )


@given(labels=LABELS)
def test_npv_is_its_definition(labels):
    true, predicted = labels
    expected = [
        np.mean(true[predicted != label] != label) if (predicted != label).any() else 1.0
        for label in np.union1d(true, predicted)
    ]
    found = npv_score(true, predicted, average=None, zero_division=1.0)
    np.testing.assert_allclose(found, expected)


@given(labels=LABELS)
def test_geometric_mean_is_its_definition(labels):
    true, predicted = labels
    recalls = recall_score(true, predicted, average=None, zero_division=0.0)
    found = geometric_mean_score(true, predicted, average="multiclass", zero_division=0.0)
    assert found == pytest.approx(recalls.prod() ** (1 / len(recalls)))
    rates = [
        score(true, predicted, average=None, zero_division=0.0)
        for score in (sensitivity_score, specificity_score)
    ]
    found = geometric_mean_score(true, predicted, average=None, zero_division=0.0)
    np.testing.assert_allclose(found, np.sqrt(rates[0] * rates[1]))


@given(labels=LABELS)
def test_likelihood_ratios_are_those_of_scikit_learn(labels):
    true, predicted = labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [
            score(true, predicted, average=None)
            for score in (positive_likelihood_ratio, negative_likelihood_ratio)
        ]
        for i, label in enumerate(np.union1d(true, predicted)):
            expected = class_likelihood_ratios(
                true == label, predicted == label, labels=[False, True]
            )
            if not (true == label).all() and (true == label).any():
                np.testing.assert_allclose([found[0][i], found[1][i]], expected)


@given(labels=LABELS, seed=st.integers(0, 10))
def test_weights_count_rows(labels, seed):
    true, predicted = labels
    weights = np.random.default_rng(seed).integers(0, 3, len(true))
    if not weights.any():
        return
    repeated = [np.repeat(a, weights) for a in labels]
    settings = {"labels": [0, 1, 2], "average": None, "zero_division": 1.0}
    for score in BY_HAND:
        np.testing.assert_allclose(
            score(true, predicted, sample_weight=weights, **settings), score(*repeated, **settings)
        )


@pytest.mark.parametrize(
    ("score", "true", "predicted", "message", "value"),
    [
        (ppv_score, [0, 1], [0, 0], "Positive predictive value.*no positive predictions", 0.0),
        (npv_score, [0, 1], [1, 1], "Negative predictive value.*no negative predictions", 0.0),
        (geometric_mean_score, [1, 1], [0, 1], "geometric mean.*no positive or no negative", 0.0),
        (positive_likelihood_ratio, [0, 1], [0, 1], "Positive likeli.*no false positives", np.nan),
        (positive_likelihood_ratio, [0, 0], [0, 1], "no positive samples", np.nan),
        (negative_likelihood_ratio, [0, 1], [1, 1], "Negative likeli.*no true negatives", np.nan),
        (negative_likelihood_ratio, [0, 0], [0, 1], "no positive samples", np.nan),
    ],
)
def test_undefined(score, true, predicted, message, value):
    with pytest.warns(UndefinedMetricWarning, match=message) as caught:
        np.testing.assert_equal(score(true, predicted), value)
    assert caught[0].filename == __file__
    assert score(true, predicted, zero_division=1.0) == 1.0
    assert np.isnan(score(true, predicted, zero_division=np.nan))


def test_classes_without_a_value_stay_out_of_averages():
    # Class 2 is never predicted.
    assert ppv_score([0, 1, 2], [0, 1, 1], zero_division=np.nan) == pytest.approx(3 / 4)
    with pytest.warns(UndefinedMetricWarning):
        assert ppv_score([0, 1, 2], [0, 1, 1]) == pytest.approx(1 / 2)
    # Class 2 has no samples: the mean of the recalls of the others.
    found = geometric_mean_score([0, 0, 1], [0, 2, 1], zero_division=np.nan)
    assert found == pytest.approx(np.sqrt(1 / 2))
    with pytest.warns(UndefinedMetricWarning, match="Sensitivity") as caught:
        assert geometric_mean_score([0, 0, 1], [0, 2, 1]) == 0
    assert caught[0].filename == __file__


def test_the_ratio_of_a_perfect_test_may_be_infinite():
    assert positive_likelihood_ratio([0, 1], [0, 1], zero_division=np.inf) == np.inf
    found = positive_likelihood_ratio(
        [0, 0, 1], [0, 0, 1], labels=[0, 1, 2], average="weighted", zero_division=np.inf
    )
    assert found == np.inf


@pytest.mark.parametrize("score", BY_HAND)
@pytest.mark.parametrize(
    ("true", "predicted", "settings", "message"),
    [
        (["ill", "well"], ["ill", "ill"], {}, "cannot be guessed. Pass pos_label"),
        ([0, 1], [0, 1], {"pos_label": 2}, "pos_label=2 is not a valid label"),
        ([0, 1, 2], [0, 1, 1], {"average": "binary"}, "needs two classes, but there are 3"),
        ([0, 1], [0, 1], {"average": "micro"}, "average must be 'auto', .* or None"),
        ([0, 1], [0, 1], {"zero_division": "nan"}, "zero_division must be"),
        ([0, 1], [0, 1], {"zero_division": None}, "zero_division must be"),
        ([0, 1], [0, 1], {"zero_division": -1.0}, "zero_division must be"),
        ([0, 1], [0.2, 0.7], {}, "no class label|must have shape"),
        ([0, 1, 1], [0, 1], {}, r"y_true has \d rows, and y_(pred|score) has \d"),
        ([0, 1], [0, 1], {"sample_weight": [1, -1]}, "must not be negative"),
    ],
)
def test_bad_input(score, true, predicted, settings, message):
    with pytest.raises(ValueError, match=message):
        score(true, predicted, **settings)


SCORERS = {
    ppv_scorer: ppv_score,
    npv_scorer: npv_score,
    geometric_mean_scorer: geometric_mean_score,
    positive_likelihood_ratio_scorer: positive_likelihood_ratio,
    negative_likelihood_ratio_scorer: negative_likelihood_ratio,
}
MAKERS = {
    make_ppv_scorer: ppv_score,
    make_npv_scorer: npv_score,
    make_geometric_mean_scorer: geometric_mean_score,
    make_positive_likelihood_ratio_scorer: positive_likelihood_ratio,
    make_negative_likelihood_ratio_scorer: negative_likelihood_ratio,
}


def sign(score):
    return -1 if score is negative_likelihood_ratio else 1


@pytest.fixture(scope="module")
def fitted():
    """A weak classifier of malignant samples by three features, and the other samples."""
    X, y = load_breast_cancer(return_X_y=True)
    names = np.where(y == 0, "malignant", "benign")
    model = make_pipeline(StandardScaler(), LogisticRegression())
    return model.fit(X[:300, 4:7], names[:300]), X[300:, 4:7], names[300:]


@pytest.mark.parametrize("make", MAKERS)
def test_scorers_with_a_positive_class(fitted, make):
    model, X, names = fitted
    score = MAKERS[make]
    expected = score(names, model.predict(X), pos_label="malignant")
    assert np.isfinite(expected)
    assert make(pos_label="malignant")(model, X, names) == sign(score) * expected
    with pytest.raises(ValueError, match="cannot be guessed"):
        make()(model, X, names)


class Given(ClassifierMixin, BaseEstimator):
    """A classifier of three classes that predicts what it is given."""

    classes_ = np.arange(3)

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.asarray(X)


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("predicted", [[0, 0, 1, 1, 0], [0, 0, 2, 1, 0]])
def test_scorers_go_by_the_classes_of_the_estimator(scorer, predicted):
    """A fold that holds two of three classes is no binary problem."""
    true, score = [0, 0, 0, 1, 1], SCORERS[scorer]
    average = "multiclass" if score is geometric_mean_score else "macro"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        found = scorer(Given(), predicted, true)
        expected = score(true, predicted, average=average)
        if average == "macro" and 2 not in predicted:
            assert expected != score(true, predicted)
    assert found == sign(score) * expected
    assert score.__name__ in repr(scorer)


@pytest.mark.parametrize("make", MAKERS)
def test_a_scorer_gives_one_number(make):
    with pytest.raises(ValueError, match="average cannot be None"):
        make(average=None)


@pytest.mark.parametrize("make", MAKERS)
def test_scorer_settings_reach_the_score(make):
    scorer = make(average="weighted", zero_division=1.0)
    assert scorer._kwargs == {"average": "weighted", "zero_division": 1.0}


def test_scorers_in_a_search():
    X, y = load_breast_cancer(return_X_y=True)
    scoring = {
        "ppv": ppv_scorer,
        "npv": npv_scorer,
        "mean": geometric_mean_scorer,
        "positive": make_positive_likelihood_ratio_scorer(zero_division=1.0),
        "negative": negative_likelihood_ratio_scorer,
    }
    scores = cross_validate(LogisticRegression(), X[:, :3], y, scoring=scoring)
    assert scores["test_ppv"].min() > 0.8
    assert scores["test_npv"].min() > 0.8
    assert scores["test_mean"].min() > 0.8
    assert scores["test_positive"].min() > 3
    assert scores["test_negative"].min() < 0 < 1 + scores["test_negative"].min()
    # The greater, the better: a smaller ratio is chosen.
    scorer = make_negative_likelihood_ratio_scorer(zero_division=1.0)
    search = GridSearchCV(LogisticRegression(), {"C": [1e-6, 1.0]}, scoring=scorer)
    search.fit(X[:, 4:7], y)
    assert search.best_params_ == {"C": 1.0}
    assert search.best_score_ > search.cv_results_["mean_test_score"][0] == -1
