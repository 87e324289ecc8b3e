"""Features of a Keras network by ONNX Runtime.

Decisions: docs/decisions.md#networks-and-precision.
"""

import numpy as np

from skdl._utils.cache import Cache
from skdl.backbones import OnnxExtractor, OnnxSpec, OnnxWeights, require_onnx
from skdl.conversion import Graph, Symbol, UnsupportedError, add_function
from skdl.engine import FeatureExtractor

_models = Cache[OnnxWeights](max_bytes=512 * 2**20, at_least=1)


def converted(extractor: FeatureExtractor) -> OnnxExtractor:
    """The same features, for which TensorFlow is not needed any more.

    Raises
    ------
    ValueError
        If the network has an operation that cannot be converted, or is to compute in bfloat16.
    """
    spec = extractor.spec
    backbone = spec.backbone
    require_onnx(backbone.label)
    if spec.precision != "float32":
        raise ValueError(
            f"precision={spec.precision!r}, but engine='onnxruntime' computes in float32. Set "
            "precision='float32' or engine='tensorflow'."
        )
    layers = tuple(extractor.network.names)
    shape = (*spec.image_shape[:2], backbone.declaration.preprocessing.channels)
    key = None if spec.key is None else (backbone.key, extractor.weights.digest, layers, shape)
    model = _models.get(key, lambda: _as_onnx(extractor, shape))
    found = OnnxSpec(
        backbone.label,
        backbone.declaration.preprocessing,
        layout="NHWC",
        map_layout="NHWC",
        prefix_tokens=None,
        image_shape=spec.image_shape,
        layers=layers,
        poolings=spec.poolings,
    )
    return OnnxExtractor(found, model, extractor.value_range)


def _as_onnx(extractor: FeatureExtractor, shape: tuple[int, ...]) -> OnnxWeights:
    """The network as an ONNX model of preprocessed images, the maps of each layer an output."""
    network, graph = extractor.network, Graph()
    images = Symbol("images", (None, *shape), np.dtype(np.float32))
    try:
        maps = add_function(graph, network.bare_function(), [images])
    except UnsupportedError as error:
        raise ValueError(
            f"The backbone {extractor.spec.backbone.label} cannot be run with "
            f"engine='onnxruntime': {error}. Set engine='tensorflow'."
        ) from error
    model = graph.model([images], dict(zip(network.names, maps, strict=True)), {})
    return OnnxWeights.of(model.SerializeToString(deterministic=True))
