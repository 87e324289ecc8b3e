"""What the tests of displays share."""

import matplotlib.pyplot as plt
import numpy as np


def texts(display):
    """Everything written in a figure, after drawing it."""
    display.figure_.canvas.draw()
    return [t.get_text() for t in display.figure_.findobj(plt.Text) if t.get_text()]


def visible_texts(figure):
    """Everything written in a figure that is seen: ticks beyond the limits are not."""
    figure.draw_without_rendering()
    found = [t for t in figure.findobj(plt.Text) if t.get_text().strip() and t.get_visible()]
    for ax in figure.findobj(plt.Axes):
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low <= tick.get_loc() <= high:
                    found = [t for t in found if t not in (tick.label1, tick.label2)]
    return found


def assert_readable(figure, artists=None):
    """No two texts overlap, and none is cut off at the edge of the figure."""
    artists = visible_texts(figure) if artists is None else artists
    boxes = assert_apart(figure, artists)
    size = figure.get_size_inches() * figure.dpi
    outside = (boxes < -1) | (boxes > np.tile(size, 2) + 1)
    assert not outside.any(), [artists[i] for i in np.flatnonzero(outside.any(axis=1))[:3]]


def assert_apart(figure, artists):
    """No two of them overlap; returns their boxes."""
    assert artists
    figure.draw_without_rendering()
    boxes = np.array([artist.get_window_extent().extents for artist in artists])
    low, high = boxes[:, None, :2], boxes[None, :, 2:]
    overlap = (low < high).all(axis=2)
    overlap = np.triu(overlap & overlap.T, 1)
    assert not overlap.any(), [(artists[i], artists[j]) for i, j in np.argwhere(overlap)[:3]]
    return boxes


def long_names(n_classes, length):
    return [f"{i:02}{' long' * (length // 10)}{'W' * (length // 2)}" for i in range(n_classes)]
