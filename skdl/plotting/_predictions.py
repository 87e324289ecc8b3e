"""Images with what they are and what they were taken for."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from skdl.images import check_image_array, learn_value_range, range_offset_and_scale, to_images

_RIGHT, _WRONG = "#0072B2", "#D55E00"
_WIDEST = 12.0  # inches, of a whole figure
_CAPTION_WIDTH = 22  # letters

Selection = Literal["all", "right", "wrong"]


class PredictionGridDisplay:
    """A grid of images with true label, prediction and probability.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, c)
        The images to draw.
    y_true : ndarray of shape (n,)
        Their labels.
    y_pred : ndarray of shape (n,)
        What was predicted.
    confidence : ndarray of shape (n,), default=None
        Probability of the predicted class, in [0, 1].

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        One an image, row by row.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.plotting import PredictionGridDisplay
    >>> images = np.random.default_rng(0).random((4, 8, 8))
    >>> display = PredictionGridDisplay.from_predictions(images, [0, 1, 1, 0], [0, 1, 0, 0])
    >>> len(display.axes_)
    4
    """

    def __init__(
        self,
        images: npt.NDArray[Any],
        y_true: npt.NDArray[Any],
        y_pred: npt.NDArray[Any],
        confidence: npt.NDArray[Any] | None = None,
    ) -> None:
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        which: Selection = "all",
        n_images: int = 24,
        image_shape: Sequence[int] | None = None,
        title: str | None = None,
    ) -> "PredictionGridDisplay":
        """Draw predictions of a fitted estimator.

        Parameters
        ----------
        estimator : fitted classifier
            With ``predict_proba``, or else ``predict``.
        X : array-like
            Images, as :mod:`skdl.images` reads them.
        y : array-like of shape (n,)
            True labels.
        which : {"all", "right", "wrong"}, default="all"
            "all" and "right" take images in their order; "wrong" takes misclassified ones, the most
            confident mistakes first.
        n_images : int, default=24
            Number of images to draw at most.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of flattened images.
        title : str, default=None
            Title of the figure.

        Returns
        -------
        display : PredictionGridDisplay
            The display, drawn.
        """
        if hasattr(estimator, "predict_proba"):
            probabilities = np.asarray(estimator.predict_proba(X))
            predicted = estimator.classes_[probabilities.argmax(axis=1)]
            confidence = probabilities.max(axis=1)
        else:
            predicted, confidence = estimator.predict(X), None
        return cls.from_predictions(
            X,
            y,
            predicted,
            confidence,
            which=which,
            n_images=n_images,
            image_shape=image_shape,
            title=title,
        )

    @classmethod
    def from_predictions(
        cls,
        X: Any,
        y_true: Any,
        y_pred: Any,
        confidence: Any = None,
        *,
        which: Selection = "all",
        n_images: int = 24,
        image_shape: Sequence[int] | None = None,
        title: str | None = None,
    ) -> "PredictionGridDisplay":
        """Draw given predictions.

        Parameters
        ----------
        X : array-like
            Images, as :mod:`skdl.images` reads them.
        y_true, y_pred : array-like of shape (n,)
            True and predicted labels.
        confidence : array-like of shape (n,), default=None
            Probability of the predicted class.
        which : {"all", "right", "wrong"}, default="all"
            Which images to draw, see :meth:`from_estimator`.
        n_images : int, default=24
            Number of images to draw at most.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of flattened images.
        title : str, default=None
            Title of the figure.

        Returns
        -------
        display : PredictionGridDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If lengths differ, or `which` or `n_images` is out of range.
        """
        if which not in ("all", "right", "wrong"):
            raise ValueError(f"which must be 'all', 'right' or 'wrong'. Got {which!r}.")
        if n_images < 1:
            raise ValueError(f"n_images must be at least 1. Got {n_images!r}.")
        images = to_images(check_image_array(X), image_shape)
        true, predicted = np.asarray(y_true), np.asarray(y_pred)
        sure = None if confidence is None else np.asarray(confidence, dtype=float)
        lengths = {len(images), len(true), len(predicted), len(images if sure is None else sure)}
        if len(lengths) > 1:
            raise ValueError(
                f"X, y_true, y_pred and confidence have different lengths: {sorted(lengths)}."
            )
        right = true == predicted
        rows = np.flatnonzero({"all": np.ones_like(right), "right": right, "wrong": ~right}[which])
        if which == "wrong" and sure is not None:
            rows = rows[np.argsort(-sure[rows], kind="stable")]
        rows = rows[:n_images]
        display = cls(
            _displayable(images, rows),
            true[rows],
            predicted[rows],
            None if sure is None else sure[rows],
        )
        return display.plot(title=title)

    def plot(self, *, title: str | None = None) -> "PredictionGridDisplay":
        """Draw.

        Parameters
        ----------
        title : str, default=None
            Title of the figure.

        Returns
        -------
        self : PredictionGridDisplay
            The display, with `figure_` and `axes_`.
        """
        import matplotlib.pyplot as plt

        n = len(self.images)
        captions = [self._caption(i).split("\n") for i in range(n)]
        width = max([1.25] + [0.085 * len(line) for caption in captions for line in caption])
        columns = min(n, max(1, math.ceil(math.sqrt(1.5 * n))), int(_WIDEST / width))
        rows = math.ceil(n / columns) if n else 1
        height = 1.35 + 0.2 * max([1] + [len(caption) for caption in captions])
        figure = plt.figure(
            figsize=(max(4.0, width * columns), height * rows + 0.4), layout="constrained"
        )
        if title:
            figure.suptitle(title)
        self.axes_ = np.array(
            [self._draw(figure.add_subplot(rows, columns, i + 1), i) for i in range(n)],
            dtype=object,
        )
        if not n:
            figure.text(0.5, 0.5, "No such image", ha="center", va="center", color="0.4")
        self.figure_ = figure
        return self

    def _caption(self, i: int) -> str:
        """Sign, prediction and probability; the true label where it is another."""
        right = self.y_true[i] == self.y_pred[i]
        sure = "" if self.confidence is None else f" ({100 * self.confidence[i]:.0f} %)"
        first = textwrap.fill(f"{'✓' if right else '✗'} {self.y_pred[i]}{sure}", _CAPTION_WIDTH)
        if right:
            return first
        return first + "\n" + textwrap.fill(f"true: {self.y_true[i]}", _CAPTION_WIDTH)

    def _draw(self, ax: Any, i: int) -> Any:
        right = self.y_true[i] == self.y_pred[i]
        image = self.images[i]
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
        ax.set_title(
            self._caption(i), fontsize=9, color=_RIGHT if right else _WRONG, parse_math=False
        )
        for spine in ax.spines.values():
            spine.set(color=_RIGHT if right else _WRONG, linewidth=1 if right else 2)
        return ax


def _displayable(images: npt.NDArray[Any], rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The chosen images in [0, 1]; standardised ones by their own smallest and largest value."""
    chosen = images[rows].astype(np.float32)
    value_range = learn_value_range(images)
    if value_range == "standardized":
        value_range = float(images.min()), float(images.max())
    offset, scale = range_offset_and_scale(value_range)
    displayable: npt.NDArray[Any] = np.clip((chosen - offset) * scale, 0, 1)
    return displayable
