"""A backbone's structure: built, tapped, cut.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import keras

from skdl._utils.text import shortened
from skdl.backbones import (
    Backbone,
    BackboneWeights,
    PlainState,
    backbone_of,
    builder_of,
    check_params,
    declared_params,
    label_of,
    load_weights,
)
from skdl.engine._building import building
from skdl.engine._devices import prepare_devices
from skdl.engine._folding import settle
from skdl.engine._keys import builder_key, freeze, plain_text
from skdl.engine._private import is_used_once, refuse_empty_maps
from skdl.engine._seeding import assign, python_random

Precision = Literal["float32", "bfloat16"]

# Random weights are the same for all: whoever compares networks compares nothing else.
_SEED = 0
# Of layers and networks inside networks: counted up by Keras, or drawn.
_UNSTABLE = frozenset(
    {
        "batch_shape",
        "build_config",
        "build_input_shape",
        "input_layers",
        "name",
        "output_layers",
        "seed",
        "shared_object_id",
    }
)


@dataclass(frozen=True)
class BackboneSpec(PlainState):
    """A backbone with its parameters, in a form that can be pickled."""

    backbone: str | Callable[..., Any]  # a registered name, or an importable builder
    params: Mapping[str, Any] = field(hash=False)

    @property
    def builder(self) -> Callable[..., Any]:
        return builder_of(self.backbone)

    @property
    def declaration(self) -> Backbone:
        return backbone_of(self.builder)

    @property
    def last_layer(self) -> str:
        """Name of the layer that gives the output."""
        return list(self.declaration.layers)[-1]

    @property
    def label(self) -> str:
        """What error messages call it."""
        return label_of(self.backbone)

    @property
    def key(self) -> Hashable | None:
        """None if a parameter cannot be part of a key."""
        try:
            return (builder_key(self.builder), freeze(self.params))
        except TypeError:
            return None

    def check(self) -> None:
        """Refuse parameters that the builder does not take, and builders that declare nothing."""
        label = f"The backbone {self.label}"
        check_params(self.builder, self.params, label, "backbone__", ["input_shape"])
        _ = self.declaration

    def check_size(self, height: int, width: int, advice: str) -> None:
        """Refuse images that are too small."""
        smallest = self.declaration.min_size
        if min(height, width) < smallest:
            raise ValueError(
                f"The images have {height} × {width} pixels, but the backbone {self.label} "
                f"requires images of at least {smallest} × {smallest}. {advice}"
            )

    def build(self, size: tuple[int, int], precision: Precision = "float32") -> keras.Model:
        """Build the network with its random weights; ValueError if the builder fails to."""
        shape = (*size, self.declaration.preprocessing.channels)
        with python_random(_SEED), building(precision):
            try:
                model = self.builder(shape, **self.params)
                if isinstance(model, keras.Model):
                    refuse_empty_maps(model)
            except Exception as error:
                raise ValueError(
                    f"The backbone {self.label} could not be built for images of shape {shape} "
                    f"with parameters {dict(self.params)}: {plain_text(error)}"
                ) from error
        if not _gives_feature_maps(model):
            raise ValueError(
                f"The backbone {self.label} returned {shortened(model)}; expected an uncompiled "
                "keras.Model, functional or sequential, that ends in feature maps (n, height, "
                "width, channels)."
            )
        if isinstance(model, keras.Sequential):
            model = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
        return model

    def load(self, weights: Any) -> BackboneWeights:
        """Its weights, see :func:`skdl.backbones._loading.load_weights`."""
        prepare_devices()
        smallest = self.declaration.min_size
        params = declared_params(self.builder, self.params)
        return load_weights(
            self.backbone, weights, params, lambda: self.build((smallest, smallest))
        )

    def build_with(
        self, size: tuple[int, int], weights: BackboneWeights, precision: Precision = "float32"
    ) -> keras.Model:
        """Build the network with given weights."""
        model = self.build(size, precision)
        assign(model.variables, weights.arrays)
        settle(model)
        return model


def _gives_feature_maps(model: Any) -> bool:
    if not isinstance(model, keras.Model) or model.compiled:
        return False
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs or len(inputs) > 1 or len(outputs) > 1:
        return False
    return len(outputs[0].shape) == 4


def find_layers(model: keras.Model, names: Sequence[str], label: str) -> list[Any]:
    """Layers of a network by name.

    Names that Keras made up, counting, are refused: they mean other layers in another process.
    """
    layers = {layer.name: layer for layer in model.layers if not _is_counted(layer, layer.name)}
    for name in names:
        if name in layers:
            continue
        near = difflib.get_close_matches(name, layers, n=5)
        last = f"The last one is {list(layers)[-1]}." if layers else "No layer has a custom name."
        hint = f"Similar names: {', '.join(near)}." if near else last
        why = (
            "has a name that Keras numbers differently in each process"
            if any(_is_counted(layer, name) for layer in model.layers)
            else "does not exist"
        )
        raise ValueError(f"The layer {shortened(name)} of the backbone {label} {why}. {hint}")
    return [layers[name] for name in names]


def _is_counted(layer: Any, name: str) -> bool:
    """Whether a name is one that Keras gives to such layers: their class, with a number."""
    kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    kind = re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
    is_input = isinstance(layer, keras.layers.InputLayer) and name == layer.name
    return is_input or bool(re.fullmatch(rf"{re.escape(kind)}(_\d+)?", name))


def structure_digest(model: keras.Model) -> str:
    """sha256 of what a network computes, but for its weights and the names that Keras counts up."""
    config = _bare(model.get_config(), {})
    if "layers" not in config:  # a class of its own
        config = [(type(layer).__name__, _bare(layer.get_config(), {})) for layer in model.layers]
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def _bare(value: Any, places: Mapping[str, int]) -> Any:
    """A config with the places of layers where it has their names."""
    if isinstance(value, list | tuple):
        return [_bare(item, places) for item in value]
    if not isinstance(value, Mapping):
        return repr(value)
    kind = value.get("class_name")
    if kind == "__keras_tensor__":
        layer, node, tensor = value["config"]["keras_history"]
        return [places.get(layer), node, tensor]
    if kind is not None and kind.endswith("Policy"):
        return repr(value["config"])  # its name is what counts
    if isinstance(value.get("layers"), list):
        places = {layer.get("name"): place for place, layer in enumerate(value["layers"])}
    return {str(k): _bare(v, places) for k, v in value.items() if k not in _UNSTABLE}


def last_cut(model: keras.Model, boundary: int) -> int:
    """Last layer not behind `boundary` through which alone all later layers see the image.

    Both are positions in ``model.layers`` of a functional model: -1 is before the first layer, 0
    the input.
    """
    # Operations that are no layers see the image, too.
    operations = model.operations
    if not all(map(is_used_once, operations)):  # used twice
        return 0
    last_use: dict[int, int] = {}
    for position, operation in enumerate(operations):
        for tensor in keras.tree.flatten(operation.input):
            last_use[id(tensor)] = position
    outputs = [keras.tree.flatten(operation.output) for operation in operations]
    last_use |= {id(tensor): len(operations) for tensor in model.outputs}
    places = {id(layer): place for place, layer in enumerate(model.layers)}
    found = 0
    alive: set[int] = set()
    for position, operation in enumerate(operations):
        place = places.get(id(operation))
        if place is not None and place > boundary:
            break
        alive |= {id(tensor) for tensor in outputs[position]}
        alive = {tensor for tensor in alive if last_use.get(tensor, -1) > position}
        if place is not None and alive == {id(tensor) for tensor in outputs[position]}:
            found = place
    return found


def pooled(features: Any, pooling: Literal["avg", "max", "flatten", "gem"]) -> Any:
    """One vector per image from feature maps, by Keras operations."""
    if pooling == "avg":
        return keras.layers.GlobalAveragePooling2D(name="pooling")(features)
    if pooling == "max":
        return keras.layers.GlobalMaxPooling2D(name="pooling")(features)
    if pooling == "flatten":
        return keras.layers.Flatten(name="pooling")(features)
    # Generalised mean with the usual exponent of 3.
    cubes = keras.ops.power(keras.ops.maximum(features, 1e-6), 3.0)
    return keras.ops.power(keras.ops.mean(cubes, axis=(1, 2)), 1 / 3)


def as_channels(images: Any, n_channels: int) -> Any:
    """Images of 1, 3 or 4 channels as those that a network takes, by Keras operations.

    Grayscale is repeated, transparency dropped, colour weighted as BT.601 has it.
    """
    found = images.shape[-1]
    if found == n_channels:
        return images
    if n_channels == 3:
        if found == 1:
            # Behind a `repeat`, older Keras does not know how many channels there are.
            return keras.ops.concatenate([images] * 3, axis=-1)
        return keras.ops.take(images, [0, 1, 2], axis=-1)
    weights = keras.ops.convert_to_tensor([0.299, 0.587, 0.114], dtype="float32")
    colors = images[..., :3]
    return keras.ops.sum(colors * weights, axis=-1, keepdims=True)
