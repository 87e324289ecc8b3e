"""Reports on several labels, and on numbers."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, SVR

from skdl import evaluate, report

CHECKLIST = "Number of images, by class"


@pytest.fixture(scope="module")
def ink(few_digits):
    X, _ = few_digits
    return X, X.sum(axis=1) + np.random.default_rng(0).normal(0, 20, len(X))


@pytest.fixture(scope="module")
def of_numbers(ink):
    sizes = np.where(np.arange(300) % 3, "small", "large")
    models = {"ridge": Ridge(10), "svr": SVR()}
    return evaluate(models, *ink, groups=np.arange(300) // 2, subgroups={"size": sizes})


@pytest.fixture(scope="module")
def labels(few_digits):
    digit = few_digits[1]
    return pd.DataFrame({"odd": digit % 2, "a <b>": (digit > 4).astype(int)})


@pytest.fixture(scope="module")
def of_labels(few_digits, labels):
    return evaluate(KNeighborsClassifier(), few_digits[0], labels)


def test_numbers_as_a_page(ink, of_numbers, tmp_path):
    path = report(of_numbers, *ink, tmp_path / "ink.html", title="Ink")
    page = path.read_text(encoding="utf-8")
    for caption in ("Predicted and true numbers", "Bland-Altman plot", "Largest errors"):
        assert page.count(f'alt="{caption}') == 1
    assert "<h2>Errors</h2>" in page
    assert "Confusion" not in page
    assert "Classes</h2>" not in page
    value = of_numbers.summary().query("model == 'ridge' and metric == 'mae'")["value"].item()
    assert f"Predictions are {value:.1f} from the truth on average" in page
    assert "150 groups" in page


def test_numbers_as_figures(ink, of_numbers, tmp_path):
    path = report(of_numbers, *ink, tmp_path / "ink.json")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["model"] == "ridge"
    assert [row["metric"] for row in found["scores"][:3]] == ["r2", "mae", "rmse"]
    assert found["per_class"] is None
    assert len(found["mistakes"]) == 12
    assert {row["metric"] for row in found["subgroups"]} == {"mae", "bias"}
    assert found["comparison"][0]["mae_p"] < 0.05
    answers = {line["asks"]: line["answer"] for line in found["checklist"]}
    assert "whose targets have the mean" in answers[CHECKLIST]
    assert "the largest error is" in answers["Mistakes"]
    assert answers["Output"] == "One number per image."
    assert found["model_card"]["Model details"] == ["Image regressor: one number per image."]


def test_numbers_of_groups(ink, of_numbers, tmp_path, undrawn):
    by_group = of_numbers.by_group()
    path = report(by_group, *ink, tmp_path / "ink.md")
    text = path.read_text(encoding="utf-8")
    assert "150 groups of 300 images" in text
    assert "| No. | Group | True | Predicted | Error |" in text


def test_the_best_model_is_the_one_with_the_smallest_error(ink, tmp_path):
    found = evaluate({"svr": SVR(), "ridge": Ridge(10)}, *ink, scoring=["mae", "bias"])
    path = report(found, *ink, tmp_path / "ink.json")
    assert json.loads(path.read_text(encoding="utf-8"))["model"] == "ridge"


def test_the_best_model_is_the_one_that_is_best_calibrated(two_classes, tmp_path):
    X, y = two_classes
    models = {"bad": KNeighborsClassifier(1), "good": SVC(probability=True, random_state=0)}
    found = evaluate(models, X, y, scoring=["brier", "accuracy"])
    values = found.summary().query("metric == 'brier'").set_index("model")["value"]
    path = report(found, X, y, tmp_path / "brier.json")
    shown = json.loads(path.read_text(encoding="utf-8"))
    assert shown["model"] == values.idxmin()


@pytest.mark.slow
def test_labels_as_a_page(few_digits, labels, of_labels, tmp_path):
    path = report(of_labels, few_digits[0], labels, tmp_path / "labels.html")
    page = path.read_text(encoding="utf-8")
    assert page.count('<details class="output">') == 2
    assert "<summary>odd</summary>" in page
    assert "<summary>a &lt;b&gt;</summary>" in page
    assert "a <b>" not in page
    assert page.count('alt="ROC curve') == 2
    n_set = int(labels["odd"].sum())
    assert f"{n_set} ({100 * n_set / 300:.1f}\u00a0%)" in page
    assert re.search(r"All labels are correct for \d+\.\d\u00a0% of the images", page)


def test_labels_as_text_and_figures(few_digits, labels, of_labels, tmp_path):
    path = report(of_labels, few_digits[0], labels, tmp_path / "labels.md")
    text = path.read_text(encoding="utf-8")
    assert "\n## odd\n" in text
    assert "\n### Mistakes\n" in text
    pictures = re.findall(r"\((labels-pictures/[^)]+)\)", text)
    assert len(pictures) == len(set(pictures)) > 10
    assert all((tmp_path / name).stat().st_size for name in pictures)
    path = report(of_labels, few_digits[0], labels, tmp_path / "labels.json")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert list(found["outputs"]) == ["odd", "a <b>"]
    assert {row["output"] for row in found["scores"]} == {"odd", "a <b>", "mean", "all"}
    own = found["outputs"]["odd"]["scores"]
    assert own[0]["value"] == of_labels["odd"].summary()["value"].iloc[0]
    answers = {line["asks"]: line["answer"] for line in found["checklist"]}
    assert answers[CHECKLIST].startswith("“odd”: 300 images of 2 classes")
    assert "Multi-label image classifier" in found["model_card"]["Model details"][0]


def test_several_numbers(ink, tmp_path, undrawn):
    X, y = ink
    Y = np.column_stack([y, X[:, 20]])
    path = report(evaluate(Ridge(), X, Y), X, Y, tmp_path / "two.html")
    page = path.read_text(encoding="utf-8")
    assert "<h2>Each number</h2>" in page
    assert "images with 2 numbers each" in page


def test_fitted_models(few_digits, labels, ink, tmp_path, undrawn):
    X = few_digits[0]
    for y, model in ((labels, KNeighborsClassifier()), (ink[1], Ridge())):
        fitted = model.fit(X[:150], y[:150])
        path = report(fitted, X[150:], y[150:], tmp_path / "fitted.html")
        assert "already fitted, was tested on 150 images" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, Y: (X, Y.iloc[::-1]), "The labels in y differ from those of the evaluation"),
        (lambda X, Y: (X, Y["odd"]), "y has shape .* but the evaluation had 2 columns"),
        (lambda X, Y: (X[::-1], Y), "The images in X differ"),
    ],
)
def test_other_data(few_digits, labels, of_labels, change, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        report(of_labels, *change(few_digits[0], labels), tmp_path / "report.html")


def test_other_numbers(ink, of_numbers, tmp_path):
    with pytest.raises(ValueError, match="The numbers in y differ from those of the evaluation"):
        report(of_numbers, ink[0], ink[1] + 1, tmp_path / "report.html")
