"""Which shard of a space holds which key, as far as this process knows."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skdl.store._layout import SHARD_SUFFIX
from skdl.store._shards import DamagedError, Shard, open_shard

Place = tuple[Shard, int]

_LISTINGS = 3


class ShardIndex:
    """The shards of one space and width in a folder, and the places of their keys.

    Other processes add and remove shards at any time, so that any of them may turn out to be gone.
    """

    def __init__(self, folder: Path, space: bytes, width: int) -> None:
        self._folder = folder
        self._space = space
        self._width = width
        self.shards: dict[str, Shard] = {}
        self.listed = False
        self.seconds_read = 0.0  # that computing all entries took which were read
        self._places: dict[bytes, Place] = {}
        self._further: dict[bytes, list[Place]] = {}  # of keys that lie in several shards
        self._passed_over: set[str] = set()  # damaged, or of another width

    def refresh(self) -> None:
        """Take up other processes' new shards, and let go of those that they removed."""
        self.listed = True
        for _ in range(_LISTINGS):
            names = self._list()
            for name in self.shards.keys() - names:
                self.drop(self.shards[name])
            self._passed_over &= names
            new = names - self.shards.keys() - self._passed_over
            loaded = [self._load(name) for name in new]
            if all(loaded):
                break

    def _list(self) -> set[str]:
        try:
            return {name for name in os.listdir(self._folder) if name.endswith(SHARD_SUFFIX)}
        except OSError:
            return set()

    def _load(self, name: str) -> bool:
        """Take up a shard; False if it was gone before it could be opened."""
        try:
            shard = open_shard(self._folder / name, self._space)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # perhaps it can be read next time
        except DamagedError:
            self._passed_over.add(name)
            return True
        if shard.width == self._width:
            self.add(shard)
        else:
            self._passed_over.add(name)
        return True

    def add(self, shard: Shard) -> None:
        """Take up a shard, whose entries win over those that were known before."""
        places = self._places
        for row, key in enumerate(shard.keys):
            if key in places:
                self._further.setdefault(key, []).append(places[key])
            places[key] = (shard, row)
        self.shards[shard.path.name] = shard

    def drop(self, shard: Shard, *, damaged: bool = False) -> None:
        """Forget a shard; a damaged one is not taken up again."""
        self.shards.pop(shard.path.name, None)
        if damaged:
            self._passed_over.add(shard.path.name)
        for key in shard.keys:
            self.forget(key, shard)

    def forget(self, key: bytes, shard: Shard) -> None:
        """Forget one entry of a shard; another shard's of the same key takes its place."""
        known = self._further.pop(key, [])
        if key in self._places:
            known.append(self._places.pop(key))
        left = [place for place in known if place[0] is not shard]
        if left:
            self._places[key] = left.pop()
        if left:
            self._further[key] = left

    def read(
        self, keys: Sequence[bytes], out: NDArray[np.float32], found: NDArray[np.bool_]
    ) -> None:
        """Fill the rows of `out` that are not found yet, and note them in `found`."""
        positions = np.flatnonzero(~found).tolist()
        while positions:
            # Each round without an end forgets at least one place.
            wanted: dict[Shard, list[tuple[int, int]]] = defaultdict(list)
            for position in positions:
                if (place := self._places.get(keys[position])) is not None:
                    wanted[place[0]].append((position, place[1]))
            positions = []
            for shard, pairs in wanted.items():
                targets, rows = np.array(pairs, dtype=np.intp).T
                try:
                    right = shard.read(rows, out, targets)
                except (DamagedError, OSError) as error:
                    self.drop(shard, damaged=isinstance(error, DamagedError))
                    out[targets] = 0
                    positions += targets.tolist()
                    continue
                shard.touch()
                found[targets[right]] = True
                self.seconds_read += shard.seconds * int(right.sum())
                for position in targets[~right].tolist():
                    self.forget(keys[position], shard)
                    positions.append(position)

    def current(self, shard: Shard) -> NDArray[np.intp]:
        """Rows of a shard that no other shard's entry has taken the place of."""
        mine = [self._places.get(key) == (shard, row) for row, key in enumerate(shard.keys)]
        return np.flatnonzero(mine)
