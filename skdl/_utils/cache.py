"""What was made and is kept to be used again, within bounds.

Decisions: docs/decisions.md#speed-and-threads.
"""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

_caches: "weakref.WeakSet[Cache[Any]]" = weakref.WeakSet()


class Cache(Generic[Value]):
    """Values by key; what was used least recently goes first. Threads may share one.

    The bound in bytes is that of all values together, by their ``nbytes``; `at_least` so many stay,
    however large they are.
    """

    def __init__(
        self, max_number: int | None = None, max_bytes: int | None = None, at_least: int = 0
    ) -> None:
        self.max_number, self.max_bytes, self.at_least = max_number, max_bytes, at_least
        self._entries: OrderedDict[Hashable, Value] = OrderedDict()
        # Two locks: what is kept can be had while something else is made, and `drop` never waits
        # for that, since it may be called wherever a weak reference dies.
        self._lock, self._making = threading.RLock(), threading.RLock()
        _caches.add(self)

    def get(self, key: Hashable | None, make: Callable[[], Value]) -> Value:
        """The value of a key, made once, by one thread, while it is kept; None is no key."""
        if key is None:
            return make()
        with suppress(KeyError):
            return self._used(key)
        with self._making:
            with suppress(KeyError):  # another thread has made it meanwhile
                return self._used(key)
            value = make()
            self.put(key, value)
            return value

    def _used(self, key: Hashable) -> Value:
        with self._lock:
            self._entries.move_to_end(key)
            return self._entries[key]

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value, and drop what is too much."""
        dropped = []  # outside the lock: what happens when a value dies is not known here
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self.at_least and self._is_too_full():
                dropped.append(self._entries.popitem(last=False))

    def take(self, wanted: Callable[[Any], bool]) -> Value | None:
        """Take out the newest value whose key is wanted, if there is one."""
        with self._lock:
            key = next((key for key in reversed(self._entries) if wanted(key)), None)
            return None if key is None else self._entries.pop(key)

    def drop(self, key: Hashable) -> None:
        """Drop the value of a key, if there is one."""
        with self._lock:
            dropped = self._entries.pop(key, None)
        del dropped

    def clear(self) -> None:
        """Drop all values."""
        with self._lock:
            dropped, self._entries = self._entries, OrderedDict()
        del dropped

    def values(self) -> list[Value]:
        """All values, the one used least recently first."""
        with self._lock:
            return list(self._entries.values())

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def _is_too_full(self) -> bool:
        if self.max_number is not None and len(self._entries) > self.max_number:
            return True
        if self.max_bytes is None:
            return False
        values: list[Any] = list(self._entries.values())
        return bool(sum(value.nbytes for value in values) > self.max_bytes)


def clear_caches() -> None:
    """Drop all values of all caches."""
    for cache in list(_caches):
        cache.clear()
