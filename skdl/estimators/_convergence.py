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


def warn_of_failure(
    predict: Callable[[Any], npt.NDArray[Any]],
    data: TrainingSet,
    history: dict[str, list[float]],
    classes: npt.NDArray[Any],
) -> None:
    """Warn if nothing was learned of the data, by what `predict` says of some images."""
    loss = history.get("loss", [np.nan])[-1]
    guess = float(np.log(len(classes)))
    if loss > _EXPLODED * guess * max(1.0, float(data.weights.max())):
        warn_user(
            f"Training diverged: it ended with a loss of {loss:.3g}, where guessing has "
            f"{guess:.3g}. Lower the learning rate (optimizer__learning_rate), or check that "
            "value_range fits the data.",
            ConvergenceWarning,
        )
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
