"""`CNNClassifier` inside everything scikit-learn has for ordinary classifiers."""

import functools
import os

import numpy as np
import pandas as pd
import pytest
import sklearn
from helpers import parametrize, same_state, tiny, version
from joblib import parallel_config
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skdl import CNNClassifier
from skdl.metrics import CLINICAL_SCORERS, make_clinical_scorer

MODEL = CNNClassifier(epochs=6, random_state=0)
QUICK = CNNClassifier(tiny, epochs=1, random_state=0)
SHAPES = {"flat": (-1, 64), "gray": (-1, 8, 8), "channels": (-1, 8, 8, 1)}
SHAPED = parametrize("shape", SHAPES.values(), exhaustive=[SHAPES["gray"]], ids=SHAPES)


@SHAPED
def test_cross_val_score(few_digits, shape):
    X, y = few_digits
    scores = cross_val_score(MODEL, X.reshape(shape), y, cv=3, error_score="raise")
    assert scores.mean() > 0.7
    again = cross_val_score(MODEL, X, y, cv=3)
    assert np.array_equal(scores, again)


@SHAPED
def test_cross_validate_returns_estimators(two_classes, shape):
    X, y = two_classes
    X = X.reshape(shape)
    results = cross_validate(
        MODEL, X, y, cv=2, scoring=CLINICAL_SCORERS, return_estimator=True, error_score="raise"
    )
    first, second = results["estimator"]
    assert not same_state(first, second)
    assert first.predict_proba(X).shape == (300, 2)
    assert (results["test_roc_auc"] > 0.7).all()


def test_pipeline_with_scaling(few_digits):
    X, y = few_digits
    model = make_pipeline(StandardScaler(), clone(MODEL))
    scores = cross_val_score(model, X, y, cv=3, error_score="raise")
    assert scores.mean() > 0.75
    fitted = model.fit(X, y)
    assert fitted[-1].value_range_ == "standardized"
    assert fitted.set_params(cnnclassifier__epochs=1)[-1].epochs == 1


def test_pipeline_hands_on_weights_and_frames(few_digits):
    X, y = few_digits
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    model = make_pipeline(MinMaxScaler().set_output(transform="pandas"), clone(QUICK))
    model.fit(frame, pd.Series(y), cnnclassifier__sample_weight=np.ones(len(y)))
    assert model[-1].feature_names_in_.tolist() == list(frame.columns)
    assert len(model.predict(frame)) == 300


def test_frames_like_those_of_fetch_openml(few_digits):
    """Integer pixels in a DataFrame, string labels in a categorical Series, some index."""
    X, y = few_digits
    rows = np.random.default_rng(0).permutation(len(y))
    frame = pd.DataFrame(X, columns=[f"pixel{i + 1}" for i in range(64)]).astype("int64").loc[rows]
    labels = pd.Series(y.astype(str), dtype="category", name="class").loc[rows]
    model = CNNClassifier(epochs=10, random_state=0)
    scores = cross_val_score(model, frame, labels, cv=3, error_score="raise")
    assert scores.mean() > 0.8
    assert set(model.fit(frame, labels).predict(frame)) <= set("0123456789")


GRID = {
    "optimizer__learning_rate": [0.001, 0.003],
    "architecture__dropout": [0.0, 0.5],
}


@SHAPED
@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_grid_search(few_digits, n_jobs, shape):
    X, y = few_digits
    X = X.reshape(shape)
    scoring = {"accuracy": "accuracy", "loss": "neg_log_loss"}
    search = GridSearchCV(
        MODEL, GRID, cv=2, scoring=scoring, refit="loss", n_jobs=n_jobs, error_score="raise"
    )
    expected = _grid_scores(2)
    # TensorFlow's sums are rounded by the number of its threads; with as many, they are the same.
    with parallel_config("loky", inner_max_num_threads=os.cpu_count()):
        search.fit(X, y)
    for name in scoring:
        assert np.array_equal(search.cv_results_[f"mean_test_{name}"], expected[name])
    search.fit(X, y)
    assert np.array_equal(search.cv_results_["mean_test_accuracy"], expected["accuracy"])
    np.testing.assert_allclose(search.cv_results_["mean_test_loss"], expected["loss"], rtol=1e-5)
    assert len(set(expected["loss"])) == 4
    assert search.best_estimator_.score(X, y) > 0.8


@functools.cache
def _grid_scores(cv):
    """The same scores without a search, from plain fits."""
    from sklearn.datasets import load_digits
    from sklearn.metrics import get_scorer
    from sklearn.model_selection import ParameterGrid, StratifiedKFold

    X, y = (a[:300] for a in load_digits(return_X_y=True))
    folds = list(StratifiedKFold(cv).split(X, y))
    scores = {"accuracy": [], "loss": []}
    for params in ParameterGrid(GRID):
        fits = [clone(MODEL).set_params(**params).fit(X[train], y[train]) for train, _ in folds]
        for name, scorer in (("accuracy", "accuracy"), ("loss", "neg_log_loss")):
            scores[name].append(
                np.mean(
                    [
                        get_scorer(scorer)(model, X[test], y[test])
                        for model, (_, test) in zip(fits, folds, strict=True)
                    ]
                )
            )
    return scores


@SHAPED
def test_randomized_search(few_digits, shape):
    X, y = few_digits
    space = {"optimizer": ["adam", "sgd"], "architecture__units": np.arange(4, 12)}
    search = RandomizedSearchCV(QUICK, space, n_iter=3, cv=2, random_state=0, error_score="raise")
    expected = clone(search).fit(X, y).cv_results_["mean_test_score"]
    found = search.fit(X.reshape(shape), y).cv_results_["mean_test_score"]
    assert np.array_equal(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_randomized_search_in_a_pipeline(few_digits, n_jobs):
    X, y = few_digits
    pipeline = Pipeline([("scale", StandardScaler()), ("cnn", QUICK)])
    space = {"cnn__optimizer": ["adam", "sgd", "rmsprop"], "cnn__architecture__units": [4, 8, 16]}
    search = RandomizedSearchCV(
        pipeline, space, n_iter=4, cv=2, n_jobs=n_jobs, random_state=0, error_score="raise"
    ).fit(X, y)
    reference = RandomizedSearchCV(pipeline, space, n_iter=4, cv=2, random_state=0).fit(X, y)
    assert np.array_equal(
        search.cv_results_["mean_test_score"], reference.cv_results_["mean_test_score"]
    )


def test_searching_architectures(few_digits):
    search = GridSearchCV(
        CNNClassifier(epochs=3, random_state=0),
        {"architecture": ["simple", tiny]},
        cv=2,
        error_score="raise",
    ).fit(*few_digits)
    assert search.best_params_["architecture"] == "simple"


@SHAPED
def test_halving_by_epochs(few_digits, shape):
    X, y = few_digits
    search = HalvingGridSearchCV(
        CNNClassifier(random_state=0),
        {"optimizer__learning_rate": [1e-5, 1e-3, 3e-3]},
        resource="epochs",
        min_resources=1,
        max_resources=9,
        cv=2,
        random_state=0,
        error_score="raise",
    ).fit(X.reshape(shape), y)
    assert search.n_resources_[0] == 1
    assert search.best_estimator_.n_iter_ == search.n_resources_[-1]
    assert search.best_params_["optimizer__learning_rate"] > 1e-5


@SHAPED
def test_learning_curve(few_digits, shape):
    X, y = few_digits
    X = X.reshape(shape)
    _, _, scores = learning_curve(
        MODEL, X, y, train_sizes=[0.2, 1.0], cv=3, shuffle=True, random_state=0, error_score="raise"
    )
    assert scores[1].mean() > scores[0].mean()


def test_validation_curve(few_digits):
    train_scores, _ = validation_curve(
        MODEL, *few_digits, param_name="epochs", param_range=[1, 8], cv=2, error_score="raise"
    )
    assert train_scores[1].mean() > train_scores[0].mean()


@SHAPED
@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibration(two_classes, method, shape):
    if method == "temperature" and version("scikit-learn") < (1, 8):
        pytest.skip("scikit-learn before 1.8 has no temperature scaling")
    X, y = two_classes
    X = X.reshape(shape)
    assert CalibratedClassifierCV(MODEL, method=method, cv=2).fit(X, y).score(X, y) > 0.8


@SHAPED
@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_voting(few_digits, shape, voting):
    X, y = few_digits
    model = VotingClassifier([("a", MODEL), ("b", QUICK)], voting=voting)
    assert model.fit(X.reshape(shape), y).predict(X.reshape(shape)).shape == (300,)


@SHAPED
def test_stacking(few_digits, shape):
    X, y = few_digits
    model = StackingClassifier(
        [("a", MODEL), ("b", QUICK)], LogisticRegression(max_iter=500), cv=2
    ).fit(X.reshape(shape), y)
    assert model.score(X.reshape(shape), y) > 0.7


@SHAPED
def test_one_vs_rest(few_digits, shape):
    X, y = few_digits
    X, rows = X.reshape(shape), y < 3
    model = OneVsRestClassifier(MODEL).fit(X[rows], y[rows])
    assert model.predict_proba(X[rows]).shape == (rows.sum(), 3)
    assert model.score(X[rows], y[rows]) > 0.7


def test_one_vs_one(few_digits):
    X, y = few_digits
    rows = y < 3
    assert OneVsOneClassifier(MODEL).fit(X[rows], y[rows]).score(X[rows], y[rows]) > 0.7


def test_bagging(few_digits):
    model = BaggingClassifier(MODEL, n_estimators=3, random_state=0).fit(*few_digits)
    assert model.score(*few_digits) > 0.7


@SHAPED
def test_tuned_threshold(two_classes, shape):
    X, y = two_classes
    X, labels = X.reshape(shape), np.where(y == 1, "eight", "other")
    tuned = TunedThresholdClassifierCV(
        MODEL,
        scoring=make_clinical_scorer("sensitivity", pos_label="eight"),
        cv=2,
        thresholds=[0.1, 0.5, 0.9],
    ).fit(X, labels)
    assert tuned.best_threshold_ == 0.1
    assert (tuned.predict(X)[y == 1] == "eight").mean() > 0.8


@SHAPED
def test_permutation_test(two_classes, shape):
    X, y = two_classes
    score, _, p_value = permutation_test_score(
        MODEL, X.reshape(shape), y, cv=2, n_permutations=4, random_state=0
    )
    assert score > 0.75
    assert p_value == pytest.approx(0.2)


def test_cross_val_predict(two_classes):
    X, y = two_classes
    probabilities = cross_val_predict(MODEL, X, y, cv=2, method="predict_proba")
    assert probabilities.shape == (300, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_permutation_importance(few_digits):
    X, y = few_digits
    result = permutation_importance(clone(MODEL).fit(X, y), X, y, n_repeats=1, random_state=0)
    assert result.importances_mean[0] == 0  # a corner pixel, black in every image


def test_column_transformer_and_reduction_before(few_digits):
    X, y = few_digits
    chosen = ColumnTransformer([("pca", PCA(9), slice(0, 64))])
    model = make_pipeline(chosen, CNNClassifier(tiny, epochs=20, random_state=0)).fit(X, y)
    assert model[-1].image_shape_ == (3, 3, 1)
    assert model.score(X, y) > 0.4


def test_metadata_routing_hands_validation_data_through_a_pipeline(few_digits):
    X, y = few_digits
    with sklearn.config_context(enable_metadata_routing=True):
        cnn = CNNClassifier(tiny, epochs=2, random_state=0).set_fit_request(
            X_val=True, y_val=True, sample_weight=True
        )
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = make_pipeline(scaler, cnn, transform_input=["X_val"])
        model.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:], sample_weight=np.ones(200))
        scaled = StandardScaler().fit(X[:200])
        direct = CNNClassifier(tiny, epochs=2, random_state=0).fit(
            scaled.transform(X[:200]), y[:200], X_val=scaled.transform(X[200:]), y_val=y[200:]
        )
    assert model[-1].history_ == direct.history_
    assert len(direct.history_["val_loss"]) == 2


def test_html(few_digits):
    html = make_pipeline(StandardScaler(), QUICK)._repr_html_()
    assert "CNNClassifier" in html
    assert "tiny" in html
