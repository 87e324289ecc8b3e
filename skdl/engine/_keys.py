"""Keys of what is kept to be used again, and names and errors of the builders that make it."""

import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import cloudpickle
import numpy as np


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


def plain_text(error: Exception) -> str:
    """An error's message, without the codes for bold print that Keras puts in."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error))
