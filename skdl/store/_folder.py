"""Features in a folder, which any number of processes and machines share without locks.

Shards are only ever added whole or removed whole, so that whatever a process sees of the others'
work, and wherever one is killed, each entry is there and right, or not there.

Decisions: docs/decisions.md#the-feature-store.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skdl._utils.storage import NO_ROOM, make_writable
from skdl._utils.text import shown_path
from skdl.store import _upkeep
from skdl.store._checks import Space
from skdl.store._index import ShardIndex
from skdl.store._layout import FoundFile, Layout
from skdl.store._limit import SizeLimit
from skdl.store._reports import StoreCheck, StoreInfo
from skdl.store._shards import (
    ENTRY_OVERHEAD,
    HEADER_BYTES,
    DamagedError,
    Shard,
    apart,
    open_shard,
    read_head,
    write_shard,
)

# The size limit removes whole shards: they should not be too large. Many take long to open.
_SHARD_BYTES = 2**26
_SHARDS_AT_LEAST = 8
_SHARDS_AT_MOST = 1024  # of those that are full

# More small shards than that are merged.
_SMALL_SHARDS = 64
_SMALL_ENTRIES = 256
_SMALL_BYTES = 2**20

# What happens when another process clears the store between two steps of a put: then it is tried
# again. Python's mkdir and access tell a folder that has just gone by the latter two.
_VANISHED = (FileNotFoundError, FileExistsError, PermissionError)
_ATTEMPTS = 5

_ADVICE = "Choose another folder for the feature store, or None for one in memory."


class FolderFeatures:
    """Rows by space and key; the store above it keeps threads apart."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._layout = Layout(folder)
        self._forget()

    def _forget(self) -> None:
        self._limit = SizeLimit(self._layout, self._max_bytes)
        self._indices: dict[tuple[bytes, int], ShardIndex] = {}

    def _index(self, space: Space, width: int) -> ShardIndex:
        name = (space.digest, width)
        if name not in self._indices:
            place = self._layout.space_folder(space.digest)
            self._indices[name] = ShardIndex(place, space.digest, width)
        return self._indices[name]

    def get(
        self, space: Space, keys: Sequence[bytes], out: NDArray[np.float32]
    ) -> tuple[NDArray[np.bool_], float]:
        """Fill rows of `out`; which were found, and what computing them took in seconds."""
        found = np.zeros(len(keys), dtype=bool)
        index = self._index(space, out.shape[1])
        before = index.seconds_read
        index.read(keys, out, found)
        if not found.all() and index.pace.is_due:  # perhaps another process has put them there
            index.refresh()
            index.read(keys, out, found)
        return found, index.seconds_read - before

    def put(
        self,
        space: Space,
        keys: Sequence[bytes],
        features: NDArray[np.float32],
        seconds: float,
        merge: bool = True,
    ) -> None:
        """Store what fits; `seconds` are those of one entry.

        Many small shards are merged, unless somebody else does that. An OSError says that this
        cannot be written; nothing is left then of the shard in question.
        """
        width = features.shape[1]
        at_once = self.shard_entries(width)
        index = self._index(space, width)
        if merge and not index.pace.looked:  # so that small shards of others are merged, too
            index.refresh()
        last = dict(zip(keys, range(len(keys)), strict=True))
        if len(last) < len(keys):  # distinct keys, as usual, need no copy
            features = features[list(last.values())]
        distinct = list(last)
        entry = 4 * width + ENTRY_OVERHEAD
        full, rest = divmod(self._limit.usable, at_once * entry + HEADER_BYTES)
        fit = min(len(distinct), full * at_once + max(0, rest - HEADER_BYTES) // entry)
        for start in range(0, fit, at_once):
            some = slice(start, min(start + at_once, fit))
            self._add(space, index, distinct[some], features[some], seconds)
            self._limit.enforce()
        small = [shard for shard in index.shards.values() if _is_small(shard, at_once)]
        if merge and len(small) > _SMALL_SHARDS:
            # A disk that is too full to merge is no harm: the entries are there.
            with suppress(OSError):
                self._merge(space, index, small, at_once)

    def shard_entries(self, width: int) -> int:
        """Entries of a full shard."""
        most = max(_SHARD_BYTES, self._max_bytes // _SHARDS_AT_MOST)
        most = min(most, self._max_bytes // _SHARDS_AT_LEAST)
        return max(1, most // (4 * width + ENTRY_OVERHEAD))

    def _add(
        self,
        space: Space,
        index: ShardIndex,
        keys: Sequence[bytes],
        values: NDArray[np.float32],
        seconds: float,
    ) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                place = self._layout.describe(space)
                shard = write_shard(place, space.digest, keys, values, seconds)
                break
            except _VANISHED:
                if attempt == _ATTEMPTS - 1:
                    raise
        index.add(shard, b"".join(keys))
        self._limit.changed(shard.size)

    def compact(self) -> int:
        """Merge shards that are not half full; how many files fewer there are."""
        removed = 0
        for place in self._layout.spaces():
            description = self._layout.description(place)
            if description is None:
                continue
            space = Space.of(description)
            for width in sorted(_widths(self._layout.shards(place), space.digest)):
                index, at_once = self._index(space, width), self.shard_entries(width)
                index.refresh()
                before = len(index.shards)
                for group in _groups(index.shards.values(), at_once):
                    self._merge(space, index, group, at_once)
                removed += before - len(index.shards)
        return removed

    def _merge(self, space: Space, index: ShardIndex, small: Sequence[Shard], at_once: int) -> None:
        """Write the entries of some shards into few, and remove them after that."""
        keys: list[bytes] = []
        features: list[NDArray[np.float32]] = []
        merged, seconds = [], 0.0
        for shard in small:
            try:
                its_keys = open_shard(shard.path, space.digest)[1]
                rows = index.current(shard, its_keys)
                apart_keys = apart(its_keys)
                mine = [apart_keys[row] for row in rows.tolist()]
                values = np.empty((len(rows), shard.width), dtype=np.float32)
                right = shard.read(rows, mine, values, np.arange(len(rows)))
            except (DamagedError, OSError) as error:
                index.drop(shard, damaged=isinstance(error, DamagedError))
                continue
            keys += [key for key, is_right in zip(mine, right, strict=True) if is_right]
            features.append(values[right])
            merged.append(shard)
            seconds += shard.seconds * int(right.sum())
        if keys:
            joined, mean = np.concatenate(features), seconds / len(keys)
            for start in range(0, len(keys), at_once):
                some = slice(start, start + at_once)
                self._add(space, index, keys[some], joined[some], mean)
        for shard in merged:
            index.drop(shard)
            with suppress(OSError):
                shard.path.unlink()
                self._limit.changed(-shard.size)

    def info(self) -> StoreInfo:
        return _upkeep.survey(self._layout)

    def clear(self) -> int:
        removed = self._layout.clear()
        self._forget()
        return removed

    def verify(self, repair: bool) -> StoreCheck:
        check = _upkeep.verify(self._layout, repair)
        if repair:
            self._forget()
        return check

    def check_writable(self) -> None:
        name = f"The folder {shown_path(self.folder)} of the feature store"
        try:
            make_writable(self._layout.top, _ADVICE, name, probe=True)
        except OSError as error:
            if error.errno not in NO_ROOM:  # of which put warns; what is there can be used
                raise


def _widths(files: Sequence[FoundFile], space: bytes) -> set[int]:
    """Widths of the vectors in shards."""
    found = set()
    for file in files:
        with suppress(DamagedError, OSError), file.path.open("rb") as opened:
            found.add(read_head(opened, space)[2])
    return found


def _groups(shards: Iterable[Shard], at_once: int) -> list[list[Shard]]:
    """Shards that are not half full, in groups that fill one, so that few are in memory at once."""
    groups: list[list[Shard]] = []
    room = 0
    for shard in sorted(shards, key=lambda shard: shard.count):
        if 2 * shard.count >= at_once:
            break
        if not groups or shard.count > room:
            groups.append([])
            room = at_once
        groups[-1].append(shard)
        room -= shard.count
    return [group for group in groups if len(group) > 1]


def _is_small(shard: Shard, at_once: int) -> bool:
    return shard.count < min(_SMALL_ENTRIES, at_once) and shard.size < _SMALL_BYTES
