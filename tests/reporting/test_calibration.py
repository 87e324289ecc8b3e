"""Calibration and choices of searches in a report."""

import json
import re
from typing import get_args

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV

import skdl
from skdl import evaluate
from skdl.metrics import confidence_interval
from skdl.metrics._intervals import Method
from skdl.reporting._words import METHODS


def report(*args, **settings):
    return skdl.report(*args, audit=False, **settings).read_text("utf-8")


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(240, 3))
    return X, np.where(X[:, 0] + generator.normal(size=240) > 0.5, "ill", "well")


@pytest.fixture(scope="module")
def result(data):
    groups = np.repeat(np.arange(60), 4)
    return evaluate(LogisticRegression(), *data, cv=3, pos_label="ill", groups=groups)


def test_scores_know_the_groups(data, result, tmp_path):
    X, y = data
    found = json.loads(report(result, X, y, tmp_path / "r.json", level=0.9))
    table = result.predictions.sort_values("row")
    positive, scores = (table["y_true"] == "ill").to_numpy(), table["proba_ill"].to_numpy()
    names = [row["score"] for row in found["calibration"]]
    assert names[:3] == ["expected_calibration_error", "calibration_slope", "calibration_intercept"]
    for row in found["calibration"]:
        expected = confidence_interval(
            row["score"], positive, scores, groups=result.groups, level=0.9, random_state=0
        )
        assert (row["value"], row["low"], row["high"]) == pytest.approx(tuple(expected))
    brier = next(row for row in found["calibration"] if row["score"] == "brier")
    assert brier["value"] == pytest.approx(np.mean((scores - positive) ** 2))


@pytest.mark.slow
def test_in_html_and_markdown(data, result, tmp_path):
    X, y = data
    page = report(result, X, y, tmp_path / "r.html")
    assert "<h2>Calibration</h2>" in page
    assert "Predicted probabilities and observed frequencies; intervals of the curve assume" in page
    assert "Net benefit of using the model" in page
    text = report(result, X, y, tmp_path / "r.md")
    assert re.search(r"\| Calibration slope \| \d\.\d{3} \| \d\.\d{3} to \d\.\d{3} \| 1 \|", text)
    for name in ("reliability", "decision_curve"):
        assert (tmp_path / "r-pictures" / f"{name}.png").is_file()
    assert "too few to assess calibration" not in text


@pytest.mark.parametrize("kind", ["no probabilities", "several classes", "one class"])
@pytest.mark.usefixtures("undrawn")
def test_without_a_positive_class_or_probabilities(data, kind, tmp_path):
    X, y = data
    model = RidgeClassifier() if kind == "no probabilities" else LogisticRegression()
    if kind == "several classes":
        y = np.where(X[:, 1] > 1, "other", y)
    model.fit(X, y)
    rows = y == "ill" if kind == "one class" else slice(None)
    pos_label = None if kind == "several classes" else "ill"
    text = report(model, X[rows], y[rows], tmp_path / "r.md", pos_label=pos_label)
    assert "Calibration" not in text.partition("## Checklist")[0]
    found = json.loads(report(model, X[rows], y[rows], tmp_path / "r.json", pos_label=pos_label))
    assert found["calibration"] is None
    (answer,) = [line["answer"] for line in found["checklist"] if line["asks"] == "Calibration"]
    assert not answer


def test_a_score_that_does_not_exist_has_its_reason(tmp_path):
    """Probabilities that part the classes have no slope."""
    X = np.r_[np.linspace(-2, -1, 20), np.linspace(1, 2, 20)][:, None]
    y = np.repeat([0, 1], 20)
    model = LogisticRegression().fit(X, y)
    text = report(model, X, y, tmp_path / "r.md")
    assert "| Calibration slope | – | – | 1 |" in text
    assert "40 images are too few to assess calibration" in text
    assert "nan" not in text


class TestChoices:
    @pytest.fixture(scope="class")
    def searched(self, data):
        X, y = data
        search = GridSearchCV(LogisticRegression(), {"C": [1e-4, 1.0]}, cv=2)
        return evaluate(search, X, y, cv=3, pos_label="ill", return_estimator=True)

    @pytest.mark.usefixtures("undrawn")
    def test_inner_scores_stand_beside_outer_ones(self, data, searched, tmp_path):
        X, y = data
        found = json.loads(report(searched, X, y, tmp_path / "r.json"))
        assert len(found["choices"]) == 3
        table = searched.predictions
        for fold, row in enumerate(found["choices"]):
            inside = searched.fitted["GridSearchCV", fold]
            assert row["inner_score"] == pytest.approx(inside.best_score_)
            tested = table[table["fold"] == fold]
            assert row["outer_score"] == pytest.approx(
                (tested["y_true"] == tested["y_pred"]).mean()
            )
        text = report(searched, X, y, tmp_path / "r.md")
        assert "## Chosen parameters" in text
        best = searched.fitted["GridSearchCV", 0]
        row = f"| 1 | C = {best.best_params_['C']:.4g} | accuracy | {best.best_score_:.3f} |"
        assert row in text
        assert "<h2>Chosen parameters</h2>" in report(searched, X, y, tmp_path / "r.html")

    @pytest.mark.usefixtures("undrawn")
    def test_without_a_search(self, data, result, tmp_path):
        X, y = data
        assert json.loads(report(result, X, y, tmp_path / "r.json"))["choices"] == []
        assert "Chosen parameters" not in report(result, X, y, tmp_path / "r.md")


def test_every_method_of_intervals_is_explained():
    methods = {*get_args(Method)} - {"auto"}
    assert set(METHODS) == methods
