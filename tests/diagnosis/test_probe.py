"""The process in which libraries are tried."""

import sys

import pytest

from skdl import diagnose
from skdl.diagnosis import _probe
from skdl.diagnosis._probe import probe


@pytest.fixture
def modules(tmp_path, monkeypatch):
    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text)
        return list(texts)

    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return write


def test_what_fails_is_told_and_the_rest_goes_on(modules):
    names = modules(
        noisy="import os; print('a'); os.write(1, b'b')",
        wrong="raise ImportError('no\\nlibrary')",
        leaves="raise SystemExit(3)",
        right="",
    )
    found = probe([*names, "nosuch_module"])
    assert found == {
        "failed": {
            "wrong": "ImportError: no library",
            "leaves": "SystemExit: 3",
            "nosuch_module": "ModuleNotFoundError: No module named 'nosuch_module'",
        },
        "ended": "",
    }


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "was ended by SIGILL"),
        ("import os, sys; print('why', file=sys.stderr, flush=True); os._exit(7)", "with status 7"),
    ],
)
def test_a_process_that_ends_says_where(modules, text, ended):
    found = probe(modules(right="", deadly=text, after=""))
    assert found["ended"].startswith("The process that tests the libraries ")
    assert ended in found["ended"]
    assert found["ended"].endswith(", at deadly.")
    assert ("why" in found["ended"]) == ("why" in text)


def test_a_process_that_does_not_end(modules, monkeypatch):
    monkeypatch.setattr(_probe, "_SECONDS", 0.001)
    found = probe(modules(waits="import time; time.sleep(9)"))
    assert "did not end within 0.001 s" in found["ended"]


def test_a_python_that_cannot_be_started(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "could not be started" in probe([])["ended"]


@pytest.mark.slow
@pytest.mark.networks
def test_tensorflow_runs_here():
    diagnosis = diagnose()
    tried = diagnosis.facts["tensorflow"]["tried"]
    assert (tried["failed"], tried["ended"]) == ({}, "")
    assert tried["computes_float32"]
    assert tried["computes_bfloat16"]
    assert isinstance(tried["accelerators"], list)
