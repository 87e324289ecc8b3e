import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from helpers import ROOT, parametrize, run_python, save_small_mobilenet
from scipy.stats import ttest_rel

sys.path.insert(0, str(ROOT))

from benchmarks import (
    backbone_cases,
    data,
    gpu,
    gpu_cases,
    imbalance,
    label_errors,
    methods,
    peers,
    transfer_cases,
)
from benchmarks.cases import CASES
from benchmarks.table import markdown, short

# Photographs, or what stands for them, and the smallest MobileNetV2.
FEW = {"n": 20, "side": 32, "alpha": 0.35}


def run(*arguments, module="benchmarks"):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
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
    known = []
    for folder in ("results", "results/backbones"):
        report = json.loads((ROOT / "benchmarks" / folder / "results.json").read_text())
        known += report["cases"]
        table = markdown(report)
        assert table in (ROOT / "docs/performance.md").read_text()
        assert table + "\n" == (ROOT / "benchmarks" / folder / "results.md").read_text()
    assert known == list(CASES)


def test_the_page_quotes_the_figures_of_transfer_learning():
    from benchmarks.figures import table

    found = json.loads((ROOT / "benchmarks/results/figures.json").read_text())
    assert table(found) in (ROOT / "docs/transfer.md").read_text()


def test_pages_quote_what_was_measured_of_methods_and_rare_classes():
    results = ROOT / "benchmarks/results"
    assert methods.table(results / "methods") in (ROOT / "docs/training.md").read_text()
    for module, page in ((imbalance, "imbalance"), (label_errors, "audit")):
        found = json.loads((results / module.RESULTS.name).read_text())
        assert module.table(found) in (ROOT / f"docs/{page}.md").read_text()


def test_differences_between_methods():
    rows, default = {"accuracy": [0.8, 0.82, 0.81]}, {"accuracy": [0.7, 0.72, 0.74]}
    value, low, high = methods.difference(rows, default)
    expected = ttest_rel(rows["accuracy"], default["accuracy"]).confidence_interval()
    assert value == pytest.approx(0.09)
    assert (low, high) == pytest.approx(tuple(expected))


def test_a_twentieth_is_positive():
    positive = np.arange(2000) % 4 == 0
    rows = imbalance.drawn(positive, 400, 0)
    assert len(set(rows.tolist())) == 400
    assert positive[rows].sum() == 20


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_without_the_extra():
    process = run("predict-1", "--contender", "skorch")
    assert process.returncode == 1
    told = "No module named 'torch': python -m pip install -e \".[bench]\""
    assert process.stderr.splitlines()[-1] == told


@pytest.mark.slow
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


@pytest.mark.slow
def test_computing_features():
    assert transfer_cases.cold_skdl(**FEW) > 0
    assert transfer_cases.cold_skdl(**FEW, precision="bfloat16") > 0
    assert transfer_cases.cold_keras(**FEW) > 0
    assert transfer_cases.cold_keras_predict(**FEW) > 0
    assert 0 < transfer_cases.bfloat16_distance(**FEW) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_computing_features_of_vgg16(precision):
    assert backbone_cases.by_skdl("vgg16", precision, 2, 32, 1) > 0
    # Keras's setting is that of its process.
    code = f"print(backbone_cases.by_keras('vgg16', {precision!r}, 2, 32, 1))"
    command = [sys.executable, "-c", f"from benchmarks import backbone_cases; {code}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert float(told.splitlines()[-1]) > 0


@pytest.mark.parametrize("in_folder", [False, True])
def test_the_share_of_the_store_is_that_of_single_calls(in_folder):
    assert transfer_cases.store_overhead(**FEW, in_folder=in_folder) > 0


@pytest.mark.slow
def test_backbones_by_each_engine():
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    few = {"n": 4, "side": 32, "times": 1}
    for by in ("tensorflow", "onnxruntime", "onnx"):
        assert backbone_cases.one_image(by, **few) > 0
    assert backbone_cases.by_skdl("mobilenet_v2", **few, engine="onnxruntime") > 0
    assert backbone_cases.by_keras("mobilenet_v2", **few) > 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", backbone_cases.NETWORKS)
def test_every_backbone_by_each_engine(name):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    few = {"n": 4, "side": 32, "times": 1}
    for side in (backbone_cases.by_skdl, backbone_cases.by_keras, backbone_cases.by_onnx):
        assert side(name, **few) > 0
    assert backbone_cases.distance(name, 4, 32) < 0.01


@pytest.mark.exhaustive
@pytest.mark.parametrize("trained", ["all", 1])
def test_training_vgg16(trained):
    few = {"n": 4, "side": 32, "epochs": 1}
    assert backbone_cases.train_skdl(trained, **few) > 0
    assert backbone_cases.train_keras(trained, **few) > 0


@pytest.mark.parametrize("trained", [transfer_cases.HEAD_ONLY, transfer_cases.LAST_BLOCK])
@pytest.mark.exhaustive
def test_training_behind_a_frozen_network(trained):
    assert transfer_cases.train_skdl(trained, **FEW, epochs=2) > 0
    assert transfer_cases.train_keras(trained, **FEW, epochs=2) > 0


@pytest.mark.slow
def test_training_behind_vgg16():
    few = {**FEW, "n": 4, "backbone": "vgg16", "epochs": 1}
    assert transfer_cases.train_skdl(transfer_cases.HEAD_ONLY, **few) > 0
    assert transfer_cases.train_keras(transfer_cases.HEAD_ONLY, **few) > 0


@pytest.mark.slow
def test_the_peer_computes_the_same_features(tmp_path):
    from skdl import BackboneFeatures

    X, _ = data.photographs(20, 32)
    weights = tmp_path / "mobilenet_v2.weights.h5"
    save_small_mobilenet(X, weights)
    own = BackboneFeatures("mobilenet_v2", weights=weights, store=None, backbone__alpha=0.35)
    found = peers.KerasFeatures(str(weights), 0.35).fit_transform(X)
    np.testing.assert_allclose(found, own.fit_transform(X), rtol=0, atol=1e-3)
    assert found.std(axis=0).mean() > 0.1


# ---- on a graphics card --------------------------------------------------------------------------


@pytest.mark.slow
def test_without_a_gpu_nothing_is_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    process = run("--out", str(tmp_path), module="benchmarks.gpu")
    assert (process.returncode, process.stdout) == (2, gpu.NO_GPU + "\n")
    assert "no GPU here: nothing was measured" in process.stdout
    assert list(tmp_path.iterdir()) == []


def on_cpu(tmp_path, *parts):
    """The small version: what it prints, and what it writes."""
    process = run("--on-cpu", "--out", str(tmp_path), *parts, module="benchmarks.gpu")
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout, json.loads((tmp_path / "gpu.json").read_text())


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_script_for_a_gpu_on_a_processor(tmp_path):
    printed, report = on_cpu(tmp_path, "simple", "tests", "--precision", "bfloat16")
    assert "GPU: none: a small version, whose figures mean nothing" in printed
    assert list(report["cases"]) == ["simple-bfloat16"]
    assert markdown(report) in printed
    figures = report["cases"]["simple-bfloat16"]["figures"]
    ratio = figures["skdl"][0] / figures["keras"][0]
    assert f"skdl / keras = {ratio:.3f}" in printed
    if find_spec("torch") is None:
        assert report["left_out"] == {"simple, bfloat16, torch": "it is not installed"}
        assert "Left out: simple, bfloat16, torch: it is not installed" in printed
    assert (report["tests"]["PASSED"], report["tests"]["broken"]) == (1, [])
    assert "Nothing failed." in printed


@pytest.mark.exhaustive
def test_the_whole_script_for_a_gpu_on_a_processor(tmp_path):
    _, report = on_cpu(tmp_path)
    assert len(report["cases"]) == 6
    assert set(report["checks"]) == {"memory", "limit", "repeat"}
    assert report["checks"]["repeat"]["good"] is True


@pytest.mark.slow
@parametrize("name", ["resnet18", "vgg16"], exhaustive=["resnet18"])
def test_sides_of_the_script_for_a_gpu(name):
    sides = gpu_cases.CASES[name].sides
    assert sides["skdl"]("bfloat16", True) > 0
    assert sides["keras"]("float32", True) > 0


@pytest.mark.slow
def test_checks_of_the_script_for_a_gpu():
    if gpu_cases.cards():
        pytest.skip("this machine has a GPU")
    found = gpu_cases.repeat(True)
    assert gpu._repeat_in_words(gpu._differences(found, found))[0] is True
    assert gpu_cases.memory(True)["growth"] == []
    assert gpu_cases.limit(True)["kept"] is None


def test_what_is_said_of_a_card():
    held = {"used": 900, "total": 1000}
    few, many = {"peak": 2**20, "held": None}, {"peak": 2**30}
    assert gpu_cases._as_needed([True], few, many) is True
    assert gpu_cases._as_needed([False], few, many) is False
    assert gpu_cases._as_needed([True], few, few) is False
    assert gpu_cases._as_needed([True], {**few, "held": held}, many) is False
    good, words = gpu._memory_in_words(
        {"as_needed": False, "growth": [False], "few": {**few, "held": held}, "many": many}
    )
    assert good is False
    assert words == (
        "NOT as needed: growth is OFF, TensorFlow used 1 MiB at most in a fit on few images; then "
        "900 of 1,000 MiB were taken; and 1,024 MiB in one on more"
    )
    assert gpu._limit_in_words({"MiB": 4096, "peak": 2**30, "kept": True}) == (
        True,
        "a limit of 4,096 MiB that the user has set is kept, 1,024 MiB used at most",
    )
    first = {"simple": [[[0.25, 0.75]], [[0.25, 0.75]]]}
    second = {"simple": [[[0.5, 0.5]], [[0.5, 0.5]]]}
    assert gpu._repeat_in_words(gpu._differences(first, second)) == (
        False,
        "probabilities of simple by fits in one process are equal; of simple by fits in two "
        "processes differ by up to 0.25",
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [("900, 1000\n", {"used": 900, "total": 1000}), ("[N/A], 1000\n", None), ("", None)],
)
def test_memory_that_is_taken_of_a_card(tmp_path, monkeypatch, told, expected):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{told}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert gpu_cases._held() == expected


def started(on_cpu=True, seconds=100.0):
    return gpu.Run(on_cpu, time.monotonic() + seconds, None)


@pytest.mark.slow
def test_what_there_is_no_time_for_is_left_out(monkeypatch, capsys):
    late = started(seconds=1)
    gpu._compare(late, "simple", "float32")
    gpu._check(late, "repeat")
    gpu._test(late)
    assert late.report["left_out"]["simple, float32, skdl"] == "there was no time left for it"
    assert late.report["left_out"]["repeat"] == "there was no time left for it"
    assert late.report["left_out"]["tests"] == "there was no time left for them"
    assert late.report["cases"] == {}
    assert late.failed == []
    sleeping = ("timeit", "-n1", "-r1", "import time; print('begun', flush=True); time.sleep(60)")
    status, told, _ = gpu._finished(*sleeping, seconds=2, hide=True)
    assert (status, told) == (None, "begun\n")
    stopped = started()
    told = "tests/a.py::b PASSED [ 50%]\ntests/a.py::c[d e] FAILED [100%]\n"
    monkeypatch.setattr(gpu, "_finished", lambda *arguments, **options: (None, told, ""))
    gpu._check(stopped, "memory")
    gpu._test(stopped)
    assert stopped.report["left_out"] == {
        "memory": "the time was up",
        "the other tests": "the time was up",
    }
    assert stopped.report["tests"]["broken"] == ["tests/a.py::c[d e]"]
    assert stopped.failed == ["tests"]
    assert "1 passed, 1 failed" in capsys.readouterr().out


def test_what_fails_is_named_and_the_rest_is_measured(monkeypatch, capsys):
    def finished(module, side, name, contender, *rest, **options):
        if contender == "skdl":
            return 1, "", "Traceback\nValueError: no\n"
        return 0, '{"absent": "no card"}' if contender == "torch" else '{"found": 2.0}', ""

    monkeypatch.setattr(gpu, "_finished", finished)
    monkeypatch.setattr(gpu, "find_spec", lambda name: name)
    found = started()
    gpu._compare(found, "vgg16", "bfloat16")
    assert found.failed == ["vgg16, bfloat16, skdl"]
    assert found.report["left_out"] == {
        "vgg16, bfloat16, skdl": "failed: ValueError: no",
        "vgg16, bfloat16, torch": "no card",
    }
    assert found.report["cases"] == {}  # nothing to compare with
    assert "keras        2 s\n" in capsys.readouterr().out


IN_PYTORCH = """
from benchmarks import backbone_cases, gpu_cases, torch_peers
networks = [torch_peers.resnet18((32, 32, 3))]
networks += [torch_peers.NETWORKS[name]() for name in backbone_cases.NETWORKS]
for network in networks:
    print(sum(values.numel() for values in network.parameters()))
assert backbone_cases.by_torch("mobilenet_v2", n=2, side=32, times=1) > 0
assert backbone_cases.train_torch(1, n=2, side=32, epochs=1) > 0
for name, case in gpu_cases.CASES.items():
    assert case.sides["torch"]("bfloat16", True) > 0
try:
    torch_peers.features(None, "float32", 1, on_cpu=False)
except gpu_cases.NoCardError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
def test_networks_of_the_peers_in_pytorch(monkeypatch):
    """In a process of its own: TensorFlow and PyTorch do not always get on with each other."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    *numbers, last = run_python(IN_PYTORCH).splitlines()
    # Those of Keras, less biases that a normalisation follows and its moving averages.
    assert numbers == ["11173962", "14714688", "20024384", "23508032", "2223872", "4007548"]
    assert last == "PyTorch finds no GPU"


def test_the_model_of_many_workers_keeps_to_its_limits():
    from benchmarks.scaling import Cluster, simulate

    one = Cluster(10_000, 1, seconds_per_image=0.1, startup=0.0)
    alone, ten = simulate(one), simulate(replace(one, n_workers=10))
    assert alone.seconds == pytest.approx(1000, rel=0.02)
    assert ten.seconds == pytest.approx(100, rel=0.1)  # the last batches do not fill all workers
    assert (alone.limit, ten.limit) == ("workers", "workers")
    # However many workers there are, the file system gives 10,000 images a second.
    crowd = replace(one, n_images=1_000_000, n_workers=2000, bandwidth=1e9, bytes_per_image=1e5)
    crowded = simulate(crowd)
    assert crowded.seconds == pytest.approx(100, rel=0.3)
    assert crowded.limit == "file system"
    assert simulate(replace(crowd, seconds_per_task=1.0)).limit == "scheduler"


def test_the_model_of_a_large_store():
    from benchmarks.scaling import opening

    million, more = opening(10**6), opening(10**8)
    assert (million.memory, more.memory) == (20 * 10**6, 20 * 10**8)
    assert million.file_bytes == pytest.approx(2**26, rel=0.01)
    assert million.files == -(-(10**6) // (2**26 // (4 * 512 + 36)))
    assert 500 < more.files <= 1024
    assert more.seconds(1e-2) == pytest.approx(more.seconds(1e-3) + 9e-3 * more.calls)
