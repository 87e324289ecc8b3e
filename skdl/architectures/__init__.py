"""Networks as pure builders: ``(input_shape, n_classes, **params) -> keras.Model``, uncompiled.

Decisions: docs/decisions.md#networks-and-precision.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

from skdl.architectures._start import quiet_start  # before all that imports Keras
from skdl.plugins import architectures

__all__ = sorted(architectures.own)


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in architectures.own:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    builder: Callable[..., Any] = EntryPoint(name, architectures.own[name], __name__).load()
    return builder


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
