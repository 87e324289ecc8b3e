"""Subgroups in a report."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

import skdl
from skdl import evaluate

MARKUP = "<blink>"
N = 400


def report(*args, **settings):
    return skdl.report(*args, audit=False, **settings).read_text("utf-8")


class Biased(ClassifierMixin, BaseEstimator):
    """Right but for every second image of the old scanner, whose first feature is 1."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        truth, old, number = X[:, 1], X[:, 0], X[:, 2]
        wrong = (old == 1) & (number % 2 == 0)
        positive = np.where(wrong, 1 - truth, truth) * 0.8 + 0.1
        return np.c_[1 - positive, positive]

    def predict(self, X):
        return (self.predict_proba(X)[:, 1] >= 0.5).astype(int)


@pytest.fixture(scope="module")
def biased():
    rng = np.random.default_rng(0)
    y, old = rng.integers(0, 2, N), np.repeat([0, 1], N // 2)
    X = np.c_[old, y, np.arange(N) // 2]
    scanner = np.where(old == 1, f"old {MARKUP}", "new")
    values = pd.DataFrame({"scanner": scanner, "sex": rng.choice(["F", "M"], N)})
    values.loc[:4, "sex"] = "X"  # too few for scores
    result = evaluate({"a": Biased(), "b": LogisticRegression()}, X, y, cv=2, subgroups=values)
    return X, y, values, result


@pytest.mark.usefixtures("undrawn")
def test_the_model_card_says_what_was_looked_at(biased, tmp_path):
    X, y, _, result = biased
    text = report(result, X, y, tmp_path / "r.md", model="a")
    assert "Scores by scanner and sex are under “Subgroups”" in text
    assert "not examined separately" not in text


def test_figures_are_those_of_the_evaluation(biased, tmp_path):
    X, y, values, result = biased
    found = json.loads(report(result, X, y, tmp_path / "r.json", model="a"))
    rows = {(row["value"], row["metric"]): row for row in found["subgroups"]}
    assert {row["model"] for row in found["subgroups"]} == {"a"}
    for scanner in values["scanner"].unique():
        inside = (values["scanner"] == scanner).to_numpy()
        right = (Biased().fit(X, y).predict(X) == y)[inside]
        assert rows[scanner, "accuracy"]["estimate"] == pytest.approx(right.mean())
        assert rows[scanner, "accuracy"]["n"] == inside.sum()
    answers = {line["asks"]: line["answer"] for line in found["checklist"]}
    old = f"Accuracy of “scanner: old {MARKUP}” (−0.5"
    assert old in answers["Scores of subgroups"]
    assert "p < 0.001" in answers["Scores of subgroups"]
    assert "sex: F" not in answers["Scores of subgroups"]
    counts = values["sex"].value_counts()
    assert answers["Who the patients are"] == (
        f"{N} rows, by scanner: new 200, old {MARKUP} 200; sex: F {counts['F']}, M {counts['M']}, "
        "X 5."
    )


@pytest.mark.slow
def test_in_html_and_markdown(biased, tmp_path):
    X, y, _, result = biased
    page = report(result, X, y, tmp_path / "r.html", model="a")
    assert "<h2>Subgroups</h2>" in page
    assert "Subgroups, with intervals" in page
    assert MARKUP not in page
    assert "scanner: old &lt;blink&gt;" in page
    text = report(result, X, y, tmp_path / "r.md", model="a")
    assert "## Subgroups" in text
    assert (tmp_path / "r-pictures" / "subgroups.png").is_file()
    (row,) = re.findall(r"\| scanner: new \| (.*) \|", text)
    assert row.startswith("200 | 1.000 (0.981 to 1.000) \u002b0.5")
    assert re.search(r"Accuracy of “sex: X”: .*5", text)  # why it has no scores


def test_nothing_differs_without_a_difference(tmp_path):
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 200)
    X = np.c_[np.zeros(200), y, np.arange(200)]
    result = evaluate(LogisticRegression(), X, y, cv=2, subgroups={"day": np.arange(200) % 3})
    found = json.loads(report(result, X, y, tmp_path / "r.json"))
    answers = {line["asks"]: line["answer"] for line in found["checklist"]}
    assert answers["Scores of subgroups"] == (
        "Accuracy, sensitivity, specificity, ROC AUC of 3 subgroups, each against the rest: none "
        "differs after Holm's correction, p < 0.05."
    )


@pytest.mark.slow
def test_without_subgroups(tmp_path):
    y = np.arange(60) % 2
    X = np.c_[np.zeros(60), y, np.arange(60)]
    result = evaluate(LogisticRegression(), X, y, cv=2)
    found = json.loads(report(result, X, y, tmp_path / "r.json"))
    assert found["subgroups"] is None
    answers = {line["asks"]: line["answer"] for line in found["checklist"]}
    assert not answers["Scores of subgroups"]
    assert not answers["Who the patients are"]
    assert "# Subgroups" not in report(result, X, y, tmp_path / "r.md").partition("## Checklist")[0]
