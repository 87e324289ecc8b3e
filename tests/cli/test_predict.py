"""``skdl predict``: what it prints and writes, and its exit status."""

import io
import re
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT
from PIL import Image
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline

import skdl
from skdl import ImageLoader, cli, predict_files
from skdl.inspection import NoveltyDetector

N = 12


def write(path, image):
    Image.fromarray((np.reshape(image, (8, 8)) * 15).astype(np.uint8)).save(path)
    return str(path)


@pytest.fixture(scope="module")
def pipeline_and_detector(tmp_path_factory, digits):
    X, y = digits
    root = tmp_path_factory.mktemp("training")
    rows = np.random.default_rng(0).permutation(np.flatnonzero(y < 2))[:120]
    paths = [write(root / f"{row}.png", X[row]) for row in rows]
    model = make_pipeline(ImageLoader(flatten=True), LogisticRegression(max_iter=500))
    model.fit(paths, np.array(["zero", "one"])[y[rows]])
    return model, NoveltyDetector(model[0]).fit(paths)


@pytest.fixture
def model(pipeline_and_detector, tmp_path):
    estimator, novelty = pipeline_and_detector
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No images could be made up")
        skdl.save(estimator, tmp_path / "model.skdl", novelty=novelty)
    return tmp_path / "model.skdl"


@pytest.fixture
def new(tmp_path, digits):
    """Zeros and ones, of which one is noise."""
    X, y = digits
    root = tmp_path / "new"
    root.mkdir()
    for i, row in enumerate(np.flatnonzero(y < 2)[:N]):
        write(root / f"{i:02d}.png", X[row])
    write(root / "noise.png", np.random.default_rng(0).integers(0, 17, 64))
    return root


@pytest.fixture
def faulty(new):
    (new / "05.png").write_bytes(b"text")
    return new


def run(capsys, *arguments):
    status = cli.main(["predict", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_in_a_pipe_all_rows_are_csv(model, new, capsys):
    status, out, err = run(capsys, model, new)
    table = pd.read_csv(io.StringIO(out), keep_default_na=False, float_precision="round_trip")
    expected = predict_files(model, new)
    assert status == 0
    assert table["path"].tolist() == expected["path"].tolist()
    np.testing.assert_array_equal(table["proba_one"], expected["proba_one"])
    zeros = (expected["label"] == "zero").sum()
    assert err.splitlines() == [
        f"13 images: {13 - zeros} one, {zeros} zero",
        "1 image is unlike everything in the training set (false alarms: at most 0.8 %)",
    ]


def test_the_threshold_is_said(pipeline_and_detector, new, tmp_path, capsys):
    estimator, _ = pipeline_and_detector
    model = FixedThresholdClassifier(FrozenEstimator(estimator), threshold=0.3, pos_label="one")
    paths = sorted(map(str, new.glob("[0-9]*.png")))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No images could be made up")
        skdl.save(model.fit(paths, ["one", "zero"] * (N // 2)), tmp_path / "fixed.skdl")
    _, _, err = run(capsys, tmp_path / "fixed.skdl", new)
    assert "Decision threshold: 0.3" in err


@pytest.mark.parametrize("columns", [60, 100])
def test_on_a_terminal_the_first_rows_and_a_summary(model, faulty, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    status, out, err = run(capsys, model, faulty)
    assert (status, err) == (1, "")
    assert max(map(len, out.splitlines())) <= columns
    if columns == 100:
        assert re.search(r"^path +label +probability +unlike +error$", out, re.MULTILINE)
        assert re.search(r"^00\.png +zero +\d+\.\d %$", out, re.MULTILINE)
    assert "it is empty, damaged" in " ".join(out.split())
    assert "… and 3 more" in out
    assert "12 images: " in out
    assert "1 file could not be read or predicted: " in " ".join(out.split())
    assert "new/05.png'(itisempty,damaged" in "".join(out.split())
    assert "unlike everything in the training set" in " ".join(out.split())


def test_what_is_written(model, faulty, tmp_path, capsys):
    out = tmp_path / "results" / "predictions.csv"
    status, printed, err = run(capsys, model, faulty, "--out", out)
    assert (status, err) == (1, "")
    assert printed.splitlines()[-1] == f"All rows are in {out}"
    assert "path,label" not in printed
    table = pd.read_csv(out, float_precision="round_trip")
    expected = predict_files(model, faulty)
    expected["unlike"] = expected["unlike"].astype(object).where(expected["error"] == "", np.nan)
    table["error"] = table["error"].fillna("")
    pd.testing.assert_frame_equal(table, expected, check_dtype=False, check_exact=True)
    assert sorted(path.name for path in out.parent.iterdir()) == ["predictions.csv"]
    noise = table.set_index("path").loc[str(faulty / "noise.png")]
    assert noise["unlike"] in (True, "True")
    assert noise["distance"] > 1


def test_pictures(model, faulty, tmp_path, capsys):
    folder = tmp_path / "why"
    status, out, err = run(capsys, model, faulty, "--explain", folder, "--max-explained", 2)
    assert status == 1
    assert err.splitlines()[-1] == f"2 pictures are in {folder}"
    assert sorted(path.name for path in folder.iterdir()) == ["01_00.png", "02_01.png"]
    assert "explanation" in out.partition("\n")[0]


def test_a_column_of_a_list(model, new, capsys):
    (new / "list.csv").write_text("scan\n01.png\n03.png\n")
    status, out, _ = run(capsys, model, new / "list.csv", "--path-column", "scan")
    assert status == 0
    assert len(out.splitlines()) == 3


def test_what_is_excluded_is_no_row(model, new, capsys):
    every = run(capsys, model, new)[1].count(".png")
    left = run(capsys, model, new, "--exclude", "01.png", "--exclude", "0[34].png")[1]
    assert left.count(".png") == every - 3
    assert "04.png" not in left


def test_names_of_any_origin(model, new, tmp_path, capsys):
    for name in ("\udcff.png", "new\nline.png", "\x1b[31m.png", "=1+1.png"):
        shutil.copy(new / "00.png", new / name)
    out = tmp_path / "out.csv"
    status, printed, _ = run(capsys, model, new, "--out", out)
    assert status == 0
    assert len(pd.read_csv(out)) == N + 5
    status, printed, _ = run(capsys, model, new)
    assert status == 0
    assert "\x1b" not in printed
    assert printed.encode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("model.joblib", "new"), "is not a .skdl file, and loading it could run any code"),
        (("none.skdl", "new"), "none.skdl"),
        (("model.skdl", ""), "paths must not be empty"),
        (("model.skdl", "new", "--out", ""), "--out must not be empty"),
        (("model.skdl", "new", "--max-explained", "0"), "max_explained must be a whole number"),
        (("model.skdl", "new/00.png", "--out", "new/00.png/p.csv"), "Choose another file with"),
    ],
)
def test_a_mess_is_refused_in_a_sentence(
    model, new, arguments, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.joblib").write_bytes(b"")
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (1, "")
    assert err.startswith("skdl predict: ")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_model_of_tables_is_refused_by_name(digits, new, tmp_path, capsys):
    of_columns = LogisticRegression(max_iter=500).fit(digits[0][:50], digits[1][:50])
    skdl.save(of_columns, tmp_path / "table.skdl")
    status, out, err = run(capsys, tmp_path / "table.skdl", new)
    assert (status, out) == (1, "")
    assert "accepts tables of numbers, not image files: it begins with LogisticRegression" in err


def test_wrong_arguments(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["predict", "model.skdl"])
    assert stopped.value.code == 2
    assert "PATH" in capsys.readouterr().err


@pytest.mark.slow
def test_in_a_process_of_its_own(model, faulty):
    process = subprocess.run(
        [sys.executable, "-m", "skdl", "predict", str(model), str(faulty)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert process.returncode == 1
    assert len(pd.read_csv(io.StringIO(process.stdout))) == N + 1
    assert "1 file could not be read or predicted" in process.stderr
    assert "Traceback" not in process.stderr
