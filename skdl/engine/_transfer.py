"""A classifier on a backbone: what is frozen, what is trained, and where the two meet."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from skdl.backbones import BackboneWeights, Preprocessing
from skdl.engine._backbone import BackboneSpec, as_channels, find_layers, last_cut, pooled
from skdl.engine._spec import ModelSpec

# Of the variance of the average feature, added to each: a dead feature is not blown up.
_VARIANCE_FLOOR = 0.01
STANDARDISATION = "head_standardisation"

IMAGES, FEATURES = -1, -2
"""Where a network begins, if not behind a layer: at the images, or at the pooled features."""


@dataclass(frozen=True)
class NetworkPlan:
    """Positions in the list of a backbone's layers.

    Attributes
    ----------
    first_trainable : int
        The first layer to train; the number of layers if there is none.
    cut : int
        Where the frozen prefix ends: `IMAGES` if there is none, `FEATURES` if it is everything.
    blocks : tuple of int
        Last layers of the declared blocks.
    """

    first_trainable: int
    cut: int
    blocks: tuple[int, ...]


def network_plan(backbone: BackboneSpec, trainable: str | int) -> NetworkPlan:
    """What of a backbone to train, and how much of it to run only once for each image.

    Parameters
    ----------
    backbone : BackboneSpec
    trainable : "head", "all", int or str
        Nothing, everything, the last blocks, or a layer and all behind it.

    Raises
    ------
    ValueError
        If there are not so many blocks, or no such layer.
    """
    return _network_plan(_Keyed(backbone.key or id(backbone), backbone), trainable)


@dataclass(frozen=True)
class _Keyed:
    key: Hashable
    backbone: BackboneSpec = field(compare=False)


@lru_cache(maxsize=64)
def _network_plan(keyed: _Keyed, trainable: str | int) -> NetworkPlan:
    backbone = keyed.backbone
    smallest = backbone.declaration.min_size
    model = backbone.build((smallest, smallest))
    position = {id(layer): number for number, layer in enumerate(model.layers)}
    declared = list(backbone.declaration.layers)
    found = find_layers(model, declared, backbone.label)
    blocks = tuple(position[id(layer)] for layer in found)
    end = len(model.layers)
    if trainable == "head":
        return NetworkPlan(end, FEATURES, blocks)
    if trainable == "all":
        return NetworkPlan(0, IMAGES, blocks)
    if isinstance(trainable, str):
        first = position[id(find_layers(model, [trainable], backbone.label)[0])]
    elif trainable > len(blocks):
        raise ValueError(
            f"trainable={trainable}, but the backbone {backbone.label} has {len(blocks)} blocks, "
            f"which end in {', '.join(declared)}. Train them all with trainable='all'."
        )
    else:
        first = 0 if trainable == len(blocks) else blocks[-trainable - 1] + 1
    return NetworkPlan(first, last_cut(model, first - 1) or IMAGES, blocks)


@dataclass(frozen=True)
class TransferSpec(ModelSpec):
    """The part of a classifier on a backbone that is trained, and its frozen layers on the way.

    `architecture` is the backbone's name, `params` the head: "units", "dropout", "pooling";
    `input_shape` is that of what goes in: images, feature maps or features.

    Parameters
    ----------
    backbone : BackboneSpec
    weights : BackboneWeights
        What it starts with.
    size : (height, width)
        Of the images as they reach the backbone.
    plan : NetworkPlan
    layer_decay : float
        What the learning rate is multiplied by once more for each block on the way down.
    """

    backbone: BackboneSpec = None  # type: ignore[assignment]
    weights: BackboneWeights = field(default=None, compare=False)  # type: ignore[assignment]
    size: tuple[int, int] = (0, 0)
    plan: NetworkPlan = NetworkPlan(0, IMAGES, ())
    layer_decay: float = 1.0

    @property
    def label(self) -> str:
        return self.backbone.label

    @property
    def key(self) -> Hashable | None:
        head = tuple(sorted(self.params.items()))
        structure = (self.input_shape, self.n_classes, self.precision, head)
        if self.plan.cut == FEATURES:
            return ("head", structure)
        backbone = self.backbone.key
        rest = (self.weights.digest, self.size, self.plan, self.layer_decay)
        return None if backbone is None else ("transfer", backbone, structure, rest)

    def check_params(self) -> None:
        """The estimator has checked them."""

    def fixed_variables(self, model: keras.Model) -> list[Any]:
        layers = [layer for layer in model.layers if not layer.name.startswith("head")]
        return [variable for layer in layers for variable in layer.variables]

    def rate_factors(self, model: keras.Model) -> list[float] | None:
        if self.layer_decay == 1 or self.plan.cut == FEATURES:
            return None
        depth = self._depths(model)
        return [self.layer_decay ** depth.get(id(v), 0) for v in model.trainable_variables]

    def _depths(self, model: keras.Model) -> dict[int, int]:
        """Number of blocks from the head down, for each trained variable of the backbone."""
        inside = model.get_layer("backbone").network
        first = max(0, self.plan.cut)  # the layer that stands for the input of `inside`
        found = {}
        for number, layer in enumerate(inside.layers):
            blocks_below = sum(block < first + number for block in self.plan.blocks)
            for variable in layer.trainable_variables:
                found[id(variable)] = len(self.plan.blocks) - blocks_below
        return found

    def _says_what_comes_out(self, model: keras.Model) -> bool:
        return True

    def _call_builder(self) -> keras.Model:
        return self.parts()[0]

    def parts(self) -> tuple[keras.Model, keras.Model | None]:
        """The network, and the whole backbone that shares its layers."""
        inputs = keras.Input(self.input_shape)
        cut = self.plan.cut
        if cut == FEATURES:
            return keras.Model(inputs, self._head(inputs), name="classifier"), None
        base = self.backbone.build_with(self.size, self.weights, self.precision)
        for number, layer in enumerate(base.layers):
            layer.trainable = number >= self.plan.first_trainable
        preprocessing = self.backbone.declaration.preprocessing
        if cut == IMAGES:
            maps = InferenceMode(base, name="backbone")(preprocessed(inputs, preprocessing))
        else:
            rest = keras.Model(base.layers[cut].output, base.output, name=base.name)
            maps = InferenceMode(rest, name="backbone")(inputs)
        features = pooled(maps, self.params["pooling"])
        return keras.Model(inputs, self._head(features), name="classifier"), base

    def _head(self, x: Any) -> Any:
        # Not trained: its statistics are those of the training data's frozen features.
        x = keras.layers.BatchNormalization(
            epsilon=1e-7,
            center=False,
            scale=False,
            trainable=False,
            dtype="float32",  # digits lost here are lost for all classes
            name=STANDARDISATION,
        )(x)
        dropout = self.params["dropout"]
        for number, units in enumerate(self.params["units"]):
            x = keras.layers.Dense(units, activation="relu", name=f"head_dense{number + 1}")(x)
            if dropout:
                x = keras.layers.Dropout(dropout, name=f"head_dropout{number + 1}")(x)
        if dropout and not self.params["units"]:
            x = keras.layers.Dropout(dropout, name="head_dropout")(x)
        # From zeros, the classes start alike, and no random direction has to be unlearned.
        return keras.layers.Dense(
            self.n_classes, activation="softmax", kernel_initializer="zeros", name="head"
        )(x)


@keras.saving.register_keras_serializable("skdl")
class InferenceMode(keras.layers.Layer):
    """A network that is in inference mode also while it is trained.

    Batch normalisation keeps its statistics, since those of small batches would ruin it. Keras
    ignores ``training=False`` in the call of a network inside a network that is trained.

    Parameters
    ----------
    network : keras.Model
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
    """Let the head of a network see features of mean 0 and variance 1.

    Parameters
    ----------
    model : keras.Model
        Of a :class:`TransferSpec`.
    features : ndarray of shape (n, n_features)
        Pooled features of the training data.
    """
    layer = model.get_layer(STANDARDISATION)
    variance = features.var(axis=0, dtype=np.float64)
    layer.moving_mean.assign(features.mean(axis=0, dtype=np.float64))
    layer.moving_variance.assign(variance + (_VARIANCE_FLOOR * variance.mean() or 1.0))
