"""Features of an ONNX model, without TensorFlow."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.cache import Cache
from skdl.backbones._declaration import (
    ONNX,
    Backbone,
    Preprocessing,
    backbone_of,
    builder_of,
    check_params,
    label_of,
)
from skdl.backbones._extraction import Extractor
from skdl.backbones._loading import declared_params
from skdl.backbones._onnx_declaration import FileParams, Layout, OnnxDetails
from skdl.backbones._onnx_file import OnnxWeights, load_onnx
from skdl.backbones._onnx_session import (
    OnnxInput,
    OnnxSession,
    outputs_of,
    shared_session,
    tapped,
)
from skdl.backbones._pooling import Places, check_output
from skdl.images import ImageShape, ValueRange, rescale

# Values that are preprocessed at a time: all that is made of them stays in a processor's cache.
_AT_ONCE = 2**17
_GRAY = np.array([0.299, 0.587, 0.114], np.float32)  # of BT.601


def onnx_layers(backbone: str | Callable[..., Any], weights: Any) -> list[str]:
    """Layers to choose from, the usual one first: those declared, or all outputs of a file.

    Whether features can be made of them, `OnnxSource` says.
    """
    if not (isinstance(backbone, str) and backbone.startswith(ONNX)):
        return list(backbone_of(backbone).layers)[::-1]
    return outputs_of(load_onnx(backbone, weights, {}), label_of(backbone))


class OnnxSource:
    """An ONNX model as an estimator names it: read, and asked what it takes.

    Parameters
    ----------
    backbone : str or callable
        ``"onnx:PATH"``, or what is declared: its name, or the function.
    params : dict
        The ``backbone__`` parameters.
    weights : object
        The parameter `weights`.
    layers : list of str or None
        Names of values in the graph.
    """

    def __init__(
        self,
        backbone: str | Callable[..., Any],
        params: Mapping[str, Any],
        weights: Any,
        layers: Sequence[str] | None,
    ) -> None:
        self.label = label_of(backbone)
        is_file = isinstance(backbone, str) and backbone.startswith(ONNX)
        builder: Any = FileParams if is_file else builder_of(backbone)
        check_params(builder, params, f"The backbone {self.label}", "backbone__", [])
        self._declaration: Backbone | None = None
        file = FileParams(**params) if is_file else None
        if file is None:
            self._declaration = builder.backbone
        self.details: OnnxDetails = file.details if file else builder.onnx
        self.weights = load_onnx(backbone, weights, declared_params(builder, params))
        if layers is None and self._declaration is not None:
            layers = [list(self._declaration.layers)[-1]]
        self.layers = tapped(self.weights, layers, self.label)
        self.input: OnnxInput = self._session.input(self.details.layout)
        self.preprocessing = self._preprocessing(file)

    @property
    def _session(self) -> OnnxSession:
        return shared_session(self.weights, self.layers, self.label)

    @property
    def channels(self) -> int:
        return self.preprocessing.channels

    def _preprocessing(self, file: FileParams | None) -> Preprocessing:
        if file is not None:
            return file.preprocessing(self.input.channels, self.label)
        assert self._declaration is not None
        declared = self._declaration.preprocessing
        if declared.channels != self.input.channels:
            raise ValueError(
                f"The backbone {self.label} is declared with color={declared.color!r}, but its "
                f"ONNX model expects {self.input.channels} channels."
            )
        return declared

    def check_size(self, height: int, width: int, advice: str) -> None:
        """Refuse images of another size than the model takes."""
        takes = self.input
        wanted = takes.height or height, takes.width or width
        if (height, width) != wanted:
            raise ValueError(
                f"The images have {height} × {width} pixels, but the ONNX model of the backbone "
                f"{self.label} accepts only {wanted[0]} × {wanted[1]}. Set image_size={wanted} to "
                "resize them."
            )
        smallest = 1 if self._declaration is None else self._declaration.min_size
        if min(height, width) < smallest:
            raise ValueError(
                f"The images have {height} × {width} pixels, but the backbone {self.label} "
                f"requires images of at least {smallest} × {smallest}. {advice}"
            )

    def extractor(
        self,
        image_shape: ImageShape,
        poolings: Sequence[str],
        precision: str,
        value_range: ValueRange,
    ) -> "OnnxExtractor":
        """What computes the features, tried on a black image."""
        if precision != "float32":
            raise ValueError(
                f"precision={precision!r}, but the ONNX model of the backbone {self.label} "
                "computes in the precision it was exported with. Leave precision at 'float32'."
            )
        spec = OnnxSpec(
            self.label,
            self.preprocessing,
            self.input.layout,
            self.details.map_layout or self.input.layout,
            self.details.prefix_tokens,
            image_shape,
            self.layers,
            tuple(poolings),
        )
        found = OnnxExtractor(spec, self.weights, value_range)
        declared = {} if self._declaration is None else self._declaration.layers
        for name, width in zip(self.layers, found.network.channels, strict=True):
            if declared.get(name, width) != width:
                raise ValueError(
                    f"The layer {name!r} of the backbone {self.label} is declared with "
                    f"{declared[name]} channels, but its ONNX model returns {width}. Check "
                    "map_layout."
                )
        return found


@dataclass(frozen=True)
class OnnxSpec:
    """What is computed of an image, in plain values."""

    label: str
    preprocessing: Preprocessing
    layout: Layout
    map_layout: Layout
    prefix_tokens: int | None
    image_shape: ImageShape  # as they reach the network
    layers: tuple[str, ...]
    poolings: tuple[str, ...]

    @property
    def key(self) -> Hashable:
        rest = (self.layout, self.map_layout, self.prefix_tokens, self.image_shape)
        return (self.label, self.preprocessing, *rest, self.layers, self.poolings)


class OnnxNetwork:
    """A model with what stands before and behind it. Any number of estimators share it."""

    def __init__(self, spec: OnnxSpec, weights: OnnxWeights) -> None:
        self._spec, self._weights = spec, weights
        self._input = self._session.input(spec.layout)
        self.names = list(spec.layers)
        self.separable = len(spec.layers) == 1
        black = np.zeros((1, *spec.image_shape[:2], spec.preprocessing.channels), np.float32)
        found = self._places(black, 0.0, 1.0)
        self.channels = [places.channels for places in found]
        self.widths = [p.pooled(pooling).shape[1] for p in found for pooling in spec.poolings]

    @property
    def _session(self) -> OnnxSession:
        # Not kept: it does not outlive a fork.
        return shared_session(self._weights, self._spec.layers, self._spec.label)

    def run(self, images: npt.NDArray[Any], offset: float, scale: float) -> npt.NDArray[np.float32]:
        """Features of one batch, one row per image."""
        found = self._places(images, offset, scale)
        parts = [p.pooled(pooling) for p in found for pooling in self._spec.poolings]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _places(self, images: npt.NDArray[Any], offset: float, scale: float) -> list[Places]:
        """What each layer gives of images."""
        spec, found = self._spec, []
        outputs = self._outputs(self._prepared(images, offset, scale))
        for name, values in zip(spec.layers, outputs, strict=True):
            check_output(values, name, len(images))
            size = spec.image_shape[:2]
            found.append(Places(values, name, size, spec.map_layout, spec.prefix_tokens))
        return found

    def _prepared(self, images: npt.NDArray[Any], offset: float, scale: float) -> npt.NDArray[Any]:
        """Images as the model takes them."""
        height, width = self._spec.image_shape[:2]
        channels = self._spec.preprocessing.channels
        first = self._spec.layout == "NCHW"
        shape = (channels, height, width) if first else (height, width, channels)
        prepared = np.empty((len(images), *shape), self._input.dtype)
        step = max(1, _AT_ONCE // math.prod(images.shape[1:]))
        for start in range(0, len(images), step):
            rows = slice(start, start + step)
            prepared[rows] = self._some_prepared(images[rows], offset, scale)
        return prepared

    def _some_prepared(
        self, images: npt.NDArray[Any], offset: float, scale: float
    ) -> npt.NDArray[Any]:
        preprocessing, dtype = self._spec.preprocessing, self._input.dtype
        values = rescale(images.astype(np.float32), np.float32(offset), np.float32(scale))
        values = _as_channels(values, preprocessing.channels)
        if preprocessing.color == "bgr":
            values = values[..., ::-1]
        # As Preprocessing.apply does it, without turning to double precision.
        values = values * np.float32(preprocessing.scale)
        values -= np.asarray(preprocessing.mean, np.float32)
        values /= np.asarray(preprocessing.std, np.float32)
        if dtype == np.uint8:
            values = values.round().clip(0, 255)
        return values.transpose(0, 3, 1, 2) if self._spec.layout == "NCHW" else values

    def _outputs(self, images: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """What the model gives, of as many images at a time as it takes."""
        session, name, step = self._session, self._input.name, self._input.n_images
        if step is None:
            return session.run(name, images)
        batches = []
        for start in range(0, len(images), step):
            batch = images[start : start + step]
            filled = np.concatenate([batch, np.repeat(batch[-1:], step - len(batch), axis=0)])
            batches.append([values[: len(batch)] for values in session.run(name, filled)])
        return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def _as_channels(images: npt.NDArray[Any], n_channels: int) -> npt.NDArray[Any]:
    """Images of 1, 3 or 4 channels as those that a model takes, as for networks of Keras."""
    found = images.shape[-1]
    if found == n_channels:
        return images
    if n_channels == 3:
        return np.repeat(images, 3, axis=-1) if found == 1 else images[..., :3]
    gray: npt.NDArray[Any] = (images[..., :3] * _GRAY).sum(axis=-1, keepdims=True)
    return gray


_networks = Cache[OnnxNetwork](max_number=16)


@dataclass(frozen=True)
class OnnxExtractor(Extractor):
    """Features of an ONNX model, as one fitted estimator owns them."""

    spec: OnnxSpec
    weights: OnnxWeights
    value_range: ValueRange

    @property
    def network(self) -> OnnxNetwork:
        """Made once per process while it is in use."""
        key = self.spec.key, self.weights.digest
        return _networks.get(key, lambda: OnnxNetwork(self.spec, self.weights))

    @property
    def layers(self) -> list[str]:
        return list(self.spec.layers)

    @property
    def poolings(self) -> Sequence[str]:
        return self.spec.poolings

    def facts(self) -> dict[str, Any]:
        spec = self.spec
        return {
            "backbone": "onnx",  # whatever the file is called
            "weights": self.weights.digest,
            "preprocessing": repr(spec.preprocessing),
            "layout": [spec.layout, spec.map_layout],
            "prefix_tokens": spec.prefix_tokens,
            "image_shape": list(spec.image_shape),
        }
