"""When to look at a folder again.

Decisions: docs/decisions.md#the-feature-store.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 1 / 20
"""Of the time, for looks that take a while."""

_AT_ONCE = 0.2  # seconds that do not count


class Pace:
    """How often a folder may be looked at: what takes a while, for a twentieth of the time.

    A listing costs next to nothing on a disk, but seconds where many machines share many files.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._pause = self._shortest = seconds
        self._ended = -float("inf")

    @property
    def is_due(self) -> bool:
        """Whether the pause since the last look has been long enough."""
        return time.monotonic() - self._ended >= self._pause

    @property
    def looked(self) -> bool:
        """Whether there was a look."""
        return self._ended > -float("inf")

    @contextmanager
    def look(self) -> Iterator[None]:
        """Look, and measure how long that takes; the first look, which finds all, is free."""
        start = time.monotonic()
        yield
        took = time.monotonic() - start if self.looked else 0.0
        self._ended = time.monotonic()
        self._pause = max(self._shortest, took / SHARE if took > _AT_ONCE else 0.0)
