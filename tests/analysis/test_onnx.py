"""Analyses with an ONNX model: from its path, or its name in a plugin, to what others predict."""

import json
import runpy
import shutil
import sys
from dataclasses import replace

import numpy as np
import onnx_models as made
import pandas as pd
import pytest
from digit_files import write_digits
from helpers import run_python
from machines import LOOPBACK
from sklearn.base import clone

import skdl
from skdl import analyze_folder, cli
from skdl.analysis import _plan
from skdl.analysis._backbone import candidates
from skdl.analysis._ladder import RUNGS, Backbone, Setting, build, choices_of_layers
from skdl.analysis._look import look
from skdl.backbones import Backbone as Declaration
from skdl.backbones import Preprocessing, PretrainedWeights, declare_onnx_backbone
from skdl.downloads import RemoteFile, weights_digest
from skdl.evaluation import _run as fitting
from skdl.plugins import backbones, register_backbone

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

NAME = "my__net v1.onnx"  # two underscores part the names of parameters
CHEAP = {"folds": 2, "report": "json", "verbose": 0}
MODELS = ["majority", "logistic", "finetune"]


def filters(path, shape=("n", 3, 12, 10)):
    """Random filters: some of their values, and their maps, under a name as tf2onnx gives it."""
    kernel = np.random.default_rng(0).normal(size=(6, 3, 3, 3)).astype(np.float32)
    nodes = [
        ("Conv", ["pixels", "kernel"], ["convolved"], {}),
        ("Relu", ["convolved"], ["maps__3:0"], {}),
        ("MaxPool", ["maps__3:0"], ["smaller"], {"kernel_shape": [4, 4], "strides": [2, 2]}),
        ("Flatten", ["smaller"], ["values"], {}),
    ]
    outputs = [("values", 2), ("maps__3:0", 4)]
    return made.save(path, nodes, outputs, shape, constants={"kernel": kernel})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where the command was given: beside a folder of images and a model."""
    folder = tmp_path_factory.mktemp("work")
    write_digits(folder / "digits")
    filters(folder / NAME)
    return folder


@pytest.fixture(scope="module")
def found(place):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        return analyze_folder("digits", backbone=f"onnx:{NAME}", models=MODELS, **CHEAP)


# ---- from end to end -----------------------------------------------------------------------------


def test_its_features_are_those_of_the_models(found, place):
    assert found.result.models == ["majority", "logistic", "best"]
    assert found.left_out == {"finetune": "as an ONNX model is not trained"}
    assert found.best == "logistic"
    assert found.estimate["value"] > 0.9
    features = found.model.steps[0][1]
    assert features.backbone == f"onnx:{place / NAME}"  # wherever it is fitted again
    assert features.image_size == (12, 10)  # the only one that the model takes
    assert features.layers_ == ["maps__3:0", "values"]  # the usual one, which comes first, is last
    assert features.backbone__mean == [0.485, 0.456, 0.406]


def test_the_report_says_which_model_it_was(found):
    said = json.dumps(json.loads((found.out / "report.json").read_text()), ensure_ascii=False)
    label = f"{NAME} on 10×12 pixels, scaled by the mean and standard deviation of ImageNet"
    assert f"Features are those of {label}." in said
    assert "Left out: finetune, as an ONNX model is not trained." in said
    run = json.loads((found.out / "run.json").read_text())
    assert run["plan"]["setting"]["backbones"][0]["onnx"] is True


@pytest.mark.slow
def test_the_script_gives_the_same_figures_from_elsewhere(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="[np]pv of majority"):
        runpy.run_path(str(found.out / "run.py"))
    again = pd.read_csv(found.out / "again" / "predictions.csv")
    for column in ("row", "fold", "proba_3", "proba_8"):
        np.testing.assert_allclose(again[column], found.result.predictions[column], rtol=1e-12)
    shutil.rmtree(found.out / "again")


@pytest.mark.slow
def test_a_cluster_gives_the_same_figures(found, place, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", exc_type=ImportError)
    monkeypatch.chdir(place)
    same = {"backbone": f"onnx:{NAME}", "models": MODELS, **CHEAP, "out": tmp_path / "out"}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **LOOPBACK) as cluster:
        again = analyze_folder("digits", cluster=cluster.scheduler_address, **same)
    assert again.best == found.best
    for column in ("proba_3", "proba_8"):
        np.testing.assert_allclose(
            again.result.predictions[column], found.result.predictions[column], rtol=1e-6
        )
    assert list((tmp_path / "out" / "features").rglob("*.shard"))


def test_a_cluster_that_does_not_answer(place, tmp_path, monkeypatch):
    pytest.importorskip("distributed", exc_type=ImportError)
    monkeypatch.chdir(place)
    monkeypatch.setattr("skdl.analysis._cluster._SECONDS", 0.5)
    for cluster, error, said in (
        (8786, TypeError, "cluster must be the address of a Dask scheduler"),
        ("tcp://127.0.0.1:9", ConnectionError, "No Dask scheduler answers at 'tcp://127.0.0.1:9'"),
    ):
        with pytest.raises(error, match=said):
            analyze_folder("digits", cluster=cluster, out=tmp_path / "out", **CHEAP)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r'python -m pip install "skdl\[dask\]"'):
        analyze_folder("digits", cluster="tcp://127.0.0.1:9", out=tmp_path / "out", **CHEAP)


@pytest.mark.slow
def test_the_same_command_goes_on_and_others_are_refused(found, place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setattr(fitting, "run_fold", None)  # all folds are done
    same = {"backbone": f"onnx:{NAME}", "models": MODELS, **CHEAP}
    again = analyze_folder("digits", **same)
    pd.testing.assert_frame_equal(again.result.predictions, found.result.predictions)
    with pytest.raises(ValueError, match="belongs to an analysis with backbone='onnx:"):
        analyze_folder("digits", **{**same, "backbone": None})


def test_what_is_saved_predicts_without_the_file(found, place, capsys):
    hidden = (place / NAME).rename(place / "hidden")
    try:
        files = [str(file) for file in sorted((place / "digits").glob("*/*.png"))]
        proba = skdl.load(found.out / "model.skdl").predict_proba(files)
        out = place / "predicted.csv"
        status = cli.main(
            ["predict", str(found.out / "model.skdl"), str(place / "digits"), "--out", str(out)]
        )
    finally:
        hidden.rename(place / NAME)
    assert (status, capsys.readouterr().err) == (0, "")
    table = pd.read_csv(out)
    np.testing.assert_allclose(table[["proba_3", "proba_8"]], proba, rtol=1e-6)
    assert (table["error"].isna()).all()
    assert not table["unlike"].any()
    np.testing.assert_allclose(proba, found.model.predict_proba(files), rtol=1e-6)


WITHOUT = """
import sys
from skdl import analyze_folder
analyze_folder(sys.argv[1], out=sys.argv[2], backbone=sys.argv[3], models=["logistic"], folds=2,
               report="md", verbose=0)
print({"tensorflow", "keras"} & {*sys.modules})
"""


@pytest.mark.slow
def test_no_tensorflow_is_imported_and_mistakes_are_drawn(place, tmp_path):
    mean = made.identity(tmp_path / "mean.onnx", ("n", 3, 8, 8))  # which tells little
    given = place / "digits", tmp_path / "out", f"onnx:{mean}"
    assert run_python(WITHOUT, *given).strip() == "set()"
    said = (tmp_path / "out" / "report.md").read_text()
    assert "Where the network looked, in the first of these (occlusion)" in said
    assert (tmp_path / "out" / "report-pictures" / "saliency.png").is_file()


def scans():
    """A model that a plugin declares."""


@pytest.mark.slow
def test_what_a_plugin_declares(tmp_path, monkeypatch):
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    weights = tmp_path / "home" / "weights"
    weights.mkdir(parents=True)
    file = filters(weights / "scans.onnx", ("n", 3, 16, 16))
    remote = RemoteFile(
        "weights/scans.onnx",
        "http://127.0.0.1:9/scans.onnx",
        sha256=weights_digest(file),
        size=file.stat().st_size,
    )
    declare_onnx_backbone(
        Declaration(
            Preprocessing(mean=(0.5,), std=(0.5,)),
            {"values": 216},
            min_size=8,
            default_size=16,
            weights=(PretrainedWeights("scans", remote, licence="MIT", citation="A test."),),
        )
    )(scans)
    folder = write_digits(tmp_path / "three", labels=(0, 3, 8))
    same = {"backbone": "test-scans", "models": ["svc", "finetune"], **CHEAP}
    try:
        register_backbone("test-scans")(scans)
        found = analyze_folder(folder, out=tmp_path / "out", **same)
        features = found.model.steps[0][1]
        assert (features.backbone, features.image_size) == ("test-scans", 16)
        assert found.left_out == {"finetune": "as an ONNX model is not trained"}
        assert "test-scans on 16×16 pixels" in (found.out / "report.json").read_text()
        monkeypatch.chdir(tmp_path)
        other = filters(tmp_path / "other.onnx", ("n", 3, 16, 16))
        given = {"weights": "other.onnx", "models": ["logistic"], "out": tmp_path / "given"}
        mine = analyze_folder(folder, **{**same, **given})
        assert mine.model.steps[0][1].weights == str(other)  # from wherever it is fitted again
        (weights / "scans.onnx").unlink()
        with pytest.raises(ValueError, match="weights of test-scans are not available. Put their"):
            analyze_folder(tmp_path / "nowhere", **same)
        with pytest.raises(FileNotFoundError, match="absent.onnx"):
            analyze_folder(tmp_path / "nowhere", **same, weights="absent.onnx")
    finally:
        del backbones._plugins["test-scans"]


# ---- what is refused before anything is read -----------------------------------------------------


def refused(tmp_path, backbone, **more):
    """What is said of a backbone; the folder is not there, so that nothing can have been read."""
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        analyze_folder(tmp_path / "nowhere", backbone=backbone, **{**CHEAP, **more})
    assert not (tmp_path / "nowhere-skdl").exists()
    return str(error.value)


def test_files_that_are_no_models(tmp_path):
    assert "names a file that does not exist, neither in" in refused(tmp_path, "onnx:absent.onnx")
    assert "names a file that does not exist" in refused(tmp_path, "onnx:")
    whole = filters(tmp_path / "a.onnx").read_bytes()
    for content in (b"no model", whole[: len(whole) // 2], b""):
        (tmp_path / "broken.onnx").write_bytes(content)
        said = refused(tmp_path, f"onnx:{tmp_path / 'broken.onnx'}")
        assert "broken.onnx' is not an ONNX model: it begins with" in said
        assert "Export it again, or download it completely." in said


def test_models_of_which_a_file_does_not_say_enough(tmp_path):
    declare = "can be declared with skdl.backbones.declare_onnx_backbone."
    gray = made.identity(tmp_path / "gray.onnx", ("n", 1, "h", "w"))
    said = refused(tmp_path, f"onnx:{gray}")
    assert "expects grayscale images, but its file does not state which" in said
    assert said.endswith(declare)
    odd = made.vit(tmp_path / "odd.onnx")  # of images of 8 × 8 pixels, which it does not say
    said = refused(tmp_path, f"onnx:{odd}")
    assert "cannot run on images of shape (3, 64, 64)" in said
    assert said.endswith(declare)


def test_what_an_onnx_model_cannot_do(tmp_path):
    backbone = f"onnx:{filters(tmp_path / 'a.onnx')}"
    said = refused(tmp_path, backbone, models=["finetune"])
    assert "is an ONNX model, which is not trained. Use 'logistic' or 'svc'" in said
    assert "Leave weights at 'auto'" in refused(tmp_path, backbone, weights="w.h5")


# ---- sizes, layers and names ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "images", "expected"),
    [
        (("n", 3, 12, 10), (300, 300), [(12, 10)]),
        (("n", 3, 16, 16), (8, 8), [16]),
        ((4, "h", "w", 3), (100, 90), [192, 160, 128, 96, 64]),
        (("n", 3, "h", "w"), (8, 8), [48]),
        (("n", 3, 20, "w"), (8, 8), [(20, 48)]),
    ],
)
def test_images_are_of_the_size_that_a_model_takes(tmp_path, shape, images, expected):
    path = made.identity(tmp_path / "a.onnx", shape)
    found = list(candidates(f"onnx:{path}", None, images))
    assert [one.size for one in found] == expected
    assert all(one.layers == {"maps": 3} for one in found)


def test_a_size_that_is_usual_is_tried_where_smaller_ones_do_not_run(tmp_path):
    path = made.transformer(tmp_path / "a.onnx", 224)
    (found,) = candidates(f"onnx:{path}", None, (8, 8))
    assert found.size == 224
    assert list(found.layers) == ["pooler_output", "last_hidden_state"]


def test_outputs_that_show_no_image_are_not_taken(tmp_path):
    """As of a model of images and text, which gives how well they fit first."""
    nodes = [
        ("ReduceMean", ["pixels"], ["seen"], {"axes": [2, 3], "keepdims": 0}),
        ("Add", ["seen", "words"], ["fit"], {}),
        ("ReduceMean", ["pixels"], ["loss"], {"keepdims": 0}),
        ("Cast", ["seen"], ["whole"], {"to": 7}),
    ]
    outputs = [("fit", 2), ("loss", 0), ("seen", 2)]
    path = made.save(tmp_path / "a.onnx", nodes, outputs, words=(1, 3))
    (found,) = candidates(f"onnx:{path}", None, (8, 8))
    assert found.layers == {"seen": 3}
    none = made.save(tmp_path / "none.onnx", nodes[:2], outputs[:1], words=(1, 3))
    with pytest.raises(ValueError, match="requires 2 inputs .*declare_onnx_backbone"):
        next(candidates(f"onnx:{none}", None, (8, 8)))


@pytest.mark.parametrize("file", ["sparse__.onnx", "transformer.onnx", "_.onnx", "Größe 2.onnx"])
def test_names_of_steps_are_those_that_scikit_learn_takes(file):
    layers = {"threshold": 3, "weights": 3, "a__1:0": 2, "a.1.0": 4}
    one = Backbone(f"onnx:/m/{file}", 8, layers, onnx=True, file=file)
    setting = Setting(False, "balanced_accuracy", 2, 1, 0, "store", (one,), 8, (10, 30))
    assert len(one.parts) == 4
    assert choices_of_layers(setting) == [list(one.parts)[-1:], list(one.parts)]
    search = build("logistic", setting).steps[-1][1]
    X, y = np.random.default_rng(0).normal(size=(30, 12)), np.arange(30) % 2
    columns = clone(search).fit(X, y).best_estimator_.steps[0][1]
    assert columns.transform(X).shape[1] in (4, 12)
    both = replace(setting, backbones=(one, Backbone("vgg16", 64, {"block5_pool": 512})))
    union = build("svc", both).steps[0][1]
    union._validate_transformers()


def test_the_reason_for_no_training_is_that_it_is_onnx(digits_folder, monkeypatch):
    """Not that there are few images, which naming the model would get around."""
    seen = look(digits_folder, {}, pos_label=None, folds=3, verbose=0)
    one = Backbone("onnx:/m/a.onnx", (12, 10), {"values": 3}, onnx=True, file="a.onnx")
    monkeypatch.setattr(type(seen), "size", (300, 200))
    monkeypatch.setattr(_plan, "_COSTS", dict.fromkeys(RUNGS, lambda *about: 1.0))
    monkeypatch.setattr(_plan, "candidates", lambda *about: iter([one]))
    monkeypatch.setattr(_plan, "seconds_per_image", lambda *about: 0.01)
    plan = _plan.make_plan(
        seen, models=None, backbone=one.name, weights=None, folds=3, seed=0, store="s", budget=1e5
    )
    assert plan.left_out["finetune"] == "as an ONNX model is not trained"
    assert "are too few to train a network well" in plan.left_out["network"]
    assert _plan.plan_of(json.loads(json.dumps(plan.as_dict()))) == plan
