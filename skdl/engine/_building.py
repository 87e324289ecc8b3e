"""What surrounds every building and tracing of a network.

Decisions: docs/decisions.md#networks-and-precision.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras

from skdl._utils.threads import TakenOver, Undo
from skdl.engine._devices import prepare_devices

# Keras's settings for the whole process, as skdl's networks need them.
_SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], None], Any], ...] = (
    (keras.config.floatx, keras.config.set_floatx, "float32"),
    (keras.config.epsilon, keras.config.set_epsilon, 1e-7),
    (keras.config.image_data_format, keras.config.set_image_data_format, "channels_last"),
)


def _set_keras() -> Undo:
    undo: Undo = []
    for get, change, value in _SETTINGS:
        users = get()
        if users != value:
            change(value)
            undo.append(partial(change, users))
    return undo


def _disable_collector() -> Undo:
    if not gc.isenabled():
        return []
    gc.disable()
    return [gc.enable]


_keras_set, _collector_held_back = TakenOver(_set_keras), TakenOver(_disable_collector)


@contextmanager
def keras_settings(precision: str = "float32") -> Iterator[None]:
    """Keras's global settings as skdl's networks need them, and the user's again afterwards.

    The precision, "float32" or "bfloat16", is that of the layers made within.
    """
    prepare_devices()  # before any lock, which another thread of a forked process may have held
    policy = keras.config.dtype_policy()  # each thread has its own
    with _keras_set():
        keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
        try:
            yield
        finally:
            keras.config.set_dtype_policy(policy)


@contextmanager
def building(precision: str = "float32") -> Iterator[None]:
    """Build or trace: under settings of our own, and with the garbage collector held back.

    Tracing allocates so many objects that the collector walks through all of TensorFlow's and
    Keras's modules again and again, for a quarter of the whole time. It catches up afterwards.
    """
    with keras_settings(precision), _collector_held_back():
        yield
