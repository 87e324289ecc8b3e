"""What images are mapped to, as the networks and their judges take it."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse

from skdl._utils.rows import refuse_masked
from skdl._utils.text import plain, shortened


def check_numbers(y: Any, name: str = "y") -> npt.NDArray[np.float64]:
    """Finite numbers, one or several per image."""
    refuse_masked(y, name)
    expected = f"{name} should be an array of numbers of shape (n,) or (n, n_outputs)."
    try:
        given = np.asarray(y.toarray() if issparse(y) else y)
        numbers = given.astype(np.float64) if given.dtype.kind != "c" else None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{expected} Got {shortened(_first_odd(y))}.") from error
    if numbers is None:
        raise ValueError(f"{expected} Complex data not supported.")
    if numbers.ndim not in (1, 2) or 0 in numbers.shape[1:]:
        raise ValueError(f"{expected} Got the shape {numbers.shape}.")
    finite = np.isfinite(numbers if numbers.ndim == 2 else numbers[:, np.newaxis]).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        what = "NaN" if np.isnan(numbers[row]).any() else "infinity"
        raise ValueError(
            f"Input {name} contains {what}: first at row {row}, in {int((~finite).sum())} rows. "
            "Drop these images, or correct their numbers."
        )
    return numbers


def check_label_sets(y: npt.NDArray[Any], name: str) -> npt.NDArray[np.int64]:
    """Labels of which each image may have several, as 0 and 1."""
    expected = (
        f"{name} of shape {y.shape} should hold 0 and 1 only, in one column for each label that an "
        "image may have."
    )
    advice = (
        "If each image has one class, pass a 1d array; for lists of labels, pass "
        f"sklearn.preprocessing.MultiLabelBinarizer().fit_transform({name})."
    )
    try:
        numbers = y.astype(np.float64) if y.dtype.kind in "OTU" else y
        odd = (numbers != 0) & (numbers != 1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{expected} Got {shortened(_first_odd(y))}. {advice}") from error
    if odd.any():
        row, column = map(int, np.argwhere(odd)[0])
        raise ValueError(
            f"{expected} Got {shortened(plain(numbers[row : row + 1, column])[0])} in row {row}, "
            f"column {column}. {advice}"
        )
    return numbers.astype(np.int64)


def about_one_hot(labels: npt.NDArray[np.int64]) -> str:
    """What to say of label sets that look like classes; "" if they do not."""
    if (labels.sum(axis=1) != 1).any():
        return ""
    return (
        "Each row of y has exactly one label set, as one-hot encoded classes do, but y is treated "
        "as multi-label: any number of labels may be set. If each image has exactly one class, "
        "pass y.argmax(axis=1)."
    )


def _first_odd(values: Any) -> Any:
    """The first of some values that is no number."""
    for value in np.ravel(np.asarray(values, dtype=object)).tolist():
        try:
            float(value)
        except (TypeError, ValueError):
            return value
    return None
