"""Grids of images: what to draw of a batch, and where."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from skdl.plotting._labels import most_lines, text_width

WIDEST = 12.0  # inches, of a whole figure
CAPTION_WIDTH = 22  # letters
CAPTION_SIZE, _TITLE_SIZE = 9, 12  # points
LINE = 0.2  # inches, of a line of text
_GAP = 0.15  # inches between captions


def new_figure(
    width: float, height: float, title: str | None = None, layout: str | None = "constrained"
) -> Any:
    """A new figure with this room in inches below its title, or wider where the title is."""
    import matplotlib.pyplot as plt

    width = max(width, 4.0, text_width([title or ""], _TITLE_SIZE) + _GAP)
    figure = plt.figure(figsize=(width, height + 2 * LINE * bool(title)), layout=layout)
    if title:
        place = {} if layout else {"y": 1 - 0.5 * LINE / figure.get_figheight()}
        figure.suptitle(title, fontsize=_TITLE_SIZE, parse_math=False, **place)
    return figure


def arrange(figure: Any) -> None:
    """Lay a figure out, so that its axes have the sizes they are drawn with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters without a glyph: reported when they are drawn
        figure.draw_without_rendering()


def add_axes(figure: Any, left: float, top: float, side: float) -> Any:
    """New square axes in a figure, at a place in inches from its left and its bottom."""
    width, height = figure.get_size_inches()
    inner = 0.94 * side
    return figure.add_axes((left / width, (top - inner) / height, inner / width, inner / height))


def grid_axes(
    captions: Sequence[str], title: str | None = None, columns: int | None = None
) -> tuple[Any, list[Any]]:
    """A new figure with room for as many images with captions, row by row.

    Parameters
    ----------
    captions : sequence of str
    title : str, default=None
    columns : int, default=None
        None makes the figure about square.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : list of matplotlib.axes.Axes
        One a caption.
    """
    n = len(captions)
    width = max(1.25, text_width(captions, CAPTION_SIZE) + _GAP)
    if columns is None:
        columns = min(n, max(1, math.ceil(math.sqrt(1.5 * n))), max(1, int(WIDEST / width)))
    rows = math.ceil(n / columns) if n else 1
    height = max(1.35, width) + LINE * most_lines(captions)
    figure = new_figure(width * columns, height * rows, title)
    if not n:
        figure.text(0.5, 0.5, "No such image", ha="center", va="center", color="0.4")
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(n)]


def draw_image(
    ax: Any,
    image: npt.NDArray[Any],
    caption: str = "",
    *,
    color: str = "black",
    frame: str = "0.6",
    linewidth: float = 0.8,
) -> None:
    """Draw an image of values in [0, 1] and write a caption over it."""
    strip = max(image.shape[:2]) > 6 * min(image.shape[:2])  # too thin to see in proportion
    ax.imshow(
        image[..., 0] if image.shape[-1] == 1 else image,
        cmap="gray",
        vmin=0,
        vmax=1,
        aspect="auto" if strip else "equal",
    )
    ax.set_xticks([])
    ax.set_yticks([])
    # Class names are text, also those with dollar signs.
    ax.set_title(caption, fontsize=CAPTION_SIZE, color=color, parse_math=False)
    for spine in ax.spines.values():
        spine.set(color=frame, linewidth=linewidth)
