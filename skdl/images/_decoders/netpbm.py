"""Image files of Netpbm, those of more than 8 bits with all their bits."""

import re
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from skdl.images._decoders.base import fitted
from skdl.images._decoders.pillow import PillowDecoder
from skdl.images._info import ImageInfo, refuse_huge
from skdl.images._resizing import Resizer

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([2356])" + _GAP + _GAP.join([rb"(\d{1,9})"] * 3) + rb"\s")
_LONGEST_HEADER = 1 << 14


class _Deep(NamedTuple):
    """The header of a file of more than 8 bits."""

    plain: bool
    channels: int
    width: int
    height: int
    largest: int
    end: int


class NetpbmDecoder(PillowDecoder):
    """PBM, PGM and PPM, by Pillow; of more than 8 bits as they are in the file."""

    extensions = (".pbm", ".pgm", ".ppm", ".pnm")
    formats = ("PPM",)

    def recognizes(self, start: bytes) -> bool:
        """Whether a file begins as these do."""
        return re.match(rb"P[1-6]\s", start) is not None

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """What the header says."""
        deep = _deep_header(file)
        if deep is None:
            return super().info(file, frame)
        refuse_huge(deep.width, deep.height)
        return ImageInfo(deep.height, deep.width, deep.channels, "PPM", "uint16")

    def header(self, file: BinaryIO) -> tuple[np.dtype[Any], bool]:
        """There is one frame."""
        return np.dtype(np.uint8 if _deep_header(file) is None else np.uint16), False

    def picture(self, file: BinaryIO, frame: int, resizer: Resizer) -> npt.NDArray[Any]:
        """Decode the picture; Pillow would scale values, and drop half the bits of colours."""
        deep = _deep_header(file)
        if deep is None:
            return super().picture(file, frame, resizer)
        if frame:
            raise EOFError
        refuse_huge(deep.width, deep.height)
        shape = (deep.height, deep.width, deep.channels)
        count = deep.height * deep.width * deep.channels
        file.seek(deep.end)
        if deep.plain:
            words = re.sub(rb"#[^\r\n]*", b"", file.read()).split()[:count]
            values = np.array([int(word) for word in words], dtype=np.int64)
        else:
            values = np.frombuffer(file.read(2 * count), ">u2")
        if len(values) < count:
            raise ValueError("it is truncated")
        if values.min(initial=0) < 0 or values.max(initial=0) > deep.largest:
            raise ValueError(f"it is damaged: its values are not all from 0 to {deep.largest}")
        return fitted(values.astype(np.uint16).reshape(shape), resizer)


def _deep_header(file: BinaryIO) -> _Deep | None:
    """The header, if values have more than 8 bits; the file is left at its start."""
    found = _HEADER.match(file.read(_LONGEST_HEADER))
    file.seek(0)
    if found is None:
        return None
    kind, width, height, largest = map(int, found.groups())
    if not (255 < largest < 2**16 and width and height):
        return None
    return _Deep(kind < 4, 1 if kind in (2, 5) else 3, width, height, largest, found.end())
