"""Images with what they are and what they were taken for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_choice, check_whole
from skdl._utils.labels import label_pair, score_values
from skdl.images import ImageBatch, read_batch
from skdl.plotting._labels import names_by_label, percent
from skdl.plotting._layout import CAPTION_WIDTH, draw_image, image_axes, wrapped
from skdl.plotting._palette import RIGHT, WRONG

Selection = Literal["all", "right", "wrong", "uncertain"]


@dataclass(eq=False, repr=False)
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
        Predicted labels.
    confidence : ndarray of shape (n,), default=None
        Probability of the predicted class, in [0, 1].
    class_names : mapping of labels to str, default=None
        Names of the labels. If None, use the labels themselves.
    image_names : sequence of str of length n, default=None
        Names to show before each prediction.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        One per image, row by row.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.plotting import PredictionGridDisplay
    >>> images = np.random.default_rng(0).random((4, 8, 8))
    >>> display = PredictionGridDisplay.from_predictions(images, [0, 1, 1, 0], [0, 1, 0, 0])
    >>> len(display.axes_)
    4
    """

    images: Sequence[npt.NDArray[Any]]
    y_true: npt.NDArray[Any]
    y_pred: npt.NDArray[Any]
    confidence: npt.NDArray[Any] | None = None
    class_names: Mapping[Any, str] | None = None
    image_names: Sequence[str] | None = None

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
    ) -> Self:
        """Draw predictions of a fitted estimator.

        Parameters
        ----------
        estimator : fitted classifier
            Classifier with ``predict``; if it has ``predict_proba``, probabilities are also shown.
        X : array-like
            Images or paths of image files, as :mod:`skdl.images` reads them.
        y : array-like of shape (n,)
            True labels.
        which : {"all", "right", "wrong", "uncertain"}, default="all"
            Which images to draw. "all" and "right" keep the order of the images; "wrong" selects
            misclassified images, with the most confident mistakes first; "uncertain" selects images
            with the smallest difference between the two largest probabilities or, for estimators
            without probabilities, decision values.
        n_images : int, default=24
            Maximum number of images to draw.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of flattened images.
        title : str, default=None
            Title of the figure.

        Returns
        -------
        display : PredictionGridDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`, where the labels include the classes of the estimator.
        """
        if not hasattr(estimator, "predict"):
            raise ValueError(f"{type(estimator).__name__} has no predict. Pass a classifier.")
        # Not the most probable class: a classifier may have a threshold of its own.
        predicted = np.asarray(estimator.predict(X))
        classes = getattr(estimator, "classes_", None)
        confidence = margin = None
        if hasattr(estimator, "predict_proba"):
            probabilities = np.asarray(estimator.predict_proba(X))
            confidence = _of_predicted(probabilities, estimator.classes_, predicted)
            margin = _margin(probabilities)
        elif hasattr(estimator, "decision_function"):
            margin = _margin(np.asarray(estimator.decision_function(X)))
        images = read_batch(X).unflattened(image_shape)
        return cls._chosen(
            images, y, predicted, confidence, margin, which, n_images, target_names, classes
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
        image_names: Sequence[str] | None = None,
        target_names: Sequence[str] | None = None,
        image_shape: Sequence[int] | None = None,
        title: str | None = None,
    ) -> Self:
        """Draw given predictions.

        Parameters
        ----------
        X : array-like
            Images or paths of image files, as :mod:`skdl.images` reads them.
        y_true, y_pred : array-like of shape (n,)
            True and predicted labels.
        confidence : array-like of shape (n,) or (n, n_classes), default=None
            Probability of the predicted class, or those of all classes in sorted order; in [0, 1].
            If fewer classes occur than there are columns, the largest probability is assumed to be
            that of the predicted class.
        which : {"all", "right", "wrong", "uncertain"}, default="all"
            Which images to draw; see :meth:`from_estimator`. "uncertain" selects those with the
            smallest confidence if only that of the predicted class is known.
        n_images : int, default=24
            Maximum number of images to draw.
        image_names : sequence of str of length n, default=None
            Names to show before each prediction, such as numbers or file names.
        target_names : sequence of str, default=None
            Names of the classes; see :meth:`from_estimator`.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of flattened images.
        title : str, default=None
            Title of the figure.

        Returns
        -------
        display : PredictionGridDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If lengths differ, `which` or `n_images` is out of range, labels or confidences are
            missing, `which` needs a confidence that is not given, or `target_names` does not match
            the labels.
        """
        margin = None
        sure = None if confidence is None else score_values(confidence, "confidence")
        if sure is not None and sure.ndim == 2:
            labels, margin = label_pair(y_true, y_pred), _margin(sure)
            sure = _of_predicted(sure, np.unique(np.concatenate(labels)), labels[1])
        images = read_batch(X).unflattened(image_shape)
        return cls._chosen(
            images, y_true, y_pred, sure, margin, which, n_images, target_names, None, image_names
        ).plot(title=title)

    @classmethod
    def _chosen(
        cls,
        images: ImageBatch,
        y_true: Any,
        y_pred: Any,
        confidence: npt.NDArray[Any] | None,
        margin: npt.NDArray[Any] | None,
        which: Selection,
        n_images: int,
        target_names: Sequence[str] | None,
        classes: Any,
        image_names: Sequence[str] | None = None,
    ) -> Self:
        """The display of the chosen images, not drawn yet."""
        check_choice(which, "which", ("all", "right", "wrong", "uncertain"))
        check_whole(n_images, "n_images", low=1)
        true, predicted = label_pair(y_true, y_pred)
        given = (images, true, predicted, confidence, image_names)
        lengths = {len(part) for part in given if part is not None}
        if len(lengths) > 1:
            raise ValueError(
                "X, y_true, y_pred, confidence and image_names have different lengths: "
                f"{sorted(lengths)}. Pass one value per image."
            )
        if confidence is not None and confidence.ndim != 1:
            raise ValueError(
                f"confidence must have shape (n,) or (n, n_classes). Got {confidence.shape}."
            )
        rows = _chosen_rows(true == predicted, confidence, margin, which)[:n_images]
        names = None
        if target_names is not None:
            known = [] if classes is None else [np.asarray(classes)]
            names = names_by_label([true, predicted, *known], target_names)
        return cls(
            images.displayable(rows),
            true[rows],
            predicted[rows],
            None if confidence is None else confidence[rows],
            names,
            None if image_names is None else [str(image_names[row]) for row in rows],
        )

    def plot(self, *, title: str | None = None) -> Self:
        """Draw the display.

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
        self.figure_, axes = image_axes(None, captions, title)
        for i, ax in enumerate(axes):
            right = self.y_true[i] == self.y_pred[i]
            color, width = (RIGHT, 1) if right else (WRONG, 2)
            image, caption = self.images[i], captions[i]
            draw_image(ax, image, caption, color=color, frame=color, linewidth=width)
        self.axes_ = np.array(axes, dtype=object)
        return self

    def _caption(self, i: int) -> str:
        """Sign, prediction and probability; the true label where it is another."""
        right = self.y_true[i] == self.y_pred[i]
        sure = "" if self.confidence is None else f" ({percent(self.confidence[i])})"
        name = "" if self.image_names is None else f"{self.image_names[i]} "
        first = f"{name}{'✓' if right else '✗'} {self._name(self.y_pred[i])}{sure}"
        first = wrapped(first, CAPTION_WIDTH)
        if right:
            return first
        return first + "\n" + wrapped(f"true: {self._name(self.y_true[i])}", CAPTION_WIDTH)

    def _name(self, label: Any) -> Any:
        return label if self.class_names is None else self.class_names[label]


def _of_predicted(
    probabilities: npt.NDArray[Any], classes: Any, predicted: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Probability of the class that was predicted, which need not be the largest."""
    if len(classes) != probabilities.shape[1] or len(predicted) != len(probabilities):
        return np.asarray(probabilities.max(axis=1))
    columns = np.searchsorted(classes, predicted)
    return np.asarray(probabilities[np.arange(len(predicted)), columns])


def _margin(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """How far the best class is ahead of the next; small where it is uncertain."""
    if scores.ndim == 1 or scores.shape[1] == 1:  # a distance from the threshold, or no choice
        return np.asarray(np.abs(scores)).ravel()
    second, first = np.sort(scores, axis=1)[:, -2:].T
    return np.asarray(first - second)


def _chosen_rows(
    right: npt.NDArray[np.bool_],
    confidence: npt.NDArray[Any] | None,
    margin: npt.NDArray[Any] | None,
    which: Selection,
) -> npt.NDArray[np.int_]:
    """Which images to draw, in the order of drawing."""
    if which == "uncertain":
        doubt = confidence if margin is None else margin
        if doubt is None:
            raise ValueError(
                "which='uncertain' needs probabilities. Pass confidence, or an estimator with "
                "predict_proba or decision_function."
            )
        return np.argsort(doubt, kind="stable")
    kept = {"all": np.ones_like(right), "right": right, "wrong": ~right}[which]
    rows = np.flatnonzero(kept)
    sure = margin if confidence is None else confidence
    if which == "wrong" and sure is not None:
        rows = rows[np.argsort(-sure[rows], kind="stable")]
    return rows
