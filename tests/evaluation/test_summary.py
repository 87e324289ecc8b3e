"""Scores of all predictions together, and their intervals."""

import numpy as np
import pandas as pd
import pytest
from evaluation.classifiers import logistic
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import (
    RepeatedStratifiedKFold,
)

from skdl import evaluate
from skdl.evaluation import EvaluationWarning
from skdl.metrics import compare_models, confidence_interval


def test_summary(result):
    summary = result.summary()
    assert list(summary.columns[:5]) == ["model", "metric", "value", "low", "high"]
    assert len(summary) == 2 * len(result.metrics)
    assert (summary["low"] <= summary["value"]).all()
    assert (summary["value"] <= summary["high"]).all()
    methods = summary.set_index(["model", "metric"])["method"]["svc"]
    assert methods["sensitivity"] == "wilson"
    assert methods["roc_auc"] == "delong"
    assert methods["balanced_accuracy"] == "mover"
    mean = result.scores.query("model == 'svc' and metric == 'accuracy'")["value"].mean()
    accuracy = summary.query("model == 'svc' and metric == 'accuracy'")
    assert accuracy["fold_mean"].item() == mean
    pd.testing.assert_frame_equal(summary, result.summary())
    wide, narrow = result.summary(level=0.99), result.summary(level=0.5)
    assert (wide["high"] - wide["low"] > narrow["high"] - narrow["low"]).all()


def test_intervals_of_metrics_asked_for_by_name(cancer, result):
    whole = result.summary().query("model == 'ridge'").set_index("metric")
    scoring = {"auc": "roc_auc", "found": "sensitivity", "accuracy": "accuracy", "f1": "f1"}
    found = evaluate(RidgeClassifier(), *cancer, scoring=scoring).summary().set_index("metric")
    assert found["method"].tolist() == ["delong", "wilson", "wilson", "wilson"]
    for name, same in (("auc", "roc_auc"), ("found", "sensitivity"), ("accuracy", "accuracy")):
        assert (
            found.loc[name, ["low", "high"]].tolist() == whole.loc[same, ["low", "high"]].tolist()
        )


def test_summary_of_several_classes(digits):
    scoring = ["accuracy", "sensitivity", "npv", "f1_macro", "roc_auc_ovr", "neg_log_loss"]
    result = evaluate(logistic(), *digits, cv=3, scoring=scoring)
    found = result.summary(n_resamples=200).set_index("metric")
    methods = ["wilson", "mover", "mover", "mover", "delong", "bootstrap"]
    assert found["method"].tolist() == methods
    assert (found["low"] < found["value"]).all()
    assert (found["value"] < found["high"]).all()


def test_what_a_summary_says_of_missing_intervals(cancer):
    equal = DummyClassifier().fit(*cancer)
    found = evaluate(equal, *cancer, cv="prefit", scoring=["roc_auc", "accuracy"])
    summary = found.summary()
    assert "variance is 0" in summary["reason"][0]
    assert np.isnan(summary["low"][0])
    assert summary["reason"][1] == ""
    with pytest.raises(ValueError, match="n_resamples must be a whole number of at least 1. Got 0"):
        evaluate(logistic(), *cancer, cv=2).summary(n_resamples=0)


def test_repeated_folds(cancer):
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    found = evaluate(RidgeClassifier(), *cancer, cv=cv)
    assert len(found.predictions) == 2 * 569
    assert len(found.per_model("RidgeClassifier")) == 569
    summary = found.summary()
    assert summary["n_folds"].eq(6).all()
    assert summary["n_repeats"].eq(2).all()
    # Means over the repeats, each of which is an evaluation of its own.
    assert found.n_repeats("RidgeClassifier") == 2
    folds = list(cv.split(*cancer))
    alone = [
        evaluate(RidgeClassifier(), *cancer, cv=part).summary() for part in (folds[:3], folds[3:])
    ]
    assert (alone[0]["value"] != alone[1]["value"]).any()
    for name in ("value", "low", "high"):
        expected = (alone[0][name] + alone[1][name]) / 2
        np.testing.assert_allclose(summary[name], expected)
    second = found.per_model("RidgeClassifier", 1)
    assert sorted(second["row"]) == list(range(569))
    assert set(second["fold"]) == {3, 4, 5}
    with pytest.raises(ValueError, match="repeat must be a whole number from 0 to 1. Got 2"):
        found.per_model("RidgeClassifier", 2)


def test_a_perfect_score_has_no_interval_without_width():
    X, y = np.repeat([[0.0], [1.0]], 20, axis=0), np.repeat([0, 1], 20)
    with pytest.warns(EvaluationWarning, match="pixel for pixel"):
        found = evaluate(
            LogisticRegression(), X, y, cv=2, scoring=["roc_auc", "accuracy", "average_precision"]
        )
    summary = found.summary().set_index("metric")
    assert (summary["value"] == 1).all()
    for metric in ("roc_auc", "average_precision"):
        assert np.isnan(summary.loc[metric, "low"])
        assert "says nothing" in summary.loc[metric, "reason"]
    assert 0.8 < summary.loc["accuracy", "low"] < 1  # Wilson's


SCORING = ("accuracy", "sensitivity", "balanced_accuracy", "roc_auc", "neg_log_loss")


@pytest.fixture(scope="module")
def copies(cancer):
    """Three copies of every other image, each with its copies as a group."""
    X, y = (np.repeat(values[::2], 3, axis=0) for values in cancer)
    groups = np.repeat(np.arange(len(y) // 3), 3)
    models = {"logistic": logistic(), "other": logistic(C=0.01)}
    return evaluate(models, X, y, cv=3, groups=groups, scoring=list(SCORING))


class TestGroups:
    """Images of a patient are alike: intervals and tests know it."""

    @pytest.mark.slow
    def test_intervals_are_those_of_each_image_once(self, copies):
        found = copies.summary(n_resamples=200).query("model == 'logistic'").set_index("metric")
        table = copies.per_model("logistic")
        assert found["method"].tolist() == ["wilson", "wilson", "mover", "obuchowski", "bootstrap"]
        recorded = copies.recorded("logistic")
        groups = copies.groups[table["row"]]
        for name in SCORING[:4]:
            predicted = recorded.scores_of(1) if name == "roc_auc" else recorded.predicted
            expected = confidence_interval(name, table["y_true"], predicted, groups=groups)
            once = confidence_interval(name, table["y_true"][::3], predicted[::3])
            ends = found.loc[name, ["value", "low", "high"]].astype(float)
            np.testing.assert_allclose(ends, expected)
            np.testing.assert_allclose(expected, once, atol=0.003)

    def test_comparisons_too(self, copies):
        table = copies.per_model("other")
        predicted = {m: copies.recorded(m).predicted for m in ("logistic", "other")}
        expected = compare_models(table["y_true"], predicted, groups=copies.groups[table["row"]])
        found = copies.compare()
        for column in ("mcnemar_p", "accuracy_difference_low", "sensitivity_difference_high"):
            assert found[column].item() == expected[column].item()

    def test_few_groups_are_said_once(self, cancer):
        X, y = (values[:120] for values in cancer)
        result = evaluate(logistic(), X, y, cv=2, groups=np.arange(120) % 6, scoring="accuracy")
        with pytest.warns(UserWarning, match="There are only 6 groups") as caught:
            summary = result.summary()
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert summary["reason"].item() == ""

    def test_a_class_of_one_group_has_no_interval(self, cancer):
        X, y = (values[:90] for values in cancer)
        groups = np.where(y == 1, 0, np.arange(90) // 3 + 1)
        model = logistic().fit(*cancer)
        result = evaluate(model, X, y, cv="prefit", groups=groups, scoring=["sensitivity"])
        summary = result.summary()
        assert summary["value"].notna().item()
        assert summary["low"].isna().item()
        assert "No interval: All samples of class 1 belong to one group" in summary["reason"].item()
