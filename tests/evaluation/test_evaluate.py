"""Cross-validation that keeps everything."""

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from evaluation.classifiers import logistic
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LinearRegression, RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from skdl import CNNClassifier, evaluate
from skdl.evaluation import EvaluationWarning


def test_scores_of_networks_are_those_of_scikit_learn(digits):
    X, y = digits
    model = CNNClassifier(epochs=2, random_state=0)
    found = evaluate(model, X, y, cv=2, scoring="accuracy")
    expected = cross_validate(model, X, y, cv=2)["test_score"]
    np.testing.assert_array_equal(found.scores["value"], expected)
    assert found.models == ["CNNClassifier"]
    assert len(found.histories["CNNClassifier", 0]["loss"]) == 2
    assert [c for c in found.predictions if c.startswith("proba_")] == [
        f"proba_{digit}" for digit in range(10)
    ]


def test_folds_are_equal_for_all_models(cancer):
    cv = ShuffleSplit(3, test_size=0.2)  # without a seed
    found = evaluate({"a": RidgeClassifier(), "b": RidgeClassifier()}, *cancer, cv=cv)
    rows = {model: found.predictions.query("model == @model") for model in "ab"}
    np.testing.assert_array_equal(rows["a"]["row"], rows["b"]["row"])


def test_fitted_estimators_know_more_classes_than_the_labels(cancer):
    X, y = load_digits(n_class=3, return_X_y=True)
    names = np.array(["a", "b", "c"])[y]
    fitted = logistic().fit(X[:200], names[:200])
    kept = y[200:] < 2
    with pytest.warns(EvaluationWarning, match="are missing"):
        found = evaluate(fitted, X[200:][kept], names[200:][kept], cv="prefit")
    assert found.scores.query("metric == 'accuracy'")["value"].item() > 0.8
    # Labels that are equal, and of another type.
    X, y = cancer
    found = evaluate(logistic().fit(X, y), X, y == 1, cv="prefit", scoring=["roc_auc"])
    assert found.scores["value"].item() > 0.9


def test_estimators_that_predict_only_once_they_are_fitted(cancer):
    model = StackingClassifier([("ridge", RidgeClassifier())])
    assert not hasattr(model, "predict")
    assert evaluate(model, *cancer, cv=2, scoring="accuracy").missing.empty


def test_fitted_estimators(cancer):
    X, y = cancer
    fitted = logistic().fit(X[:300], y[:300])
    found = evaluate(fitted, X[300:], y[300:], cv="prefit")
    np.testing.assert_array_equal(found.predictions["y_pred"], fitted.predict(X[300:]))
    assert found.estimators["Pipeline"] is fitted
    assert found.scores.query("metric == 'accuracy'")["value"].item() == fitted.score(
        X[300:], y[300:]
    )
    with pytest.raises(ValueError, match="Every fold failed.*NotFittedError"):
        evaluate(logistic(), X, y, cv="prefit")


class TestGroups:
    """Patients are kept together, by the folds and by what is inside an estimator."""

    @pytest.fixture(scope="class")
    def patients(self, cancer):
        generator = np.random.default_rng(0)
        return generator.integers(0, 60, len(cancer[1])).astype(str)

    @pytest.mark.parametrize("cv", [None, 3, np.int64(4)])
    def test_folds_keep_groups_together(self, cancer, patients, cv):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = evaluate(
                RidgeClassifier(), *cancer, cv=cv, groups=list(patients), scoring="accuracy"
            )
        assert found.times["fold"].nunique() == (5 if cv is None else cv)
        assert found.split_groups == []
        table = found.predictions.assign(patient=patients[found.predictions["row"]])
        assert table.groupby("patient")["fold"].nunique().eq(1).all()
        assert "StratifiedGroupKFold" in found.cv

    def test_folds_that_split_them_are_named(self, cancer, patients):
        needed = r"60 groups are in both training and test data \(0, 1, 10, …\): cv=StratifiedKFold"
        with pytest.warns(EvaluationWarning, match=needed):
            found = evaluate(
                RidgeClassifier(), *cancer, cv=StratifiedKFold(3), groups=patients, scoring="f1"
            )
        assert len(found.split_groups) == 60

    @pytest.mark.parametrize("routing", [False, True])
    @pytest.mark.parametrize("kind", ["search", "pipeline", "threshold", "plain"])
    def test_they_reach_what_is_inside(self, cancer, patients, routing, kind):
        seen = []

        class Noting(StratifiedGroupKFold):
            def split(self, X, y=None, groups=None):
                seen.append(set(groups))
                return super().split(X, y, groups)

        search = GridSearchCV(RidgeClassifier(), {"alpha": [1.0, 10.0]}, cv=Noting(3))
        estimator = {
            "search": search,
            "pipeline": make_pipeline(StandardScaler(), search),
            "threshold": TunedThresholdClassifierCV(RidgeClassifier(), cv=Noting(3)),
            "plain": RidgeClassifier(),
        }[kind]
        with config_context(enable_metadata_routing=routing):
            found = evaluate(estimator, *cancer, groups=patients, scoring="accuracy", cv=4)
        assert found.missing.empty
        if kind == "plain":
            return
        assert len(seen) == 4
        for fold, inside in enumerate(seen):
            tested = found.predictions["row"][found.predictions["fold"] == fold]
            assert inside == set(patients) - set(patients[tested])

    def test_a_search_is_that_of_scikit_learn(self, cancer, patients):
        search = GridSearchCV(RidgeClassifier(), {"alpha": [1.0, 1e3]}, cv=StratifiedGroupKFold(4))
        found = evaluate(search, *cancer, groups=patients, scoring="accuracy")
        with config_context(enable_metadata_routing=True):
            expected = cross_validate(
                search, *cancer, cv=StratifiedGroupKFold(5), params={"groups": patients}
            )
        assert found.scores["value"].tolist() == expected["test_score"].tolist()

    def test_groups_of_a_wrong_shape(self, cancer):
        with pytest.raises(ValueError, match="groups has 3 values, but there are 569 images"):
            evaluate(RidgeClassifier(), *cancer, groups=[1, 2, 3])


@pytest.mark.parametrize("container", [sparse.csr_array, pd.DataFrame, np.ndarray.tolist])
def test_kinds_of_batches(cancer, container, result):
    X, y = cancer
    found = evaluate(RidgeClassifier(), container(X), y, scoring="accuracy")
    expected = result.scores.query("model == 'ridge' and metric == 'accuracy'")["value"]
    np.testing.assert_allclose(found.scores["value"], expected, atol=0.02)


def test_inputs_stay_as_they_are(cancer):
    X, y = cancer[0].copy(), cancer[1].copy()
    X.flags.writeable = y.flags.writeable = False
    model = RidgeClassifier()
    state = np.random.get_state()[1].copy()
    evaluate(model, X, y, cv=2)
    assert not hasattr(model, "coef_")
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_no_folds(cancer):
    with pytest.raises(ValueError, match=r"cv returns no folds.*Got \[\]"):
        evaluate(RidgeClassifier(), *cancer, cv=[])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimators": {}}, "estimators is empty"),
        ({"estimators": {"a": StandardScaler()}}, "'a' is neither a classifier nor a regressor"),
        ({"y": np.arange(568)}, "X has 569 images, and y has 568 labels"),
        ({"y": np.linspace(0, 1, 569)}, "at row 1, which is not a class label .* continuous"),
        ({"y": 2 * np.eye(3)[np.arange(569) % 3]}, "should hold 0 and 1 only.*Got 2.0 in row 0"),
        ({"scoring": "sensitivty"}, "no metric 'sensitivty'.* Did you mean 'sensitivity'?"),
        ({"scoring": "acuracy"}, r"get_scorer_names\(\)\. Did you mean 'accuracy'?"),
        ({"scoring": []}, "scoring must be"),
        ({"scoring": {}}, "scoring is empty"),
        ({"scoring": 3}, "scoring must be"),
        ({"pos_label": 2}, r"pos_label=2 is not one of the labels \[0, 1\]"),
        ({"scoring": {"a": None}}, r"scoring\['a'\] must be the name of a metric"),
        ({"estimators": {1: RidgeClassifier(), "1": RidgeClassifier()}}, "have the same name"),
        (
            {"estimators": {"a": LinearRegression(), "b": SVC()}},
            "of two kinds: 'b' is a classifier, and 'a' is a regressor",
        ),
        ({"estimators": KMeans()}, "is neither a classifier nor a regressor"),
        ({"estimators": [SVC()]}, r"it is \[SVC\(\)\]. Pass a classifier"),
        ({"estimators": "svc"}, "it is 'svc'"),
        ({"estimators": SVC}, r"it is the class SVC and not SVC\(\)"),
        ({"cv": 1}, "n_splits"),
        ({"cv": "prefit", "checkpoint": "folder"}, "checkpoint cannot be used with cv='prefit'"),
        ({"groups": np.zeros(3)}, "groups has 3 values, but there are 569 images"),
    ],
)
def test_bad_input(cancer, change, message):
    arguments = {"estimators": RidgeClassifier(), "X": cancer[0], "y": cancer[1], **change}
    with pytest.raises(ValueError, match=message):
        evaluate(arguments.pop("estimators"), arguments.pop("X"), arguments.pop("y"), **arguments)


def test_processes(cancer, result, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    models = result.estimators
    found = evaluate({name: clone(model) for name, model in models.items()}, *cancer, n_jobs=2)
    pd.testing.assert_frame_equal(found.scores, result.scores)
    pd.testing.assert_frame_equal(found.predictions, result.predictions)
    assert (found.times["n_cores"] == max(joblib.cpu_count() // 2, 1)).all()


def test_progress(cancer, capsys):
    evaluate(DummyClassifier(), *cancer, cv=3, scoring="accuracy", verbose=1)
    assert "Folds 3/3" in capsys.readouterr().out
    evaluate(DummyClassifier(), *cancer, cv=3, scoring="accuracy")
    assert capsys.readouterr().out == ""


def test_tables_of_text_are_no_paths_in_workers():
    y = np.arange(40) % 2
    X = np.stack([np.where(y, "sick", "well"), np.tile(["scanner 1", "scanner 2"], 20)], axis=1)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), RidgeClassifier())
    found = evaluate(model, X, y, cv=2, scoring="accuracy", n_jobs=2)
    assert found.missing.empty
    assert (found.scores["value"] == 1).all()
