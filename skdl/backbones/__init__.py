"""Pretrained networks, and the preprocessing that their weights expect.

A backbone is a builder ``(input_shape, **params) -> keras.Model`` that ends in feature maps instead
of classes, together with its :class:`Backbone`: a declaration of what its weights expect and what
it returns. Importing this package imports neither TensorFlow nor Keras.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

from skdl.backbones._declaration import (
    ONNX,
    Backbone,
    Preprocessing,
    backbone_of,
    builder_of,
    check_params,
    declare_backbone,
    label_of,
)
from skdl.backbones._extraction import POOLINGS, Extractor
from skdl.backbones._loading import BackboneWeights, declared_params, load_weights, weights_at_hand
from skdl.backbones._onnx import OnnxExtractor, OnnxSource, OnnxSpec, onnx_layers
from skdl.backbones._onnx_declaration import declare_onnx_backbone, is_onnx, refuse_onnx
from skdl.backbones._onnx_file import OnnxWeights, require_onnx
from skdl.backbones._plain import PlainState
from skdl.backbones._weights import PretrainedWeights

__all__ = [
    "Backbone",
    "Preprocessing",
    "PretrainedWeights",
    "backbone_of",
    "declare_backbone",
    "declare_onnx_backbone",
    "weights_at_hand",
]
