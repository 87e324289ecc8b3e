"""``skdl doctor``: text, JSON and its status."""

import json

import pytest

from skdl import cli
from skdl.diagnosis import _diagnose


@pytest.fixture(autouse=True)
def sound(monkeypatch, tmp_path):
    monkeypatch.setattr(
        _diagnose, "probe", lambda modules: {"failed": {}, "ended": "", "accelerators": []}
    )
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))


def test_text(capsys):
    assert cli.main(["doctor"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert lines[0].startswith("skdl          0.")
    assert all(len(line) < 80 or "/" in line for line in lines)  # a path stays in one piece
    labels = [line[:14].strip() for line in lines if line[:1].isalpha() and len(line) > 14]
    assert labels[:4] == ["skdl", "Python", "system", "packages"]


def test_json(capsys):
    assert cli.main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_the_status_says_what_is_broken(capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert cli.main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert cli.main(["doctor"]) == 1
    assert "1. BROKEN: The environment variable KERAS_BACKEND is 'jax'" in capsys.readouterr().out


def test_what_it_needs_itself_is_missing(capsys, monkeypatch):
    def fail():
        raise ModuleNotFoundError("No module named 'packaging'")

    monkeypatch.setattr("skdl.diagnosis.diagnose", fail)
    assert cli.main(["doctor"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(
        "skdl doctor: A package that skdl needs cannot be imported: No module named 'packaging'."
    )
