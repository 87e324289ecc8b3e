"""Features of a frozen backbone, each image's computed once."""

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl._utils.cache import Cache
from skdl.backbones import BackboneWeights
from skdl.engine._backbone import (
    BackboneSpec,
    as_channels,
    find_layers,
    pooled,
    structure_digest,
)
from skdl.engine._building import building
from skdl.engine._devices import prepare_devices
from skdl.engine._folding import folded, folds_as
from skdl.images import (
    ImageBatch,
    ImageShape,
    ValueRange,
    pixel_range,
    range_offset_and_scale,
    rescale,
)
from skdl.store import FeatureStore

# Raised whenever the same parameters come to give other features.
_VERSION = 1
# What is put into a store at a time: little is lost when the process is killed, and files are few.
_PUT_BYTES, _PUT_SECONDS = 8 * 2**20, 10.0


@dataclass(frozen=True)
class FeatureSpec:
    """What is computed of an image."""

    backbone: BackboneSpec
    image_shape: ImageShape  # as they reach the network
    layers: tuple[str | int, ...]  # names, or positions in `model.layers`
    poolings: tuple[Any, ...]  # empty keeps the feature maps of the only layer
    precision: Any = "float32"

    @property
    def key(self) -> Hashable | None:
        key = self.backbone.key
        rest = (self.image_shape, self.layers, self.poolings, self.precision)
        return None if key is None else (key, *rest)


class FeatureNetwork:
    """A tapped backbone with its weights, traced. Any number of estimators share it."""

    @building()
    def __init__(self, spec: FeatureSpec, weights: BackboneWeights) -> None:
        self._spec = spec
        self._preprocessing = spec.backbone.declaration.preprocessing
        model = spec.backbone.build_with(spec.image_shape[:2], weights)
        self.structure = structure_digest(model)
        layers = [
            find_layers(model, [tapped], spec.backbone.label)[0]
            if isinstance(tapped, str)
            else model.layers[tapped]
            for tapped in spec.layers
        ]
        outputs = [layer.output for layer in layers]
        if any(len(output.shape) != 4 for output in outputs):
            raise ValueError(
                f"The layers {[layer.name for layer in layers]} of the backbone "
                f"{spec.backbone.label} do not all give feature maps (n, height, width, channels)."
            )
        self.names = [layer.name for layer in layers]
        tapped = keras.Model(model.input, outputs)
        declared = set(spec.backbone.declaration.layers)
        # Whether the features of each layer are those that it has without the others, to the bit.
        self.separable = declared.issuperset(self.names) and folds_as(tapped, model)
        self._model = folded(tapped, spec.precision)
        self._functions: dict[np.dtype[Any], Any] = {}
        self._lock = threading.Lock()
        self.n_traces = 0
        probe = self.function(np.dtype(np.float32)).structured_outputs
        # Of each part: of each layer, by each pooling.
        self.widths = [int(np.prod(tensor.shape[1:])) for tensor in probe]
        pooled_ = bool(spec.poolings)
        self.output_shape = (sum(self.widths),) if pooled_ else tuple(probe[0].shape[1:])

    def run(self, images: npt.NDArray[Any], offset: float, scale: float) -> npt.NDArray[np.float32]:
        """Features of one batch, one row per image."""
        function = self.function(images.dtype)
        parts = function(tf.convert_to_tensor(images), tf.constant(offset), tf.constant(scale))
        rows = [np.asarray(part).reshape(len(images), -1) for part in parts]
        return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)

    def function(self, dtype: np.dtype[Any]) -> Any:
        with self._lock:
            if dtype not in self._functions:
                self._functions[dtype] = self._trace(dtype)
            return self._functions[dtype]

    @building()
    def _trace(self, dtype: np.dtype[Any]) -> Any:
        poolings = self._spec.poolings

        def forward(images: Any, offset: Any, scale: Any) -> list[Any]:
            self.n_traces += 1
            values = rescale(tf.cast(images, tf.float32), offset, scale)
            values = as_channels(values, self._preprocessing.channels)
            maps = self._model(self._preprocessing.apply(values), training=False)
            maps = maps if isinstance(maps, list | tuple) else [maps]
            maps = [tf.cast(one, tf.float32) for one in maps]
            if not poolings:
                return maps
            return [pooled(one, pooling) for one in maps for pooling in poolings]

        scalar = tf.TensorSpec([], tf.float32)
        return tf.function(forward, autograph=False).get_concrete_function(
            tf.TensorSpec([None, *self._spec.image_shape], dtype), scalar, scalar
        )


_networks = Cache[FeatureNetwork](max_number=8)


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


@dataclass(frozen=True)
class FeatureExtractor:
    """Frozen features, as one fitted estimator owns them."""

    spec: FeatureSpec
    weights: BackboneWeights
    value_range: ValueRange

    @property
    def network(self) -> FeatureNetwork:
        """Built once a process while it is in use."""
        prepare_devices()
        key = None if self.spec.key is None else (self.spec.key, self.weights.digest)
        return _networks.get(key, lambda: FeatureNetwork(self.spec, self.weights))

    def as_function(self) -> tuple[Any, list[npt.NDArray[Any]]]:
        """What is computed of float32 images: a concrete function, and its other arguments.

        It gives a part for each layer and pooling, which `transform` puts side by side.
        """
        ends = range_offset_and_scale(pixel_range(self.value_range))
        arguments = [np.asarray(end, np.float32) for end in ends]
        return self.network.function(np.dtype(np.float32)), arguments

    def spaces(self, images: ImageBatch) -> list[tuple[dict[str, Any], int]]:
        """What features depend on besides the image's content, and how many there are.

        One for each layer and pooling where these do not depend on each other: whoever asks for
        one of them finds it, whatever was computed in the same pass.
        """
        spec, network = self.spec, self.network
        all_named = all(isinstance(layer, str) for layer in spec.layers)
        names = network.names if all_named else list(spec.layers)
        poolings: list[Any] = list(spec.poolings) or [None]
        parts: list[tuple[list[Any], Any]] = [([n], p) for n in names for p in poolings]
        if network.separable or len(parts) == 1:
            return [
                (self._space(images, *part), width)
                for part, width in zip(parts, network.widths, strict=True)
            ]
        together = poolings[0] if len(poolings) == 1 else poolings
        return [(self._space(images, names, together), sum(network.widths))]

    def _space(self, images: ImageBatch, layers: list[Any], pooling: Any) -> dict[str, Any]:
        spec, backbone = self.spec, self.spec.backbone.backbone
        return {
            "version": _VERSION,
            "backbone": backbone if isinstance(backbone, str) else backbone.__qualname__,
            "structure": self.network.structure,
            "preprocessing": repr(spec.backbone.declaration.preprocessing),
            "weights": self.weights.digest,
            "layers": layers,
            "pooling": pooling,
            "precision": spec.precision,
            "image_shape": list(spec.image_shape),
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
