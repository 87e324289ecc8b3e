"""The rules of the house: floors, sizes, one door to scikeras."""

import re
import subprocess
import sys

import pytest
from helpers import ROOT

SOURCES = sorted(ROOT.glob("skdl/**/*.py"))


def test_imports_point_down_the_floors():
    process = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout
    assert "0 broken" in process.stdout


def test_scikeras_has_one_door():
    importing = [
        p.name for p in SOURCES if re.search(r"^\s*(from|import) scikeras", p.read_text(), re.M)
    ]
    assert importing == ["_base.py"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_modules_stay_small(path):
    assert len(path.read_text().splitlines()) <= 450


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "skdl/py.typed").exists()
