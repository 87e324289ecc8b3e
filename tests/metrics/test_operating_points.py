"""Sensitivity at a specificity, and thresholds chosen by it."""

import pickle

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_score,
    cross_validate,
    train_test_split,
)

from skdl.metrics import (
    make_sensitivity_at_specificity_scorer,
    make_specificity_at_sensitivity_scorer,
    sensitivity_at_specificity_score,
    sensitivity_score,
    specificity_at_sensitivity_score,
    specificity_score,
)

TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 1])
SCORE = np.array([0.1, 0.2, 0.3, 0.7, 0.4, 0.6, 0.8, 0.9])


@pytest.fixture(scope="module")
def cancer():
    """Three features that tell malignant samples not too well; malignant is 1."""
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, 4:7] * [100, 10, 10], 1 - y


def operating_points(true, score):
    """Sensitivity and specificity of every threshold, counted."""
    thresholds = [*np.unique(score), np.inf]
    return np.array(
        [((score >= t)[true == 1].mean(), (score < t)[true == 0].mean(), t) for t in thresholds]
    ).T


def test_by_hand():
    points = {0.0: 1.0, 0.75: 1.0, 0.76: 0.5, 0.9: 0.5, 1.0: 0.5}
    for specificity, sensitivity in points.items():
        found = sensitivity_at_specificity_score(TRUE, SCORE, specificity=specificity)
        assert found == sensitivity
    for sensitivity, specificity in {0.0: 1.0, 0.5: 1.0, 0.51: 0.75, 1.0: 0.75}.items():
        found = specificity_at_sensitivity_score(TRUE, SCORE, sensitivity=sensitivity)
        assert found == specificity
    assert sensitivity_at_specificity_score(TRUE, SCORE) == 0.5  # at 0.9
    assert specificity_at_sensitivity_score(TRUE, SCORE) == 0.75


@given(
    rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=2, max_size=40),
    bound=st.integers(0, 20).map(lambda twentieths: twentieths / 20),
)
def test_is_its_definition(rows, bound):
    true, score = (np.array(column) for column in zip(*rows, strict=True))
    if true.min() == true.max():
        return
    sensitivities, specificities, _ = operating_points(true, score)
    found = sensitivity_at_specificity_score(true, score, specificity=bound)
    assert found == pytest.approx(sensitivities[specificities >= bound - 1e-12].max())
    found = specificity_at_sensitivity_score(true, score, sensitivity=bound)
    assert found == pytest.approx(specificities[sensitivities >= bound - 1e-12].max())


def test_shares_that_round():
    """A specificity of 1 - 8/10 is no less than 0.2, whatever floats make of it."""
    assert 1 - 8 / 10 < 0.2
    true, score = np.repeat([0, 1], 10), np.repeat([0, 1], [2, 18])
    assert sensitivity_at_specificity_score(true, score, specificity=0.2) == 1
    assert sensitivity_at_specificity_score(true, score, specificity=0.21) == 0


def test_classes_and_shapes():
    names = np.where(TRUE, "ill", "well")
    expected = sensitivity_at_specificity_score(TRUE, SCORE, specificity=0.75)
    both = np.column_stack([SCORE, 1 - SCORE])  # ill, well
    for score in (SCORE, both):
        found = sensitivity_at_specificity_score(names, score, specificity=0.75, pos_label="ill")
        assert found == expected
    # The well against the ill: the two are exchanged.
    found = sensitivity_at_specificity_score(names, both, specificity=0.75, pos_label="well")
    assert found == specificity_at_sensitivity_score(TRUE, SCORE, sensitivity=0.75)
    several = np.where(np.arange(8) == 0, "other", names)
    found = sensitivity_at_specificity_score(several, SCORE, specificity=0.75, pos_label="ill")
    assert found == expected


def test_weights_count_rows():
    weights = np.array([1, 2, 0, 3, 1, 2, 3, 0])
    for score in (sensitivity_at_specificity_score, specificity_at_sensitivity_score):
        expected = score(np.repeat(TRUE, weights), np.repeat(SCORE, weights))
        assert score(TRUE, SCORE, sample_weight=weights) == pytest.approx(expected)


@pytest.mark.parametrize(
    "score", [sensitivity_at_specificity_score, specificity_at_sensitivity_score]
)
def test_one_class(score):
    with pytest.warns(UndefinedMetricWarning, match="y_true holds one class only") as caught:
        assert np.isnan(score([1, 1], [0.2, 0.3]))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "score", [sensitivity_at_specificity_score, specificity_at_sensitivity_score]
)
@pytest.mark.parametrize(
    ("true", "values", "settings", "message"),
    [
        (["ill", "well"], [0.1, 0.2], {}, "cannot be guessed"),
        ([0, 1], [0.1, 0.2], {"pos_label": 2}, "not a valid label"),
        ([0, 1, 2], [0.1, 0.2, 0.3], {}, "needs two classes"),
        ([0, 1], [0.1, np.nan], {}, "y_score has NaN or None at row 1"),
        ([0, 1], ["a", "b"], {}, "y_score must be scores"),
        ([0, 1], np.ones((2, 3)), {}, "y_score must be of shape"),
        ([0, 1], [0.1, 0.2, 0.3], {}, r"y_true has \d rows, and y_(pred|score) has \d"),
        ([], [], {}, "y_true is empty"),
    ],
)
def test_bad_input(score, true, values, settings, message):
    with pytest.raises(ValueError, match=message):
        score(true, values, **settings)


@pytest.mark.parametrize("bound", [-0.1, 1.1, np.nan])
def test_bad_bounds(bound):
    for function in (sensitivity_at_specificity_score, specificity_at_sensitivity_score):
        name = function.__name__.split("_")[2]
        with pytest.raises(ValueError, match=f"{name} must be in"):
            function(TRUE, SCORE, **{name: bound})
    with pytest.raises(ValueError, match="specificity must be in"):
        make_sensitivity_at_specificity_scorer(specificity=bound)
    with pytest.raises(ValueError, match="sensitivity must be in"):
        make_specificity_at_sensitivity_scorer(sensitivity=bound)


@pytest.mark.parametrize("model", [LogisticRegression(), RidgeClassifier()])
def test_scorers_in_cross_validation(cancer, model):
    X, y = cancer
    names = np.where(y, "malignant", "benign")
    scoring = {
        "sensitivity": make_sensitivity_at_specificity_scorer(specificity=0.95),
        "specificity": make_specificity_at_sensitivity_scorer(sensitivity=0.95),
    }
    found = cross_validate(model, X, y, scoring=scoring, return_estimator=True, return_indices=True)
    for i, (estimator, rows) in enumerate(
        zip(found["estimator"], found["indices"]["test"], strict=True)
    ):
        score = estimator.decision_function(X[rows])
        assert found["test_sensitivity"][i] == sensitivity_at_specificity_score(
            y[rows], score, specificity=0.95
        )
        assert found["test_specificity"][i] == specificity_at_sensitivity_score(
            y[rows], score, sensitivity=0.95
        )
    # Benign comes first in the alphabet, and is the class that counts here.
    scorer = make_sensitivity_at_specificity_scorer(specificity=0.95, pos_label="benign")
    exchanged = make_sensitivity_at_specificity_scorer(specificity=0.95, pos_label=0)
    by_name = cross_val_score(model, X, names, scoring=scorer)
    np.testing.assert_array_equal(by_name, cross_val_score(model, X, y, scoring=exchanged))


@pytest.mark.parametrize("bound", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("pos_label", [1, 0])
def test_the_threshold_is_the_best_that_is_specific_enough(cancer, bound, pos_label):
    """On the samples that it was chosen on, among the thresholds that were tried."""
    X, y = cancer
    model = LogisticRegression().fit(X, y)
    column = list(model.classes_).index(pos_label)
    score = model.predict_proba(X)[:, column]
    true = (y == pos_label).astype(int)
    tried = np.unique(score)
    tuned = TunedThresholdClassifierCV(
        model,
        scoring=make_sensitivity_at_specificity_scorer(specificity=bound, pos_label=pos_label),
        thresholds=tried,
        cv="prefit",
        refit=False,
    ).fit(X, y)
    expected = sensitivity_at_specificity_score(true, score, specificity=bound)
    assert tuned.best_score_ == pytest.approx(expected)
    predicted = tuned.predict(X)
    assert sensitivity_score(y, predicted, pos_label=pos_label) == pytest.approx(expected)
    assert specificity_score(y, predicted, pos_label=pos_label) >= bound - 1e-9

    tuned.set_params(
        scoring=make_specificity_at_sensitivity_scorer(sensitivity=bound, pos_label=pos_label)
    ).fit(X, y)
    expected = specificity_at_sensitivity_score(true, score, sensitivity=bound)
    predicted = tuned.predict(X)
    assert specificity_score(y, predicted, pos_label=pos_label) == pytest.approx(expected)
    assert sensitivity_score(y, predicted, pos_label=pos_label) >= bound - 1e-9


def test_the_most_specific_threshold_where_none_is_specific_enough(cancer):
    X, y = cancer
    model = LogisticRegression().fit(X, y)
    tried = [0.05, 0.1, 0.2]  # all of them with many false positives
    tuned = TunedThresholdClassifierCV(
        model,
        scoring=make_sensitivity_at_specificity_scorer(specificity=0.99),
        thresholds=tried,
        cv="prefit",
        refit=False,
    ).fit(X, y)
    assert tuned.best_threshold_ == 0.2
    assert tuned.best_score_ == pytest.approx(specificity_score(y, tuned.predict(X)) - 0.99)
    assert tuned.best_score_ < 0


def test_a_threshold_chosen_by_cross_validation_holds_on_other_samples(cancer):
    X, y = cancer
    names = np.where(y, "malignant", "benign")
    X_train, X_test, y_train, y_test = train_test_split(X, names, stratify=names, random_state=0)
    scorer = make_sensitivity_at_specificity_scorer(specificity=0.8, pos_label="malignant")
    tuned = TunedThresholdClassifierCV(LogisticRegression(), scoring=scorer).fit(X_train, y_train)
    predicted = tuned.predict(X_test)
    assert specificity_score(y_test, predicted, pos_label="malignant") > 0.7
    plain = LogisticRegression().fit(X_train, y_train).predict(X_test)
    found, default = (
        sensitivity_score(y_test, p, pos_label="malignant") for p in (predicted, plain)
    )
    assert found > default + 0.1
    # The same scorer rates the tuned model, by its scores.
    expected = sensitivity_at_specificity_score(
        y_test, tuned.predict_proba(X_test)[:, 1], specificity=0.8, pos_label="malignant"
    )
    assert scorer(tuned, X_test, y_test) == expected


def test_weights_reach_the_scorer(cancer):
    X, y = cancer
    weights = np.where(np.arange(len(y)) % 2, 3.0, 1.0)
    model = LogisticRegression().fit(X, y)
    scorer = make_sensitivity_at_specificity_scorer()
    score = model.decision_function(X)
    expected = sensitivity_at_specificity_score(y, score, sample_weight=weights)
    assert expected != sensitivity_at_specificity_score(y, score)
    assert scorer(model, X, y, sample_weight=weights) == expected
    with sklearn.config_context(enable_metadata_routing=True):
        routed = make_sensitivity_at_specificity_scorer().set_score_request(sample_weight=True)
        unweighted = LogisticRegression().set_fit_request(sample_weight=False)
        found = cross_val_score(unweighted, X, y, scoring=routed, params={"sample_weight": weights})
        plain = cross_val_score(model, X, y, scoring=scorer)
        tuned = TunedThresholdClassifierCV(unweighted, scoring=routed).fit(
            X, y, sample_weight=weights
        )
    assert (found != plain).any()
    assert 0 < tuned.best_score_ <= 1


def test_scorers_in_a_search_and_in_pickles(cancer):
    X, y = cancer
    scorer = pickle.loads(pickle.dumps(make_sensitivity_at_specificity_scorer(specificity=0.95)))
    search = GridSearchCV(LogisticRegression(), {"C": [1e-4, 1.0]}, scoring=scorer).fit(X, y)
    assert search.best_params_ == {"C": 1.0}
    assert repr(scorer) == "make_sensitivity_at_specificity_scorer(specificity=0.95)"


def test_several_classes_need_scores_of_one(few_digits):
    X, y = few_digits
    model = LogisticRegression(max_iter=200).fit(X, y)
    scorer = make_sensitivity_at_specificity_scorer(pos_label=8)
    score = model.decision_function(X)
    assert scorer(model, X, y) == sensitivity_at_specificity_score(y, score, pos_label=8)
