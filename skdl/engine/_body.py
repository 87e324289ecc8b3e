"""A backbone that a network is on: what is frozen, what is trained, where the two meet.

Decisions: docs/decisions.md#pretrained-networks-and-features.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from skdl._utils.cache import Cache
from skdl._utils.sending import is_sending
from skdl.backbones import BackboneWeights, Preprocessing
from skdl.engine._backbone import (
    BackboneSpec,
    Precision,
    as_channels,
    find_layers,
    last_cut,
    pooled,
)
from skdl.engine._heads import Head, linked, n_units

# Of the variance of the average feature, added to each: a dead feature is not blown up.
_VARIANCE_FLOOR = 0.01
STANDARDISATION = "head_standardisation"


class Cut(Enum):
    """Where the network behind a frozen prefix begins, if not behind a layer."""

    IMAGES = "at the images: nothing is frozen"
    FEATURES = "at the pooled features: the whole backbone is frozen"


@dataclass(frozen=True)
class NetworkPlan:
    """Positions in the list of a backbone's layers."""

    first_trainable: int  # the number of layers if none is
    cut: int | Cut  # last layer of the frozen prefix
    blocks: tuple[int, ...]  # last layers of the declared blocks

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        if is_sending() and isinstance(self.cut, Cut):
            state["cut"] = self.cut.value
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        cut = state["cut"]
        self.__dict__.update({**state, "cut": Cut(cut) if isinstance(cut, str) else cut})


_plans = Cache[NetworkPlan](max_number=64)


def network_plan(backbone: BackboneSpec, trainable: str | int) -> NetworkPlan:
    """What of a backbone to train, and how much of it to run only once for each image.

    `trainable` is "head" for nothing, "all" for everything, a number of last blocks, or the name of
    a layer, for that and all behind it.
    """
    key = None if backbone.key is None else (backbone.key, trainable)
    return _plans.get(key, lambda: _network_plan(backbone, trainable))


def _network_plan(backbone: BackboneSpec, trainable: str | int) -> NetworkPlan:
    smallest = backbone.declaration.min_size
    model = backbone.build((smallest, smallest))
    position = {id(layer): number for number, layer in enumerate(model.layers)}
    declared = list(backbone.declaration.layers)
    found = find_layers(model, declared, backbone.label)
    blocks = tuple(position[id(layer)] for layer in found)
    end = len(model.layers)
    if trainable == "head":
        return NetworkPlan(end, Cut.FEATURES, blocks)
    if trainable == "all":
        return NetworkPlan(0, Cut.IMAGES, blocks)
    if isinstance(trainable, str):
        first = position[id(find_layers(model, [trainable], backbone.label)[0])]
    elif trainable > len(blocks):
        raise ValueError(
            f"trainable={trainable}, but the backbone {backbone.label} has {len(blocks)} blocks, "
            f"which end in {', '.join(declared)}. Train them all with trainable='all'."
        )
    else:
        first = 0 if trainable == len(blocks) else blocks[-trainable - 1] + 1
    return NetworkPlan(first, last_cut(model, first - 1) or Cut.IMAGES, blocks)


@dataclass(frozen=True)
class Body:
    """A backbone below the head of a classifier, as a part of a recipe."""

    backbone: BackboneSpec
    weights: BackboneWeights = field(compare=False)  # what it starts with
    size: tuple[int, int]  # of the images as they reach the backbone
    plan: NetworkPlan
    # What the learning rate is multiplied by once more for each block on the way down.
    layer_decay: float = 1.0

    @classmethod
    def of(
        cls,
        backbone: BackboneSpec,
        weights: Any,
        size: tuple[int, int],
        trainable: str | int,
        layer_decay: float = 1.0,
    ) -> "Body":
        """A backbone with weights as :meth:`BackboneSpec.load` takes them, and what is trained."""
        plan = network_plan(backbone, trainable)  # before weights are fetched
        return cls(backbone, backbone.load(weights), size, plan, layer_decay)

    def cut_at(self, cut: Cut) -> "Body":
        """The same backbone with a prefix that ends elsewhere."""
        return replace(self, plan=replace(self.plan, cut=cut))

    @property
    def key(self) -> Hashable | None:
        """What the structure of the network depends on; None as that of the backbone."""
        if self.plan.cut is Cut.FEATURES:
            return "head"  # which is the same on any backbone
        backbone = self.backbone.key
        rest = (self.weights.digest, self.size, self.plan, self.layer_decay)
        return None if backbone is None else (backbone, *rest)

    def fixed_variables(self, model: keras.Model) -> list[Any]:
        """Variables that start with their values, whatever the seed: all but those of the head."""
        layers = [layer for layer in model.layers if not layer.name.startswith("head")]
        return [variable for layer in layers for variable in layer.variables]

    def rate_factors(self, model: keras.Model) -> list[float] | None:
        """What the learning rate is multiplied by, for each trainable variable; None for ones."""
        if self.layer_decay == 1 or self.plan.cut is Cut.FEATURES:
            return None
        depth = self._depths(model)
        return [self.layer_decay ** depth.get(id(v), 0) for v in model.trainable_variables]

    def _depths(self, model: keras.Model) -> dict[int, int]:
        """Number of blocks from the head down, for each trained variable of the backbone."""
        inside = model.get_layer("backbone").network
        # The first layer of `inside` stands for its input.
        first = self.plan.cut if isinstance(self.plan.cut, int) else 0
        found = {}
        for number, layer in enumerate(inside.layers, first):
            blocks_below = sum(block < number for block in self.plan.blocks)
            for variable in layer.trainable_variables:
                found[id(variable)] = len(self.plan.blocks) - blocks_below
        return found

    def build(self, precision: Precision = "float32") -> keras.Model:
        """The whole backbone with its weights."""
        return self.backbone.build_with(self.size, self.weights, precision)

    def parts(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        precision: Precision,
        head: Head = "softmax",
        *,
        pooling: Any,
        units: Sequence[int],
        dropout: float,
    ) -> tuple[keras.Model, keras.Model | None]:
        """What is behind the frozen prefix, and the whole backbone that shares its layers."""
        inputs, cut = keras.Input(input_shape), self.plan.cut
        base, features = None, inputs
        if cut is not Cut.FEATURES:
            base = self.build(precision)
            for number, layer in enumerate(base.layers):
                layer.trainable = number >= self.plan.first_trainable
            if cut is Cut.IMAGES:
                pixels = preprocessed(inputs, self.backbone.declaration.preprocessing)
                maps = InferenceMode(base, name="backbone")(pixels)
            else:
                rest = keras.Model(base.layers[cut].output, base.output, name=base.name)
                maps = InferenceMode(rest, name="backbone")(inputs)
            features = pooled(maps, pooling)
        outputs = _head(features, n_classes, head, units, dropout)
        return keras.Model(inputs, outputs, name="classifier"), base


def _head(x: Any, n_classes: int, head: Head, units: Sequence[int], dropout: float) -> Any:
    # Not trained: its statistics are those of the training data's frozen features.
    x = keras.layers.BatchNormalization(
        epsilon=1e-7,
        center=False,
        scale=False,
        trainable=False,
        dtype="float32",  # digits lost here are lost for all classes
        name=STANDARDISATION,
    )(x)
    for number, width in enumerate(units):
        x = keras.layers.Dense(width, activation="relu", name=f"head_dense{number + 1}")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"head_dropout{number + 1}")(x)
    if dropout and not units:
        x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    # From zeros, the classes start alike, and no random direction has to be unlearned.
    is_ordinal = head == "ordinal"
    x = keras.layers.Dense(
        n_units(head, n_classes),
        activation="linear" if is_ordinal else head,
        kernel_initializer="zeros",
        name="head",
    )(x)
    return linked(x, n_classes) if is_ordinal else x


@keras.saving.register_keras_serializable("skdl")
class InferenceMode(keras.layers.Layer):
    """A network that is in inference mode also while it is trained.

    Batch normalisation keeps its statistics, since those of small batches would ruin it. Keras
    ignores ``training=False`` in the call of a network inside a network that is trained.
    """

    def __init__(self, network: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.network = network

    def call(self, inputs: Any) -> Any:
        return self.network(inputs, training=False)

    def get_config(self) -> dict[str, Any]:
        network = keras.saving.serialize_keras_object(self.network)
        return {**super().get_config(), "network": network}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "InferenceMode":
        network = keras.saving.deserialize_keras_object(config.pop("network"))
        return cls(network, **config)


def preprocessed(images: Any, preprocessing: Preprocessing) -> Any:
    """Pixel values in [0, 1] as the weights expect them, by Keras layers that can be saved."""
    x = as_channels(images, preprocessing.channels)
    if preprocessing.color == "bgr":
        x = keras.ops.flip(x, axis=-1)
    # Of this shape, they are channels in any data format that Keras may be set to.
    shape = (1, 1, preprocessing.channels)
    means = np.broadcast_to(np.asarray(preprocessing.mean), shape)
    deviations = np.broadcast_to(np.asarray(preprocessing.std), shape)
    return keras.layers.Rescaling(
        (preprocessing.scale / deviations).tolist(),
        (-means / deviations).tolist(),
        dtype="float32",
    )(x)


def standardise(model: keras.Model, features: npt.NDArray[np.float32]) -> None:
    """Let the head of a network see the pooled features of the training data standardised."""
    layer = model.get_layer(STANDARDISATION)
    variance = features.var(axis=0, dtype=np.float64)
    layer.moving_mean.assign(features.mean(axis=0, dtype=np.float64))
    layer.moving_variance.assign(variance + (_VARIANCE_FLOOR * variance.mean() or 1.0))
