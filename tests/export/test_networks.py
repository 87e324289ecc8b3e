"""Every network that has a name, and users' own, in ONNX Runtime."""

import numpy as np
import pytest
from export import builders
from helpers import parametrize

import skdl
from skdl.backbones import backbone_of
from skdl.plugins import architectures, backbones

HEAVY = {
    *("mobilenet_v2", "mobilenet_v3_small"),
    *("alexnet", "densenet40", "resnet18", "resnet20", "resnet32", "resnet56", "vgg16", "zfnet"),
    *("convnext_tiny", "densenet121", "efficientnet_b0", "efficientnetv2_b0", "inception_v3"),
    *("resnet50", "vgg19", "xception"),
}


@parametrize("name", sorted(architectures.names()), HEAVY)
def test_architectures(name, agree):
    """After one step of training, so that normalisations are none that do nothing."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8), np.arange(8) % 3
    model = skdl.CNNClassifier(name, epochs=1, optimizer__learning_rate=1e-3, random_state=0)
    agree(model.fit(X, y), X)


@parametrize("name", sorted(backbones.names()), HEAVY)
def test_backbones(name, agree):
    """All poolings of the last layer; "auto" are the small network's own weights."""
    size = backbone_of(name).min_size
    X = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    weights = "auto" if name == "cifar_resnet20" else "random"
    for pooling in ("avg", "gem"):
        features = skdl.BackboneFeatures(name, weights=weights, pooling=pooling, store=None)
        agree(features.fit(X), X)


@pytest.mark.slow
@pytest.mark.parametrize(
    "builder",
    [
        builders.activations,
        builders.attention,
        builders.normalisations,
        builders.shapes,
        builders.subclassed,
        builders.windows,
    ],
    ids=lambda builder: builder.__name__,
)
def test_layers_of_users(builder, agree):
    X = np.random.default_rng(0).random((5, 10, 12, 3), dtype=np.float32)
    y = np.arange(5) % 2
    agree(skdl.CNNClassifier(builder, value_range=(0, 1), random_state=0).initialize(X, y), X)


def test_channels_are_turned_where_images_enter_and_where_they_become_vectors(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    X, y = np.random.default_rng(0).random((4, 16, 16, 3)), [0, 1, 0, 1]
    for name, most in (("simple", 2), ("separable", 1)):
        model = skdl.CNNClassifier(name, random_state=0).initialize(X, y)
        graph = onnx.load(skdl.export_onnx(model, tmp_path / "model.onnx")).graph
        assert [node.op_type for node in graph.node].count("Transpose") == most


def test_an_operation_without_counterpart_is_named(exported, tmp_path):
    X, y = np.random.default_rng(0).random((4, 8, 8, 3)), [0, 1, 0, 1]
    model = skdl.CNNClassifier(builders.unknown, random_state=0).initialize(X, y)
    with pytest.raises(
        ValueError, match="CNNClassifier cannot be .* the operation Digamma of Tens"
    ):
        exported(model)
    assert not [*tmp_path.iterdir()]


@pytest.mark.realdata
def test_trained_weights_of_vgg16_on_photographs(agree, data_home):
    files = sorted((data_home / "cats_vs_dogs").rglob("*.jpg"))[:4]
    assert files
    images = skdl.ImageLoader((224, 224), color="rgb").fit_transform([str(file) for file in files])
    for layer in ("block3_pool", "block5_pool"):
        agree(skdl.VGG16Features(layer=layer, store=None).fit(images), images)
