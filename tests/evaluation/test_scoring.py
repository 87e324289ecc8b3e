"""Metrics by name, and scores of predictions that were recorded."""

import warnings

import numpy as np
import pytest
from evaluation.classifiers import Contrary, Odd, Ties, logistic
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    make_scorer,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    TunedThresholdClassifierCV,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skdl import evaluate
from skdl.evaluation import EvaluationWarning
from skdl.metrics import (
    CLINICAL_SCORERS,
    confidence_interval,
    geometric_mean_scorer,
    make_clinical_scorer,
    wilson_interval,
)


def test_scores_are_those_of_scikit_learn(cancer, result):
    for name, estimator in result.estimators.items():
        expected = cross_validate(estimator, *cancer, scoring=CLINICAL_SCORERS)
        for metric in CLINICAL_SCORERS:
            rows = result.scores.set_index(["model", "metric"]).loc[(name, metric)]
            np.testing.assert_allclose(rows["value"], expected[f"test_{metric}"])
    assert result.metrics[0] == "accuracy"
    assert {"ppv", "npv"} < set(result.metrics)
    assert result.missing.empty


@pytest.mark.parametrize(
    ("scoring", "names"),
    [
        ("f1", ["f1"]),
        (["accuracy", "sensitivity"], ["accuracy", "sensitivity"]),
        ({"a": "roc_auc", "b": make_scorer(roc_auc_score)}, ["a", "b"]),
        (["geometric_mean", "positive_likelihood_ratio"],) * 2,
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
    scorer = {"mine": make_clinical_scorer("sensitivity")}
    with pytest.raises(ValueError, match="'mine' needs.*Make the scorer with pos_label"):
        evaluate(Odd("fails"), X, labels, scoring=scorer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what has no positive class goes without
        warnings.filterwarnings("ignore", ".*iprint")  # of older scikit-learn with newer SciPy
        evaluate(logistic(), X, labels, scoring=["accuracy", "f1_macro", "roc_auc"], cv=2)


class TestKnownScorers:
    """A scorer is the proportion that it is, however it was made."""

    @pytest.mark.parametrize(
        ("scorer", "same", "settings"),
        [
            (make_clinical_scorer("sensitivity", pos_label=2), "sensitivity", {"pos_label": 2}),
            (make_clinical_scorer("specificity", pos_label=2), "specificity", {"pos_label": 2}),
            (make_clinical_scorer("ppv", zero_division=0.0), "ppv", {}),
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
            "likelihood ratio": make_clinical_scorer("negative_likelihood_ratio", pos_label=2),
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
        scorer = make_clinical_scorer("sensitivity", pos_label=1)
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


def test_a_wrong_positive_class_of_a_scorer(cancer):
    labels = np.array(["ill", "well"])[cancer[1]]
    scoring = {"it": make_scorer(recall_score, pos_label="nope")}
    with pytest.raises(ValueError, match="The metric 'it': pos_label=nope is not a valid label"):
        evaluate(logistic(), cancer[0], labels, scoring=scoring)


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
    with pytest.warns(EvaluationWarning, match="is undefined"):
        found = evaluate(RidgeClassifier(), *cancer, cv=3, scoring={"it": lambda e, X, y: np.inf})
    assert found.scores["value"].isna().all()
    assert len(found.missing) == 3


class TestLabelsThatWerePredicted:
    """All models whose labels are not the class of the largest score."""

    MODELS = {
        "tuned threshold": TunedThresholdClassifierCV(
            logistic(),
            scoring=make_clinical_scorer("sensitivity_at_specificity", specificity=0.999),
            cv=3,
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

    @pytest.fixture(scope="class")
    def tables(self, found):
        return found.compare(), found.summary()

    @pytest.mark.parametrize("model", MODELS)
    def test_comparisons_are_of_the_labels(self, found, tables, model):
        compared, summary = tables
        truth, labels = (found.per_model(model)[name] for name in ("y_true", "y_pred"))
        plain = found.per_model("plain")["y_pred"]
        row = compared.query("model_a == 'plain' and model_b == @model").iloc[0]
        accuracies = summary.query("metric == 'accuracy'").set_index("model")["value"]
        assert row["accuracy_a"] == accuracies["plain"]
        assert row["accuracy_b"] == accuracies[model] == (truth == labels).mean()
        assert row["only_a_right"] == ((plain == truth) & (labels != truth)).sum()
        assert row["only_b_right"] == ((plain != truth) & (labels == truth)).sum()
        ends = summary.query("metric == 'sensitivity'").set_index("model")["value"]
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
