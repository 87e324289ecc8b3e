"""Where displays draw: the room that texts need, new figures, grids of images, given axes."""

import math
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl.images import as_picture
from skdl.plotting._palette import FRAME, NOTE, SMALLEST, TEXT, TITLE

WIDEST = 12.0  # inches, of a whole figure
NAME_WIDTH, CAPTION_WIDTH = 30, 22  # letters
LINE = 0.2  # inches, of a line of text
_GAP = 0.15  # inches between captions
_BAR_ROOM, _BAR_WIDTH = 1.0, 0.15  # inches, of a colour bar with its numbers, and of the bar alone

_ACRONYMS = frozenset({"auc", "f1", "mae", "mcc", "npv", "ppv", "r2", "rmse", "roc"})

# ---- texts -----------------------------------------------------------------------------------


def in_words(metric: Any) -> str:
    """The name of a metric as people write it."""
    words = [w.upper() if w in _ACRONYMS else w for w in str(metric).replace("_", " ").split(" ")]
    text = " ".join(words).replace("R2", "R²")
    return text[:1].upper() + text[1:]


def short_number(value: float) -> str:
    """A score in a few digits."""
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.4g}"


def wrapped(name: Any, width: int = NAME_WIDTH) -> str:
    """A name in lines of so many letters at most."""
    return textwrap.fill(str(name), width)


def fitted(name: Any, width: float, size: float) -> str:
    """A name in lines of so many inches at most in a font size."""
    letters = max(1, int(width * 72 / size / 0.4))
    while letters > 1 and text_width([wrapped(name, letters)], size) > width:
        letters -= 1
    return wrapped(name, letters)


def fitted_size(room: float, largest: float, smallest: float = SMALLEST) -> float:
    """A font size for so many points of room that can still be read."""
    return float(np.clip(room, smallest, largest))


def text_width(texts: Iterable[str], size: float) -> float:
    """Width in inches of the widest line in a font size."""
    lines = {line for text in texts for line in text.split("\n")}
    return max([_line_width(line) for line in lines], default=0.0) * size


def most_lines(texts: Iterable[str]) -> int:
    """Lines of the text that has the most."""
    return max([text.count("\n") + 1 for text in texts], default=1)


@lru_cache(maxsize=4096)
def _line_width(line: str) -> float:
    """Width in inches of a line of letters one point high."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters without a glyph: reported when they are drawn
        width, _, _ = TextToPath().get_text_width_height_descent(
            line, FontProperties(size=10), ismath=False
        )
    return 1.05 * float(width) / 10 / 72  # drawn letters are rounded to pixels


# ---- figures and axes ------------------------------------------------------------------------


def new_figure(
    width: float, height: float, title: str | None = None, layout: str | None = "constrained"
) -> Any:
    """A new figure with this room in inches below its title, or wider where the title is."""
    import matplotlib.pyplot as plt

    width = max(width, 4.0, text_width([title or ""], TITLE) + _GAP)
    figure = plt.figure(figsize=(width, height + 2 * LINE * bool(title)), layout=layout)
    if title:
        place = {} if layout else {"y": 1 - 0.5 * LINE / figure.get_figheight()}
        figure.suptitle(title, fontsize=TITLE, parse_math=False, **place)
    return figure


def given_axes(ax: Any, panels: Sequence[str]) -> list[Any]:
    """Axes to draw in, one per panel."""
    axes = _as_axes(ax)
    if len(axes) != len(panels):
        *others, last = panels
        what = f"{', '.join(others)} and {last}" if others else last
        raise ValueError(f"ax must hold {len(panels)} axes, for {what}. Got {len(axes)}.")
    return axes


def _as_axes(ax: Any) -> list[Any]:
    axes = list(np.ravel(np.asarray(ax, dtype=object)))
    wrong = [type(one).__name__ for one in axes if not hasattr(one, "get_window_extent")]
    if wrong:
        raise ValueError(
            f"ax must hold matplotlib axes, as plt.subplots() returns them. Got {wrong[0]}."
        )
    return axes


def arrange(figure: Any) -> None:
    """Lay a figure out, so that its axes have the sizes they are drawn with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters without a glyph: reported when they are drawn
        figure.draw_without_rendering()


def inches(ax: Any) -> Any:
    """Width and height of axes in an arranged figure."""
    return ax.get_window_extent().size / ax.figure.dpi


# ---- grids of images -------------------------------------------------------------------------


def image_axes(
    ax: Any,
    captions: Sequence[str],
    title: str | None = None,
    columns: int | None = None,
    with_bar: bool = False,
) -> tuple[Any, list[Any]]:
    """A figure, and one axes for each image: given ones, or new ones row by row.

    A new figure is about square unless `columns` says otherwise, and has room for a colour bar
    where there is one.
    """
    n = len(captions)
    if ax is not None:
        axes = _as_axes(ax)
        if len(axes) < n:
            raise ValueError(f"ax must hold one axes per image: {n}. Got {len(axes)}.")
        return axes[0].figure, axes[:n]
    width = max(1.25, text_width(captions, TEXT) + _GAP)
    if columns is None:
        columns = min(n, max(1, math.ceil(math.sqrt(1.5 * n))), max(1, int(WIDEST / width)))
    rows = math.ceil(n / columns) if n else 1
    height = max(1.35, width) + LINE * most_lines(captions)
    figure = new_figure(width * columns, height * rows, title)
    if with_bar:
        figure.set_figwidth(figure.get_figwidth() + _BAR_ROOM)
    if not n:
        figure.text(0.5, 0.5, "No such images", ha="center", va="center", color=NOTE)
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(n)]


def first_rows(X: Any, n: int) -> Any:
    """The first images of any X, those of a frame by position."""
    return X.iloc[:n] if hasattr(X, "iloc") else X[:n]


def square_axes(figure: Any, left: float, top: float, side: float) -> Any:
    """New square axes in a figure, at a place in inches from its left and its bottom."""
    width, height = figure.get_size_inches()
    inner = 0.94 * side
    return figure.add_axes((left / width, (top - inner) / height, inner / width, inner / height))


def draw_image(
    ax: Any,
    image: npt.NDArray[Any],
    caption: str = "",
    *,
    color: str = "black",
    frame: str = FRAME,
    linewidth: float = 0.8,
    cmap: str = "gray",
    limits: tuple[float, float] = (0, 1),
) -> Any:
    """Draw an image, or a map of values between these limits, and write a caption over it.

    Of channels that are those of no picture, the mean is drawn, in gray.
    """
    image = as_picture(image) if image.ndim == 3 else image
    strip = max(image.shape[:2]) > 6 * min(image.shape[:2])  # too thin to see in proportion
    drawn = ax.imshow(
        image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image,
        cmap=cmap,
        vmin=limits[0],
        vmax=limits[1],
        aspect="auto" if strip else "equal",
    )
    ax.set(xticks=[], yticks=[])
    # Class names are text, also those with dollar signs.
    ax.set_title(caption, fontsize=TEXT, color=color, parse_math=False)
    for spine in ax.spines.values():
        spine.set(color=frame, linewidth=linewidth)
    return drawn


def add_bar(axes: Sequence[Any], mappable: Any, label: str | None) -> Any:
    """A colour bar at the right of axes."""
    figure = axes[0].figure
    width = figure.get_figwidth()
    bar = figure.colorbar(
        mappable,
        ax=list(axes),
        fraction=_BAR_WIDTH / width,
        pad=0.1 / width,
        aspect=30,
        panchor=False,
    )
    bar.set_label(label, fontsize=TEXT)
    bar.ax.tick_params(labelsize=TEXT)
    return bar
