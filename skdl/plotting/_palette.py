"""How displays look: colours, markers, sizes, and what their axes and legends have in common."""

from collections.abc import Sequence
from typing import Any

import numpy as np

# Okabe and Ito's palette: distinct for colour-blind readers. Markers, line styles and hatches tell
# in grayscale.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
SLICE_COLORS = (*COLORS, "#F0E442")  # of areas only: lines would be too pale
DARK_COLORS = COLORS[:3]  # on which text is white
MARKERS = ("o", "s", "^", "D", "v", "P")
STYLES = ("-", "--", ":", "-.")
HATCHES = ("", "///", "...", "xxx", "\\\\\\")
RIGHT, WRONG = COLORS[:2]
FRAME, STRIPE, REFERENCE, NOTE = "0.6", "0.95", "0.5", "0.4"  # greys

SMALL, TEXT, HEADING, TITLE = 8, 9, 10, 12  # points
SMALLEST = 3  # points, of text that is still written
LINE_WIDTH, MARKER_SIZE = 1.2, 5  # points


def tidy(ax: Any, grid: str = "both") -> None:
    """Draw a faint grid, and no frame where no axis is."""
    ax.grid(axis=grid, alpha=0.25)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def name_rows(ax: Any, names: Sequence[str], striped: bool = False) -> None:
    """Write a name at each row, the first on top."""
    n = len(names)
    ax.set_yticks(np.arange(n), names, fontsize=TEXT, parse_math=False)
    ax.set_ylim(n - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    for row in range(1, n, 2) if striped else ():
        ax.axhspan(row - 0.5, row + 0.5, color=STRIPE, linewidth=0, zorder=0)


def add_legend(parent: Any, **params: Any) -> Any:
    """A legend of axes or of a figure. Names in it are text, also those with dollar signs."""
    legend = parent.legend(**{"fontsize": TEXT, "title_fontsize": TEXT, "frameon": False, **params})
    for text in [*legend.get_texts(), legend.get_title()]:
        text.set_parse_math(False)
    return legend
