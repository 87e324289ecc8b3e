"""JPEG 2000, by Pillow."""

from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from skdl.images._decoders.base import fitted
from skdl.images._decoders.pillow import PillowDecoder, has_feature
from skdl.images._resizing import Resizer

_START = b"\xff\x4f\xff\x51"  # of the code stream, before its sizes
# Where the number of channels stands behind it, followed by the bits of the first.
_CHANNELS = 40
_LONGEST_HEADER = 1 << 20


class Jpeg2000Decoder(PillowDecoder):
    """JPEG 2000, by Pillow; gray of more than 8 bits as it is in the file."""

    extensions = (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx")
    formats = ("JPEG2000",)
    signatures = (_START, b"\x00\x00\x00\x0cjP  \r\n\x87\n")

    def missing(self) -> str:
        """Another Pillow, where this one was built without it."""
        return "" if has_feature("jpg_2000") else "pillow"

    def header(self, file: BinaryIO) -> tuple[np.dtype[Any], bool]:
        """There is one frame."""
        return np.dtype(self.info(file).dtype), False

    def decoded(self, image: Any, file: BinaryIO, resizer: Resizer) -> npt.NDArray[Any]:
        """The pixels, unless Pillow keeps their high bytes only."""
        place = file.tell()
        file.seek(0)
        start = file.read(_LONGEST_HEADER)
        file.seek(place)
        bits = _bits(start)
        if bits <= 8:
            return super().decoded(image, file, resizer)
        if image.mode != "I;16" or bits > 16:
            raise ValueError(
                f"it has colours of {bits} bits, only 8 of which can be read; convert it to PNG or "
                "TIFF"
            )
        image.load()
        values = np.asarray(image) >> (16 - bits)  # Pillow puts them into the high bits
        return fitted(values[:, :, np.newaxis], resizer)


def _bits(start: bytes) -> int:
    at = start.find(_START) + _CHANNELS
    return (start[at + 2] & 127) + 1 if _CHANNELS <= at < len(start) - 2 else 8
