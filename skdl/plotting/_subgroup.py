"""Scores of subgroups below each other, with that of all images."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skdl._utils.checks import suggest
from skdl._utils.text import shortened
from skdl.plotting._layout import (
    LINE,
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
    LINE_WIDTH,
    MARKER_SIZE,
    REFERENCE,
    SMALL,
    TEXT,
    name_rows,
    tidy,
)

_COLUMNS = ("column", "value", "n", "estimate", "low", "high")
_PANEL, _ROW, _GAP = 3.0, 0.24, 0.15  # inches
_ALPHA = 0.05  # p values below it are marked


@dataclass(eq=False, repr=False)
class SubgroupDisplay:
    r"""Forest plot of subgroups: a score with its interval for each value of each column.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per subgroup, with the columns "column" and "value", which define it, "n", its
        number of images, "estimate", and "low" and "high", the limits of the interval; and, if
        known, "p_holm", the adjusted p value of its difference from the rest. A NaN estimate is
        shown as not available; without limits (NaN), no interval is drawn.
    overall : tuple of (float, float, float), default=None
        The score of all images and the limits of its interval, drawn as a line and a band.
    metric : str, default="score"
        Name of the score.
    level : float, default=0.95
        Confidence level of the intervals, for the label of the axis.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    ax_ : matplotlib.axes.Axes
        The axes.

    See Also
    --------
    skdl.evaluation.EvaluationResult : Its method ``subgroups`` returns the frame.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdl.plotting import SubgroupDisplay
    >>> frame = pd.DataFrame(
    ...     {
    ...         "column": ["sex", "sex", "scanner", "scanner"],
    ...         "value": ["female", "male", "new", "old"],
    ...         "n": [210, 190, 300, 100],
    ...         "estimate": [0.93, 0.92, 0.95, 0.85],
    ...         "low": [0.89, 0.87, 0.92, 0.77],
    ...         "high": [0.96, 0.95, 0.97, 0.91],
    ...     }
    ... )
    >>> display = SubgroupDisplay(frame, (0.925, 0.89, 0.95), "roc_auc").plot()
    >>> display.ax_.get_xlabel().splitlines()[0]
    'ROC AUC with 95 % confidence interval'
    """

    frame: Any
    overall: tuple[float, float, float] | None = None
    metric: str = "score"
    level: float = 0.95

    @classmethod
    def from_result(
        cls,
        result: Any,
        metric: str | None = None,
        *,
        model: str | None = None,
        level: float = 0.95,
        min_images: int = 10,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the subgroups of an evaluation.

        Parameters
        ----------
        result : object
            Object with a method ``subgroups([metric], level=…, min_images=…)`` that returns such a
            frame with a column "model", and a method ``summary(level=…)``.
        metric : str, default=None
            The metric to draw. If None, use the first.
        model : str, default=None
            Name of the model. Required if there are several; if None, use the only one.
        level : float in (0, 1), default=0.95
            Confidence level.
        min_images : int, default=10
            Subgroups with fewer images have no scores.
        title : str, default=None
            Title of the figure.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure of a suitable size.

        Returns
        -------
        display : SubgroupDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `result` has no subgroups, there is no such metric or model, or there are several
            models and none is named.
        """
        for name in ("subgroups", "summary"):
            if not callable(getattr(result, name, None)):
                raise ValueError(
                    f"{type(result).__name__} has no method {name}(). Pass the result of an "
                    "evaluation, or a frame to SubgroupDisplay(frame)."
                )
        metric = result.metrics[0] if metric is None else metric
        frame = result.subgroups([metric], level=level, min_images=min_images)
        models = frame["model"].unique().tolist()
        if model is None and len(models) > 1:
            raise ValueError(
                f"There are several models: {shortened(models)}. Pass the name of one as model."
            )
        model = models[0] if model is None else model
        if model not in models:
            raise ValueError(
                f"There is no model {shortened(model)}. The models are: {shortened(models)}."
                f"{suggest(str(model), models)}"
            )
        summary = result.summary(level=level)
        chosen = (summary["model"] == model) & (summary["metric"] == metric)
        value, low, high = summary.loc[chosen, ["value", "low", "high"]].iloc[0]
        display = cls(frame[frame["model"] == model], (value, low, high), str(metric), level)
        return display.plot(title=title, ax=ax)

    def plot(self, *, title: str | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        title : str, default=None
            Title of the figure.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure of a suitable size.

        Returns
        -------
        self : SubgroupDisplay
            The display, with `figure_` and `ax_`.

        Raises
        ------
        ValueError
            If the frame is not as described, or `ax` is invalid.
        """
        _check_frame(self.frame)
        rows = _rows(self.frame)
        names = [_name(row) for row in rows]
        texts = self._texts(rows)
        if ax is None:
            height = max(_ROW, 0.16 * most_lines(names) + 0.06) * len(rows)
            width = text_width(names, TEXT) + _PANEL + sum(map(_width, texts))
            ax = new_figure(width, height + 4 * LINE, title).add_subplot()
        (ax,) = given_axes(ax, ["all subgroups"])
        self._draw(ax, rows)
        _write(ax, texts)
        name_rows(ax, names)
        for label, row in zip(ax.get_yticklabels(), rows, strict=True):
            label.set_fontweight("bold" if row["value"] is None else "normal")
        self.figure_, self.ax_ = ax.figure, ax
        return self

    def _texts(self, rows: list[dict[str, Any]]) -> list[list[str]]:
        """Columns of text on the right, each with its heading."""
        columns = [
            ["Images", *(f"{row['n']:.0f}" if row["value"] is not None else "" for row in rows)],
            [f"{in_words(self.metric)} ({100 * self.level:g} %)", *map(_interval, rows)],
        ]
        if "p_holm" in self.frame:
            columns.append(["p (Holm)", *map(_p_value, rows)])
        return columns

    def _draw(self, ax: Any, rows: list[dict[str, Any]]) -> None:
        label = f"{in_words(self.metric)} with {100 * self.level:g} % confidence interval"
        if self.overall is not None and not np.isnan(self.overall[0]):
            value, low, high = self.overall
            ax.axvline(value, color=REFERENCE, linestyle="--", linewidth=LINE_WIDTH, zorder=1)
            if not np.isnan([low, high]).any():
                ax.axvspan(low, high, color=REFERENCE, alpha=0.15, linewidth=0, zorder=0)
            label += f"\nDashed: all images, {short_number(value)}"
        for place, row in enumerate(rows):
            if row["value"] is None or np.isnan(row["estimate"]):
                continue
            stands_out = row.get("p_holm", 1.0) < _ALPHA
            color = COLORS[1 if stands_out else 0]
            ax.plot([row["low"], row["high"]], [place, place], color=color, lw=LINE_WIDTH)
            marker = "D" if stands_out else "o"
            ax.plot([row["estimate"]], [place], marker, color=color, ms=MARKER_SIZE, zorder=3)
        if any(row.get("p_holm", 1.0) < _ALPHA for row in rows):
            label += f"\nDiamonds: differs from the rest, p < {_ALPHA:g}"
        ax.set_xlabel(label, fontsize=SMALL, parse_math=False)
        ax.tick_params(axis="x", labelsize=SMALL)
        tidy(ax, grid="x")
        ax.spines["left"].set_visible(False)


def _check_frame(frame: Any) -> None:
    missing = [name for name in _COLUMNS if name not in getattr(frame, "columns", ())]
    if missing:
        raise ValueError(
            f"The frame has no column {shortened(missing[0])}. Expected a DataFrame with the "
            f"columns {', '.join(_COLUMNS)}."
        )
    if not len(frame):
        raise ValueError("The frame has no rows, so there are no subgroups to draw.")
    twice = frame.duplicated(["column", "value"])
    if twice.any():
        column, value = frame.loc[twice, ["column", "value"]].iloc[0]
        raise ValueError(
            f"The frame has more than one row for {shortened(column)} = {shortened(value)}. Pass "
            "the rows of one model and one metric."
        )


def _rows(frame: Any) -> list[dict[str, Any]]:
    """What stands in each row: the name of a column, without a value, and then its values."""
    rows: list[dict[str, Any]] = []
    for column, part in frame.groupby("column", sort=False):
        rows += [{"column": column, "value": None}, *part.to_dict("records")]
    return rows


def _name(row: dict[str, Any]) -> str:
    return wrapped(row["column"]) if row["value"] is None else wrapped(row["value"])


def _interval(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return ""
    if np.isnan(row["estimate"]):
        return "not available"
    unknown = np.isnan([row["low"], row["high"]]).any()
    ends = "" if unknown else f" ({short_number(row['low'])}–{short_number(row['high'])})"
    return f"{short_number(row['estimate'])}{ends}"


def _p_value(row: dict[str, Any]) -> str:
    p = row.get("p_holm", np.nan)
    if np.isnan(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _width(column: list[str]) -> float:
    return text_width(column, SMALL) + _GAP


def _write(ax: Any, columns: list[list[str]]) -> None:
    """Write columns of text at the right of the axes, the headings above it."""
    left = 72 * _GAP
    for heading, *texts in columns:
        for place, text in enumerate([heading, *texts], start=-1):
            if text:
                ax.annotate(
                    text,
                    (1, place),
                    xycoords=("axes fraction", "data"),
                    xytext=(left, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=SMALL,
                    fontweight="bold" if place < 0 else "normal",
                    annotation_clip=False,
                    parse_math=False,
                )
        left += 72 * _width([heading, *texts])
