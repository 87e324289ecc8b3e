"""``skdl audit``: what it prints and writes, and what it says of folders that are a mess."""

import os
import re

import numpy as np
import pandas as pd
import pytest
from folders import list_of_patients, pack
from PIL import Image

from skdl import cli
from skdl.datasets import load_image_folder

N = 8


def picture(seed):
    return (
        np.random.default_rng(seed)
        .integers(0, 200, (8, 8), dtype=np.uint8)
        .repeat(4, 0)
        .repeat(4, 1)
    )


@pytest.fixture
def pets(tmp_path):
    """Cats and dogs, of which no two look alike."""
    root = tmp_path / "pets"
    for label in ("cats", "dogs"):
        (root / label).mkdir(parents=True)
        for i in range(N):
            seed = i + N * (label == "dogs")
            Image.fromarray(picture(seed)).save(root / label / f"{i}.png")
    return root


@pytest.fixture
def faulty(pets):
    """A dog that is a cat, two like each other, a damaged file, one of no image at all."""
    Image.fromarray(picture(0)).save(pets / "dogs" / "copy.png")
    Image.fromarray(picture(1) // 2 + 40).save(pets / "cats" / "like.png")
    content = (pets / "cats" / "2.png").read_bytes()
    (pets / "cats" / "cut.png").write_bytes(content[:80])
    (pets / "cats" / "none.png").write_bytes(b"text")
    return pets


def run(capsys, *arguments):
    status = cli.main(["audit", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_a_sound_folder(pets, capsys):
    status, out, err = run(capsys, pets)
    assert (status, err) == (0, "")
    assert out.startswith("Audit of 16 images, 2 classes, 16 groups\n\nNothing was found.\n")
    assert "ROC AUC" in out


def test_findings_and_tables(faulty, capsys):
    status, out, _ = run(capsys, faulty)
    assert status == 0
    assert re.search(r"^1\. 1 file or folder cannot be read and is left out", out, re.MULTILINE)
    assert "1 of 19 files cannot be read, such as 'cats/cut.png': " in out
    assert "such as 'cats/0.png' and 'dogs/copy.png' ('cats' and 'dogs')" in out
    lines = out.splitlines()
    rows = {re.sub(" +", " ", line) for line in lines}
    assert "cats/0.png dogs/copy.png 1 cats, dogs" in rows
    assert any(row.startswith("cats/1.png cats/like.png 0.9") for row in rows)
    assert any(row.startswith("cats/cut.png ") for row in rows)
    assert any("none.png" in row and "not an image of the kinds" in row for row in rows)
    assert lines[-1].startswith("--out DIR writes all pairs")


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_archives(faulty, tmp_path, ending, capsys):
    status, out, _ = run(capsys, pack(faulty, tmp_path / f"packed{ending}"))
    assert status == 0
    assert "'cats/0.png' and 'dogs/copy.png' ('cats' and 'dogs')" in out


def test_what_is_written(faulty, tmp_path, capsys):
    out = tmp_path / "new" / "audit"
    status, printed, _ = run(capsys, faulty, "--out", out)
    assert status == 0
    assert printed.splitlines()[-1] == f"Tables, groups and pairs are in {out}"
    assert sorted(os.listdir(out)) == [
        "conflicts.csv", "copies.csv", "group_conflicts.csv", "groups.csv", "look_alikes.csv",
        "pairs.png", "shortcuts.csv", "unreadable.csv",
    ]  # fmt: skip
    conflicts = pd.read_csv(out / "conflicts.csv")
    assert conflicts["second_path"].tolist() == [str(faulty / "dogs" / "copy.png")]
    assert pd.read_csv(out / "unreadable.csv")["path"].tolist() == [str(faulty / "cats/cut.png")]
    with Image.open(out / "pairs.png") as image:
        assert image.format == "PNG"


def test_groups_are_loaded_as_a_list(faulty, tmp_path, capsys):
    (faulty / "cats" / "cut.png").unlink()
    run(capsys, faulty, "--out", tmp_path / "out")
    with pytest.warns(UserWarning, match="Equal images belong to two classes"):
        bunch = load_image_folder(tmp_path / "out" / "groups.csv", group_column="group")
    assert len(bunch.data) == 18
    group = dict(zip(bunch.data, bunch.groups, strict=True))
    assert group[f"{faulty}/cats/0.png"] == group[f"{faulty}/dogs/copy.png"]
    assert group[f"{faulty}/cats/1.png"] == group[f"{faulty}/cats/like.png"]
    assert len(set(bunch.groups)) == 16


def test_without_pairs_no_picture_is_written(pets, tmp_path, capsys):
    run(capsys, pets, "--out", tmp_path / "out")
    assert not (tmp_path / "out" / "pairs.png").exists()
    assert len(pd.read_csv(tmp_path / "out" / "copies.csv")) == 0


def test_similarity(faulty, capsys):
    assert "look-alike " in run(capsys, faulty)[1]
    assert "look-alike " not in run(capsys, faulty, "--similarity", "1")[1]


def test_patients_of_a_list(pets, capsys):
    Image.fromarray(picture(0)).save(pets / "cats" / "copy.png")
    rows = [(f"{c}/{i}.png", f"{c}{i // 2}") for c in ("cats", "dogs") for i in range(N)]
    path = list_of_patients(pets, [*rows, ("cats/copy.png", "cats3")])
    status, out, _ = run(capsys, path, "--group-column", "patient")
    assert status == 0
    assert "Audit of 17 images, 2 classes, 7 groups" in out
    assert "'cats/0.png' and 'cats/copy.png' ('cats0' and 'cats3')" in out
    assert "cats0, cats3" in out


def test_patients_of_a_folder(pets, tmp_path, capsys):
    rows = [f"{c}/{i},{c}{i // 2}" for c in ("cats", "dogs") for i in range(N)]
    (tmp_path / "patients.csv").write_text("\n".join(["what,who", *rows]))
    given = (
        "--groups",
        tmp_path / "patients.csv",
        "--group-column",
        "who",
        "--path-column",
        "what",
    )
    status, out, err = run(capsys, pets, *given)
    assert (status, err) == (0, "")
    assert "Audit of 16 images, 2 classes, 8 groups" in out


def test_columns_of_a_list_are_named(pets, capsys):
    rows = [f"{c}/{i},{c},{i}" for c in ("cats", "dogs") for i in range(N)]
    (pets / "list.csv").write_text("\n".join(["what,kind,number", *rows]))
    given = ("--path-column", "what", "--label-column", "kind")
    status, out, err = run(capsys, pets / "list.csv", *given)
    assert (status, err) == (0, "")
    assert "Audit of 16 images, 2 classes, 16 groups" in out


def test_what_is_excluded_is_counted(faulty, capsys):
    status, out, err = run(capsys, faulty, "--exclude", "c*t.png", "--exclude", "[cln]*e.png")
    assert (status, err) == (0, "")
    assert "Audit of 17 images" in out
    assert "--exclude left out 3 images." in out
    _, _, err = run(capsys, faulty, "--exclude", "coyp.png")
    assert "Did you mean 'copy.png'?" in err


@pytest.mark.parametrize("columns", [50, 80, 120])
def test_it_follows_the_width_of_the_terminal(faulty, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = run(capsys, faulty)
    words = max(map(len, re.findall(r"'[^']*'|\S+", out)))
    assert max(map(len, out.splitlines())) <= max(columns, words)


def mess(name):
    def make(root):
        (root / "cats").mkdir(parents=True)
        (root / "dogs").mkdir()
        if name == "text":
            (root / "cats" / "1.png").write_text("a")
            (root / "dogs" / "1.png").write_text("b")
        if name == "one class":
            Image.fromarray(picture(0)).save(root / "cats" / "1.png")
        return root

    return make


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (lambda root: root, (), "There is no folder, archive or CSV file"),
        (mess("empty"), (), "skdl audit: "),
        (mess("text"), (), "No image of class"),
        (mess("one class"), (), "skdl audit: "),
        (mess("one class"), ("--path-column", "a"), "are for CSV files"),
        (mess("one class"), ("--out", ""), "--out must not be empty"),
    ],
)
def test_a_mess_is_refused_in_a_sentence(make, arguments, message, tmp_path, capsys):
    status, out, err = run(capsys, make(tmp_path / "mess"), *arguments)
    assert (status, out) == (1, "") or message == "skdl audit: "
    assert "Traceback" not in err
    if status:
        assert message in err
    else:
        assert out.startswith("Audit of 1 image")


def test_similarity_out_of_range(pets, capsys):
    status, _, err = run(capsys, pets, "--similarity", "2")
    assert status == 1
    assert "similarity must be a finite number from 0 to 1. Got 2.0." in err


def test_names_of_any_origin(pets, tmp_path, capsys):
    names = ["\udcff.png", "new\nline.png", "\x1b[31m.png"]
    for name in names:
        Image.fromarray(picture(99)).save(pets / "cats" / name)
    status, out, _ = run(capsys, pets, "--out", tmp_path / "out")
    assert status == 0
    assert "\x1b" not in out
    assert out.encode()
    assert len(pd.read_csv(tmp_path / "out" / "copies.csv")) == 3


def test_nothing_can_be_written_there(pets, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    status, out, err = run(capsys, pets, "--out", tmp_path / "file" / "out")
    assert (status, out) == (1, "")  # before the work
    assert "Choose another folder with --out." in err
