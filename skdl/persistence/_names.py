"""What a model file may name: classes and functions that are known to be harmless.

Everything else has to be named by whoever loads the file. Of scikit-learn, that is what
scikit-learn fits; of NumPy and SciPy, functions of arrays.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

import importlib
import re
import sys
from typing import Any

import numpy as np

from skdl.plugins import architectures, backbones

# What the states of skdl's estimators consist of.
_OWN = frozenset(
    {
        "skdl.backbones._declaration.Preprocessing",
        "skdl.backbones._loading.BackboneWeights",
        "skdl.backbones._onnx.OnnxExtractor",
        "skdl.backbones._onnx.OnnxSpec",
        "skdl.backbones._onnx_file.OnnxWeights",
        "skdl.engine._backbone.BackboneSpec",
        "skdl.engine._body.Body",
        "skdl.engine._body.Cut",
        "skdl.engine._body.NetworkPlan",
        "skdl.engine._features.FeatureExtractor",
        "skdl.engine._features.FeatureSpec",
        "skdl.engine._fitted.FittedNetwork",
        "skdl.engine._optimizers.OptimizerSpec",
        "skdl.engine._recipe.Recipe",
        "skdl.engine._transfer_network.TransferNetwork",
        "skdl.engine._variants.Ensemble",
        "skdl.evaluation._inner_folds.GroupHoldout",
        "skdl.images._files.ImageFiles",
        "skdl.images._format.ImageFormat",
    }
)
# Their estimators are enough; what else these modules hold is not named.
_OWN_ROOMS = ("estimators", "preprocessing", "inspection")
# Modules all of whose classes are parts of fitted estimators.
_PARTS = frozenset(
    {
        "skdl.metrics._scorers",
        "sklearn._loss._loss",
        "sklearn._loss.link",
        "sklearn._loss.loss",
        "sklearn.calibration",
        "sklearn.cluster._bisect_k_means",
        "sklearn.ensemble._hist_gradient_boosting.predictor",
        "sklearn.gaussian_process.kernels",
        "sklearn.linear_model._sgd_fast",
        "sklearn.metrics._scorer",
        "sklearn.model_selection._split",
        "sklearn.neural_network._stochastic_optimizers",
        "sklearn.tree._tree",
        "sklearn.utils._metadata_requests",
    }
)
_SINGLE = frozenset(
    {
        "scipy.interpolate._bsplines.BSpline",
        "scipy.interpolate._bsplines._BSpline",  # which does its work since SciPy 1.18
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._ball_tree.BallTree64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._kd_tree.KDTree64",
        "sklearn.utils._bunch.Bunch",
        *(
            f"sklearn.metrics._dist_metrics.{kind}Distance{bits}"
            for kind in ("Euclidean", "Manhattan", "Chebyshev", "Minkowski")
            for bits in ("", "64", "32")
        ),
    }
)
# Of arrays, and whose results are arrays.
_NUMPY = frozenset(
    {
        "abs",
        "absolute",
        "all",
        "amax",
        "amin",
        "any",
        "argmax",
        "argmin",
        "around",
        "asarray",
        "atleast_2d",
        "average",
        "ceil",
        "clip",
        "concatenate",
        "cumsum",
        "diff",
        "exp",
        "fabs",
        "flip",
        "floor",
        "hstack",
        "log",
        "log10",
        "log1p",
        "log2",
        "max",
        "maximum",
        "mean",
        "median",
        "min",
        "minimum",
        "nan_to_num",
        "nanmax",
        "nanmean",
        "nanmedian",
        "nanmin",
        "nanstd",
        "nansum",
        "percentile",
        "prod",
        "ptp",
        "quantile",
        "ravel",
        "real",
        "reciprocal",
        "reshape",
        "rint",
        "rot90",
        "round",
        "sign",
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "std",
        "sum",
        "swapaxes",
        "tanh",
        "transpose",
        "unique",
        "var",
        "vstack",
    }
)
# Modules all of whose functions compute numbers from arrays.
_FUNCTIONS = re.compile(
    r"sklearn\.(metrics\._(classification|ranking|regression)|metrics\.pairwise"
    r"|metrics\.cluster\.\w+|feature_selection\._(univariate_selection|mutual_info)"
    r"|cluster\._kmeans)|skdl\.metrics\._\w+"
)
_SINGLE_FUNCTIONS = frozenset(
    {
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "skdl.estimators._autoencoder.denoiser",
        "skdl.estimators._autoencoder.encoder",
    }
)
_ESTIMATORS = re.compile(r"sklearn(\.\w+)+")
_NOT_ESTIMATORS = {"tests", "conftest", "externals", "datasets", "experimental", "_testing"}
PLAIN_TYPES = frozenset({"int", "float", "str"})
_BIT_GENERATORS = frozenset({"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"})


def _found(module: str, name: str) -> Any:
    """What a module of a supporting library holds under a name; None if there is no such thing."""
    try:
        return getattr(sys.modules.get(module) or importlib.import_module(module), name, None)
    except Exception:  # a module of a newer version, or one that needs what is not here
        return None


def is_known_class(module: str, name: str) -> bool:
    """Whether a class is an estimator of skdl or scikit-learn, or a part of one."""
    full = f"{module}.{name}"
    if full in _OWN or full in _SINGLE:
        return True
    room = module.split(".")[1:2]
    if module in _PARTS:
        found = _found(module, name)
        return isinstance(found, type) and found.__module__ in (module, module.rpartition(".")[2])
    own = module.startswith("skdl.") and room and room[0] in _OWN_ROOMS
    parts = set(module.split("."))
    if not own and not (_ESTIMATORS.fullmatch(module) and not parts & _NOT_ESTIMATORS):
        return False
    from sklearn.base import BaseEstimator

    found = _found(module, name)
    is_class = isinstance(found, type) and found.__module__ == module
    return is_class and issubclass(found, BaseEstimator)


def is_known_type(module: str, name: str) -> bool:
    """Whether a class may stand as a value: a number's type, or an estimator."""
    if module == "builtins":
        return name in PLAIN_TYPES | {"bool"}
    if module == "numpy":
        return is_number_type(name)
    return is_known_class(module, name)


def is_number_type(name: str) -> bool:
    """Whether NumPy has a scalar type of that name."""
    found = getattr(np, name, None)
    return isinstance(found, type) and issubclass(found, np.generic) and found is not np.object_


def is_known_function(module: str, name: str) -> bool:
    """Whether a function computes from arrays and does nothing else; or is a builder of skdl."""
    full = f"{module}.{name}"
    if module == "numpy":
        return name in _NUMPY or isinstance(getattr(np, name, None), np.ufunc)
    if full in _SINGLE_FUNCTIONS:
        return True
    if re.fullmatch(r"numpy\._?core\._multiarray_umath|scipy\.special(\._\w+)*", module):
        return isinstance(_found(module, name), np.ufunc)
    if _FUNCTIONS.fullmatch(module):
        found = _found(module, name)
        return callable(found) and getattr(found, "__module__", None) == module
    return f"{module}:{name}" in {*architectures.own.values(), *backbones.own.values()}


def is_bit_generator(name: Any) -> bool:
    """Whether NumPy has a generator of bits of that name."""
    return name in _BIT_GENERATORS


def builder_to_trust(registry: Any, name: str) -> str | None:
    """The full name behind a registered name, unless it is skdl's own or unknown."""
    if name in registry.own:
        return None
    plugin = next((plugin for plugin in registry if plugin.name == name), None)
    if plugin is None:
        return None
    target = plugin.target
    place = target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}"
    return place.replace(":", ".")
