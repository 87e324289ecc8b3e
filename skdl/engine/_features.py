"""Features of a frozen Keras network."""

import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl._utils.cache import Cache
from skdl.backbones import BackboneWeights, Extractor
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
    ImageShape,
    ValueRange,
    pixel_range,
    range_offset_and_scale,
    rescale,
)


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
                f"{spec.backbone.label} do not all output feature maps (n, height, width, "
                "channels)."
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
            maps = self._maps(self._preprocessing.apply(values))
            maps = [tf.cast(one, tf.float32) for one in maps]
            if not poolings:
                return maps
            return [pooled(one, pooling) for one in maps for pooling in poolings]

        scalar = tf.TensorSpec([], tf.float32)
        return tf.function(forward, autograph=False).get_concrete_function(
            tf.TensorSpec([None, *self._spec.image_shape], dtype), scalar, scalar
        )

    def _maps(self, images: Any) -> list[Any]:
        """The feature map of each layer, of preprocessed images."""
        maps = self._model(images, training=False)
        return list(maps) if isinstance(maps, list | tuple) else [maps]

    @building()
    def bare_function(self) -> Any:
        """What its layers give of preprocessed images, as a concrete function."""
        shape = [None, *self._spec.image_shape[:2], self._preprocessing.channels]
        return tf.function(self._maps, autograph=False).get_concrete_function(
            tf.TensorSpec(shape, tf.float32)
        )


_networks = Cache[FeatureNetwork](max_number=8)


@dataclass(frozen=True)
class FeatureExtractor(Extractor):
    """Frozen features by a Keras network, as one fitted estimator owns them."""

    spec: FeatureSpec
    weights: BackboneWeights
    value_range: ValueRange

    @property
    def network(self) -> FeatureNetwork:
        """Built once per process while it is in use."""
        prepare_devices()
        key = None if self.spec.key is None else (self.spec.key, self.weights.digest)
        return _networks.get(key, lambda: FeatureNetwork(self.spec, self.weights))

    @property
    def layers(self) -> list[Any]:
        all_named = all(isinstance(layer, str) for layer in self.spec.layers)
        return self.network.names if all_named else list(self.spec.layers)

    @property
    def poolings(self) -> Sequence[Any]:
        return self.spec.poolings

    def facts(self) -> dict[str, Any]:
        spec, backbone = self.spec, self.spec.backbone.backbone
        return {
            "backbone": backbone if isinstance(backbone, str) else backbone.__qualname__,
            "structure": self.network.structure,
            "preprocessing": repr(spec.backbone.declaration.preprocessing),
            "weights": self.weights.digest,
            "precision": spec.precision,
            "image_shape": list(spec.image_shape),
        }

    def as_function(self) -> tuple[Any, list[npt.NDArray[Any]]]:
        """What is computed of float32 images: a concrete function, and its other arguments.

        It gives a part for each layer and pooling, which `transform` puts side by side.
        """
        ends = range_offset_and_scale(pixel_range(self.value_range))
        arguments = [np.asarray(end, np.float32) for end in ends]
        return self.network.function(np.dtype(np.float32)), arguments
