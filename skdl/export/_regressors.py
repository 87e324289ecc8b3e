"""Regressors of scikit-learn in a graph, of features."""

from typing import Any

import numpy as np
from sklearn.svm import SVR, NuSVR

from skdl.conversion import Graph, Symbol
from skdl.export._classifiers import kernel_values

_DOUBLE = np.dtype(np.float64)


def add_regressor(graph: Graph, regressor: Any, x: str) -> Symbol | None:
    """Add a regressor to a graph; None where it is of no kind that is known."""
    if isinstance(regressor, SVR | NuSVR):
        weights = np.asarray(regressor.dual_coef_, np.float64).T
        name = graph.add("MatMul", kernel_values(graph, regressor, x), graph.constant(weights))
        return _in_shape(graph, name, np.ravel(regressor.intercept_), is_flat=True)
    if hasattr(regressor, "coef_") and hasattr(regressor, "intercept_"):
        return _linear(graph, regressor, x)
    return None


def _linear(graph: Graph, regressor: Any, x: str) -> Symbol | None:
    """One whose predictions are linear, which is found by trying: some have a link function."""
    weights = np.atleast_2d(np.asarray(regressor.coef_, np.float64))
    offsets = np.ravel(np.asarray(regressor.intercept_, np.float64))
    trials = np.random.default_rng(0).normal(size=(16, weights.shape[1]))
    wanted = np.asarray(regressor.predict(trials))
    found = trials @ weights.T + offsets
    if wanted.ndim > 2 or not np.allclose(found.reshape(wanted.shape), wanted):
        return None
    name = graph.add("MatMul", x, graph.constant(weights.T))
    return _in_shape(graph, name, offsets, is_flat=wanted.ndim == 1)


def _in_shape(graph: Graph, name: str, offsets: Any, *, is_flat: bool) -> Symbol:
    """With the intercepts, in the shape of what is predicted."""
    name = graph.add("Add", name, graph.constant(offsets, np.float64))
    if is_flat:
        squeezed = graph.add("Squeeze", name, graph.constant([1], np.int64))
        return Symbol(squeezed, (None,), _DOUBLE)
    return Symbol(name, (None, len(offsets)), _DOUBLE)
