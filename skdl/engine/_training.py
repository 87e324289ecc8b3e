"""Training: epochs, callbacks, early stopping.

Decisions: docs/decisions.md#training.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skdl.engine._building import keras_settings
from skdl.engine._fitted import FittedNetwork
from skdl.engine._job import Fitted, History, Job
from skdl.engine._pool import borrowed_trainer
from skdl.engine._private import forget_resumed_epoch, resumed_epoch
from skdl.engine._seeding import AUGMENTATION, SHUFFLING, seed_of, stream, value_of
from skdl.engine._trainer import Loop, State, Trainer

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
    """Stops when the validation loss no longer improves, and remembers the best weights."""

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


@dataclass(frozen=True)
class Stage:
    """What a training in several stages asks for in one of them."""

    network: Callable[[State], Any]  # makes what predicts of the trainer's weights
    begin: Callable[[Trainer, EarlyStopper | None], None]  # brings both to where it begins
    # Makes of the trainer the model that callbacks see. None shows them the trainer's own.
    watched: Callable[[Trainer], keras.Model] | None = None
    copies: int = 1  # of each image: all once, then once more; an epoch takes one of each
    later_epochs: int = 0  # those of the stages behind this one


def fit(job: Job, stage: Stage | None = None) -> Fitted:
    """Train a network, in this stage or, without one, from beginning to end.

    Raises ValueError if the loss becomes NaN or infinite, or ends beyond all measure, the weights
    are not finite at the end, or those to go on from are not of such a network.
    """
    if stage is None:
        network = partial(FittedNetwork, job.recipe, value_range=job.value_range)
        stage = Stage(network, partial(go_on, job))
    if job.epochs > 1:
        validation = job.validation and job.validation.kept()
        job = replace(job, data=job.data.kept(), validation=validation)
    stopper = None
    if job.patience is not None and job.validation is not None:
        stopper = EarlyStopper(*job.patience)
    is_shown = not all(_leaves_model_alone(callback) for callback in job.callbacks)
    with borrowed_trainer(job.recipe, job.optimizer, job.seed, is_shown=is_shown) as trainer:
        stage.begin(trainer, stopper)
        history = _train(trainer, job, stage, stopper)
        fitted = _fitted(job, stage.network(trainer.state()), trainer.optimizer_state(), history)
    for callback in job.callbacks:  # the trainer may train another fit soon
        keras.callbacks.Callback.set_model(callback, None)
    return fitted


def go_on(job: Job, trainer: Trainer, stopper: EarlyStopper | None = None) -> None:
    """Bring a trainer to where the training before ended, if there is one."""
    start = job.start
    if start is None:
        return
    shapes = [array.shape for array in start.network.state]
    if shapes != [tuple(variable.shape) for variable in trainer.variables]:
        raise ValueError(
            f"The network {job.recipe.label} with the current parameters does not match the "
            "weights this estimator was fitted with, so training cannot continue from them. "
            "Restore the parameters, or refit with warm_start=False."
        )
    trainer.load_state(start.network.state)
    if start.optimizer_state and job.optimizer.key == start.optimizer.key:
        trainer.load_optimizer_state(start.optimizer_state)
        if job.optimizer.learning_rate is not None:
            trainer.model.optimizer.learning_rate = job.optimizer.learning_rate


@keras_settings()
def _train(trainer: Trainer, job: Job, stage: Stage, stopper: EarlyStopper | None) -> History:
    """Train a model in place: the history of this training alone."""
    training, testing = _loops(trainer, job, len(job.data) // stage.copies)
    last_epoch = job.first_epoch + job.epochs
    report = job.report(last_epoch + stage.later_epochs) if job.report else None
    callbacks = _callback_list(trainer, job, stage, last_epoch, training.n_batches())
    hooked = any(_has_batch_hooks(callback) for callback in job.callbacks)
    watched, history = callbacks.model, History()
    forget_resumed_epoch(watched)
    watched.stop_training = False
    callbacks.on_train_begin()
    # BackupAndRestore loads the weights of an interrupted fit and says here how far it had come.
    first_epoch = max(job.first_epoch, resumed_epoch(watched))
    for epoch in range(first_epoch, last_epoch):
        rate = job.learning_rate(epoch)
        if rate is not None:
            trainer.model.optimizer.learning_rate = rate
        end_epoch = _announce(trainer, job, stage, history)
        callbacks.on_epoch_begin(epoch)
        rate = float(tf.convert_to_tensor(trainer.model.optimizer.learning_rate))
        order, seed = _drawn(job, epoch, stage.copies)
        calls = training.calls(order, seed, **({"batches_per_call": 1} if hooked else {}))
        logs = _run_epoch(calls, trainer.model, callbacks, hooked)
        if testing is not None:
            logs |= _evaluate(testing, len(job.validation or ()), trainer.model, callbacks)
        _refuse_divergence(logs, epoch)
        callbacks.on_epoch_end(epoch, dict(logs))
        for name, value in {**logs, "learning_rate": rate}.items():
            history.setdefault(name, []).append(value)
        if report is not None:
            report(epoch + 1, logs)
        stops = [end_epoch(), bool(watched.stop_training)]
        if stopper is not None:
            stops.append(stopper.update(logs["val_loss"], trainer.state))
        if any(stops):
            break
    _end(trainer, job, stopper, callbacks, history)
    restored = [math.nan] * (first_epoch - job.first_epoch)
    if restored and not history:  # everything was done
        return {"loss": restored}
    return {name: restored + values for name, values in history.items()}


def _loops(trainer: Trainer, job: Job, n_rows: int) -> tuple[Loop, Loop | None]:
    """Over the training and the validation data."""
    settings, changes = (job.batch_size, job.value_range), job.augmentation
    training = Loop(trainer, "train", job.data, *settings, changes, n_rows=n_rows)
    if job.validation is None:
        return training, None
    changes = changes if job.augments_validation else None
    return training, Loop(trainer, "test", job.validation, *settings, changes)


def _callback_list(
    trainer: Trainer, job: Job, stage: Stage, last_epoch: int, n_batches: int
) -> Any:
    model = trainer.model
    if stage.watched is not None and not all(type(c) in _BLIND for c in job.callbacks):
        model = stage.watched(trainer)
    return keras.callbacks.CallbackList(
        list(job.callbacks), model=model, verbose=0, epochs=last_epoch, steps=n_batches
    )


def _announce(trainer: Trainer, job: Job, stage: Stage, history: History) -> Callable[[], bool]:
    """Say that an epoch begins; what to call at its end, which says whether to stop."""
    if job.begin_epoch is None:
        return lambda: False
    return job.begin_epoch(lambda: _fitted(job, stage.network(trainer.state()), [], history))


def _fitted(job: Job, network: Any, optimizer_state: State, history: History) -> Fitted:
    return Fitted(network, job.optimizer, optimizer_state, job.joined_with_start(history))


def _drawn(job: Job, epoch: int, copies: int) -> tuple[Any, int]:
    """The order of an epoch's rows, one copy of each image, and the seed of its changes."""
    n = len(job.data) // copies
    generator = np.random.default_rng(stream(job.seed, SHUFFLING, epoch))
    if job.balanced:
        order = _as_many_of_each(np.asarray(job.data.targets)[:n], generator)
    else:
        order = generator.permutation(n)
    order = order + n * generator.integers(copies, size=n)
    return order, seed_of(stream(job.seed, AUGMENTATION, epoch))


def _as_many_of_each(codes: Any, generator: np.random.Generator) -> Any:
    """As many rows as there are, equally many of each class, none again before all others of it."""
    present = generator.permutation(np.unique(codes))  # what is left over goes to any class
    drawn = []
    for place, code in enumerate(present):
        rows = np.flatnonzero(codes == code)
        wanted = (len(codes) + place) // len(present)
        times = -(-wanted // len(rows))
        repeated = [generator.permutation(rows) for _ in range(times)]
        drawn.append(np.concatenate(repeated)[:wanted])
    return generator.permutation(np.concatenate(drawn))


def _run_epoch(
    calls: Iterator[Callable[[], None]], model: keras.Model, callbacks: Any, hooked: bool
) -> dict[str, float]:
    model.reset_metrics()
    for batch, call in enumerate(calls):
        if not hooked:
            call()
            continue
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


def _end(
    trainer: Trainer, job: Job, stopper: EarlyStopper | None, callbacks: Any, history: History
) -> None:
    """Bring the weights to their last values, and judge them."""
    model = trainer.model
    if history:  # moving averages of the weights take their place now
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end()
    if not history:
        return
    if stopper is not None:
        trainer.load_state(stopper.best_state)
    _refuse_bad_end(model, stopper.best_loss if stopper else history["loss"][-1])
    if job.judge is not None:
        job.judge(partial(trainer.predict, value_range=job.value_range), job.data, history)


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


def _leaves_model_alone(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback is one of Keras's own, none of which rebuild the model they watch."""
    kind = type(callback)
    return kind.__module__.startswith("keras.") and kind is not keras.callbacks.LambdaCallback
