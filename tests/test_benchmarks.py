import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from helpers import ROOT, save_small_mobilenet

sys.path.insert(0, str(ROOT))

from benchmarks import data, peers, transfer_cases
from benchmarks.cases import CASES
from benchmarks.table import markdown, short

# Photographs, or what stands for them, and the smallest MobileNetV2.
FEW = {"n": 20, "side": 32, "alpha": 0.35}


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.exhaustive
def test_the_import_case_prints_its_ratio_and_writes_results(tmp_path):
    process = run("import", "--rounds", "1", "--out", str(tmp_path))
    assert "skdl / sklearn = " in process.stdout, process.stderr
    report = json.loads((tmp_path / "results.json").read_text())
    (bar,) = report["cases"]["import"]["bars"]
    figures = report["cases"]["import"]["figures"]
    assert bar["value"] == figures["skdl"][0] / figures["sklearn"][0]
    assert bar["reached"] == (bar["value"] <= bar["at_most"])
    assert process.returncode == (0 if bar["reached"] else 1)
    assert report["machine"]["packages"]["scikit-learn"]
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_quotes_the_results():
    report = json.loads((ROOT / "benchmarks/results/results.json").read_text())
    assert list(report["cases"]) == list(CASES)
    table = markdown(report)
    assert table in (ROOT / "docs/performance.md").read_text()
    assert table + "\n" == (ROOT / "benchmarks/results/results.md").read_text()


def test_the_page_quotes_the_figures_of_transfer_learning():
    from benchmarks.figures import table

    found = json.loads((ROOT / "benchmarks/results/figures.json").read_text())
    assert table(found) in (ROOT / "docs/transfer.md").read_text()


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_without_the_extra():
    process = run("predict-1", "--contender", "skorch")
    assert process.returncode == 1
    told = "No module named 'torch': python -m pip install -e \".[bench]\""
    assert process.stderr.splitlines()[-1] == told


def test_unknown_cases():
    process = run("speed")
    assert process.returncode == 2
    assert "unknown case 'speed'" in process.stderr


def test_every_bar_has_its_contender():
    for case in CASES.values():
        assert "skdl" in case.contenders
        assert {bar.peer for bar in case.bars} <= {None, *case.contenders}


def test_numbers_of_images_are_written_out():
    assert [short(value) for value in (0, 0.0123456, 15.26, 999, 1000, 51_000.0)] == [
        "0",
        "0.0123",
        "15.3",
        "999",
        "1,000",
        "51,000",
    ]


def test_photographs():
    X, y = data.photographs(20, 32)
    assert X.shape == (20, 32, 32, 3)
    assert X.dtype == np.uint8
    assert X.max() > 200
    assert set(y) == {0, 1}
    assert transfer_cases.distinct_photographs(20, 32) == 20


def test_without_a_data_home(monkeypatch):
    monkeypatch.delenv("SKDL_DATA_HOME", raising=False)
    X, y = data.photographs(20, 32)
    assert X.shape == (20, 32, 32, 3)
    assert len(np.unique(X.reshape(20, -1), axis=0)) == 20
    assert set(y) == {0, 1}
    assert data.mobilenet_weights() == data.mobilenet_weights(0.35) == "random"


@pytest.mark.exhaustive
def test_a_search_over_features():
    assert transfer_cases.search_skdl(**FEW, candidates=2) > 0
    assert transfer_cases.search_keras(**FEW, candidates=2) > 0
    assert transfer_cases.search_keras(**FEW, candidates=2, cached=True) > 0


@pytest.mark.exhaustive
def test_images_through_the_network():
    assert transfer_cases.searched_images(**FEW, candidates=2) == 20
    assert transfer_cases.searched_again(**FEW, candidates=2) == 0
    assert 20 <= transfer_cases.searched_by_two(**FEW, candidates=2) <= 40


def test_computing_features():
    assert transfer_cases.cold_skdl(**FEW) > 0
    assert transfer_cases.cold_skdl(**FEW, precision="bfloat16") > 0
    assert transfer_cases.cold_keras(**FEW) > 0
    assert transfer_cases.cold_keras_predict(**FEW) > 0
    assert 0 < transfer_cases.bfloat16_distance(**FEW) < 0.01


@pytest.mark.parametrize("in_folder", [False, True])
def test_the_share_of_the_store_is_that_of_single_calls(in_folder):
    assert transfer_cases.store_overhead(**FEW, in_folder=in_folder) > 0


@pytest.mark.parametrize("trained", [transfer_cases.HEAD_ONLY, transfer_cases.LAST_BLOCK])
@pytest.mark.exhaustive
def test_training_behind_a_frozen_network(trained):
    assert transfer_cases.train_skdl(trained, **FEW, epochs=2) > 0
    assert transfer_cases.train_keras(trained, **FEW, epochs=2) > 0


def test_training_behind_vgg16():
    few = {**FEW, "n": 4, "backbone": "vgg16", "epochs": 1}
    assert transfer_cases.train_skdl(transfer_cases.HEAD_ONLY, **few) > 0
    assert transfer_cases.train_keras(transfer_cases.HEAD_ONLY, **few) > 0


def test_the_peer_computes_the_same_features(tmp_path):
    from skdl import BackboneFeatures

    X, _ = data.photographs(20, 32)
    weights = tmp_path / "mobilenet_v2.weights.h5"
    save_small_mobilenet(X, weights)
    own = BackboneFeatures("mobilenet_v2", weights=weights, store=None, backbone__alpha=0.35)
    found = peers.KerasFeatures(str(weights), 0.35).fit_transform(X)
    np.testing.assert_allclose(found, own.fit_transform(X), rtol=0, atol=1e-3)
    assert found.std(axis=0).mean() > 0.1
