"""Training: a compiled model, epochs inside one traced function, callbacks, early stopping."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl.engine._adam import fuse_adam
from skdl.engine._collector import collector_held_back
from skdl.engine._seeding import SHUFFLING, InitialState, stream, value_of
from skdl.engine._spec import COMPILE_OPTIONS, ModelSpec, OptimizerSpec
from skdl.images import ValueRange, range_offset_and_scale, rescale

# Batches between two looks at the outside: long enough to cost nothing, short enough for Ctrl-C.
_BATCHES_PER_CALL = 64
_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")

State = list[npt.NDArray[Any]]


@dataclass(frozen=True)
class TrainingSet:
    """Images with integer class codes and weights.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels), uint8 or float32
        Not rescaled: that happens batch by batch.
    codes : int32 ndarray of shape (n,)
    weights : float32 ndarray of shape (n,)
    """

    images: npt.NDArray[Any]
    codes: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: npt.NDArray[Any]) -> "TrainingSet":
        """The given rows, as a set of its own."""
        return TrainingSet(self.images[rows], self.codes[rows], self.weights[rows])


@dataclass
class EarlyStopper:
    """Stops when the validation loss no longer improves, and remembers the best weights.

    Parameters
    ----------
    n_iter_no_change : int
        Epochs without an improvement of at least `tol` after which to stop.
    tol : float
        Smallest decrease of the validation loss that counts as an improvement.
    """

    n_iter_no_change: int
    tol: float
    best_loss: float = np.inf
    best_state: State = field(default_factory=list)
    _reference: float = np.inf
    _waited: int = 0

    def update(self, loss: float, state: Callable[[], State]) -> bool:
        """Take note of an epoch's validation loss; True when it is time to stop."""
        if loss < self.best_loss:
            self.best_loss = loss
            self.best_state = state()
        self._waited = 0 if loss < self._reference - self.tol else self._waited + 1
        self._reference = min(self._reference, loss)
        return self._waited >= self.n_iter_no_change


@dataclass
class TrainingPlan:
    """How to train.

    Parameters
    ----------
    epochs : int
        How many epochs.
    batch_size : int
    seed : int
        Seeds the order of the batches.
    value_range : (low, high) or "standardized"
    first_epoch : int, default=0
        Number of epochs the weights have behind them.
    learning_rate : callable, default=None
        Maps the epoch to its learning rate. None leaves the optimizer's.
    callbacks : list of keras.callbacks.Callback
    stopper : EarlyStopper, default=None
    report : callable, default=None
        Called after each epoch with its number, from 1, and its logs.
    begin_epoch : callable, default=None
        Called before each epoch; what it returns is called after the epoch, and says whether to
        stop.
    """

    epochs: int
    batch_size: int
    seed: int
    value_range: ValueRange
    first_epoch: int = 0
    learning_rate: Callable[[int], float] | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()
    stopper: EarlyStopper | None = None
    report: Callable[[int, dict[str, float]], None] | None = None
    begin_epoch: Callable[[], Callable[[], bool]] | None = None


class Trainer:
    """A compiled model with its traced training and evaluation loops.

    Parameters
    ----------
    spec : ModelSpec
    optimizer : OptimizerSpec
    seed : int
        Of the start values, for a model that cannot be reset.
    """

    @collector_held_back()
    def __init__(self, spec: ModelSpec, optimizer: OptimizerSpec, seed: int) -> None:
        self.model = spec.build(seed)
        self.variables = list(self.model.variables)
        self._image_shape = spec.input_shape
        self._initial = InitialState.of(self.model)
        self.model.compile(optimizer=optimizer.make(), **COMPILE_OPTIONS)
        self.model.optimizer.build(self.model.trainable_variables)
        fuse_adam(self.model.optimizer)
        # Metrics make their variables at their first batch; inside a trace, that costs another.
        codes, probabilities = np.zeros(1, np.int32), np.ones((1, spec.n_classes), np.float32)
        self.model._compile_metrics.build(codes, probabilities)
        self._optimizer_start = self.optimizer_state()
        self._functions: dict[tuple[str, bool, np.dtype[Any]], Any] = {}
        self.n_traces = 0

    @property
    def resettable(self) -> bool:
        """Whether another fit can start from this model."""
        return self._initial is not None

    @property
    def nbytes(self) -> int:
        """Bytes of all variables."""
        arrays = [*self.variables, *self.model.optimizer.variables]
        return sum(int(np.prod(v.shape)) * np.dtype(v.dtype).itemsize for v in arrays)

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
        _assign(self.variables, state)

    def optimizer_state(self) -> State:
        return [value_of(variable) for variable in self.model.optimizer.variables]

    def load_optimizer_state(self, state: State) -> None:
        _assign(self.model.optimizer.variables, state)

    def function(self, kind: str, data: TrainingSet) -> Any:
        """Traced loop over the batches of such a data set: ``"train"`` or ``"test"``."""
        # A step of the user's own may take (x, y) only, as Keras hands it over without weights.
        own = getattr(type(self.model), f"{kind}_step") is not getattr(keras.Model, f"{kind}_step")
        weighted = not own or bool((data.weights != 1).any())
        key = kind, weighted, data.images.dtype
        if key not in self._functions:
            step = getattr(self.model, f"{kind}_step")
            self._functions[key] = self._traced_loop(step, weighted, data.images.dtype)
        return self._functions[key]

    @collector_held_back()
    def _traced_loop(self, step: Callable[[Any], Any], weighted: bool, dtype: np.dtype[Any]) -> Any:
        integer, vector = tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.int32)
        scalar = tf.TensorSpec([], tf.float32)
        signature = [
            tf.TensorSpec([None, *self._image_shape], dtype),
            vector,
            tf.TensorSpec([None], tf.float32),
            vector,
            integer,
            integer,
            integer,
            scalar,
            scalar,
        ]

        def loop(
            images: Any,
            codes: Any,
            weights: Any,
            order: Any,
            first: Any,
            last: Any,
            batch_size: Any,
            offset: Any,
            scale: Any,
        ) -> None:
            self.n_traces += 1

            def one_batch(start: Any) -> tuple[Any]:
                rows = order[start : tf.minimum(start + batch_size, last)]
                batch = tf.cast(tf.gather(images, rows), tf.float32)
                inputs = rescale(batch, offset, scale)
                batch_data = (inputs, tf.gather(codes, rows))
                step((*batch_data, tf.gather(weights, rows)) if weighted else batch_data)
                return (start + batch_size,)

            # One batch after the other: each step reads the weights the step before has written.
            tf.while_loop(lambda start: start < last, one_batch, [first], parallel_iterations=1)

        # The concrete function: a tf.function would warn of retracing when many models are made.
        return tf.function(loop, autograph=False).get_concrete_function(*signature)


def _assign(variables: Sequence[Any], values: State) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class _Loop:
    """One data set on its way through a traced loop."""

    def __init__(self, trainer: Trainer, kind: str, data: TrainingSet, plan: TrainingPlan) -> None:
        self._function = trainer.function(kind, data)
        offset, scale = range_offset_and_scale(plan.value_range)
        self._data = [tf.convert_to_tensor(a) for a in (data.images, data.codes, data.weights)]
        self._constants = (
            tf.constant(plan.batch_size, tf.int32),
            tf.constant(offset, tf.float32),
            tf.constant(scale, tf.float32),
        )
        self._batch_size = plan.batch_size
        self._n = len(data)

    def n_batches(self) -> int:
        return -(-self._n // self._batch_size)

    def run(self, rows: Any, first: int, n_batches: int) -> None:
        """Run batches ``first`` to ``first + n_batches - 1`` of the rows in the given order."""
        start = first * self._batch_size
        stop = min(start + n_batches * self._batch_size, self._n)
        self._function(*self._data, rows, tf.constant(start), tf.constant(stop), *self._constants)

    def run_all(self, rows: Any) -> None:
        """Run all batches, a number of them at a time."""
        for first in range(0, self.n_batches(), _BATCHES_PER_CALL):
            self.run(rows, first, _BATCHES_PER_CALL)


def train(
    trainer: Trainer, data: TrainingSet, validation: TrainingSet | None, plan: TrainingPlan
) -> dict[str, list[float]]:
    """Train a model in place.

    Parameters
    ----------
    trainer : Trainer
        At its start values, or at the values to go on from.
    data : TrainingSet
    validation : TrainingSet or None
    plan : TrainingPlan

    Returns
    -------
    history : dict of str to list of float
        By epoch: ``loss``, ``accuracy``, ``learning_rate``; with validation data also
        ``val_loss`` and ``val_accuracy``.

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite.
    """
    model = trainer.model
    training = _Loop(trainer, "train", data, plan)
    testing = None if validation is None else _Loop(trainer, "test", validation, plan)
    callbacks = keras.callbacks.CallbackList(
        list(plan.callbacks),
        model=model,
        verbose=0,
        epochs=plan.first_epoch + plan.epochs,
        steps=training.n_batches(),
    )
    hooked = any(_has_batch_hooks(callback) for callback in plan.callbacks)
    history: dict[str, list[float]] = {}
    model._initial_epoch = 0
    callbacks.on_train_begin()
    # BackupAndRestore loads the weights of an interrupted fit and says here how far it had come.
    first_epoch = max(plan.first_epoch, model._initial_epoch)
    for epoch in range(first_epoch, plan.first_epoch + plan.epochs):
        if plan.learning_rate is not None:
            model.optimizer.learning_rate = plan.learning_rate(epoch)
        end_epoch = plan.begin_epoch() if plan.begin_epoch else lambda: False
        callbacks.on_epoch_begin(epoch)
        rate = float(tf.convert_to_tensor(model.optimizer.learning_rate))
        generator = np.random.default_rng(stream(plan.seed, SHUFFLING, epoch))
        logs = _run_epoch(training, generator.permutation(len(data)), model, callbacks, hooked)
        if testing is not None:
            logs |= _evaluate(testing, len(validation or ()), model, callbacks)
        _refuse_divergence(logs, epoch)
        callbacks.on_epoch_end(epoch, dict(logs))
        _append(history, {**logs, "learning_rate": rate})
        if plan.report is not None:
            plan.report(epoch + 1, logs)
        stops = [end_epoch(), bool(model.stop_training)]
        if plan.stopper is not None:
            stops.append(plan.stopper.update(logs["val_loss"], trainer.state))
        if any(stops):
            break
    if history:  # moving averages of the weights take their place now
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end()
    if plan.stopper is not None and history:
        trainer.load_state(plan.stopper.best_state)
    return history


def _run_epoch(
    loop: _Loop, order: npt.NDArray[Any], model: keras.Model, callbacks: Any, hooked: bool
) -> dict[str, float]:
    model.reset_metrics()
    rows = tf.constant(order, tf.int32)
    if not hooked:
        loop.run_all(rows)
        return _metrics(model)
    for batch in range(loop.n_batches()):
        callbacks.on_train_batch_begin(batch)
        loop.run(rows, batch, 1)
        callbacks.on_train_batch_end(batch, _metrics(model))
        if model.stop_training:
            break
    return _metrics(model)


def _evaluate(loop: _Loop, n: int, model: keras.Model, callbacks: Any) -> dict[str, float]:
    model.reset_metrics()
    callbacks.on_test_begin()
    loop.run_all(tf.range(n))
    logs = _metrics(model)
    callbacks.on_test_end(logs)
    return {f"val_{name}": value for name, value in logs.items()}


def _metrics(model: keras.Model) -> dict[str, float]:
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _append(history: dict[str, list[float]], logs: dict[str, float]) -> None:
    for name, value in logs.items():
        history.setdefault(name, []).append(value)


def _refuse_divergence(logs: dict[str, float], epoch: int) -> None:
    for name in ("loss", "val_loss"):
        if not np.isfinite(logs.get(name, 0.0)):
            raise ValueError(
                f"Training diverged: {name} became {logs[name]} in epoch {epoch + 1}. Lower the "
                "learning rate (optimizer__learning_rate), or check that value_range fits the data."
            )


def _has_batch_hooks(callback: keras.callbacks.Callback) -> bool:
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in _BATCH_HOOKS
    )
