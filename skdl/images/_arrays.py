"""Arrays as batches of images: their shapes, and pixel values that networks read."""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from skdl._utils.rows import is_missing
from skdl._utils.text import shortened
from skdl.images._resizing import CHANNELS
from skdl.images._rows import IMAGES, as_rows, is_path, text_at

ImageShape: TypeAlias = tuple[int, int, int]


def infer_image_shape(shape: Sequence[int], image_shape: Sequence[int] | None = None) -> ImageShape:
    """Image shape of a batch, from the shape of the array that holds it.

    Parameters
    ----------
    shape : tuple of int
        Shape of the whole array: ``(n, h, w, c)``, ``(n, h, w)`` or ``(n, features)``.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of one image. Needed for flattened images that are not square or whose number of
        channels is neither 1 nor 3, and for arrays with more channels than pixels per side, which
        are otherwise considered channels-first. All other arrays are checked against it.

    Returns
    -------
    image_shape : tuple of int
        Always ``(height, width, channels)``.

    Raises
    ------
    ValueError
        If the array is not a batch of images, is channels-first, or contradicts `image_shape`.

    Examples
    --------
    >>> from skdl.images import infer_image_shape
    >>> infer_image_shape((100, 784))
    (28, 28, 1)
    >>> infer_image_shape((100, 3072))
    (32, 32, 3)
    >>> infer_image_shape((100, 200), image_shape=(10, 20))
    (10, 20, 1)
    >>> infer_image_shape((100, 20))
    (1, 20, 1)
    >>> infer_image_shape((100, 64, 64, 12))
    (64, 64, 12)
    """
    declared = None if image_shape is None else check_image_shape(image_shape)
    _refuse_shape(shape)
    if len(shape) == 2:
        return _shape_of_flattened(int(shape[1]), declared)
    if len(shape) == 3:
        found = (int(shape[1]), int(shape[2]), 1)
    else:
        found = (int(shape[1]), int(shape[2]), int(shape[3]))
    if declared is None or len(declared) == 2:
        _refuse_channels_first(found)
    if declared is not None and declared != found[: len(declared)]:
        raise ValueError(
            f"X holds images of shape {found}, but the parameter image_shape={tuple(declared)}."
        )
    return found


def _refuse_channels_first(found: ImageShape) -> None:
    """Refuse what has channels in place of rows: more "channels" than pixels a side."""
    height, width, n_channels = found
    if n_channels not in CHANNELS and n_channels > min(height, width):
        raise ValueError(
            f"X holds images of shape {found}, with {n_channels} channels in the last axis, more "
            f"than the {min(height, width)} pixels of a side. Images are channels-last: (n, "
            "height, width, channels). np.moveaxis(X, 1, -1) converts (n, channels, height, width) "
            f"to it. If these are channels, set image_shape={found}."
        )


def check_image_shape(image_shape: Sequence[int]) -> tuple[int, ...]:
    sizes = tuple(image_shape) if isinstance(image_shape, Sequence | np.ndarray) else ()
    integers = all(
        isinstance(size, int | np.integer) and not isinstance(size, bool) and size > 0
        for size in sizes
    )
    if len(sizes) not in (2, 3) or not integers:
        raise ValueError(
            "The parameter image_shape must be (height, width) or (height, width, channels) in "
            f"positive whole numbers. Got {shortened(image_shape)}."
        )
    return tuple(int(size) for size in sizes)


def _shape_of_flattened(features: int, declared: tuple[int, ...] | None) -> ImageShape:
    if declared is not None:
        pixels = declared[0] * declared[1]
        says_all = len(declared) == 3
        channels = declared[2] if says_all else features // pixels
        if channels * pixels != features or not (says_all or channels in CHANNELS):
            more = " (or 3 or 4 times as many; for other channels, pass (height, width, channels))"
            raise ValueError(
                f"X has {features} features, but images of the parameter "
                f"image_shape={declared} have {math.prod(declared)}{'' if says_all else more}."
            )
        return declared[0], declared[1], channels
    for channels in (1, 3):
        side = math.isqrt(features // channels)
        if side * side * channels == features:
            return side, side, channels
    return 1, features, 1


def to_images(X: npt.NDArray[Any], image_shape: Sequence[int] | None = None) -> npt.NDArray[Any]:
    """View an array as a batch of images, channels last, without copying it.

    Parameters
    ----------
    X : ndarray of shape (n, h, w, c), (n, h, w) or (n, features)
        Images, of any dtype.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of one image, see :func:`infer_image_shape`.

    Returns
    -------
    images : ndarray of shape (n, height, width, channels)
        The same values and dtype; a view of `X` wherever NumPy can make one.

    Raises
    ------
    ValueError
        If the array is not a batch of images, or contradicts `image_shape`.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.images import to_images
    >>> to_images(np.zeros((5, 64))).shape
    (5, 8, 8, 1)
    """
    return X.reshape(len(X), *infer_image_shape(X.shape, image_shape))


def check_image_array(X: Any, *, name: str = "X", estimator: Any = None) -> npt.NDArray[Any]:
    """Validate pixel values and convert them to a dtype that networks accept.

    Parameters
    ----------
    X : array-like
        Images of any of the shapes in :mod:`skdl.images`.
    name : str, default="X"
        What error messages call the array.
    estimator : estimator instance or str, default=None
        Named in error messages.

    Returns
    -------
    X : ndarray
        Of dtype uint8 if `X` is uint8, float32 otherwise. If `X` already has that dtype, it is
        returned itself: never write to it.

    Raises
    ------
    TypeError
        If `X` is sparse, or holds objects that are not numbers.
    ValueError
        If `X` is not a batch of images: the message says what it is and what is expected. Also if
        it holds strings, complex numbers, NaN, infinity or values too large for float32: the
        message names the first such row.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.images import check_image_array
    >>> check_image_array(np.ones((2, 4))).dtype
    dtype('float32')
    """
    if _is_plain_batch(X):
        if X.dtype == np.float32:
            _refuse_nonfinite(X, X, name)
        return X  # type: ignore[no-any-return]
    array = as_rows(X, name)
    _refuse_text(array, name)
    _refuse_empty(array.shape, name, estimator)
    _refuse_shape(array.shape, name)
    if array.dtype.kind == "O":
        array = _as_numbers(array, name)
    if array.dtype == np.uint8:
        return array
    with np.errstate(over="ignore"):  # overflow becomes infinity, which is refused by its row
        converted: npt.NDArray[Any] = array.astype(np.float32, copy=False)
    if array.dtype.kind not in "bui":
        _refuse_nonfinite(converted, array, name)
    return converted


def _is_plain_batch(X: Any) -> bool:
    """Whether X is what networks read already, so that one image need not wait for its checks."""
    return (
        type(X) is np.ndarray
        and X.dtype in (np.uint8, np.float32)
        and X.ndim in (2, 3, 4)
        and X.size > 0
    )


def _refuse_text(array: npt.NDArray[Any], name: str) -> None:
    if array.dtype.kind not in "OUST":
        return
    for row, values in enumerate(array.reshape(len(array), -1).tolist()):
        for value in values:
            if is_path(value) or isinstance(value, bytes):
                raise ValueError(f"{name} holds {text_at(value, row)} {IMAGES}")
            if array.ndim == 1 and array.dtype.kind == "O":
                _refuse_no_number(value, row, name)


def _refuse_empty(shape: Sequence[int], name: str, estimator: Any) -> None:
    if shape[0]:
        return
    who = estimator if isinstance(estimator, str | None) else type(estimator).__name__
    raise ValueError(
        f"Found array with 0 sample(s) (shape={tuple(shape)}) while a minimum of 1 is required"
        f"{f' by {who}' if who else ''}: there are no images in {name}. {IMAGES}"
    )


def _refuse_shape(shape: Sequence[int], name: str = "X") -> None:
    """Refuse what has not the dimensions of a batch of images, or no pixels."""
    if len(shape) == 1:
        raise ValueError(
            f"{name} is one-dimensional, of shape {tuple(shape)}. Reshape your data: if it is one "
            f"flattened image, a batch of one is {name}[None]. {IMAGES}"
        )
    if len(shape) not in (2, 3, 4):
        raise ValueError(f"{name} has {len(shape)} dimensions, shape {tuple(shape)}. {IMAGES}")
    if 0 in shape[1:]:  # in scikit-learn's words
        raise ValueError(
            f"Found array with 0 feature(s) (shape={tuple(shape)}) while a minimum of 1 is "
            f"required: the images in {name} have no pixels. {IMAGES}"
        )


def _as_numbers(array: npt.NDArray[Any], name: str) -> npt.NDArray[np.float64]:
    """Objects as numbers, those that are missing as NaN."""
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        for row, values in enumerate(array.reshape(len(array), -1).tolist()):
            for value in values:
                _refuse_no_number(value, row, name)
        raise ValueError(f"{name} does not hold numbers: {shortened(error)}. {IMAGES}") from error


def _refuse_no_number(value: Any, row: int, name: str) -> None:
    try:
        np.float64(value)
    except (TypeError, ValueError) as error:
        if is_missing(value):
            raise ValueError(
                f"Input {name} contains NaN: first at row {row} ({shortened(value)}). Drop or "
                "repair those images."
            ) from error
        raise TypeError(
            f"{name} holds {shortened(value)} at row {row}, which is not a number ({error}). "
            f"{IMAGES}"
        ) from error


def one_image_advice(shape: Sequence[int], image_shape: Sequence[int], name: str = "X") -> str:
    """What to do with a single image in place of a batch of them; "" if it is none."""
    if tuple(shape) not in (tuple(image_shape), tuple(image_shape[:2])):
        return ""
    return f" {name} has the shape of a single image: a batch of one is {name}[None]."


def _refuse_nonfinite(values: npt.NDArray[Any], original: npt.NDArray[Any], name: str) -> None:
    # The sum is finite unless a value is not (or it overflows): one cheap pass for good data.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum(dtype=np.float64)):
            return
    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if not bad.any():
        return
    row = int(np.argmax(bad))
    if np.isnan(original[row]).any():
        what = "NaN"
    elif np.isinf(original[row]).any():
        what = "infinity"
    else:
        what = "a value too large for dtype('float32')"
    raise ValueError(
        f"Input {name} contains {what}: first at row {row}, in {int(bad.sum())} of {len(values)} "
        "rows. Drop or repair those images."
    )
