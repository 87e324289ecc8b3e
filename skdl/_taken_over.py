"""States of the process that threads borrow together."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Undo: TypeAlias = list[Callable[[], object]]


class TakenOver:
    """A state of the process that the first thread inside takes over and the last gives back.

    Parameters
    ----------
    take_over : callable
        Changes the state, and returns what gives it back, in reverse order.
    """

    def __init__(self, take_over: Callable[[], Undo]) -> None:
        self._take_over = take_over
        self._lock = threading.Lock()
        self._n_inside = 0
        self._undo: Undo = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._n_inside == 0:
                self._undo = self._take_over()
            self._n_inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_inside -= 1
                while self._n_inside == 0 and self._undo:
                    self._undo.pop()()
