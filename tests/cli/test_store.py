"""``skdl store``: what it prints, its status, and what it leaves alone."""

import os
import re
import time
from pathlib import Path

import pytest

from skdl import cli

RESNET = {
    "backbone": "resnet50",
    "layer": "conv5_block3_out",
    "pooling": "avg",
    "size": [224, 224],
    "weights": "3f" * 32,
    "crop": None,
}


@pytest.fixture
def filled(stored):
    stored.put(1500, space=RESNET)
    stored.put(3, space={"version": 3}, width=4)
    moment = time.time() - 5 * 3600
    os.utime(stored.shards()[0], (moment, moment))
    return stored


def run(capsys, *arguments):
    status = cli.main(["store", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_info(filled, capsys):
    status, out, err = run(capsys, "info", filled.folder)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"Feature store in {filled.folder}"
    assert lines[2].split("  ")[0] == "features"
    assert lines[2].split()[-1] == "details"
    assert re.fullmatch(r"[0-9a-f]{12} +3 +220 bytes +1  just now +version=3", lines[3])
    details = "layer=conv5_block3_out, pooling=avg, size=224×224, weights=3f3f3f3f…"
    assert re.fullmatch(rf"resnet50 +1,500 +102.1 kB +1  5 hours ago  {details}", lines[4])
    assert lines[5] == ""
    assert re.fullmatch(r"total +1,503 +102.3 kB +2", lines[6])
    assert len({line.index("kB") for line in (lines[4], lines[6])}) == 1


@pytest.mark.parametrize("columns", [50, 70, 120])
def test_info_follows_the_width_of_the_terminal(filled, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = run(capsys, "info", filled.folder)
    assert max(map(len, out.splitlines()[1:])) <= columns
    assert "weights=3f3f3f3f…" in " ".join(out.split())


def test_info_of_odd_descriptions(stored, capsys):
    stored.put(1, space={"backbone": ["a", {"b": 1}], "note": "x " * 100})
    stored.put(1, space={"backbone": "lost"})
    (description,) = [p for p in stored.files() if b"lost" in p.read_bytes()]
    description.write_text("?")
    status, out, _ = run(capsys, "info", stored.folder)
    assert status == 0
    assert '["a", {"b": 1}]' in out
    assert "The description is lost." in out
    assert f"{'x ' * 19}x…" in out  # long values are cut, in a pipe too


def test_info_of_an_empty_store(stored, capsys):
    stored.store.check_writable()
    status, out, _ = run(capsys, "info", stored.folder)
    assert (status, out.splitlines()[-1]) == (0, "It is empty.")


def test_clear(filled, capsys):
    (filled.folder / "notes.txt").write_text("mine")
    status, out, _ = run(capsys, "clear", filled.folder)
    assert status == 0
    assert re.fullmatch(f"Removed 1,503 entries in 2 files, 102.5 kB, from {filled.folder}\n", out)
    assert [p.name for p in filled.files()] == ["notes.txt"]
    status, _, err = run(capsys, "clear", filled.folder)
    assert (status, "holds no feature store" in err) == (1, True)


def test_verify(filled, capsys):
    status, out, _ = run(capsys, "verify", filled.folder)
    assert (status, out) == (
        0, "1,503 entries are intact, in 2 files.\nNothing is damaged.\n",
    )  # fmt: skip


def test_verify_and_repair(filled, capsys):
    large, small = filled.shards()
    data = bytearray(large.read_bytes())
    data[-1] ^= 1
    large.write_bytes(data)
    small.write_bytes(b"")
    small.with_name(".x.shard.1-a.part").touch()
    before = filled.files()
    status, out, _ = run(capsys, "verify", filled.folder)
    assert status == 1
    assert out.splitlines() == [
        "1,499 entries are intact, in 1 file.",
        "1 temporary file: left by a killed process, or being written.",
        "1 entry is damaged.",
        "1 file is damaged:",
        f"    {small}",
        "Damaged features are computed again when needed; --repair removes them.",
    ]
    assert filled.files() == before
    status, out, _ = run(capsys, "verify", filled.folder, "--repair")
    assert status == 1
    assert "1 temporary file: removed." in out
    assert "What was damaged has been removed" in out
    assert run(capsys, "verify", filled.folder)[:2] == (
        0, "1,499 entries are intact, in 1 file.\nNothing is damaged.\n",
    )  # fmt: skip


@pytest.mark.parametrize("action", ["info", "clear", "verify"])
def test_a_folder_without_a_store(tmp_path, capsys, action):
    (tmp_path / "mine.shard").write_text("mine")
    status, out, err = run(capsys, action, tmp_path)
    assert (status, out) == (1, "")
    assert err == f"skdl store: The folder {str(tmp_path)!r} holds no feature store.\n"
    assert [p.name for p in tmp_path.iterdir()] == ["mine.shard"]
    status, _, err = run(capsys, action, tmp_path / "missing")
    assert (status, "holds no feature store" in err) == (1, True)
    assert not (tmp_path / "missing").exists()
    status, _, err = run(capsys, action, tmp_path / "mine.shard")
    assert (status, "is a file" in err) == (1, True)


def test_another_format(stored, capsys):
    later = stored.folder / "features-v2" / "x"
    later.parent.mkdir(parents=True)
    later.touch()
    status, out, _ = run(capsys, "info", stored.folder)
    assert status == 0
    assert "features-v2 is from another version of skdl" in out
    status, out, err = run(capsys, "clear", stored.folder)
    assert (status, out) == (1, "")
    assert "Nothing was removed" in err
    stored.put(1)
    status, out, _ = run(capsys, "clear", stored.folder)
    assert status == 0
    assert "features-v2" in out
    assert later.exists()


def test_a_store_that_cannot_be_read(stored, capsys, monkeypatch):
    stored.put(1)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", "some/file")

    monkeypatch.setattr(Path, "open", refuse)
    status, _, err = run(capsys, "verify", stored.folder)
    assert status == 1
    assert "skdl store: " in err
    assert "some/file" in err
