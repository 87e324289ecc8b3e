"""Python's garbage collector, held back while a graph is built."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_held = 0
_was_enabled = False


@contextmanager
def collector_held_back() -> Iterator[None]:
    """Hold the cyclic garbage collector back, in any number of threads at once.

    Tracing allocates so many objects that the collector walks through all of TensorFlow's and
    Keras's modules again and again, for a quarter of the whole time. It catches up afterwards.
    """
    global _held, _was_enabled
    with _lock:
        if _held == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _held += 1
    try:
        yield
    finally:
        with _lock:
            _held -= 1
            if _held == 0 and _was_enabled:
                gc.enable()
