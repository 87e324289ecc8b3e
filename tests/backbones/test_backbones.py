"""What a backbone declares, and that it gives what Keras's own network gives."""

import mutants
import numpy as np
import pytest
from published import APPLICATIONS, Publisher, application, preprocess

from skdl.backbones import (
    Backbone,
    Preprocessing,
    PretrainedWeights,
    backbone_of,
    declare_backbone,
)
from skdl.backbones._loading import check_weights_name
from skdl.downloads import RemoteFile
from skdl.engine import BackboneSpec, FeatureExtractor, FeatureSpec
from skdl.images import ImageArray
from skdl.plugins import backbones, register_backbone
from skdl.testing import check_backbone

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
        ({"color": "RGBA"}, "color must be one of 'rgb', 'bgr', 'grayscale'. Got 'RGBA'"),
        ({"mean": (1.0, 2.0)}, r"mean must have 1 or 3 values. Got \(1.0, 2.0\)"),
        ({"color": "grayscale", "std": (1.0, 1.0, 1.0)}, "std must have 1 or 1 values"),
        ({"std": (0.0,)}, "must be positive. Got scale=1.0, std="),
        ({"scale": -1}, "must be positive. Got scale=-1"),
        ({"scale": "1"}, "scale must be a finite number. Got '1'"),
        ({"scale": None}, "scale must be a finite number. Got None"),
        ({"mean": ("a",)}, "A value of mean must be a finite number. Got 'a'"),
        ({"mean": (0.5, None, 0.5)}, "A value of mean must be a finite number. Got None"),
        ({"mean": "123"}, "A value of mean must be a finite number. Got '1'"),
        ({"mean": 0.5}, "mean must have 1 or 3 values. Got 0.5"),
        ({"std": (True,)}, "A value of std must be a finite number. Got True"),
        ({"std": (float("nan"),)}, "A value of std must be a finite number. Got nan"),
        ({"std": (1.0, float("nan"), 1.0)}, "A value of std must be a finite number"),
    ],
)
def test_bad_preprocessing(params, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing(**params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"layers": {}}, r"layers must be a dict .* Got \{\}"),
        ({"layers": ["a"]}, r"layers must be a dict .* Got \['a'\]"),
        ({"layers": {"a": 0}}, "channels of layer 'a' must be a whole number of at least 1. Got 0"),
        ({"layers": {"a": 8, "b": None}}, "channels of layer 'b' must be .* Got None"),
        ({"layers": {"a": 8.0}}, "channels of layer 'a' must be .* Got 8.0"),
        ({"layers": {"a": True}}, "channels of layer 'a' must be .* Got True"),
        ({"layers": {3: 8}}, "Names in layers must be non-empty text. Got 3"),
        ({"layers": {"": 8}}, "Names in layers must be non-empty text. Got ''"),
        (
            {"layers": {"a": 1}, "min_size": 0},
            "min_size must be .* at least 1. Got 0",
        ),
        (
            {"layers": {"a": 1}, "min_size": None},
            "min_size must be .* Got None",
        ),
        (
            {"layers": {"a": 1}, "default_size": 64.5},
            "default_size must be .* Got 64.5",
        ),
        (
            {"layers": {"a": 1}, "min_size": 300},
            "default_size .* at least 300. Got 224",
        ),
    ],
)
def test_bad_declarations(params, message):
    with pytest.raises(ValueError, match=message):
        Backbone(Preprocessing(), **params)


@pytest.mark.parametrize("preprocessing", [None, "rgb", Preprocessing])
def test_what_is_no_preprocessing(preprocessing):
    with pytest.raises(TypeError, match="preprocessing must be a Preprocessing, got "):
        Backbone(preprocessing, {"a": 8})


WEIGHTS = PretrainedWeights("x", "skdl:x.npz", "MIT", "Somebody")


@pytest.mark.parametrize("weights", [None, "imagenet", [WEIGHTS], WEIGHTS, ("imagenet",), (None,)])
def test_what_are_no_weights(weights):
    with pytest.raises(TypeError, match="weights must be a tuple of PretrainedWeights, got "):
        Backbone(Preprocessing(), {"a": 8}, weights=weights)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"name": ""}, ValueError, "The name of PretrainedWeights must be non-empty text, got ''"),
        ({"name": None}, ValueError, "The name of PretrainedWeights .* got None"),
        ({"licence": ""}, ValueError, "The licence of PretrainedWeights must be non-empty text"),
        ({"citation": 3}, ValueError, "The citation of PretrainedWeights .* got 3"),
        ({"file": "x.npz"}, ValueError, r'must be a RemoteFile or "package:path", got \'x.npz\''),
        ({"file": ":x.npz"}, ValueError, 'must be a RemoteFile or "package:path"'),
        ({"file": "skdl:"}, ValueError, 'must be a RemoteFile or "package:path"'),
        ({"file": ""}, ValueError, 'must be a RemoteFile or "package:path"'),
        ({"file": None}, TypeError, 'must be a RemoteFile or "package:path", got None'),
        ({"file": b"skdl:x"}, TypeError, 'must be a RemoteFile or "package:path"'),
        ({"params": [("alpha", 1)]}, TypeError, "params of PretrainedWeights must be a dict, got"),
        ({"params": None}, TypeError, "params of PretrainedWeights must be a dict, got None"),
        (
            {"values_sha256": "a" * 63},
            ValueError,
            "values_sha256 .* must be 64 lowercase hexadecimal digits",
        ),
        ({"values_sha256": "A" * 64}, ValueError, "lowercase hexadecimal digits, got 'AAA"),
        ({"values_sha256": 3}, ValueError, "values_sha256 of PretrainedWeights must be .* got 3"),
    ],
)
def test_bad_weights(params, error, message):
    whole = {"name": "x", "file": "skdl:x.npz", "licence": "MIT", "citation": "Somebody"}
    with pytest.raises(error, match=message):
        PretrainedWeights(**{**whole, **params})


def test_declarations_with_weights_can_be_hashed():
    first, second = (
        Backbone(
            Preprocessing(),
            {"a": 8},
            weights=(PretrainedWeights("x", "skdl:x.npz", "MIT", "Somebody", {"alpha": 0.5}),),
        )
        for _ in range(2)
    )
    assert first == second
    assert hash(first) == hash(second)


def test_numbers_of_numpy_will_do():
    means = tuple(np.float32([0.25, 0.5, 0.75]))
    declaration = Backbone(Preprocessing(mean=means), {"a": np.int64(8)}, min_size=np.int64(8))
    assert declaration.width == 8


def test_what_is_no_declaration():
    with pytest.raises(TypeError, match="expects a Backbone, got <function"):
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


# ---- the published weights -------------------------------------------------------------------

OWN = [name for name in backbones.names() if name in APPLICATIONS]
KINDS = [(name, {}) for name in OWN] + [("mobilenet_v2", {"alpha": 0.35})]


def test_every_application_is_known():
    assert sorted(APPLICATIONS) == OWN


@pytest.mark.parametrize("name", [*OWN, "cifar_resnet20"])
def test_weights_say_where_they_come_from(name):
    declared = backbone_of(name).weights
    assert declared
    for weights in declared:
        assert weights.licence
        assert weights.citation
        if isinstance(weights.file, RemoteFile):
            assert weights.file.size > 0
            assert weights.file.name.startswith("weights/")
            assert all(url.startswith("https://") for url in weights.file.urls)


def test_no_two_weights_share_a_file():
    files = [weights.file for name in OWN for weights in backbone_of(name).weights]
    assert len({file.name for file in files}) == len(files)
    assert len({file.sha256 or file.md5 for file in files}) == len(files)


def declared_file(name, params):
    return check_weights_name(name, "imagenet", {"alpha": 1.0, **params}).file


def assert_is_what_keras_asks_for(asked, name, params):
    ((address, digest),) = asked
    file = declared_file(name, params)
    assert file.urls == (address,)
    if file.md5 is not None or name == "convnext_tiny":
        assert digest == (file.md5 or file.sha256)


@pytest.mark.parametrize(
    ("name", "params"), [kind for kind in KINDS if kind[0][:3] in ("vgg", "mob", "con")]
)
def test_addresses_are_those_of_keras(name, params, tmp_path, monkeypatch):
    """The other networks', which take longer to build, are looked at in the test of features."""
    publisher = Publisher(tmp_path, monkeypatch)
    side = backbone_of(name).min_size
    with pytest.raises((OSError, ValueError)):  # there is no such file
        application(name, (side, side, 3), weights="imagenet", **params)
    assert_is_what_keras_asks_for(publisher.asked, name, params)


@pytest.mark.parametrize("alpha", [0.35, 1.0, 1])
def test_weights_belong_to_parameters(alpha):
    for weights in ("imagenet", "auto"):
        found = check_weights_name("mobilenet_v2", weights, {"alpha": alpha})
        assert found.params == {"alpha": alpha}
        assert f"_{float(alpha)}_224" in found.file.name


def test_parameters_without_weights():
    with pytest.raises(ValueError, match="has no 'imagenet' weights") as error:
        check_weights_name("mobilenet_v2", "imagenet", {"alpha": 0.5})
    message = str(error.value)
    assert "backbone 'mobilenet_v2' has no 'imagenet' weights with alpha=0.5" in message
    assert "only with backbone__alpha=1.0; backbone__alpha=0.35" in message
    assert "a file of weights, or weights='random'" in message


# ---- features equal those of Keras -----------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


ENCODINGS = {
    "bytes": (lambda images: images, (0.0, 255.0)),
    "floats to 255": (lambda images: images.astype(np.float32), (0.0, 255.0)),
    "floats to 1": (lambda images: (images / 255).astype(np.float32), (0.0, 1.0)),
}


def assert_features_equal_those_of_keras(publisher, name, params, shape, encodings=ENCODINGS):
    path = publisher.published(name, **params)
    height, width, channels = shape
    images = np.random.default_rng(3).integers(0, 256, (3, *shape), dtype=np.uint8)
    # Keras pools ConvNeXt's maps before it normalises them, where its maps without pooling are
    # normalised already.
    pooling = None if name == "convnext_tiny" else "avg"
    network = application(name, (height, width, 3), weights="imagenet", pooling=pooling, **params)
    assert_is_what_keras_asks_for(publisher.asked, name, params)
    colored = np.repeat(images, 3, axis=-1) if channels == 1 else images
    expected = np.asarray(network(preprocess(name, colored), training=False))
    expected = expected if pooling else expected.mean(axis=(1, 2))
    assert np.isfinite(expected).all()
    assert np.ptp(expected, axis=0).max() > 0
    spec = BackboneSpec(name, params)
    features_of = FeatureSpec(spec, shape, (-1,), ("avg",))
    for encoding in encodings:
        encode, value_range = ENCODINGS[encoding]
        extractor = FeatureExtractor(features_of, spec.load(path), value_range)
        found = extractor.transform(ImageArray(encode(images)))
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max(), encoding


@pytest.mark.parametrize(
    ("name", "params", "shape"),
    [
        ("vgg16", {}, (32, 40, 1)),
        ("mobilenet_v2", {"alpha": 0.35}, (33, 48, 3)),
        ("mobilenet_v3_small", {}, (32, 32, 3)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_features_equal_those_of_keras(name, params, shape, folder, monkeypatch):
    assert_features_equal_those_of_keras(Publisher(folder, monkeypatch), name, params, shape)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", ["smallest", "oblong and gray", "another"])
@pytest.mark.parametrize(("name", "params"), KINDS)
def test_features_equal_those_of_keras_in_all_sizes(name, params, case, folder, monkeypatch):
    side = backbone_of(name).min_size
    shape, encodings = {
        "smallest": ((side, side, 3), ENCODINGS),
        "oblong and gray": ((side + 21, side + 2, 1), ["floats to 255"]),
        "another": ((side + 32, side + 32, 3), ["bytes"]),
    }[case]
    publisher = Publisher(folder, monkeypatch)
    assert_features_equal_those_of_keras(publisher, name, params, shape, encodings)


@pytest.mark.slow
def test_the_embedded_backbone_keeps_its_contracts():
    check_backbone("cifar_resnet20")


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", OWN)
def test_backbones_keep_their_contracts(name):
    check_backbone(name)
