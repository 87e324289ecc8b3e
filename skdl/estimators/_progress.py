"""What a fit tells while it runs: lines of its own, and tasks of scikit-learn's callbacks."""

from collections.abc import Callable
from typing import Any

from skdl._utils.progress import Progress
from skdl._utils.scikit import begin_callbacks


def epoch_lines(n_epochs: int) -> Callable[[int, dict[str, float]], None]:
    """What prints a line per epoch, up to this one."""
    progress = Progress("Epoch", n_epochs, bar=False)

    def show(epoch: int, logs: dict[str, float]) -> None:
        progress.update(epoch, "  ".join(f"{name} {value:.4f}" for name, value in logs.items()))

    return show


class EpochTasks:
    """Announces a fit, with what it was called with, and its epochs to scikit-learn's callbacks."""

    def __init__(
        self, estimator: Any, X: Any, y: Any, n_epochs: int, sample_weight: Any = None
    ) -> None:
        # What scorers of callbacks take: groups of a fit are no part of it.
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._context = begin_callbacks(estimator, n_epochs)
        if self._context is not None:
            self._context.call_on_fit_task_begin(**self._told)

    def begin_epoch(
        self, attributes: Callable[[Any], dict[str, Any]], snapshot: Callable[[], Any]
    ) -> Callable[[], bool]:
        """Begin the task of an epoch; what is returned ends it, and says whether to stop.

        `attributes` gives what makes a fitted estimator of what a training has come to, which
        `snapshot` gives at any time.
        """
        if self._context is None:
            return lambda: False
        task = self._context.subcontext(task_name="epoch")
        told = {**self._told, "reconstruction_attributes": lambda: attributes(snapshot())}
        task.call_on_fit_task_begin(**told)
        return lambda: bool(task.call_on_fit_task_end(**told))

    def end_fit(self) -> None:
        """End the task of the fit, of an estimator that is fitted now."""
        if self._context is not None:
            self._context.call_on_fit_task_end(**self._told, reconstruction_attributes={})
