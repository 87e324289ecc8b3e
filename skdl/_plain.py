"""Values of NumPy as Python writes them."""

from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """A value as messages show it: ``'a'`` and not ``np.str_('a')``, also inside containers."""
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist()) if value.dtype.kind in "OV" and value.ndim else value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value) if type(value) in (list, tuple) else value
    if type(value) is dict:
        return {plain(key): plain(item) for key, item in value.items()}
    return value
