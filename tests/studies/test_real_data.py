"""Studies with a pretrained network reach their goals, and their page is true."""

import runpy

import numpy as np
import pytest
from helpers import ROOT

from skdl import audit_images
from skdl.studies import get_study, run_study

pytestmark = pytest.mark.realdata


@pytest.fixture
def weights(data_home):
    return data_home / "weights" / "mobilenet_v2_1.0_224_no_top_from_int8.weights.h5"


@pytest.mark.slow
def test_features_in_a_csv_file_and_an_svm(weights, tmp_path):
    options = {"backbone": "mobilenet_v2", "weights": str(weights), "out": tmp_path}
    run = run_study("medical-svm", only=["improved"], **options)
    (goal,) = get_study("medical-svm").goals
    area = run.comparison.query("metric == @goal.metric")["measured"]
    assert area.item() >= goal.at_least
    assert run.record["data"]["n_equal"] == 0
    assert run.record["settings"]["weights"] == weights.name


def test_features_of_photographs(data_home, weights, tmp_path):
    options = {"backbone": "mobilenet_v2", "weights": str(weights), "out": tmp_path}
    run = run_study("pets-features", n_train=40, only=["improved"], **options)
    assert run.record["models"]["improved"]["test"]["accuracy"]["value"] > 0.9
    record = (run.folder / "study.json").read_text()
    assert weights.name in record
    assert str(data_home) not in record  # where they lie is nobody's business


def test_what_the_page_says_of_look_alikes():
    """The audit's findings to the letter; of the scores, that they are too good."""
    tool = runpy.run_path(str(ROOT / "tools" / "busi_optimism.py"))
    X, y = tool["lesions"]()
    page = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    assert tool["about_data"](audit_images(X, y), y) in page
    scores = tool["optimism"](tool["features_of"](X), y, X, n_repeats=1, n_resamples=100)
    assert (scores["difference"] > 0).all()
    of_area = scores["metric"] == "roc_auc"
    assert (scores.loc[of_area, "low"] > 0).all()
    written = page.split(tool["START"])[1].split(tool["END"])[0]
    for row in scores.to_dict("records"):
        start = f"| {row['model']} | {tool['METRICS'][row['metric']]} | "
        (cells,) = [line[len(start) :] for line in written.splitlines() if line.startswith(start)]
        apart, ignoring, _ = cells.split(" | ")
        found = [row["apart"], row["ignoring"]]
        np.testing.assert_allclose(found, [float(apart), float(ignoring)], atol=0.03)
