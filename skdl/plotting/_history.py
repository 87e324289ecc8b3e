"""Loss, accuracy and learning rate by epoch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skdl._utils.nesting import history_of, nested
from skdl._utils.text import shortened
from skdl.plotting._layout import CAPTION_WIDTH, given_axes, new_figure, text_width, wrapped
from skdl.plotting._palette import (
    COLORS,
    FRAME,
    MARKER_SIZE,
    MARKERS,
    STYLES,
    TEXT,
    add_legend,
    tidy,
)

_METRICS = ("loss", "accuracy")
_MOST_ESTIMATORS = len(COLORS)
_MARKERS = 12  # on one line
_STAR: dict[str, Any] = {
    "marker": "*",
    "ms": 12,
    "mec": "black",
    "mew": 0.8,
    "linestyle": "none",
    "zorder": 3,
}


@dataclass(eq=False, repr=False)
class TrainingHistoryDisplay:
    """Training and validation loss, accuracy and learning rate per epoch.

    It is recommended to use :meth:`from_estimator` or :meth:`from_estimators`.

    Parameters
    ----------
    history : dict of str to list of float, or dict of str to such dicts
        As in ``history_`` of a fitted estimator: "loss", for classifiers "accuracy", with
        validation data also "val_loss" and "val_accuracy", and "learning_rate"; or the histories of
        up to 6 estimators by name.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes, of shape (n_panels,)
        The axes of the loss, for classifiers of the accuracy, and, if it is drawn, of the learning
        rate.

    Examples
    --------
    >>> from skdl.plotting import TrainingHistoryDisplay
    >>> history = {"loss": [1.2, 0.6], "accuracy": [0.5, 0.8]}
    >>> display = TrainingHistoryDisplay(history).plot()
    >>> display.axes_[0].get_ylabel()
    'Loss'
    """

    history: Mapping[str, Any]

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, learning_rate: bool | None = None, ax: Any = None
    ) -> Self:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline
            Estimator with a ``history_``; in a pipeline, the last step; in a search, the best
            estimator.
        learning_rate : bool, default=None
            Whether to draw the learning rate. If None, draw it if it changes.
        ax : sequence of matplotlib axes, default=None
            Axes for the loss, for classifiers the accuracy, and the learning rate. If None, create
            a new figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there is no history, or `ax` is invalid.
        """
        return cls(_history_of(estimator)).plot(learning_rate=learning_rate, ax=ax)

    @classmethod
    def from_estimators(
        cls, estimators: Mapping[str, Any], *, learning_rate: bool | None = None, ax: Any = None
    ) -> Self:
        """Draw the histories of several fitted estimators on the same axes.

        Parameters
        ----------
        estimators : dict of str to fitted estimator or Pipeline
            From 1 to 6 estimators by name, each as in :meth:`from_estimator`.
        learning_rate : bool, default=None
            Whether to draw the learning rate. If None, draw it if it changes.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on; see :meth:`from_estimator`. If None, create a new figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If an estimator has no history, there are none or more than 6, or `ax` is invalid.
        """
        if not isinstance(estimators, Mapping):
            raise ValueError(
                "estimators must be a dict of names to fitted estimators. Got "
                f"{type(estimators).__name__}."
            )
        histories = {}
        for name, estimator in estimators.items():
            try:
                histories[str(name)] = _history_of(estimator)
            except ValueError as error:
                raise ValueError(f"estimators[{shortened(name)}]: {error}") from error
        return cls(histories).plot(learning_rate=learning_rate, ax=ax)

    def plot(self, *, learning_rate: bool | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        learning_rate : bool, default=None
            Whether to draw the learning rate. If None, draw it if it changes.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on; see :meth:`from_estimator`. If None, create a new figure.

        Returns
        -------
        self : TrainingHistoryDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If there is nothing to draw, more than 6 estimators, or `ax` is invalid.
        """
        several = all(isinstance(value, Mapping) for value in self.history.values())
        histories = dict(self.history) if several else {"": self.history}
        if not 1 <= len(histories) <= _MOST_ESTIMATORS:
            raise ValueError(
                f"Expected from 1 to {_MOST_ESTIMATORS} estimators, which can still be "
                f"distinguished. Got {len(histories)}."
            )
        panels = _panels(list(histories.values()), learning_rate)
        entries = _legend_entries(histories) if several else []
        if ax is None:
            axes = _new_axes(len(panels), entries)
        else:
            axes = given_axes(ax, [panel.replace("_", " ") for panel in panels])
        for panel, metric in zip(axes, panels, strict=True):
            for i, history in enumerate(histories.values()):
                _draw(panel, history, metric, i if several else None)
            _finish(panel, metric, list(histories.values()))
        if several:
            _draw_legend(axes, entries, own_figure=ax is None)
        self.figure_, self.axes_ = axes[0].figure, np.array(axes, dtype=object)
        return self


def _history_of(estimator: Any) -> dict[str, Any]:
    found = history_of(estimator)
    if found is not None:
        return found
    *_, inner = nested(estimator)
    raise ValueError(
        f"{type(inner).__name__} has no history_ of any epoch. Pass a fitted estimator that trains "
        "a network."
    )


def _panels(histories: list[Mapping[str, Any]], learning_rate: bool | None) -> list[str]:
    """What to draw, one axes each."""
    if not histories or not all(history.get("loss") for history in histories):
        raise ValueError("history has no 'loss' of any epoch, so there is nothing to draw.")
    panels = [name for name in _METRICS if any(name in history for history in histories)]
    rates = [np.unique(history.get("learning_rate", [])) for history in histories]
    if learning_rate and not any(map(len, rates)):
        raise ValueError("history has no 'learning_rate'. Pass learning_rate=None.")
    if learning_rate is None:
        learning_rate = any(np.isfinite(values).sum() > 1 for values in rates)
    return [*panels, "learning_rate"] if learning_rate else panels


def _new_axes(n_panels: int, entries: list[str]) -> list[Any]:
    # Beside the panels stands the legend, which needs its height, too.
    beside = text_width(entries, TEXT) + 0.7 if entries else 0.0
    lines = sum(2 + entry.count("\n") for entry in entries) + 4
    width = min(4.5, 12 / n_panels) * n_panels + beside
    figure = new_figure(width, max(3.6, lines * 1.25 * TEXT / 72))
    return list(figure.subplots(1, n_panels, squeeze=False)[0])


def _best_epoch(history: Mapping[str, Any]) -> int | None:
    """The epoch, from 1, of the smallest validation loss."""
    losses = np.asarray(history.get("val_loss") or [np.nan], dtype=float)
    return None if np.isnan(losses).all() else int(np.nanargmin(losses)) + 1


def _draw(ax: Any, history: Mapping[str, Any], metric: str, number: int | None) -> None:
    """Training and validation: in a colour each, or in that of one of several estimators."""
    best, alone = _best_epoch(history), number is None
    for i, label in enumerate(("training", "validation")):
        values = history.get(("", "val_")[i] + metric)
        if not values:
            continue
        look = i if number is None else number
        ax.plot(
            np.arange(1, len(values) + 1),
            values,
            color=COLORS[look],
            linestyle=STYLES[i],
            marker=MARKERS[look],
            ms=MARKER_SIZE,
            mfc=COLORS[look] if alone or not i else "white",
            markevery=math.ceil(len(values) / _MARKERS),
            label=label,
        )
        if i and best is not None and not alone:
            ax.plot(best, values[best - 1], color=COLORS[look], **_STAR)
    if alone and best is not None:
        ax.axvline(best, color=FRAME, linewidth=1, zorder=0, label=f"best epoch ({best})")
    if alone and metric in _METRICS:
        add_legend(ax)


def _finish(ax: Any, metric: str, histories: list[Mapping[str, Any]]) -> None:
    values = np.concatenate([np.asarray(history.get(metric, []), float) for history in histories])
    ax.set(xlabel="Epoch", ylabel=metric.replace("_", " ").capitalize())
    ax.xaxis.get_major_locator().set_params(integer=True)
    if all(len(history["loss"]) == 1 for history in histories):
        ax.set(xlim=(0.5, 1.5), xticks=[1])
    if metric == "learning_rate" and 0 < 10 * np.nanmin(values) <= np.nanmax(values):
        ax.set_yscale("log")
    tidy(ax)


def _legend_entries(histories: Mapping[str, Mapping[str, Any]]) -> list[str]:
    best = {name: _best_epoch(history) for name, history in histories.items()}
    return [
        wrapped(name, CAPTION_WIDTH) + ("" if epoch is None else f"\nbest epoch: {epoch}")
        for name, epoch in best.items()
    ]


def _draw_legend(axes: list[Any], entries: list[str], own_figure: bool) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=COLORS[i], marker=MARKERS[i], ms=MARKER_SIZE, label=entry)
        for i, entry in enumerate(entries)
    ]
    handles.append(Line2D([], [], color="0.3", label="training"))
    if any(line.get_linestyle() == "--" for line in axes[0].lines):
        handles.append(Line2D([], [], color="0.3", linestyle="--", label="validation"))
        handles.append(Line2D([], [], color="white", label="best epoch", **_STAR))
    parent, place = (axes[0].figure, "outside center right") if own_figure else (axes[-1], "best")
    add_legend(parent, handles=handles, loc=place)
