"""Features of a frozen network, each image's computed once, whatever runs the network."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from skdl.images import ImageBatch, ValueRange, pixel_range, range_offset_and_scale
from skdl.store import FeatureStore

POOLINGS = ("avg", "max", "flatten", "gem")
"""How feature maps become numbers."""

# Raised whenever the same parameters come to give other features.
_VERSION = 1
# What is put into a store at a time: little is lost when the process is killed, and files are few.
_PUT_BYTES, _PUT_SECONDS = 8 * 2**20, 10.0


class FeatureSource(Protocol):
    """A network that is ready to run."""

    @property
    def names(self) -> list[str]:
        """The layers whose features it gives."""

    @property
    def widths(self) -> list[int]:
        """Number of features of each part: of each layer, by each pooling."""

    @property
    def separable(self) -> bool:
        """Whether each layer's features are those that it has without the others, to the bit."""

    def run(self, images: npt.NDArray[Any], offset: float, scale: float) -> npt.NDArray[np.float32]:
        """Features of one batch, one row per image."""


class _Putter:
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
        waiting, seconds = features[self._start : done], time.perf_counter() - self._time
        enough = waiting.nbytes >= _PUT_BYTES or seconds > _PUT_SECONDS
        if enough or done == len(self.keys):
            keys, column, share = self.keys[self._start : done], 0, seconds / len(self._spaces)
            for space, width in self._spaces:
                self._store.put(space, keys, waiting[:, column : column + width], seconds=share)
                column += width
            self._start, self._time = done, time.perf_counter()


class Extractor(ABC):
    """Frozen features, as one fitted estimator owns them.

    What features depend on besides the image's content and the network is in `value_range`.
    """

    value_range: ValueRange

    @property
    @abstractmethod
    def network(self) -> FeatureSource:
        """Built once per process while it is in use."""

    @property
    @abstractmethod
    def layers(self) -> list[Any]:
        """What the layers are called in a store."""

    @property
    @abstractmethod
    def poolings(self) -> Sequence[Any]:
        """How each layer's output becomes numbers; empty keeps the maps of the only layer."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What all features depend on: the network, its weights, what it gets."""

    def spaces(self, images: ImageBatch) -> list[tuple[dict[str, Any], int]]:
        """What features depend on besides the image's content, and how many there are.

        One for each layer and pooling where these do not depend on each other: each is
        found by itself, whatever was computed in the same pass.
        """
        network, layers = self.network, self.layers
        poolings: list[Any] = list(self.poolings) or [None]
        parts: list[tuple[list[Any], Any]] = [([n], p) for n in layers for p in poolings]
        if network.separable or len(parts) == 1:
            return [
                (self._space(images, *part), width)
                for part, width in zip(parts, network.widths, strict=True)
            ]
        together = poolings[0] if len(poolings) == 1 else poolings
        return [(self._space(images, layers, together), sum(network.widths))]

    def _space(self, images: ImageBatch, layers: list[Any], pooling: Any) -> dict[str, Any]:
        return {
            "version": _VERSION,
            **self.facts(),
            "layers": layers,
            "pooling": pooling,
            "value_range": self.value_range,
            **images.origin,
        }

    def transform(
        self,
        images: ImageBatch,
        store: FeatureStore | None = None,
        batch_size: int = 32,
        n_threads: int | None = None,
        report: Callable[[int], None] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Features of images, one row each, looked up in a store and put there.

        Threads hash the images, as many as there are cores where their number is None. What
        reports gets the number of images that are done.
        """
        width = sum(self.network.widths)
        if store is None:
            return self._compute(images, None, width, batch_size, report)
        keys = images.digests(n_threads)
        spaces = self.spaces(images)
        features, found = store.get_together(spaces, keys)
        first: dict[bytes, int] = {}
        for row in np.flatnonzero(~found).tolist():
            first.setdefault(keys[row], row)
        known = int(found.sum())
        if report is not None and known:
            report(known)
        missing = np.fromiter(first.values(), dtype=np.intp, count=len(first))
        if not len(missing):
            return features
        putter = _Putter(store, spaces, [keys[row] for row in missing.tolist()])
        ahead = None if report is None else lambda done: report(known + done)
        features[missing] = self._compute(images, missing, width, batch_size, ahead, putter)
        row_of = dict(zip(putter.keys, missing.tolist(), strict=True))
        others = np.setdiff1d(np.flatnonzero(~found), missing)
        equal = [row for row in others.tolist() if keys[row] in row_of]
        features[equal] = features[[row_of[keys[row]] for row in equal]]
        if len(equal) < len(others):  # copies of a file that has been replaced in the meantime
            rest = np.setdiff1d(others, equal)
            features[rest] = self.transform(images[rest], store, batch_size, n_threads)
        if report is not None and len(others):
            report(len(images))
        return features

    def _compute(
        self,
        images: ImageBatch,
        rows: npt.NDArray[np.intp] | None,
        width: int,
        batch_size: int,
        report: Callable[[int], None] | None = None,
        putter: _Putter | None = None,
    ) -> npt.NDArray[np.float32]:
        """Features of some rows, or all; the next batch is read while one is computed."""
        features = np.empty((len(images if rows is None else rows), width), np.float32)
        network = self.network
        offset, scale = range_offset_and_scale(pixel_range(self.value_range))
        for span, pixels, digests in images.chunks(batch_size, rows, putter is not None):
            features[span] = network.run(pixels, offset, scale)
            if putter is not None:
                putter.progress(features, span.stop, digests)
            if report is not None:
                report(span.stop)
        return features
