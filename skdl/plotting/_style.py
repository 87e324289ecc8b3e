"""How displays look: colours, markers, legends, and where they are drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np

# Okabe and Ito's palette: distinct for colour-blind readers; markers and styles tell in grayscale.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")


def as_text(legend: Any) -> Any:
    """Names in a legend are text, also those with dollar signs."""
    for text in [*legend.get_texts(), legend.get_title()]:
        text.set_parse_math(False)
    return legend


def given_axes(ax: Any, panels: Sequence[str]) -> list[Any]:
    """Axes to draw in, one a panel.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    axes = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(axes) != len(panels):
        if len(panels) > 1:
            what = f"{', '.join(panels[:-1])} and {panels[-1]}"
        else:
            what = panels[0]
        raise ValueError(f"ax must hold {len(panels)} axes, for {what}. Got {len(axes)}.")
    return axes
