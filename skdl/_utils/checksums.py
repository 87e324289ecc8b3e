"""What tells contents apart, and by which damage is found before it becomes other predictions.

Decisions: docs/decisions.md#saving-and-exporting-models.
"""

import hashlib
import os
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt


def digest_of(content: Any) -> bytes:
    """sha256 of bytes, or of the values of an array."""
    return hashlib.sha256(
        content if isinstance(content, bytes) else np.ascontiguousarray(content)
    ).digest()


def file_digest(path: str | os.PathLike[str]) -> str:
    """Hexadecimal sha256 of the content of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_of(arrays: Iterable[npt.NDArray[Any]]) -> int:
    """CRC-32 of the values of arrays and of their shapes, at several gigabytes per second."""
    total = 0
    for array in arrays:
        array = np.asarray(array)
        total = zlib.crc32(f"{array.dtype.name}{array.shape}".encode(), total)
        # As bytes, since types that NumPy does not know itself, such as bfloat16, have no buffer.
        total = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8), total)
    return total


def refuse_damaged(arrays: Iterable[npt.NDArray[Any]], checksum: object) -> None:
    """Refuse arrays of a pickle that do not have the checksum that they were saved with."""
    if checksum_of(arrays) != checksum:
        raise ValueError(
            "The saved weights are damaged: they do not have the checksum that they were saved "
            "with. Load another copy of the file, or fit and save again."
        )
