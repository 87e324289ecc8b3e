"""How many images of each class."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_choice
from skdl._utils.labels import class_labels
from skdl._utils.text import shortened
from skdl.plotting._labels import encode, joined
from skdl.plotting._layout import (
    LINE,
    arrange,
    fitted_size,
    given_axes,
    inches,
    most_lines,
    new_figure,
    text_width,
    wrapped,
)
from skdl.plotting._palette import (
    COLORS,
    DARK_COLORS,
    HATCHES,
    HEADING,
    SLICE_COLORS,
    SMALL,
    TEXT,
    add_legend,
    name_rows,
    tidy,
)

Kind = Literal["bar", "pie", "both"]

_BARS, _PIE, _LARGE_PIE, _PIES = 4.6, 2.7, 4.2, 8.4  # inches
_THICKNESS = 0.8  # of the bars of a class, as a share of its row
_NUMBERS_AT = 0.84  # of the radius of a pie
_LEGEND_ROWS = 30
_SHORT = 3  # letters of a name that is written into a slice


@dataclass(eq=False, repr=False)
class ClassDistributionDisplay:
    """Counts and proportions of the classes, as bars, as pies or both.

    It is recommended to use :meth:`from_labels`.

    Parameters
    ----------
    counts : ndarray of int of shape (n_subsets, n_classes)
        Number of images of each class in each subset.
    class_names : sequence of str of length n_classes
        The classes.
    subset_names : sequence of str of length n_subsets, default=None
        The subsets, such as training and test data. If None, no names are shown.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        The axes of the bars, if any, followed by those of one pie per subset, if any.

    Examples
    --------
    >>> from skdl.plotting import ClassDistributionDisplay
    >>> y = {"train": ["cat", "dog", "cat"], "test": ["dog"]}
    >>> display = ClassDistributionDisplay.from_labels(y)
    >>> display.class_names
    ['cat', 'dog']
    >>> display.counts.tolist()
    [[2, 1], [0, 1]]
    """

    counts: npt.NDArray[np.int_]
    class_names: Sequence[str]
    subset_names: Sequence[str] | None = None

    @classmethod
    def from_labels(
        cls,
        y: Any,
        *,
        target_names: Sequence[str] | None = None,
        kind: Kind = "bar",
        ax: Any = None,
    ) -> Self:
        """Draw the distribution of labels.

        Parameters
        ----------
        y : array-like of shape (n,), or dict of str to array-like
            Class labels; or the labels of several subsets, such as ``{"train": …, "test": …}``,
            which are drawn side by side.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        kind : {"bar", "pie", "both"}, default="bar"
            What to draw. Bars compare counts; pies show proportions, with the counts of the classes
            in their slices if there is room.
        ax : matplotlib axes or sequence of them, default=None
            Axes to draw on: one for the bars, then one per subset for the pies. If None, create a
            new figure of a suitable size.

        Returns
        -------
        display : ClassDistributionDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are no labels, labels are missing or continuous numbers, or `target_names`,
            `kind` or `ax` is invalid.
        """
        several = isinstance(y, Mapping)
        if several and not y:
            raise ValueError("y is an empty dict. Pass the labels of at least one subset.")
        subsets = dict(y) if several else {"": y}
        labels = [
            class_labels(part, f"y[{shortened(name)}]" if several else "y")
            for name, part in subsets.items()
        ]
        codes, names = encode(joined(labels), target_names)
        parts = np.split(codes, np.cumsum([len(part) for part in labels])[:-1])
        counts = np.stack([np.bincount(part, minlength=len(names)) for part in parts])
        display = cls(counts, names, [str(name) for name in subsets] if several else None)
        return display.plot(kind=kind, ax=ax)

    def plot(self, *, kind: Kind = "bar", ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        kind : {"bar", "pie", "both"}, default="bar"
            What to draw.
        ax : matplotlib axes or sequence of them, default=None
            Axes to draw on; see :meth:`from_labels`. If None, create a new figure of a
            suitable size.

        Returns
        -------
        self : ClassDistributionDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If `kind` is unknown, or `ax` does not hold the required number of axes.
        """
        check_choice(kind, "kind", ("bar", "pie", "both"))
        n_pies = 0 if kind == "bar" else len(self.counts)
        panels = ["the bars"] * (kind != "pie") + [f"pie {i + 1}" for i in range(n_pies)]
        axes = given_axes(self._new_axes(kind, n_pies) if ax is None else ax, panels)
        self.figure_, self.axes_ = axes[0].figure, np.array(axes, dtype=object)
        pies = axes[len(axes) - n_pies :]
        bars = None if kind == "pie" else self._draw_bars(axes[0], numbered=kind == "both")
        wedges = [self._draw_pie(pie, subset) for subset, pie in enumerate(pies)]
        if kind == "pie":
            self._draw_legend(axes, own_figure=ax is None)
        arrange(self.figure_)  # what is written has to fit into the room that there is
        if bars is not None:
            self._write_counts(axes[0], bars)
        for pie, parts in zip(pies, wedges, strict=True):
            self._write_numbers(pie, parts)
        return self

    # ---- layout --------------------------------------------------------------------------------

    def _new_axes(self, kind: Kind, n_pies: int) -> list[Any]:
        names = self._wrapped_names(numbered=kind == "both")
        row = max(0.16 * most_lines(names), 0.19 * len(self.counts)) + 0.08
        width = text_width(names, TEXT) + _BARS
        height = max(1.7, row * len(names) + 0.7 + LINE * (self.subset_names is not None))
        if kind == "bar":
            return [new_figure(width, height).add_subplot()]
        if kind == "pie":
            width, height = self._legend_size()
        pie_rows = int(np.clip(height / _PIE, math.ceil(n_pies * _PIE / _PIES), n_pies))
        columns = math.ceil(n_pies / pie_rows)
        side = max(_PIE, min(_LARGE_PIE, height / pie_rows, _PIES / columns))
        figure = new_figure(width + columns * side, max(height, pie_rows * side))
        if kind == "pie":
            return list(figure.subplots(pie_rows, columns, squeeze=False).flat)[:n_pies]
        outer = figure.add_gridspec(1, 2, width_ratios=[width, columns * side])
        grid = outer[1].subgridspec(pie_rows, columns)
        pies = [figure.add_subplot(grid[divmod(i, columns)]) for i in range(n_pies)]
        return [figure.add_subplot(outer[0]), *pies]

    def _wrapped_names(self, numbered: bool) -> list[str]:
        numbered = numbered and not self._are_short()
        return [
            wrapped(f"{i + 1}  {name}" if numbered else name)
            for i, name in enumerate(self.class_names)
        ]

    def _are_short(self) -> bool:
        """Whether the names fit into slices, so that the classes need no numbers."""
        return all(len(name) <= _SHORT for name in self.class_names)

    # ---- bars ----------------------------------------------------------------------------------

    def _draw_bars(self, ax: Any, numbered: bool) -> list[Any]:
        n_subsets, n_classes = self.counts.shape
        thickness = _THICKNESS / n_subsets
        bars = [
            ax.barh(
                np.arange(n_classes) + (subset + 0.5 - n_subsets / 2) * thickness,
                counts,
                height=0.92 * thickness,
                color=COLORS[subset % len(COLORS)],
                hatch=HATCHES[subset % len(HATCHES)] or None,
                edgecolor="white",
                linewidth=0,
                label=None if self.subset_names is None else self.subset_names[subset],
            )
            for subset, counts in enumerate(self.counts)
        ]
        name_rows(ax, self._wrapped_names(numbered))
        ax.set_xlabel("Number of images")
        ax.xaxis.get_major_locator().set_params(integer=True)
        tidy(ax, grid="x")
        if self.subset_names is not None:
            add_legend(ax, loc="lower left", bbox_to_anchor=(0, 1), ncols=min(n_subsets, 4))
        return bars

    def _write_counts(self, ax: Any, bars: list[Any]) -> None:
        """Write counts and shares beside the bars, and make room for them."""
        width, height = inches(ax)
        row = 72 * height / len(self.class_names)  # points
        lines = most_lines(label.get_text() for label in ax.get_yticklabels())
        for label in ax.get_yticklabels():
            label.set_fontsize(fitted_size(0.75 * row / lines, TEXT))
        size = fitted_size(0.9 * row * _THICKNESS / len(bars), SMALL)
        texts = [[_count_and_share(n, sum(counts)) for n in counts] for counts in self.counts]
        for container, written in zip(bars, texts, strict=True):
            ax.bar_label(container, written, padding=3, fontsize=size)
        widest = text_width([text for written in texts for text in written], size) + 0.1
        room = max(0.3, 1 - widest / width)
        ax.set_xlim(0, self.counts.max() / room)

    # ---- pies ----------------------------------------------------------------------------------

    def _draw_pie(self, ax: Any, subset: int) -> list[Any]:
        wedges = ax.pie(
            self.counts[subset],
            colors=self._class_colors(),
            startangle=90,
            counterclock=False,
            wedgeprops={"edgecolor": "white", "linewidth": 1},
        )[0]
        ax.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
        if self.subset_names is not None:
            ax.set_title(self.subset_names[subset], fontsize=HEADING, parse_math=False)
        return list(wedges)

    def _write_numbers(self, ax: Any, wedges: list[Any]) -> None:
        """Write its class, or the number of it, into each slice that is wide enough."""
        numbers = [str(i + 1) for i in range(len(wedges))]
        texts = list(self.class_names) if self._are_short() else numbers
        radius = inches(ax)[1] / 2.1
        needed = text_width(texts, SMALL) + 0.04
        for wedge, text, color in zip(wedges, texts, self._class_colors(), strict=True):
            angle = math.radians(wedge.theta2 - wedge.theta1)
            if angle * _NUMBERS_AT * radius < needed:
                continue
            middle = math.radians((wedge.theta1 + wedge.theta2) / 2)
            ax.text(
                _NUMBERS_AT * math.cos(middle),
                _NUMBERS_AT * math.sin(middle),
                text,
                parse_math=False,
                ha="center",
                va="center",
                fontsize=SMALL,
                color="white" if color in DARK_COLORS else "black",
            )

    def _class_colors(self) -> list[str]:
        """One colour a class, such that the last slice has another one than the first."""
        n = len(self.class_names)
        used = next((used for used in (7, 6, 5) if n % used != 1), 7)
        return [SLICE_COLORS[i % used] for i in range(n)]

    def _legend_entries(self) -> list[str]:
        names = self._wrapped_names(numbered=True)
        shares = [
            " · ".join(_count_and_share(counts[i], sum(counts)) for counts in self.counts)
            for i in range(len(names))
        ]
        break_ = ":\n" if len(self.counts) > 1 else ": "
        return [f"{name}{break_}{share}" for name, share in zip(names, shares, strict=True)]

    def _legend_size(self) -> tuple[float, float]:
        """Width and height in inches."""
        entries = self._legend_entries()
        columns = math.ceil(len(entries) / _LEGEND_ROWS)
        lines = sum(1 + entry.count("\n") for entry in entries) / columns
        gaps = len(entries) / columns
        height = (1.4 * lines + 0.5 * gaps) * TEXT / 72 + 3 * LINE
        return columns * (text_width(entries, TEXT) + 0.6), height

    def _draw_legend(self, axes: list[Any], own_figure: bool) -> None:
        from matplotlib.patches import Patch

        entries = self._legend_entries()
        size = TEXT if own_figure else self._make_room(axes)
        add_legend(
            axes[-1].figure if own_figure else axes[-1],
            handles=[
                Patch(color=color, label=entry)
                for color, entry in zip(self._class_colors(), entries, strict=True)
            ],
            title=None if self.subset_names is None else " · ".join(self.subset_names),
            loc="outside center right" if own_figure else "center right",
            borderaxespad=0.5 if own_figure else 0.0,
            ncols=math.ceil(len(entries) / _LEGEND_ROWS),
            alignment="left",
            fontsize=size,
            title_fontsize=size,
        )

    def _make_room(self, axes: list[Any]) -> float:
        """Move pies to the left of given axes, and find the font size of a legend beside them."""
        place, figure = axes[-1].get_position(original=True), axes[-1].figure
        width, height = np.array([place.width, place.height]) * figure.get_size_inches()
        legend_width, legend_height = self._legend_size()
        shrink = min(1.0, height / legend_height, 0.65 * width / legend_width)
        size = fitted_size(TEXT * shrink, TEXT)
        side = min(height, width - legend_width * size / TEXT)
        for ax in axes:
            ax.set_xlim(-1.05, -1.05 + 2.1 * max(1.0, width / max(side, 0.1)))
        return size


def _count_and_share(count: int, total: int) -> str:
    return f"{count} ({100 * count / total:.3g} %)"
