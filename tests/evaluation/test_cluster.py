"""Evaluations whose folds are fitted by the workers of a Dask cluster."""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT
from joblib import parallel_config
from machines import machines
from PIL import Image
from sick import Mortal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skdl import evaluate
from skdl.preprocessing import ImageLoader

pytest.importorskip("distributed", exc_type=ImportError)

HOW = {"cv": 3, "scoring": ["roc_auc"], "look_alikes": "ignore"}


@pytest.fixture
def scans(tmp_path):
    """Relative paths of images, and whether each is bright."""
    (tmp_path / "scans").mkdir()
    draw, y = np.random.default_rng(0), np.arange(36) % 2
    for number, bright in enumerate(y):
        pixels = draw.integers(0, 200 + 50 * bright, (6, 6), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "scans" / f"{number}.png")
    return [os.path.join("scans", f"{number}.png") for number in range(36)], y


def worker_has_fitted():
    return "sklearn.linear_model" in sys.modules


def model():
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1]}, cv=2, scoring="roc_auc")
    return make_pipeline(ImageLoader(flatten=True), search)


@pytest.mark.slow
def test_relative_paths_and_checkpoints_are_those_of_the_caller(tmp_path, scans, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = evaluate(model(), *scans, **HOW)
    with machines(tmp_path, ([], {}), ([], {})) as (client, _), parallel_config("dask"):
        found = evaluate(model(), *scans, checkpoint="folds", **HOW)
        assert len(client.nthreads()) == 2
        assert client.run(worker_has_fitted) == dict.fromkeys(client.nthreads(), True)
    pd.testing.assert_frame_equal(found.predictions, expected.predictions)
    assert len(list(Path("folds").glob("*.json"))) == 4  # three folds, and their plan
    assert not list(tmp_path.glob("machine */folds"))


def searched(mark=None):
    """A search in the midst of which a process dies; it could not be survived by itself."""
    return GridSearchCV(Mortal(), {"mark": [None, mark]}, cv=2, scoring="roc_auc")


@pytest.mark.slow
@pytest.mark.parametrize("make", [Mortal, searched])
def test_a_worker_that_dies_costs_its_fold(tmp_path, scans, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    X, y = np.random.default_rng(0).normal(size=(36, 4)), scans[1]
    expected = evaluate(make(), X, y, **HOW)
    mark = tmp_path / "dead"
    with machines(tmp_path, ([], {}), ([], {})) as (_, _), parallel_config("dask"):
        found = evaluate(make(mark), X, y, **HOW)
    assert mark.exists()
    assert found.predictions["y_pred"].tolist() == expected.predictions["y_pred"].tolist()
    assert found.missing.empty


@pytest.mark.slow
def test_a_module_that_workers_lack_is_named(tmp_path, scans):
    X, y = np.random.default_rng(0).normal(size=(36, 4)), scans[1]
    alone = {"PYTHONPATH": str(ROOT)}
    with machines(tmp_path, ([], alone), ([], alone)) as (client, _), parallel_config("dask"):
        with pytest.raises(
            RuntimeError, match=r"The worker tcp://\S+ cannot take part: Mod.*'sick'"
        ):
            evaluate(Mortal(), X, y, **HOW)
        client.upload_file(str(ROOT / "tests" / "sick.py"))
        assert evaluate(Mortal(), X, y, **HOW).missing.empty


@pytest.mark.slow
def test_a_scheduler_that_is_killed_is_an_error(tmp_path, scans):
    dask = pytest.importorskip("dask")
    X, y = np.random.default_rng(0).normal(size=(36, 4)), scans[1]
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        machines(tmp_path, ([], {}), ([], {})) as (_, (scheduler, *_)),
        parallel_config("dask"),
    ):
        folds, kill = tmp_path / "folds", Mortal(tmp_path / "dead", scheduler.pid)
        with pytest.raises(ConnectionError, match="The connection to the Dask scheduler was lost"):
            evaluate(kill, X, y, checkpoint=folds, **HOW)
    assert evaluate(Mortal(), X, y, checkpoint=folds, **HOW).missing.empty
