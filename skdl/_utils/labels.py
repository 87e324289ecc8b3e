"""What class labels and scores of samples are: one check for scores, plots and evaluations."""

from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.text import plain, shortened

_KINDS = {
    **dict.fromkeys("biuf", "numbers"),
    **dict.fromkeys("UT", "text"),
    **dict.fromkeys("mM", "dates"),
    "S": "bytes",
}
_ADVICE = {"bytes": "Decode them, such as [value.decode() for value in {name}]."}


def class_labels(values: Any, name: str) -> npt.NDArray[Any]:
    """Class labels, one per sample: text, whole numbers, booleans or dates, all of one kind.

    Of a dtype of their kind: no objects, where `values` holds text or numbers. Whatever is none of
    these, empty, or missing or masked in a row raises ValueError by the `name` of the values.
    """
    what = "class labels: text, whole numbers or booleans"
    labels = column(values, name, what, ("numbers", "text", "dates"))
    if labels.dtype.kind == "f":
        fractions = labels != np.rint(labels)
        if fractions.any() or np.isinf(labels).any():
            row = int(np.argmax(fractions | np.isinf(labels)))
            raise ValueError(
                f"{name} has the value {labels[row]:g} at row {row}, which is not a class label "
                "but a number on a continuous scale. Pass labels, such as those that scores stand "
                "for."
            )
    return labels


def label_pair(y_true: Any, y_pred: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """True and predicted labels of the same samples and of one kind."""
    true, predicted = class_labels(y_true, "y_true"), class_labels(y_pred, "y_pred")
    check_length(true, "y_true", predicted, "y_pred")
    check_kind(true, "y_true", predicted, "y_pred")
    return true, predicted


def column(
    values: Any,
    name: str,
    what: str = "text or numbers",
    kinds: Sequence[str] = ("numbers", "text", "dates", "bytes"),
    advice: str = "For scores of all classes, pass the labels that they stand for.",
) -> npt.NDArray[Any]:
    """Values of one kind, one per sample, such as labels; `advice` is for tables."""
    array = filled(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(
            f"{name} must have shape (n,), one value per sample. Got shape {array.shape}. {advice}"
        )
    if kind_of(array) not in kinds:
        raise _of_another_kind(array, name, what)
    return array


def score_values(values: Any, name: str) -> npt.NDArray[np.float64]:
    """Scores of samples: real numbers, of any shape (n, …), none missing or masked."""
    array = filled(values, name)
    if kind_of(array) != "numbers":
        raise _of_another_kind(array, name, "scores: numbers, such as probabilities")
    return array.astype(np.float64)


def check_finite(scores: npt.NDArray[np.float64], name: str) -> None:
    """Refuse infinite scores, between which there is no threshold."""
    if not np.isfinite(scores).all():
        row = np.argwhere(~np.isfinite(scores))[0, 0]
        raise ValueError(
            f"{name} has {scores[row]} at row {row}: scores must be finite numbers. Replace it "
            "with a number beyond all others."
        )


def filled(values: Any, name: str) -> npt.NDArray[Any]:
    """An array of at least one row, of one kind, without NaN, None or masked values."""
    array = _array(values, name)
    missing = _missing(array)
    if missing.any():
        raise ValueError(f"{name} has NaN or None at {_rows(missing)}. Drop those rows.")
    if array.dtype != object:
        return array
    kinds = list(map(_kind, array.flat))
    other = next((i for i, kind in enumerate(kinds) if kind != kinds[0]), None)
    if other is not None:
        width = array.size // len(array)
        raise ValueError(
            f"{name} holds values of several kinds: {_shown(array.flat[0])} at row 0 and "
            f"{_shown(array.flat[other])} at row {other // width}. Make them all strings, or all "
            "numbers."
        )
    return np.array(array.tolist()) if kinds[0] in ("numbers", "text", "bytes") else array


def check_length(a: npt.NDArray[Any], name: str, b: npt.NDArray[Any], other: str) -> None:
    """Refuse arrays of different lengths."""
    if len(a) != len(b):
        raise ValueError(
            f"{name} has {len(a)} rows, and {other} has {len(b)}. Pass one value per sample to "
            "both."
        )


def check_groups(groups: Any, n: int, *, several: bool = True) -> npt.NDArray[Any]:
    """Groups of n images, such as patients: one value per image, none missing."""
    missing = _missing(_array(groups, "groups"))
    if missing.any():
        raise ValueError(
            f"groups has NaN or None at {_rows(missing)}. Give each of them a separate group, or "
            "drop those rows."
        )
    found = column(groups, "groups", advice="Join several columns into one.")
    if len(found) != n:
        raise ValueError(
            f"groups has {len(found):,} values, but there are {n:,} images. Pass one group per "
            "image."
        )
    if several and n > 1 and (found == found[0]).all():
        raise ValueError(
            f"groups contains only one group, {shortened(plain(found[0]))}: no split can keep it "
            "together. Pass values that distinguish patients, or the like, or leave groups out."
        )
    return found


def check_kind(a: npt.NDArray[Any], name: str, b: npt.NDArray[Any], other: str) -> None:
    """Refuse labels one of which are numbers and the others text."""
    if kind_of(a) != kind_of(b):
        raise ValueError(
            f"{name} and {other} hold labels of several kinds: {_shown(a[0])} and {_shown(b[0])}. "
            "Make them all strings, or all numbers."
        )


def kind_of(array: npt.NDArray[Any]) -> str:
    """What an array of one kind holds: "numbers", "text", "dates", "bytes" or a type's name."""
    if array.dtype == object:
        return _kind(array.flat[0])
    return _KINDS.get(array.dtype.kind, str(array.dtype))


def _array(values: Any, name: str) -> npt.NDArray[Any]:
    if np.ma.isMaskedArray(values):
        masked = np.ma.getmaskarray(values)
        if masked.any():
            raise ValueError(f"{name} has a masked value at {_rows(masked)}. Drop those rows.")
        values = values.data
    # NumPy would make text of numbers beside text, and of NaN.
    listed = isinstance(values, list | tuple)
    array = np.array(values, dtype=object) if listed else np.asarray(values)
    if array.ndim == 0:
        advice = f" Pass list({name})." if isinstance(values, Iterator) else ""
        raise ValueError(
            f"{name} must be a list or an array, with one row per sample. Got {shortened(values)}."
            f"{advice}"
        )
    if len(array) == 0:
        raise ValueError(f"{name} is empty: it must have one row per sample.")
    return array


def _rows(wrong: npt.NDArray[np.bool_]) -> str:
    """Which rows are wrong."""
    rows = np.unique(np.nonzero(wrong)[0])
    others = f", and in {len(rows)} rows in all" if len(rows) > 1 else ""
    return f"row {rows[0]}{others}"


def _missing(array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if array.dtype == object:
        import pandas as pd

        return np.asarray(pd.isna(array))
    if array.dtype.kind in "mM":
        return np.asarray(np.isnat(array))
    return np.isnan(array) if array.dtype.kind in "fc" else np.zeros(array.shape, dtype=np.bool_)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, Real | np.bool_):
        return "numbers"
    return "bytes" if isinstance(value, bytes) else type(value).__name__


def _shown(value: Any) -> str:
    value = plain(value)
    kind = {"text": "the text", "numbers": "the number"}.get(_kind(value), f"the {_kind(value)}")
    return f"{kind} {shortened(value)}"


def _of_another_kind(array: npt.NDArray[Any], name: str, what: str) -> ValueError:
    kind = kind_of(array)
    advice = _ADVICE.get(kind, "").format(name=name)
    return ValueError(
        f"{name} must be {what}. Got {kind}, such as {shortened(plain(array.flat[0]))} at row 0. "
        f"{advice}".rstrip()
    )


def check_known(y: npt.NDArray[Any], classes: Any, name: str) -> None:
    """Refuse labels that are no class of an estimator."""
    known = np.asarray(classes).tolist()
    unknown = sorted(set(y.tolist()) - set(known), key=str)
    if unknown:
        row = y.tolist().index(unknown[0])
        raise ValueError(
            f"y has the label {shortened(unknown[0])} at row {row}, which is not a class of "
            f"{name}: {listed(known)}. Pass labels like those it was fitted on."
        )


def listed(labels: Sequence[Any]) -> str:
    """Some labels, as error messages name them."""
    shown = ", ".join(shortened(plain(label)) for label in labels[:5])
    return f"[{shown}, …]" if len(labels) > 5 else f"[{shown}]"
