"""The command line itself: arguments, errors, warnings, encodings, and what it imports."""

import io
import os
import subprocess
import sys
import warnings

import pytest
from helpers import ROOT, run_python

import skdl
from skdl import cli, plugins


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dem"],
        ["audit"],
        ["audit", "x", "--similarity", "high"],
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


def test_version(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"skdl {skdl.__version__}\n"


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


# ---- errors in one place -------------------------------------------------------------------------


def raised(error, capsys, monkeypatch):
    """Status and error output of a command whose work raises."""

    def work(*args):
        warnings.warn("beware", stacklevel=1)
        raise error

    monkeypatch.setattr("skdl.studies.list_studies", work)
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as in a terminal
        return cli.main(["study", "list"]), capsys.readouterr().err


@pytest.mark.parametrize("kind", [ImportError, OSError, ValueError])
def test_an_error_is_one_line_and_a_warning_another(kind, capsys, monkeypatch):
    status, printed = raised(kind("no \x1b[2J"), capsys, monkeypatch)
    assert status == 1
    assert printed == "skdl study: beware\nskdl study: no \\x1b[2J\n"


def test_an_interrupt(capsys, monkeypatch):
    status, printed = raised(KeyboardInterrupt(), capsys, monkeypatch)
    assert (status, printed.splitlines()[-1]) == (130, "skdl study: Interrupted.")


def test_a_mistake_of_ours_is_not_hidden(capsys, monkeypatch):
    with pytest.raises(KeyError):
        raised(KeyError("x"), capsys, monkeypatch)


def test_warnings_of_others_are_shown_as_before(capsys, monkeypatch):
    before = warnings.showwarning, list(warnings.filters)
    raised(ValueError("no"), capsys, monkeypatch)
    cli.main(["list", "simple"])
    assert (warnings.showwarning, list(warnings.filters)) == before


def test_a_reader_that_leaves(tmp_path):
    process = subprocess.run(
        f"{sys.executable} -m skdl list | true",
        shell=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stderr == ""


@pytest.mark.parametrize("arguments", ["--help", "list", "list --json", "study --help"])
def test_the_command_line_starts_light(arguments):
    code = f"""
import sys
from skdl.cli import main
try: main({arguments.split()})
except SystemExit: pass
heavy = {{"tensorflow", "keras", "pandas", "sklearn", "matplotlib", "rich"}}
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
"""
    run_python(code)
