"""Loading: what is said where a file is not what it was."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers import run_python
from persistence.crafted import tool, with_members
from sklearn.datasets import load_digits

import skdl
from skdl.persistence import LIMITS, ModelFileError, inspect_model, read_model

FORMATS = sorted(Path(__file__).with_name("formats").glob("*.skdl"))


def change_manifest(path, **values):
    def change(members):
        manifest = json.loads(members["manifest.json"])
        members["manifest.json"] = json.dumps({**manifest, **values}).encode()

    with_members(path, change)


def change_probes(path, name, change):
    def changed(members):
        members[f"probes/{name}.npy"] = tool().saved(change(tool().read(members, name)))

    with_members(path, changed)


@pytest.mark.networks
@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.stem)
def test_a_file_of_each_released_format_predicts_as_it_did(path):
    X = load_digits().data
    X = X[load_digits().target < 2][60:68]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_model(path)
    assert found.target_names == ["one", "zero"]
    assert found.classes == ["one", "zero"]
    assert found.versions["scikit-learn"] == "1.6.0"
    members = tool().unpacked(path.read_bytes())
    assert np.array_equal(tool().read(members, "images"), X)
    assert found.estimator.predict(X).tolist() == tool().read(members, "predict").tolist()
    scores = "decision_function" if "svc" in path.stem else "predict_proba"
    np.testing.assert_allclose(
        getattr(found.estimator, scores)(X), tool().read(members, scores), atol=1e-5
    )


def test_there_is_a_file_of_this_format():
    from skdl.persistence._manifest import FORMAT

    assert {int(path.stem.partition("-")[0]) for path in FORMATS} == set(range(1, FORMAT + 1))


def test_a_warning_says_what_differs_and_by_how_much(saved):
    change_probes(saved, "predict_proba", lambda scores: scores + np.array([0.25, -0.25, 0]))
    change_probes(saved, "predict", lambda labels: labels[::-1])
    before = inspect_model(saved)["versions"]
    change_manifest(saved, versions={**before, "scikit-learn": "1.2.3"})
    message = (
        r"'.*model.skdl' does not make the same predictions as where it was saved: predict_proba "
        r"differs by up to 0.25 \(tolerance: 0.0001\); 2 of 4 labels of predict differ. It was "
        rf"saved with scikit-learn 1.2.3; installed here: scikit-learn {before['scikit-learn']}. "
        "Evaluate"
    )
    with pytest.warns(UserWarning, match=message):
        assert skdl.load(saved).classes_.tolist() == [0, 1, 2]


def test_other_versions_alone_are_nothing_to_warn_of(saved):
    """Neither skdl nor scikit-learn warns, once for each estimator, where predictions are equal."""
    schema = tool().unpacked(tool().unpacked(saved.read_bytes())["model.skops"])["schema.json"]
    assert schema.count(b"_sklearn_version") == 3

    def older(members):
        model = tool().unpacked(members["model.skops"])
        versions = inspect_model(saved)["versions"]["scikit-learn"].encode()
        model["schema.json"] = schema.replace(b'\\"' + versions + b'\\"', b'\\"1.2.3\\"')
        assert model["schema.json"] != schema
        members["model.skops"] = tool().packed(model)

    with_members(saved, older)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        skdl.load(saved)


def test_differences_below_the_tolerance_are_none(saved):
    change_probes(saved, "predict_proba", lambda scores: scores + 9e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        skdl.load(saved)
    change_probes(saved, "predict_proba", lambda scores: scores + 2e-5)
    with pytest.warns(UserWarning, match="predict_proba differs by up to 0.00011"):
        skdl.load(saved)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": 2}, "it has format 2, but this version of skdl reads formats up to 1"),
        ({"format": True}, "its manifest is not that of a model"),
        ({"kind": "cake"}, "its manifest is not that of a model"),
        (
            {"classes": [2, 1, 0]},
            "what its manifest states about 'classes' does not match the model",
        ),
        ({"threshold": 0.1}, "states about 'threshold' does not"),
        ({"image_format": {}}, "states about 'image_format' does not"),
        ({"target_names": ["a"]}, "target_names must be 3 names"),
        ({"versions": None}, "does not state which versions"),
        ({"card": [1]}, "card must be a dict or None"),
    ],
)
def test_manifests_that_are_not_of_this_model(values, message, saved):
    change_manifest(saved, **values)
    with pytest.raises(ModelFileError, match=rf"'.*model.skdl' is refused: .*{message}"):
        skdl.load(saved)


def test_what_is_no_model_file(tmp_path):
    path = tmp_path / "model.skdl"
    path.write_bytes(tool().PICKLE)
    with pytest.raises(
        ModelFileError, match="is not a model file of skdl: it is not a zip archive"
    ):
        skdl.load(path)
    whole = tool().packed({"manifest.json": b"[]"})
    for content, reason in ((b"", "it is empty"), (whole[:-9], "it is cut off or damaged")):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=reason):
            skdl.load(path)
    path.write_bytes(whole)
    with pytest.raises(ModelFileError, match=r"its member manifest.json is not a JSON object"):
        inspect_model(path)
    with pytest.raises(FileNotFoundError):
        skdl.load(tmp_path / "none.skdl")
    with pytest.raises(ValueError, match="trusted must be a list of full names"):
        skdl.load(path, trusted="package.module.Name")


@pytest.mark.parametrize("limit", ["bytes", "text_bytes", "members", "values", "depth"])
def test_limits_can_be_raised(limit, saved, monkeypatch):
    monkeypatch.setitem(LIMITS, limit, 4)
    with pytest.raises(ModelFileError, match=rf"raise skdl.persistence.LIMITS\['{limit}'\]"):
        skdl.load(saved)
    monkeypatch.setitem(LIMITS, limit, 10**6)
    skdl.load(saved)


def test_looking_at_a_file_makes_nothing_of_it(saved, monkeypatch):
    import skops.io

    monkeypatch.setattr(skops.io, "load", None)
    found = inspect_model(saved)
    assert found["estimator"] == "sklearn.pipeline.Pipeline"
    assert found["untrusted"] == []
    assert found["card"] == {"use": "none"}
    with pytest.raises(ModelFileError, match="cannot be read: 'NoneType' object is not callable"):
        skdl.load(saved)


@pytest.mark.slow
def test_a_model_without_networks_needs_no_tensorflow(saved):
    run_python(
        "import sys, skdl\n"
        "model = skdl.load(sys.argv[1])\n"
        "assert model.predict(model[0].mean_[None]).shape == (1,)\n"
        "assert 'tensorflow' not in sys.modules",
        saved,
    )
