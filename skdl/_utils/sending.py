"""Whether what is saved goes to other people, who get no paths and no settings of this machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

KERAS_ROOMS = (
    "constraints",
    "initializers",
    "losses",
    "optimizers",
    "optimizers.schedules",
    "random",
    "regularizers",
)
"""Packages of Keras whose classes may be in a file, as their settings."""

_sending: ContextVar[bool] = ContextVar("sending", default=False)


@contextmanager
def sending() -> Iterator[None]:
    """While this lasts, ``__getstate__`` gives what another machine can use, in plain values."""
    token = _sending.set(True)
    try:
        yield
    finally:
        _sending.reset(token)


def is_sending() -> bool:
    """Whether a state is asked for that goes to other people."""
    return _sending.get()


def foreign_keras(config: Mapping[Any, Any]) -> str:
    """Name of what Keras would make of a dict and is not allowed in a file; "" if there is none.

    Keras imports the module that such a dict names, and runs the code of a Lambda in it.
    """
    if "class_name" in config or "module" in config:
        name, module = config.get("class_name"), config.get("module")
        registered = config.get("registered_name")
        known = isinstance(module, str) and module in {f"keras.{room}" for room in KERAS_ROOMS}
        is_class = isinstance(name, str) and name.isidentifier() and name[:1].isupper()
        if not (known and is_class and "Lambda" not in str(name) and registered in (None, name)):
            return f"{module}.{name if registered in (None, name) else registered}"
    inside = [value for value in config.values() if isinstance(value, Mapping)]
    return next(filter(None, map(foreign_keras, inside)), "")
