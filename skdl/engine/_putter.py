"""Computed features on their way into a store."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl.store import FeatureStore

# What is put into a store at a time: little is lost when the process is killed, and files are few.
_PUT_BYTES, _PUT_SECONDS = 8 * 2**20, 10.0


class Putter:
    """Puts what was computed into a store, some at a time, with the time that it took.

    Its keys are the digests of the images. A file may be replaced after it was looked up: then that
    of the image whose features they are takes its place.
    """

    def __init__(
        self,
        store: FeatureStore,
        spaces: Sequence[tuple[dict[str, Any], int]],
        keys: list[bytes],
    ) -> None:
        self._store = store
        self._spaces = spaces
        self.keys = keys
        self._start = 0
        self._time = time.perf_counter()

    def progress(self, features: npt.NDArray[np.float32], done: int, digests: list[bytes]) -> None:
        """Take the features of `done` images, the last of which have these digests, if known."""
        self.keys[done - len(digests) : done] = digests
        waiting = features[self._start : done]
        seconds = time.perf_counter() - self._time
        late = seconds > _PUT_SECONDS
        if done == len(self.keys) or waiting.nbytes >= _PUT_BYTES or late:
            keys, column, share = self.keys[self._start : done], 0, seconds / len(self._spaces)
            for space, width in self._spaces:
                self._store.put(space, keys, waiting[:, column : column + width], seconds=share)
                column += width
            self._start, self._time = done, time.perf_counter()
