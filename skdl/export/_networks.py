"""Networks of skdl in a graph."""

from typing import Any

import numpy as np

from skdl.backbones import Extractor
from skdl.conversion import Graph, Symbol, UnsupportedError, add_function
from skdl.engine import FeatureExtractor


def add_network(graph: Graph, images: Symbol, network: Any) -> Symbol:
    """What a fitted network gives of images: that of a classifier, on a backbone, or several."""
    members = getattr(network, "members", [])
    if members:
        first, *others = (add_network(graph, images, member) for member in members)
        name = first.name
        for other in others:
            name = graph.add("Add", name, other.name)
        share = graph.constant(1 / len(members), np.float32)
        return Symbol(graph.add("Mul", name, share), first.shape, first.dtype)
    prefix = getattr(network, "prefix", None)
    if prefix is not None:
        rows = add_features(graph, images, prefix)
        shape = prefix.network.output_shape
        name = graph.add("Reshape", rows.name, graph.constant([-1, *shape], np.int64))
        # As the network behind gets it: a vector is an image of one dimension.
        images = Symbol(name, (None, *shape), rows.dtype)
    fitted = getattr(network, "fitted", network)
    _refuse_bfloat16(fitted.recipe.precision)
    function, arguments = fitted.as_function()
    return add_function(graph, function, [images, *arguments])[0]


def add_features(graph: Graph, images: Symbol, extractor: Extractor) -> Symbol:
    """What a frozen backbone gives of images, one row for each."""
    if not isinstance(extractor, FeatureExtractor):
        raise UnsupportedError(
            "a backbone that is already an ONNX model. Run its file elsewhere, and the steps after "
            "it with their own library. To export a Keras network, fit with engine='tensorflow'"
        )
    _refuse_bfloat16(extractor.spec.precision)
    function, arguments = extractor.as_function()
    parts = add_function(graph, function, [images, *arguments])
    in_rows = [
        graph.add("Reshape", graph.channels_last(part), graph.constant([-1, width], np.int64))
        for part, width in zip(parts, extractor.network.widths, strict=True)
    ]
    name = in_rows[0] if len(in_rows) == 1 else graph.add("Concat", *in_rows, axis=1)
    return Symbol(name, (None, sum(extractor.network.widths)), np.dtype(np.float32))


def _refuse_bfloat16(precision: str) -> None:
    if precision != "float32":
        raise UnsupportedError(
            f"precision={precision!r}: ONNX Runtime computes convolutions in float32. Fit with "
            "precision='float32'"
        )
