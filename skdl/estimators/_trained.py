"""What all estimators that train a network share: the fit itself, and what it leaves behind.

Decisions: docs/decisions.md#training.
"""

import skdl.architectures  # noqa: F401 (starts TensorFlow)

# isort: split
import pickle
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, TypeVar

import keras
import numpy as np
import numpy.typing as npt

from skdl._utils.checks import warn_user
from skdl._utils.checksums import checksum_of, refuse_damaged
from skdl._utils.compat import CallbackSupportMixin
from skdl._utils.scikit import Interval, StrOptions
from skdl._utils.sending import is_sending
from skdl.engine import Fitted, Job, OptimizerSpec, fit
from skdl.estimators._base import KerasEstimator
from skdl.estimators._progress import EpochTasks, epoch_lines
from skdl.images import ImageFormat

DEFAULT_VALIDATION_FRACTION = 0.1

# Of the parameters that all share.
TRAINING_CONSTRAINTS: dict[str, list[Any]] = {
    "epochs": [Interval(Integral, 1, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "optimizer": [str, type, keras.optimizers.Optimizer],
    "learning_rate_schedule": [
        None,
        StrOptions({"cosine", "step", "one_cycle"}),
        keras.optimizers.schedules.LearningRateSchedule,
    ],
    "early_stopping": ["boolean"],
    "validation_fraction": [None, Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "keep_aspect": ["boolean"],
    "precision": [StrOptions({"float32", "bfloat16"})],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

Self = TypeVar("Self", bound="TrainedEstimator")
# What a training leaves on the estimator beside its results, by the attribute's name.
Learned = dict[str, Any]


class TrainedEstimator(CallbackSupportMixin, KerasEstimator):
    """Base of estimators that train a network.

    Nothing is set on the estimator until training has ended: a fit that fails leaves the estimator
    unchanged.
    """

    callbacks_: list[keras.callbacks.Callback]
    history_: dict[str, list[float]]
    n_iter_: int
    validation_rows_: npt.NDArray[np.intp] | None
    _network: Any
    _fitted_optimizer: OptimizerSpec
    _image_format: ImageFormat
    _optimizer_state: list[npt.NDArray[Any]] | None
    _seed: int

    @property
    def model_(self) -> keras.Model:
        """The trained network as a separate compiled ``keras.Model``, built on first access.

        It accepts the same pixel values as the estimator. Changing it does not change the
        estimator.
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
            if self.initialized_ and not is_sending() and not _can_pickle(self.callbacks):
                warn_user(
                    "The parameter callbacks cannot be pickled and is left out: the copy makes the "
                    "same predictions, but has callbacks=None. Pass callback classes or importable "
                    "factories.",
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

    def _mode(self) -> Job.Mode:
        """What a call of `fit` is."""
        return "warm_start" if self.warm_start and self.initialized_ else "fit"

    def _last_training(self, mode: Job.Mode) -> Fitted | None:
        """Where a training goes on."""
        if mode in ("fit", "initialize") or not self.initialized_:
            return None
        state = self._optimizer_state or []
        return Fitted(self._network, self._fitted_optimizer, state, self.history_)

    def _job(self, mode: Job.Mode, image_format: ImageFormat, **parts: Any) -> Job:
        """The training that the parameters describe; `parts` are what they do not say."""
        schedule = None
        if self.learning_rate_schedule in ("cosine", "step", "one_cycle"):
            schedule = (self.learning_rate_schedule, int(self.epochs))
        return Job(
            value_range=image_format.value_range,
            epochs={"partial_fit": 1, "initialize": 0}.get(mode, int(self.epochs)),
            batch_size=int(self.batch_size),
            mode=mode,
            schedule=schedule,
            patience=(self.n_iter_no_change, self.tol) if self.early_stopping else None,
            report=epoch_lines if self.verbose else None,
            balanced=getattr(self, "sampling", None) == "balanced",
            **parts,
        )

    def _learned(
        self, job: Job, image_format: ImageFormat, held_out: npt.NDArray[np.intp] | None
    ) -> Learned:
        """What a fit sets on the estimator, apart from its results."""
        names = image_format.feature_names
        return {
            "image_shape_": image_format.image_shape,
            "value_range_": image_format.value_range,
            "n_features_in_": image_format.n_features,
            **({} if names is None else {"feature_names_in_": names}),
            "callbacks_": list(job.callbacks),
            "validation_rows_": None if held_out is None else np.sort(held_out),
            "_image_format": image_format,
            "_seed": job.seed,
        }

    def _train(self: Self, job: Job, learned: Learned, tasks: EpochTasks | None = None) -> Self:
        """Train, and set what was learned once that has ended."""
        keeps = self.warm_start or job.mode in ("partial_fit", "initialize")

        def attributes(fitted: Fitted) -> dict[str, Any]:
            return {
                **learned,
                "history_": fitted.history,
                "n_iter_": fitted.n_epochs,
                "_network": fitted.network,
                "_fitted_optimizer": fitted.optimizer,
                "_optimizer_state": fitted.optimizer_state if keeps else None,
            }

        if tasks is not None:
            job = replace(job, begin_epoch=partial(tasks.begin_epoch, attributes))
        fitted, n_members = self._run(job), getattr(self, "n_members", 1)
        if n_members > 1:
            fitted = fitted.joined([self._run(job.of_member(n)) for n in range(1, n_members)])
        found = attributes(fitted)
        if "feature_names_in_" not in found:
            self.__dict__.pop("feature_names_in_", None)
        self.__dict__.update(found)
        self._forget_caches()
        return self

    def _run(self, job: Job) -> Fitted:
        """Do a job, without setting anything on the estimator."""
        return fit(job)


def _can_pickle(value: Any) -> bool:
    try:
        pickle.dumps(value)
    except Exception:
        return False
    return True
