"""What differs between supported versions of the libraries: all of it, and nowhere else.

Those of Keras and TensorFlow stand in ``engine/_private.py``, since nothing here knows networks.

Decisions: docs/decisions.md#versions-and-installation.
"""

from typing import Any

import numpy as np
import pandas as pd
import PIL

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Any) -> Any:
        """Nothing to manage."""
        return method


__all__ = [
    "EXACT_FLOATS",
    "PILLOW_MAY_RESIZE_ROWS_FIRST",
    "PLAIN_TEXT",
    "CallbackSupportMixin",
    "generator_of",
    "with_callbacks",
]

# pandas before 3.1 rounds the last digit of a number in a CSV file unless it is told not to.
_PANDAS = tuple(map(int, pd.__version__.split(".")[:2]))
EXACT_FLOATS = {"float_precision": "round_trip"} if _PANDAS < (3, 1) else {}
# Text in a frame that need not be UTF-8, as that of Arrow has to, which pandas takes since 3.0.
PLAIN_TEXT = object if _PANDAS < (3, 0) else pd.StringDtype("python", na_value=np.nan)
# Pillow resizes columns and then rows; since Pillow 13, the other way round where images lose more
# of their height than of their width, which turns the last bit of some pixels.
PILLOW_MAY_RESIZE_ROWS_FIRST = int(PIL.__version__.split(".")[0]) >= 13


def generator_of(random_state: Any) -> np.random.Generator:
    """``numpy.random.default_rng``, which takes a RandomState only since NumPy 2.2."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.Generator(random_state._bit_generator)
    return np.random.default_rng(random_state)
