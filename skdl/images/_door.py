"""The door for images: what a user passed is looked at once.

Decisions: docs/decisions.md#image-arrays-and-value-ranges.
"""

from typing import Any

import numpy as np

from skdl._utils.rows import objects
from skdl.images._arrays import check_image_array
from skdl.images._batch import ImageArray, ImageBatch
from skdl.images._files import ImageFiles
from skdl.images._paths import find_paths, names_image_files
from skdl.images._rows import as_rows, is_image


def read_batch(
    X: Any, name: str = "X", estimator: Any = None, *, mixed: bool = False
) -> ImageBatch:
    """Images of whatever kind as a batch.

    Parameters
    ----------
    X : array-like
        Arrays, frames, lists, or paths of image files, see :mod:`skdl.images`.
    name : str, default="X"
        What error messages call it.
    estimator : estimator instance or str, default=None
        Named in error messages.
    mixed : bool, default=False
        Whether files may be of several depths, for one who looks at each by itself.

    Raises
    ------
    TypeError
        If X is sparse.
    ValueError
        See :func:`skdl.images.check_image_array`; or if only some rows are paths, or files are of
        several depths.
    """
    rows = as_rows(X, name)
    paths = find_paths(rows, name) if rows.dtype.kind in "OUT" else None
    if paths is None:
        return ImageArray(check_image_array(rows, name=name, estimator=estimator), rows)
    return ImageFiles(paths, mixed=True) if mixed else ImageFiles.of(paths, name)


def holds_images(y: Any) -> bool:
    """Whether `y` is a batch of images, and not None or labels, be they text or numbers."""
    if y is None or names_image_files(y):
        return y is not None
    values = np.asarray(objects(y) if isinstance(y, list | tuple) else y)
    if values.dtype.kind == "O" and values.ndim == 1:
        return any(map(is_image, values))
    return values.ndim > 1 and values.shape[1:] != (1,)
