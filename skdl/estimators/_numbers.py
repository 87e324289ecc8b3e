"""What images are mapped to by regressors: numbers, standardised for the network.

Decisions: docs/decisions.md#labels-numbers-and-grades.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import warn_user
from skdl._utils.scikit import check_sample_weight
from skdl.engine import Head, Job, TrainingSet
from skdl.estimators._convergence import warn_if_constant
from skdl.estimators._holding_out import Held, hold_out_any

Floats = npt.NDArray[np.float64]

# scikit-learn's names, and Keras's.
LOSSES = {
    "squared_error": "mean_squared_error",
    "absolute_error": "mean_absolute_error",
    "huber": "huber",
}


@dataclass(frozen=True)
class Numbers:
    """One or several numbers of each image."""

    mean: Floats  # of each output
    scale: Floats
    is_flat: bool  # one number per image, in an array of one dimension
    name_of_loss: str
    head: ClassVar[Head] = "linear"
    loss_options: ClassVar[dict[str, Any]] = {}

    @classmethod
    def of(cls, y: Floats, sample_weight: Any, loss: str) -> "Numbers":
        """Learn mean and standard deviation of targets."""
        columns = y.reshape(len(y), -1)
        weights = None if np.ndim(sample_weight) != 1 else np.asarray(sample_weight, np.float64)
        if weights is not None and (len(weights) != len(y) or not weights.any()):
            weights = None  # which is refused elsewhere
        mean = np.average(columns, axis=0, weights=weights)
        scale = np.sqrt(np.average(np.square(columns - mean), axis=0, weights=weights))
        constant = scale <= 1e-12 * np.maximum(1, np.abs(mean))
        for output in np.flatnonzero(constant):
            what = "y" if y.ndim == 1 else f"Column {output} of y"
            warn_user(
                f"{what} is {mean[output]:g} for all {len(y)} training images, so only this "
                "constant can be learned. Check that these are the intended targets."
            )
        return cls(mean, np.where(constant, 1.0, scale), y.ndim == 1, loss)

    @property
    def n_outputs(self) -> int:
        return len(self.mean)

    @property
    def loss(self) -> str:
        return LOSSES[self.name_of_loss]

    @property
    def attributes(self) -> dict[str, Any]:
        """What a fit sets on the estimator."""
        return {
            "n_outputs_": self.n_outputs,
            "target_mean_": self.mean,
            "target_scale_": self.scale,
            "_is_flat": self.is_flat,
        }

    def encode(self, y: Floats, name: str = "y", advice: str = "") -> npt.NDArray[np.float32]:
        """Standardised, one column for each output."""
        expected = y.ndim == 1 if self.is_flat else y.shape[1:] == (self.n_outputs,)
        if not expected:
            one = "one number per image" if self.is_flat else f"{self.n_outputs} columns"
            raise ValueError(f"{name} should have {one}, as in fit. Got shape {y.shape}.")
        return ((y.reshape(len(y), -1) - self.mean) / self.scale).astype(np.float32)

    def weights(
        self, sample_weight: Any, class_weight: Any, y: npt.NDArray[Any]
    ) -> npt.NDArray[np.float32]:
        """Of each image."""
        weights: npt.NDArray[np.float32] = check_sample_weight(
            sample_weight, y, dtype=np.float64, copy=True, ensure_non_negative=True
        ).astype(np.float32)
        if not weights.any():
            raise ValueError(
                "sample_weight is zero in float32 for every row: there is nothing to train on."
            )
        return weights

    def hold_out(self, data: TrainingSet, fraction: float, seed: int, groups: Any) -> Held:
        return hold_out_any(data, fraction, seed, groups)

    def judge(self) -> Callable[..., None]:
        """What looks at a training at its end."""
        return partial(warn_if_constant, guess=1.0)  # about that of the mean, whatever the loss

    def decode(self, outputs: npt.NDArray[np.float32]) -> Floats:
        numbers = outputs.astype(np.float64) * self.scale + self.mean
        return numbers[:, 0] if self.is_flat else numbers

    def refuse_others(self, y: npt.NDArray[Any], classes: Any, mode: Job.Mode) -> None:
        """Refuse to go on with other outputs than those of the training before."""
        self.encode(y)
