"""Keys of what is kept to be used again, and names and errors of the builders that make it."""

import inspect
import re
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any

import cloudpickle
import numpy as np

from skdl._utils.text import shortened


def freeze(value: Any) -> Hashable:
    """Turn parameters into a key; TypeError if a value is neither a plain container nor hashable.

    Values that are equal in Python but not alike (``1``, ``1.0``, ``True``) get different keys.
    """
    if isinstance(value, Mapping):
        return ("map", tuple(sorted((str(k), freeze(v)) for k, v in value.items())))
    if isinstance(value, list | tuple):
        return (type(value).__name__, tuple(freeze(item) for item in value))
    if isinstance(value, np.ndarray):
        return ("array", value.shape, value.dtype.str, value.tobytes())
    hash(value)
    return (type(value), value)


def builder_key(builder: Callable[..., Any]) -> Hashable:
    """The builder itself; for one of a script or notebook its code.

    Such a builder comes into a worker process by value, as another object with each task.
    """
    if getattr(builder, "__module__", None) != "__main__":
        return builder
    try:
        return bytes(cloudpickle.dumps(builder))
    except Exception:  # something that cannot be pickled, and so stays in this process
        return builder


def check_params(
    builder: Callable[..., Any],
    params: Mapping[str, Any],
    label: str,
    prefix: str,
    inputs: Collection[str],
) -> None:
    """Refuse parameters that a builder does not take beside its inputs, as the user wrote them."""
    signature = inspect.signature(builder).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.values()):
        return
    known = [name for name in signature if name not in inputs]
    unknown = [name for name in params if name not in known]
    if unknown:
        raise ValueError(
            f"{label} has no parameter {shortened(unknown[0])}, set as "
            f"{prefix}{unknown[0]}={shortened(params[unknown[0]])}. Its parameters: "
            f"{', '.join(known) or 'none'}."
        )


def plain_text(error: Exception) -> str:
    """An error's message, without the codes for bold print that Keras puts in."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error))
