"""Images, and beside each what an augmentation makes of it."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_whole
from skdl._utils.nesting import nested
from skdl.inspection import network_input
from skdl.plotting._layout import draw_image, first_rows, image_axes


@dataclass(eq=False, repr=False)
class AugmentationDisplay:
    """Images, one per row, each with augmented variants beside it.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n, 1 + n_variants, h, w, c)
        Each original image, and its variants. Values outside [0, 1], as in standardised images,
        are scaled by the smallest and the largest value of the original images.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes of shape (n, 1 + n_variants)
        One per image.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl import CNNClassifier
    >>> from skdl.plotting import AugmentationDisplay
    >>> display = AugmentationDisplay.from_estimator(
    ...     CNNClassifier(augmentation="light"), load_digits().images, n_images=2, n_variants=3
    ... )
    >>> display.axes_.shape
    (2, 4)
    """

    images: npt.NDArray[Any]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        n_images: int = 4,
        n_variants: int = 6,
        random_state: Any = 0,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw images as the augmentation of a classifier changes them in several epochs.

        Parameters
        ----------
        estimator : CNNClassifier, TransferClassifier or VGG16Classifier, Pipeline or search
            Estimator with the parameter `augmentation`, which need not be fitted. In a pipeline,
            the last step is used; the steps before it must be fitted, and transform only the drawn
            images. In a search, the best estimator is used or, if it is not fitted, its
            `estimator`.
        X : array-like
            Images or paths of image files, as its `fit` accepts them; the first ones are drawn.
        n_images : int, default=4
            Number of images, at least 1; one per row.
        n_variants : int, default=6
            Number of variants of each image, at least 1.
        random_state : int, RandomState instance or None, default=0
            Random seed of the variants.
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, one per image, row by row. If None, create a new figure.

        Returns
        -------
        display : AugmentationDisplay
            The drawn display.

        Raises
        ------
        NotFittedError
            If a step of a pipeline before the classifier is not fitted.
        ValueError
            If the estimator has no augmentation, X holds no images, or a number is invalid.
        """
        check_whole(n_images, "n_images", low=1)
        *_, last = nested(estimator)
        if not hasattr(last, "augmented_images"):  # such as a search that is not fitted
            estimator = getattr(last, "estimator", estimator)
        if any(hasattr(inner, "steps") for inner in nested(estimator)):
            X = first_rows(X, n_images)  # other steps may decode, which takes its time
        network, passed, _ = network_input(estimator, X, "augmented_images")
        images = network.augmented_images(passed, n_variants, random_state, n_images=n_images)
        return cls(images).plot(title=title, ax=ax)

    def plot(self, *, title: str | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        title : str, default=None
            Title of the figure.
        ax : sequence of matplotlib axes, default=None
            Axes to draw on, one per image, row by row. If None, create a new figure.

        Returns
        -------
        self : AugmentationDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If `ax` holds fewer axes than there are images.
        """
        images = np.asarray(self.images)
        n, columns = images.shape[:2]
        captions = ["original", *[""] * (columns - 1)] * n
        figure, axes = image_axes(ax, captions, title, columns)
        first = images[:, 0]
        low, high = min(0.0, float(first.min())), max(1.0, float(first.max()))
        if low < 0:
            high = max(float(first.max()), low + 1e-9)
        shown = np.clip((images - low) / (high - low), 0, 1).reshape(-1, *images.shape[2:])
        for panel, image, caption in zip(axes, shown, captions, strict=True):
            draw_image(panel, image, caption)
        self.figure_, self.axes_ = figure, np.array(axes, dtype=object).reshape(n, columns)
        return self
