"""Whether what was read can be used: its parts fit together, and nothing reaches out of the file.

Compiled code of scikit-learn and SciPy follows such indices without a look, and would read or write
elsewhere in memory.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

import functools
from collections.abc import Callable, Collection, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from skdl._utils.scikit import (
    histogram_parts,
    neighbor_parts,
    svm_parts,
)
from skdl._utils.sending import foreign_keras
from skdl._utils.text import shortened
from skdl.persistence._errors import ModelFileError
from skdl.persistence._names import builder_to_trust
from skdl.plugins import architectures, backbones

_MOST_THREADS = 1024
_ENDS = (
    str,
    bytes,
    int,
    float,
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    ModuleType,
    type,
    np.dtype,
    np.generic,
)


def check_sound(root: Any, trusted: Collection[str]) -> None:
    """Refuse a model whose parts do not fit together."""
    for part in parts_of(root):
        if isinstance(part, dict):
            _check_keras(part)
            continue
        kind = f"{type(part).__module__}.{type(part).__qualname__}"
        if type(part).__module__.startswith("skdl."):
            _check_own(part, trusted)
        elif kind.startswith("sklearn.") and getattr(part, "memory", None) is not None:
            raise ModelFileError("it names a folder for fitted steps, which it could write to")
        check = _CHECKS.get(kind)
        if check is not None:
            _require(check(part), type(part).__name__)
        state = getattr(part, "__dict__", None)
        if isinstance(state, dict):
            for names, fits in _ATTRIBUTES:
                if names <= state.keys():
                    _require(fits(part), type(part).__name__)
            _check_threads(part, state)
        if type(part).__module__.startswith("scipy.sparse"):
            _require(_fits_sparse(part), type(part).__name__)


def parts_of(root: Any) -> Iterator[Any]:
    """Everything that a model consists of, each once."""
    seen: set[int] = set()
    waiting = [root]
    kept = []  # so that no identity is used twice
    while waiting:
        part = waiting.pop()
        if part is None or isinstance(part, _ENDS):
            continue
        if id(part) in seen:
            continue
        seen.add(id(part))
        kept.append(part)
        yield part
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | set | frozenset):
            waiting.extend(part)
        elif isinstance(part, np.ndarray):
            waiting.extend(part.ravel().tolist() if part.dtype.hasobject else ())
        elif isinstance(part, functools.partial):
            waiting.extend((part.func, part.args, part.keywords))
        else:
            waiting.extend(getattr(part, "__dict__", {}).values())


def _require(fits: bool, name: str) -> None:
    if not fits:
        raise ModelFileError(f"the parts of a {name} in it do not fit together")


# ---- skdl's own ----------------------------------------------------------------------------------


def _check_own(part: Any, trusted: Collection[str]) -> None:
    verify = getattr(type(part), "__skdl_verify__", None)
    if verify is not None:
        verify(part)
    state = getattr(part, "__dict__", {})
    if state.get("store", "auto") not in (None, "auto"):
        raise ModelFileError("it names a folder for features, which it could write to")
    if state.get("callbacks") is not None:
        raise ModelFileError("it contains callbacks, which are only for training")
    for parameter, registry in (("architecture", architectures), ("backbone", backbones)):
        name = state.get(parameter)
        place = builder_to_trust(registry, name) if isinstance(name, str) else None
        if place is not None and place not in trusted:
            raise ModelFileError(
                f"its {parameter} {name!r} is from another package. If you trust that package, "
                f"pass trusted=[{place!r}]"
            )


def _check_keras(part: dict[Any, Any]) -> None:
    """Refuse what Keras would make of a dict by importing or running something."""
    foreign = foreign_keras(part)
    if foreign:
        raise ModelFileError(
            f"it contains the Keras object {shortened(foreign)}, which is not allowed in a file"
        )


# ---- scikit-learn and SciPy ----------------------------------------------------------------------


def _check_threads(part: Any, state: dict[str, Any]) -> None:
    for name in ("n_jobs", "_n_threads"):
        number = state.get(name)
        if isinstance(number, int) and abs(number) > _MOST_THREADS:
            raise ModelFileError(f"a {type(part).__name__} in it asks for {number} threads")


def _fits_hashing(hasher: Any) -> bool:
    """Hashes are divided by the number of features."""
    return isinstance(hasher.n_features, int) and 0 < hasher.n_features < 2**31


def _fits_tree(tree: Any) -> bool:
    """A tree of decisions: each way leads down, by features that there are."""
    nodes = tree.__getstate__()["nodes"]
    n_nodes, inner = len(nodes), nodes["left_child"] != -1
    if n_nodes != tree.node_count or n_nodes == 0:
        return False
    here = np.arange(n_nodes)[inner]
    children = nodes["left_child"][inner], nodes["right_child"][inner]
    return (
        bool((nodes["right_child"][~inner] == -1).all())
        # Behind their parent, so that no way through the tree comes back.
        and all(bool(((here < child) & (child < n_nodes)).all()) for child in children)
        and _inside(nodes["feature"][inner], tree.n_features)
    )


def _inside(values: Any, size: int) -> bool:
    values = np.asarray(values)
    return bool(((values >= 0) & (values < size)).all())


def _fits_predictor(predictor: Any) -> bool:
    nodes, bitsets = predictor.nodes, predictor.raw_left_cat_bitsets
    inner = nodes["is_leaf"] == 0
    here = np.arange(len(nodes))[inner]
    by_category = inner & (nodes["is_categorical"] != 0)
    return (
        len(nodes) > 0
        and nodes.ndim == 1
        and all(
            bool(((here < nodes[side][inner]) & (nodes[side][inner] < len(nodes))).all())
            for side in ("left", "right")
        )
        and bitsets.ndim == 2
        and bitsets.shape[1] == 8
        and _inside(nodes["bitset_idx"][by_category], len(bitsets))
    )


def _fits_boosting(model: Any) -> bool:
    """Histogram gradient boosting: its trees, its features and its bins."""
    n_features, (stages, mapper) = model.n_features_in_, histogram_parts(model)
    if mapper is None:
        return False
    categorical = np.asarray(mapper.is_categorical_)
    inner = [
        (nodes["feature_idx"], nodes["is_categorical"])
        for stage in stages
        for predictor in stage
        for nodes in [predictor.nodes[predictor.nodes["is_leaf"] == 0]]
    ]
    return categorical.shape == (n_features,) and all(
        _inside(features, n_features) and bool(categorical[features[by_category != 0]].all())
        for features, by_category in inner
    )


def _fits_svm(model: Any) -> bool:
    parts, vectors, n_all = svm_parts(model), model.support_vectors_, len(model.support_)
    n_classes = len(parts.n_support)
    pairs = n_classes * (n_classes - 1) // 2
    if n_classes < 2 or model.support_.ndim != 1 or not _inside(parts.n_support, n_all + 1):
        return False
    if parts.sparse != (not isinstance(vectors, np.ndarray)):
        return False
    if model.kernel == "precomputed":
        if not _inside(model.support_, model.shape_fit_[0]):
            return False
    elif not parts.sparse and vectors.shape != (n_all, model.n_features_in_):
        return False
    first, second = parts.probabilities
    return (
        (int(parts.n_support.sum()) == n_all or not hasattr(model, "classes_"))
        and parts.dual_coef.shape == (n_classes - 1, n_all)
        and parts.intercept.shape == (pairs,)
        and len(first) == len(second)
        and len(first) in (0, pairs)
    )


def _fits_neighbors(model: Any) -> bool:
    data, tree = neighbor_parts(model)
    return (
        model.n_samples_fit_ == data.shape[0]
        and (model.n_features_in_ == data.shape[1])
        and (tree is None or tree.data.shape == data.shape)
    )


def _fits_ball_or_kd(tree: Any) -> bool:
    """The same as a tree that is made of its data."""
    data, _, _, _, leaf_size, *_ = state = tree.__getstate__()
    metric, weights = state[-2], state[-1]
    # Metrics with a vector read it without a look.
    if metric.__getstate__()[1].size > 1 or data.size == 0:
        return False
    made = type(tree)(np.asarray(data), leaf_size=leaf_size, metric=metric, sample_weight=weights)
    return all(
        np.array_equal(np.asarray(one), np.asarray(other))
        # What comes behind these counts what was looked up.
        for one, other in zip(state[:7], made.__getstate__()[:7], strict=True)
    )


def _fits_spline(spline: Any) -> bool:
    """Knots in order, and a coefficient for each."""
    # SciPy's own check refuses some that scikit-learn makes, of constant columns.
    knots, coefficients, degree = spline.t, spline.c, spline.k
    n_coefficients = len(knots) - degree - 1
    return (
        isinstance(degree, int)
        and degree >= 0
        and np.ndim(knots) == 1
        and bool((np.diff(knots) >= 0).all() and np.isfinite(knots).all())
        and n_coefficients > degree
        and np.shape(coefficients)[:1] >= (n_coefficients,)
    )


def _fits_random_state(source: Any) -> bool:
    """The place in the numbers that are drawn ahead."""
    if isinstance(source, np.random.RandomState):
        state = source.get_state(legacy=False)
    else:
        state = source.bit_generator.state
    position = state["state"].get("pos", 0) if isinstance(state["state"], dict) else 0
    return 0 <= int(position) <= 624 and 0 <= int(state.get("buffer_pos", 0)) <= 4


def _fits_sparse(matrix: Any) -> bool:
    if hasattr(matrix, "check_format"):
        matrix.check_format(full_check=True)
    return True


def _fits_one_tree(model: Any) -> bool:
    tree = model.tree_  # of a KernelDensity, one of another kind
    return not hasattr(tree, "node_count") or bool(tree.n_features == model.n_features_in_)


def _fits_stages(model: Any) -> bool:
    """Gradient boosting: one tree for each class in each stage, all of these features."""
    stages = model.estimators_
    if not (isinstance(stages, np.ndarray) and stages.ndim == 2):
        return False
    n_classes = len(getattr(model, "classes_", ())) or 1
    width = 1 if n_classes <= 2 else n_classes
    of_first = getattr(model.init_, "predict_proba", None)
    if of_first is not None:
        first = of_first(np.zeros((1, model.n_features_in_), np.float32))
        if first.shape != (1, max(2, width)):
            return False
    return bool(stages.shape[1] == width) and _fits_forest(model)


def _fits_forest(model: Any) -> bool:
    """Trees that get rows without a look at how long they are."""
    columns = getattr(model, "estimators_features_", None)
    for number, tree in enumerate(np.ravel(np.asarray(model.estimators_, dtype=object))):
        if not hasattr(tree, "tree_"):
            continue
        n_features = model.n_features_in_ if columns is None else len(columns[number])
        if tree.tree_.n_features != n_features:
            return False
    return True


def _fits_centers(model: Any) -> bool:
    centers = model.cluster_centers_
    return bool(centers.ndim == 2 and centers.shape[1] == model.n_features_in_)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "sklearn.tree._tree.Tree": _fits_tree,
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": _fits_predictor,
    "numpy.random.mtrand.RandomState": _fits_random_state,
    "numpy.random._generator.Generator": _fits_random_state,
    "scipy.interpolate._bsplines.BSpline": _fits_spline,
    "scipy.interpolate._bsplines._BSpline": _fits_spline,
    **{
        f"sklearn.neighbors._{module}.{name}{bits}": _fits_ball_or_kd
        for module, name in (("kd_tree", "KDTree"), ("ball_tree", "BallTree"))
        for bits in ("", "64")
    },
}
# By attributes of fitted estimators, whose subclasses have them, too.
_ATTRIBUTES: tuple[tuple[set[str], Callable[[Any], bool]], ...] = (
    ({"_n_support", "_dual_coef_"}, _fits_svm),
    ({"_fit_X", "_tree"}, _fits_neighbors),
    ({"_predictors", "_bin_mapper"}, _fits_boosting),
    ({"tree_", "n_features_in_"}, _fits_one_tree),
    ({"estimators_", "init_"}, _fits_stages),
    ({"estimators_", "n_features_in_"}, _fits_forest),
    ({"n_features", "alternate_sign"}, _fits_hashing),
    ({"cluster_centers_", "n_features_in_"}, _fits_centers),
)
