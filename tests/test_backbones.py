"""What a backbone declares."""

import mutants
import numpy as np
import pytest

from skdl.backbones import Backbone, Preprocessing, backbone_of, declare_backbone
from skdl.plugins import backbones, register_backbone

CAFFE = Preprocessing("bgr", scale=255, mean=(103.939, 116.779, 123.68))


def test_preprocessing_equals_that_of_keras():
    from keras.applications import imagenet_utils

    images = np.random.default_rng(0).random((3, 4, 5, 3))
    torch = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    for mode, preprocessing in {
        "caffe": CAFFE,
        "tf": Preprocessing(scale=2, mean=(1.0,)),
        "torch": torch,
    }.items():
        expected = imagenet_utils.preprocess_input(images * 255, mode=mode)
        np.testing.assert_allclose(preprocessing.apply(images), expected, rtol=1e-12, atol=1e-9)
    assert images.max() <= 1


def test_preprocessing_of_tensors():
    import tensorflow as tf

    images = np.random.default_rng(0).random((2, 4, 4, 3), dtype=np.float32)
    found = CAFFE.apply(tf.constant(images)).numpy()
    np.testing.assert_allclose(found, CAFFE.apply(images), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"color": "RGBA"}, "color must be one of rgb, bgr, grayscale, got 'RGBA'"),
        ({"mean": (1.0, 2.0)}, r"mean must have 1 or 3 values, got \(1.0, 2.0\)"),
        ({"color": "grayscale", "std": (1.0, 1.0, 1.0)}, "std must have 1 or 1 values"),
        ({"std": (0.0,)}, "must be positive, got scale=1.0, std="),
        ({"scale": -1}, "must be positive, got scale=-1"),
        ({"scale": "1"}, "scale must be a number, got '1'"),
        ({"scale": None}, "scale must be a number, got None"),
        ({"mean": ("a",)}, r"mean must be a tuple of numbers, got \('a',\)"),
        ({"mean": (0.5, None, 0.5)}, "mean must be a tuple of numbers"),
        ({"mean": "123"}, "mean must be a tuple of numbers, got '123'"),
        ({"mean": 0.5}, "mean must be a tuple of numbers, got 0.5"),
        ({"std": (True,)}, "std must be a tuple of numbers"),
        ({"std": (float("nan"),)}, "scale and std must be positive"),
        ({"std": (1.0, float("nan"), 1.0)}, "scale and std must be positive"),
    ],
)
def test_bad_preprocessing(params, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"layers": {}}, "layers is empty"),
        ({"layers": ["a"]}, r"layers must be a dict .* got \['a'\]"),
        ({"layers": {"a": 0}}, "'a' of layers must have a positive whole number .* got 0"),
        ({"layers": {"a": 8, "b": None}}, "'b' of layers must have .* got None"),
        ({"layers": {"a": 8.0}}, "'a' of layers must have .* got 8.0"),
        ({"layers": {"a": True}}, "'a' of layers must have .* got True"),
        ({"layers": {3: 8}}, "names in layers must be non-empty text, got 3"),
        ({"layers": {"": 8}}, "names in layers must be non-empty text, got ''"),
        ({"layers": {"a": 1}, "min_size": 0}, "min_size=0"),
        ({"layers": {"a": 1}, "min_size": None}, "whole numbers .* min_size=None"),
        ({"layers": {"a": 1}, "default_size": 64.5}, "whole numbers .* default_size=64.5"),
        ({"layers": {"a": 1}, "min_size": 300}, "min_size=300 and default_size=224"),
    ],
)
def test_bad_declarations(params, message):
    with pytest.raises(ValueError, match=message):
        Backbone(Preprocessing(), **params)


@pytest.mark.parametrize("preprocessing", [None, "rgb", Preprocessing])
def test_what_is_no_preprocessing(preprocessing):
    with pytest.raises(TypeError, match="preprocessing must be a Preprocessing, got "):
        Backbone(preprocessing, {"a": 8})


def test_numbers_of_numpy_will_do():
    means = tuple(np.float32([0.25, 0.5, 0.75]))
    declaration = Backbone(Preprocessing(mean=means), {"a": np.int64(8)}, min_size=np.int64(8))
    assert declaration.width == 8


def test_what_is_no_declaration():
    with pytest.raises(TypeError, match="takes a Backbone, got <function"):
        declare_backbone(mutants.whole_backbone)
    with pytest.raises(ValueError, match="'declares_nothing' declares nothing. Put @declare_back"):
        backbone_of(mutants.declares_nothing)
    with pytest.raises(ValueError, match="Unknown backbone 'vgg-sixteen'"):
        backbone_of("vgg-sixteen")


def test_registering():
    try:
        register_backbone("test-whole")(mutants.whole_backbone)
        assert backbone_of("test-whole").width == 8
        with pytest.raises(ValueError, match="Did you mean 'test-whole'"):
            backbones.get("test-hole")
    finally:
        del backbones._plugins["test-whole"]
    with pytest.raises(TypeError, match=r"@register_backbone\(\"name\"\)"):
        register_backbone(mutants.whole_backbone)
