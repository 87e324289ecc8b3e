"""Images as people look at them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdl.images._batch import ImageBatch
from skdl.images._value_range import learn_from_values, range_offset_and_scale


def displayable(batch: ImageBatch, rows: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """The chosen images in [0, 1]; standardised ones by their own smallest and largest value.

    Of files with values of 8 bits, only the chosen ones are decoded.
    """
    values = batch.values()
    value_range = learn_from_values(values)
    if value_range == "standardized":
        low, high = values.extremes
        value_range = low, high if high > low else low + 1
    offset, scale = range_offset_and_scale(value_range)
    return [np.clip((image.astype(np.float32) - offset) * scale, 0, 1) for image in batch[rows]]
