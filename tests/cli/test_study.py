"""``skdl study``: what it prints, and its status."""

import re

import pytest
from helpers import ROOT

from skdl.cli import main
from skdl.studies import list_studies


def test_list_on_the_command_line(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["study", "list"]) == 0
    printed = capsys.readouterr().out
    assert all(len(line) <= 80 for line in printed.splitlines())
    for study in list_studies():
        assert re.search(rf"^{study.name}\s+\S", printed, flags=re.MULTILINE)
    assert "accuracy 0.9903" in printed
    assert "BUSI" in printed


@pytest.mark.slow
def test_run_and_compare_on_the_command_line(tmp_path, capsys):
    arguments = ["--n-train", "200", "--epochs", "1", "--only", "as published"]
    assert main(["study", "run", "digits", *arguments, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "200 training images, 360 test images in the first of 5 folds" in printed
    assert re.search(r"^as published  accuracy  –\s+0\.\d{4}\s", printed, flags=re.MULTILINE)
    assert "Folds 5/5" in printed
    assert main(["study", "compare", str(tmp_path)]) == 0
    assert re.search(r"^digits +accuracy +– ", capsys.readouterr().out, flags=re.MULTILINE)
    assert main(["study", "compare", str(tmp_path), "--markdown"]) == 0
    assert "| digits | accuracy | – | 0." in capsys.readouterr().out
    assert main(["study", "compare", str(tmp_path / "none")]) == 1
    assert "skdl study: " in capsys.readouterr().err


@pytest.mark.parametrize("columns", [60, 120])
def test_compare_on_a_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["study", "compare", str(ROOT / "docs" / "studies")]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= columns
    assert "(0.974–0.986)" in printed  # no figure is broken
    assert "(0.989–0.997)" in printed
    assert ("    as published: 0.9811 (0.974–0.986)" in printed) == (columns == 60)


def test_interrupted(monkeypatch, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("skdl.studies.run_study", interrupt)
    assert main(["study", "run", "digits"]) == 130
    assert "The same command resumes after the last completed fold." in capsys.readouterr().err


def test_a_file_in_the_place_of_the_folder(tmp_path, capsys):
    path = tmp_path / "occupied"
    path.write_text("mine")
    assert main(["study", "run", "digits", "--out", str(path)]) == 1
    assert "occupied" in capsys.readouterr().err
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [["study"], ["study", "run"], ["study", "compare"], ["study", "run", "digits", "--seed", "x"]],
)
def test_wrong_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert "usage" in capsys.readouterr().err
