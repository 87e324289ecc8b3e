"""What estimators chose inside an evaluation."""

import numpy as np
import pandas as pd
import pytest
from evaluation.classifiers import logistic
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import evaluate

GRID = {"var_smoothing": [1e-9, 1e-1]}


def searched(**params):
    return GridSearchCV(GaussianNB(), GRID, **{"cv": 3, **params})


def test_each_fold_tells_what_it_chose(cancer):
    X, y = cancer
    search = searched(scoring="roc_auc")
    found = evaluate(search, X, y, cv=3, scoring="accuracy").choices
    assert found.columns.tolist() == [
        *("model", "fold", "parameter", "value", "metric", "inner_score", "outer_score")
    ]
    assert len(found) == 3
    for row, (train, test) in zip(found.itertuples(), StratifiedKFold(3).split(X, y), strict=True):
        fitted = clone(search).fit(X[train], y[train])
        area = roc_auc_score(y[test], fitted.predict_proba(X[test])[:, 1])
        assert row.parameter == "var_smoothing"
        assert row.value == fitted.best_params_["var_smoothing"]
        assert (row.metric, row.inner_score) == ("roc_auc", pytest.approx(fitted.best_score_))
        assert row.outer_score == pytest.approx(area)


@pytest.mark.parametrize(
    ("model", "parameters", "is_scored"),
    [
        (make_pipeline(StandardScaler(), searched()), {"gridsearchcv__var_smoothing"}, True),
        (TunedThresholdClassifierCV(GaussianNB(), cv=3), {"threshold"}, True),
        (
            GridSearchCV(
                TunedThresholdClassifierCV(GaussianNB(), cv=3),
                {"estimator__var_smoothing": [1e-9]},
                cv=3,
            ),
            {"estimator__var_smoothing", "estimator__threshold"},
            True,
        ),
        (StackingClassifier([("nb", searched())], cv=3), {"nb__var_smoothing"}, False),
        (
            CalibratedClassifierCV(searched(), cv=2),
            {"estimator[0]__var_smoothing", "estimator[1]__var_smoothing"},
            False,
        ),
        (RidgeClassifier(), set(), False),
        (logistic(), set(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_choices_at_any_depth(cancer, model, parameters, is_scored):
    found = evaluate(model, *cancer, cv=2, scoring="accuracy").choices
    assert set(found["parameter"]) == parameters
    assert found["inner_score"].notna().all()
    assert found["outer_score"].notna().eq(is_scored).all()


def test_checkpoints_keep_them(cancer, tmp_path):
    options = {"cv": 3, "scoring": "accuracy", "checkpoint": tmp_path}
    first = evaluate(searched(), *cancer, **options).choices
    again = evaluate(searched(), *cancer, **options).choices
    pd.testing.assert_frame_equal(first, again)


def test_values_of_any_kind(cancer, tmp_path):
    """Files of JSON hold numbers and text; anything else is kept as it is shown."""
    search = GridSearchCV(RidgeClassifier(), {"class_weight": [{0: 1, 1: 2}, {0: 2, 1: 1}]}, cv=2)
    found = evaluate(search, *cancer, cv=2, scoring="accuracy", checkpoint=tmp_path).choices
    assert set(found["value"]) <= {"{0: 1, 1: 2}", "{0: 2, 1: 1}"}


def test_scorers_that_may_look_into_the_model_are_not_called_outside(cancer):
    search = searched(scoring=lambda model, X, y: model.theta_.mean())
    found = evaluate(search, *cancer, cv=2, scoring="accuracy").choices
    assert found["inner_score"].notna().all()
    assert found["outer_score"].isna().all()


def test_of_several_metrics_the_one_that_decided_counts(cancer):
    search = searched(scoring=["accuracy", "roc_auc"], refit="roc_auc")
    found = evaluate(search, *cancer, cv=2, scoring="accuracy").choices
    assert set(found["metric"]) == {"roc_auc"}
    assert np.isfinite(found[["inner_score", "outer_score"]].to_numpy()).all()


class Halved:
    """A step of somebody's own, with no more than a pipeline asks for."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X / 2


@pytest.mark.parametrize("step", ["passthrough", None, Halved()], ids=["text", "none", "own"])
def test_steps_that_are_no_estimators_choose_nothing(few_digits, step):
    X, y = few_digits
    search = GridSearchCV(GaussianNB(), GRID, cv=2)
    result = evaluate(Pipeline([("step", step), ("search", search)]), X, y == 8, cv=2)
    assert result.choices["parameter"].tolist() == ["search__var_smoothing"] * 2
    assert result.missing.empty
