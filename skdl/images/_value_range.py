"""Which pixel values stand for black and white: the rule, learned once, in fit.

Decisions: docs/decisions.md#image-arrays-and-value-ranges.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from skdl._utils.text import shortened

ValueRange: TypeAlias = tuple[float, float] | Literal["standardized"]

# Neither standardised values nor the components of a decomposition are usually larger.
_FAR = 200.0
# Standardised values are hardly ever larger.
_SMALL = 20.0
# What fewer images, or fewer values, than this share do decides nothing.
_FEW_IMAGES, _FEW_VALUES = 0.05, 0.01
# How far the brightest images may be above the others before they count as faulty.
_FAULTY = 2.0
# How many images that are so many times as dark as those of the fit are of another scale.
_MANY, _DARK = 10, 8.0
# Of the pixel values of photographs from 0 to 1.
_STANDARD_MEAN, _STANDARD_DEVIATION = 0.45, 0.225


def learn_value_range(X: npt.NDArray[Any]) -> ValueRange:
    """Learn the value range of a training set, by the one rule of skdl.

    The range is learned once, from the training data, and then belongs to the fitted estimator. If
    each batch had its own range, the prediction for an image would depend on the rest of its batch.

    Parameters
    ----------
    X : ndarray of shape (n, …)
        The training images, finite.

    Returns
    -------
    value_range : (low, high) or "standardized"
        ``(0, 255)`` for uint8; ``(0, 1)`` for other values within [0, 1]; ``(0, largest value)``
        for other non-negative values; ``(smallest value, largest value)`` if many values are
        negative, and they are whole numbers or beyond the usual range of standardised values, such
        as those of computed tomography; ``"standardized"`` for all other data with negative values.

    Notes
    -----
    A few stray values change nothing: negative values that are less than 1 % of all values, and
    the largest values of less than 5 % of the images, if they are more than twice those of the
    others. The folds of a data set thus get the same range, and a hot pixel does not darken the
    others.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.images import learn_value_range
    >>> learn_value_range(np.array([[0, 16]]))
    (0.0, 16.0)
    >>> learn_value_range(np.array([[0, 16]], dtype="uint8"))
    (0.0, 255.0)
    >>> learn_value_range(np.array([[-1.5, 0.2]]))
    'standardized'
    >>> learn_value_range(np.array([[-1024, 3071]]))
    (-1024.0, 3071.0)
    """
    return (0.0, 255.0) if X.dtype == np.uint8 else learn_from_values(PixelValues.of(X))


@dataclass(frozen=True)
class PixelValues:
    """What decides about the value range of some images.

    Parameters
    ----------
    smallest, largest : ndarray of shape (n,)
        Of each image.
    negative, size : ndarray of int of shape (n,)
        How many values of each image are negative, and how many there are.
    whole : bool
        Whether all are whole numbers, where some are negative.
    eight_bit : bool
        Whether they are bytes.
    seen : bool, default=True
        False of bytes that nobody looked at.
    """

    smallest: npt.NDArray[Any]
    largest: npt.NDArray[Any]
    negative: npt.NDArray[np.intp]
    size: npt.NDArray[np.intp]
    whole: bool
    eight_bit: bool
    seen: bool = True

    @classmethod
    def of_unseen_bytes(cls) -> "PixelValues":
        """That of bytes whose values are not to be looked at."""
        ends = cls.of(np.array([[0, 255]], np.uint8))
        return replace(ends, seen=False)

    @classmethod
    def of(cls, X: npt.NDArray[Any]) -> "PixelValues":
        """That of an array of shape (n, …)."""
        rows = X.reshape(len(X), -1)
        size = np.full(len(X), rows.shape[1])
        none = np.zeros(len(X), np.intp)
        smallest = rows.min(axis=1).astype(np.float64)  # the negative of which integers may lack
        largest = rows.max(axis=1).astype(np.float64)
        if X.dtype == np.uint8 or not (smallest < 0).any():
            return cls(smallest, largest, none, size, True, X.dtype == np.uint8)
        negative = np.count_nonzero(rows < 0, axis=1)
        return cls(smallest, largest, negative, size, np.array_equal(X, np.rint(X)), False)

    @classmethod
    def joined(cls, parts: Sequence["PixelValues"]) -> "PixelValues":
        """That of several parts together."""
        return cls(
            np.concatenate([part.smallest for part in parts]),
            np.concatenate([part.largest for part in parts]),
            np.concatenate([part.negative for part in parts]),
            np.concatenate([part.size for part in parts]),
            all(part.whole for part in parts),
            all(part.eight_bit for part in parts),
        )

    @property
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return float(self.smallest.min()), float(self.largest.max())

    @property
    def usual_largest(self) -> float:
        """The largest value of an image in the middle."""
        return float(np.median(self.largest))

    def share_of_negative(self) -> float:
        """Of all values."""
        return float(self.negative.sum() / self.size.sum())


def learn_from_values(values: PixelValues) -> ValueRange:
    """The rule of :func:`learn_value_range`."""
    if values.eight_bit:
        return 0.0, 255.0
    high = _largest(values.largest)
    if values.smallest.min() >= 0 or values.share_of_negative() < _FEW_VALUES:
        return 0.0, max(1.0, high)
    low = -_largest(-values.smallest)
    if low < high and (max(high, -low) > _FAR or values.whole):
        return low, high
    return "standardized"


def doubt_about(values: PixelValues, value_range: ValueRange) -> str:
    """What the rule passed over in some training images, in words; "" if nothing."""
    n, found = len(values.size), []
    if values.eight_bit:
        return ""
    if value_range == "standardized":
        extremes = np.sort(np.maximum(-values.smallest, values.largest))
        usual = float(extremes[-1 - int(_FEW_IMAGES * n)])
        strays = extremes[extremes > max(_SMALL, _FAULTY * usual)]
        if not len(strays):
            return ""
        return f"values up to ±{strays[-1]:g} in {len(strays)} of {n} images, others ±{usual:.2g}"
    low, high = value_range
    for strays, what in (
        (values.smallest[values.smallest < low], f"below {low:g} (down to"),
        (values.largest[values.largest > high], f"above {high:g} (up to"),
    ):
        if len(strays):
            extreme = float(strays[np.argmax(np.abs(strays))])
            found.append(f"values {what} {extreme:g}) in {len(strays)} of {n} images")
    return " and ".join(found)


def scale_problem(values: PixelValues, value_range: ValueRange, usual: float) -> str:
    """Why values can hardly be of the scale that was learned, in words; "" if they can.

    A few dark images are no reason: only values that the scale does not have, or many images all
    of which are far below those of the fit, whose :attr:`PixelValues.usual_largest` is `usual`.
    """
    smallest, largest = values.extremes
    eight_bit = values.eight_bit
    if value_range == "standardized":
        if smallest >= 0:
            return "no negative values"
        return f"up to {largest:g}" if max(largest, -smallest) > 2 * _FAR else ""
    low, high = value_range
    if eight_bit and high > _FAULTY * 255:
        return "of 8 bits"
    if low < 0:
        if smallest >= 0:
            return "no negative values"
        small = smallest < largest and max(largest, -smallest) <= _SMALL < (high - low) / 10
        return f"from {smallest:g} to {largest:g}" if small else ""
    if not eight_bit and 0 < largest <= 1 and high > 2 and smallest >= 0:
        return f"of at most {largest:g}"
    if largest > _FAULTY * high and values.usual_largest > _FAULTY * high:
        return f"up to {largest:g}"
    if smallest < 0 and values.share_of_negative() >= _FEW_IMAGES:
        return f"down to {smallest:g}"
    if len(values.size) >= _MANY and 0 < largest < usual / _DARK:
        return f"of at most {largest:g}"
    return ""


def _largest(of_images: npt.NDArray[Any]) -> float:
    """The largest value, but for those of a few images that are far above all others."""
    of_images = np.sort(of_images)
    largest = float(of_images[-1])
    usual = float(of_images[-1 - int(_FEW_IMAGES * len(of_images))])
    if usual <= 1 < largest <= _FAULTY:  # of images from 0 to 1
        return 1.0
    if largest > _FAULTY * usual > 0:
        return float(of_images[of_images <= _FAULTY * usual][-1])
    return largest


def check_value_range(value_range: Any) -> ValueRange | None:
    """Validate a `value_range` parameter.

    Parameters
    ----------
    value_range : None, "standardized" or (low, high)
        The parameter as the user set it. None means that ``fit`` learns it.

    Returns
    -------
    value_range : None, "standardized" or tuple of float
        The same value in plain Python types.

    Raises
    ------
    ValueError
        If it is anything else, or `low` is not below `high`.

    Examples
    --------
    >>> from skdl.images import check_value_range
    >>> check_value_range((0, 255))
    (0.0, 255.0)
    """
    if value_range is None or (isinstance(value_range, str) and value_range == "standardized"):
        return value_range  # type: ignore[return-value]
    if isinstance(value_range, Sequence | np.ndarray) and not isinstance(value_range, str):
        bounds = tuple(value_range)
        if len(bounds) == 2 and all(isinstance(bound, Real) for bound in bounds):
            low, high = float(bounds[0]), float(bounds[1])
            if math.isfinite(low) and math.isfinite(high) and low < high:
                return low, high
    raise ValueError(
        "The parameter value_range must be None (learned in fit), 'standardized' (used as it is) "
        f"or a pair (low, high) of finite numbers with low < high. Got {shortened(value_range)}."
    )


def pixel_range(value_range: ValueRange) -> tuple[float, float]:
    """Values that stand for black and white, also of standardised images.

    Pretrained weights expect pixels: standardised images are taken to have been made so with the
    usual mean and deviation of photographs.
    """
    if value_range == "standardized":
        black, white = ((pixel - _STANDARD_MEAN) / _STANDARD_DEVIATION for pixel in (0.0, 1.0))
        return black, white
    return value_range


def range_offset_and_scale(value_range: ValueRange) -> tuple[float, float]:
    """Offset and scale that :func:`rescale` applies for a value range.

    Parameters
    ----------
    value_range : (low, high) or "standardized"
        As :func:`learn_value_range` returns it.

    Returns
    -------
    offset, scale : float
        ``(low, 1 / (high - low))``; ``(0, 1)`` for standardised data.
    """
    if value_range == "standardized":
        return 0.0, 1.0
    low, high = value_range
    return float(low), 1.0 / (float(high) - float(low))


def rescale(images: Any, offset: Any, scale: Any) -> Any:
    """Map float32 pixel values to [0, 1].

    Written with operators only, so that the same code, and the same rounding, serves NumPy arrays
    and TensorFlow tensors inside a traced function.

    Parameters
    ----------
    images : float32 ndarray or tensor
        Pixel values.
    offset, scale : float32 scalar
        From :func:`range_offset_and_scale`.

    Returns
    -------
    images : float32 ndarray or tensor
        ``(images - offset) * scale``.
    """
    return (images - offset) * scale
