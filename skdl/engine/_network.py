"""A network's structure with a traced prediction function."""

import threading
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl.engine._building import building
from skdl.engine._private import all_layers, outputs_of
from skdl.engine._recipe import Recipe
from skdl.images import rescale

# Activations of one prediction batch; larger batches gain nothing and fall out of the caches.
_ACTIVATION_BYTES = 64 * 2**20


class Network:
    """Structure of a network with a traced prediction function.

    The weights are arguments of the function, so that any number of fitted estimators, in any
    number of threads, share it.
    """

    @building()
    def __init__(self, recipe: Recipe) -> None:
        self._model = recipe.build()
        self._variables = list(self._model.variables)
        self._input_shape = recipe.input_shape
        self._functions: dict[np.dtype[Any], Any] = {}
        self._constants: dict[np.dtype[Any], list[Any]] = {}
        self._lock = threading.Lock()
        self.batch_size = max(1, _ACTIVATION_BYTES // self._bytes_per_image())
        self.n_traces = 0

    def check_state(self, state: Sequence[npt.NDArray[Any]]) -> None:
        """Refuse weights that are not this network's."""
        expected = [tuple(variable.shape) for variable in self._variables]
        found = [array.shape for array in state]
        if expected != found:
            raise ValueError(
                "The saved weights do not fit the network that its architecture builds now: "
                f"expected shapes {expected}, found {found}. Check whether the builder was changed."
            )

    def run(self, images: npt.NDArray[Any], arguments: Sequence[Any]) -> npt.NDArray[np.float32]:
        """Probabilities for one batch; the arguments are offset, scale and the weights."""
        # A concrete function spends as long on checking its arguments as on one small image.
        function = self.function(images.dtype)
        outputs = tf.raw_ops.StatefulPartitionedCall(
            # Behind its arguments come constants of layers, such as the means of a `Normalization`.
            args=[tf.convert_to_tensor(images), *arguments, *self._constants[images.dtype]],
            Tout=[tf.float32],
            f=function,
        )
        probabilities: npt.NDArray[np.float32] = outputs[0].numpy()
        return probabilities

    def function(self, dtype: np.dtype[Any]) -> Any:
        """Concrete function ``(images, offset, scale, *weights) -> probabilities``."""
        with self._lock:
            if dtype not in self._functions:
                function = self._trace(dtype)
                self._constants[dtype] = function.captured_inputs
                self._functions[dtype] = function
            return self._functions[dtype]

    @building()
    def _trace(self, dtype: np.dtype[Any]) -> Any:
        def forward(images: Any, offset: Any, scale: Any, *weights: Any) -> Any:
            self.n_traces += 1
            inputs = rescale(tf.cast(images, tf.float32), offset, scale)
            with keras.StatelessScope(zip(self._variables, weights, strict=True)):
                outputs = tf.cast(self._model(inputs, training=False), tf.float32)
            # Its optimizer, up to TensorFlow 2.19, complains of a softmax of unknown rank without.
            return tf.ensure_shape(outputs, outputs.shape)

        scalar = tf.TensorSpec([], tf.float32)
        return tf.function(forward, autograph=False).get_concrete_function(
            tf.TensorSpec([None, *self._input_shape], dtype),
            scalar,
            scalar,
            *(tf.TensorSpec(variable.shape, variable.dtype) for variable in self._variables),
        )

    def _bytes_per_image(self) -> int:
        floats = int(np.prod(self._input_shape))
        for layer in all_layers(self._model):
            if layer is self._model:
                continue
            shapes = [getattr(tensor, "shape", ()) for tensor in outputs_of(layer)]
            floats += sum(int(np.prod([side or 1 for side in shape])) for shape in shapes)
        return 4 * floats
