"""Training: epochs, callbacks, early stopping."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl.engine._building import keras_settings
from skdl.engine._private import forget_resumed_epoch, resumed_epoch
from skdl.engine._seeding import AUGMENTATION, SHUFFLING, stream, value_of
from skdl.engine._trainer import Loop, State, Trainer, TrainingSet
from skdl.images import ValueRange
from skdl.preprocessing import AugmentationPlan

Judge = Callable[[Callable[[Any], npt.NDArray[Any]], TrainingSet, dict[str, list[float]]], None]
Snapshot = Callable[[], tuple[Any, dict[str, list[float]]]]

# Callbacks that neither run nor save the network.
_BLIND = frozenset(
    {
        keras.callbacks.CSVLogger,
        keras.callbacks.EarlyStopping,
        keras.callbacks.History,
        keras.callbacks.LearningRateScheduler,
        keras.callbacks.ReduceLROnPlateau,
        keras.callbacks.TerminateOnNaN,
    }
)
_ADVICE = (
    "Lower the learning rate (optimizer__learning_rate), or check that value_range fits the data."
)
# At the end. What has more is no matter of large pixel values or weights of rows.
_LARGEST_LOSS = 1e15
_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


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

    def begin(self, loss: float, state: State) -> None:
        """Take what the training starts with for the best so far."""
        self.best_loss = self._reference = loss
        self.best_state = state

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
    augmentation : AugmentationPlan, default=None
        Random changes of the training images.
    augments_validation : bool, default=False
        Whether validation images go through the same, alike in each epoch.
    first_epoch : int, default=0
        Number of epochs the weights have behind them.
    learning_rate : callable, default=None
        Maps the epoch to its learning rate. None leaves the optimizer's.
    callbacks : list of keras.callbacks.Callback
    stopper : EarlyStopper, default=None
    copies : int, default=1
        How many variants of each image there are, all images once and then once more; an epoch
        takes one of each image.
    report : callable, default=None
        Called after each epoch with its number, from 1, and its logs.
    network : callable, default=None
        Makes what predicts of the trainer's weights.
    watched : callable, default=None
        Makes of the trainer the model that callbacks see. None shows them the trainer's own.
    judge : callable, default=None
        Called at the end, with what gives the outputs for images, the data and the history.
    begin_epoch : callable, default=None
        Called before each epoch, with a function that gives the network as it is and the history
        so far; what it returns is called after the epoch, and says whether to stop.
    """

    epochs: int
    batch_size: int
    seed: int
    value_range: ValueRange
    augmentation: AugmentationPlan | None = None
    augments_validation: bool = False
    first_epoch: int = 0
    learning_rate: Callable[[int], float] | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()
    stopper: EarlyStopper | None = None
    copies: int = 1
    report: Callable[[int, dict[str, float]], None] | None = None
    network: Callable[[State], Any] | None = None
    watched: Callable[[Trainer], keras.Model] | None = None
    judge: Judge | None = None
    begin_epoch: Callable[..., Callable[[], bool]] | None = None


@keras_settings()
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
        ``val_loss`` and ``val_accuracy``. NaN for epochs whose weights a callback has restored.

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite, or ends beyond all measure, or the weights are not
        finite at the end.
    """
    model = watched = trainer.model
    if plan.watched is not None and not all(type(c) in _BLIND for c in plan.callbacks):
        watched = plan.watched(trainer)
    settings = plan.batch_size, plan.value_range
    n = len(data) // plan.copies
    training = Loop(trainer, "train", data, *settings, plan.augmentation, n_rows=n)
    testing = None
    if validation is not None:
        changes = plan.augmentation if plan.augments_validation else None
        testing = Loop(trainer, "test", validation, *settings, changes)
    callbacks = keras.callbacks.CallbackList(
        list(plan.callbacks),
        model=watched,
        verbose=0,
        epochs=plan.first_epoch + plan.epochs,
        steps=training.n_batches(),
    )
    hooked = any(_has_batch_hooks(callback) for callback in plan.callbacks)
    history: dict[str, list[float]] = {}

    def snapshot() -> tuple[Any, dict[str, list[float]]]:
        network = plan.network(trainer.state()) if plan.network else None
        return network, {name: list(values) for name, values in history.items()}

    forget_resumed_epoch(watched)
    watched.stop_training = False
    callbacks.on_train_begin()
    # BackupAndRestore loads the weights of an interrupted fit and says here how far it had come.
    first_epoch = max(plan.first_epoch, resumed_epoch(watched))
    for epoch in range(first_epoch, plan.first_epoch + plan.epochs):
        if plan.learning_rate is not None:
            model.optimizer.learning_rate = plan.learning_rate(epoch)
        end_epoch = plan.begin_epoch(snapshot) if plan.begin_epoch else lambda: False
        callbacks.on_epoch_begin(epoch)
        rate = float(tf.convert_to_tensor(model.optimizer.learning_rate))
        generator = np.random.default_rng(stream(plan.seed, SHUFFLING, epoch))
        calls = training.calls(
            generator.permutation(n) + n * generator.integers(plan.copies, size=n),
            int(stream(plan.seed, AUGMENTATION, epoch).generate_state(1)[0]) >> 1,
            **({"batches_per_call": 1} if hooked else {}),
        )
        logs = _run_epoch(calls, model, callbacks, hooked)
        if testing is not None:
            logs |= _evaluate(testing, len(validation or ()), model, callbacks)
        _refuse_divergence(logs, epoch)
        callbacks.on_epoch_end(epoch, dict(logs))
        _append(history, {**logs, "learning_rate": rate})
        if plan.report is not None:
            plan.report(epoch + 1, logs)
        stops = [end_epoch(), bool(watched.stop_training)]
        if plan.stopper is not None:
            stops.append(plan.stopper.update(logs["val_loss"], trainer.state))
        if any(stops):
            break
    if history:  # moving averages of the weights take their place now
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end()
    if plan.stopper is not None and history:
        trainer.load_state(plan.stopper.best_state)
    if history:
        _refuse_bad_end(model, plan.stopper.best_loss if plan.stopper else history["loss"][-1])
        if plan.judge is not None:
            plan.judge(partial(trainer.predict, value_range=plan.value_range), data, history)
    restored = [math.nan] * (first_epoch - plan.first_epoch)
    if restored and not history:  # everything was done
        return {"loss": restored}
    return {name: restored + values for name, values in history.items()}


def _run_epoch(
    calls: Iterator[Callable[[], None]], model: keras.Model, callbacks: Any, hooked: bool
) -> dict[str, float]:
    model.reset_metrics()
    if not hooked:
        for call in calls:
            call()
        return _metrics(model)
    for batch, call in enumerate(calls):
        callbacks.on_train_batch_begin(batch)
        call()
        callbacks.on_train_batch_end(batch, _metrics(model))
        if callbacks.model.stop_training:
            break
    return _metrics(model)


def _evaluate(loop: Loop, n: int, model: keras.Model, callbacks: Any) -> dict[str, float]:
    model.reset_metrics()
    callbacks.on_test_begin()
    for call in loop.calls(np.arange(n)):
        call()
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
                f"Training diverged: {name} became {logs[name]} in epoch {epoch + 1}. {_ADVICE}"
            )


def _refuse_bad_end(model: keras.Model, loss: float) -> None:
    """Refuse weights that are worth nothing, although the loss they had is a number."""
    finite = all(np.isfinite(value_of(variable)).all() for variable in model.trainable_variables)
    if not finite or loss > _LARGEST_LOSS:
        what = "the loss grew" if finite else "weights became NaN or infinite, and the loss grew"
        raise ValueError(f"Training diverged: {what} to {loss:.3g}. {_ADVICE}")


def _has_batch_hooks(callback: keras.callbacks.Callback) -> bool:
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in _BATCH_HOOKS
    )
