"""Images with what they are and what they were taken for."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from skdl.plotting._grid import CAPTION_WIDTH, as_batch, displayable, draw_image, grid_axes
from skdl.plotting._labels import wrapped

_RIGHT, _WRONG = "#0072B2", "#D55E00"

Selection = Literal["all", "right", "wrong"]


class PredictionGridDisplay:
    """A grid of images with true label, prediction and probability.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    images : sequence of ndarray of shape (h, w, c)
        The images to draw, with values in [0, 1].
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
        images: Sequence[npt.NDArray[Any]],
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
            Images or paths of image files, as :mod:`skdl.images` reads them.
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
            Images or paths of image files, as :mod:`skdl.images` reads them.
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
        images = as_batch(X, image_shape)
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
            displayable(images, rows),
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
        captions = [self._caption(i) for i in range(len(self.images))]
        self.figure_, axes = grid_axes(captions, title)
        for i, ax in enumerate(axes):
            right = self.y_true[i] == self.y_pred[i]
            color = _RIGHT if right else _WRONG
            draw_image(
                ax,
                self.images[i],
                captions[i],
                color=color,
                frame=color,
                linewidth=1 if right else 2,
            )
        self.axes_ = np.array(axes, dtype=object)
        return self

    def _caption(self, i: int) -> str:
        """Sign, prediction and probability; the true label where it is another."""
        right = self.y_true[i] == self.y_pred[i]
        sure = "" if self.confidence is None else f" ({100 * self.confidence[i]:.0f} %)"
        first = wrapped(f"{'✓' if right else '✗'} {self.y_pred[i]}{sure}", CAPTION_WIDTH)
        if right:
            return first
        return first + "\n" + wrapped(f"true: {self.y_true[i]}", CAPTION_WIDTH)
