"""Contracts of backbones that are ONNX models: what is whole passes, and each mutant is caught."""

import numpy as np
import onnx_models as made
import pytest

from skdl.backbones import Backbone, Preprocessing, PretrainedWeights, declare_onnx_backbone
from skdl.downloads import RemoteFile, weights_digest
from skdl.testing import check_backbone, contracts_of
from skdl.testing._contracts import ONNX_BACKBONE

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def scans():
    """A model that is declared."""


def scans_of(size):
    """One that has a parameter without a default."""


@pytest.fixture
def declare(tmp_path, monkeypatch):
    """A function that writes a model into the data home and declares it."""
    monkeypatch.setenv("SKDL_DATA_HOME", str(tmp_path))
    path = tmp_path / "weights" / "scans.onnx"
    path.parent.mkdir()

    def declared(write=made.vit, layers=None, builder=scans, default_size=8, **more):
        write(path, **more)
        file = RemoteFile(
            "weights/scans.onnx",
            "http://127.0.0.1:9/scans.onnx",
            sha256=weights_digest(path),
            size=path.stat().st_size,
        )
        weights = PretrainedWeights("scans", file, licence="MIT", citation="Made by a test.")
        declaration = Backbone(
            Preprocessing(mean=made.MEAN, std=made.STD),
            layers or {"maps": 3},
            min_size=8,
            default_size=default_size,
            weights=(weights,),
        )
        return declare_onnx_backbone(declaration)(builder)

    return declared


def graph(*nodes, **constants):
    """A function that writes a model of these nodes, which end in "maps"."""
    return lambda path: made.save(path, nodes, [("maps", 4)], constants=constants)


def test_what_is_whole_passes(declare):
    check_backbone(declare(layers={"grid": 3, "pooler_output": 3, "last_hidden_state": 3}))
    check_backbone(declare(made.identity, default_size=12))  # of any size
    check_backbone(declare(made.identity, shape=(1, 8, 8, 3)))
    assert contracts_of(scans) == ONNX_BACKBONE


LOGARITHM = ("Log", ["pixels"], ["maps"], {})  # of negative numbers, too
NOISE = (
    ("RandomNormalLike", ["pixels"], ["noise"], {}),
    ("Add", ["pixels", "noise"], ["maps"], {}),
)
OF_ALL = (
    ("ReduceMean", ["pixels"], ["mean"], {"axes": [0], "keepdims": 1}),
    ("Sub", ["pixels", "mean"], ["maps"], {}),
)
ONE_CHANNEL = ("Mul", ["pixels", "mask"], ["maps"], {})
MASK = np.array([1, 1, 0], np.float32).reshape(1, 3, 1, 1)
SAME, TOKENS = {"write": made.identity}, {"last_hidden_state": 3}


@pytest.mark.parametrize(
    ("broken", "message", "settings"),
    [
        (
            "declaration",
            "'maps' .* declared with 4",
            {"write": made.identity, "layers": {"maps": 4}},
        ),
        (
            "declaration",
            "has no value 'mops'",
            {"write": made.identity, "layers": {"mops": 3, "maps": 3}},
        ),
        ("output", "NaN or infinite", {"write": graph(LOGARITHM)}),
        (
            "image_sizes",
            "accepts only images of 8 pixels per side",
            SAME | {"shape": (1, 3, 8, 8), "default_size": 9},
        ),
        (
            "image_sizes",
            "cannot run on",
            {"layers": {"last_hidden_state": 3}, "default_size": 16},
        ),
        ("is_pure", "different features each time", {"write": graph(*NOISE)}),
        ("independent_images", "one image at a time", {"write": graph(*OF_ALL)}),
        ("input_matters", "channel 2 of 3", {"write": graph(ONE_CHANNEL, mask=MASK)}),
        ("parameters", "without a default: size", SAME | {"builder": scans_of}),
    ],
)
def test_a_mutant_is_caught(declare, broken, message, settings):
    with pytest.raises(AssertionError, match=rf"check_onnx_backbone_{broken}: .*{message}"):
        check_backbone(declare(**settings))


def test_a_file_that_is_not_there_is_told(declare, tmp_path, monkeypatch):
    monkeypatch.setattr("skdl.downloads._fetch._PAUSE", 0)
    declare()
    (tmp_path / "weights" / "scans.onnx").unlink()
    with pytest.raises(AssertionError, match="'scans' weights of the backbone 'scans' are not on"):
        check_backbone(scans)
