"""The same network with fewer operations, for extracting features.

Decisions: docs/decisions.md#networks-and-precision.
"""

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from skdl.engine._building import building
from skdl.engine._private import Functional, all_layers, consumers, is_used_once
from skdl.engine._seeding import python_random, value_of

# Convolutions whose kernels a normalisation behind them can be multiplied into.
_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)
# Convolutions that add up fewer products for a value gain nothing from bfloat16, and lose digits.
_PRODUCTS_FOR_BFLOAT16 = 160


class PassThrough(layers.Layer):
    """Stands where a batch normalisation was."""

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        return inputs


def folded(model: keras.Model, precision: str = "float32") -> keras.Model:
    """A copy of a network for inference, with weights of its own and layers of the same names.

    A batch normalisation that follows a convolution is multiplied into its kernel: one pass over
    the feature maps less for each. In "bfloat16", wide convolutions compute in it, and what only
    selects from their outputs hands these on, exactly. Everything else computes in float32:
    depthwise convolutions and additions are no faster, and errors add up there.

    A model that is not functional, or has a layer that cannot be made again from its config, is
    returned as it is.
    """
    if type(model) not in (Functional, keras.Sequential):
        return model
    pairs = _pairs(model)
    normalisations = {id(normalisation) for normalisation in pairs.values()}
    rough = _in_bfloat16(model, normalisations) if precision == "bfloat16" else set()

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if id(layer) in rough:
            config["dtype"] = "mixed_bfloat16"
        if id(layer) in normalisations:
            return PassThrough(name=layer.name, dtype=config["dtype"])
        if layer.name in pairs:
            config["use_bias"] = True
        return type(layer).from_config(config)

    try:
        with python_random(), building():
            copy = keras.models.clone_model(model, clone_function=clone)
    except (NotImplementedError, TypeError, ValueError):
        return model
    for layer in model.layers:
        if layer.weights and id(layer) not in normalisations:
            values = layer.get_weights()
            if layer.name in pairs:
                values = _multiplied(layer, values, pairs[layer.name])
            copy.get_layer(layer.name).set_weights(values)
    settle(copy)
    return copy


def folds_as(part: keras.Model, whole: keras.Model) -> bool:
    """Whether a part of a network folds as the whole does: its outputs stand in the way of none."""
    if type(part) not in (Functional, keras.Sequential):
        return True  # neither is folded
    inside = {layer.name for layer in part.layers}
    return _pairs(part).keys() == _pairs(whole).keys() & inside


def settle(model: keras.Model) -> None:
    """Let layers that compute with constants made of their weights make them anew."""
    for layer in all_layers(model):
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()


def _in_bfloat16(model: keras.Model, normalisations: set[int]) -> set[int]:
    """Layers that compute in it: wide convolutions, and what selects from what is rounded."""
    found: set[int] = set()
    for layer in model.layers:  # from the input on
        if _is_wide(layer):
            found.add(id(layer))
        if id(layer) in found:
            found |= {
                id(user)
                for user in consumers(layer)
                if is_used_once(user) and (id(user) in normalisations or _selects(user))
            }
    return found


def _is_wide(layer: Any) -> bool:
    if type(layer) is not layers.Conv2D:
        return False
    return bool(math.prod(layer.kernel.shape[:3]) >= _PRODUCTS_FOR_BFLOAT16)


def _selects(layer: Any) -> bool:
    """Whether a layer gives values of its input, or zeros: in bfloat16 the same as in float32."""
    if type(layer) is layers.ReLU:
        bent = layer.negative_slope or layer.threshold
        return not bent and layer.max_value in (None, 6)  # which bfloat16 has
    if type(layer) is layers.Activation:
        return layer.activation in (keras.activations.linear, keras.activations.relu)
    return type(layer) in (layers.MaxPooling2D, layers.ZeroPadding2D)


def _pairs(model: keras.Model) -> dict[str, layers.BatchNormalization]:
    """Convolutions whose output goes to a batch normalisation and nowhere else, and that."""
    outputs = {id(tensor) for tensor in model.outputs}
    found = {}
    for layer in model.layers:
        if type(layer) not in _CONVOLUTIONS or layer.activation is not keras.activations.linear:
            continue
        users = consumers(layer)
        alone = is_used_once(layer) and id(layer.output) not in outputs
        if alone and len(users) == 1 and _takes_all(layer, users[0]):
            found[layer.name] = users[0]
    return found


def _takes_all(convolution: Any, consumer: Any) -> bool:
    """Whether a consumer normalises the channels of this convolution, and nothing else."""
    return (
        type(consumer) is layers.BatchNormalization
        and is_used_once(consumer)
        and convolution.data_format == "channels_last"
        and consumer.axis in (-1, len(convolution.output.shape) - 1)
    )


def _multiplied(
    layer: Any, values: list[npt.NDArray[Any]], normalisation: Any
) -> list[npt.NDArray[Any]]:
    """Kernel and bias of a convolution with its normalisation in them."""
    kernel, bias = values[0], values[1] if len(values) > 1 else np.float32(0)
    factor = 1 / np.sqrt(value_of(normalisation.moving_variance) + normalisation.epsilon)
    if normalisation.scale:
        factor = factor * value_of(normalisation.gamma)
    offset = value_of(normalisation.beta) if normalisation.center else np.float32(0)
    is_depthwise = type(layer) is layers.DepthwiseConv2D
    shaped = factor.reshape(kernel.shape[2:]) if is_depthwise else factor
    return [kernel * shaped, offset + (bias - value_of(normalisation.moving_mean)) * factor]
