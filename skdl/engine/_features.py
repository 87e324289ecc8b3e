"""Features of a frozen backbone, each image's computed once."""

import threading
from collections.abc import Callable, Hashable
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
from skdl.engine._putter import Putter
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


@dataclass(frozen=True)
class FeatureSpec:
    """What is computed of an image.

    Parameters
    ----------
    backbone : BackboneSpec
    image_shape : (height, width, channels)
        Of the images as they reach the network.
    layers : tuple of str or int
        Names, or positions in ``model.layers``.
    poolings : tuple of {"avg", "max", "flatten", "gem"}
        Empty keeps the feature maps of the only layer.
    precision : {"float32", "bfloat16"}
    """

    backbone: BackboneSpec
    image_shape: ImageShape
    layers: tuple[str | int, ...]
    poolings: tuple[Any, ...]
    precision: Any = "float32"

    @property
    def key(self) -> Hashable | None:
        key = self.backbone.key
        rest = (self.image_shape, self.layers, self.poolings, self.precision)
        return None if key is None else (key, *rest)


class FeatureNetwork:
    """A tapped backbone with its weights, traced. Any number of estimators share it.

    Attributes
    ----------
    output_shape : tuple of int
        Of one image's features, or feature maps.
    widths : list of int
        Number of features of each part: of each layer, by each pooling.
    names : list of str
        Of the layers.
    separable : bool
        Whether the features of each layer are those that it has without the others, to the bit.
    structure : str
        Digest of what the network computes, apart from its weights.
    """

    @building()
    def __init__(self, spec: FeatureSpec, weights: BackboneWeights) -> None:
        self._spec = spec
        self._preprocessing = spec.backbone.declaration.preprocessing
        model = spec.backbone.build_with(spec.image_shape[:2], weights)
        self.structure = structure_digest(model)
        layers = _tapped_layers(model, spec)
        outputs = [layer.output for layer in layers]
        if any(len(output.shape) != 4 for output in outputs):
            raise ValueError(
                f"The layers {[layer.name for layer in layers]} of the backbone "
                f"{spec.backbone.label} do not all give feature maps (n, height, width, channels)."
            )
        self.names = [layer.name for layer in layers]
        tapped = keras.Model(model.input, outputs)
        declared = set(spec.backbone.declaration.layers)
        self.separable = declared.issuperset(self.names) and folds_as(tapped, model)
        self._model = folded(tapped, spec.precision)
        self._functions: dict[np.dtype[Any], Any] = {}
        self._lock = threading.Lock()
        self.n_traces = 0
        probe = self._function(np.dtype(np.float32)).structured_outputs
        self.widths = [int(np.prod(tensor.shape[1:])) for tensor in probe]
        pooled_ = bool(spec.poolings)
        self.output_shape = (sum(self.widths),) if pooled_ else tuple(probe[0].shape[1:])

    def run(self, images: npt.NDArray[Any], offset: float, scale: float) -> npt.NDArray[np.float32]:
        """Features of one batch, one row per image."""
        function = self._function(images.dtype)
        parts = function(tf.convert_to_tensor(images), tf.constant(offset), tf.constant(scale))
        rows = [np.asarray(part).reshape(len(images), -1) for part in parts]
        return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)

    def _function(self, dtype: np.dtype[Any]) -> Any:
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


def _tapped_layers(model: keras.Model, spec: FeatureSpec) -> list[Any]:
    names = [layer for layer in spec.layers if isinstance(layer, str)]
    found = dict(zip(names, find_layers(model, names, spec.backbone.label), strict=True))
    return [
        found[layer] if isinstance(layer, str) else model.layers[layer] for layer in spec.layers
    ]


_networks = Cache[FeatureNetwork](max_number=8)


@dataclass(frozen=True)
class FeatureExtractor:
    """Frozen features, as one fitted estimator owns them.

    Parameters
    ----------
    spec : FeatureSpec
    weights : BackboneWeights
    value_range : (low, high) or "standardized"
    """

    spec: FeatureSpec
    weights: BackboneWeights
    value_range: ValueRange

    @property
    def network(self) -> FeatureNetwork:
        """Built once a process while it is in use."""
        prepare_devices()
        key = None if self.spec.key is None else (self.spec.key, self.weights.digest)
        return _networks.get(key, lambda: FeatureNetwork(self.spec, self.weights))

    def spaces(self, images: ImageBatch) -> list[tuple[dict[str, Any], int]]:
        """What features depend on besides the image's content, and how many there are.

        One for each layer and pooling where these do not depend on each other: whoever asks for
        one of them finds it, whatever was computed in the same pass.
        """
        spec, network = self.spec, self.network
        names = network.names if _all_named(spec) else list(spec.layers)
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
        """Features of images.

        Parameters
        ----------
        images : ImageBatch
        store : FeatureStore, default=None
            Where features are looked up, and put.
        batch_size : int, default=32
        n_threads : int, default=None
            That read, resize and hash images; None takes as many as there are cores.
        report : callable, default=None
            Called with the number of images that are done.

        Returns
        -------
        features : float32 ndarray of shape (n, n_features)
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
        putter = Putter(store, spaces, [keys[row] for row in missing.tolist()])
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
        putter: Putter | None = None,
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


def _all_named(spec: FeatureSpec) -> bool:
    return all(isinstance(layer, str) for layer in spec.layers)
