"""``skdl demo``: what it prints and writes."""

import io
import os
import re
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

from skdl import cli

PICTURES = [
    "training_curves.png",
    "confusion_matrix.png",
    "sample_predictions.png",
    "misclassified.png",
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Folder and output of one quick demo."""
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    with pytest.MonkeyPatch.context() as patch:
        printed = io.StringIO()
        patch.setattr("sys.stdout", printed)
        assert cli.main(["demo", "--quick", "--seed", "3", "--out", str(folder)]) == 0
    return folder, printed.getvalue()


@pytest.mark.slow
def test_demo_writes_its_files_and_nothing_else(demo):
    folder, _ = demo
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [*PICTURES, "pipeline.joblib", "report.html"]
    )
    for name in PICTURES:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert (folder / name).stat().st_size > 10_000


@pytest.mark.slow
def test_demo_prints_every_step_and_a_table(demo):
    _, printed = demo
    assert re.findall(r"Searching (\d+)/6 ", printed) == list("123456")
    header = re.search(r".*accuracy.*", printed).group().split()
    assert header[-4:] == ["accuracy", "sensitivity", "specificity", "roc_auc"]
    assert printed.count("±") == 8 + 1
    assert printed.count(" best\n") == 1
    row = re.search(r".* best", printed).group()
    assert len(row) <= 80
    best = row.split()
    assert best[0] == "0.5"
    assert best[1] in ("0.001", "0.003")
    accuracy, sensitivity, specificity, auc = (float(word.split("±")[0]) for word in best[2:6])
    assert 0.8 < accuracy < specificity <= 1
    assert 0.8 < sensitivity < specificity
    assert max(accuracy, sensitivity) < auc <= 1
    assert "the same predictions, to the last bit" in printed
    scores = dict(re.findall(r"(\w+) (0\.\d+)", printed.partition("on the 1297 test images")[2]))
    assert float(scores["accuracy"]) > 0.8
    assert float(scores["specificity"]) > float(scores["sensitivity"]) > 0.8


@pytest.mark.slow
def test_demo_saves_a_pipeline(demo):
    folder, _ = demo
    pipeline = joblib.load(folder / "pipeline.joblib")
    assert isinstance(pipeline, Pipeline)
    X, y = load_digits(return_X_y=True)
    assert pipeline.score(X, y) > 0.8


@pytest.mark.exhaustive
def test_demo_depends_on_the_seed_alone(demo, tmp_path, capsys):
    folder, _ = demo
    cli.main(["demo", "--quick", "--seed", "3", "--out", str(tmp_path)])
    capsys.readouterr()
    first, second = (joblib.load(p / "pipeline.joblib") for p in (folder, tmp_path))
    X = load_digits().data
    assert np.array_equal(first.predict_proba(X), second.predict_proba(X))


def test_demo_where_a_file_is(tmp_path, capsys):
    path = tmp_path / "occupied"
    path.write_text("mine")
    assert cli.main(["demo", "--quick", "--out", str(path)]) == 1
    assert f"{path} is a file, not a folder" in capsys.readouterr().err
    assert path.read_text() == "mine"


@pytest.mark.slow
def test_demo_ends_quietly_when_its_reader_leaves(tmp_path):
    process = subprocess.run(
        f"{sys.executable} -m skdl demo --quick --out {tmp_path}/out | head -2",
        shell=True,
        cwd=tmp_path,
        # Where the variable is set, somebody has asked for what TensorFlow says at its start.
        env={key: value for key, value in os.environ.items() if not key.startswith("TF_CPP")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stdout.count("\n") == 2
    assert "Traceback" not in process.stderr
    assert "rror" not in process.stderr
