"""By how much the score of a class falls where parts of an image are covered.

Decisions: docs/decisions.md#inspection-and-novelty.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import check_number, check_sizes
from skdl.images import ImageArray
from skdl.inspection._evidence import class_codes, class_scores, decoded, shape_of

# Of the covered copies of an image that are predicted at a time.
_COPIES_BYTES, _MOST_COPIES = 32 * 2**20, 256


def occlusion_maps(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    patch: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    fill: float | Literal["mean"] = "mean",
    image_shape: Sequence[int] | None = None,
) -> npt.NDArray[np.float64]:
    """Locate the evidence of a classifier for a class by covering parts of the images.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        An estimator with ``predict_proba`` or ``decision_function``, and ``classes_``.
    X : array-like
        Images or paths of image files, as the estimator accepts them.
    y : array-like of shape (n,), or a label, default=None
        Class whose evidence is shown, for each image or for all. If None, use the predicted
        classes.
    patch : int or (height, width), default=None
        Size of the covered part in pixels. If None, use a quarter of the shorter side.
    stride : int or (rows, columns), default=None
        Steps between covered parts. If None, use half of `patch`.
    fill : float or "mean", default="mean"
        Pixel value of the covered part, in the scale of X; "mean" is the mean colour of each image.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images. If None, use the ``image_shape_`` of the estimator, if any.

    Returns
    -------
    maps : float64 ndarray of shape (n, height, width)
        The mean decrease of the score over all covered parts that a pixel lies in, in [0, 1],
        divided by the largest of each image. All zeros if the score does not decrease.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If the estimator returns no scores of classes; if a label is not among the classes, or the
        number of labels differs from that of the images; or if a parameter is out of range.

    See Also
    --------
    grad_cam : The same for networks, in one pass.
    skdl.plotting.SaliencyDisplay : Draws the maps over the images.

    Notes
    -----
    Each image is predicted once per position of the covered part, a bounded number at a time.
    Features of a frozen backbone are put into its store; set its ``store=None`` to prevent this.

    References
    ----------
    M. D. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdl.inspection import occlusion_maps
    >>> X, y = load_digits(return_X_y=True)
    >>> model = LogisticRegression(max_iter=200).fit(X[:300] / 16, y[:300])
    >>> maps = occlusion_maps(model, X[:4] / 16, patch=2, stride=1)
    >>> maps.shape, float(maps.max())
    ((4, 8, 8), 1.0)
    """
    check_is_fitted(estimator)
    cover = Cover(patch, stride, fill)
    model = getattr(estimator, "best_estimator_", estimator)
    scores, _ = class_scores(model, X)
    codes = class_codes(model, X, scores, y, len(scores))
    _, maps = covered_maps(model, X, codes, scores, image_shape, cover)
    return maps


class Cover:
    """A patch that is moved over images; parameters as :func:`occlusion_maps` takes them."""

    def __init__(self, patch: Any, stride: Any, fill: Any) -> None:
        self.patch = None if patch is None else check_sizes(patch, "patch")
        self.stride = None if stride is None else check_sizes(stride, "stride", "(rows, columns)")
        is_mean = isinstance(fill, str) and fill == "mean"
        self.fill = fill if is_mean else check_number(fill, "fill, if not 'mean',")

    def places(self, size: tuple[int, int]) -> list[tuple[slice, slice]]:
        """Rows and columns that are covered, one place after the other; the edges are, too."""
        side = max(1, round(min(size) / 4))
        patch = self.patch or (side, side)
        stride = self.stride or (max(1, patch[0] // 2), max(1, patch[1] // 2))
        if any(p > s for p, s in zip(patch, size, strict=True)):
            raise ValueError(f"patch={patch} is larger than the images of {size} pixels.")
        if any(step > p for step, p in zip(stride, patch, strict=True)):
            raise ValueError(
                f"stride={stride} is larger than patch={patch}: pixels in between would never be "
                "covered."
            )
        starts = [
            sorted({*range(0, s - p + 1, step), s - p})
            for s, p, step in zip(size, patch, stride, strict=True)
        ]
        return [
            (slice(y, y + patch[0]), slice(x, x + patch[1])) for y in starts[0] for x in starts[1]
        ]

    def copies(
        self, image: npt.NDArray[Any], places: Sequence[tuple[slice, slice]]
    ) -> Iterator[tuple[Sequence[tuple[slice, slice]], npt.NDArray[Any]]]:
        """Covered copies of an image, a bounded number at a time, with what is covered."""
        value = image.mean(axis=(0, 1)) if self.fill == "mean" else self.fill
        if image.dtype == np.uint8:
            value = np.rint(value).clip(0, 255)
        step = int(np.clip(_COPIES_BYTES // image.nbytes, 1, _MOST_COPIES))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            copies = np.repeat(image[np.newaxis], len(some), axis=0)
            for copy, place in zip(copies, some, strict=True):
                copy[place] = value
            yield some, copies


def covered_maps(
    model: Any, X: Any, codes: Any, scores: Any, image_shape: Any, cover: Cover
) -> tuple[Any, npt.NDArray[np.float64]]:
    """Images to draw, and by how much the scores of their classes fall where they are covered."""
    model, X = decoded(model, X)
    batch = ImageArray.of(X).unflattened(shape_of(model, X, image_shape))
    n, height, width, _ = batch.shape
    places, maps = cover.places((height, width)), np.empty((n, height, width))
    for image, code, score, result in zip(batch, codes, scores, maps, strict=True):
        falls, covered = np.zeros((2, *image.shape[:2]))
        for some, copies in cover.copies(image, places):
            changed, _ = class_scores(model, _like(X, copies))
            for place, fall in zip(some, score[code] - changed[:, code], strict=True):
                falls[place] += fall
                covered[place] += 1
        falls = (falls / covered).clip(0)
        # Less is no more than rounding.
        result[:] = falls / falls.max() if falls.max() > 1e-6 * max(1, abs(score[code])) else 0
    return batch.displayable(np.arange(n)), maps


def _like(X: Any, images: npt.NDArray[Any]) -> Any:
    """Images in the shape, and with the columns, of X."""
    array = images.reshape(len(images), *np.shape(X)[1:])
    if not hasattr(X, "columns"):
        return array
    import pandas as pd

    return pd.DataFrame(array, columns=X.columns)
