"""Choosing the best of several models is paid for."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, TunedThresholdClassifierCV

from skdl import evaluate
from skdl._utils.cache import clear_caches
from skdl.evaluation import GroupHoldout
from skdl.evaluation._inner_folds import StratifiedGroupFolds


def searched(estimator, grid, **params):
    return GridSearchCV(estimator, grid, **{"scoring": "roc_auc", "cv": 3, **params})


class ByColumn(ClassifierMixin, BaseEstimator):
    """Learns nothing: how likely class 1 is stands in a column."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y):
        if np.isnan(X[:, self.column]).any():
            raise ValueError("NaN")
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, self.column], X[:, self.column]])

    def predict(self, X):
        return self.classes_[(X[:, self.column] > 0.5).astype(int)]


def of_column(column):
    return searched(ByColumn(), {"column": [column]}, cv=2)


@pytest.fixture(scope="module")
def useless():
    """Thirty models of noise."""
    X, y = np.random.default_rng(0).uniform(size=(80, 30)), np.arange(80) % 2
    models = {f"model {i}": of_column(i) for i in range(30)}
    return evaluate(models, X, y, scoring=["roc_auc", "accuracy"])


@pytest.mark.slow
def test_the_largest_of_many_useless_models_looks_good_and_the_best_does_not(useless):
    chosen = useless.choose()
    summary = chosen.summary().query("metric == 'roc_auc'").set_index("model")
    largest = summary.drop("best")["value"].max()
    best = summary.loc["best"]
    assert largest > 0.6
    assert best["low"] < 0.5 < best["high"]
    assert best["value"] < largest - 0.05


def test_each_fold_has_the_predictions_of_the_model_with_the_best_inner_score(useless):
    chosen = useless.choose("roc_auc", name="picked")
    inner = useless.choices.pivot_table(index="fold", columns="model", values="inner_score")
    said = chosen.choices.query("model == 'picked' and parameter == 'model'").set_index("fold")
    assert said["value"].to_dict() == inner.idxmax(axis=1).to_dict()
    np.testing.assert_array_equal(said["inner_score"], inner.max(axis=1))
    for fold, model in said["value"].items():
        of_fold = chosen.predictions[chosen.predictions["fold"] == fold]
        mine, its = (of_fold[of_fold["model"] == name] for name in ("picked", model))
        pd.testing.assert_frame_equal(
            mine.drop(columns="model").reset_index(drop=True),
            its.drop(columns="model").reset_index(drop=True),
        )
        scores = chosen.scores.query("fold == @fold and metric == 'roc_auc'").set_index("model")
        assert scores.loc["picked", "value"] == scores.loc[model, "value"]
        assert said.loc[fold, "outer_score"] == scores.loc[model, "value"]
    assert chosen.estimators["picked"] is useless.estimators[inner.mean().idxmax()]
    times = chosen.times.groupby("model")["fit_seconds"].sum()
    assert times["picked"] == pytest.approx(times.drop("picked").sum())
    assert useless.models[-1] == "model 29"  # which is as it was


def test_a_model_that_is_better_is_chosen_and_the_report_can_tell(useless, tmp_path):
    from skdl import report

    generator = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = generator.normal(size=(60, 4)) + y[:, None]
    majority = searched(DummyClassifier(), {"strategy": ["prior"]})
    models = {"majority": majority, "linear": searched(LogisticRegression(), {"C": [0.1, 1]})}
    result = evaluate(models, X, y, scoring=["roc_auc"]).choose()
    chosen = result.choices.query("model == 'best'")
    assert set(chosen["parameter"]) == {"model", "C"}
    assert set(chosen[chosen["parameter"] == "model"]["value"]) == {"linear"}
    pd.testing.assert_series_equal(
        result.per_model("best")["proba_1"], result.per_model("linear")["proba_1"]
    )
    text = report(result, X, y, tmp_path / "r.md", model="best").read_text(encoding="utf-8")
    assert "model = linear" in text


def test_a_model_that_failed_in_a_fold_is_not_chosen_there():
    generator = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = np.column_stack([y, generator.uniform(size=60)])
    X[:3, 0] = np.nan  # in the training data of the second fold
    models = {"good": of_column(0), "noise": of_column(1)}
    with pytest.warns(UserWarning, match="missing"):
        result = evaluate(models, X, y, cv=[(np.arange(10, 60), np.arange(10)),
                                            (np.arange(20), np.arange(20, 60))],
                          scoring=["roc_auc"])  # fmt: skip
    picked = result.choose().choices.query("model == 'best' and parameter == 'model'")["value"]
    assert picked.tolist() == ["good", "noise"]


def test_without_inner_scores_there_is_nothing_to_choose_by(useless):
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    result = evaluate(LogisticRegression(), X, y)
    with pytest.raises(ValueError, match=r"No model has an inner score 'accuracy' in fold 0.*Grid"):
        result.choose()
    with pytest.raises(ValueError, match="No model has an inner score 'f1'"):
        useless.choose("f1")
    with pytest.raises(ValueError, match="There already is a model 'model 3'"):
        useless.choose(name="model 3")


def test_a_holdout_keeps_groups_together_and_is_the_same_each_time():
    groups, y = np.repeat(np.arange(60), 3), np.repeat(np.arange(60) % 2, 3)
    splitter = GroupHoldout(0.25, random_state=1)
    ((train, test),) = splitter.split(y, y, groups)
    assert not set(groups[train]) & set(groups[test])
    assert len(train) + len(test) == 180
    assert 36 <= len(test) <= 54
    assert 0.3 < y[test].mean() < 0.7
    ((_, again),) = splitter.split(y, y, groups)
    np.testing.assert_array_equal(test, again)
    assert splitter.get_n_splits() == 1
    ((_, single),) = splitter.split(y, y)
    assert 44 <= len(single) <= 46
    with pytest.raises(ValueError, match="4 folds need at least 4 groups, and there are 2"):
        next(splitter.split(y, y, y))


def test_inner_folds_are_those_of_scikit_learn_and_computed_once(monkeypatch):
    drawn = np.random.default_rng(0)
    groups, y = (
        drawn.permutation(90).astype(str),
        np.array(["a", "b", "c"])[drawn.integers(0, 3, 90)],
    )
    expected = list(StratifiedGroupKFold(4, shuffle=True, random_state=3).split(y, y, groups))
    three = list(StratifiedGroupKFold(3).split(y, y, groups))
    split, n_splits = StratifiedGroupKFold._iter_test_indices, []

    def counted(self, *args):
        n_splits.append(self.n_splits)
        return split(self, *args)

    monkeypatch.setattr(StratifiedGroupKFold, "_iter_test_indices", counted)
    clear_caches()
    for _ in range(3):
        ((train, test),) = GroupHoldout(0.25, 3).split(y, y, groups)
        np.testing.assert_array_equal(train, expected[0][0])
        np.testing.assert_array_equal(test, expected[0][1])
        for found, wanted in zip(StratifiedGroupFolds(3).split(y, y, groups), three, strict=True):
            np.testing.assert_array_equal(found[0], wanted[0])
            np.testing.assert_array_equal(found[1], wanted[1])
    assert n_splits == [4, 3]
    ((_, other_seed),) = GroupHoldout(0.25, 4).split(y, y, groups)
    ((_, other_groups),) = GroupHoldout(0.25, 3).split(y, y, np.arange(90) // 2)
    ((_, other_classes),) = GroupHoldout(0.25, 3).split(y, np.roll(y, 1), groups)
    assert n_splits == [4, 3, 4, 4, 4]
    for other in (other_seed, other_groups, other_classes):
        assert set(other) != set(expected[0][1])


def test_folds_are_drawn_anew_where_each_time_has_its_own(monkeypatch):
    y, groups = np.repeat([0, 1], [37, 3]), np.arange(40)
    for _ in range(2):  # each time a warning
        with pytest.warns(UserWarning, match="The least populated class in y has only 3 members"):
            next(StratifiedGroupFolds(4).split(y, y, groups))
    y, splitter = np.repeat([0, 1], 20), GroupHoldout(0.25, np.random.RandomState(0))
    ((_, first),), ((_, second),) = splitter.split(y, y, groups), splitter.split(y, y, groups)
    assert set(first) != set(second)


def test_a_refitted_search_keeps_groups_together_and_names_nothing_private(tmp_path):
    import warnings

    import skdl

    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 3)
    y = groups % 2
    X = generator.normal(size=(60, 3)) + y[:, None]
    search = searched(LogisticRegression(), {"C": [0.1, 1]}, cv=2)
    tuned = TunedThresholdClassifierCV(search, cv=2)
    result = evaluate({"tuned": tuned}, X, y, groups=groups, cv=2, scoring=["roc_auc"])
    model = result.refit("tuned", X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        skdl.save(model, tmp_path / "model.skdl")
    assert "skdl" not in repr(model.get_params())
    with pytest.raises(ValueError, match="differs from the data of the evaluation"):
        result.refit("tuned", X[::-1], y)
    with pytest.raises(ValueError, match="no model 'tunde'"):
        result.refit("tunde", X, y)
