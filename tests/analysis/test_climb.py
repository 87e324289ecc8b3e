"""Models are evaluated while there is time, and the same call goes on with the others."""

import json

import pytest
from digit_files import write_digits

from skdl import analyze_folder, predict_files
from skdl.analysis import _climb, _run
from skdl.datasets import load_image_folder

CHEAP = {"folds": 2, "report": "json", "verbose": 0}


def test_the_pace_is_that_of_all_models_so_far():
    pace = _climb.Pace()
    assert pace.expected(30) == 30
    pace.add(1.5, 6.0)  # most of which any evaluation takes
    assert pace.expected(30) == 30
    pace.add(58.5, 124.0)
    assert pace.expected(30) == pytest.approx(30 * 120 / 60)
    fast = _climb.Pace()
    fast.add(100, 20)
    assert fast.expected(30) == 30


@pytest.mark.slow
def test_what_had_no_time_is_tried_by_the_same_call(digits_folder, tmp_path, monkeypatch, capsys):
    how = {**CHEAP, "models": ["majority", "shortcuts"], "out": tmp_path / "run"}
    with monkeypatch.context() as busy:
        busy.setattr(_climb.Pace, "expected", lambda self, planned: 1e9)
        first = analyze_folder(digits_folder, **{**how, "verbose": 1})
    said = capsys.readouterr().out
    assert "Left out: shortcuts, which takes longer than the" in said
    assert "Run the same command again to continue with it." in said
    assert "The only model, majority: ROC AUC 0." in said
    assert (first.best, list(first.left_out)) == ("majority", ["shortcuts"])
    assert list(json.loads((first.out / "run.json").read_text())["plan"]["left_out"]) == [
        "shortcuts"
    ]
    again = analyze_folder(digits_folder, **how)
    assert (again.best, again.left_out) == ("shortcuts", {})
    with pytest.raises(ValueError, match="any part of them. Leave out explain"):
        predict_files(again.out / "model.skdl", digits_folder, explain=tmp_path / "why")
    planned = []
    make = _run.make_plan
    monkeypatch.setattr(_run, "make_plan", lambda *a, **b: planned.append(a) or make(*a, **b))
    analyze_folder(digits_folder, **how)
    assert planned == []
    analyze_folder(digits_folder, **how, minutes=16)
    assert len(planned) == 1


def test_looking_may_take_all_of_the_time(digits_folder, tmp_path):
    with pytest.raises(ValueError, match=r"Looking at the images took .* Allow more minutes, at"):
        analyze_folder(digits_folder, out=tmp_path / "run", minutes=0.01, **CHEAP)
    assert not (tmp_path / "run").exists()


def test_a_named_network_without_weights(digits_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path / "home"))
    with pytest.raises(ValueError, match="The weights of vgg16 are not available.*home/weights"):
        analyze_folder(digits_folder, out=tmp_path / "run", backbone="vgg16", **CHEAP)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_subsets_are_taken_together(tmp_path, capsys):
    for subset in ("train", "test"):
        write_digits(tmp_path / "digits" / subset, n=12)
    bunch = load_image_folder(tmp_path / "digits", find_duplicates=False)
    assert bunch.subsets.tolist() == ["train"] * 12 + ["test"] * 12
    assert load_image_folder(tmp_path / "digits" / "test").subsets is None
    analyze_folder(tmp_path / "digits", **{**CHEAP, "verbose": 1}, models=["majority"])
    said = capsys.readouterr().out
    assert "The subsets, test (12), train (12), are combined: each image is tested" in said
