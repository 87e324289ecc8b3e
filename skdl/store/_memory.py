"""Features in the memory of this process; the least recently used ones go first."""

import json
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skdl.store._checks import Space
from skdl.store._reports import SpaceInfo, StoreCheck, StoreInfo

# What an entry costs besides its values: an array, its name, and their place in the dict, whose
# table may be three times as large as it is full.
_OVERHEAD = 512


class MemoryFeatures:
    """Rows by space and key; the store above it keeps threads apart."""

    folder = None

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rows: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._seconds: dict[bytes, float] = {}
        self._bytes = 0
        self._spaces: dict[bytes, tuple[str, float]] = {}

    def get(
        self, space: Space, keys: Sequence[bytes], out: NDArray[np.float32]
    ) -> tuple[NDArray[np.bool_], float]:
        """Fill rows of `out`; which were found, and what computing them took in seconds."""
        found = np.zeros(len(keys), dtype=bool)
        seconds = 0.0
        for position, key in enumerate(keys):
            name = space.digest + key
            row = self._rows.get(name)
            if row is not None and row.shape == out.shape[1:]:
                out[position] = row
                found[position] = True
                seconds += self._seconds[name]
                self._rows.move_to_end(name)
        if found.any():
            self._spaces[space.digest] = space.text, time.time()
        return found, seconds

    def put(
        self, space: Space, keys: Sequence[bytes], features: NDArray[np.float32], seconds: float
    ) -> None:
        cost = 4 * features.shape[1] + _OVERHEAD
        # Those that would only push out the ones before them need not be copied.
        kept = self._max_bytes // cost
        for key, row in zip(keys[:kept], features[:kept], strict=True):
            name = space.digest + key
            self._discard(name)
            self._rows[name] = row.copy()
            self._seconds[name] = seconds
            self._bytes += cost
        while self._bytes > self._max_bytes:
            self._discard(next(iter(self._rows)))
        if kept:
            self._spaces[space.digest] = space.text, time.time()

    def _discard(self, name: bytes) -> None:
        row = self._rows.pop(name, None)
        self._seconds.pop(name, None)
        if row is not None:
            self._bytes -= row.nbytes + _OVERHEAD

    def info(self) -> StoreInfo:
        entries: Counter[bytes] = Counter()
        sizes: Counter[bytes] = Counter()
        for name, row in self._rows.items():
            entries[name[:32]] += 1
            sizes[name[:32]] += row.nbytes + _OVERHEAD
        spaces = [
            SpaceInfo(
                json.loads(self._spaces[digest][0]),
                digest.hex(),
                entries[digest],
                files=0,
                bytes=sizes[digest],
                last_used=self._spaces[digest][1],
            )
            for digest in entries
        ]
        return StoreInfo(tuple(sorted(spaces, key=lambda s: -(s.last_used or 0))))

    def clear(self) -> int:
        removed = self._bytes
        self._rows.clear()
        self._seconds.clear()
        self._spaces.clear()
        self._bytes = 0
        return removed

    def verify(self, repair: bool) -> StoreCheck:
        return StoreCheck(len(self._rows), repaired=repair)

    def check_writable(self) -> None:
        pass
