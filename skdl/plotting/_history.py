"""Loss and accuracy by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# Okabe and Ito's palette: distinct for colour-blind readers; line styles tell in grayscale.
_TRAINING, _VALIDATION = "#0072B2", "#D55E00"


class TrainingHistoryDisplay:
    """Training and validation loss and accuracy by epoch.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    history : dict of str to list of float
        As in ``history_`` of a fitted estimator: "loss", of classifiers "accuracy", and where there
        was validation data "val_loss" and "val_accuracy".

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes, of shape (2,) or (1,)
        The axes of the loss and, of classifiers, of the accuracy.

    Examples
    --------
    >>> from skdl.plotting import TrainingHistoryDisplay
    >>> history = {"loss": [1.2, 0.6], "accuracy": [0.5, 0.8]}
    >>> display = TrainingHistoryDisplay(history).plot()
    >>> display.axes_[0].get_ylabel()
    'Loss'
    """

    def __init__(self, history: Mapping[str, Sequence[float]]) -> None:
        self.history = history

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> "TrainingHistoryDisplay":
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline
            With a ``history_``; of a pipeline, the last step; of a search, the best estimator.
        ax : sequence of matplotlib axes, default=None
            Where to draw the loss and, of classifiers, the accuracy; None makes a new figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no history.
        """
        inner = getattr(estimator, "best_estimator_", estimator)
        inner = inner[-1] if hasattr(inner, "steps") else inner
        if not getattr(inner, "history_", None):
            raise ValueError(
                f"{type(inner).__name__} has no history_ of any epoch: fit it first, and pass an "
                "estimator that trains a network."
            )
        return cls(inner.history_).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> "TrainingHistoryDisplay":
        """Draw.

        Parameters
        ----------
        ax : sequence of matplotlib axes, default=None
            Where to draw the loss and, of classifiers, the accuracy; None makes a new figure.

        Returns
        -------
        self : TrainingHistoryDisplay
            The display, with `figure_` and `axes_`.
        """
        import matplotlib.pyplot as plt

        metrics = [name for name in ("loss", "accuracy") if name in self.history]
        if ax is None:
            size = (4.5 * len(metrics), 3.6)
            figure, axes = plt.subplots(
                1, len(metrics), figsize=size, layout="constrained", squeeze=False
            )
            axes = axes[0]
        else:
            axes = np.asarray(ax, dtype=object).reshape(-1)
            if len(axes) != len(metrics):
                raise ValueError(
                    f"ax must hold {len(metrics)} axes, for {' and '.join(metrics)}. Got "
                    f"{len(axes)}."
                )
            figure = axes[0].figure
        best = self._best_epoch()
        for panel, metric in zip(axes, metrics, strict=True):
            self._draw(panel, metric, metric.capitalize(), best)
        self.figure_, self.axes_ = figure, axes
        return self

    def _best_epoch(self) -> int | None:
        losses = self.history.get("val_loss")
        return None if not losses else int(np.nanargmin(losses)) + 1

    def _draw(self, ax: Any, metric: str, label: str, best: int | None) -> None:
        epochs = np.arange(1, len(self.history[metric]) + 1)
        marker = "o" if len(epochs) <= 30 else None
        ax.plot(
            epochs, self.history[metric], color=_TRAINING, marker=marker, ms=4, label="training"
        )
        validation = self.history.get(f"val_{metric}")
        if validation:
            ax.plot(
                epochs,
                validation,
                color=_VALIDATION,
                marker="s" if marker else None,
                ms=4,
                linestyle="--",
                label="validation",
            )
            if best is not None:
                ax.axvline(best, color="0.6", linewidth=1, zorder=0, label=f"best epoch ({best})")
        ax.set(xlabel="Epoch", ylabel=label)
        ax.xaxis.get_major_locator().set_params(integer=True)
        if len(epochs) == 1:
            ax.set(xlim=(0.5, 1.5), xticks=[1])
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
