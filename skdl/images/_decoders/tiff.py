"""TIFF, by Pillow and, where it reads more, by tifffile.

Decisions: docs/decisions.md#image-files-and-formats.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from skdl._utils.threads import TakenOver, Undo
from skdl.images._decoders.base import Decoder
from skdl.images._decoders.pillow import PillowDecoder
from skdl.images._info import ImageInfo, refuse_huge
from skdl.images._resizing import Resizer

_BITS, _SAMPLES, _PLANES = 258, 277, 284  # tags
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2  # photometric interpretations
_SEPARATE = 2


class TiffDecoder(PillowDecoder):
    """TIFF, by Pillow; by tifffile what Pillow does not read, such as colors in floats."""

    extensions = (".tif", ".tiff")
    formats = ("TIFF",)
    signatures = (
        b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"MM\0+", b"II+\0",
    )  # fmt: skip

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """What the header says."""
        if _pillow_reads(file, frame):
            return super().info(file, frame)
        return _OfTifffile().info(file, frame)

    def header(self, file: BinaryIO) -> tuple[np.dtype[Any], bool]:
        """By Pillow, as long as it can."""
        if _pillow_reads(file, 0):
            return super().header(file)
        return _OfTifffile().header(file)

    def picture(self, file: BinaryIO, frame: int, resizer: Resizer) -> npt.NDArray[Any]:
        """Decode a page, or a channel of one."""
        if _pillow_reads(file, frame):
            return super().picture(file, frame, resizer)
        return _OfTifffile().picture(file, frame, resizer)


def _pillow_reads(file: BinaryIO, frame: int) -> bool:
    """Whether Pillow reads a page, and keeps all bits; the file is left at its start."""
    try:
        with Image.open(file, formats=("TIFF",)) as image:
            for number in {0, frame}:
                image.seek(number)
                tags: Any = image.tag_v2  # type: ignore[attr-defined]
                separate = tags.get(_PLANES) == _SEPARATE and int(tags.get(_SAMPLES, 1)) > 1
                if separate and set(tags.get(_BITS, (1,))) != {8}:
                    return False
            return True
    except (UnidentifiedImageError, SyntaxError):
        return False
    except Exception:  # said where it is read
        return True
    finally:
        file.seek(0)


class _OfTifffile(Decoder):
    """What is left to tifffile; channels that are no colors count as frames of their own."""

    module = "tifffile"
    install = "skdl[tiff]"

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        with self._opened(file) as tiff:
            page, _ = _page(tiff, frame)
            height, width = int(page.imagelength), int(page.imagewidth)
            each = int(page.samplesperpixel)
            refuse_huge(width * each if each > 4 else width, height)
            channels = 3 if _is_colored(page) else 1
            n_frames = len(tiff.pages) * (1 if channels == 3 else each)
            kind = page.dtype.kind
            name = {"f": "float32", "b": "uint8"}.get(kind, page.dtype.newbyteorder("=").name)
            return ImageInfo(height, width, channels, "TIFF", name, n_frames)

    def pixels(self, file: BinaryIO, frame: int = 0) -> npt.NDArray[Any]:
        with self._opened(file) as tiff:
            page, channel = _page(tiff, frame)
            values = page.asarray(maxworkers=1)
            if page.planarconfig == _SEPARATE and values.ndim == 3:
                values = np.moveaxis(values, 0, -1)
            values = values.reshape(page.imagelength, page.imagewidth, -1)
            if _is_colored(page):
                return np.ascontiguousarray(values[:, :, :3])
            if page.photometric == _WHITE_IS_ZERO and values.dtype.kind == "u":
                values = np.iinfo(values.dtype).max - values
            return np.ascontiguousarray(values[:, :, channel : channel + 1])

    @contextmanager
    def _opened(self, file: BinaryIO) -> Iterator[Any]:
        if missing := self.missing():
            raise ValueError(
                "it is damaged, or of a kind that needs a library: python -m pip install "
                f'"{missing}"'
            )
        import tifffile

        with _quiet_tifffile(), tifffile.TiffFile(file) as tiff:
            yield tiff


def _silence() -> Undo:
    logger = logging.getLogger("tifffile")
    logger.addFilter(_pass_over)
    return [partial(logger.removeFilter, _pass_over)]


def _pass_over(record: logging.LogRecord) -> bool:
    return False


_quiet_tifffile = TakenOver(_silence)
"""Within this context tifffile logs nothing: what is wrong with a file ends up in the error."""


def _page(tiff: Any, frame: int) -> tuple[Any, int]:
    """The page that holds a frame, and which of its channels it is."""
    first = tiff.pages[0]
    each = 1 if _is_colored(first) else int(first.samplesperpixel)
    number, channel = divmod(frame, each)
    if number >= len(tiff.pages):
        raise EOFError
    page = tiff.pages[number]
    if page.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) or page.dtype is None:
        raise ValueError(f"its colours ({page.photometric.name}) are not supported")
    if channel >= page.samplesperpixel or page.imagedepth != 1:
        raise ValueError("its pages have different channels, or more than two dimensions")
    _refuse_damage(page, tiff.filehandle.size)
    return page, channel


def _refuse_damage(page: Any, size: int) -> None:
    """Refuse a page whose header contradicts itself: tifffile makes the best of it."""
    bits = page.tags.get(_BITS)
    lengths = {1, page.samplesperpixel}
    ends = [at + n for at, n in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if (
        (bits is not None and np.size(bits.value) not in lengths)
        or len(page.dataoffsets) != len(page.databytecounts)
        or not ends
        or max(ends) > size
        or min(page.databytecounts) < 1
    ):
        raise ValueError("it is damaged")


def _is_colored(page: Any) -> bool:
    return bool(page.photometric == _RGB and page.samplesperpixel in (3, 4))
