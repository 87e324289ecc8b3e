"""What an evaluation found, as tables."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from evaluation.classifiers import Odd, logistic
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import ShuffleSplit, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from skdl import EvaluationResult, evaluate


def test_predictions_belong_to_their_rows(cancer, result):
    X, y = cancer
    table = result.predictions
    assert len(table) == 2 * len(y)
    np.testing.assert_array_equal(table["y_true"], y[table["row"]])
    ridge = result.per_model("ridge")
    np.testing.assert_array_equal(ridge["row"], np.arange(len(y)))
    folds = StratifiedKFold().split(X, y)
    for number, (train, test) in enumerate(folds):
        fitted = RidgeClassifier().fit(X[train], y[train])
        rows = ridge[ridge["fold"] == number]
        np.testing.assert_array_equal(rows["row"], test)
        np.testing.assert_array_equal(rows["y_pred"], fitted.predict(X[test]))
        np.testing.assert_allclose(rows["decision"], fitted.decision_function(X[test]))


def test_times(result):
    assert len(result.times) == 2 * 5
    assert (result.times[["fit_seconds", "predict_seconds"]] > 0).all(axis=None)
    assert (result.times["n_train"] + result.times["n_test"] == 569).all()
    assert (result.times["n_cores"] == joblib.cpu_count()).all()


def test_draws_of_test_images_have_as_many_repeats_as_are_whole(cancer):
    cv = ShuffleSplit(20, test_size=0.5, random_state=0)
    found = evaluate(RidgeClassifier(), *cancer, cv=cv, scoring="accuracy")
    n = found.predictions["row"].value_counts().min()
    assert n > 1
    assert found.summary()["n_repeats"].item() == found.n_repeats("RidgeClassifier") == n
    assert all(len(found.per_model("RidgeClassifier", repeat)) == 569 for repeat in range(n))


def test_a_result_can_be_kept(result, tmp_path):
    joblib.dump(result, tmp_path / "result.joblib")
    loaded = joblib.load(tmp_path / "result.joblib")
    assert isinstance(loaded, EvaluationResult)
    pd.testing.assert_frame_equal(loaded.summary(), result.summary())
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(result)).scores, result.scores)


def test_a_model_that_always_fails_beside_others(cancer):
    models = {"odd": Odd("fails"), "ridge": RidgeClassifier()}
    with pytest.warns(UserWarning, match="no such luck"):
        found = evaluate(models, *cancer, scoring="accuracy")
    assert found.tested == ["ridge"]
    reasons = found.summary().set_index("model")["reason"]
    assert reasons["odd"] == "No fold has predictions."
    with pytest.raises(ValueError, match="two models with predictions. Got 1"):
        found.compare()


def test_a_test_set_of_one_class(cancer):
    X, y = cancer
    fitted = logistic().fit(X[:300], y[:300])
    with pytest.warns(UserWarning, match="are missing"):
        found = evaluate(fitted, X[300:][y[300:] == 1], y[300:][y[300:] == 1], cv="prefit")
    assert found.classes.tolist() == [0, 1]
    assert {"roc_auc", "specificity"} <= set(found.missing["metric"])
    summary = found.summary().set_index("metric")
    assert summary.loc["sensitivity", "value"] > 0.9
    assert np.isnan(summary.loc["specificity", "value"])
    several = (
        "^y and classes_ of 'Pipeline' hold labels of several kinds: the text '.' and the number"
    )
    with pytest.raises(ValueError, match=several):
        evaluate(fitted, X[300:], y[300:].astype(str), cv="prefit", scoring="accuracy")


def test_a_model_that_is_not_there(result):
    with pytest.raises(ValueError, match="no model 'forest'. The models are: .'ridge', 'svc'"):
        result.per_model("forest")
    with pytest.raises(ValueError, match="no model 'rigde'.* Did you mean 'ridge'?"):
        result.per_model("rigde")


def test_trees_have_areas(cancer):
    """Whose probabilities are 0 and 1, as labels are."""
    models = {"tree": DecisionTreeClassifier(random_state=0), "plain": logistic()}
    found = evaluate(models, *cancer, cv=3)
    row = found.compare().iloc[0]
    areas = found.summary().query("metric == 'roc_auc'").set_index("model")["value"]
    assert row["auc_a"] == pytest.approx(areas["tree"])
    assert row["reason"] == ""


def test_compare(result):
    (row,) = result.compare().to_dict("records")
    assert {row["model_a"], row["model_b"]} == {"ridge", "svc"}


@pytest.mark.parametrize("pos_label", [0, 1])
def test_compare_by_decision_values_and_labels(cancer, pos_label):
    """Decision values are those of the second class, whichever is the positive one."""
    models = {"ridge": RidgeClassifier(), "dummy": DummyClassifier(strategy="stratified")}
    models["logistic"] = logistic()
    found = evaluate(models, *cancer, pos_label=pos_label).compare()
    ridge = found.query("model_a == 'ridge' and model_b == 'logistic'")
    assert ridge["auc_a"].item() > 0.9
    assert ridge["auc_b"].item() > 0.9
    assert ridge["accuracy_a"].item() > 0.9
