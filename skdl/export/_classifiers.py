"""scikit-learn's classifiers of features in a graph, in double precision."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax
from sklearn.svm import SVC, NuSVC

from skdl._utils.scikit import kernel_width
from skdl.conversion import Graph, UnsupportedError


@dataclass(frozen=True)
class Scores:
    """What a classifier says of features, by names in the graph.

    Parameters
    ----------
    scores : str
        As `decision_function` gives them.
    n_scores : int or None
        How many there are for each image; None for one that is no list.
    probabilities : str or None
        As `predict_proba` gives them, where it is exported.
    label : str
        Position of the predicted class.
    """

    scores: str
    n_scores: int | None
    probabilities: str | None
    label: str


def add_classifier(graph: Graph, classifier: Any, x: str) -> Scores | None:
    """Add a classifier to a graph; None where it is of no kind that is known."""
    if isinstance(classifier, SVC | NuSVC):
        return _support_vectors(graph, classifier, x)
    has = ("classes_", "coef_", "intercept_", "decision_function")
    if all(hasattr(classifier, name) for name in has):
        return _linear(graph, classifier, x)
    return None


# ---- linear ones -------------------------------------------------------------------------------


def _linear(graph: Graph, classifier: Any, x: str) -> Scores | None:
    """Any linear classifier: how it makes probabilities of scores is found by trying."""
    weights = np.atleast_2d(np.asarray(classifier.coef_, np.float64))
    offsets = np.ravel(np.asarray(classifier.intercept_, np.float64))
    binary = len(classifier.classes_) == 2
    if weights.shape[0] != (1 if binary else len(classifier.classes_)):
        return None
    # Features whose scores are neither large nor small, where the ways to probabilities differ.
    trials = (np.random.default_rng(0).normal(0, 2, (16, len(weights))) - offsets) @ np.linalg.pinv(
        weights.T
    )
    scores = trials @ weights.T + offsets
    if not np.allclose(classifier.decision_function(trials), scores[:, 0] if binary else scores):
        return None
    name = graph.add("MatMul", x, graph.constant(weights.T))
    name = graph.add("Add", name, graph.constant(offsets))
    probabilities = None
    if hasattr(classifier, "predict_proba"):
        wanted = classifier.predict_proba(trials)
        links = [link for link in _LINKS if link.of_two == binary]
        link = next((link for link in links if np.allclose(link.known(scores), wanted)), None)
        if link is None:
            raise UnsupportedError(
                f"how {type(classifier).__name__} converts scores to probabilities"
            )
        probabilities = link.add(graph, name)
    if binary:
        name = graph.add("Squeeze", name, graph.constant([1], np.int64))
    n_scores = None if binary else len(weights)
    return Scores(name, n_scores, probabilities, _label(graph, name, binary))


def _label(graph: Graph, scores: str, binary: bool) -> str:
    if not binary:
        return str(graph.add("ArgMax", scores, axis=1, keepdims=0))
    positive = graph.add("Greater", scores, graph.constant(0, np.float64))
    return graph.cast(positive, np.int64)


@dataclass(frozen=True)
class _Link:
    """A way from scores, one per class or one for two classes, to probabilities."""

    of_two: bool
    known: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    add: Callable[[Graph, str], str]


def _add_both(graph: Graph, scores: str) -> str:
    positive = graph.add("Sigmoid", scores)
    one = graph.constant(1, np.float64)
    return str(graph.add("Concat", graph.add("Sub", one, positive), positive, axis=1))


def _add_each(graph: Graph, scores: str) -> str:
    each = graph.add("Sigmoid", scores)
    return str(graph.add("Div", each, graph.add("ReduceSum", each, graph.constant([1], np.int64))))


def _add_softmax(graph: Graph, scores: str) -> str:
    return str(graph.add("Softmax", scores, axis=1))


def _add_mirrored(graph: Graph, scores: str) -> str:
    return _add_softmax(graph, graph.add("Concat", graph.add("Neg", scores), scores, axis=1))


def _shares(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    each = expit(scores)
    shares: npt.NDArray[Any] = each / each.sum(axis=1, keepdims=True)
    return shares


_LINKS = [
    _Link(True, lambda scores: np.hstack([expit(-scores), expit(scores)]), _add_both),
    _Link(True, lambda scores: softmax(np.hstack([-scores, scores]), axis=1), _add_mirrored),
    _Link(False, lambda scores: softmax(scores, axis=1), _add_softmax),
    _Link(False, _shares, _add_each),
]


# ---- support vector machines -------------------------------------------------------------------


def _support_vectors(graph: Graph, classifier: Any, x: str) -> Scores:
    values = kernel_values(graph, classifier, x)
    pairs = list(combinations(range(len(classifier.classes_)), 2))
    weights = _weights_of_pairs(classifier, pairs)
    intercept = graph.constant(classifier.intercept_, np.float64)
    decisions = graph.add("Add", graph.add("MatMul", values, graph.constant(weights)), intercept)
    if len(pairs) == 1:
        name = graph.add("Squeeze", decisions, graph.constant([1], np.int64))
        return Scores(name, None, None, _label(graph, name, True))
    votes, ranked = _votes(graph, decisions, pairs)
    label = ranked if classifier.break_ties else votes
    one_vs_one = classifier.decision_function_shape == "ovo"
    position = graph.add("ArgMax", label, axis=1, keepdims=0)
    if one_vs_one:
        return Scores(decisions, len(pairs), None, position)
    return Scores(ranked, len(classifier.classes_), None, position)


def kernel_values(graph: Graph, machine: Any, x: str) -> str:
    """The kernel of each row and each support vector."""
    kernel = _KERNELS.get(machine.kernel) if isinstance(machine.kernel, str) else None
    if kernel is None or machine.support_vectors_.ndim != 2:
        raise UnsupportedError(f"a {type(machine).__name__} with an unsupported kernel")
    return kernel(graph, machine, x, np.asarray(machine.support_vectors_, np.float64))


def _weights_of_pairs(classifier: Any, pairs: list[tuple[int, int]]) -> npt.NDArray[np.float64]:
    """What each support vector counts for each pair of classes, of shape (vectors, pairs)."""
    dual = np.asarray(classifier.dual_coef_, np.float64)
    if len(pairs) == 1:
        return dual.T
    ends = np.cumsum(classifier.n_support_)
    of_class = [slice(end - n, end) for end, n in zip(ends, classifier.n_support_, strict=True)]
    weights = np.zeros((dual.shape[1], len(pairs)))
    for column, (one, other) in enumerate(pairs):
        # Of a class, there is a row for each other one, in their order.
        weights[of_class[one], column] = dual[other - 1, of_class[one]]
        weights[of_class[other], column] = dual[one, of_class[other]]
    return weights


def _votes(graph: Graph, decisions: str, pairs: list[tuple[int, int]]) -> tuple[str, str]:
    """Votes for classes, and these with what breaks ties: how clear the decisions are."""
    signs = np.zeros((len(pairs), max(pairs[-1]) + 1))
    for row, (one, other) in enumerate(pairs):
        signs[row, one], signs[row, other] = 1, -1
    zero, one_ = graph.constant(0, np.float64), graph.constant(1, np.float64)
    won = graph.cast(graph.add("Greater", decisions, zero), np.float64)
    lost = graph.add("Sub", one_, won)
    votes = graph.add(
        "Add",
        graph.add("MatMul", won, graph.constant(np.maximum(signs, 0))),
        graph.add("MatMul", lost, graph.constant(np.maximum(-signs, 0))),
    )
    clear = graph.add("MatMul", decisions, graph.constant(signs))
    size = graph.add("Add", graph.add("Abs", clear), one_)
    bound = graph.add("Mul", graph.constant(3, np.float64), size)
    return votes, graph.add("Add", votes, graph.add("Div", clear, bound))


def _products(graph: Graph, x: str, vectors: npt.NDArray[np.float64]) -> str:
    return str(graph.add("MatMul", x, graph.constant(vectors.T)))


def _linear_kernel(graph: Graph, classifier: Any, x: str, vectors: Any) -> str:
    return _products(graph, x, vectors)


def _rbf_kernel(graph: Graph, classifier: Any, x: str, vectors: Any) -> str:
    """``exp(-gamma |x - v|²)``, the square written out: |x|² - 2 x·v + |v|²."""
    squares = graph.add("ReduceSum", graph.add("Mul", x, x), graph.constant([1], np.int64))
    doubled = graph.add("Mul", _products(graph, x, vectors), graph.constant(-2, np.float64))
    of_vectors = graph.constant(np.square(vectors).sum(axis=1))
    distances = graph.add("Add", graph.add("Add", squares, doubled), of_vectors)
    gamma = graph.constant(-kernel_width(classifier), np.float64)
    return str(graph.add("Exp", graph.add("Mul", distances, gamma)))


def _scaled_products(graph: Graph, classifier: Any, x: str, vectors: Any) -> str:
    gamma = graph.constant(kernel_width(classifier), np.float64)
    scaled = graph.add("Mul", _products(graph, x, vectors), gamma)
    return str(graph.add("Add", scaled, graph.constant(classifier.coef0, np.float64)))


def _poly_kernel(graph: Graph, classifier: Any, x: str, vectors: Any) -> str:
    base = _scaled_products(graph, classifier, x, vectors)
    return str(graph.add("Pow", base, graph.constant(classifier.degree, np.float64)))


_KERNELS: dict[str, Callable[..., str]] = {
    "linear": _linear_kernel,
    "rbf": _rbf_kernel,
    "poly": _poly_kernel,
}
