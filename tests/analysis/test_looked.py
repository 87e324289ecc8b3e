"""Worst mistakes are looked at with the models that had not seen the images, within the time."""

import runpy
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from digit_files import write_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skdl import BackboneFeatures, analyze_folder, evaluate, predict_files
from skdl.analysis import _looked, _plan
from skdl.analysis._ladder import Backbone
from skdl.analysis._look import look
from skdl.analysis._plan import Plan
from skdl.reporting import looked_at

METRIC = {"scoring": "roc_auc"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("looked") / "digits", n=40)


@pytest.fixture(scope="module")
def seen(folder):
    return look(folder, {}, pos_label=None, folds=2, verbose=0)


@pytest.fixture(scope="module")
def result(seen):
    """The majority, and features of the network that comes along."""
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1]}, **METRIC, cv=2)
    majority = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, **METRIC, cv=2)
    models = {"majority": majority, "logistic": make_pipeline(BackboneFeatures(), search)}
    groups = np.arange(40) // 2
    return evaluate(models, seen.X, seen.y, cv=2, **METRIC, groups=groups).choose("roc_auc")


@pytest.mark.parametrize("fold", [0, 1])
def test_a_model_that_is_fitted_again_is_that_of_the_fold(result, seen, fold):
    again = _looked.fitted_again(result, seen, "logistic", fold)
    table = result.predictions.query("model == 'logistic' and fold == @fold")
    proba = again.predict_proba(seen.X[table["row"]])
    np.testing.assert_allclose(proba[:, 1], table["proba_8"], rtol=1e-9)
    assert again.get_params()["backbonefeatures__store"] is None
    assert again.classes_.tolist() == ["3", "8"]
    assert isinstance(again[-1], LogisticRegression)  # with what the search of the fold chose


@pytest.mark.parametrize("n_folds", [0, 1, 2])
def test_folds_are_fitted_again_as_far_as_there_is_time(result, seen, monkeypatch, n_folds):
    """A second for each fit and each picture; the worst mistakes come first."""
    plan = Plan(None, [], seconds={"features": len(seen.y) / _looked._PLACES})
    # Whichever was wrong, there are pictures of both folds.
    rows = result.predictions.groupby(["model", "fold"]).head(3)["row"].unique()
    result = replace(
        result,
        times=result.times.assign(fit_seconds=1.0),
        predictions=result.predictions[result.predictions["row"].isin(rows)],
    )
    counts = looked_at(result, "best")["fold"].value_counts(sort=False)
    seconds = [0.0, *(counts + 1).cumsum()][n_folds] + 0.5
    asked, told = [], []
    monkeypatch.setattr(_looked, "fitted_again", lambda *about: asked.append(about[2:]) or "model")
    shown, said = _looked.with_networks(result, seen, plan, seconds, told.append)
    folds = counts.index.tolist()[:n_folds]
    assert asked == [("logistic", fold) for fold in folds]
    assert shown.fitted == {("best", fold): "model" for fold in folds}
    assert len(told) == (n_folds > 0)
    n_missed = counts.iloc[n_folds:].sum()
    assert len(said) == (n_missed > 0)
    assert n_folds == 2 or f"not shown for {n_missed} of the {counts.sum()} images" in said[0]


def test_models_without_a_network_are_not_fitted_again(result, seen, monkeypatch):
    monkeypatch.setattr(_looked, "fitted_again", None)
    choices = result.choices
    is_pick = (choices["model"] == "best") & (choices["parameter"] == "model")
    picked = choices.assign(value=choices["value"].mask(is_pick, "majority"))
    plan, result = Plan(None, []), replace(result, choices=picked)
    shown, said = _looked.with_networks(result, seen, plan, 1e9, None)
    assert (shown.fitted, said) == ({}, [])


@pytest.mark.slow
def test_pictures_take_half_as_long_as_all_before_at_most(folder, tmp_path, monkeypatch):
    allowed = []

    def none(result, look, plan, seconds, tell):
        allowed.append(seconds)
        return result, []

    monkeypatch.setattr("skdl.analysis._run.with_networks", none)
    how = {"models": ["majority"], "folds": 2, "report": "md", "verbose": 0}
    analyze_folder(folder, out=tmp_path / "short", **how)
    assert allowed.pop() == 20  # seconds that they have in any case
    monkeypatch.setattr("skdl.analysis._run._FOR_PICTURES", 0.0)
    start = time.monotonic()
    analyze_folder(folder, out=tmp_path / "long", minutes=1000, **how)
    assert 0 < allowed[0] < (time.monotonic() - start) / 2


@pytest.mark.exhaustive
def test_the_report_and_the_script_of_a_model_on_features(folder, tmp_path, monkeypatch):
    """Also that the script writes the same model, which knows what it was trained on."""
    small = Backbone("cifar_resnet20", 8, {"stage3": 64})
    monkeypatch.setattr(_plan, "candidates", lambda *about: iter([small]))
    how = {"models": ["logistic"], "folds": 2, "report": "md", "verbose": 0}
    found = analyze_folder(folder, out=tmp_path / "out", **how)
    text = (found.out / "report.md").read_text()
    assert "Where the network looked, in the first of these (occlusion)" in text
    assert (found.out / "report-pictures" / "saliency.png").is_file()
    assert "not shown" not in text
    runpy.run_path(str(found.out / "run.py"))
    table, again = (
        predict_files(place / "model.skdl", folder) for place in (found.out, found.out / "again")
    )
    assert {"unlike", "distance"} < set(table)
    pd.testing.assert_frame_equal(table, again)
