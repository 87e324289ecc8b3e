"""What an estimator is made of, read off public attributes.

A network is known by its parameters and attributes, never by its class: this room knows none.
"""

import inspect
from collections.abc import Collection, Sequence
from math import prod
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid

from skdl._utils.nesting import nested
from skdl._utils.text import encodable, shortened

_SPACES = ("param_grid", "param_distributions")


def parts_of(estimator: Any) -> list[Any]:
    """An estimator, then what it works with: that of a search, the last step of a pipeline.

    Of what is fitted, the estimators that were fitted.
    """
    found: list[Any] = []
    inner = estimator
    while hasattr(inner, "get_params"):
        found.append(inner)
        steps = getattr(inner, "steps", None)
        if steps and steps[-1][0] in searched(found):
            break
        inner = steps[-1][1] if steps else getattr(inner, "estimator", None)
    fitted = [part for part in nested(estimator) if hasattr(part, "get_params")]
    return fitted if len(fitted) >= len(found) else found


def steps_of(parts: Sequence[Any]) -> list[Any]:
    """Transformers before the classifier."""
    return [
        step
        for part in parts
        for name, step in getattr(part, "steps", [])[:-1]
        if hasattr(step, "get_params") and name not in searched(parts)  # not "passthrough"
    ]


def searched_steps(parts: Sequence[Any]) -> list[str]:
    """Names of the steps that a search is to fill."""
    names = [name for part in parts for name, _ in getattr(part, "steps", [])]
    return [name for name in names if name in searched(parts)]


def class_of(estimator: Any) -> str:
    """The name of its class."""
    return type(estimator).__name__


def is_ours(estimator: Any) -> bool:
    """Whether it is one of scikit-learn or skdl, of which it is known what they do not do."""
    return type(estimator).__module__.startswith(("sklearn.", "skdl."))


def has_network(estimator: Any) -> bool:
    """Whether images go through a network, be it that others take its features."""
    params = estimator.get_params() if hasattr(estimator, "get_params") else ()
    takes_features = any(name.rpartition("__")[2] == "backbone" for name in params)
    return takes_features or any(hasattr(part, "grad_cam") for part in nested(estimator))


def takes(estimator: Any, *names: str) -> bool:
    """Whether an estimator has parameters of these names."""
    return set(names) <= set(estimator.get_params(deep=False))


def searches_of(parts: Sequence[Any]) -> list[Any]:
    """Those that look for parameters."""
    return [
        part
        for part in parts
        if any(hasattr(part, space) for space in _SPACES)
        or (hasattr(part, "estimator") and "Search" in class_of(part))
    ]


def searched(parts: Sequence[Any]) -> set[str]:
    """Last names of the parameters that searches are to set: before, no estimator tells them."""
    unfitted = [part for part in searches_of(parts) if not hasattr(part, "best_estimator_")]
    return {name.rpartition("__")[2] for part in unfitted for name in space_of(part)[0]}


def space_of(search: Any) -> tuple[set[str], int | None]:
    """Names of the parameters that a search goes through, and how many candidates it has."""
    space = next((getattr(search, name) for name in _SPACES if hasattr(search, name)), None)
    if space is None:  # of a stranger's: it may set any
        return set(search.estimator.get_params()), None
    spaces = space if isinstance(space, list | tuple) else [space]
    names = {name for part in spaces for name in part}
    if hasattr(search, "param_grid"):
        return names, len(ParameterGrid(space))
    n = getattr(search, "n_iter", None)
    lists = all(isinstance(v, list | tuple | np.ndarray) for part in spaces for v in part.values())
    if n is not None and lists:
        n = min(n, sum(prod(len(values) for values in part.values()) for part in spaces))
    return names, n


def value_of(estimator: Any, name: str, unknown: Collection[str]) -> str:
    """A parameter as text; those that a search is to set are `unknown`."""
    if name in unknown:
        return f"{name} chosen by the search"
    value = encodable(shortened(getattr(estimator, name)))
    return f"{name}={' '.join(value.split())}"


def values_of(estimator: Any, names: Sequence[str], unknown: Collection[str]) -> str:
    """Parameters that an estimator has, as text; those that are None or False are left out."""
    params = estimator.get_params(deep=False)
    found = [name for name in names if name in params]
    return ", ".join(
        value_of(estimator, name, unknown)
        for name in found
        if name in unknown or not (params[name] is None or params[name] is False)
    )


def changed(estimator: Any) -> list[str]:
    """Names of the parameters that are not the default; estimators inside are no parameters."""
    known = inspect.signature(type(estimator).__init__).parameters
    defaults = {name: parameter.default for name, parameter in known.items()}
    return [
        name
        for name, value in estimator.get_params(deep=False).items()
        if (name not in defaults or repr(defaults[name]) != repr(value))
        and name not in ("estimator", "estimators", "steps")
    ]
