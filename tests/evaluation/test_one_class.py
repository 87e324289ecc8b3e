"""One class of several against the rest: what `pos_label` means for more than two classes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, get_scorer, get_scorer_names
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import evaluate, report
from skdl.evaluation._scoring import RecordedPredictions
from skdl.metrics import compare_models, confidence_interval

NAMES = np.array(["benign", "malignant", "normal"])
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
BINARY = [
    *("sensitivity", "specificity", "ppv", "npv", "roc_auc"),
    *("f1", "precision", "recall", "jaccard", "average_precision", "neg_brier_score"),
    *("positive_likelihood_ratio", "neg_negative_likelihood_ratio"),
    *{"d2_brier_score"}.intersection(get_scorer_names()),  # since scikit-learn 1.8
]


def blurred(X):
    return X + np.random.default_rng(0).normal(scale=2 * X.std(axis=0), size=X.shape)


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    return blurred(X), NAMES[y]


def models():
    return {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "bayes": GaussianNB(),
    }


@pytest.fixture(scope="module")
def result(wine):
    return evaluate(models(), *wine, cv=FOLDS, pos_label="malignant")


def test_every_metric_is_that_of_two_classes(wine):
    """As scikit-learn scores it once all other classes are one."""
    found = evaluate(models(), *wine, cv=FOLDS, scoring=BINARY, pos_label="malignant")
    assert found.missing.empty
    scores = found.scores.set_index(["model", "fold", "metric"])["value"]
    for key, rows in found.predictions.groupby(["model", "fold"]):
        truth = (rows["y_true"] == "malignant").to_numpy()
        share = rows["proba_malignant"].to_numpy()
        two = RecordedPredictions(
            np.array([False, True]),
            (rows["y_pred"] == "malignant").to_numpy(),
            np.column_stack([1 - share, share]),
        )
        same = {"sensitivity": "recall", "ppv": "precision"}
        for metric in BINARY:
            if metric in ("specificity", "npv"):  # those of the other class
                turned = {"specificity": "recall", "npv": "precision"}[metric]
                expected = get_scorer(turned)(
                    RecordedPredictions(two.classes, ~two.predicted), None, ~truth
                )
            else:
                expected = get_scorer(same.get(metric, metric))(two, None, truth)
            assert scores[(*key, metric)] == pytest.approx(expected), metric


@pytest.mark.slow
@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("named", [False, True])
def test_of_two_classes_nothing_is_different(positive, named):
    """The same by labels as by whether a sample is of the positive class."""
    X, y = load_wine(return_X_y=True)
    X, y = blurred(X)[y < 2], y[y < 2]
    labels = NAMES[y] if named else y
    settings = {"cv": [*FOLDS.split(X, y)], "scoring": BINARY}
    found = evaluate(GaussianNB(), X, labels, pos_label=labels[y == positive][0], **settings)
    expected = evaluate(GaussianNB(), X, y == positive, **settings)
    pd.testing.assert_frame_equal(
        found.scores, expected.scores, check_exact=False, rtol=1e-9, atol=1e-12
    )
    known = ["sensitivity", "npv", "roc_auc", "f1", "recall"]  # without a bootstrap
    ours, theirs = (
        what.summary(n_resamples=5).set_index("metric").loc[known, ["value", "low", "high"]]
        for what in (found, expected)
    )
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9)


def test_the_summary(result):
    assert result.pos_label == result.positive == "malignant"
    summary = result.summary().set_index(["model", "metric"])
    for model in result.models:
        table = result.per_model(model)
        truth, labels = table["y_true"], table["y_pred"]
        for metric in ("sensitivity", "specificity", "ppv", "npv"):
            expected = confidence_interval(metric, truth, labels, pos_label="malignant")
            row = summary.loc[(model, metric)]
            assert row[["value", "low", "high"]].tolist() == pytest.approx(expected)
            assert row["method"] == "wilson"
        area = confidence_interval(
            "roc_auc", truth, table["proba_malignant"], pos_label="malignant"
        )
        assert summary.loc[(model, "roc_auc"), ["value", "low", "high"]].tolist() == pytest.approx(
            area
        )
        # Metrics of all classes are no others than without a positive class.
        assert summary.loc[(model, "accuracy"), "value"] == accuracy_score(truth, labels)
        of_all = confidence_interval("balanced_accuracy", truth, labels)
        assert summary.loc[(model, "balanced_accuracy"), "value"] == of_all.estimate


def test_comparisons_are_of_the_same_scores(result, wine):
    (row,) = result.compare().to_dict("records")
    summary = result.summary().set_index(["metric", "model"])["value"]
    for metric in ("sensitivity", "specificity", "accuracy", "balanced_accuracy"):
        difference = summary[metric]["logistic"] - summary[metric]["bayes"]
        assert row[f"{metric}_difference"] == pytest.approx(difference)
        assert row[f"{metric}_difference_low"] < difference < row[f"{metric}_difference_high"]
    for end, model in (("a", "logistic"), ("b", "bayes")):
        assert row[f"auc_{end}"] == pytest.approx(summary["roc_auc"][model])
        assert row[f"accuracy_{end}"] == pytest.approx(summary["accuracy"][model])
    assert 0 < row["delong_p"] <= 1
    assert row["reason"] == ""
    right = {m: result.per_model(m)["y_pred"].to_numpy() == wine[1] for m in result.models}
    assert row["only_a_right"] == (right["logistic"] & ~right["bayes"]).sum()
    # Columns are those of any comparison, in their order.
    assert list(result.compare()) == list(
        compare_models([0, 1, 0, 1], {"a": [0, 1, 0, 1], "b": [0, 0, 0, 1]})
    )


def test_without_a_positive_class_they_are_averages(wine, result):
    found = evaluate(models(), *wine, cv=FOLDS)
    assert found.positive is None
    assert found.compare()["sensitivity_difference"].isna().all()
    value = found.scores.query("metric == 'sensitivity'")["value"]
    assert (value != result.scores.query("metric == 'sensitivity'")["value"]).all()


def test_decision_values(wine):
    found = evaluate(RidgeClassifier(), *wine, cv=FOLDS, pos_label="normal")
    assert found.missing.empty
    table = found.per_model("RidgeClassifier")
    expected = confidence_interval(
        "roc_auc", table["y_true"], table["decision_normal"], pos_label="normal"
    )
    row = found.summary().set_index("metric").loc["roc_auc"]
    assert row[["value", "low", "high"]].tolist() == pytest.approx(expected)


def test_numbers_and_fitted_classifiers_that_know_more_classes():
    X, y = load_digits(n_class=4, return_X_y=True)
    model = GaussianNB().fit(X[:300], y[:300])
    tested = np.flatnonzero(y[300:] < 2) + 300  # two classes of the four
    found = evaluate(model, X[tested], y[tested], cv="prefit", pos_label=1)
    assert found.missing.empty
    table = found.per_model("GaussianNB")
    area = confidence_interval("roc_auc", table["y_true"], table["proba_1"], pos_label=1)
    summary = found.summary().set_index("metric")
    assert summary.loc["roc_auc", "value"] == pytest.approx(area.estimate)


def test_a_class_that_a_fold_did_not_train_on(wine):
    X, labels = wine
    train = np.flatnonzero(labels != "malignant")
    folds = [(train, np.arange(len(X))), (np.arange(0, 178, 2), np.arange(1, 178, 2))]
    with pytest.warns(UserWarning, match="was not seen in training"):
        found = evaluate(GaussianNB(), X, labels, cv=folds, pos_label="malignant")
    scores = found.scores.query("fold == 0").set_index("metric")["value"]
    assert scores["sensitivity"] == 0
    assert np.isnan(scores["roc_auc"])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".md", ".json"])
def test_the_report_says_which_class(result, wine, tmp_path, suffix):
    text = report(result, *wine, tmp_path / f"report{suffix}").read_text(encoding="utf-8")
    for said in (
        "of the images of class “malignant” were found",
        "of the images of classes other than “malignant” were recognised as such",
        "he ROC AUC of class “malignant” against the rest is 0.",
        "“malignant” is the positive class, against all others, in sensitivity",
    ):
        assert said in text
    if suffix != ".json":
        caption = "ROC curve, and sensitivity and specificity by threshold of class “malignant”"
        assert f"{caption} against the rest (0.5 is marked; the largest score decides)" in (
            text.replace("\\", "")
        )


def test_bad_input(wine):
    X, labels = wine
    with pytest.raises(
        ValueError, match=r"pos_label='ill' is not one of the labels \['benign', 'm"
    ):
        evaluate(GaussianNB(), X, labels, pos_label="ill")
