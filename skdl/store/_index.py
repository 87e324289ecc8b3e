"""Which shard of a space holds which key, as far as this process knows.

Decisions: docs/decisions.md#the-feature-store.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from skdl._utils.threads import in_threads
from skdl.store._layout import SHARD_SUFFIX
from skdl.store._pace import Pace
from skdl.store._shards import DamagedError, Shard, open_shard

_LISTINGS = 3
OPENERS = 8
"""Threads that open shards, since a file system may take long for each."""
_NOWHERE = -1

# A shard and its keys, or why there is none.
_Opened: TypeAlias = tuple[Shard, bytes] | OSError | DamagedError


@dataclass
class _Run:
    """Places of keys, sorted by the first 8 bytes of each.

    Those tell a hundred million keys apart as well as all 32 do; if two were ever the same, the
    checksum of an entry, which covers its key, would say that it is not the one.
    """

    starts: NDArray[np.uint64]
    shards: NDArray[np.int32]  # their numbers, or nowhere
    rows: NDArray[np.int32]

    def find(self, starts: NDArray[np.uint64], here: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Where the first is whose shard is here, or nowhere."""
        at, last = np.searchsorted(self.starts, starts), len(self.starts) - 1
        while True:
            inside = np.minimum(at, last)
            same = (self.starts[inside] == starts) & (at <= last)
            gone = same & ~here[self.shards[inside]]
            if not gone.any():
                return np.where(same, at, _NOWHERE)
            at[gone] += 1

    @classmethod
    def of(cls, runs: Sequence["_Run"], here: NDArray[np.bool_]) -> "_Run":
        """What is here of several, those of the first before equal ones of the others."""
        starts, shards, rows = (
            np.concatenate([getattr(run, name) for run in runs])
            for name in ("starts", "shards", "rows")
        )
        order = np.argsort(starts, kind="stable")
        order = order[here[shards[order]]]
        return cls(starts[order], shards[order], rows[order])


class ShardIndex:
    """The shards of one space and width in a folder, and the places of their keys.

    Other processes add and remove shards at any time, so that any of them may turn out to be gone.
    """

    def __init__(self, folder: Path, space: bytes, width: int) -> None:
        self._folder = folder
        self._space = space
        self._width = width
        self.shards: dict[str, Shard] = {}
        self.pace = Pace()
        self.seconds_read = 0.0  # that computing all entries took which were read
        self._numbered: dict[int, Shard] = {}
        self._next = 0
        self._here = np.zeros(1, dtype=bool)  # by number; the last is that of nowhere
        self._runs: list[_Run] = []  # the oldest first, each at least twice as long as the next
        self._passed_over: set[str] = set()  # damaged, or of another width

    def refresh(self) -> None:
        """Take up other processes' new shards, and let go of those that they removed."""
        with self.pace.look():
            for _ in range(_LISTINGS):
                names = self._list()
                for name in self.shards.keys() - names:
                    self.drop(self.shards[name])
                self._passed_over &= names
                new = sorted(names - self.shards.keys() - self._passed_over)
                opened = in_threads(self._open, new, OPENERS, per_task=1)
                loaded = list(map(self._take_up, new, opened))
                if all(loaded):
                    break

    def _list(self) -> set[str]:
        try:
            return {name for name in os.listdir(self._folder) if name.endswith(SHARD_SUFFIX)}
        except OSError:
            return set()

    def _open(self, name: str) -> _Opened:
        try:
            return open_shard(self._folder / name, self._space)
        except (OSError, DamagedError) as error:
            return error

    def _take_up(self, name: str, opened: _Opened) -> bool:
        """Take up a shard; False if it was gone before it could be opened."""
        if isinstance(opened, FileNotFoundError):
            return False
        if isinstance(opened, OSError):
            return True  # perhaps it can be read next time
        if not isinstance(opened, DamagedError) and opened[0].width == self._width:
            self.add(*opened)
        else:
            self._passed_over.add(name)
        return True

    def add(self, shard: Shard, keys: bytes) -> None:
        """Take up a shard, whose entries win over those that were known before."""
        shard.number, self._next = self._next, self._next + 1
        if self._next == len(self._here):
            self._here = np.append(self._here, np.zeros(len(self._here), dtype=bool))
        self._here[shard.number] = True
        self._numbered[shard.number] = self.shards[shard.path.name] = shard
        numbers = np.full(shard.count, shard.number, dtype=np.int32)
        rows = np.arange(shard.count, dtype=np.int32)
        run = _Run.of([_Run(_starts(keys), numbers, rows)], self._here)
        while self._runs and len(self._runs[-1].starts) < 2 * len(run.starts):
            run = _Run.of([run, self._runs.pop()], self._here)
        self._runs.append(run)

    def drop(self, shard: Shard, *, damaged: bool = False) -> None:
        """Forget a shard; a damaged one is not taken up again."""
        self.shards.pop(shard.path.name, None)
        if damaged:
            self._passed_over.add(shard.path.name)
        self._numbered.pop(shard.number, None)
        self._here[shard.number] = False

    def _find(self, starts: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """In which run the newest entries are, or nowhere, and where in it."""
        runs, places = np.full((2, len(starts)), _NOWHERE, dtype=np.intp)
        for number in reversed(range(len(self._runs))):
            left = np.flatnonzero(runs == _NOWHERE)
            at = self._runs[number].find(starts[left], self._here)
            there = at != _NOWHERE
            runs[left[there]], places[left[there]] = number, at[there]
        return runs, places

    def _entries(
        self, runs: NDArray[np.intp], places: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Numbers of shards, and rows in them, of what was found."""
        shards, rows = np.full((2, len(runs)), _NOWHERE, dtype=np.intp)
        for number, run in enumerate(self._runs):
            mine = runs == number
            shards[mine], rows[mine] = run.shards[places[mine]], run.rows[places[mine]]
        return shards, rows

    def read(
        self, keys: Sequence[bytes], out: NDArray[np.float32], found: NDArray[np.bool_]
    ) -> None:
        """Fill the rows of `out` that are not found yet, and note them in `found`."""
        starts = _starts(b"".join(keys))
        positions = np.flatnonzero(~found)
        while len(positions):
            # Each round but the last forgets at least one place, or one shard.
            runs, places = self._find(starts[positions])
            there = runs != _NOWHERE
            positions, runs, places = positions[there], runs[there], places[there]
            shards, rows = self._entries(runs, places)
            for number in np.unique(shards).tolist():
                mine = np.flatnonzero(shards == number)
                right = self._read_shard(
                    self._numbered[number], positions[mine], rows[mine], keys, out
                )
                found[positions[mine[right]]] = True
                for entry in mine[~right].tolist():
                    self._runs[runs[entry]].shards[places[entry]] = _NOWHERE
            positions = positions[~found[positions]]

    def _read_shard(
        self,
        shard: Shard,
        targets: NDArray[np.intp],
        rows: NDArray[np.intp],
        keys: Sequence[bytes],
        out: NDArray[np.float32],
    ) -> NDArray[np.bool_]:
        """Fill rows of `out` from a shard, and say which; none where it is gone, and forgotten."""
        try:
            right = shard.read(rows, [keys[target] for target in targets.tolist()], out, targets)
        except (DamagedError, OSError) as error:
            self.drop(shard, damaged=isinstance(error, DamagedError))
            self.pace = Pace()  # it may have been merged: then its entries are in another
            out[targets] = 0
            return np.zeros(len(targets), dtype=bool)
        shard.touch()
        self.seconds_read += shard.seconds * int(right.sum())
        return right

    def current(self, shard: Shard, keys: bytes) -> NDArray[np.intp]:
        """Rows of a shard that no other shard's entry has taken the place of."""
        shards, rows = self._entries(*self._find(_starts(keys)))
        return np.flatnonzero((shards == shard.number) & (rows == np.arange(len(rows))))


def _starts(keys: bytes) -> NDArray[np.uint64]:
    """The first 8 bytes of each key, which are as good as random."""
    return np.frombuffer(keys, dtype="<u8")[::4].astype(np.uint64)
