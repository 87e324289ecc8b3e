"""Some images of each class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from skdl._utils.checks import check_whole
from skdl._utils.labels import class_labels
from skdl.images import read_batch
from skdl.plotting._labels import encode
from skdl.plotting._layout import (
    CAPTION_WIDTH,
    LINE,
    WIDEST,
    draw_image,
    fitted,
    image_axes,
    most_lines,
    new_figure,
    square_axes,
    wrapped,
)
from skdl.plotting._palette import TEXT

# Inches, where the images of a class stand in a row.
_CELL, _MARGIN, _GAP = 0.9, 0.3, 0.1


@dataclass(eq=False, repr=False)
class ImageGridDisplay:
    """A grid of images, some of each class.

    It is recommended to use :meth:`from_images`.

    Parameters
    ----------
    images : sequence of ndarray of shape (h, w, c)
        The images to draw, with values in [0, 1].
    class_names : sequence of str, default=None
        The class of each image, with images of the same class side by side. If None, no names are
        shown.
    rows : ndarray of int of shape (n_images,), default=None
        Positions of the images in the data they were chosen from.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        One per image, in the order of `images`.

    See Also
    --------
    skdl.plotting.PredictionGridDisplay : Images with their predictions.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl.plotting import ImageGridDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> display = ImageGridDisplay.from_images(X, y, n_per_class=3)
    >>> len(display.axes_), display.class_names[:4]
    (30, ['0', '0', '0', '1'])
    """

    images: Sequence[npt.NDArray[Any]]
    class_names: Sequence[str] | None = None
    rows: npt.NDArray[np.int_] | None = None

    @classmethod
    def from_images(
        cls,
        X: Any,
        y: Any = None,
        *,
        target_names: Sequence[str] | None = None,
        n_per_class: int = 1,
        random_state: Any = 0,
        image_shape: Sequence[int] | None = None,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw a random sample of each class.

        Parameters
        ----------
        X : array-like
            Images or paths of image files, as :mod:`skdl.images` reads them. Only the files that
            are drawn are decoded.
        y : array-like of shape (n,), default=None
            Class labels. If None, draw `n_per_class` of all images, without names.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        n_per_class : int, default=1
            Number of images per class, at least 1; fewer for classes that have fewer.
        random_state : int, RandomState instance or None, default=0
            Random seed of the sample.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of flattened images.
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, one per image. If None, create a new figure.

        Returns
        -------
        display : ImageGridDisplay
            The drawn display; `rows` are the positions of the images in X.

        Raises
        ------
        ValueError
            If the numbers of labels and images differ, labels are missing, or `target_names`,
            `n_per_class` or `ax` is invalid.
        """
        check_whole(n_per_class, "n_per_class", low=1)
        batch = read_batch(X).unflattened(image_shape)
        codes, names = np.zeros(len(batch), dtype=int), [""]
        if y is not None:
            labels = class_labels(y, "y")
            if len(labels) != len(batch):
                raise ValueError(
                    f"X has {len(batch)} images, but y has {len(labels)} labels. Pass one label "
                    "per image."
                )
            codes, names = encode(labels, target_names)
        generator = check_random_state(random_state)
        rows = np.concatenate(
            [
                np.sort(generator.permutation(np.flatnonzero(codes == code))[:n_per_class])
                for code in range(len(names))
            ]
        )
        class_names = None if y is None else [names[code] for code in codes[rows]]
        return cls(batch.displayable(rows), class_names, rows).plot(title=title, ax=ax)

    def plot(self, *, title: str | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, one per image. If None, create a new figure.

        Returns
        -------
        self : ImageGridDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If `ax` holds fewer axes than there are images.
        """
        names = [wrapped(name, CAPTION_WIDTH) for name in self.class_names or []]
        captions = names or [""] * len(self.images)
        if ax is None and len(set(names)) < len(names):
            figure, axes = self._class_rows(title)
            captions = [""] * len(names)
        else:
            figure, axes = image_axes(ax, captions, title)
        for panel, image, caption in zip(axes, self.images, captions, strict=True):
            draw_image(panel, image, caption)
        self.figure_, self.axes_ = figure, np.array(axes, dtype=object)
        return self

    def _class_rows(self, title: str | None) -> tuple[Any, list[Any]]:
        """A new figure with the images of a class in rows of their own, its name above.

        Where there are many classes, several stand side by side.
        """
        names = list(self.class_names or [])
        counts = {name: names.count(name) for name in names}  # in the order of the classes
        columns = min(max(counts.values()), int((WIDEST - _MARGIN) / _CELL))
        lines = math.ceil(max(counts.values()) / columns)
        headings = [fitted(name, columns * _CELL, TEXT) for name in counts]
        heading = LINE * most_lines(headings) + _GAP
        block = columns * _CELL + _MARGIN, lines * _CELL + heading + _GAP
        n_blocks = _blocks(len(counts), *block)
        height = math.ceil(len(counts) / n_blocks) * block[1]
        # Placed by hand: a layout engine would make room for the headings beside the images.
        figure = new_figure(n_blocks * block[0], height, title, layout=None)
        axes = []
        for i, (text, count) in enumerate(zip(headings, counts.values(), strict=True)):
            left = i % n_blocks * block[0] + _MARGIN / 2
            top = height - i // n_blocks * block[1] - heading
            panels = [
                square_axes(figure, left + j % columns * _CELL, top - j // columns * _CELL, _CELL)
                for j in range(count)
            ]
            panels[0].set_title(text, loc="left", fontsize=TEXT, parse_math=False)
            axes += panels
        return figure, axes


def _blocks(n_classes: int, width: float, height: float) -> int:
    """How many classes stand side by side, so that the figure is not much higher than wide."""
    most = max(1, int(WIDEST / width))
    for blocks in range(1, most):
        if math.ceil(n_classes / blocks) * height <= 1.2 * blocks * width:
            return blocks
    return most
