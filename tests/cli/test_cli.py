import io
import json
import os
import re
import subprocess
import sys

import joblib
import numpy as np
import pytest
from helpers import ROOT, run_python
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

import skdl
from skdl import cli, plugins
from skdl._utils.progress import Progress
from skdl.store import FeatureStore

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


def test_demo_writes_its_files_and_nothing_else(demo):
    folder, _ = demo
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [*PICTURES, "pipeline.joblib", "report.html"]
    )
    for name in PICTURES:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert (folder / name).stat().st_size > 10_000


def test_demo_prints_every_step_and_a_table(demo):
    _, printed = demo
    assert re.findall(r"Searching (\d+)/6 ", printed) == list("123456")
    header = re.search(r".*accuracy.*", printed).group().split()
    assert header[-4:] == ["accuracy", "sensitivity", "specificity", "roc_auc"]
    assert printed.count("±") == 8 + 1
    assert printed.count(" best\n") == 1
    assert "the same predictions, to the last bit" in printed
    scores = dict(re.findall(r"(\w+) (0\.\d+)", printed.partition("on the 1297 test images")[2]))
    assert float(scores["accuracy"]) > 0.8
    assert float(scores["specificity"]) > float(scores["sensitivity"]) > 0.8


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


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dem"],
        ["demo", "--seed", "-1"],
        ["demo", "--seed", "x"],
        ["list", "a", "b"],
        ["store"],
        ["store", "info"],
        ["store", "remove", "x"],
        ["store", "clear", "x", "--repair"],
    ],
)
def test_wrong_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        cli.main(arguments)
    assert error.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_list(capsys):
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["architecture", "package", "description"]
    assert {"simple", "resnet20"} <= {line.split()[0] for line in lines[1:] if line}
    assert cli.main(["list", "sim*"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].split()[:3] == ["simple", "skdl", "Two"]
    assert "dropout=0.5" in printed
    assert "n_classes" not in printed
    assert cli.main(["list", "architectures", "nothing*"]) == 1
    assert "No architecture matches 'nothing*'" in capsys.readouterr().err
    assert cli.main(["list", "nothing*"]) == 1
    assert "No architecture or backbone or data set matches" in capsys.readouterr().err


def test_list_as_json(capsys):
    assert cli.main(["list", "architectures", "lenet*", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["architectures"]
    assert (row["name"], row["package"], row["error"]) == ("lenet5", "skdl", None)
    assert row["description"].startswith("Three convolutions")
    assert "activation='relu'" in row["parameters"]
    assert cli.main(["list", "--json", "nothing*"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "architectures": [], "backbones": [], "datasets": [],
    }  # fmt: skip


def test_list_with_a_broken_plugin(capsys, monkeypatch):
    broken = plugins.Plugin("odd", "some-package", "no_such_module:build")
    monkeypatch.setitem(plugins.architectures._plugins, "odd", broken)
    assert cli.main(["list", "o*"]) == 0
    captured = capsys.readouterr()
    assert "broken: ModuleNotFoundError: No module named 'no_such_module'" in captured.out
    assert "skdl list: The architecture 'odd' of package 'some-package'" in captured.err


@pytest.mark.parametrize(
    ("encoding", "expected"), [("ascii", "a 3?3 filter"), ("utf-8", "a 3×3 filter")]
)
def test_list_where_the_output_cannot_encode(encoding, expected, monkeypatch):
    monkeypatch.setitem(plugins.datasets._plugins, "odd", plugins.Plugin("odd", "a", multiplies))
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    monkeypatch.setattr("sys.stdout", stream)
    assert cli.main(["list", "odd"]) == 0
    assert expected in raw.getvalue().decode(encoding)
    assert stream.errors == "strict"  # as it was


def multiplies():
    """Draws with a 3×3 filter."""


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["encoding", "locale"],
)
@pytest.mark.parametrize("arguments", ["list", "list --json", "--help"])
def test_an_ascii_terminal(arguments, variables, tmp_path):
    process = subprocess.run(
        [sys.executable, "-m", "skdl", *arguments.split()],
        env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.isascii()


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_list_follows_the_width_of_the_terminal(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert max(map(len, lines)) > columns - 15
    rows = [line.split() for line in lines]
    assert ["simple", "skdl"] in [row[:2] for row in rows]
    assert "dropout=0.5," in [word for row in rows for word in row]


def test_list_in_very_narrow_terminals(monkeypatch, capsys):
    printed = []
    for columns in ("40", "7"):
        monkeypatch.setenv("COLUMNS", columns)
        cli.main(["list"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_store(tmp_path, capsys):
    store = FeatureStore(tmp_path)
    store.put({"backbone": "resnet50"}, [bytes(32)], np.zeros((1, 4), dtype=np.float32))
    assert cli.main(["store", "info", str(tmp_path)]) == 0
    assert "resnet50" in capsys.readouterr().out
    assert cli.main(["store", "verify", str(tmp_path), "--repair"]) == 0
    assert cli.main(["store", "clear", str(tmp_path)]) == 0
    assert cli.main(["store", "info", str(tmp_path)]) == 1
    assert "skdl store: The folder" in capsys.readouterr().err


def test_list_imports_nothing():
    code = "import sys; from skdl.cli import main; main(['list']); print('keras' in sys.modules)"
    assert run_python(code).splitlines()[-1] == "False"


def test_demo_ends_quietly_when_its_reader_leaves(tmp_path):
    process = subprocess.run(
        f"{sys.executable} -m skdl demo --quick --out {tmp_path}/out | head -2",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stdout.count("\n") == 2
    assert "Traceback" not in process.stderr
    assert "rror" not in process.stderr


def test_version(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"skdl {skdl.__version__}\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_on_a_terminal_is_one_line():
    stream = Terminal()
    progress = Progress(4, "Working", stream)
    for _ in range(4):
        progress.step()
    assert stream.getvalue().count("\n") == 1
    last = stream.getvalue().split("\r")[-1]
    assert last.startswith("Working " + "█" * 30 + " 4/4")


def test_progress_elsewhere_is_a_line_a_step():
    stream = io.StringIO()
    progress = Progress(2, "Working", stream)
    progress.step()
    progress.step()
    assert [line.split()[:2] for line in stream.getvalue().splitlines()] == [
        ["Working", "1/2"],
        ["Working", "2/2"],
    ]
