"""What all estimators that train a network share: the fit itself, and what it leaves behind."""

import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import keras
import numpy.typing as npt

from skdl._utils.checksums import checksum_of, refuse_damaged
from skdl.engine import (
    EarlyStopper,
    FittedNetwork,
    Judge,
    ModelSpec,
    OptimizerSpec,
    Snapshot,
    State,
    Trainer,
    TrainingPlan,
    TrainingSet,
    borrowed_trainer,
    scheduled_rate,
    train,
)
from skdl.estimators._base import KerasEstimator
from skdl.estimators._progress import (
    CallbackSupportMixin,
    EpochTasks,
    epoch_lines,
    joined_histories,
)
from skdl.images import ImageFormat
from skdl.preprocessing import AugmentationPlan

DEFAULT_VALIDATION_FRACTION = 0.1

Self = TypeVar("Self", bound="TrainedEstimator")


@dataclass(frozen=True)
class FitTask:
    """A validated fit: all that training needs, and all that it leaves on the estimator."""

    data: TrainingSet
    validation: TrainingSet | None
    format: ImageFormat
    spec: ModelSpec
    optimizer: OptimizerSpec
    callbacks: list[keras.callbacks.Callback]
    seed: int
    continues: bool
    changes: AugmentationPlan | None = None
    changes_validation: bool = False
    classes: Any = None
    incremental: bool = False


@dataclass(frozen=True)
class FitResult:
    """What a training leaves behind."""

    network: Any
    optimizer: OptimizerSpec
    optimizer_state: State
    history: dict[str, list[float]]


class TrainedEstimator(CallbackSupportMixin, KerasEstimator):
    """Base of estimators that train a network.

    Until training has ended, nothing is set on the estimator: a fit that fails leaves an estimator
    as it was.
    """

    callbacks_: list[keras.callbacks.Callback]
    history_: dict[str, list[float]]
    n_iter_: int
    _network: Any
    _fitted_optimizer: OptimizerSpec
    _image_format: ImageFormat
    _optimizer_state: list[npt.NDArray[Any]] | None
    _seed: int

    @property
    def model_(self) -> keras.Model:
        """The trained network as a compiled ``keras.Model`` of its own, made when first asked for.

        It takes the pixel values the estimator takes. Changing it does not change the estimator.
        """
        if not self.initialized_:
            raise AttributeError(f"This {type(self).__name__} has no model_ before fit.")
        if "_materialised" not in vars(self):
            self._materialised = self._network.to_keras(self._fitted_optimizer)
        return self._materialised

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("callbacks_", None)
        if not self.warm_start:
            state["_optimizer_state"] = None
            if self.initialized_ and not _can_pickle(self.callbacks):
                warnings.warn(
                    "The parameter callbacks cannot be pickled and is left out: the copy predicts "
                    "alike, but has callbacks=None. Pass callback classes or importable factories.",
                    stacklevel=2,
                )
                state["callbacks"] = None
        return {**state, "_optimizer_checksum": checksum_of(state.get("_optimizer_state") or [])}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        checksum = state.pop("_optimizer_checksum", None)
        super().__setstate__(state)
        refuse_damaged(state.get("_optimizer_state") or [], checksum)

    def _validation_fraction(self) -> float:
        if self.validation_fraction is not None:
            return float(self.validation_fraction)
        return DEFAULT_VALIDATION_FRACTION if self.early_stopping else 0.0

    # ---- training ------------------------------------------------------------------------------

    def _train(
        self: Self,
        task: FitTask,
        *,
        epochs: int,
        tasks: EpochTasks | None = None,
    ) -> Self:
        first_epoch = self.n_iter_ if task.continues else 0
        stopper = None
        if self.early_stopping and task.validation is not None:
            stopper = EarlyStopper(self.n_iter_no_change, self.tol)
        plan = TrainingPlan(
            epochs=epochs,
            batch_size=int(self.batch_size),
            seed=task.seed,
            value_range=task.format.value_range,
            augmentation=task.changes,
            augments_validation=task.changes_validation,
            first_epoch=first_epoch,
            learning_rate=self._epoch_schedule(
                task.optimizer, 0 if task.incremental else first_epoch
            ),
            callbacks=task.callbacks,
            stopper=stopper,
            report=epoch_lines(first_epoch + epochs) if self.verbose else None,
            judge=self._judge(task),
            begin_epoch=None if tasks is None else partial(self._begin_epoch, tasks, task),
        )
        result = self._run(task, plan)
        for callback in task.callbacks:  # the network may train another fit soon
            keras.callbacks.Callback.set_model(callback, None)
        learned = self._attributes(task, result)
        if "feature_names_in_" not in learned:
            self.__dict__.pop("feature_names_in_", None)
        self.__dict__.update(learned)
        self._forget_caches()
        return self

    def _judge(self, task: FitTask) -> Judge | None:
        """What warns of a training that led nowhere."""
        return None

    def _begin_epoch(
        self,
        tasks: EpochTasks,
        task: FitTask,
        snapshot: Snapshot,
        before: dict[str, list[float]] | None = None,
    ) -> Callable[[], bool]:
        """Announce an epoch; `before` is the history of a training before this one."""

        def attributes() -> dict[str, Any]:
            network, history = snapshot()
            history = joined_histories(before or {}, history)
            return self._attributes(task, FitResult(network, task.optimizer, [], history))

        return tasks.begin_epoch(attributes)

    def _run(self, task: FitTask, plan: TrainingPlan) -> FitResult:
        """Train as planned, without setting anything on the estimator."""

        def network(state: State) -> FittedNetwork:
            return FittedNetwork(task.spec, state, task.format.value_range)

        plan = replace(plan, network=network)
        state, optimizer_state, history = self._train_network(
            task.spec, task.optimizer, task.data, task.validation, plan, self._start(task)
        )
        return FitResult(network(state), task.optimizer, optimizer_state, history)

    def _start(self, task: FitTask) -> Callable[[Trainer], None]:
        """What brings a trainer to where the training begins."""
        if task.continues:
            return partial(self._restore, optimizer=task.optimizer)
        return lambda trainer: None

    def _train_network(
        self,
        spec: ModelSpec,
        optimizer: OptimizerSpec,
        data: TrainingSet,
        validation: TrainingSet | None,
        plan: TrainingPlan,
        start: Callable[[Trainer], None],
    ) -> tuple[State, State, dict[str, list[float]]]:
        """Weights, state of the optimizer and history after a training."""
        is_shown = not all(_leaves_model_alone(callback) for callback in plan.callbacks)
        with borrowed_trainer(spec, optimizer, plan.seed, is_shown=is_shown) as trainer:
            start(trainer)
            history = train(trainer, data, validation, plan)
            return trainer.state(), trainer.optimizer_state(), history

    def _attributes(self, task: FitTask, result: FitResult) -> dict[str, Any]:
        """All that a fit sets on the estimator."""
        before = self.history_ if task.continues else {}
        history = joined_histories(before, result.history)
        names = task.format.feature_names
        return {
            "image_shape_": task.format.image_shape,
            "value_range_": task.format.value_range,
            "n_features_in_": task.format.n_features,
            **({} if names is None else {"feature_names_in_": names}),
            "history_": history,
            "n_iter_": len(history.get("loss", [])),
            "callbacks_": task.callbacks,
            "_image_format": task.format,
            "_network": result.network,
            "_fitted_optimizer": result.optimizer,
            "_optimizer_state": (
                result.optimizer_state if self.warm_start or task.incremental else None
            ),
            "_seed": task.seed,
        }

    def _restore(self, trainer: Any, optimizer: OptimizerSpec) -> None:
        """Bring a trainer to where this estimator's last fit ended."""
        shapes = [array.shape for array in self._network.state]
        if shapes != [tuple(variable.shape) for variable in trainer.variables]:
            raise ValueError(
                f"The network of {self._written()} with its present parameters does not have the "
                "weights this estimator was fitted with, so training cannot go on from them. Set "
                "the parameters back, or fit anew with warm_start=False."
            )
        trainer.load_state(self._network.state)
        if self._optimizer_state and optimizer.key == self._fitted_optimizer.key:
            trainer.load_optimizer_state(self._optimizer_state)
            if optimizer.learning_rate is not None:
                trainer.model.optimizer.learning_rate = optimizer.learning_rate

    def _epoch_schedule(
        self, optimizer: OptimizerSpec, first_epoch: int
    ) -> Callable[[int], float] | None:
        if self.learning_rate_schedule not in ("cosine", "step"):
            return None
        if optimizer.learning_rate is None:
            raise ValueError(
                f"learning_rate_schedule={self.learning_rate_schedule!r} needs an optimizer with a "
                "constant learning rate, but the optimizer has a schedule already."
            )
        return partial(
            scheduled_rate,
            kind=self.learning_rate_schedule,
            base=optimizer.learning_rate,
            first_epoch=first_epoch,
            epochs=self.epochs,
        )


def _can_pickle(value: Any) -> bool:
    try:
        pickle.dumps(value)
    except Exception:
        return False
    return True


def _leaves_model_alone(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback is one of Keras's own, none of which rebuild the model they watch."""
    kind = type(callback)
    return kind.__module__.startswith("keras.") and kind is not keras.callbacks.LambdaCallback
