"""Images with what they are and what they were taken for."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from skdl.plotting._grid import CAPTION_WIDTH, as_batch, displayable, draw_image, grid_axes
from skdl.plotting._labels import check_labels, names_by_label, wrapped

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
    class_names : mapping of labels to str, default=None
        What to write for the labels; None writes them as they are.

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
        class_names: Mapping[Any, str] | None = None,
    ) -> None:
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.class_names = class_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        which: Selection = "all",
        n_images: int = 24,
        target_names: Sequence[str] | None = None,
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
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or such that labels are positions
            in it, as in scikit-learn's data sets. None takes the labels themselves.
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
            As :meth:`from_predictions`; the classes of the estimator count among the labels.
        """
        if hasattr(estimator, "predict_proba"):
            probabilities = np.asarray(estimator.predict_proba(X))
            predicted = estimator.classes_[probabilities.argmax(axis=1)]
            confidence = probabilities.max(axis=1)
        else:
            predicted, confidence = estimator.predict(X), None
        classes = getattr(estimator, "classes_", None)
        return cls._chosen(
            as_batch(X, image_shape),
            y,
            predicted,
            confidence,
            which,
            n_images,
            target_names,
            classes,
        ).plot(title=title)

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
        target_names: Sequence[str] | None = None,
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
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or such that labels are positions
            in it, as in scikit-learn's data sets. None takes the labels themselves.
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
            If lengths differ, `which` or `n_images` is out of range, or `target_names` does not fit
            the labels.
        """
        images = as_batch(X, image_shape)
        return cls._chosen(images, y_true, y_pred, confidence, which, n_images, target_names).plot(
            title=title
        )

    @classmethod
    def _chosen(
        cls,
        images: npt.NDArray[Any],
        y_true: Any,
        y_pred: Any,
        confidence: Any,
        which: Selection,
        n_images: int,
        target_names: Sequence[str] | None,
        classes: Any = None,
    ) -> "PredictionGridDisplay":
        """The display of the chosen images, not drawn yet."""
        if which not in ("all", "right", "wrong"):
            raise ValueError(f"which must be 'all', 'right' or 'wrong'. Got {which!r}.")
        if n_images < 1:
            raise ValueError(f"n_images must be at least 1. Got {n_images!r}.")
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
        names = None
        if target_names is not None:
            labels = [check_labels(true, "y_true"), check_labels(predicted, "y_pred")]
            known = [] if classes is None else [np.asarray(classes)]
            names = names_by_label(labels + known, target_names)
        return cls(
            displayable(images, rows),
            true[rows],
            predicted[rows],
            None if sure is None else sure[rows],
            names,
        )

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
        sure = "" if self.confidence is None else f" ({100 * self.confidence[i]:.0f}\u00a0%)"
        first = f"{'✓' if right else '✗'} {self._name(self.y_pred[i])}{sure}"
        first = wrapped(first, CAPTION_WIDTH)
        if right:
            return first
        return first + "\n" + wrapped(f"true: {self._name(self.y_true[i])}", CAPTION_WIDTH)

    def _name(self, label: Any) -> Any:
        return label if self.class_names is None else self.class_names[label]
