"""HEIC photographs, by pillow-heif."""

from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from skdl.images._decoders.base import Decoder
from skdl.images._decoders.pillow import brands
from skdl.images._info import ImageInfo

_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}


class HeifDecoder(Decoder):
    """HEIC and HEIF, by pillow-heif."""

    extensions = (".heic", ".heif", ".hif")
    module = "pillow_heif"
    install = "skdl[heif]"

    def recognizes(self, start: bytes) -> bool:
        """Whether the brand of the file is one of HEIC."""
        return not _BRANDS.isdisjoint(brands(start))

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """What the header says; frame 0 is the primary image, as viewers show it."""
        image, n_frames = _opened(file, frame)
        width, height = image.size
        deep = image.mode.partition(";")[2] or image.mode == "I"
        channels = 3 if image.mode.startswith("RGB") else 1
        return ImageInfo(height, width, channels, "HEIF", "uint16" if deep else "uint8", n_frames)

    def pixels(self, file: BinaryIO, frame: int = 0) -> npt.NDArray[Any]:
        """Decode an image; libheif turns it upright."""
        image, _ = _opened(file, frame)
        values = np.array(image)
        gray = not image.mode.startswith("RGB")
        return values.reshape(*values.shape[:2], -1)[:, :, : 1 if gray else 3]


def _opened(file: BinaryIO, frame: int) -> tuple[Any, int]:
    import pillow_heif

    images = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    order = [images.primary_index, *(set(range(len(images))) - {images.primary_index})]
    if frame >= len(order):
        raise EOFError
    return images[order[frame]], len(order)
