"""Looks into a trained network: its layers, what they give, where evidence for a class lies.

Decisions: docs/decisions.md#inspection-and-novelty.
"""

import difflib
import functools
import math
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl._utils.cache import Cache
from skdl._utils.text import shortened
from skdl.engine._body import InferenceMode
from skdl.engine._building import keras_settings
from skdl.engine._devices import prepare_devices, refuse_forked
from skdl.engine._fitted import FittedNetwork
from skdl.engine._optimizers import OptimizerSpec
from skdl.engine._private import all_layers
from skdl.engine._seeding import value_of
from skdl.engine._transfer_network import TransferNetwork
from skdl.images import ImageBatch

# Outputs of all layers for one batch.
_ACTIVATION_BYTES = 64 * 2**20

_inspectors: "Cache[Inspector]" = Cache(max_number=16)

# Activations of the last layer, of which what goes in is looked at.
_ENDS = (keras.activations.softmax, keras.activations.sigmoid)

Watcher = Callable[[Any, Any], None]


class Inspector:
    """A copy of a fitted network whose layers are watched.

    The optimizer is not used, but Keras models are compiled with one.
    """

    @classmethod
    def of(cls, network: FittedNetwork | TransferNetwork, optimizer: OptimizerSpec) -> "Inspector":
        """What looks into a network; it goes when the network does, which it is no part of."""
        refuse_forked()
        owner = weakref.ref(network, _inspectors.drop)
        return _inspectors.get(owner, lambda: cls(network, optimizer))

    def __init__(self, network: FittedNetwork | TransferNetwork, optimizer: OptimizerSpec) -> None:
        prepare_devices()
        recipe = network.recipe
        self._gives_numbers = recipe.head == "linear"
        size, self._bgr = recipe.input_shape[:2], False
        if recipe.on_backbone is not None:
            size = recipe.on_backbone.size
            self._bgr = recipe.on_backbone.backbone.declaration.preprocessing.color == "bgr"
        # Keras counts the names of layers up, anew in each thread: so a name means the same layer
        # whatever was built before.
        with ThreadPoolExecutor(1) as thread:
            self._model = thread.submit(network.to_keras, optimizer).result()
        self._watcher: Watcher | None = None
        self._lock = threading.Lock()
        for layer in all_layers(self._model):
            if not isinstance(layer, keras.Model | InferenceMode):
                self._hook(layer)
        self._layers: dict[str, Any] = {}
        # What each layer gives for one image, in the order of the computation.
        self.shapes: dict[str, tuple[int, ...]] = {}
        n_channels = getattr(network, "n_channels", recipe.input_shape[-1])
        self._probe((*size, n_channels))

    def _hook(self, layer: Any) -> None:
        call = layer.call

        @functools.wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            # Of what a model traces itself, there are no values to look at.
            if self._watcher is not None and tf.executing_eagerly() and tf.is_tensor(outputs):
                self._watcher(layer, outputs)
            return outputs

        layer.call = watched

    def _probe(self, image_shape: tuple[int, ...]) -> None:
        """Find out which layers are computed, in which order, and what they give."""
        calls: list[tuple[Any, Any]] = []
        image = np.zeros((1, *image_shape), np.float32)
        result = self._run(image, lambda layer, outputs: calls.append((layer, outputs)))
        known = set()
        for layer, outputs in calls:
            if id(layer) not in known:
                known.add(id(layer))
                name = layer.name
                while name in self._layers:  # of a layer in another network inside this one
                    name += "'"
                self._layers[name], self.shapes[name] = layer, tuple(outputs.shape[1:])
        last = [layer for layer, outputs in calls if outputs is result]
        self._last = last[-1] if last else None
        floats = sum(math.prod(shape) for shape in self.shapes.values())
        self._batch_size = max(1, _ACTIVATION_BYTES // (4 * max(1, floats)))

    # ---- layers --------------------------------------------------------------------------------

    def check_layer(self, name: str) -> str:
        """Refuse names of no layer."""
        if name in self.shapes:
            return name
        near = difflib.get_close_matches(str(name), self.shapes, n=5)
        last = "".join(list(self.shapes)[-1:]) or "none"
        hint = f"Similar names: {', '.join(near)}. " if near else f"The last one is {last}. "
        raise ValueError(
            f"The network has no layer {shortened(name)}. {hint}layer_shapes() lists them all."
        )

    def map_layer(self, name: str | None) -> str:
        """A layer that gives feature maps; None for the last of more than one position."""
        maps = [name for name, shape in self.shapes.items() if len(shape) == 3]
        if name is not None:
            self.check_layer(name)
            if name not in maps:
                raise ValueError(
                    f"The layer {shortened(name)} outputs shape {self.shapes[name]} for an image; "
                    "expected feature maps (height, width, channels), such as from: "
                    f"{', '.join(maps[-5:]) or 'none'}."
                )
            return name
        # Before the first weights, there is nothing but the image.
        names = list(self.shapes)
        weighted = [place for place, name in enumerate(names) if self._layers[name].weights]
        behind = names[weighted[0] :] if weighted else []
        found = [name for name in behind if name in maps]
        found = [name for name in found if math.prod(self.shapes[name][:2]) > 1] or found
        if not found:
            raise ValueError(
                "The network has no layer that outputs feature maps (height, width, channels) "
                "after its first weights, so it has no convolution to inspect."
            )
        return found[-1]

    def filters(self, name: str) -> npt.NDArray[np.float32]:
        """Kernel of a convolution, of shape (height, width, input channels, filters)."""
        self.check_layer(name)
        kernel: npt.NDArray[np.float32] | None = _kernel(self._layers[name])
        having = [known for known, layer in self._layers.items() if _kernel(layer) is not None]
        if kernel is None:
            shown = f"{', '.join(having[:5])}{', …' if len(having) > 5 else ''}"
            raise ValueError(
                f"The layer {shortened(name)} is a {type(self._layers[name]).__name__}, which has "
                f"no filters. Layers with filters: {shown or 'none'}."
            )
        # The first convolution sees the colours, others do not.
        return kernel[:, :, ::-1] if self._bgr and name == having[0] else kernel

    # ---- passes through the network --------------------------------------------------------------

    def outputs(self, images: ImageBatch, name: str) -> npt.NDArray[np.float32]:
        """What a layer gives for images."""
        layer = self._layers[name]
        result = np.empty((len(images), *self.shapes[name]), np.float32)
        for span, batch, _ in images.chunks(self._batch_size):
            seen: list[Any] = []
            self._run(batch, _noting(layer, seen.append))
            result[span] = tf.cast(seen[-1], tf.float32).numpy()
        return result

    def evidence(
        self,
        images: ImageBatch,
        codes: npt.NDArray[Any],
        name: str,
        size: tuple[int, int],
    ) -> npt.NDArray[np.float32]:
        """Grad-CAM, from 0 to 1: where the maps of a layer speak for a class, or raise a number.

        The codes are the positions of classes or numbers, one per image.
        """
        result = np.empty((len(images), *size), np.float32)
        for span, batch, _ in images.chunks(self._batch_size):
            maps = self._weighted_maps(batch, codes[span], name)
            maps = tf.image.resize(maps[..., tf.newaxis], size, antialias=True)[..., 0].numpy()
            largest = maps.max(axis=(1, 2), keepdims=True)
            result[span] = maps / np.where(largest > 0, largest, 1)
        return result.clip(0, 1, out=result)

    def _weighted_maps(self, batch: Any, codes: Any, name: str) -> Any:
        seen: list[Any] = []
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def watch(outputs: Any) -> None:
                tape.watch(outputs)
                seen.append(outputs)

            logits = self._logits(batch, _noting(self._layers[name], watch))
            score = tf.reduce_sum(tf.gather(logits, tf.constant(codes), batch_dims=1))
        gradient = tape.gradient(score, seen[-1], unconnected_gradients="zero")
        weights = tf.reduce_mean(tf.cast(gradient, tf.float32), axis=(1, 2), keepdims=True)
        return tf.nn.relu(tf.reduce_sum(weights * tf.cast(seen[-1], tf.float32), axis=-1))

    def _logits(self, images: Any, watcher: Watcher) -> Any:
        """What goes into the activation at the end; log-probabilities, or numbers, without one.

        The gradient of a saturated softmax is zero, that of its input is not.
        """
        last: Any = self._last
        if self._gives_numbers:
            return tf.cast(self._run(images, watcher), tf.float32)
        if isinstance(last, keras.layers.Softmax):
            name, linear = "call", _identity
        elif getattr(last, "activation", None) in _ENDS:
            name, linear = "activation", keras.activations.linear
        else:
            return tf.math.log(tf.cast(self._run(images, watcher), tf.float32) + 1e-30)
        with self._lock:
            value = getattr(last, name)
            setattr(last, name, linear)
            try:
                return tf.cast(self._call(images, watcher), tf.float32)
            finally:
                setattr(last, name, value)

    @keras_settings()
    def _run(self, images: Any, watcher: Watcher) -> Any:
        with self._lock:
            return self._call(images, watcher)

    def _call(self, images: Any, watcher: Watcher) -> Any:
        self._watcher = watcher
        try:
            return self._model(tf.cast(images, tf.float32), training=False)
        finally:
            self._watcher = None


def _noting(wanted: Any, note: Callable[[Any], Any]) -> Watcher:
    """What notes the outputs of one layer."""

    def watcher(layer: Any, outputs: Any) -> None:
        if layer is wanted:
            note(outputs)

    return watcher


def _identity(inputs: Any, mask: Any = None) -> Any:
    return inputs


def _kernel(layer: Any) -> Any:
    """Kernel of a convolution of images; those of a depthwise one see one channel each."""
    if isinstance(layer, keras.layers.SeparableConv2D):
        kernel = layer.depthwise_kernel
    elif isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
        kernel = layer.kernel
    else:
        return None
    values = value_of(kernel).astype(np.float32)
    if isinstance(layer, keras.layers.Conv2D):
        return values
    return values.reshape(*values.shape[:2], 1, -1)
