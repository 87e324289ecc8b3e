"""Scorers of the clinical scores, in cross-validation, searches and thresholds."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
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
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.metrics import (
    CLINICAL_SCORERS,
    geometric_mean_score,
    geometric_mean_scorer,
    make_clinical_scorer,
    negative_likelihood_ratio,
    negative_likelihood_ratio_scorer,
    npv_score,
    npv_scorer,
    positive_likelihood_ratio,
    positive_likelihood_ratio_scorer,
    ppv_score,
    ppv_scorer,
    sensitivity_at_specificity_score,
    sensitivity_score,
    sensitivity_scorer,
    specificity_at_sensitivity_score,
    specificity_score,
    specificity_scorer,
)

FUNCTIONS = {
    "sensitivity": sensitivity_score,
    "specificity": specificity_score,
    "ppv": ppv_score,
    "npv": npv_score,
    "geometric_mean": geometric_mean_score,
    "positive_likelihood_ratio": positive_likelihood_ratio,
    "negative_likelihood_ratio": negative_likelihood_ratio,
}
READY = {
    sensitivity_scorer: sensitivity_score,
    specificity_scorer: specificity_score,
    ppv_scorer: ppv_score,
    npv_scorer: npv_score,
    geometric_mean_scorer: geometric_mean_score,
    positive_likelihood_ratio_scorer: positive_likelihood_ratio,
    negative_likelihood_ratio_scorer: negative_likelihood_ratio,
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


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X, y, np.where(y == 0, "malignant", "benign")


@pytest.fixture(scope="module")
def weak():
    """Three features that tell malignant samples not too well; malignant is 1."""
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, 4:7] * [100, 10, 10], 1 - y


@pytest.mark.parametrize("name", FUNCTIONS)
def test_scorers_with_a_positive_class(fitted, name):
    model, X, names = fitted
    score = FUNCTIONS[name]
    expected = score(names, model.predict(X), pos_label="malignant")
    assert np.isfinite(expected)
    assert (
        make_clinical_scorer(name, pos_label="malignant")(model, X, names) == sign(score) * expected
    )
    with pytest.raises(ValueError, match="cannot be guessed"):
        make_clinical_scorer(name)(model, X, names)


class Given(ClassifierMixin, BaseEstimator):
    """A classifier of three classes that predicts what it is given."""

    classes_ = np.arange(3)

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.asarray(X)


@pytest.mark.parametrize("scorer", READY)
@pytest.mark.parametrize("predicted", [[0, 0, 1, 1, 0], [0, 0, 2, 1, 0]])
def test_scorers_go_by_the_classes_of_the_estimator(scorer, predicted):
    """A fold that holds two of three classes is no binary problem."""
    true, score = [0, 0, 0, 1, 1], READY[scorer]
    average = "multiclass" if score is geometric_mean_score else "macro"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        found = scorer(Given(), predicted, true)
        expected = score(true, predicted, average=average)
        if average == "macro" and 2 not in predicted:
            assert expected != score(true, predicted)
    assert found == sign(score) * expected
    assert score.__name__ in repr(scorer)


def test_scorers_of_fitted_models_go_by_their_classes(few_digits):
    """A fold that holds two of three classes is no binary problem."""
    X, y = few_digits
    model = LogisticRegression(max_iter=200).fit(X[y < 3], y[y < 3])
    rows = y < 2
    expected = sensitivity_score(y[rows], model.predict(X[rows]), average="macro")
    assert sensitivity_scorer(model, X[rows], y[rows]) == expected
    assert "sensitivity_score" in repr(sensitivity_scorer)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_scorer_settings_reach_the_score(name):
    scorer = make_clinical_scorer(name, average="weighted", zero_division=1.0)
    assert scorer._kwargs == {"average": "weighted", "zero_division": 1.0}


@pytest.mark.parametrize(
    ("score", "settings", "message"),
    [
        ("sensitivty", {}, "score must be one of 'geometric_mean', .* Did you mean 'sensitivity'?"),
        ("accuracy", {}, "score must be one of .*'sensitivity_at_specificity'.* Got 'accuracy'"),
        (sensitivity_score, {}, "score must be one of"),
        ("f1", {}, "score must be one of"),
        *[(name, {"average": None}, "average must be one of .* Got None") for name in FUNCTIONS],
        ("ppv", {"average": "micro"}, "average must be one of 'auto', 'binary', .* Got 'micro'"),
        ("ppv", {"average": "multiclass"}, "average must be one of .* Got 'multiclass'"),
        ("npv", {"zero_division": 2}, "zero_division must be 'warn', 0.0, 1.0 or np.nan. Got 2"),
        ("positive_likelihood_ratio", {"zero_division": -1}, "zero_division must be 'warn', a num"),
        (
            "sensitivity",
            {"specificity": 0.9},
            "specificity is not a parameter of the score 'sensitiv",
        ),
        (
            "sensitivity_at_specificity",
            {"sensitivity": 0.9},
            "whose parameters are pos_label, specificity",
        ),
        (
            "sensitivity_at_specificity",
            {"average": "macro"},
            "average is not a parameter of the scor",
        ),
        (
            "specificity_at_sensitivity",
            {"zero_division": 0.0},
            "zero_division is not a parameter of",
        ),
        ("sensitivity_at_specificity", {"specificity": True}, "specificity must be a finite numbe"),
    ],
)
def test_bad_input(score, settings, message):
    with pytest.raises(ValueError, match=message):
        make_clinical_scorer(score, **settings)


def test_scorers_in_a_search():
    X, y = load_breast_cancer(return_X_y=True)
    scoring = {
        "ppv": ppv_scorer,
        "npv": npv_scorer,
        "mean": geometric_mean_scorer,
        "positive": make_clinical_scorer("positive_likelihood_ratio", zero_division=1.0),
        "negative": negative_likelihood_ratio_scorer,
    }
    scores = cross_validate(LogisticRegression(), X[:, :3], y, scoring=scoring)
    assert scores["test_ppv"].min() > 0.8
    assert scores["test_npv"].min() > 0.8
    assert scores["test_mean"].min() > 0.8
    assert scores["test_positive"].min() > 3
    assert scores["test_negative"].min() < 0 < 1 + scores["test_negative"].min()
    # The greater, the better: a smaller ratio is chosen.
    scorer = make_clinical_scorer("negative_likelihood_ratio", zero_division=1.0)
    search = GridSearchCV(LogisticRegression(), {"C": [1e-6, 1.0]}, scoring=scorer)
    search.fit(X[:, 4:7], y)
    assert search.best_params_ == {"C": 1.0}
    assert search.best_score_ > search.cv_results_["mean_test_score"][0] == -1


def test_scorers_in_cross_validation(cancer):
    X, y, names = cancer
    model = make_pipeline(StandardScaler(), LogisticRegression())
    by_number = cross_validate(
        model,
        X,
        1 - y,
        scoring={"sensitivity": sensitivity_scorer, "specificity": specificity_scorer},
    )
    by_name = cross_validate(
        model,
        X,
        names,
        scoring={
            "sensitivity": make_clinical_scorer("sensitivity", pos_label="malignant"),
            "specificity": make_clinical_scorer("specificity", pos_label="malignant"),
        },
    )
    for key in ("test_sensitivity", "test_specificity"):
        assert by_number[key].mean() > 0.9
        np.testing.assert_allclose(by_number[key], by_name[key])


@pytest.mark.parametrize("model", [LogisticRegression(), RidgeClassifier()])
def test_clinical_scorers_in_a_search(cancer, model):
    X, y, _ = cancer
    grid = {"alpha": [0.1, 1.0]} if isinstance(model, RidgeClassifier) else {"C": [0.1, 1.0]}
    search = GridSearchCV(
        model, grid, scoring=CLINICAL_SCORERS, refit="sensitivity", error_score="raise"
    ).fit(StandardScaler().fit_transform(X), y)
    for name in ("sensitivity", "specificity", "balanced_accuracy", "roc_auc"):
        assert (search.cv_results_[f"mean_test_{name}"] > 0.85).all()


def test_clinical_scorers_with_many_classes(few_digits):
    model = LogisticRegression(max_iter=200)
    scores = cross_validate(model, *few_digits, scoring=CLINICAL_SCORERS, error_score="raise")
    assert scores["test_specificity"].mean() > scores["test_sensitivity"].mean() > 0.8
    assert scores["test_roc_auc"].mean() > 0.95


@pytest.mark.parametrize("bound", [-0.1, 1.1, np.nan])
def test_bounds_of_points(bound):
    with pytest.raises(ValueError, match="specificity must be a finite number from 0 to 1"):
        make_clinical_scorer("sensitivity_at_specificity", specificity=bound)
    with pytest.raises(ValueError, match="sensitivity must be a finite number from 0 to 1"):
        make_clinical_scorer("specificity_at_sensitivity", sensitivity=bound)


@pytest.mark.parametrize("model", [LogisticRegression(), RidgeClassifier()])
def test_points_in_cross_validation(weak, model):
    X, y = weak
    names = np.where(y, "malignant", "benign")
    scoring = {
        "sensitivity": make_clinical_scorer("sensitivity_at_specificity", specificity=0.95),
        "specificity": make_clinical_scorer("specificity_at_sensitivity", sensitivity=0.95),
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
    scorer = make_clinical_scorer(
        "sensitivity_at_specificity", specificity=0.95, pos_label="benign"
    )
    exchanged = make_clinical_scorer("sensitivity_at_specificity", specificity=0.95, pos_label=0)
    by_name = cross_val_score(model, X, names, scoring=scorer)
    np.testing.assert_array_equal(by_name, cross_val_score(model, X, y, scoring=exchanged))


@pytest.mark.parametrize("bound", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("pos_label", [1, 0])
def test_the_threshold_is_the_best_that_is_specific_enough(weak, bound, pos_label):
    """On the samples that it was chosen on, among the thresholds that were tried."""
    X, y = weak
    model = LogisticRegression().fit(X, y)
    column = list(model.classes_).index(pos_label)
    score = model.predict_proba(X)[:, column]
    true = (y == pos_label).astype(int)
    tried = np.unique(score)
    tuned = TunedThresholdClassifierCV(
        model,
        scoring=make_clinical_scorer(
            "sensitivity_at_specificity", specificity=bound, pos_label=pos_label
        ),
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
        scoring=make_clinical_scorer(
            "specificity_at_sensitivity", sensitivity=bound, pos_label=pos_label
        )
    ).fit(X, y)
    expected = specificity_at_sensitivity_score(true, score, sensitivity=bound)
    predicted = tuned.predict(X)
    assert specificity_score(y, predicted, pos_label=pos_label) == pytest.approx(expected)
    assert sensitivity_score(y, predicted, pos_label=pos_label) >= bound - 1e-9


def test_the_most_specific_threshold_where_none_is_specific_enough(weak):
    X, y = weak
    model = LogisticRegression().fit(X, y)
    tried = [0.05, 0.1, 0.2]  # all of them with many false positives
    tuned = TunedThresholdClassifierCV(
        model,
        scoring=make_clinical_scorer("sensitivity_at_specificity", specificity=0.99),
        thresholds=tried,
        cv="prefit",
        refit=False,
    ).fit(X, y)
    assert tuned.best_threshold_ == 0.2
    assert tuned.best_score_ == pytest.approx(specificity_score(y, tuned.predict(X)) - 0.99)
    assert tuned.best_score_ < 0


def test_a_threshold_chosen_by_cross_validation_holds_on_other_samples(weak):
    X, y = weak
    names = np.where(y, "malignant", "benign")
    X_train, X_test, y_train, y_test = train_test_split(X, names, stratify=names, random_state=0)
    scorer = make_clinical_scorer(
        "sensitivity_at_specificity", specificity=0.8, pos_label="malignant"
    )
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


def test_weights_reach_the_scorer(weak):
    X, y = weak
    weights = np.where(np.arange(len(y)) % 2, 3.0, 1.0)
    model = LogisticRegression().fit(X, y)
    scorer = make_clinical_scorer("sensitivity_at_specificity")
    score = model.decision_function(X)
    expected = sensitivity_at_specificity_score(y, score, sample_weight=weights)
    assert expected != sensitivity_at_specificity_score(y, score)
    assert scorer(model, X, y, sample_weight=weights) == expected
    with sklearn.config_context(enable_metadata_routing=True):
        routed = make_clinical_scorer("sensitivity_at_specificity").set_score_request(
            sample_weight=True
        )
        unweighted = LogisticRegression().set_fit_request(sample_weight=False)
        found = cross_val_score(unweighted, X, y, scoring=routed, params={"sample_weight": weights})
        plain = cross_val_score(model, X, y, scoring=scorer, params={})
        tuned = TunedThresholdClassifierCV(unweighted, scoring=routed).fit(
            X, y, sample_weight=weights
        )
    assert (found != plain).any()
    assert 0 < tuned.best_score_ <= 1


def test_points_in_a_search_and_in_pickles(weak):
    X, y = weak
    scorer = pickle.loads(
        pickle.dumps(make_clinical_scorer("sensitivity_at_specificity", specificity=0.95))
    )
    search = GridSearchCV(LogisticRegression(), {"C": [1e-4, 1.0]}, scoring=scorer).fit(X, y)
    assert search.best_params_ == {"C": 1.0}
    assert repr(scorer) == "make_clinical_scorer('sensitivity_at_specificity', specificity=0.95)"


def test_several_classes_need_scores_of_one(few_digits):
    X, y = few_digits
    model = LogisticRegression(max_iter=200).fit(X, y)
    scorer = make_clinical_scorer("sensitivity_at_specificity", pos_label=8)
    score = model.decision_function(X)
    assert scorer(model, X, y) == sensitivity_at_specificity_score(y, score, pos_label=8)
