"""Grids of images that share a colour bar."""

from collections.abc import Sequence
from typing import Any

from skdl.plotting._grid import CAPTION_SIZE, grid_axes

_ROOM, _WIDTH = 1.0, 0.15  # inches, of the bar with its numbers, and of the bar alone


def grid_with_room(captions: Sequence[str], title: str | None) -> tuple[Any, list[Any]]:
    """A new figure as :func:`grid_axes` makes it, with room for a colour bar at the right."""
    figure, axes = grid_axes(captions, title)
    figure.set_figwidth(figure.get_figwidth() + _ROOM)
    return figure, axes


def add_bar(axes: Sequence[Any], mappable: Any, label: str | None) -> Any:
    """A colour bar at the right of axes."""
    figure = axes[0].figure
    width = figure.get_figwidth()
    bar = figure.colorbar(
        mappable, ax=list(axes), fraction=_WIDTH / width, pad=0.1 / width, aspect=30, panchor=False
    )
    bar.set_label(label, fontsize=CAPTION_SIZE)
    bar.ax.tick_params(labelsize=CAPTION_SIZE)
    return bar
