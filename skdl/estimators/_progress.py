"""What a fit tells while it runs: lines of its own, and tasks of scikit-learn's callbacks."""

import math
from collections.abc import Callable
from typing import Any

from skdl._utils.progress import Progress
from skdl._utils.scikit import begin_callbacks

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Any) -> Any:
        """Nothing to manage."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "EpochTasks",
    "epoch_lines",
    "joined_histories",
    "with_callbacks",
]


def epoch_lines(n_epochs: int) -> Callable[[int, dict[str, float]], None]:
    """What prints a line per epoch, up to this one."""
    progress = Progress("Epoch", n_epochs, bar=False)

    def show(epoch: int, logs: dict[str, float]) -> None:
        progress.update(epoch, "  ".join(f"{name} {value:.4f}" for name, value in logs.items()))

    return show


Attributes = Callable[[], dict[str, Any]]


class EpochTasks:
    """Announces a fit and its epochs to scikit-learn's callbacks.

    Parameters
    ----------
    estimator : estimator instance
    X, y : object
        What `fit` was called with.
    n_epochs : int
        How many epochs there will be at most.
    sample_weight : object, default=None
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, n_epochs: int, sample_weight: Any = None
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._context = begin_callbacks(estimator, n_epochs)
        if self._context is not None:
            self._context.call_on_fit_task_begin(**self._told)

    def begin_epoch(self, attributes: Attributes) -> Callable[[], bool]:
        """Begin the task of an epoch.

        Parameters
        ----------
        attributes : callable
            Gives the attributes that make a fitted estimator of a copy, at any time.

        Returns
        -------
        end_epoch : callable
            Ends the task, and says whether to stop.
        """
        if self._context is None:
            return lambda: False
        task, told = self._context.subcontext(task_name="epoch"), self._told
        task.call_on_fit_task_begin(**told, reconstruction_attributes=attributes)
        return lambda: bool(task.call_on_fit_task_end(**told, reconstruction_attributes=attributes))

    def end_fit(self) -> None:
        """End the task of the fit, of an estimator that is fitted now."""
        if self._context is not None:
            self._context.call_on_fit_task_end(**self._told, reconstruction_attributes={})


def joined_histories(
    before: dict[str, list[float]], history: dict[str, list[float]]
) -> dict[str, list[float]]:
    """Histories one after the other; NaN where a figure was not taken."""
    lengths = len(before.get("loss", [])), len(history.get("loss", []))
    missing = [[math.nan] * length for length in lengths]
    return {
        name: before.get(name, missing[0]) + history.get(name, missing[1])
        for name in {**before, **history}
    }
