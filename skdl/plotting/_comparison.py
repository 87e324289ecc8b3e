"""Models beside each other, by metric."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skdl._utils.text import shortened
from skdl.plotting._layout import (
    WIDEST,
    given_axes,
    in_words,
    most_lines,
    new_figure,
    short_number,
    text_width,
    wrapped,
)
from skdl.plotting._palette import (
    COLORS,
    HEADING,
    LINE_WIDTH,
    MARKER_SIZE,
    NOTE,
    SMALL,
    TEXT,
    name_rows,
    tidy,
)

_COLUMNS = ("model", "metric", "value", "low", "high")
_PANEL, _ROW = 1.9, 0.3  # inches


@dataclass(eq=False, repr=False)
class ModelComparisonDisplay:
    """Models by metric, with intervals: one panel per metric, one row per model.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per model and metric, with the columns "model", "metric", "value", and "low" and
        "high", the limits of the interval. A NaN value is shown as not available; without limits
        (NaN), no interval is drawn. Models and metrics are drawn in the order in which they occur.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        One per metric.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdl.plotting import ModelComparisonDisplay
    >>> frame = pd.DataFrame(
    ...     {
    ...         "model": ["svc", "cnn", "svc", "cnn"],
    ...         "metric": ["sensitivity", "sensitivity", "specificity", "specificity"],
    ...         "value": [0.90, 0.95, 0.97, 0.92],
    ...         "low": [0.85, 0.91, 0.94, 0.88],
    ...         "high": [0.93, 0.97, 0.99, 0.95],
    ...     }
    ... )
    >>> display = ModelComparisonDisplay(frame).plot()
    >>> [ax.get_title() for ax in display.axes_]
    ['Sensitivity', 'Specificity']
    """

    frame: Any

    @classmethod
    def from_result(
        cls,
        result: Any,
        metrics: Sequence[str] | None = None,
        *,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the summary of an evaluation.

        Parameters
        ----------
        result : object
            Object with a method ``summary()`` that returns such a frame.
        metrics : sequence of str, default=None
            Metrics to draw, in this order. If None, draw all.
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, one per metric. If None, create a new figure.

        Returns
        -------
        display : ModelComparisonDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `result` has no summary, the summary is not such a frame, or it has no such metric.
        """
        if not callable(getattr(result, "summary", None)):
            raise ValueError(
                f"{type(result).__name__} has no method summary(). Pass the result of an "
                "evaluation, or a frame to ModelComparisonDisplay(frame)."
            )
        frame = result.summary()
        _check_frame(frame)
        if metrics is not None:
            known = frame["metric"].unique().tolist()
            unknown = [metric for metric in metrics if metric not in known]
            if unknown or not len(metrics):
                what = "nothing to draw for metrics=[]"
                if unknown:
                    what = f"no metric {shortened(unknown[0])}"
                raise ValueError(
                    f"The summary has {what}. Its metrics are: {shortened(list(known))}."
                )
            order = {metric: place for place, metric in enumerate(metrics)}
            frame = frame[frame["metric"].isin(order)]
            frame = frame.sort_values("metric", key=lambda column: column.map(order), kind="stable")
        return cls(frame).plot(title=title, ax=ax)

    def plot(self, *, title: str | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, one per metric. If None, create a new figure.

        Returns
        -------
        self : ModelComparisonDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If the frame is not as described, or `ax` does not hold one axes per metric.
        """
        from matplotlib.ticker import MaxNLocator

        _check_frame(self.frame)
        metrics = self.frame["metric"].unique().tolist()
        models = self.frame["model"].unique().tolist()
        names = [wrapped(name) for name in models]
        if ax is None:
            axes, first = _new_axes(metrics, names, title)
        else:
            axes, first = given_axes(ax, [str(metric) for metric in metrics]), {0}
        limits = self._shared_limits(metrics)
        for i, (panel, metric) in enumerate(zip(axes, metrics, strict=True)):
            rows = self.frame[self.frame["metric"] == metric].set_index("model").reindex(models)
            _draw_panel(panel, rows[["value", "low", "high"]].to_numpy(dtype=float))
            panel.set_title(in_words(metric), fontsize=HEADING, parse_math=False)
            name_rows(panel, names if i in first else [""] * len(names), striped=True)
            if metric in limits:
                low, high = limits[metric]
                ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= 1]
                panel.set_xticks(ticks)
                panel.set_xlim(low, high)
        self.figure_, self.axes_ = axes[0].figure, np.array(axes, dtype=object)
        return self

    def _shared_limits(self, metrics: Sequence[Any]) -> dict[Any, tuple[float, float]]:
        """One scale for all metrics that are shares, so that they can be compared."""
        found = {}
        for metric in metrics:
            rows = self.frame.loc[self.frame["metric"] == metric, ["value", "low", "high"]]
            values = rows.to_numpy(dtype=float)
            values = values[~np.isnan(values)]
            if not len(values) or (values.min() >= 0 and values.max() <= 1):
                found[metric] = values
        values = np.concatenate([*found.values(), np.zeros(0)])
        low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
        margin = max(0.02, 0.08 * (high - low))
        return {metric: (max(low - margin, -0.02), min(high + margin, 1.02)) for metric in found}


def _check_frame(frame: Any) -> None:
    missing = [name for name in _COLUMNS if name not in getattr(frame, "columns", ())]
    if missing:
        raise ValueError(
            f"The frame has no column {shortened(missing[0])}. Expected a DataFrame with the "
            f"columns {', '.join(_COLUMNS)}."
        )
    if not len(frame):
        raise ValueError("The frame has no rows, so there are no models to compare.")
    twice = frame.duplicated(["model", "metric"])
    if twice.any():
        model, metric = frame.loc[twice, ["model", "metric"]].iloc[0]
        raise ValueError(
            f"The frame has more than one row for {shortened(metric)} of the model "
            f"{shortened(model)}."
        )
    values = frame[["value", "low", "high"]].to_numpy(dtype=float)
    value, low, high = values.T
    wrong = np.isinf(values).any(axis=1) | (low > value) | (high < value)
    if wrong.any():
        model, metric = frame[["model", "metric"]].iloc[int(np.argmax(wrong))]
        value, low, high = values[int(np.argmax(wrong))]
        raise ValueError(
            f"The {shortened(metric)} of the model {shortened(model)} is {value:g} with the "
            f"interval {low:g} to {high:g}. Numbers must be finite, and the value must be within "
            "the interval."
        )


def _new_axes(
    metrics: Sequence[Any], names: Sequence[str], title: str | None
) -> tuple[list[Any], set[int]]:
    """Axes of a new figure, and which of them stand first in a row."""
    width = text_width(names, TEXT) + 0.2
    panel = _PANEL + text_width(["0.000 (0.000–0.000)"], SMALL)
    columns = min(len(metrics), max(1, int((WIDEST - width) / panel)))
    rows = math.ceil(len(metrics) / columns)
    row = max(_ROW, 0.16 * most_lines(names) + 0.1)
    height = rows * (row * len(names) + 0.8)
    figure = new_figure(width + columns * panel, height, title)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(metrics))]
    return axes, set(range(0, len(metrics), columns))


def _draw_panel(ax: Any, rows: Any) -> None:
    """Dots and whiskers of one metric, with their numbers at the right."""
    at_side = ax.get_yaxis_transform()
    for place, (value, low, high) in enumerate(rows):
        style: dict[str, Any] = {"transform": at_side, "va": "center", "fontsize": SMALL}
        if np.isnan(value):
            style |= {"ha": "center", "style": "italic", "color": NOTE}
            ax.text(0.5, place, "not available", **style)
            continue
        ends = ""
        if not np.isnan([low, high]).any():
            ends = f" ({short_number(low)}–{short_number(high)})"
            whisker = {"color": "black", "linewidth": LINE_WIDTH, "marker": "|", "markersize": 7}
            ax.plot([low, high], [place, place], **whisker)
        ax.plot([value], [place], "o", color=COLORS[0], markersize=MARKER_SIZE, zorder=3)
        ax.text(1.02, place, f"{short_number(value)}{ends}", **style)
    ax.xaxis.get_major_locator().set_params(nbins=4)
    ax.tick_params(axis="x", labelsize=SMALL)
    tidy(ax, grid="x")
