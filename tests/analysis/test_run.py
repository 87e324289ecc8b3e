"""From a folder of images to a report, a model, and a script that gives the same figures."""

import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from digit_files import write_digits
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

from skdl import analyze_folder
from skdl.analysis import FolderAnalysis, _run
from skdl.datasets import load_image_folder
from skdl.evaluation import _run as fitting
from skdl.persistence import read_model

CHEAP = {"models": ["shortcuts", "majority"], "folds": 2, "report": "json", "verbose": 0}


@pytest.fixture(scope="module")
def found(digits_folder, tmp_path_factory):
    return analyze_folder(digits_folder, out=tmp_path_factory.mktemp("out") / "run", **CHEAP)


def test_everything_is_written(found, digits_folder):
    assert isinstance(found, FolderAnalysis)
    assert sorted(path.name for path in found.out.iterdir()) == [
        "folds", "model.skdl", "plan.json", "predictions.csv", "report.json", "run.json", "run.py",
    ]  # fmt: skip
    assert found.result.models == ["majority", "shortcuts", "best"]
    assert found.best == "shortcuts"
    run = json.loads((found.out / "run.json").read_text())
    assert run["estimate"] == pytest.approx(found.estimate, nan_ok=True)
    assert run["data"]["classes"] == {"3": 29, "8": 31}
    assert run["settings"]["folds"] == 2
    assert "NaN" not in (found.out / "run.json").read_text()
    assert "shortcuts" in repr(found)
    files = sorted(digits_folder.glob("*/*.png"))
    predicted = found.model.predict([str(file) for file in files])
    assert np.mean(predicted == [file.parent.name for file in files]) > 0.8


def test_the_estimate_is_that_of_choosing(found):
    summary = found.summary().query("metric == 'roc_auc'").set_index("model")
    assert found.estimate["value"] == summary.loc["best", "value"]
    assert summary.loc["majority", "value"] == pytest.approx(0.5, abs=0.1)
    assert summary.loc["best", "value"] > 0.75
    notes = json.loads((found.out / "report.json").read_text())
    assert "chosen inside each fold" in json.dumps(notes)


def test_predictions_are_out_of_fold_with_paths_and_groups(found):
    table = pd.read_csv(found.out / "predictions.csv")
    assert table.columns.tolist() == [
        "model", "path", "group", "fold", "label", "predicted", "proba_3", "proba_8",
    ]  # fmt: skip
    assert table["model"].unique().tolist() == ["majority", "shortcuts", "best"]
    best = table[table["model"] == "best"]
    assert len(best) == best["path"].nunique() == 60
    assert set(best["fold"]) == {0, 1}
    labels = [int(path.split("/")[-2]) for path in best["path"]]
    assert labels == best["label"].tolist()


@pytest.mark.slow
def test_the_script_gives_the_same_figures(found, digits_folder, capsys):
    with threadpool_limits(2), pytest.warns(UserWarning, match="[np]pv of majority"):
        runpy.run_path(str(found.out / "run.py"))
    again = pd.read_csv(found.out / "again" / "predictions.csv")
    mine = found.result.predictions
    for column in ("row", "fold", "proba_3", "proba_8"):
        np.testing.assert_allclose(again[column], mine[column], rtol=1e-14)
    assert again["y_pred"].astype(str).tolist() == mine["y_pred"].tolist()
    assert f"{found.estimate['value']:.6f}" in capsys.readouterr().out
    written, model = (
        read_model(place / "model.skdl") for place in (found.out, found.out / "again")
    )
    assert model.estimate == written.estimate == pytest.approx(found.estimate)
    files = [str(file) for file in sorted(digits_folder.glob("*/*.png"))]
    proba = model.estimator.predict_proba(files)
    np.testing.assert_array_equal(proba, found.model.predict_proba(files))
    shutil.rmtree(found.out / "again")


@pytest.mark.slow
def test_models_compute_with_one_thread_of_blas(digits_folder, tmp_path, monkeypatch):
    def n_threads():
        return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}

    inside, fit = [], fitting.run_fold

    def noted(*args):
        inside.append(n_threads())
        return fit(*args)

    monkeypatch.setattr(fitting, "run_fold", noted)
    with threadpool_limits(2, user_api="blas"):
        analyze_folder(digits_folder, out=tmp_path / "run", **CHEAP)
        assert n_threads() == {2}
    assert inside == [{1}] * 4


@pytest.mark.slow
def test_the_same_call_goes_on_and_fits_nothing_again(digits_folder, tmp_path, monkeypatch, found):
    out = tmp_path / "run"
    fitted, fit = [], fitting.run_fold

    def killed(*args):
        fitted.append(args)
        if len(fitted) == 3:
            raise KeyboardInterrupt
        return fit(*args)

    monkeypatch.setattr(fitting, "run_fold", killed)
    with pytest.raises(KeyboardInterrupt):
        analyze_folder(digits_folder, out=out, **CHEAP)
    planned = json.loads((out / "plan.json").read_text())
    monkeypatch.setattr(_run, "make_plan", None)  # that of the first call is kept
    again = analyze_folder(digits_folder, out=out, **CHEAP)
    assert len(fitted) == 3 + 2  # of four folds, two had been kept
    assert json.loads((out / "plan.json").read_text())["plan"] == planned["plan"]
    pd.testing.assert_frame_equal(again.result.predictions, found.result.predictions)
    with pytest.raises(ValueError, match="belongs to an analysis with folds=2, not 4"):
        analyze_folder(digits_folder, out=out, **{**CHEAP, "folds": 4})


def test_what_is_in_the_way_is_left_alone(digits_folder, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(
        ValueError, match="is not empty, and was not written by an analysis of skdl"
    ):
        analyze_folder(digits_folder, out=tmp_path, **CHEAP)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(FileExistsError, match="is a file"):
        analyze_folder(digits_folder, out=tmp_path / "thesis.tex", **CHEAP)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "plan.json").write_text('{"settings": 3}')
    with pytest.raises(ValueError, match=r"plan\.json.* cannot be read"):
        analyze_folder(digits_folder, out=tmp_path / "other", **CHEAP)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"minutes": 0}, "minutes must be more than 0. Got 0"),
        ({"minutes": float("nan")}, "minutes must be a finite number"),
        ({"minutes": True}, "minutes must be a finite number"),
        ({"folds": 1}, "folds must be a whole number of at least 2"),
        ({"models": ["logistics"]}, "no model 'logistics'.*Did you mean 'logistic'"),
        ({"models": []}, "models must be a list of names"),
        ({"models": "svc"}, "models must be a list of names"),
        ({"report": "pdf"}, "report must be one of"),
        ({"random_state": -1}, "random_state must be"),
        ({"backbone": "vgg61"}, "vgg16"),
        ({"weights": "w.h5"}, "weights belong to a backbone"),
        ({"pos_label": "9"}, "positive class '9' is not one of the classes"),
        ({"folds": 31}, "The class '3' has 29 images, and there are 31 folds"),
        ({"out": 3}, "out must be a path"),
        ({"exclude": 3}, "exclude must be a pattern of names"),
        ({"exclude": "*.png"}, "exclude"),
        ({"group_column": "who"}, "who"),
        ({"label_column": "what"}, "label_column and label_columns are for CSV files"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_written(digits_folder, tmp_path, given, said):
    out = tmp_path / "out"
    with pytest.raises((ValueError, TypeError), match=said):
        analyze_folder(digits_folder, **{"out": out, **CHEAP, **given})
    assert not out.exists()


def test_folders_that_nothing_can_be_learned_from(tmp_path):
    one = write_digits(tmp_path / "one", labels=(3,), n=10)
    with pytest.raises(ValueError, match="one class only, '3'"):
        analyze_folder(one, **CHEAP)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty"):
        analyze_folder(tmp_path / "empty", **CHEAP)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        analyze_folder(tmp_path / "nowhere", **CHEAP)
    copies = tmp_path / "copies"
    for name, value in (("a", 3), ("b", 8)):
        (copies / name).mkdir(parents=True)
        pixels = np.random.default_rng(value).integers(0, 255, (16, 16), dtype=np.uint8)
        for number in range(5):
            Image.fromarray(pixels).save(copies / name / f"{number}.png")
    with pytest.raises(ValueError, match="There are 2 groups of images that belong together"):
        analyze_folder(copies, **{**CHEAP, "folds": 3})
    with pytest.raises(ValueError, match="All images of the class 'a' belong together"):
        analyze_folder(copies, **CHEAP)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copies", "empty", "one"]


@pytest.mark.slow
def test_unreadable_files_are_counted_and_look_alikes_kept_together(tmp_path, capsys):
    folder = write_digits(tmp_path / "mixed", n=40)
    (folder / "3" / "broken.png").write_bytes(b"no image")
    for file in sorted((folder / "8").glob("*.png"))[:3]:
        shutil.copy(file, folder / "8" / f"copy of {file.name}")
    found = analyze_folder(folder, **{**CHEAP, "verbose": 1, "models": ["majority"]})
    said = capsys.readouterr().out
    assert "1 file left out as unreadable, such as" in said
    assert "40 with look-alikes joined" in said
    assert "StratifiedGroupKFold" in found.result.cv
    assert found.out == tmp_path / "mixed-skdl"
    table = pd.read_csv(found.out / "predictions.csv").query("model == 'best'")
    copied = table[table.groupby("group")["path"].transform("size") == 2]
    assert len(copied) == 6
    assert copied.groupby("group")["fold"].agg(set).map(len).eq(1).all()
    with pytest.warns(UserWarning, match="[np]pv of majority"):
        runpy.run_path(str(found.out / "run.py"))  # which has the same groups


def test_how_the_folder_is_read_is_kept_and_written(tmp_path, capsys):
    """A list with columns of unusual names, patients by one of them, and masks left out."""
    folder = write_digits(tmp_path / "scans", n=40)
    files = sorted(folder.glob("*/*.png"))
    for file in files[:5]:
        shutil.copy(file, file.with_name("mask of " + file.name))
    rows = [
        f"{file},{file.parent.name},{int(file.stem.split()[-1]) // 20}"
        for file in sorted(folder.glob("*/*.png"))
    ]
    (tmp_path / "list.csv").write_text("\n".join(["what,kind,who", *rows]))
    reading = {
        "path_column": "what", "label_column": "kind", "group_column": "who", "exclude": "mask of*",
    }  # fmt: skip
    how = {**CHEAP, "models": ["majority"], "verbose": 1}
    found = analyze_folder(tmp_path / "list.csv", **how, **reading)
    said = capsys.readouterr().out
    assert "5 images left out by --exclude." in said
    assert "40 images of 2 classes" in said
    patients = {str(int(file.stem) // 20) for file in files}
    assert f"{len(patients)} groups were given" in said
    table = pd.read_csv(found.out / "predictions.csv", dtype={"group": str})
    assert {Path(path).stem: group for path, group in table[["path", "group"]].to_numpy()} == {
        file.stem: str(int(file.stem) // 20) for file in files
    }
    run = json.loads((found.out / "run.json").read_text())
    assert run["settings"]["group_column"] == "who"
    assert (run["settings"]["exclude"], run["data"]["excluded"]) == (["mask of*"], 5)
    read = (found.out / "run.py").read_text().partition("images = ")[2].partition("\nX, y")[0]
    names = {"FOLDER": str(tmp_path / "list.csv"), "load_image_folder": load_image_folder}
    assert eval(read, names).data.tolist() == [str(file) for file in files]
    with pytest.raises(ValueError, match="belongs to an analysis with group_column='who', not"):
        analyze_folder(tmp_path / "list.csv", **how, **{**reading, "group_column": False})


def test_there_may_be_more_than_two_classes(tmp_path):
    folder = write_digits(tmp_path / "three", labels=(0, 3, 8), n=60)
    found = analyze_folder(folder, **CHEAP)
    assert found.result.metrics[0] == "balanced_accuracy"
    assert found.estimate["value"] > 0.5
