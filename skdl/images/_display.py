"""Images as people look at them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl.images._arrays import check_image_array, to_images
from skdl.images._files import ImageFiles
from skdl.images._paths import find_paths
from skdl.images._value_range import PixelValues, learn_from_values, range_offset_and_scale


def as_batch(X: Any, image_shape: Sequence[int] | None = None) -> npt.NDArray[Any]:
    """Images of shape (n, h, w, c), or the paths of their files, of shape (n,)."""
    paths = find_paths(X)
    return to_images(check_image_array(X), image_shape) if paths is None else paths


def displayable(batch: npt.NDArray[Any], rows: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """The chosen images in [0, 1]; standardised ones by their own smallest and largest value.

    Of files with values of 8 bits, only the chosen ones are decoded.
    """
    if batch.dtype.kind == "U":
        files = ImageFiles.of(batch)
        values, images = files.values(), (files.read(str(batch[row])) for row in rows)
    else:
        values, images = PixelValues.of(batch), (batch[row] for row in rows)
    value_range = learn_from_values(values)
    if value_range == "standardized":
        low, high = float(values.smallest.min()), float(values.largest.max())
        value_range = low, high if high > low else low + 1
    offset, scale = range_offset_and_scale(value_range)
    return [np.clip((image.astype(np.float32) - offset) * scale, 0, 1) for image in images]
