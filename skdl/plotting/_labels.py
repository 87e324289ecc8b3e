"""Class labels and their names, as plots need them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.labels import listed
from skdl._utils.text import printable


def percent(share: float) -> str:
    """A share in percent; 100 only where it is 1."""
    return ">\u00a099\u00a0%" if 0.995 <= share < 1 else f"{100 * share:.0f}\u00a0%"


def encode(labels: npt.NDArray[Any], target_names: Any) -> tuple[npt.NDArray[np.int_], list[str]]:
    """Codes of labels, and the names of all classes in the order of the codes.

    Names belong to labels in the first of these ways that is possible: the labels are names
    themselves; they are positions in the list of names, as in scikit-learn's data sets; or the
    names are as many as the classes, and in their order.
    """
    try:
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            f"The labels are of several kinds, which cannot be sorted: {error}. Make them all "
            "strings, or all numbers."
        ) from error
    found = classes.tolist()
    if target_names is None:
        return codes, [_drawable(label) for label in found]
    given = [str(name) for name in target_names]
    names = list(map(_drawable, given))
    if all(isinstance(label, str) for label in found) and set(found) <= set(given):
        return np.array([given.index(label) for label in found])[codes], names
    if labels.dtype.kind in "biuf" and found[0] >= 0 and found[-1] < len(names):
        return classes.astype(int)[codes], names
    if len(names) == len(found):
        return codes, names
    raise ValueError(
        f"target_names has {len(names)} names, which do not match the {len(found)} classes "
        f"{listed(found)}. Pass one name per class, in sorted order, or labels that are "
        "positions in target_names."
    )


def _drawable(name: Any) -> str:
    """A name without characters that no font has."""
    return printable(str(name), keep="\n")


def names_by_label(parts: Sequence[npt.NDArray[Any]], target_names: Any) -> dict[Any, str]:
    """Name of each label that occurs in some arrays of labels, as :func:`encode` finds it."""
    labels = joined(parts)
    codes, names = encode(labels, target_names)
    return {label: names[code] for label, code in zip(labels.tolist(), codes.tolist(), strict=True)}


def joined(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Several arrays of labels as one; NumPy would make texts of numbers beside texts."""
    if len({part.dtype.kind in "OUST" for part in parts}) == 1:
        return np.concatenate(parts)
    return np.concatenate([part.astype(object) for part in parts])
