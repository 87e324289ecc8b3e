"""``skdl list``: what it prints, in every width, and what it leaves alone."""

import json

import pytest

from skdl import cli, plugins


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
    assert "No architecture or backbone or data set or decoder matches" in capsys.readouterr().err


def test_list_as_json(capsys):
    assert cli.main(["list", "architectures", "lenet*", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["architectures"]
    assert (row["name"], row["package"], row["error"]) == ("lenet5", "skdl", None)
    assert row["description"].startswith("Three convolutions")
    assert "activation='relu'" in row["parameters"]
    assert cli.main(["list", "--json", "nothing*"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "architectures": [], "backbones": [], "datasets": [], "decoders": [],
    }  # fmt: skip


def test_list_with_a_broken_plugin(capsys, monkeypatch):
    broken = plugins.Plugin("odd", "some-package", "no_such_module:build")
    monkeypatch.setitem(plugins.architectures._plugins, "odd", broken)
    assert cli.main(["list", "o*"]) == 0
    captured = capsys.readouterr()
    assert "broken: ModuleNotFoundError: No module named 'no_such_module'" in captured.out
    assert "skdl list: The architecture 'odd' of package 'some-package'" in captured.err


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_list_follows_the_width_of_the_terminal(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert max(map(len, lines)) > columns - 15
    words = " ".join(lines).split()
    assert words[words.index("simple") :][: 3 if columns == 40 else 2] == (
        ["simple", "package:", "skdl"] if columns == 40 else ["simple", "skdl"]
    )
    assert "dropout=0.5," in words


def test_list_in_very_narrow_terminals(monkeypatch, capsys):
    printed = []
    for columns in ("40", "7"):
        monkeypatch.setenv("COLUMNS", columns)
        cli.main(["list"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
