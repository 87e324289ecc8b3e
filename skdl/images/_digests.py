"""What tells images apart by their content."""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.threads import in_threads
from skdl.images._files import ImageFiles, file_content


def content_digests(images: Any, n_threads: int | None = None) -> list[bytes]:
    """sha256 of each image's content: of a file its bytes, of an array its pixels.

    Parameters
    ----------
    images : ndarray of shape (n, …) or ImageFiles
    n_threads : int, default=None
        None takes as many as there are cores.

    Raises
    ------
    skdl.images.UnreadableImageError
        If a file cannot be read, naming it.
    """
    if isinstance(images, ImageFiles):
        return list(in_threads(_digest_of_file, images.paths.tolist(), n_threads))
    return list(in_threads(lambda row: _digest(images[row]), range(len(images)), n_threads))


def _digest(image: npt.NDArray[Any]) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(image)).digest()


def _digest_of_file(path: str) -> bytes:
    return hashlib.sha256(file_content(path)).digest()
