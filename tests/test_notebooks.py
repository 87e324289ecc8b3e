"""What notebooks show of results, stores and estimators."""

import re
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from helpers import chromium
from sklearn import config_context
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from skdl import BackboneFeatures, CNNClassifier, FeatureStore, evaluate

SCRIPT = "<script>document.title = 'ran'</script>"


@pytest.fixture(scope="module")
def few(digits):
    """A hundred digits, flattened."""
    X, y = digits
    return X[:100].reshape(100, -1), y[:100]


@pytest.fixture(scope="module")
def evaluated(few):
    X, y = few
    models = {SCRIPT: LogisticRegression(max_iter=300), "majority": DummyClassifier()}
    return evaluate(models, X, y == 8, cv=3, groups=np.arange(len(X)) // 2)


@pytest.fixture(scope="module")
def fitted(few):
    return CNNClassifier(epochs=3, validation_fraction=0.2, random_state=0).fit(*few)


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


# ---- evaluations -----------------------------------------------------------------------------


def test_an_evaluation_shows_scores_with_intervals(evaluated):
    page, summary = evaluated._repr_html_(), evaluated.summary()
    assert "EvaluationResult: 2 models, 100 images, 50 groups, 3 folds" in page
    row = summary[(summary["model"] == "majority") & (summary["metric"] == "accuracy")].iloc[0]
    assert f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})" in page
    assert SCRIPT not in page  # but escaped
    assert "&lt;script&gt;" in page


def test_an_evaluation_is_a_line_of_text(evaluated):
    text = repr(evaluated)
    assert text.startswith(
        "<EvaluationResult: 2 models, 100 images, 50 groups, 3 folds; ['accuracy'"
    )
    assert len(text) < 250


def test_many_models_are_rows(few):
    X, y = few
    models = {f"C{i}": LogisticRegression(C=10.0**i, max_iter=50) for i in range(-3, 2)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = evaluate(models, X, y == 8, cv=2, scoring="accuracy")
    assert re.search(r" accuracy C-3 [\d.]+ \([\d.]+ to [\d.]+\) C-2 ", words(result._repr_html_()))


def test_numbers(few):
    X, _ = few
    result = evaluate(LinearRegression(), X[:, :20], X[:, 30], cv=2)
    assert "RegressionResult: 1 model, 100 images, 2 folds" in result._repr_html_()
    assert repr(result).startswith("<RegressionResult: 1 model")


def test_what_is_missing_is_said(few):
    X, y = few
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = evaluate(
            {"broken": LogisticRegression(C=-1), "majority": DummyClassifier()}, X, y == 8, cv=2
        )
    page = words(result._repr_html_())
    assert "scores of folds missing: see missing." in page
    assert "–" in page


def test_a_fitted_model_has_no_folds(few):
    X, y = few
    model = LogisticRegression(max_iter=300).fit(X[:50], y[:50] == 8)
    page = evaluate(model, X[50:], y[50:] == 8, cv="prefit")._repr_html_()
    assert "EvaluationResult: 1 model, 50 images</strong>" in page
    assert "Scores on test data with 95 % intervals." in page


def test_decisions_about_groups(few):
    X, y = few
    order = np.argsort(y == 8, kind="stable")
    model = LogisticRegression(max_iter=300)
    result = evaluate(model, X[order], y[order] == 8, cv=2, groups=np.arange(100) // 2)
    assert "EvaluationResult: 1 model, 50 groups, 2 folds" in result.by_group()._repr_html_()


def test_several_labels(few):
    X, y = few
    Y = pd.DataFrame({"odd": y % 2, SCRIPT: (y > 4).astype(int)})
    result = evaluate(DummyClassifier(), X, Y, cv=2)
    page = result._repr_html_()
    assert page.count("<details>") == 2
    assert "MultioutputResult of 2 labels" in words(page)
    assert "EvaluationResult: 1 model, 100 images, 2 folds" in page
    assert SCRIPT not in page


# ---- estimators ------------------------------------------------------------------------------


def test_a_fitted_network_shows_what_it_saw(fitted):
    page = fitted._repr_mimebundle_()["text/html"]
    seen = "Fitted on images of shape (8, 8, 1), values from 0 to 16. 10 classes. 3 epochs: loss "
    assert seen in words(page)
    assert page.count("<polyline") == 2
    assert "<title>val_loss</title>" in page


def test_before_fit_there_is_the_diagram_alone():
    page = CNNClassifier()._repr_mimebundle_()["text/html"]
    assert "CNNClassifier" in page
    assert "Fitted on" not in page
    assert "<polyline" not in page


def test_a_transformer_has_no_history(few):
    features = BackboneFeatures(image_size=16).fit(few[0])
    page = features._repr_html_()
    assert "Fitted on images of shape (8, 8, 1), values from 0 to 16." in words(page)
    assert "<polyline" not in page


def test_text_where_text_is_asked_for(fitted):
    with config_context(display="text"):
        assert "text/html" not in fitted._repr_mimebundle_()
        assert not hasattr(fitted, "_repr_html_")


# ---- stores ----------------------------------------------------------------------------------


def test_a_store_shows_what_it_holds(few, tmp_path):
    store = FeatureStore(tmp_path / "features", max_bytes=10**6)
    assert "It is empty." in store._repr_html_()
    features = BackboneFeatures(image_size=16, store=store).fit(few[0])
    features.transform(few[0])
    features.transform(few[0])
    page = words(store._repr_html_())
    assert "Feature store in" in page
    assert re.search(r"cifar_resnet20 100 [\d.]+ kB \d+ just now", page)
    assert "At most 1.0 MB. 100 of 200 look-ups in this process found what was stored." in page
    assert "Feature store in memory" in FeatureStore()._repr_html_()


# ---- in a browser ----------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_in_a_browser(evaluated, fitted, tmp_path):
    """Nothing of the user's runs, and wide tables scroll instead of widening the page."""
    # The diagram itself is scikit-learn's, in older versions wider than the page.
    diagram = f"<div style='overflow-x:auto'>{fitted._repr_html_()}</div>"
    shown = [diagram, FeatureStore()._repr_html_(), evaluated._repr_html_()]
    probe = (
        "<script>addEventListener('load', () => document.body.setAttribute('data-found', "
        "[document.documentElement.scrollWidth <= innerWidth, "
        "document.querySelectorAll('polyline').length, document.title].join()))</script>"
    )
    path = tmp_path / "notebook.html"
    path.write_text(f"<meta charset='utf-8'>{probe}{''.join(shown)}", encoding="utf-8")
    dumped = chromium(tmp_path, "--virtual-time-budget=5000", "--dump-dom", path.as_uri())
    assert re.search(r'data-found="([^"]*)"', dumped).group(1) == "true,2,"
