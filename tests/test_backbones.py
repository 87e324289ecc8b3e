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
    ],
)
def test_bad_preprocessing(params, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"layers": {}}, "layers is empty"),
        ({"layers": {"a": 1}, "min_size": 0}, "min_size=0"),
        ({"layers": {"a": 1}, "min_size": 300}, "min_size=300 and default_size=224"),
    ],
)
def test_bad_declarations(params, message):
    with pytest.raises(ValueError, match=message):
        Backbone(Preprocessing(), **params)


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
