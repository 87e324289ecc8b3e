"""Batches that are the paths of image files."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skdl._utils.rows import objects
from skdl._utils.text import shortened
from skdl.images._choosing import ending_of_image
from skdl.images._rows import PATHS, as_rows, is_path, only, refuse_what_has_no_rows, text_at


def find_paths(X: Any, name: str = "X") -> npt.NDArray[np.str_] | None:
    """Paths of image files, if that is what a batch holds.

    They come as a list, a 1-D array, a Series or a DataFrame of one column, and get the home folder
    in place of ``~``. None if it holds no text.

    Raises
    ------
    ValueError
        If some rows are paths and others are not, naming the first that is not; or if it is a
        single path, or an iterator, set or dict, which has no rows.
    """
    refuse_what_has_no_rows(X, name)
    rows = _as_objects(X)
    if rows is None or not any(map(is_path, rows)):
        return None
    for row, value in enumerate(rows):
        if not is_path(value):
            raise ValueError(
                f"{name} holds paths of image files, but {shortened(value)} at row {row}. Drop "
                "that row."
            )
    return np.array([os.path.expanduser(str(os.fspath(value))) for value in rows], dtype=np.str_)


def require_paths(X: Any) -> npt.NDArray[np.str_]:
    """Paths of image files, where nothing else is taken."""
    rows = as_rows(X, expected=PATHS)
    paths = find_paths(rows)
    if paths is not None:
        return paths
    if not len(rows):
        raise ValueError(f"X is empty: there are no paths in it. {PATHS}")
    if rows.ndim > 1:
        held = f"an array of shape {rows.shape}."
    elif isinstance(rows[0], bytes):
        held = text_at(rows[0], 0)
    else:
        held = f"{shortened(rows[0])} at row 0."
    raise ValueError(f"X does not hold paths of image files, but {held} {PATHS}")


def names_image_files(X: Any) -> bool:
    """Whether text is paths of image files, and not labels.

    It is if some ends as names of images do, or if all are files that exist.
    """
    rows = _as_objects(X)
    texts = {os.fspath(row) for row in (() if rows is None else rows) if is_path(row)}
    if any(ending_of_image(str(text)) for text in texts):
        return True
    return bool(texts) and all(os.path.isfile(os.path.expanduser(text)) for text in texts)


def _as_objects(X: Any) -> npt.NDArray[np.object_] | None:
    """One value per row, None where a batch has no single column or holds numbers only."""
    if isinstance(X, list | tuple):
        found = any(is_path(only(value)) for value in X)
        return objects([only(value) for value in X]) if found else None
    if sparse.issparse(X) or not hasattr(X, "__array__"):
        return None
    shape = tuple(getattr(X, "shape", ()))  # PyArrow's columns have none
    if len(shape) > 2 or shape[1:] not in ((), (1,)):
        return None
    values = np.asarray(X)
    return values.astype(object).reshape(-1) if values.dtype.kind in "OUT" else None
