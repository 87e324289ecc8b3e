"""Pairs of images that show one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_whole
from skdl._utils.rows import is_missing
from skdl._utils.text import middle_out, printable
from skdl.images import read_batch
from skdl.plotting._layout import (
    LINE,
    WIDEST,
    draw_image,
    fitted,
    given_axes,
    most_lines,
    new_figure,
    square_axes,
)
from skdl.plotting._palette import FRAME, NOTE, TEXT, WRONG

if TYPE_CHECKING:
    import pandas as pd

    from skdl.audit import DataAudit

# Inches: a side of an image, between pairs, between a heading and its pair.
_CELL, _MARGIN, _GAP = 1.4, 0.35, 0.1


@dataclass(eq=False, repr=False)
class DataAuditDisplay:
    """Pairs of copies and look-alikes side by side.

    It is recommended to use :meth:`from_audit`.

    Parameters
    ----------
    images : sequence of ndarray of shape (h, w, c)
        The images to draw, with values in [0, 1]: both of the first pair, both of the next, ….
    pairs : pandas.DataFrame
        One row per pair: "first", "second" (positions of the images in X), "similarity", and
        optionally "first_class" and "second_class", "first_group" and "second_group".

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        One per image, in the order of `images`.

    See Also
    --------
    skdl.audit.audit_images : Find the pairs.

    Examples
    --------
    >>> from skdl.audit import audit_images
    >>> from skdl.datasets import load_digits_images
    >>> from skdl.plotting import DataAuditDisplay
    >>> X, y = load_digits_images(n_samples=60, return_X_y=True)
    >>> X[1] = X[0]
    >>> y[1] = y[0] + 1
    >>> display = DataAuditDisplay.from_audit(audit_images(X, y), X)
    >>> display.pairs[["first", "second"]].iloc[0].tolist()
    [0, 1]
    """

    images: Sequence[npt.NDArray[Any]]
    pairs: pd.DataFrame

    @classmethod
    def from_audit(
        cls,
        audit: DataAudit,
        X: Any,
        *,
        max_pairs: int = 12,
        image_shape: Sequence[int] | None = None,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw pairs that an audit found.

        Pairs of different classes come first, then those of different groups, then the others,
        always with the least similar first: if these show the same picture, all do.

        Parameters
        ----------
        audit : DataAudit
            The result of :func:`skdl.audit.audit_images`.
        X : array-like
            The images or paths that were audited. Only the files that are drawn are decoded.
        max_pairs : int, default=12
            Maximum number of pairs to draw.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of flattened images.
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, two per pair. If None, create a new figure.

        Returns
        -------
        display : DataAuditDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If the number of images in X differs from that of the audit, or `max_pairs` or `ax` is
            invalid.
        """
        check_whole(max_pairs, "max_pairs", low=1)
        batch = read_batch(X, mixed=True).unflattened(image_shape)
        if len(batch) != len(audit.groups):
            raise ValueError(
                f"X has {len(batch):,} images, but {len(audit.groups):,} were audited. Pass the "
                "same X as to the audit."
            )
        pairs = _chosen(audit, max_pairs)
        rows = pairs[["first", "second"]].to_numpy().ravel()
        paths = getattr(batch, "paths", None)
        if paths is None:
            images = batch.displayable(rows)
        else:  # each at its own depth
            images = [
                image
                for row in rows
                for image in read_batch([str(paths[row])]).displayable(np.array([0]))
            ]
        return cls(images, pairs).plot(title=title, ax=ax)

    def plot(self, *, title: str | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, two per pair. If None, create a new figure.

        Returns
        -------
        self : DataAuditDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If `ax` does not hold two axes per pair.
        """
        captions = [
            fitted(_caption(pair, end), 0.94 * _CELL, TEXT)
            for _, pair in self.pairs.iterrows()
            for end in ("first", "second")
        ]
        if ax is None:
            figure, axes = self._new_axes(captions, title)
        else:
            axes = given_axes(ax, [f"image {i + 1}" for i in range(len(captions))])
            figure = axes[0].figure
        for i, (panel, image, caption) in enumerate(zip(axes, self.images, captions, strict=True)):
            pair = self.pairs.iloc[i // 2]
            differs = _differs(pair)
            color, width = (WRONG, 2) if differs else (FRAME, 0.8)
            draw_image(panel, image, frame=color, linewidth=width)
            panel.set_xlabel(caption, fontsize=TEXT, parse_math=False)
            if i % 2 == 0:
                heading = f"similarity {_shown(pair['similarity'])}{differs}"
                panel.set_title(
                    heading, loc="left", fontsize=TEXT, color=WRONG if differs else "black"
                )
        self.figure_, self.axes_ = figure, np.array(axes, dtype=object)
        return self

    def _new_axes(self, captions: Sequence[str], title: str | None) -> tuple[Any, list[Any]]:
        """A new figure with the pairs in rows, about square."""
        n = len(self.pairs)
        width = 2 * _CELL + _MARGIN
        height = LINE + _CELL + LINE * most_lines(captions) + 2 * _GAP
        columns = max(1, min(int(WIDEST / width), math.ceil(math.sqrt(n * height / width))))
        whole = math.ceil(n / columns) * height if n else _CELL
        # Placed by hand: a layout engine would make room for the captions beside the images.
        figure = new_figure(min(n, columns) * width, whole, title, layout=None)
        if not n:
            figure.text(0.5, 0.5, "No look-alikes", ha="center", va="center", color=NOTE)
        axes = [
            square_axes(
                figure,
                i % columns * width + _MARGIN / 2 + place * _CELL,
                whole - i // columns * height - LINE - _GAP,
                _CELL,
            )
            for i in range(n)
            for place in (0, 1)
        ]
        return figure, axes


def _chosen(audit: DataAudit, max_pairs: int) -> pd.DataFrame:
    """Pairs in the order of drawing, each once."""
    import pandas as pd

    others = audit.look_alikes.sort_values("similarity", kind="stable")
    tables = [audit.conflicts, audit.group_conflicts, others]
    pairs = pd.concat([table for table in tables if len(table)] or [others], ignore_index=True)
    return pairs.drop_duplicates(["first", "second"], ignore_index=True).head(max_pairs)


def _differs(pair: Any) -> str:
    """What both images differ in, in words."""
    differing = [
        words
        for name, words in (("class", "classes"), ("group", "groups"))
        if (ends := _known(pair, name)) and ends[0] != ends[1]
    ]
    return f" ✗ {' and '.join(differing)} differ" if differing else ""


def _known(pair: Any, name: str) -> list[Any]:
    """A value of both images; empty where it is not known, as groups are of a table of classes."""
    ends = [pair.get(f"{end}_{name}") for end in ("first", "second")]
    return [] if any(is_missing(value) for value in ends) else ends


def _caption(pair: Any, end: str) -> str:
    """Where an image stands, and its class and group."""
    names = [pair.get(f"{end}_{name}") for name in ("class", "group")]
    words = [
        printable(middle_out(str(name))) for name in names if name is not None and name == name
    ]
    return ": ".join([f"row {pair[end]}", *[", ".join(words)] * bool(words)])


def _shown(similarity: float) -> str:
    """1 only where it is."""
    return "1" if similarity == 1 else f"{min(similarity, 0.999):.3f}"
