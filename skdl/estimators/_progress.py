"""What a fit tells while it runs: lines of its own, and tasks of scikit-learn's callbacks."""

import math
import time
from collections.abc import Callable
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TimeRemainingColumn,
)
from rich.text import Text

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
    "EpochLines",
    "EpochTasks",
    "ImageProgress",
    "joined_histories",
    "with_callbacks",
]


class EpochLines:
    """Prints a line per epoch.

    Parameters
    ----------
    n_epochs : int
        Number of the last epoch.
    """

    def __init__(self, n_epochs: int) -> None:
        self._n_epochs = n_epochs
        self._last = time.perf_counter()

    def __call__(self, epoch: int, logs: dict[str, float]) -> None:
        now = time.perf_counter()
        figures = "  ".join(f"{name} {value:.4f}" for name, value in logs.items())
        print(f"Epoch {epoch}/{self._n_epochs}  {now - self._last:.1f} s  {figures}", flush=True)
        self._last = now


class ImageProgress:
    """A progress bar with images per second, or nothing: also where everything is done at once.

    Parameters
    ----------
    name : str
        What it says.
    n_images : int
    shown : bool
    """

    def __init__(self, name: str, n_images: int, shown: bool) -> None:
        self._bar: Progress | None = None
        self._n_images = n_images
        if shown:
            self._bar = Progress(
                "{task.description}",
                BarColumn(),
                MofNCompleteColumn(),
                _ImagesPerSecond(),
                TimeRemainingColumn(),
            )
            self._task = self._bar.add_task(name, total=n_images)

    def __enter__(self) -> "ImageProgress":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None and self._bar.live.is_started:
            self._bar.stop()

    def update(self, done: int) -> None:
        """Say how many images are done."""
        if self._bar is not None and (done < self._n_images or self._bar.live.is_started):
            self._bar.start()
            self._bar.update(self._task, completed=done)


class _ImagesPerSecond(ProgressColumn):
    def render(self, task: Any) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} images/s")


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
