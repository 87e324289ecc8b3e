"""Parameters of parts, such as ``optimizer__learning_rate``: to whom they go, and what they make.

As in scikit-learn, ``part__name`` is the parameter `name` of `part`.
"""

import inspect
from collections.abc import Mapping
from typing import Any


def routed_to(part: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some parameters that are of a part, under the names that they have there."""
    prefix = f"{part}__"
    return {name.removeprefix(prefix): params[name] for name in params if name.startswith(prefix)}


def made_with(part: Any, params: Mapping[str, Any]) -> Any:
    """An object of a class with its parameters, which may be classes with parameters themselves.

    Raises
    ------
    TypeError
        If a part with parameters is no class.
    """
    if not inspect.isclass(part):
        if params:
            raise TypeError(f"{part!r} is not a class and accepts no {', '.join(params)}")
        return part
    names = dict.fromkeys(name.partition("__")[0] for name in params)
    return part(**{name: made_with(params.get(name), routed_to(name, params)) for name in names})
