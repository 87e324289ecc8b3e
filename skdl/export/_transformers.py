"""scikit-learn's transformers of features in a graph, in double precision."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import decomposition, feature_selection, preprocessing

from skdl.conversion import Graph

Handler = Callable[[Graph, Any, str], str]


def _standard_scaler(graph: Graph, step: Any, x: str) -> str:
    if step.mean_ is not None and step.with_mean:
        x = graph.add("Sub", x, graph.constant(step.mean_, np.float64))
    if step.scale_ is not None and step.with_std:
        x = graph.add("Div", x, graph.constant(step.scale_, np.float64))
    return x


def _min_max_scaler(graph: Graph, step: Any, x: str) -> str:
    x = graph.add("Mul", x, graph.constant(step.scale_, np.float64))
    x = graph.add("Add", x, graph.constant(step.min_, np.float64))
    if not step.clip:
        return x
    return str(graph.add("Clip", x, *(graph.constant(e, np.float64) for e in step.feature_range)))


def _max_abs_scaler(graph: Graph, step: Any, x: str) -> str:
    x = graph.add("Div", x, graph.constant(step.scale_, np.float64))
    if not getattr(step, "clip", False):
        return x
    return str(graph.add("Clip", x, *(graph.constant(end, np.float64) for end in (-1, 1))))


def _robust_scaler(graph: Graph, step: Any, x: str) -> str:
    if step.with_centering:
        x = graph.add("Sub", x, graph.constant(step.center_, np.float64))
    if step.with_scaling:
        x = graph.add("Div", x, graph.constant(step.scale_, np.float64))
    return x


def _normalizer(graph: Graph, step: Any, x: str) -> str:
    axis = graph.constant([1], np.int64)
    if step.norm == "l1":
        norm = graph.add("ReduceSum", graph.add("Abs", x), axis)
    elif step.norm == "l2":
        norm = graph.add("Sqrt", graph.add("ReduceSum", graph.add("Mul", x, x), axis))
    else:
        norm = graph.add("ReduceMax", graph.add("Abs", x), axes=[1])
    zero, one = (graph.constant(number, np.float64) for number in (0, 1))
    return str(graph.add("Div", x, graph.add("Where", graph.add("Equal", norm, zero), one, norm)))


def _pca(graph: Graph, step: Any, x: str) -> str:
    x = graph.add("Sub", x, graph.constant(step.mean_, np.float64))
    x = graph.add("MatMul", x, graph.constant(step.components_.T, np.float64))
    if not step.whiten:
        return x
    deviations = np.sqrt(step.explained_variance_)
    smallest = np.finfo(deviations.dtype).eps  # as scikit-learn has it
    return str(graph.add("Div", x, graph.constant(np.maximum(deviations, smallest), np.float64)))


def _truncated_svd(graph: Graph, step: Any, x: str) -> str:
    return str(graph.add("MatMul", x, graph.constant(step.components_.T, np.float64)))


def _selector(graph: Graph, step: Any, x: str) -> str:
    chosen = step.get_support(indices=True)
    return str(graph.add("Gather", x, graph.constant(chosen, np.int64), axis=1))


TRANSFORMERS: dict[type, Handler] = {
    preprocessing.StandardScaler: _standard_scaler,
    preprocessing.MinMaxScaler: _min_max_scaler,
    preprocessing.MaxAbsScaler: _max_abs_scaler,
    preprocessing.RobustScaler: _robust_scaler,
    preprocessing.Normalizer: _normalizer,
    decomposition.PCA: _pca,
    decomposition.TruncatedSVD: _truncated_svd,
    feature_selection.SelectorMixin: _selector,
}


def transformer_of(step: Any) -> Handler | None:
    """What adds a step to a graph; None where nothing does."""
    return next((add for kind, add in TRANSFORMERS.items() if isinstance(step, kind)), None)
