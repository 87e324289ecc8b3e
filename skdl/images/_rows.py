"""What a user passed as images, as one array; and what X may be, as messages say it."""

import os
from collections.abc import Mapping, Sequence
from numbers import Number
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skdl._utils.rows import objects, refuse_masked
from skdl._utils.text import shortened
from skdl.images._decoding import picture_pixels

IMAGES = (
    "Expected images: an array of shape (n, height, width, channels), (n, height, width) or "
    "(n, features). Estimators with a network, and ImageLoader before other steps, also accept a "
    "list of paths of image files."
)
"""What X may be, as messages say it."""

PATHS = (
    "Expected paths of image files: a list, an array of shape (n,), a Series or a DataFrame of one "
    "column. For arrays, use Resize."
)
"""The same of what reads files only."""

# What NumPy and the libraries of tensors raise where something is no array.
_NO_ARRAY = (TypeError, ValueError, RuntimeError, AttributeError, BufferError)


def as_rows(X: Any, name: str = "X", expected: str = IMAGES) -> npt.NDArray[Any]:
    """What a user passed as images, as one array: of numbers, or of paths or other objects.

    It comes as an array or a tensor, a frame or a Series of any library, or a list, with numbers,
    paths, arrays or pictures in it; the caller's array is given back as it is. What cannot be one
    is refused, saying that `name` should be what is `expected`.
    """
    try:
        return _as_rows(X, name)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{error} {expected}") from error.__cause__


def _as_rows(X: Any, name: str) -> npt.NDArray[Any]:
    rows: npt.NDArray[Any] = X
    if type(X) is not np.ndarray or X.ndim == 0:
        refuse_what_has_no_rows(X, name)
        _refuse_what_is_no_array(X, name)
        refuse_masked(X, name)
        _refuse_doubled_columns(X, name)
        rows = _converted(X, name)
    if rows.ndim == 0:
        raise ValueError(f"{name} is {_described(X)}.")
    if rows.dtype.kind == "O" and (rows.ndim == 1 or rows.shape == (len(rows), 1)):
        rows = _stacked(rows.reshape(-1).tolist(), rows, name)
    if rows.dtype.kind in "VcmM":
        return _refuse_or_convert(rows, name)
    return rows


def refuse_what_has_no_rows(X: Any, name: str = "X") -> None:
    """Refuse a single path, and an iterator, a set or a dict."""
    if isinstance(X, str | PathLike) or (isinstance(X, np.ndarray) and X.shape == ()):
        shown = shortened(X)
        if isinstance(X, str | PathLike) and _is_folder(X):
            raise ValueError(
                f"{name} is a folder, {shown}. Load it with skdl.datasets.load_image_folder, and "
                f"pass the paths in its .data."
            )
        advice = f"a list or array of paths: [{shown}]" if isinstance(X, str) else "a list of them"
        raise ValueError(f"{name} is a single value, {shown}. Pass {advice}.")
    if sparse.issparse(X):  # one kind of SciPy's is a dict
        return
    advice = ""
    if isinstance(X, Mapping):
        advice = f"Pass one of its values. Its keys are {shortened(list(X))}."
    elif isinstance(X, set | frozenset):
        advice = f"It has no order: pass a list, such as sorted({name})."
    elif hasattr(X, "__next__"):
        advice = f"It can be read only once: pass list({name})."
    if advice:
        raise ValueError(f"{name} is a {type(X).__name__}. {advice}")


def _is_folder(path: Any) -> bool:
    try:
        return os.path.isdir(os.path.expanduser(path))
    except ValueError:  # a null character in it
        return False


def is_path(value: Any) -> bool:
    """Whether a row is the path of a file. Bytes may be a file's content as well."""
    return isinstance(value, str | PathLike)


def text_at(value: Any, row: int) -> str:
    """Text, a path or bytes in place of numbers, as messages say it."""
    if not isinstance(value, bytes):
        return f"{'text' if isinstance(value, str) else 'a path'}: {shortened(value)} at row {row}."
    return (
        f"bytes: {shortened(value)} at row {row}. Pass paths as str (os.fsdecode), and the content "
        "of files as arrays or Pillow images."
    )


def only(value: Any) -> Any:
    """The value of a row of one."""
    return value[0] if isinstance(value, list | tuple | np.ndarray) and len(value) == 1 else value


def _refuse_what_is_no_array(X: Any, name: str) -> None:
    if isinstance(X, np.matrix):
        raise TypeError(f"{name} is a np.matrix. Use np.asarray({name}).")
    if hasattr(X, "getbands"):
        raise ValueError(f"{name} is a single picture. Pass a list of them: [picture].")
    if hasattr(X, "collect_schema") and not hasattr(X, "__array__"):
        raise TypeError(
            f"{name} is a {type(X).__name__}, which holds no data yet. Pass {name}.collect()."
        )
    if sparse.issparse(X):
        raise TypeError(
            f"Sparse data was passed for {name}, but dense data is required: images are dense. "
            f"Use {name}.toarray()."
        )


def _refuse_doubled_columns(X: Any, name: str) -> None:
    """Of several columns of one name, libraries of frames give now one and now all."""
    names = getattr(X, "column_names", getattr(X, "columns", None))
    if names is None or not hasattr(X, "__array__"):
        return
    seen = set()
    for column in list(names):
        if column in seen:
            raise ValueError(
                f"{name} has the column {shortened(column)} twice. Give its columns different "
                f"names."
            )
        seen.add(column)


def _converted(X: Any, name: str) -> npt.NDArray[Any]:
    """What is no plain array as one."""
    if isinstance(X, list | tuple):
        if any(is_path(only(value)) for value in X):
            return objects([only(value) for value in X])
        if X and all(_is_picture(value) for value in X):  # NumPy would take their raw values
            return _stacked(list(X), None, name)
        for row, value in enumerate(X):  # NumPy would drop their masks
            refuse_masked(value, f"{name}[{row}]")
    try:
        rows = np.asarray(X)
        # NumPy makes text of the numbers beside a text, which would be blamed then.
        mixed = rows.dtype.kind == "U" and isinstance(X, list | tuple)
        return np.array(X, dtype=object) if mixed else rows
    except _NO_ARRAY as error:
        if isinstance(X, Sequence):
            raise ValueError(_ragged(X, name)) from error
        raise ValueError(f"{name} is {_described(X)} ({shortened(error)}).") from error


def _stacked(values: list[Any], rows: npt.NDArray[Any] | None, name: str) -> npt.NDArray[Any]:
    """Arrays, pictures or lists as one array; `rows` as they are where they are no such things."""
    if not values or not all(map(is_image, values)):
        if any(map(is_image, values)):
            raise ValueError(_ragged(values, name))
        assert rows is not None
        return rows
    images = []
    for row, value in enumerate(values):
        refuse_masked(value, f"{name}[{row}]")
        try:
            images.append(picture_pixels(value) if _is_picture(value) else np.asarray(value))
        except _NO_ARRAY as error:
            raise ValueError(f"{name} has no array of numbers at row {row}.") from error
    if any(image.shape != images[0].shape for image in images):
        raise ValueError(_ragged(images, name))
    return np.stack(images)


def _is_picture(value: Any) -> bool:
    """Whether it is one of Pillow's."""
    return hasattr(value, "getbands")


def is_image(value: Any) -> bool:
    """Whether it can be the pixels of one image, and no single value."""
    if isinstance(value, str | bytes | PathLike | np.generic):
        return False
    return isinstance(value, list | tuple) or (
        hasattr(value, "__array__") or hasattr(value, "__array_interface__")
    )


def _ragged(values: Sequence[Any], name: str) -> str:
    """Where rows first differ in shape, and what helps."""
    shapes = [_shape(value) for value in values]
    odd = next((row for row, shape in enumerate(shapes) if shape != shapes[0]), None)
    if odd is None:
        return f"{name} is not an array of images of one shape: rows have unequal lengths."
    first, other = _described_row(values, shapes, 0), _described_row(values, shapes, odd)
    advice = ""
    if {len(shapes[0] or ()), len(shapes[odd] or ())} == {2, 3} or (
        len(shapes[0] or ()) == 3 and (shapes[0] or ())[:2] == (shapes[odd] or ())[:2]
    ):
        advice = " Convert them to the same channels: all to gray, or all to colour."
    elif len(shapes[0] or ()) > 1 and len(shapes[odd] or ()) > 1:
        advice = " Resize them to one size; image_size=(height, width) does so for image files."
    return (
        f"{name} is not an array of images of one shape: row 0 {first}, row {odd} {other}.{advice}"
    )


def _described_row(values: Sequence[Any], shapes: list[Any], row: int) -> str:
    if shapes[row] == ():
        return f"is {shortened(values[row])}"
    return f"has shape {shapes[row]}" if shapes[row] else "has unequal lengths"


def _shape(value: Any) -> tuple[int, ...] | None:
    """Shape of a row; None if it is ragged itself."""
    try:
        return tuple(np.shape(value))
    except _NO_ARRAY:
        return None


def _described(X: Any) -> str:
    if X is None or isinstance(X, Number | bytes | bytearray):
        return shortened(X)
    if isinstance(X, type):
        return f"the class {X.__name__}"
    hint = "; collect its images in an array first" * hasattr(X, "__iter__")
    return f"of type {type(X).__name__}{hint}"


def _refuse_or_convert(rows: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    if rows.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} is of {rows.dtype}.")
    if rows.dtype.kind == "V" and not issubclass(rows.dtype.type, np.void):  # such as bfloat16
        return rows.astype(np.float32)
    what = (
        f"has the fields {shortened(rows.dtype.names)}"
        if rows.dtype.names
        else f"holds {rows.dtype.name}, not numbers"
    )
    raise ValueError(f"{name} {what}.")
