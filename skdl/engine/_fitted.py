"""A trained network: its description and its weights, and how it predicts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl._utils.checksums import checksum_of, refuse_damaged
from skdl.engine._building import building
from skdl.engine._devices import prepare_devices, refuse_forked
from skdl.engine._network import Network
from skdl.engine._optimizers import OptimizerSpec
from skdl.engine._pool import shared_network
from skdl.engine._recipe import Recipe
from skdl.engine._seeding import assign, python_random
from skdl.engine._variants import Averaging
from skdl.images import ImageBatch, ValueRange, range_offset_and_scale


class FittedNetwork(Averaging):
    """A network's description and weights, owned by one fitted estimator.

    The state are the values of ``model.variables``; the value range is that of the training images.
    """

    def __init__(
        self, recipe: Recipe, state: Sequence[npt.NDArray[Any]], value_range: ValueRange
    ) -> None:
        self.recipe = recipe
        self.state = list(state)
        self.value_range: ValueRange = value_range
        self._bound: tuple[Network, list[Any]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bound": None, "_checksum": checksum_of(self.state)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        refuse_damaged(state["state"], state.pop("_checksum", None))
        self.__dict__.update(state)

    def predict(self, images: ImageBatch) -> npt.NDArray[np.float32]:
        """Outputs of the network, such as class probabilities, for images not rescaled."""
        network, arguments = self._bind()
        outputs = np.empty(0, np.float32)
        for span, pixels, _ in images.chunks(network.batch_size):
            some = network.run(pixels, arguments)
            if len(some) == len(images):
                return some
            if span.start == 0:
                outputs = np.empty((len(images), *some.shape[1:]), np.float32)
            outputs[span] = some
        return outputs

    def as_function(self) -> tuple[Any, list[npt.NDArray[Any]]]:
        """What `predict` runs of float32 images: a concrete function, and its other arguments."""
        network, arguments = self._bind()
        return network.function(np.dtype(np.float32)), [value.numpy() for value in arguments]

    def beginning(self, builder: Callable[..., keras.Model], n_arrays: int) -> "FittedNetwork":
        """What another builder makes of the same parameters and the first so many arrays."""
        recipe = replace(self.recipe, architecture=builder)
        return FittedNetwork(recipe, self.state[:n_arrays], self.value_range)

    def _bind(self) -> tuple[Network, list[Any]]:
        refuse_forked()
        if self._bound is None:
            prepare_devices()
            network = shared_network(self.recipe)
            network.check_state(self.state)
            offset, scale = range_offset_and_scale(self.value_range)
            constants = [tf.constant(offset, tf.float32), tf.constant(scale, tf.float32)]
            self._bound = network, constants + [tf.constant(array) for array in self.state]
        return self._bound

    @python_random()
    @building()
    def to_keras(self, optimizer: OptimizerSpec) -> keras.Model:
        """A compiled Keras model of its own, which takes the same pixel values as `predict`."""
        model = self.recipe.build()
        assign(model.variables, self.state)
        offset, scale = range_offset_and_scale(self.value_range)
        if (offset, scale) != (0.0, 1.0):
            inputs = keras.Input(self.recipe.input_shape)
            rescaled = keras.layers.Rescaling(scale, -offset * scale)(inputs)
            model = keras.Model(inputs, model(rescaled), name=f"rescaled_{model.name}")
        model.compile(optimizer=optimizer.make(), **self.recipe.compile_options)
        return model
