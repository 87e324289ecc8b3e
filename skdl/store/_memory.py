"""Features in the memory of this process; the least recently used ones go first.

Decisions: docs/decisions.md#the-feature-store.
"""

import json
import time
from collections import OrderedDict, defaultdict
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
        # Rows, and what computing them took in seconds.
        self._rows: OrderedDict[bytes, tuple[NDArray[np.float32], float]] = OrderedDict()
        self._bytes = 0
        self._spaces: dict[bytes, tuple[str, float]] = {}  # their text, and their last use

    def get(
        self, space: Space, keys: Sequence[bytes], out: NDArray[np.float32]
    ) -> tuple[NDArray[np.bool_], float]:
        """Fill rows of `out`; which were found, and what computing them took in seconds."""
        found = np.zeros(len(keys), dtype=bool)
        total = 0.0
        for position, key in enumerate(keys):
            row, seconds = self._rows.get(space.digest + key, (None, 0.0))
            if row is not None and row.shape == out.shape[1:]:
                out[position] = row
                found[position] = True
                total += seconds
                self._rows.move_to_end(space.digest + key)
        if found.any():
            self._spaces[space.digest] = space.text, time.time()
        return found, total

    def put(
        self,
        space: Space,
        keys: Sequence[bytes],
        features: NDArray[np.float32],
        seconds: float,
        merge: bool = True,
    ) -> None:
        cost = 4 * features.shape[1] + _OVERHEAD
        # Those that would only push out the ones before them need not be copied.
        kept = self._max_bytes // cost
        for key, row in zip(keys[:kept], features[:kept], strict=True):
            name = space.digest + key
            if name in self._rows:
                self._discard(name)
            self._rows[name] = row.copy(), seconds
            self._bytes += cost
        while self._bytes > self._max_bytes:
            self._discard(next(iter(self._rows)))
        if kept:
            self._spaces[space.digest] = space.text, time.time()

    def _discard(self, name: bytes) -> None:
        self._bytes -= self._rows.pop(name)[0].nbytes + _OVERHEAD

    def info(self) -> StoreInfo:
        sizes: dict[bytes, list[int]] = defaultdict(list)
        for name, (row, _) in self._rows.items():
            sizes[name[:32]].append(row.nbytes + _OVERHEAD)
        spaces = []
        for digest, of_rows in sizes.items():
            text, last_used = self._spaces[digest]
            spaces.append(
                SpaceInfo(json.loads(text), digest.hex(), len(of_rows), 0, sum(of_rows), last_used)
            )
        return StoreInfo.of(spaces)

    def compact(self) -> int:
        return 0

    def clear(self) -> int:
        removed, self._bytes = self._bytes, 0
        self._rows.clear()
        self._spaces.clear()
        return removed

    def verify(self, repair: bool) -> StoreCheck:
        return StoreCheck(len(self._rows), repaired=repair)

    def check_writable(self) -> None:
        pass
