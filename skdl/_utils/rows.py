"""Rows as libraries hand them over: hidden, missing, or of any kind."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def refuse_masked(values: Any, name: str) -> None:
    """Refuse a masked array that hides a value: nothing here would leave it out."""
    if not isinstance(values, np.ma.MaskedArray) or values.ndim == 0 or not np.ma.is_masked(values):
        return
    hidden = np.ma.getmaskarray(values).reshape(len(values), -1).any(axis=1)
    raise ValueError(
        f"{name} is a masked array with masked values: first at row {int(np.argmax(hidden))}, in "
        f"{int(hidden.sum())} of {len(values)} rows. Masks are ignored; fill them with "
        f"{name}.filled(…), or drop those rows."
    )


def is_missing(value: Any) -> bool:
    """Whether it is None, NaN, NaT or pandas's NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # NA is neither equal to itself nor not
        return True
    except ValueError:  # an array
        return False


def objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    """Values as a vector of objects, whatever they are."""
    rows = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        rows[row] = value
    return rows
