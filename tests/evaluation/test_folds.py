"""One fold: what is fitted, what it predicts, and what fails."""

import numpy as np
import pytest
from evaluation.classifiers import Odd, logistic
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import (
    KFold,
)
from sklearn.svm import SVC

from skdl import evaluate
from skdl.evaluation import EvaluationWarning


def test_decisions_of_pairs_are_no_decisions_of_classes():
    X, y = load_digits(n_class=3, return_X_y=True)
    models = {kind: SVC(decision_function_shape=kind) for kind in ("ovo", "ovr")}
    found = evaluate(models, X[:200], y[:200], cv=2, scoring="accuracy")
    assert found.recorded("ovo").confidence is None
    assert found.recorded("ovr").confidence.min() > 0


def test_a_fold_with_one_class(cancer):
    X, y = cancer
    order = np.argsort(y, kind="stable")
    with pytest.warns(UserWarning, match="are missing"):
        found = evaluate(RidgeClassifier(), X[order], y[order], cv=KFold(5))
    missing = found.missing.set_index("metric")["reason"]
    assert "one class" in missing["roc_auc"].iloc[0]
    assert set(missing.index) >= {"roc_auc", "sensitivity", "specificity"}
    accuracy = found.scores.query("metric == 'accuracy'")["value"]
    assert accuracy.notna().all()


def test_a_class_that_was_not_seen_in_training(digits):
    X, y = digits
    train, test = np.flatnonzero(y != 3), np.flatnonzero(y == 3)
    folds = [(train, np.r_[test, train[:50]]), (np.arange(200), np.arange(200, 400))]
    with pytest.warns(UserWarning, match="are missing"):
        found = evaluate(logistic(), X, y, cv=folds)
    assert "roc_auc" in set(found.missing.query("fold == 0")["metric"])
    rows = found.predictions.query("fold == 0")
    assert (rows["proba_3"] == 0).all()
    np.testing.assert_allclose(rows.filter(like="proba_").sum(axis=1), 1)
    assert found.scores.query("fold == 0 and metric == 'accuracy'")["value"].notna().all()


def test_labels_alone(cancer):
    with pytest.warns(UserWarning, match="are missing"):
        found = evaluate(Odd(), *cancer)
    assert set(found.missing["metric"]) == {"roc_auc"}
    assert "predict_proba" in found.missing["reason"].iloc[0]
    summary = found.summary().set_index("metric")
    assert np.isnan(summary.loc["roc_auc", "value"])
    assert "predict_proba" in summary.loc["roc_auc", "reason"]
    assert summary.loc["accuracy", "value"] > 0


def test_probabilities_that_do_not_match_the_classes(cancer):
    with pytest.warns(UserWarning, match=r"shape \(114, 3\).*114 images and 2 classes"):
        found = evaluate({"odd": Odd("too wide"), "ridge": RidgeClassifier()}, *cancer)
    assert set(found.missing["model"]) == {"odd"}
    assert set(found.missing["metric"]) == {"roc_auc"}  # labels are as good as before
    odd = found.scores.query("model == 'odd' and metric == 'accuracy'")
    assert (
        odd["value"].tolist()
        == found.predictions.query("model == 'odd'")
        .groupby("fold")
        .apply(lambda table: (table["y_true"] == table["y_pred"]).mean())
        .tolist()
    )


@pytest.mark.parametrize(
    ("predicted", "message"),
    [(np.zeros((10, 2)), "1d array"), (np.zeros(3, dtype=int), "inconsistent numbers of samples")],
)
def test_predictions_of_a_wrong_shape(cancer, predicted, message):
    class Wrong(RidgeClassifier):
        def predict(self, X):
            return predicted

    with pytest.warns(EvaluationWarning, match=message):
        found = evaluate({"wrong": Wrong(), "ridge": RidgeClassifier()}, *cancer, cv=3)
    assert set(found.missing["model"]) == {"wrong"}
    assert found.tested == ["ridge"]


def test_a_fit_that_fails(cancer):
    with pytest.warns(UserWarning, match="RuntimeError: no such luck"):
        found = evaluate(Odd("fails once"), *cancer, scoring="accuracy")
    assert 0 < len(found.missing) < 5
    assert len(found.predictions) < 569
    with pytest.raises(ValueError, match=r"Every fold failed \(5 in all\).*no such luck"):
        evaluate(Odd("fails"), *cancer)


def test_empty_folds(cancer):
    rows = np.arange(569)
    folds = [(rows[:300], rows[300:]), (rows, rows[:0]), (rows[:0], rows)]
    with pytest.warns(UserWarning, match="has no test images"):
        found = evaluate(RidgeClassifier(), *cancer, cv=folds, scoring="accuracy")
    assert found.missing["fold"].tolist() == [1, 2]
    assert "no training images" in found.missing["reason"].iloc[1]
