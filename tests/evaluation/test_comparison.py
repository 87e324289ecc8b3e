"""The models of an evaluation compared."""

import pytest
from evaluation.classifiers import logistic
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.tree import DecisionTreeClassifier

from skdl import evaluate


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
