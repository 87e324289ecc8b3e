"""What differs between supported versions of the libraries: all of it, and nowhere else.

Those of Keras and TensorFlow stand in ``engine/_private.py``, since nothing here knows networks.
"""

from typing import Any

import numpy as np

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Any) -> Any:
        """Nothing to manage."""
        return method


__all__ = ["CallbackSupportMixin", "generator_of", "with_callbacks"]


def generator_of(random_state: Any) -> np.random.Generator:
    """``numpy.random.default_rng``, which takes a RandomState only since NumPy 2.2."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.Generator(random_state._bit_generator)
    return np.random.default_rng(random_state)
