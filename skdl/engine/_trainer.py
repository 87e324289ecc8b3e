"""A compiled model with its traced loops, and data on its way through them.

Decisions: docs/decisions.md#speed-and-threads.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl.engine._augment import KINDS, N_NUMBERS, augment, numbers_of
from skdl.engine._building import building, keras_settings
from skdl.engine._mixing import mix
from skdl.engine._normalization import fuse_normalization
from skdl.engine._optimizers import OptimizerSpec, fuse_adam, scale_rates
from skdl.engine._private import all_layers, build_metrics, compiled_loss
from skdl.engine._recipe import Recipe
from skdl.engine._seeding import InitialState, assign, value_of
from skdl.images import ImageBatch, ValueRange, range_offset_and_scale, rescale
from skdl.preprocessing import MIXINGS, AugmentationPlan

# Functions that a Keras model keeps when it is called by its own methods.
_MADE_BY_KERAS = {"train_function", "test_function", "predict_function"}
# Batches between two looks at the outside: long enough to cost nothing, short enough for Ctrl-C.
_BATCHES_PER_CALL = 64

State = list[npt.NDArray[Any]]


@dataclass(frozen=True)
class TrainingSet:
    """Images with what they should be mapped to, and weights."""

    images: ImageBatch  # not rescaled: that happens batch by batch
    # Class codes; or numbers of shape (n, n_outputs); or images; None for the images themselves, as
    # they are before any change.
    targets: npt.NDArray[Any] | None
    weights: npt.NDArray[np.float32]  # of the images, (n,), or of their outputs, (n, n_outputs)

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: npt.NDArray[Any]) -> "TrainingSet":
        """The given rows, as a set of its own."""
        targets = None if self.targets is None else self.targets[rows]
        return TrainingSet(self.images[rows], targets, self.weights[rows])

    def kept(self) -> "TrainingSet":
        """The same for many epochs, see :meth:`skdl.images.ImageBatch.kept`."""
        return TrainingSet(self.images.kept(), self.targets, self.weights)


class Trainer:
    """A compiled model with its traced training and evaluation loops.

    The seed is that of the start values, for a model that cannot be reset.
    """

    @building()
    def __init__(self, recipe: Recipe, optimizer: OptimizerSpec, seed: int) -> None:
        self.model = recipe.build(seed)
        fuse_normalization(self.model)
        self.variables = list(self.model.variables)
        self.image_shape = recipe.input_shape
        self._n_codes = recipe.n_classes if recipe.takes_codes else None
        fixed = {id(variable) for variable in recipe.fixed_variables(self.model)}
        self._initial = InitialState.of(self.model, fixed)
        options = {**recipe.compile_options, "loss": recipe.training_loss}
        self.model.compile(optimizer=optimizer.make(), **options)
        self.model.optimizer.build(self.model.trainable_variables)
        fuse_adam(self.model.optimizer)
        factors = recipe.rate_factors(self.model)
        if factors is not None:
            scale_rates(self.model.optimizer, factors)
        if options["metrics"] is not None:
            # Metrics make their variables at their first batch; in a trace, that costs another.
            outputs = np.ones((1, recipe.n_classes or 0), np.float32)
            codes = np.zeros(1, np.int32)
            build_metrics(self.model, codes if recipe.takes_codes else outputs, outputs)
        self._optimizer_start = self.optimizer_state()
        self._functions: dict[tuple[Any, ...], Any] = {}
        self.n_traces = 0
        # Its structure when callbacks of a user got to see it.
        self.seen_as: Hashable | None = None

    @property
    def resettable(self) -> bool:
        """Whether another fit can start from this model."""
        return self._initial is not None

    def structure(self) -> Hashable:
        """What a callback of the user's own may change, and a reset does not set back."""
        model = self.model
        own = {name: id(value) for name, value in vars(model).items() if callable(value)}
        return (
            tuple((id(layer), layer.trainable, _settings(layer)) for layer in all_layers(model)),
            tuple(map(id, model.variables)),
            id(model.optimizer),
            id(compiled_loss(model)),
            tuple(sorted((name, own[name]) for name in own.keys() - _MADE_BY_KERAS)),
        )

    def is_intact(self) -> bool:
        """Whether it has the structure with which callbacks got to see it, if they did."""
        return self.seen_as is None or self.structure() == self.seen_as

    @property
    def nbytes(self) -> int:
        """Bytes of all variables."""
        arrays = [*self.variables, *self.model.optimizer.variables]
        return sum(int(np.prod(v.shape)) * np.dtype(v.dtype).itemsize for v in arrays)

    @keras_settings()
    def reset(self, seed: int, learning_rate: float | None) -> None:
        """Start values for a seed, fresh optimizer and metrics."""
        if self._initial is not None:
            self._initial.reset(seed)
        self.load_optimizer_state(self._optimizer_start)
        if learning_rate is not None:
            self.model.optimizer.learning_rate = learning_rate
        self.model.reset_metrics()
        self.model.stop_training = False

    def state(self) -> State:
        return [value_of(variable) for variable in self.variables]

    def load_state(self, state: State) -> None:
        assign(self.variables, state)

    def optimizer_state(self) -> State:
        return [value_of(variable) for variable in self.model.optimizer.variables]

    def load_optimizer_state(self, state: State) -> None:
        assign(self.model.optimizer.variables, state)

    def predict(self, images: ImageBatch, value_range: ValueRange) -> npt.NDArray[np.float32]:
        """Outputs for a few images, without a trace."""
        offset, scale = range_offset_and_scale(value_range)
        inputs = rescale(images.load().astype(np.float32), np.float32(offset), np.float32(scale))
        return np.asarray(self.model(inputs, training=False))

    def function(self, kind: str, data: TrainingSet, changes: Sequence[str]) -> Any:
        """Traced loop over the batches of such a data set: ``"train"`` or ``"test"``."""
        # A step of the user's own may take (x, y) only, as Keras hands it over without weights.
        own = getattr(type(self.model), f"{kind}_step") is not getattr(keras.Model, f"{kind}_step")
        targets = data.targets
        can_weigh = targets is not None and targets.ndim <= 2
        weighted = can_weigh and (not own or bool((data.weights != 1).any()))
        like = None if targets is None else (targets.dtype, targets.shape[1:])
        key = kind, weighted, data.weights.shape[1:], data.images.dtype, like, tuple(changes)
        if key not in self._functions:
            step = getattr(self.model, f"{kind}_step")
            self._functions[key] = self._traced_loop(step, *key[1:])
        return self._functions[key]

    @building()
    def _traced_loop(
        self,
        step: Callable[[Any], Any],
        weighted: bool,
        weights_like: tuple[int, ...],
        dtype: np.dtype[Any],
        target_like: tuple[np.dtype[Any], tuple[int, ...]] | None,
        changes: Sequence[str],
    ) -> Any:
        integers, floats = (partial(tf.TensorSpec, dtype=of) for of in (tf.int32, tf.float32))
        target_type, target_shape = target_like or (np.dtype(np.int32), ())
        targets_are_images = len(target_shape) > 1
        mixings = [kind for kind in changes if kind in MIXINGS]
        of_targets = self.image_shape if targets_are_images else target_shape
        of_images = [None, *self.image_shape]
        signature = [
            tf.TensorSpec(of_images, dtype),
            tf.TensorSpec([None, *of_targets], target_type),
            floats([None, *weights_like]),
            integers([None]),
            integers([]),
            integers([]),
            integers([2]),
            integers([]),
            floats([]),
            floats([]),
            floats([N_NUMBERS]),
            floats([2]),
        ]

        def loop(images: Any, targets: Any, weights: Any, order: Any, *others: Any) -> None:
            first, last, seed, batch_size, offset, scale, numbers, limits = others
            self.n_traces += 1

            def one_batch(start: Any) -> tuple[Any]:
                rows = order[start : tf.minimum(start + batch_size, last)]

                def read(source: Any) -> Any:
                    batch = tf.cast(tf.gather(source, rows), tf.float32)
                    return rescale(batch, offset, scale)

                inputs = read(images)
                if target_like is None:
                    wanted = inputs
                else:
                    wanted = read(targets) if targets_are_images else tf.gather(targets, rows)
                weighed = tf.gather(weights, rows)
                if changes:
                    batch_seed = seed + tf.stack([0, start // batch_size])
                    inputs = augment(inputs, batch_seed, changes, numbers, limits)
                    inputs.set_shape(of_images)  # which a movement loses
                if mixings:
                    if self._n_codes is not None:
                        wanted = tf.one_hot(wanted, self._n_codes)
                    amounts = {kind: numbers[KINDS.index(kind)] for kind in mixings}
                    inputs, wanted, weighed = mix(inputs, wanted, weighed, batch_seed, amounts)
                step((inputs, wanted, weighed) if weighted else (inputs, wanted))
                return (start + batch_size,)

            # One batch after the other: each step reads the weights the step before has written.
            tf.while_loop(lambda start: start < last, one_batch, [first], parallel_iterations=1)

        # The concrete function: a tf.function would warn of retracing when many models are made.
        return tf.function(loop, autograph=False).get_concrete_function(*signature)


def _settings(layer: keras.layers.Layer) -> str:
    try:
        return repr(layer.get_config())
    except Exception:  # a layer of the user's that tells none
        return ""


class Loop:
    """One data set, of which an epoch takes `n_rows`, on its way through a traced loop."""

    def __init__(
        self,
        trainer: Trainer,
        kind: str,
        data: TrainingSet,
        batch_size: int,
        value_range: ValueRange,
        changes: AugmentationPlan | None = None,
        n_rows: int | None = None,
    ) -> None:
        self._function = trainer.function(kind, data, changes.kinds if changes else ())
        offset, scale = range_offset_and_scale(value_range)
        numbers = [0.0] * N_NUMBERS
        if changes:  # of images: what is trained on features has no shape to speak of
            numbers = numbers_of(changes, *trainer.image_shape[:2])
        limits = (-np.inf, np.inf) if value_range == "standardized" else (0.0, 1.0)
        self._data = data
        self._tensors: list[Any] = []
        self._n = len(data) if n_rows is None else n_rows
        # More than all rows are all rows, and a number that TensorFlow can count to.
        self._batch_size = min(int(batch_size), max(1, self._n))
        self._constants = (
            tf.constant(self._batch_size, tf.int32),
            tf.constant(offset, tf.float32),
            tf.constant(scale, tf.float32),
            tf.constant(numbers, tf.float32),
            tf.constant(limits, tf.float32),
        )

    def n_batches(self) -> int:
        return -(-self._n // self._batch_size)

    def calls(
        self, order: npt.NDArray[Any], seed: int = 0, batches_per_call: int = _BATCHES_PER_CALL
    ) -> Iterator[Callable[[], None]]:
        """Calls that run all batches of the rows in the given order, some of them at a time."""
        step, done = batches_per_call * self._batch_size, 0
        portions = self._data.images.portions(order, self._batch_size, batches_per_call)
        for pixels, held, places in portions:
            tensors, rows = self._converted(pixels, held), tf.constant(places, tf.int32)
            for start in range(0, len(places), step):
                stop = min(start + step, len(places))
                yield self._call(tensors, rows, start, stop, (seed, done))
            done += -(-len(places) // self._batch_size)

    def _converted(self, pixels: npt.NDArray[Any], rows: npt.NDArray[Any] | None) -> list[Any]:
        """Tensors of some rows; of all of them, None, they are the same in each epoch."""
        if rows is None and self._tensors:
            return self._tensors
        targets, weights = self._data.targets, self._data.weights
        if targets is None:
            targets = np.zeros(0, np.int32)
        elif rows is not None:
            targets = targets[rows]
        arrays = pixels, targets, weights if rows is None else weights[rows]
        tensors = [tf.convert_to_tensor(array) for array in arrays]
        if rows is None:
            self._tensors = tensors
        return tensors

    def _call(
        self, tensors: list[Any], rows: Any, start: int, stop: int, seed: tuple[int, int]
    ) -> Callable[[], None]:
        span = tf.constant(start), tf.constant(stop)
        return partial(self._function, *tensors, rows, *span, tf.constant(seed), *self._constants)
