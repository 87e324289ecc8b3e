"""Cross-validation that keeps everything."""

import pickle
import subprocess
import sys
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    make_scorer,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skdl import BackboneFeatures, CNNClassifier, EvaluationResult, evaluate
from skdl.backbones._cifar import cifar_resnet20
from skdl.evaluation import EvaluationWarning
from skdl.metrics import (
    CLINICAL_SCORERS,
    confidence_interval,
    geometric_mean_scorer,
    make_negative_likelihood_ratio_scorer,
    make_ppv_scorer,
    make_sensitivity_at_specificity_scorer,
    make_sensitivity_scorer,
    make_specificity_scorer,
    wilson_interval,
)


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X, y


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400], y[:400]


@pytest.fixture(scope="module")
def result(cancer):
    models = {"ridge": RidgeClassifier(), "svc": make_pipeline(StandardScaler(), SVC())}
    return evaluate(models, *cancer)


def logistic(**params):
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, **params))


class Contrary(LogisticRegression):
    """Predicts another label than that of the larger probability where it is unsure."""

    def predict(self, X):
        second = self.predict_proba(X)[:, 1]
        return self.classes_[((second >= 0.5) ^ (np.abs(second - 0.5) < 0.3)).astype(int)]


class Ties(ClassifierMixin, BaseEstimator):
    """Says that all classes are as probable, and predicts by the first feature."""

    def fit(self, X, y):
        self.classes_, self.middle_ = np.unique(y), np.median(X[:, 0])
        return self

    def predict(self, X):
        return self.classes_[(X[:, 0] < self.middle_).astype(int)]

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


# ---- scores ----------------------------------------------------------------------------------


def test_scores_are_those_of_scikit_learn(cancer, result):
    for name, estimator in result.estimators.items():
        expected = cross_validate(estimator, *cancer, scoring=CLINICAL_SCORERS)
        for metric in CLINICAL_SCORERS:
            rows = result.scores.set_index(["model", "metric"]).loc[(name, metric)]
            np.testing.assert_allclose(rows["value"], expected[f"test_{metric}"])
    assert result.metrics[0] == "accuracy"
    assert {"ppv", "npv"} < set(result.metrics)
    assert result.missing.empty


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


def test_folds_are_equal_for_all_models(cancer):
    cv = ShuffleSplit(3, test_size=0.2)  # without a seed
    found = evaluate({"a": RidgeClassifier(), "b": RidgeClassifier()}, *cancer, cv=cv)
    rows = {model: found.predictions.query("model == @model") for model in "ab"}
    np.testing.assert_array_equal(rows["a"]["row"], rows["b"]["row"])


@pytest.mark.parametrize(
    ("scoring", "names"),
    [
        ("f1", ["f1"]),
        (["accuracy", "sensitivity"], ["accuracy", "sensitivity"]),
        ({"a": "roc_auc", "b": make_scorer(roc_auc_score)}, ["a", "b"]),
        (lambda estimator, X, y: float(estimator.n_features_in_), ["score"]),
    ],
)
def test_ways_to_name_metrics(cancer, scoring, names):
    found = evaluate(RidgeClassifier(), *cancer, cv=2, scoring=scoring)
    assert found.metrics == names
    assert found.scores["value"].notna().all()
    if callable(scoring):
        assert (found.scores["value"] == 30).all()
        assert "needs the estimator" in found.summary()["reason"].item()


def test_a_scorer_sees_only_what_was_recorded(cancer):
    """One call of each method a fold, however many metrics there are."""
    calls = []

    class Counted(RidgeClassifier):
        def predict(self, X):
            calls.append("predict")
            return super().predict(X)

    evaluate(Counted(), *cancer, cv=2)
    assert len(calls) == 2


def test_strings_and_the_positive_class(cancer):
    X, y = cancer
    labels = np.array(["malignant", "benign"])[y]
    found = evaluate(logistic(), X, labels, pos_label="malignant")
    summary = found.summary().set_index("metric")
    table = found.per_model("Pipeline")
    tn, _, fn, tp = confusion_matrix(
        table["y_true"], table["y_pred"], labels=["benign", "malignant"]
    ).ravel()
    assert summary.loc["sensitivity", "value"] == tp / (tp + fn)
    assert summary.loc["npv", "value"] == tn / (tn + fn)
    expected = roc_auc_score(table["y_true"] == "malignant", table["proba_malignant"])
    assert summary.loc["roc_auc", "value"] == pytest.approx(expected)
    auc = summary.loc["roc_auc"]
    assert 0 < auc["low"] < auc["value"] < auc["high"] <= 1
    other = evaluate(logistic(), X, labels, pos_label="benign").summary().set_index("metric")
    assert other.loc["specificity", "value"] == summary.loc["sensitivity", "value"]
    np.testing.assert_allclose(
        other.loc["roc_auc", ["low", "high"]].astype(float), auc[["low", "high"]].astype(float)
    )


@pytest.mark.parametrize(
    "scoring", ["clinical", "sensitivity", "neg_brier_score", ["accuracy", "f1"], "recall"]
)
def test_the_positive_class_is_asked_for_before_anything_is_fitted(cancer, scoring):
    X, y = cancer
    labels = np.array(["malignant", "benign"])[y]
    needed = "needs the positive class. Pass pos_label, one of .*'benign', 'malignant'"
    with pytest.raises(ValueError, match=needed):
        evaluate(Odd("fails"), X, labels, scoring=scoring)  # whose fit would fail otherwise
    found = evaluate(logistic(), X, labels, scoring=scoring, pos_label="malignant", cv=2)
    assert found.missing.empty
    scorer = {"mine": make_sensitivity_scorer()}
    with pytest.raises(ValueError, match="'mine' needs.*Make the scorer with pos_label"):
        evaluate(Odd("fails"), X, labels, scoring=scorer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what has no positive class goes without
        evaluate(logistic(), X, labels, scoring=["accuracy", "f1_macro", "roc_auc"], cv=2)


# ---- summary ---------------------------------------------------------------------------------


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


class TestKnownScorers:
    """A scorer is the proportion that it is, however it was made."""

    @pytest.mark.parametrize(
        ("scorer", "same", "settings"),
        [
            (make_sensitivity_scorer(pos_label=2), "sensitivity", {"pos_label": 2}),
            (make_specificity_scorer(pos_label=2), "specificity", {"pos_label": 2}),
            (make_ppv_scorer(zero_division=0.0), "ppv", {}),
            (make_scorer(recall_score, pos_label=2, average="macro"), "sensitivity", {}),
            (make_scorer(f1_score, average="weighted"), "f1", {"average": "weighted"}),
            ("geometric mean", "geometric_mean", {}),
            ("likelihood ratio", "negative_likelihood_ratio", {"pos_label": 2}),
        ],
    )
    def test_of_three_classes(self, scorer, same, settings):
        X, y = load_digits(n_class=3, return_X_y=True)
        made = {
            "geometric mean": geometric_mean_scorer,
            "likelihood ratio": make_negative_likelihood_ratio_scorer(pos_label=2),
        }
        scorer = made.get(scorer, scorer) if isinstance(scorer, str) else scorer
        found = evaluate(RidgeClassifier(alpha=1e5), X, y, cv=3, scoring={"it": scorer})
        table = found.per_model("RidgeClassifier")
        labels = table["y_true"], table["y_pred"]
        assert (labels[0] != labels[1]).sum() > 5
        expected = confidence_interval(same, *labels, **settings)
        (row,) = found.summary().to_dict("records")
        assert row["method"] in ("wilson", "mover")
        sign = -1 if same == "negative_likelihood_ratio" else 1
        ends = sorted([sign * expected.low, sign * expected.high])
        assert [row["low"], row["high"]] == pytest.approx(ends)
        assert row["value"] == pytest.approx(sign * expected.estimate)

    def test_all_of_18(self):
        """Which no resample changes: but it is a proportion, and has Wilson's interval."""
        y = np.repeat([0, 1, 2], [20, 18, 20])
        X = np.where(np.arange(58) % 7 == 0, y == 0, y)[:, None] * 1.0
        X[y == 1] = 5.0
        scorer = make_sensitivity_scorer(pos_label=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EvaluationWarning)  # there are copies
            found = evaluate(DecisionTreeClassifier(), X, y, cv=2, scoring={"of 1": scorer})
        (row,) = found.summary().to_dict("records")
        assert (row["value"], row["high"], row["method"]) == (1, 1, "wilson")
        assert row["low"] == pytest.approx(wilson_interval(18, 18)[0])


def test_areas_of_labels_and_of_scores_are_two_scores(cancer):
    scoring = {"labels": make_scorer(roc_auc_score), "scores": "roc_auc"}
    found = evaluate(logistic(), cancer[0][:, :3], cancer[1], cv=3, scoring=scoring)
    summary = found.summary(n_resamples=100).set_index("metric")
    assert summary["method"].tolist() == ["bootstrap", "delong"]
    assert (summary["low"] < summary["value"]).all()
    assert (summary["value"] < summary["high"]).all()


def test_decisions_of_pairs_are_no_decisions_of_classes():
    X, y = load_digits(n_class=3, return_X_y=True)
    models = {kind: SVC(decision_function_shape=kind) for kind in ("ovo", "ovr")}
    found = evaluate(models, X[:200], y[:200], cv=2, scoring="accuracy")
    assert found.recorded("ovo").confidence is None
    assert found.recorded("ovr").confidence.min() > 0


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


def test_what_a_summary_says_of_missing_intervals(cancer):
    equal = DummyClassifier().fit(*cancer)
    found = evaluate(equal, *cancer, cv="prefit", scoring=["roc_auc", "accuracy"])
    summary = found.summary()
    assert "variance is 0" in summary["reason"][0]
    assert np.isnan(summary["low"][0])
    assert summary["reason"][1] == ""
    with pytest.raises(ValueError, match="n_resamples must be an int of 1 or more. Got 0"):
        evaluate(logistic(), *cancer, cv=2).summary(n_resamples=0)


def test_a_wrong_positive_class_of_a_scorer(cancer):
    labels = np.array(["ill", "well"])[cancer[1]]
    scoring = {"it": make_scorer(recall_score, pos_label="nope")}
    with pytest.raises(ValueError, match="The metric 'it': pos_label=nope is not a valid label"):
        evaluate(logistic(), cancer[0], labels, scoring=scoring)


def test_trees_have_areas(cancer):
    """Whose probabilities are 0 and 1, as labels are."""
    models = {"tree": DecisionTreeClassifier(random_state=0), "plain": logistic()}
    found = evaluate(models, *cancer, cv=3)
    row = found.compare().iloc[0]
    areas = found.summary().query("metric == 'roc_auc'").set_index("model")["value"]
    assert row["auc_a"] == pytest.approx(areas["tree"])
    assert row["reason"] == ""


class TestLabelsThatWerePredicted:
    """All models whose labels are not the class of the largest score."""

    MODELS = {
        "tuned threshold": TunedThresholdClassifierCV(
            logistic(), scoring=make_sensitivity_at_specificity_scorer(specificity=0.999), cv=3
        ),
        "fixed threshold": FixedThresholdClassifier(
            logistic(), threshold=0.995, response_method="predict_proba"
        ),
        "fixed decision": FixedThresholdClassifier(
            RidgeClassifier(), threshold=0.5, response_method="decision_function"
        ),
        "votes": VotingClassifier(
            [("a", logistic()), ("b", GaussianNB()), ("c", DummyClassifier())], voting="hard"
        ),
        "ties": Ties(),
        "contrary": Contrary(),  # as SVC's labels and Platt's probabilities can differ
    }

    @pytest.fixture(scope="class")
    def found(self, cancer):
        return evaluate({"plain": logistic(), **self.MODELS}, *cancer, cv=3)

    @pytest.mark.parametrize("model", MODELS)
    def test_comparisons_are_of_the_labels(self, found, model):
        truth, labels = (found.per_model(model)[name] for name in ("y_true", "y_pred"))
        plain = found.per_model("plain")["y_pred"]
        row = found.compare().query("model_a == 'plain' and model_b == @model").iloc[0]
        accuracies = found.summary().query("metric == 'accuracy'").set_index("model")["value"]
        assert row["accuracy_a"] == accuracies["plain"]
        assert row["accuracy_b"] == accuracies[model] == (truth == labels).mean()
        assert row["only_a_right"] == ((plain == truth) & (labels != truth)).sum()
        assert row["only_b_right"] == ((plain != truth) & (labels == truth)).sum()
        ends = found.summary().query("metric == 'sensitivity'").set_index("model")["value"]
        assert row["sensitivity_difference"] == pytest.approx(ends["plain"] - ends[model])

    @pytest.mark.parametrize("model", [name for name in MODELS if name != "votes"])
    def test_scores_would_tell_other_labels(self, found, model):
        recorded = found.recorded(model)
        scores = recorded.scores_of(1)
        largest = scores >= (0.5 if recorded.probabilities is not None else 0)
        assert (largest != recorded.predicted.astype(bool)).sum() > 3
        sure = recorded.confidence
        expected = np.where(recorded.predicted == 1, scores, -scores)
        if recorded.probabilities is not None:
            expected = np.where(recorded.predicted == 1, scores, 1 - scores)
        np.testing.assert_allclose(sure, expected)

    @pytest.mark.filterwarnings("ignore:The `probability` parameter")
    def test_of_a_support_vector_machine_with_probabilities(self, cancer):
        """Platt's probabilities come from a cross-validation of their own."""
        models = {"svc": SVC(probability=True, random_state=0), "plain": logistic()}
        found = evaluate(models, *cancer, cv=3)
        recorded = found.recorded("svc")
        assert (recorded.predicted != recorded.probabilities.argmax(axis=1)).any()
        row = found.compare().iloc[0]
        table, plain = (found.per_model(model) for model in models)
        right = table["y_pred"] == table["y_true"]
        assert row["accuracy_a"] == right.mean()
        assert row["only_a_right"] == (right & (plain["y_pred"] != plain["y_true"])).sum()

    def test_by_hand(self, cancer):
        """A tuned threshold that makes many mistakes more, and McNemar's test sees them."""
        models = {"plain": logistic(), "tuned": self.MODELS["tuned threshold"]}
        found = evaluate(models, *cancer, cv=3)
        a, b = (found.per_model(model) for model in models)
        right_a, right_b = (table["y_true"] == table["y_pred"] for table in (a, b))
        row = found.compare().iloc[0]
        only_a, only_b = (right_a & ~right_b).sum(), (right_b & ~right_a).sum()
        assert (row["only_a_right"], row["only_b_right"]) == (only_a, only_b)
        assert only_a > 10
        assert row["mcnemar_p"] < 0.01


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
    with pytest.raises(ValueError, match="repeat must be from 0 to 1. Got 2"):
        found.per_model("RidgeClassifier", 2)


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


# ---- fitted estimators -----------------------------------------------------------------------


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


# ---- groups ----------------------------------------------------------------------------------


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
        needed = r"60 groups stand in training and test data \(0, 1, 10, …\): cv=StratifiedKFold"
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
        with pytest.raises(ValueError, match="groups has 3 rows, and y has 569"):
            evaluate(RidgeClassifier(), *cancer, groups=[1, 2, 3])


# ---- the guard -------------------------------------------------------------------------------


def test_copies_in_training_and_test_data(cancer):
    X, y = cancer[0].copy(), cancer[1].copy()
    X[500], y[500] = X[3], y[3]
    with pytest.warns(UserWarning, match=r"1 test images.*rows 500 and 3|rows 3 and 500"):
        found = evaluate(RidgeClassifier(), X, y, scoring="accuracy", cv=KFold(2))
    assert found.leaks[["test_row", "train_row"]].to_numpy().tolist() == [[3, 500], [500, 3]]
    groups = np.arange(len(y))
    groups[500] = 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = evaluate(
            RidgeClassifier(), X, y, scoring="accuracy", cv=GroupKFold(3), groups=groups
        )
    assert kept.leaks.empty


def test_copies_in_columns_of_several_kinds(cancer):
    X = pd.DataFrame(cancer[0][:200]).add_prefix("x").assign(flag=np.arange(200) % 3 == 0)
    assert np.asarray(X).dtype == object
    y = cancer[1][:200]
    first = evaluate(RidgeClassifier(), X, y, cv=KFold(2), scoring="accuracy")
    again = evaluate(RidgeClassifier(), X.copy(), y, cv=KFold(2), scoring="accuracy")
    assert first.data_digest == again.data_digest
    assert first.leaks.empty
    X.iloc[150] = X.iloc[3]
    with pytest.warns(EvaluationWarning, match="2 test images"):
        found = evaluate(RidgeClassifier(), X, y, cv=KFold(2), scoring="accuracy")
    assert found.leaks["test_row"].tolist() == [3, 150]
    assert found.data_digest != first.data_digest


def test_copies_of_files(tmp_path, digits):
    X, y = digits
    for number in range(40):
        pixels = X[number if number != 31 else 5].reshape(8, 8).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    paths = [str(tmp_path / f"{number}.png") for number in range(40)]
    with pytest.warns(UserWarning, match="2 test images stand in the training data as well"):
        found = evaluate(
            CNNClassifier(epochs=1, random_state=0),
            paths,
            y[:40] > 4,
            scoring="accuracy",
            cv=KFold(4),
        )
    assert set(found.leaks["test_row"]) == {5, 31}


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


# ---- missing scores ------------------------------------------------------------------------


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


class Odd(ClassifierMixin, BaseEstimator):
    """Without probabilities, or with some that fit nothing; or one that fails."""

    def __init__(self, kind="labels"):
        self.kind = kind

    def fit(self, X, y):
        if self.kind == "fails" or (self.kind == "fails once" and X[0, 0] == 17.99):
            raise RuntimeError("no such luck")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.resize(self.classes_, len(X))

    def __getattr__(self, name):
        if name == "predict_proba" and self.__dict__.get("kind") == "too wide":
            return lambda X: np.full((len(X), 3), 1 / 3)
        raise AttributeError(name)


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


def test_the_positive_class_of_scikit_learns_metrics(cancer):
    X, y = cancer
    names = ["precision", "recall", "f1", "jaccard", "average_precision", "ppv", "sensitivity"]
    found = evaluate(RidgeClassifier(), X, y, scoring=names, pos_label=0, cv=3)
    turned = evaluate(RidgeClassifier(), X, 1 - y, scoring=names, pos_label=1, cv=3)
    assert found.scores["value"].tolist() == pytest.approx(turned.scores["value"].tolist())
    table = found.scores.pivot_table(index="fold", columns="metric", values="value")
    assert table["recall"].tolist() == table["sensitivity"].tolist()
    assert table["precision"].tolist() == table["ppv"].tolist()


def test_infinite_scores_are_missing(cancer):
    with pytest.warns(EvaluationWarning, match="not defined"):
        found = evaluate(RidgeClassifier(), *cancer, cv=3, scoring={"it": lambda e, X, y: np.inf})
    assert found.scores["value"].isna().all()
    assert len(found.missing) == 3


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


def test_a_fit_that_fails(cancer):
    with pytest.warns(UserWarning, match="RuntimeError: no such luck"):
        found = evaluate(Odd("fails once"), *cancer, scoring="accuracy")
    assert 0 < len(found.missing) < 5
    assert len(found.predictions) < 569
    with pytest.raises(ValueError, match=r"Every fold failed \(5 in all\).*no such luck"):
        evaluate(Odd("fails"), *cancer)


def test_a_model_that_always_fails_beside_others(cancer):
    models = {"odd": Odd("fails"), "ridge": RidgeClassifier()}
    with pytest.warns(UserWarning, match="no such luck"):
        found = evaluate(models, *cancer, scoring="accuracy")
    assert found.tested == ["ridge"]
    reasons = found.summary().set_index("model")["reason"]
    assert reasons["odd"] == "No fold has predictions."
    with pytest.raises(ValueError, match="1 models with predictions"):
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


def test_no_folds(cancer):
    with pytest.raises(ValueError, match=r"cv gives no folds.*got \[\]"):
        evaluate(RidgeClassifier(), *cancer, cv=[])


def test_empty_folds(cancer):
    rows = np.arange(569)
    folds = [(rows[:300], rows[300:]), (rows, rows[:0]), (rows[:0], rows)]
    with pytest.warns(UserWarning, match="has no test images"):
        found = evaluate(RidgeClassifier(), *cancer, cv=folds, scoring="accuracy")
    assert found.missing["fold"].tolist() == [1, 2]
    assert "no training images" in found.missing["reason"].iloc[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimators": {}}, "estimators is empty"),
        ({"estimators": {"a": StandardScaler()}}, "'a' is no classifier"),
        ({"y": np.arange(568)}, "X has 569 images, and y has 568 labels"),
        ({"y": np.linspace(0, 1, 569)}, "at row 1, which is no class label .* continuous"),
        ({"y": np.eye(3)[np.arange(569) % 3]}, r"must have shape \(n,\)"),
        ({"scoring": "sensitivty"}, "sensitivty"),
        ({"scoring": []}, "scoring must be"),
        ({"scoring": {}}, "scoring is empty"),
        ({"scoring": 3}, "scoring must be"),
        ({"pos_label": 2}, r"pos_label=2 is none of the labels \[0, 1\]"),
        ({"scoring": {"a": None}}, r"scoring\['a'\] must be the name of a metric"),
        ({"estimators": {1: RidgeClassifier(), "1": RidgeClassifier()}}, "have the same name"),
        ({"estimators": LinearRegression()}, "is no classifier"),
        ({"estimators": KMeans()}, "is no classifier"),
        ({"estimators": [SVC()]}, r"it is \[SVC\(\)\]. Pass a classifier, or a dict"),
        ({"estimators": "svc"}, "it is 'svc'"),
        ({"estimators": SVC}, r"it is the class SVC and not SVC\(\)"),
        ({"cv": 1}, "n_splits"),
        ({"cv": "prefit", "checkpoint": "folder"}, "checkpoint is for estimators that are fitted"),
        ({"groups": np.zeros(3)}, "groups has 3 rows, and y has 569"),
    ],
)
def test_bad_input(cancer, change, message):
    arguments = {"estimators": RidgeClassifier(), "X": cancer[0], "y": cancer[1], **change}
    with pytest.raises(ValueError, match=message):
        evaluate(arguments.pop("estimators"), arguments.pop("X"), arguments.pop("y"), **arguments)


def test_a_model_that_is_not_there(result):
    with pytest.raises(ValueError, match="no model 'forest'. There are: .'ridge', 'svc'"):
        result.per_model("forest")


# ---- checkpoints, processes, progress ----------------------------------------------------------


class Noted(RidgeClassifier):
    """Writes a line a fit."""

    def __init__(self, file=None, alpha=1.0):
        super().__init__(alpha=alpha)
        self.file = file

    def fit(self, X, y):
        with open(self.file, "a") as file:
            file.write("fit\n")
        return super().fit(X, y)


def n_fits(file):
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_a_checkpoint_goes_on(cancer, tmp_path):
    file, folder = tmp_path / "fits", tmp_path / "kept"
    cv = StratifiedKFold(4, shuffle=True)  # without a seed: the folds are kept as well
    first = evaluate(Noted(file), *cancer, cv=cv, checkpoint=folder)
    assert n_fits(file) == 4
    again = evaluate(Noted(file), *cancer, cv=cv, checkpoint=folder)
    assert n_fits(file) == 4
    pd.testing.assert_frame_equal(first.predictions, again.predictions)
    pd.testing.assert_frame_equal(first.times, again.times)
    one = next(path for path in folder.iterdir() if "-2-" in path.name)
    one.write_bytes(one.read_bytes()[:100])  # what is damaged is computed again
    with pytest.warns(UserWarning, match=rf"1 of the records in the checkpoint .*{one.name}"):
        evaluate(Noted(file), *cancer, cv=cv, checkpoint=folder)
    assert n_fits(file) == 5
    models = {"Noted": Noted(file), "other": Noted(file, alpha=2.0)}
    both = evaluate(models, *cancer, cv=cv, checkpoint=folder)
    assert n_fits(file) == 9
    assert both.models == ["Noted", "other"]


@pytest.mark.parametrize("place", ["path", "data home"])
def test_changed_weights_are_taken_anew(place, tmp_path, monkeypatch):
    """A file of other weights under the same name is another model."""
    X, y = load_digits(n_class=2, return_X_y=True)
    images = X[:60].reshape(-1, 8, 8).astype(np.float32)
    arrays = cifar_resnet20((16, 16, 3)).get_weights()
    weights = tmp_path / "weights" / "mine.npz"
    weights.parent.mkdir()
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    named = weights if place == "path" else "mine.npz"
    features = BackboneFeatures(weights=named, image_size=16, value_range=(0, 16))
    model = make_pipeline(features, LogisticRegression(max_iter=1000))
    found = []
    for factor in (1, 1, 3):
        np.savez(weights, *[factor * array for array in arrays])
        options = {"cv": 2, "checkpoint": tmp_path / "kept"}
        found.append(evaluate(model, images, y[:60], **options).predictions["proba_1"])
    assert found[0].equals(found[1])
    assert not found[0].equals(found[2])
    anew = evaluate(model, images, y[:60], cv=2).predictions["proba_1"]
    np.testing.assert_allclose(found[2], anew)
    assert len(list((tmp_path / "kept").iterdir())) == 1 + 2 + 2


def test_other_metrics_fit_nothing(cancer, tmp_path):
    file, folder = tmp_path / "fits", tmp_path / "kept"
    evaluate(Noted(file), *cancer, cv=3, checkpoint=folder)
    assert n_fits(file) == 3
    doubled = make_scorer(lambda y_true, y_pred: 2 * np.mean(y_true == y_pred))
    for scoring in ("accuracy", ["sensitivity", "f1"], {"doubled": doubled}):
        found = evaluate(Noted(file), *cancer, cv=3, checkpoint=folder, scoring=scoring)
        plain = evaluate(Noted(tmp_path / "other"), *cancer, cv=3, scoring=scoring)
        pd.testing.assert_frame_equal(found.scores, plain.scores)
    assert n_fits(file) == 3


def test_a_changed_function_is_called_again(cancer, tmp_path):
    file, folder = tmp_path / "fits", tmp_path / "kept"

    def scored_by(scorer):
        found = evaluate(Noted(file), *cancer, cv=3, checkpoint=folder, scoring={"it": scorer})
        return found.scores["value"].tolist()

    first = scored_by(lambda estimator, X, y: estimator.score(X, y))
    assert n_fits(file) == 3
    assert scored_by(lambda estimator, X, y: -estimator.score(X, y)) == [-score for score in first]
    assert n_fits(file) == 6


CLASS = """
from sklearn.linear_model import RidgeClassifier

class Mine(RidgeClassifier):
    def predict(self, X):
        return {predict}
"""


def test_a_changed_class_is_fitted_again(tmp_path):
    run = """
import sys
from sklearn.datasets import load_breast_cancer
from skdl import evaluate
from mine import Mine
X, y = load_breast_cancer(return_X_y=True)
print(evaluate(Mine(), X, y, cv=3, scoring="accuracy", checkpoint="kept").scores["value"].mean())
"""
    found = []
    for predict in ("super().predict(X)", "1 - super().predict(X)", "1 - super().predict(X)"):
        (tmp_path / "mine.py").write_text(CLASS.format(predict=predict))
        command = [sys.executable, "-B", "-c", run]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        found.append((float(done.stdout), len(list((tmp_path / "kept").glob("Mine-*")))))
    first = found[0][0]
    assert found == [(first, 3), (pytest.approx(1 - first), 6), (pytest.approx(1 - first), 6)]


FUNCTIONS = """
import sys
import keras
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skdl import CNNClassifier, evaluate

def longest(estimator, X, y):
    return float(len(y))

X, y = load_digits(return_X_y=True)
network = CNNClassifier(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), epochs=1, random_state=0)
models = {"cnn": make_pipeline(FunctionTransformer(lambda X: X / 16), network)}
evaluate(models, X[:200], y[:200], cv=2, checkpoint=sys.argv[1], scoring=["accuracy"])
evaluate(models, X[:200], y[:200], cv=2, checkpoint=sys.argv[1], scoring={"longest": longest})
"""


def test_functions_and_keras_objects_are_known_again_in_another_process(tmp_path):
    script, folder = tmp_path / "script.py", tmp_path / "kept"
    script.write_text(FUNCTIONS)
    for _ in range(2):
        subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
        assert len(list(folder.glob("cnn-*.json"))) == 4


def test_a_checkpoint_of_something_else(cancer, tmp_path):
    X, y = cancer
    evaluate(RidgeClassifier(), X, y, cv=3, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="another X, y or groups"):
        evaluate(RidgeClassifier(), X + 1, y, cv=3, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"another cv \(3\)"):
        evaluate(RidgeClassifier(), X, y, cv=4, checkpoint=tmp_path)

    class Halves:
        def get_n_splits(self, X=None, y=None, groups=None):
            return 2

        def split(self, X, y=None, groups=None):
            return KFold(2).split(X)

    first = np.arange(len(y)) % 3
    for number, splitter in enumerate((Halves(), PredefinedSplit(first))):
        folder = tmp_path / str(number)
        models = {"model": RidgeClassifier()}
        kept = evaluate(models, X, y, cv=splitter, checkpoint=folder)
        again = evaluate(models, X, y, cv=clone(splitter, safe=False), checkpoint=folder)
        pd.testing.assert_frame_equal(kept.times, again.times)  # nothing was fitted again
        with pytest.raises(ValueError, match="another cv"):
            evaluate(models, X, y, cv=PredefinedSplit(first[::-1]), checkpoint=folder)
    halves = np.arange(0, len(y), 2), np.arange(1, len(y), 2)
    for folder, given in ((tmp_path / "given", [halves]), (tmp_path / "other", [halves[::-1]])):
        evaluate(RidgeClassifier(), X, y, cv=given, checkpoint=folder)
    again = evaluate(RidgeClassifier(), X, y, cv=[halves], checkpoint=tmp_path / "given")
    assert again.predictions["row"].tolist() == halves[1].tolist()
    with pytest.raises(ValueError, match=r"another cv \(iterable\)"):
        evaluate(RidgeClassifier(), X, y, cv=[halves], checkpoint=tmp_path / "other")
    (tmp_path / "plan.json").write_bytes(b"something")
    with pytest.raises(ValueError, match=r"plan.json, cannot be used: it is damaged.* Delete this"):
        evaluate(RidgeClassifier(), X, y, cv=3, checkpoint=tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match="Choose another folder as checkpoint"):
        evaluate(RidgeClassifier(), X, y, cv=3, checkpoint=blocked / "folder")


def neural(checkpoint=None):
    """Four fits of a network."""
    X, y = load_digits(return_X_y=True)
    model = CNNClassifier(epochs=20, random_state=0)
    return evaluate(model, X[:400], y[:400], cv=4, checkpoint=checkpoint, scoring="accuracy")


def test_a_killed_run_ends_with_the_same_result(tmp_path):
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_evaluate as t; "
    command = [sys.executable, "-c", code + "t.neural(sys.argv[2])", str(Path(__file__).parent)]
    process = subprocess.Popen([*command, str(tmp_path)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not list(tmp_path.glob("CNNClassifier-1-*.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("CNNClassifier-*.json")}
    assert 2 <= len(done) < 4
    resumed, whole = neural(tmp_path), neural()
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())
    pd.testing.assert_frame_equal(resumed.predictions, whole.predictions, check_exact=True)


def test_processes(cancer, result):
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
