"""Case studies: declared, run, written down and compared."""

import html
import json
import runpy
import shutil
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, parametrize
from PIL import Image
from small_data import write_idx, write_images

from skdl import audit_images, datasets
from skdl.cli import main
from skdl.evaluation import EvaluationWarning, _records
from skdl.plugins import backbones
from skdl.studies import _data, _run, _wrappers, compare_studies, get_study, list_studies, run_study
from skdl.studies._compare import command, markdown
from skdl.studies._declaration import Setting
from skdl.studies._record import FORMAT, notes_of
from skdl.studies._settings import check_folder, check_weights, claim

RECORDS = ROOT / "docs" / "studies"
NAMES = [study.name for study in list_studies()]
PETS = {"cats": 24, "dogs": 24}
CIFAR = dict.fromkeys(
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"), 11
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data home with all data sets, each of them small."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("mnist", "fashion-mnist"):
            write_idx(folder, patch, name)
        for part, seed in (("train", 0), ("test", 1)):
            write_images(folder / "cats_vs_dogs" / part, PETS, 16, seed)
            write_images(folder / "cifar10-jpeg" / part, CIFAR, 32, seed, suffix="jpg")
        write_images(folder / "busi", {"benign": 168, "malignant": 50, "normal": 3}, 16)
        patch.setenv("SKDL_DATA_HOME", str(folder))
        patch.setattr(_wrappers, "_VIEWS", ((48, 1.0), (40, 0.75)))  # larger ones take long
        yield folder


@pytest.fixture
def nothing_there(tmp_path, monkeypatch):
    """An empty data home, and no downloads."""
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    for name in ("load_mnist", "load_fashion_mnist", "load_cifar10"):
        monkeypatch.setattr(
            _data, name, partial(getattr(datasets, name), download_if_missing=False)
        )
    return tmp_path


@pytest.fixture
def unreported(monkeypatch):
    """Runs whose figures are looked at draw nothing, and write no report."""
    monkeypatch.setattr(_run, "pictures", lambda *about: None)
    monkeypatch.setattr(_run, "reports", lambda *about: None)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A short run of the study that needs no data."""
    out = tmp_path_factory.mktemp("digits")
    return run_study("digits", epochs=2, n_train=300, out=out)


# ---- what is declared ----------------------------------------------------------------------------


def test_every_study_is_there():
    assert NAMES == [
        "digits",
        "mnist-cnn",
        "mnist-cnn-report",
        "mnist-noise",
        "mnist-denoise",
        "mnist-lenet5",
        "mnist-series",
        "fashion-cnn",
        "cifar-cnn",
        "cifar-alexnet",
        "cifar-zfnet",
        "cifar-resnet",
        "cifar-transfer",
        "microscopy-folder",
        "pets-features",
        "pets-finetune",
        "medical-cnn",
        "medical-svm",
        "medical-vgg16",
        "medical-compare",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_declarations_fit_together(name):
    study = get_study(name)
    parts = {model.part for model in study.models}
    names = [model.name for model in study.models]
    assert len(set(names)) == len(names)
    for figure in (*study.published, *study.goals):
        assert figure.part in parts
        assert figure.metric in study.metrics
    assert study.title
    assert study.source
    assert all(model.what for model in study.models)


FIGURES = {
    "digits": {},
    "mnist-cnn": {"": [0.9915, 0.9814, 0.9924]},
    "mnist-cnn-report": {"": [0.9884]},
    "mnist-noise": {"": [0.8065]},
    "mnist-denoise": {"": [0.919]},
    "mnist-lenet5": {"": [0.9903]},
    "mnist-series": {"": [0.9793]},
    "fashion-cnn": {"": [0.8057]},
    "cifar-cnn": {"": [0.6399, 0.7234]},
    "cifar-alexnet": {"": [0.5324, 0.9107]},
    "cifar-zfnet": {"": [0.807]},
    "cifar-resnet": {},
    "cifar-transfer": {
        "100 images": [0.05],
        "1,000 images": [0.089],
        "10,000 images": [0.675],
        "50,000 images": [0.7944],
    },
    "microscopy-folder": {"small network": [0.3], "pretrained": [0.3]},
    "pets-features": {"": [0.9194]},
    "pets-finetune": {"": [0.9795]},
    "medical-cnn": {"": [0.725, 0.83, 0.62]},
    "medical-svm": {"": [0.893, 0.6, 0.86]},
    "medical-vgg16": {"": [0.511, 0.02, 1.0]},
    "medical-compare": {
        "small network": [0.725, 0.83, 0.62],
        "features and SVM": [0.893, 0.6, 0.86],
        "pretrained network": [0.511, 0.02, 1.0],
    },
}

# Of the variants as published, what the reports say: parameters of the last step.
PROTOCOLS = {
    "mnist-cnn": {"architecture": "simple", "epochs": 10},
    "mnist-cnn-report": {
        "architecture": "deep",
        "epochs": 5,
        "batch_size": 64,
        "validation_fraction": 0.2,
    },
    "mnist-lenet5": {
        "architecture": "lenet5",
        "epochs": 10,
        "batch_size": 128,
        "validation_fraction": 0.2,
    },
    "cifar-cnn": {"architecture": "simple"},
    "cifar-alexnet": {
        "architecture": "alexnet",
        "optimizer": "adam",
        "optimizer__learning_rate": 0.001,
        "epochs": 100,
    },
    "cifar-zfnet": {"architecture": "zfnet", "validation_fraction": 0.2},
    "cifar-resnet": {
        "optimizer": "sgd",
        "optimizer__learning_rate": 0.1,
        "optimizer__momentum": 0.9,
        "architecture__l2": 5e-5,  # of the squared weights: a decay of 1e-4
        "epochs": 50,
        "batch_size": 128,
    },
    "pets-features": {"backbone": "vgg16", "image_size": 150, "optimizer": "adam"},
    "pets-finetune": {"backbone": "vgg16", "optimizer": "rmsprop", "head": (256,)},
    "medical-vgg16": {
        "backbone": "vgg16",
        "batch_size": 2,
        "epochs": 50,
        "optimizer": "adam",
        "trainable": "all",
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_published_figures(name):
    found = {}
    for figure in get_study(name).published:
        found.setdefault(figure.part, []).append(figure.value)
    assert found == FIGURES[name]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_published_settings(name):
    params = get_study(name).model("as published").make(Setting()).get_params()
    assert {key: params[key] for key in PROTOCOLS[name]} == PROTOCOLS[name]


# ---- runs ----------------------------------------------------------------------------------------

# What trains in seconds; the others are larger networks, or many draws.
QUICK = ("mnist-cnn", "mnist-denoise")


@pytest.mark.slow
@parametrize("name", NAMES[1:], exhaustive={*NAMES} - {*QUICK})
@pytest.mark.filterwarnings("ignore::UserWarning")  # random images: undefined scores, no training
def test_every_study_runs(home, name, tmp_path, capsys):
    study = get_study(name)
    backbone = ["--backbone", "cifar_resnet20"] if study.backbone else []
    n_train = {"medical": "8", "pets": "40", "cifar": "100"}.get(name.split("-")[0], "60")
    epochs = [] if name == "medical-svm" else ["--epochs", "1"]
    # Training a whole network on large images takes long: it is done in medical-vgg16.
    models = [m.name for m in study.models if name != "medical-compare" or "whole" not in m.what]
    only = [word for model in models for word in ("--only", model)]
    arguments = ["study", "run", name, "--n-train", n_train, *epochs, *backbone, *only]
    models = [model for model in models if (study.model(model).n_train or 0) <= int(n_train)]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    record = json.loads((tmp_path / "study.json").read_text())
    assert record["settings"]["n_train"] == int(n_train)
    assert record["data"]["n_train"] == int(n_train)
    assert list(record["models"]) == models
    for model in record["models"].values():
        assert set(model["test"]) == set(study.metrics)
        assert 0 <= model["test"][study.metrics[0]]["value"] <= 1
        assert model["fit_seconds"] > 0
    compared = {(row["part"], row["metric"], row["published"]) for row in record["comparison"]}
    for figure in study.published:
        if any(study.model(model).part == figure.part for model in models):
            assert (figure.part, figure.metric, figure.value) in compared
    page = html.unescape((tmp_path / "report.html").read_text(encoding="utf-8"))
    if study.backbone:
        first = f"The pretrained network is cifar_resnet20 instead of {study.backbone}"
        assert first in printed
        assert page.index(first) < page.index("images of")  # the first sentence
    for model in models if study.published else ():
        draws = f", on average over {record['data']['n_folds']} draws"
        averaged = draws if name.startswith("medical") else ""
        assert f"{model[0].upper()}{model[1:]}{averaged}: " in page
    if study.stand_in:
        assert study.stand_in in printed
        assert study.stand_in in page
    assert f"The run was set to {n_train} training images" in page
    assert (tmp_path / "classes.png").stat().st_size > 1000
    assert len(list(tmp_path.glob("predictions-*.png"))) == len(models)
    assert len(list(tmp_path.glob("report-*.html"))) == (len(models) if study.detailed else 0)


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_study_without_its_data_says_where_to_put_it(nothing_there, name, tmp_path, capsys):
    backbone = ["--backbone", "cifar_resnet20"] if get_study(name).backbone else []
    out = tmp_path / "out"
    assert main(["study", "run", name, *backbone, "--out", str(out)]) == 1
    message = capsys.readouterr().err
    assert message.startswith("skdl study: ")
    assert str(nothing_there) in message
    assert "SKDL_DATA_HOME" in message
    assert "ut it there" in message or "Put the file" in message
    assert not (out / "study.json").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("unreported")
def test_the_same_seed_gives_the_same_figures(digits, tmp_path):
    options = {"epochs": 2, "n_train": 300, "only": ["improved"]}  # draws most at random
    again = run_study("digits", **options, out=tmp_path / "again")
    _assert_rows_equal(again.comparison, digits.comparison)
    _assert_rows_equal(again.result.predictions, digits.result.predictions)
    other = run_study("digits", **options, seed=1, out=tmp_path / "other")
    assert not other.result.predictions.equals(again.result.predictions)


def _assert_rows_equal(part, whole):
    """All rows of a variant are those of the run of both."""
    rows = whole[whole["model"] == part["model"].iloc[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, rows)


@pytest.mark.slow
def test_the_record(digits):
    record = json.loads((digits.folder / "study.json").read_text())
    assert record["settings"] == {
        "seed": 0,
        "n_train": 300,
        "epochs": 2,
        "backbone": None,
        "weights": None,
    }
    assert record["data"]["digest"] == digits.result.data_digest
    assert record["data"]["n_folds"] == 5
    assert {"skdl", "tensorflow", "keras", "scikit-learn"} <= set(record["versions"])
    assert record["machine"]["processor"]
    assert record["seconds"] > record["models"]["improved"]["fit_seconds"] > 0
    found = digits.result.summary().set_index("model")["value"]
    for model, figures in record["models"].items():
        assert figures["test"]["accuracy"]["value"] == found[model]
        history = digits.result.histories[model, 0]
        assert 0 < figures["last_epoch"]["train"] <= 1
        assert len(history["accuracy"]) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("unreported")
def test_a_killed_run_goes_on_where_it_was(digits, tmp_path):
    """One fit of each variant was not done yet."""
    folder = tmp_path / "run"
    shutil.copytree(digits.folder, folder)
    (folder / "study.json").unlink()
    for variant in ("as_published", "improved"):
        (missing,) = (folder / "folds").glob(f"{variant}-4-*.json")
        missing.unlink()
    times = {path: path.stat().st_mtime_ns for path in (folder / "folds").iterdir()}
    run = run_study("digits", epochs=2, n_train=300, out=folder)
    assert len(list((folder / "folds").iterdir())) == len(times) + 2
    assert {path: path.stat().st_mtime_ns for path in times} == times
    pd.testing.assert_frame_equal(run.comparison, digits.comparison)
    pd.testing.assert_frame_equal(run.result.predictions, digits.result.predictions)


@pytest.mark.usefixtures("unreported")
def test_another_variant_later(tmp_path):
    options = {"epochs": 1, "n_train": 20, "out": tmp_path}
    first = run_study("digits", only=["as published"], **options)
    for path in (tmp_path / "folds").glob("as_published-*.json"):
        content = _records.read(path)
        content["record"]["n_cores"] = 99  # as if it had been another machine
        _records.write(content, path)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "folds").iterdir()}
    whole = run_study("digits", **options)
    cores = {model: about["n_cores"] for model, about in whole.record["models"].items()}
    assert cores == {"as published": [99], "improved": [joblib.cpu_count()]}
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert len(list((tmp_path / "folds").iterdir())) == len(times) + 5
    assert whole.result.models == ["as published", "improved"]
    _assert_rows_equal(first.comparison, whole.comparison)


@pytest.mark.usefixtures("unreported")
def test_published_against_measured(home, tmp_path):
    run = run_study("mnist-lenet5", n_train=60, epochs=1, only=["as published"], out=tmp_path)
    (row,) = run.comparison.query("on == 'test'").to_dict("records")
    summary = run.result.summary().iloc[0]
    assert row["published"] == 0.9903
    assert row["measured"] == summary["value"]
    assert row["difference"] == pytest.approx(summary["value"] - 0.9903)
    assert row["difference_low"] == pytest.approx(summary["low"] - 0.9903)
    assert row["difference_high"] == pytest.approx(summary["high"] - 0.9903)


@pytest.mark.exhaustive
def test_figures_of_draws_are_means(home, tmp_path):
    run = run_study("medical-svm", backbone="cifar_resnet20", n_train=8, out=tmp_path)
    scores = run.result.scores.query("model == 'improved' and metric == 'roc_auc'")["value"]
    assert len(scores) == 200
    rows = run.comparison.query("model == 'improved' and metric == 'roc_auc'")
    assert rows["measured"].item() == pytest.approx(scores.mean())
    assert rows["low"].item() == pytest.approx(np.percentile(scores, 2.5))
    assert rows["goal"].item() == 0.86
    table = pd.read_csv(tmp_path / "features.csv")
    assert len(table) == 168 + 50
    assert run.result.predictions["row"].max() < len(table)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "mnist"}, "no study 'mnist'. Did you mean 'mnist-"),
        ({"n_train": 0}, "n_train must be a whole number of at least 1"),
        ({"n_train": 5}, "n_train must be from 10 to 1437"),
        ({"n_train": 1438}, "n_train must be from 10 to 1437"),
        ({"n_train": 20.0}, "n_train must be a whole number of at least 1. Got 20.0"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1. Got 0"),
        ({"epochs": "1"}, "epochs must be a whole number of at least 1. Got '1'"),
        ({"seed": -1}, "seed must be a whole number of at least 0. Got -1"),
        ({"seed": None}, "seed must be a whole number of at least 0. Got None"),
        ({"only": "best"}, "no model 'best'"),
        (
            {"name": "medical-svm", "epochs": 2},
            "None of these models is trained in epochs: drop epochs",
        ),
        ({"name": "cifar-transfer", "n_train": 99}, "n_train must be at least 100 for these"),
        ({"backbone": "vgg16"}, "'digits' has no pretrained network: drop backbone"),
        ({"weights": "random"}, "'digits' has no pretrained network: drop weights"),
        ({"only": ["best"]}, "no model 'best'. It has: as published, improved"),
    ],
)
def test_bad_input(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        run_study(**{"name": "digits", "out": tmp_path / "out"} | options)


@pytest.mark.parametrize("n_train", [3, 7, 18])
def test_wrong_numbers_of_medical_images(home, n_train, tmp_path):
    with pytest.raises(ValueError, match="n_train must be an even number from 4 to 12"):
        run_study("medical-cnn", n_train=n_train, out=tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("unreported")
def test_a_folder_of_another_setting(digits, tmp_path):
    run_study("digits", epochs=1, n_train=200, only=["as published"], out=tmp_path)
    record = (tmp_path / "study.json").read_bytes()
    asked = {"name": "digits", "epochs": 1, "n_train": 200, "out": tmp_path}
    for other, message in (
        ({"n_train": 210}, "other settings: n_train 200, not 210. Choose another folder with out"),
        ({"seed": 1}, "seed 0, not 1"),
        ({"epochs": None}, "epochs 1, not None"),
        ({"name": "mnist-cnn"}, "study digits, not mnist-cnn"),
    ):
        with pytest.raises(ValueError, match=message):
            run_study(**asked | other)
    assert (tmp_path / "study.json").read_bytes() == record


def test_weights_that_changed(tmp_path):
    """Folds that were trained with other weights in a file of the same name are not taken."""
    weights = tmp_path / "mine.npz"
    weights.write_bytes(b"some")
    study = get_study("pets-features")
    setting = Setting(np.int64(3), backbone="vgg16", weights=str(weights), folder=tmp_path / "out")
    claim(setting, study)
    check_folder(setting, study)
    assert notes_of(study, setting)[0] == "The weights of vgg16 are those of the file mine.npz."
    assert len(notes_of(study, Setting(weights="imagenet"))) == 1  # what stands in for the images
    weights.write_bytes(b"others")
    with pytest.raises(ValueError, match="other settings: weights_digest"):
        check_folder(setting, study)


def test_weights_in_the_data_home(tmp_path, monkeypatch):
    """Which are found by their names, as commands in the documentation have it."""
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    weights = tmp_path / "weights" / "mine.npz"
    weights.parent.mkdir()
    weights.write_bytes(b"some")
    study = get_study("pets-features")
    setting = Setting(0, backbone="vgg16", weights="mine.npz", folder=tmp_path / "out")
    claim(setting, study)
    check_folder(setting, study)
    weights.write_bytes(b"others")
    with pytest.raises(ValueError, match="other settings: weights_digest"):
        check_folder(setting, study)
    with pytest.raises(ValueError, match=f"'{weights}' does not contain weights of the backbone"):
        check_weights(setting, study)


@pytest.mark.exhaustive
def test_weights_of_a_file(home, tmp_path):
    weights = tmp_path / "mine.npz"
    arrays = backbones.get("cifar_resnet20")((96, 96, 3)).get_weights()
    options = {"backbone": "cifar_resnet20", "weights": str(weights), "out": tmp_path / "out"}
    options |= {"n_train": 40, "only": ["improved"]}
    np.savez(weights, *arrays)
    run = run_study("pets-features", **options)
    name = "The weights of cifar_resnet20 are those of the file mine.npz."
    assert run.record["notes"][1] == name
    assert name in (run.folder / "report.html").read_text(encoding="utf-8")
    assert len(run.record["weights_digest"]) == 64
    np.savez(weights, *[2 * array for array in arrays])
    with pytest.raises(ValueError, match="other settings: weights_digest"):
        run_study("pets-features", **options)


@pytest.mark.slow
def test_medical_images_that_look_alike(tmp_path, monkeypatch):
    """They are on one side, and left out where their labels differ; be they bright or dark."""
    write_images(tmp_path / "busi", {"benign": 180, "malignant": 60}, 16)
    folder = tmp_path / "busi"
    for kind, number, other in (("benign", 3, "benign"), ("benign", 5, "malignant")):
        source = sorted((folder / kind).iterdir())[number]
        with Image.open(source) as image:
            darker = image.point(lambda value: value // 2 + 10)
        darker.save(folder / other / f"again-{number}.png")
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    data = _data.ultrasound(Setting(n_train=20))
    names = [Path(path).name for path in data.X]
    assert len(names) == 180 + 60 + 2 - 2
    assert "again-3.png" in names
    assert "again-5.png" not in names
    groups = audit_images(data.X).groups
    pair = {names.index("again-3.png"), *np.flatnonzero(np.bincount(groups)[groups] == 2)}
    assert len(pair) == 2
    for train, test in data.folds:
        assert len(pair & {*train}) == 0 or len(pair & {*test}) == 0
        assert not np.isin(groups[train], groups[test]).any()
        assert np.bincount(data.y[test]).tolist() == [162, 42]
    assert any(pair <= {*test} for _, test in data.folds)
    other = _data.ultrasound(Setting(seed=1, n_train=20))
    tests = {tuple(test) for _, test in (*data.folds, *other.folds)}
    assert len(tests) == 40  # no draw of one seed is one of another


@pytest.mark.slow
def test_look_alikes_make_scores_too_good():
    """The script of the documentation, on noise whose classes mean nothing and half of it twice."""
    tool = runpy.run_path(str(ROOT / "tools" / "busi_optimism.py"))
    rng = np.random.default_rng(0)
    X = rng.integers(20, 200, (60, 24, 24)).astype(np.uint8)
    X = np.concatenate([X, X[:30] + 20])
    y = np.where(np.arange(60) % 3 == 0, "malignant", "benign")
    y = np.concatenate([y, y[:30]])
    y[60] = "benign"  # its like is malignant
    written = tool["about_data"](audit_images(X, y), y)
    for line in (
        "| images | 90: 61 benign, 29 malignant |",
        "| copies | none |",
        "| look-alikes | 60 images in 30 pairs |",
        "| groups of several images | 30 of 60 images, at most 2 in one |",
        "| benign and malignant at once | 1 pair, in 1 group of 2 images |",
    ):
        assert line in written
    table = tool["optimism"](X.reshape(90, -1), y, X, n_repeats=2, n_resamples=10)
    of_nearest = table.set_index(["model", "metric"]).loc[("nearest neighbour", "accuracy")]
    assert of_nearest["low"] > 0
    assert of_nearest["apart"] < 0.7 < of_nearest["ignoring"]
    lines = tool["about_scores"](table).splitlines()
    assert len(lines) == 2 + len(table)
    assert f"| {of_nearest['apart']:.3f} | {of_nearest['ignoring']:.3f} |" in lines[-1]


@pytest.mark.slow
def test_features_of_views(home, tmp_path):
    """Those of an image and of its mirror image are the same, and some are of its centre alone."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (256, 256, 3), dtype=np.uint8)
    framed = np.zeros_like(image)
    framed[32:-32, 32:-32] = image[32:-32, 32:-32]
    paths = [str(tmp_path / f"{name}.png") for name in ("image", "mirrored", "framed")]
    for path, pixels in zip(paths, (image, image[:, ::-1], framed), strict=True):
        Image.fromarray(pixels).save(path)
    views = _wrappers.ViewFeatures("cifar_resnet20", layer=["stage2", "stage3"])
    table = views.set_output(transform="pandas").fit_transform(np.array(paths))
    assert table.shape == (3, 2 * (32 + 64))
    np.testing.assert_allclose(table.iloc[0], table.iloc[1], atol=1e-5)
    whole, centre = np.split(np.abs(table.iloc[0] - table.iloc[2]).to_numpy(), 2)
    assert whole.max() > 0.01
    np.testing.assert_allclose(centre, 0, atol=1e-5)


def test_too_few_medical_images(tmp_path, monkeypatch):
    write_images(tmp_path / "busi", {"benign": 5, "malignant": 50}, 16)
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="too few images in .*busi.*: 5 benign and 50 malignant"):
        run_study("medical-cnn", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_model_that_cannot_be_trained(home, tmp_path):
    with pytest.warns(EvaluationWarning):
        run = run_study("mnist-lenet5", n_train=10, epochs=1, out=tmp_path)  # 2 held out, of 10
    page = html.unescape((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "As published could not be trained: " in page
    assert run.record["models"]["as published"]["test"]["accuracy"]["value"] is None


def test_weights_that_are_not_there(home, tmp_path, capsys):
    weights = str(tmp_path / "none.weights.h5")
    arguments = ["--backbone", "mobilenet_v2", "--weights", weights, "--out", str(tmp_path)]
    assert main(["study", "run", "pets-features", *arguments]) == 1
    message = capsys.readouterr().err
    assert "none.weights.h5" in message
    assert "to another pretrained network, such as cifar_resnet20" in message
    assert "--backbone, --weights" in message


# ---- comparisons ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("unreported")
def test_compare(digits, tmp_path):
    part = run_study("digits", epochs=1, n_train=200, only=["improved"], out=tmp_path / "one")
    table = compare_studies([tmp_path, digits.folder / "study.json"])
    (row,) = table.to_dict("records")
    assert row["study"] == "digits"
    assert row["published"] == "–"
    both = digits.comparison.set_index("model")["measured"]
    assert row["as published"].startswith(f"{both['as published']:.4f} (")
    assert row["as published"].endswith("with 300 training images and 2 epochs")
    assert f"{both['improved']:.4f}" in row["improved"]
    assert f"{part.comparison['measured'].item():.4f}" in row["improved"]
    assert "skdl study run digits --n-train 300 --epochs 2" in row["command"]
    lines = markdown(table).splitlines()
    assert lines[0] == "| study | figure | published | as published | improved | goal |"
    assert lines[4] == "| study | data | training time | command |"
    assert "`skdl study run digits --n-train 300 --epochs 2`" in lines[6]
    assert len(lines) == 7
    (row,) = compare_studies(digits.folder).to_dict("records")  # one folder
    assert row["notes"] == "–"


@pytest.mark.exhaustive
def test_a_table_names_the_network_and_what_was_trained(home, tmp_path, capsys):
    options = {"backbone": "cifar_resnet20", "n_train": 20, "only": ["improved"]}
    run_study("pets-features", **options, out=tmp_path / "pets")
    run_study("cifar-transfer", **options | {"n_train": 100}, out=tmp_path / "cifar")
    pets = compare_studies(tmp_path / "pets").iloc[0]
    assert pets["improved"].endswith(", with cifar_resnet20 and 20 training images")
    assert pets["published"] == "0.9194 (validation)"
    assert pets["figure"] == "accuracy"
    assert pets["command"].endswith("--n-train 20 --backbone cifar_resnet20 --only improved")
    first = "The pretrained network is cifar_resnet20 instead of vgg16"
    assert first in pets["notes"]
    of_random = json.loads((tmp_path / "pets" / "study.json").read_text())
    of_random["settings"] |= {"weights": "random"}
    (tmp_path / "random.json").write_text(json.dumps(of_random))
    table = compare_studies(tmp_path / "random.json")
    assert "cifar_resnet20, random weights and 20 training" in table["improved"].item()
    (tmp_path / "random.json").unlink()
    (cifar,) = compare_studies([tmp_path / "cifar"]).to_dict("records")
    assert cifar["figure"] == "100 images: accuracy"
    assert cifar["improved"].endswith(", with cifar_resnet20")
    table = compare_studies([RECORDS]).set_index("study").loc["medical-svm"]
    own, other = table["improved"].iloc[0].split("; ")  # the published network with its own weights
    assert own.endswith(", with vgg16")
    assert other.endswith(", with mobilenet_v2")
    assert cifar["command"].endswith("--only '100 images, improved'")
    assert main(["study", "compare", str(tmp_path)]) == 0
    assert f"\npets-features: {first}" in capsys.readouterr().out
    assert f"\n- pets-features: {first}" in markdown(compare_studies(tmp_path))


def test_the_command_of_a_record():
    """What is printed trains the same models with the same setting."""
    for path in RECORDS.glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        words = command(record).split()
        assert words[:4] == ["skdl", "study", "run", record["study"]]
        every = {model.name for model in get_study(record["study"]).models}
        assert ("--only" in words) == (set(record["models"]) != every)


@pytest.mark.usefixtures("unreported")
def test_goals_of_one_variant(home, tmp_path):
    run = run_study("cifar-cnn", n_train=20, epochs=1, only=["as published"], out=tmp_path)
    of_test = run.comparison.query("on == 'test'")
    assert of_test[["goal", "goal_of"]].values.tolist() == [[0.67, "as published"]]
    assert run.comparison.query("on == 'train'")["goal"].isna().all()
    table = compare_studies([tmp_path])
    assert table["goal"].tolist() == ["≥ 0.67 (as published)", "–"]


@pytest.mark.slow
def test_nothing_to_compare(digits, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run of a study"):
        compare_studies([tmp_path])
    with pytest.raises(FileNotFoundError, match="holds no run of a study"):
        compare_studies([tmp_path / "none"])
    record = json.loads((digits.folder / "study.json").read_text())
    for text, message in (
        ("{", "study.json is damaged, or not a record"),
        ("[]", "is damaged, or not a record"),
        ("[" * 100_000, "is damaged, or not a record"),
        (json.dumps(record).replace("0.", "NaN, 0.", 1), "is damaged, or not a record"),
        (json.dumps(record | {"models": {}}), "study.json is damaged, .* it has no 'as published'"),
        (json.dumps(record | {"comparison": "no"}), "is damaged, or not a record"),
        (json.dumps(record | {"comparison": []}), "it holds no comparison"),
        (json.dumps(record | {"study": [1]}), "is damaged, or not a record"),
        (
            json.dumps({"format": FORMAT, "study": "digits"}),
            "it has no comparison, data, models, notes",
        ),
        (json.dumps(record | {"format": 99}), r"another version of skdl \(format 99"),
        (json.dumps(record | {"study": "none"}), "study.json is damaged, .* no study 'none'"),
    ):
        (tmp_path / "study.json").write_text(text)
        with pytest.raises(ValueError, match=message):
            compare_studies([tmp_path])


# ---- the command line ----------------------------------------------------------------------------


@pytest.mark.filterwarnings("default")  # as in a terminal
@pytest.mark.exhaustive
def test_warnings_on_the_command_line(home, tmp_path, capsys):
    images = sorted((home / "cats_vs_dogs" / "train" / "cats").iterdir())
    double = home / "cats_vs_dogs" / "train" / "dogs" / "double.png"
    double.write_bytes(images[0].read_bytes())
    arguments = ["--backbone", "cifar_resnet20", "--only", "improved", "--out", str(tmp_path)]
    try:
        assert main(["study", "run", "pets-features", *arguments]) == 0
    finally:
        double.unlink()
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("skdl study: Equal images belong to two classes") for line in lines)
    assert not any(".py:" in line for line in lines)


# ---- what was measured ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(RECORDS.glob("*.json")), ids=lambda path: path.stem)
def test_records_are_of_what_is_declared(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    study = get_study(record["study"])
    setting = Setting(**record["settings"])
    assert record["notes"] == notes_of(study, setting)
    for name, measured in record["models"].items():
        model = study.model(name)
        assert measured["what"] == model.what
        assert measured["estimator"] == repr(model.make(setting))
        published = [figure.value for figure in study.published if figure.part == model.part]
        rows = [row["published"] for row in record["comparison"] if row["model"] == name]
        assert rows == (published or [None])


def test_the_page_holds_what_the_records_say():
    page = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    assert markdown(compare_studies([RECORDS])) in page


def measured_goals():
    records = [json.loads(path.read_text(encoding="utf-8")) for path in RECORDS.glob("*.json")]
    rows = [(record["study"], row) for record in records for row in record["comparison"]]
    for study in list_studies():
        for goal in study.goals:
            found = [
                row["measured"]
                for name, row in rows
                if (name, row["part"], row["metric"]) == (study.name, goal.part, goal.metric)
                and row["on"] != "train"
                and goal.variant in (None, row["variant"])
            ]
            name = "-".join(filter(None, (study.name, goal.metric, goal.variant)))
            yield pytest.param(goal, found, id=name)


@pytest.mark.parametrize(("goal", "found"), list(measured_goals()))
def test_goals_are_reached(goal, found):
    assert max(found) >= goal.at_least


@pytest.mark.parametrize("variant", ["as published", "improved"])
def test_denoising_helps(variant):
    """A network that sees denoised images is well above one that learns from noisy ones."""
    table = compare_studies([RECORDS]).set_index("study")[variant]
    plain, denoised = (float(table[name].split()[0]) for name in ("mnist-noise", "mnist-denoise"))
    assert denoised - plain >= 0.02
