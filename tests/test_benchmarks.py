import json
import subprocess
import sys

from helpers import ROOT

sys.path.insert(0, str(ROOT))

from benchmarks.cases import CASES
from benchmarks.table import markdown


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_case_prints_its_ratio_and_writes_results(tmp_path):
    process = run("import", "--rounds", "1", "--out", str(tmp_path))
    assert "skdl / sklearn = " in process.stdout, process.stderr
    report = json.loads((tmp_path / "results.json").read_text())
    (bar,) = report["cases"]["import"]["bars"]
    figures = report["cases"]["import"]["figures"]
    assert bar["value"] == figures["skdl"][0] / figures["sklearn"][0]
    assert bar["reached"] == (bar["value"] <= bar["at_most"])
    assert process.returncode == (0 if bar["reached"] else 1)
    assert report["machine"]["packages"]["scikit-learn"]
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_quotes_the_results():
    report = json.loads((ROOT / "benchmarks/results/results.json").read_text())
    assert list(report["cases"]) == list(CASES)
    table = markdown(report)
    assert table in (ROOT / "docs/performance.md").read_text()
    assert table + "\n" == (ROOT / "benchmarks/results/results.md").read_text()


def test_unknown_cases():
    process = run("speed")
    assert process.returncode == 2
    assert "unknown case 'speed'" in process.stderr
