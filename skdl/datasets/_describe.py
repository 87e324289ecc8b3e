"""What is in a batch of images or image files, by class."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from skdl._utils.checksums import digest_of
from skdl.images import ImageBatch, read_batch

_FACTS = ("height", "width", "channels", "kind", "low", "high", "digest")


def describe_images(X: Any, y: Any = None, *, image_shape: Sequence[int] | None = None) -> Any:
    """Describe sizes, formats, value ranges and duplicates of images per class.

    Files are decoded one after the other, and at most one image is in memory at a time.

    Parameters
    ----------
    X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or of paths of shape (n,)
        Images, or paths of image files. See :mod:`skdl.images` for what counts as an image batch.
    y : array-like of shape (n,), default=None
        Labels. If None, describe all images together.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images, and of images with more channels than pixels per side.

    Returns
    -------
    summary : pandas.DataFrame
        One row per class, in sorted order, and a last row for all images, named "all", or
        "all images" if a class is named "all". Columns:

        - `images` : number of images, including those that cannot be read
        - `height_min`, `height_max`, `width_min`, `width_max` : in pixels
        - `channels` : such as "3" or "1, 3"
        - `format` : the dtype of an array, or the formats of files, such as "JPEG, PNG"
        - `value_min`, `value_max` : range of the pixel values; 0 to 255 at most for files
        - `duplicates` : number of images that repeat another image of the row: pixel for pixel in
          arrays, byte for byte in files
        - `unreadable` : number of files that cannot be read

    Raises
    ------
    TypeError
        If X is sparse.
    ValueError
        If X is not a batch of images, or y has a different length.

    Examples
    --------
    >>> from skdl.datasets import describe_images, load_digits_images
    >>> X, y = load_digits_images(return_X_y=True)
    >>> describe_images(X, y).loc[[8, "all"], ["images", "height_min", "value_max", "format"]]
           images  height_min  value_max   format
    class
    8         174           8       16.0  float32
    all      1797           8       16.0  float32
    """
    images = read_batch(X, mixed=True).unflattened(image_shape)
    labels = None if y is None else _check_labels(y, len(images))
    facts = [_facts(images, row) for row in range(len(images))]
    table = pd.DataFrame(facts, columns=_FACTS)
    rows = {}
    if labels is not None:
        for label in _sorted(labels):
            rows[label] = _summarise(table[(labels == label).to_numpy()])
    total = "all"
    while total in rows:
        total += " images"
    summary = pd.DataFrame([*rows.values(), _summarise(table)], index=[*rows, total])
    summary.index.name = "class"
    whole = ["images", "height_min", "height_max", "width_min", "width_max"]
    return summary.astype(dict.fromkeys(whole, "Int64"))


def _check_labels(y: Any, n: int) -> Any:
    labels = pd.Series(np.asarray(y).ravel()) if np.ndim(y) < 2 or np.shape(y)[1:] == (1,) else None
    if labels is None or len(labels) != n:
        raise ValueError(f"y has shape {np.shape(y)}, but there are {n} images: expected ({n},).")
    if labels.isna().any():
        raise ValueError(f"y has no label in row {int(labels.isna().to_numpy().argmax())}.")
    return labels


def _sorted(labels: Any) -> list[Any]:
    unique = labels.unique().tolist()
    try:
        return sorted(unique)
    except TypeError:  # labels of several types
        return sorted(unique, key=str)


def _facts(images: ImageBatch, row: int) -> tuple[Any, ...]:
    try:
        kind, pixels, content = images.examine(row)
    except (ValueError, OSError):  # UnreadableImageError is a ValueError
        return (None,) * len(_FACTS)
    return (*pixels.shape, kind, float(pixels.min()), float(pixels.max()), digest_of(content))


def _summarise(table: Any) -> dict[str, Any]:
    readable = table[table["height"].notna()]
    kinds = sorted(readable["kind"].unique())
    channels = sorted({int(value) for value in readable["channels"]})
    return {
        "images": len(table),
        **{
            f"{side}_{end}": getattr(readable[side], end)() if len(readable) else pd.NA
            for side in ("height", "width")
            for end in ("min", "max")
        },
        "channels": ", ".join(map(str, channels)),
        "format": ", ".join(kinds),
        "value_min": readable["low"].min() if len(readable) else math.nan,
        "value_max": readable["high"].max() if len(readable) else math.nan,
        "duplicates": len(readable) - readable["digest"].nunique(),
        "unreadable": len(table) - len(readable),
    }
