"""`plot_augmentations`: what an augmentation makes of images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skdl._shortened import shortened
from skdl.engine import augmented
from skdl.images import learn_value_range
from skdl.plotting._grid import as_batch, displayable, draw_image, grid_axes
from skdl.preprocessing._augmentation import plan_augmentation


def plot_augmentations(
    X: Any,
    augmentation: Any = "medium",
    *,
    n_images: int = 4,
    n_variants: int = 6,
    image_shape: Sequence[int] | None = None,
    random_state: Any = 0,
) -> Any:
    """Draw images, and beside each what an augmentation makes of it in as many epochs.

    Parameters
    ----------
    X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
        Images; the first are drawn.
    augmentation : {"light", "medium", "strong"} or Augmentation, default="medium"
        As the classifiers take it.
    n_images : int, default=4
        Number of images, at least 1; one a row.
    n_variants : int, default=6
        Number of variants of each, at least 1.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images.
    random_state : int, RandomState instance or None, default=0
        Seeds the variants.

    Returns
    -------
    figure : matplotlib.figure.Figure
        With ``n_images × (n_variants + 1)`` axes, row by row.

    Raises
    ------
    ValueError
        If X holds no images, or the augmentation or a number is not one.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl import plot_augmentations
    >>> figure = plot_augmentations(load_digits().images, "light", n_images=2, n_variants=3)
    >>> len(figure.axes)
    8
    """
    plan = plan_augmentation(augmentation)
    for name, number in (("n_images", n_images), ("n_variants", n_variants)):
        if not isinstance(number, int | np.integer) or number < 1:
            raise ValueError(
                f"{name} must be a whole number of at least 1. Got {shortened(number)}."
            )
    batch = as_batch(X, image_shape)
    rows = np.arange(min(n_images, len(batch)))
    # Standardised images are changed in units of the data, as in training, and then shown.
    standardised = batch.dtype.kind == "f" and learn_value_range(batch) == "standardized"
    images = list(batch[rows].astype(np.float32)) if standardised else displayable(batch, rows)
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    captions, drawn = [], []
    for row, image in enumerate(images):
        repeated = np.repeat(image[np.newaxis], n_variants, axis=0)
        variants = repeated
        if plan is not None:
            variants = augmented(repeated, plan, (seed, row), clipped=not standardised)
        captions += ["as it is", *[""] * n_variants]
        drawn += [image, *variants]
    if standardised:
        low, high = float(batch.min()), float(batch.max())
        drawn = [np.clip((image - low) / max(high - low, 1e-9), 0, 1) for image in drawn]
    figure, axes = grid_axes(captions, columns=n_variants + 1)
    for ax, image, caption in zip(axes, drawn, captions, strict=True):
        draw_image(ax, image, caption)
    return figure
