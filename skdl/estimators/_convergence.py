"""What a user should know of a classifier's training that led nowhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from skdl._utils.checks import warn_user
from skdl._utils.text import plain, shortened
from skdl.engine import TrainingSet

# Training images that tell whether the network says the same of all.
_N_PROBED = 256
_N_AT_A_TIME = 32
# How much larger than that of a guess a loss has to be to be no accident.
_EXPLODED = 100.0
# In standard deviations of the targets.
_SMALLEST_SPREAD = 1e-3


def warn_of_failure(
    predict: Callable[[Any], npt.NDArray[Any]],
    data: TrainingSet,
    history: dict[str, list[float]],
    classes: npt.NDArray[Any],
) -> None:
    """Warn if nothing was learned of the data, by what `predict` says of some images."""
    if warn_if_exploded(predict, data, history, guess=float(np.log(len(classes)))):
        return
    rows = np.unique(np.linspace(0, len(data) - 1, _N_PROBED).astype(int))
    if len(np.unique(np.asarray(data.targets)[rows])) < 2:
        return
    n_parts = -(-len(rows) // _N_AT_A_TIME)
    found: set[int] = set()
    for part in range(n_parts):  # the first part shows several classes where something was learned
        found |= set(predict(data.images[rows[part::n_parts]]).argmax(axis=1).tolist())
        if len(found) > 1:
            return
    what = "All training images"
    if len(rows) < len(data):
        what = f"All of the {len(rows)} training images that were checked (of {len(data):,})"
    warn_user(
        f"{what} are predicted as one class, "
        f"{shortened(plain(classes)[found.pop()])}: nothing was learned. Train for more epochs, "
        "change the learning rate (optimizer__learning_rate), or set class_weight='balanced'.",
        ConvergenceWarning,
    )


def warn_if_exploded(
    predict: Callable[[Any], npt.NDArray[Any]],
    data: TrainingSet,
    history: dict[str, list[float]],
    guess: float,
) -> bool:
    """Warn if the loss at the end is far above that of a guess; whether it is."""
    loss = history.get("loss", [np.nan])[-1]
    if not loss > _EXPLODED * guess * max(1.0, float(data.weights.max())):
        return False
    warn_user(
        f"Training diverged: the final loss is {loss:.3g}, while guessing achieves {guess:.3g}. "
        "Lower the learning rate (optimizer__learning_rate), or check that value_range fits the "
        "data.",
        ConvergenceWarning,
    )
    return True


def warn_if_constant(
    predict: Callable[[Any], npt.NDArray[Any]],
    data: TrainingSet,
    history: dict[str, list[float]],
    guess: float,
) -> None:
    """Warn if a network of standardised numbers gives the same for all images."""
    if warn_if_exploded(predict, data, history, guess):
        return
    rows = np.unique(np.linspace(0, len(data) - 1, _N_AT_A_TIME).astype(int))
    wanted = np.ptp(np.asarray(data.targets)[rows], axis=0)
    found = np.ptp(predict(data.images[rows]), axis=0)
    if (wanted > _SMALLEST_SPREAD).any() and (found < _SMALLEST_SPREAD).all():
        warn_user(
            f"The predictions for {len(rows)} training images are all the same: nothing was "
            "learned. Train for more epochs, or change the learning rate "
            "(optimizer__learning_rate).",
            ConvergenceWarning,
        )
