"""Image files that Pillow reads."""

import io
from typing import Any, BinaryIO, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image, features

from skdl.images._decoders.base import Decoder, fitted
from skdl.images._info import ImageInfo, refuse_huge
from skdl.images._pixels import (
    deep_pixels,
    header_dtype,
    is_grayscale,
    pixel_dtype,
    refuse_short_jpeg,
    upright,
    upright_size,
    verify_png,
)
from skdl.images._resizing import Resizer, fit_into, in_color

# A JPEG is decoded at no less than this many times the wanted size, and shrunk from there.
_REDUCING_GAP = 2


class PillowDecoder(Decoder):
    """JPEG, PNG, BMP, GIF and WebP, by Pillow."""

    extensions: ClassVar[tuple[str, ...]] = (
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".webp",
    )  # fmt: skip
    # Pillow's names: others, such as EPS, start programs.
    formats: ClassVar[tuple[str, ...]] = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
    signatures: ClassVar[tuple[bytes, ...]] = (
        b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF87a", b"GIF89a",
    )  # fmt: skip

    def recognizes(self, start: bytes) -> bool:
        """Whether a file begins as these do."""
        return start.startswith(self.signatures) or (
            "WEBP" in self.formats and start[:4] == b"RIFF" and start[8:12] == b"WEBP"
        )

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """What the header says."""
        with Image.open(file, formats=self.formats) as image:
            image.seek(frame)
            width, height = upright_size(image)
            refuse_huge(width, height)
            channels = 1 if is_grayscale(image) else 3
            dtype, kind = str(pixel_dtype(image)), str(image.format)
            return ImageInfo(height, width, channels, kind, dtype, _n_frames(image))

    def header(self, file: BinaryIO) -> tuple[np.dtype[Any], bool]:
        """Of most files without Pillow."""
        dtype = header_dtype(file)
        return dtype, _holds_several(file, self.formats)

    def pixels(self, file: BinaryIO, frame: int = 0) -> npt.NDArray[Any]:
        """Decode a frame."""
        return self.picture(file, frame, Resizer(None))

    def picture(self, file: BinaryIO, frame: int, resizer: Resizer) -> npt.NDArray[Any]:
        """Decode a frame; a large JPEG at a fraction of its size."""
        verify_png(file)
        with Image.open(file, formats=self.formats) as image:
            image.seek(frame)
            return self.decoded(image, file, resizer)

    def decoded(self, image: Any, file: BinaryIO, resizer: Resizer) -> npt.NDArray[Any]:
        """The pixels of an opened image that is not loaded."""
        size = resizer.size
        refuse_huge(*image.size)
        if pixel_dtype(image) != np.uint8:
            return fitted(deep_pixels(image, file, self.formats), resizer)
        if image.format in ("JPEG", "MPO"):  # MPO: several JPEGs in one
            draft = None if size is None else (_REDUCING_GAP * max(size),) * 2
            if draft is not None:
                image.draft(None, draft)
            image.load()
            if image.format == "JPEG":
                refuse_short_jpeg(image, file, draft)
        image = in_color(upright(image), resizer.color)
        if size is not None:
            image = fit_into(image, size, resizer.keep_aspect)
        pixels: npt.NDArray[np.uint8] = np.array(image, dtype=np.uint8)
        return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


class AvifDecoder(PillowDecoder):
    """AVIF, by Pillow 11.3 and newer."""

    extensions = (".avif",)
    formats = ("AVIF",)

    def missing(self) -> str:
        """A newer Pillow, where this one was built without it."""
        return "" if has_feature("avif") else "pillow>=11.3"

    def recognizes(self, start: bytes) -> bool:
        """Whether the brand of the file is one of AVIF."""
        return not {b"avif", b"avis"}.isdisjoint(brands(start))


def brands(start: bytes) -> set[bytes]:
    """What a file in boxes, as AVIF and HEIC are, says that it is."""
    if start[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(start[:4], "big"), len(start))
    return {start[at : at + 4] for at in (8, *range(16, end, 4))}


def has_feature(feature: str) -> bool:
    """Whether Pillow was built with it."""
    known = {*features.modules, *features.codecs, *features.features}
    return feature in known and bool(features.check(feature))  # an older Pillow warns of new words


def _n_frames(image: Any) -> int:
    """Frames of an opened image; one, if what follows the first is damaged."""
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except Exception:
        return 1


def _holds_several(file: BinaryIO, formats: tuple[str, ...]) -> bool:
    start = file.read(21)
    file.seek(0)
    if start[:3] == b"\xff\xd8\xff" or start[:2] == b"BM":  # photographs with a preview
        return False
    if start[:4] == b"RIFF":
        return start[12:16] == b"VP8X" and bool(start[20] & 2)
    if start[:4] == b"\x89PNG":
        return _is_animated_png(file)
    try:
        with Image.open(file, formats=formats) as image:
            return bool(getattr(image, "is_animated", False))
    except Exception:  # what follows the first image is damaged
        return False
    finally:
        file.seek(0)


def _is_animated_png(file: BinaryIO) -> bool:
    """Whether a PNG has the block of an animation before its pixels."""
    file.seek(8)
    try:
        while len(block := file.read(8)) == 8:
            if block[4:] in (b"acTL", b"IDAT"):
                if block[4:] == b"IDAT":
                    return False
                return int.from_bytes(file.read(4), "big") > 1
            file.seek(int.from_bytes(block[:4], "big") + 4, io.SEEK_CUR)
        return False
    finally:
        file.seek(0)
