"""Evaluations of several labels, or several numbers, per image."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier

from skdl import CNNClassifier
from skdl.evaluation import (
    EvaluationResult,
    EvaluationWarning,
    MultilabelStratifiedKFold,
    MultioutputResult,
    RegressionResult,
    evaluate,
)


@pytest.fixture(scope="module")
def labels(digits):
    digit = digits[1]
    return pd.DataFrame(
        {"odd": digit % 2, "large": (digit > 4).astype(int), "eight": (digit == 8).astype(int)}
    )


@pytest.fixture(scope="module")
def result(digits, labels):
    models = {"knn": KNeighborsClassifier(), "forest": RandomForestClassifier(20, random_state=0)}
    return evaluate(models, digits[0], labels, subgroups={"half": np.arange(400) < 200})


def test_each_label_has_a_result_of_its_own(digits, labels, result):
    assert isinstance(result, MultioutputResult)
    assert result.outputs == list(result) == ["odd", "large", "eight"]
    folds = list(MultilabelStratifiedKFold(5).split(digits[0], labels))
    predicted = cross_val_predict(KNeighborsClassifier(), digits[0], labels.to_numpy(), cv=folds)
    for place, name in enumerate(labels):
        one = result[name]
        assert isinstance(one, EvaluationResult)
        assert one.positive == 1
        table = one.per_model("knn")
        np.testing.assert_array_equal(table["y_true"], labels[name])
        np.testing.assert_array_equal(table["y_pred"], predicted[:, place])
        found = one.summary().query("model == 'knn'").set_index("metric")["value"]
        sensitivity = recall_score(labels[name], table["y_pred"])
        np.testing.assert_allclose(found["sensitivity"], sensitivity)
        np.testing.assert_allclose(found["roc_auc"], roc_auc_score(labels[name], table["proba_1"]))


def test_tables_hold_all_outputs(result):
    assert result.scores.columns.tolist() == ["output", "model", "fold", "metric", "value"]
    assert len(result.scores) == 3 * len(result["odd"].scores)
    assert set(result.predictions["output"]) == set(result.outputs)
    assert result.missing.columns[0] == "output"
    assert len(result.times) == 10  # each model was fitted once per fold
    assert result.models == ["knn", "forest"]
    assert result.n_repeats("knn") == 1
    assert set(result.compare()["output"]) == set(result.outputs)
    assert len(result.subgroups(["sensitivity"])) == 3 * 2 * 2


def test_means_over_labels_and_whole_label_sets(labels, result):
    summary = result.summary()
    one = summary.query("metric == 'sensitivity' and model == 'knn'").set_index("output")
    for column in ("value", "low", "high"):
        np.testing.assert_allclose(one.loc["mean", column], one.loc[result.outputs, column].mean())
    row = summary.query("output == 'all' and model == 'forest'").iloc[0]
    predicted = np.column_stack([result[name].per_model("forest")["y_pred"] for name in labels])
    np.testing.assert_allclose(row["value"], accuracy_score(labels, predicted))
    assert row["low"] < row["value"] < row["high"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: MultiOutputClassifier(LogisticRegression(max_iter=500)),
        lambda: ClassifierChain(LogisticRegression(max_iter=500), order=[1, 0, 2]),
        lambda: GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5]}, cv=2),
        lambda: CNNClassifier(epochs=1, random_state=0),
    ],
)
def test_probabilities_of_any_multilabel_classifier(digits, labels, make):
    X = digits[0] / 16
    found = evaluate(make(), X, labels, cv=2, groups=np.arange(400) // 2, scoring="roc_auc")
    assert found.missing.empty
    (model,) = found.models
    estimator = make().fit(X, labels.to_numpy())
    values = estimator.predict_proba(X)
    for place, name in enumerate(labels):
        table = found[name].per_model(model)
        assert table[["proba_0", "proba_1"]].to_numpy().sum(axis=1) == pytest.approx(1)
        own = values[place][:, 1] if isinstance(values, list) else values[:, place]
        # Those of the label, not of another: they follow a model fitted to all images.
        assert np.corrcoef(own, table["proba_1"])[0, 1] > 0.3


@pytest.mark.parametrize("form", ["array", "lists", "sparse"])
def test_forms_of_y(digits, labels, form):
    y = labels.to_numpy()
    given = {"array": y, "lists": y.tolist(), "sparse": csr_array(y)}[form]
    found = evaluate(KNeighborsClassifier(), digits[0], given, cv=3, scoring="accuracy")
    assert found.outputs == [0, 1, 2]
    reference = evaluate(KNeighborsClassifier(), digits[0], labels, cv=3, scoring="accuracy")
    np.testing.assert_array_equal(found.scores["value"], reference.scores["value"])


def test_a_label_that_is_never_set(digits, labels):
    never = labels.assign(never=0)
    with pytest.warns(EvaluationWarning, match="scores are missing"):
        found = evaluate(KNeighborsClassifier(), digits[0], never, cv=3)
    assert set(found.missing["output"]) == {"never"}
    summary = found.summary()
    mean = summary.query("output == 'mean' and metric == 'sensitivity'").iloc[0]
    assert np.isnan(mean["value"])
    assert mean["reason"] == "Labels without this score: 1."


def test_groups_are_joined_for_each_label(digits, labels):
    patients = np.arange(400) // 2
    found = evaluate(KNeighborsClassifier(), digits[0], labels, groups=patients).by_group("max")
    assert isinstance(found, MultioutputResult)
    truth = labels["odd"].groupby(patients).max()
    np.testing.assert_array_equal(found["odd"].per_model("KNeighborsClassifier")["y_true"], truth)


def test_several_numbers(digits):
    X, digit = digits
    Y = np.column_stack([digit, X.sum(axis=1)])
    found = evaluate(Ridge(), X, Y)
    assert found.outputs == [0, 1]
    assert isinstance(found[1], RegressionResult)
    alone = evaluate(Ridge(), X, Y[:, 1])
    np.testing.assert_allclose(found[1].summary()["value"], alone.summary()["value"])
    assert set(found.summary()["output"]) == {0, 1}


def test_a_checkpoint_is_taken_up(digits, labels, tmp_path):
    first = evaluate(KNeighborsClassifier(), digits[0], labels, checkpoint=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = evaluate(KNeighborsClassifier(), digits[0], labels, checkpoint=tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    pd.testing.assert_frame_equal(first.predictions, second.predictions)


def test_a_result_can_be_pickled_and_shown(result):
    copy = pickle.loads(pickle.dumps(result))
    pd.testing.assert_frame_equal(copy.scores, result.scores)
    assert repr(result) == "<MultioutputResult of 3 labels: ['odd', 'large', 'eight']; knn, forest>"
    assert "times" in dir(result)
    with pytest.raises(KeyError, match="no output 'small'"):
        result["small"]
    with pytest.raises(AttributeError, match="has no attribute 'positive'"):
        _ = result.positive


def test_one_hot_classes_are_warned_of(digits):
    with pytest.warns(EvaluationWarning, match="exactly one label set"):
        evaluate(KNeighborsClassifier(), digits[0], np.eye(10, dtype=int)[digits[1]], cv=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.full((400, 2), 2)}, "should hold 0 and 1 only"),
        ({"y": np.zeros((399, 2), int)}, "X has 400 images, and y has 399 rows"),
        ({"pos_label": 1}, "pos_label=1 names a class, but y holds several labels"),
        ({"scoring": lambda estimator, X, y: 1.0}, "needs the estimator, but y has several"),
        ({"scoring": "r2"}, "'r2' scores numbers"),
    ],
)
def test_bad_input(digits, labels, change, message):
    settings = {"y": labels, **change}
    with pytest.raises(ValueError, match=message):
        evaluate(KNeighborsClassifier(), digits[0], **settings)


def test_columns_of_one_name(digits):
    twice = pd.DataFrame(np.ones((400, 2), int), columns=["a", "a"])
    with pytest.raises(ValueError, match="Several columns of y have the same name"):
        evaluate(KNeighborsClassifier(), digits[0], twice)


class TestFolds:
    """Folds stratified by several labels."""

    def test_each_fold_has_its_share_of_each_label(self):
        generator = np.random.default_rng(0)
        Y = (generator.random((500, 6)) < [0.5, 0.3, 0.2, 0.1, 0.05, 0.02]).astype(int)
        folds = list(MultilabelStratifiedKFold(5).split(np.zeros((500, 1)), Y))
        tests = np.concatenate([test for _, test in folds])
        assert sorted(tests.tolist()) == list(range(500))
        for train, test in folds:
            assert len(test) == 100
            assert not np.intersect1d(train, test).size
            assert np.abs(Y[test].sum(axis=0) - Y.sum(axis=0) / 5).max() <= 3
            assert Y[test].sum(axis=0).min() >= 1

    def test_groups_stay_together(self):
        generator = np.random.default_rng(0)
        Y = (generator.random((300, 3)) < 0.3).astype(int)
        groups = generator.integers(0, 60, 300)
        folds = list(MultilabelStratifiedKFold(5).split(np.zeros((300, 1)), Y, groups))
        for train, test in folds:
            assert not np.intersect1d(groups[train], groups[test]).size
            assert 45 <= len(test) <= 75
            assert np.abs(Y[test].mean(axis=0) - Y.mean(axis=0)).max() < 0.1

    def test_the_seed_decides_among_equals(self):
        Y = np.tile([[0, 1], [1, 0]], (20, 1))
        one, again, other = (
            [test.tolist() for _, test in MultilabelStratifiedKFold(4, random_state=s).split(Y, Y)]
            for s in (0, 0, 1)
        )
        assert one == again != other

    def test_a_search_takes_them(self, digits, labels):
        search = GridSearchCV(
            KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=MultilabelStratifiedKFold(3)
        )
        assert search.fit(digits[0], labels).n_splits_ == 3

    @pytest.mark.parametrize(
        ("n_splits", "y", "groups", "message"),
        [
            (1, np.eye(4, dtype=int), None, "n_splits"),
            (5, np.eye(4, dtype=int), None, "n_splits=5 is more than the number of rows, 4"),
            (3, np.eye(4, dtype=int), [0, 0, 1, 1], "3 folds need at least 3 groups"),
            (2, [0, 1, 1, 0], None, r"must be of shape \(n, n_labels\).*use StratifiedKFold"),
            (2, [[0, 2], [1, 1]], None, "should hold 0 and 1 only"),
        ],
    )
    def test_bad_input(self, n_splits, y, groups, message):
        with pytest.raises(ValueError, match=message):
            list(MultilabelStratifiedKFold(n_splits).split(np.zeros((4, 1)), y, groups))

    def test_rare_labels_are_warned_of(self):
        Y = np.column_stack([np.arange(20) % 2, np.arange(20) < 2])
        with pytest.warns(UserWarning, match="Label 1 is set in 2 images, fewer than n_splits=5"):
            list(MultilabelStratifiedKFold(5).split(Y, Y))
