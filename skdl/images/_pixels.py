"""Pixels of opened image files at their own depth, and which way up they are.

Decisions: docs/decisions.md#image-files-and-formats.
"""

import io
import re
import sys
from contextlib import nullcontext
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from skdl.images._libtiff import quiet_libtiff

_GRAYSCALE_MODES = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N", "I", "F")

_BYTES = np.dtype(np.uint8)
_PNG = b"\x89PNG\r\n\x1a\n"
# Tags of TIFF and EXIF.
_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLE_FORMAT = 256, 257, 258, 262, 274, 339
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
# Bytes of one block of a PNG that are looked at.
_MOST_METADATA = 1 << 16
_TIFF_DTYPES = {
    (_SIGNED, 8): np.int8,
    (_UNSIGNED, 12): np.uint16,
    (_UNSIGNED, 16): np.uint16,
    (_SIGNED, 16): np.int16,
    (_UNSIGNED, 32): np.uint32,
    (_SIGNED, 32): np.int32,
    (_FLOAT, 32): np.float32,
    (_FLOAT, 64): np.float32,  # Pillow has no more
}
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def verify_png(file: BinaryIO) -> None:
    """Check the checksums of a PNG file, which Pillow passes over when it decodes."""
    is_png = file.read(8) == _PNG
    file.seek(0)
    if is_png:
        with Image.open(file, formats=("PNG",)) as image:
            image.verify()
        file.seek(0)


def header_dtype(file: BinaryIO) -> np.dtype[Any]:
    """What the pixel values of a file are: uint8, unless it is a PNG or TIFF file of more."""
    start = file.read(26)
    file.seek(0)
    if start.startswith(_PNG):
        return np.dtype(np.uint16) if start[24:25] == b"\x10" else _BYTES
    if not start.startswith((b"II", b"MM")):
        return _BYTES
    with Image.open(file, formats=("TIFF",)) as image:
        return pixel_dtype(image)


def is_grayscale(image: Any) -> bool:
    """Whether an opened image has brightness only, and at most transparency beside it."""
    if image.mode in _GRAYSCALE_MODES:
        return True
    return any(_raw_mode(tile).startswith("LA") for tile in getattr(image, "tile", ()))


def pixel_dtype(image: Any) -> np.dtype[Any]:
    """What the pixel values of an opened image are."""
    if image.format == "PNG":
        deep = image.mode.startswith("I") or any(";16" in _raw_mode(t) for t in image.tile)
        return np.dtype(np.uint16) if deep else _BYTES
    if image.format == "JPEG2000":
        return np.dtype(np.uint16) if image.mode == "I;16" else _BYTES
    if image.format != "TIFF" or image.mode == "CMYK":
        return _BYTES
    bits = _first(image.tag_v2.get(_BITS, 1))
    kind = _first(image.tag_v2.get(_SAMPLE_FORMAT, _UNSIGNED))
    return np.dtype(_TIFF_DTYPES.get((kind, bits), _BYTES))


def deep_pixels(image: Any, file: BinaryIO, formats: tuple[str, ...]) -> npt.NDArray[Any]:
    """Pixels that are not bytes, upright, without transparency: of shape (height, width, 1 or 3).

    `image` is opened from `file`, and not loaded. Refuses files of which Pillow reads only the high
    bytes.
    """
    dtype, frame = pixel_dtype(image), image.tell()
    if image.mode not in ("L", "F") and not image.mode.startswith("I"):
        return _colored(image, file, frame, formats)
    white_is_zero = image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == 0
    values = np.asarray(upright(image))
    if dtype == np.uint32:
        values = values.astype(np.int32).view(np.uint32)
    elif dtype == np.int8:
        values = values.view(np.int8)
    pixels = values.astype(dtype)
    if white_is_zero and dtype == np.uint16:
        pixels = np.iinfo(dtype).max - pixels
    return pixels[:, :, np.newaxis]


def _colored(
    image: Any, file: BinaryIO, frame: int, formats: tuple[str, ...]
) -> npt.NDArray[np.uint16]:
    """16 bits per channel, of which Pillow keeps the byte that it takes for the higher one.

    Decoded once more in the other byte order, it keeps the other one.
    """
    raw = _raw_mode(image.tile[0])
    if raw == "LA;16B":  # there is no other order of it, but its four bytes are read as colours
        image.tile = [_with_raw_mode(tile, "RGBA") for tile in image.tile]
        high, low = np.moveaxis(np.asarray(upright(image)), -1, 0)[:2]
        return _joined(high, low)[:, :, np.newaxis]
    native = "L" if sys.byteorder == "little" else "B"
    kind, order = raw[:-1], raw[-1].replace("N", native)
    if kind not in ("RGB;16", "RGBX;16", "RGBA;16"):
        raise ValueError(
            f"its 16-bit values are stored in a way that is not supported ({raw}); convert it to "
            "RGB or grayscale"
        )
    high = np.asarray(upright(image))[:, :, :3]
    file.seek(0)
    with Image.open(file, formats=formats) as again:
        again.seek(frame)
        other = kind + ("B" if order == "L" else "L")
        again.tile = [_with_raw_mode(tile, other) for tile in again.tile]
        low = np.asarray(upright(again))[:, :, :3]
    return _joined(high, low)


def _joined(high: npt.NDArray[np.uint8], low: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    return np.left_shift(high, 8, dtype=np.uint16) | low


def _raw_mode(tile: Any) -> str:
    raw = tile[3]
    return str(raw[0] if isinstance(raw, tuple) else raw)


def _with_raw_mode(tile: Any, raw: str) -> Any:
    rest = tile[3]
    return (*tile[:3], (raw, *rest[1:]) if isinstance(rest, tuple) else raw)


def refuse_short_jpeg(image: Any, file: BinaryIO, draft: tuple[int, int] | None) -> None:
    """Refuse a JPEG whose data end before its last pixels, although an end marker follows.

    Pillow drops libjpeg's warning; the missing pixels are gray. Of a picture that ends in gray,
    data behind those that it needs change nothing; of one that lacks some, they become pixels.
    `image` is loaded, as it is in the file; `draft` is the size that it was decoded for.
    """
    width, height = image.size
    corner = image.crop((max(0, width - 2), height - 1, width, height))
    if image.mode not in ("L", "RGB") or set(corner.tobytes()) != {128}:
        return
    file.seek(0)
    content = file.read()
    end = content.rfind(b"\xff\xd9")
    padded = io.BytesIO(content[:end] + b"\x55" * 256 + content[end:])
    with Image.open(padded, formats=("JPEG", "MPO")) as again:
        if draft is not None:
            again.draft(None, draft)
        if again.tobytes() != image.tobytes():
            raise ValueError("it is damaged: its data end before its last pixels")


def upright(image: Any) -> Any:
    """The loaded image, turned as its metadata say."""
    transposition = _TRANSPOSITIONS.get(orientation(image))
    with quiet_libtiff() if image.format == "TIFF" else nullcontext():
        image.load()
    return image if transposition is None else image.transpose(transposition)


def upright_size(image: Any) -> tuple[int, int]:
    """Width and height of an image that is not loaded yet, once it is turned as metadata say."""
    size, turned = image.size, orientation(image)
    if image.format == "TIFF":  # whose size Pillow turns since its version 11
        tags = image.tag_v2
        size, turned = (int(tags[_WIDTH]), int(tags[_HEIGHT])), tags.get(_ORIENTATION, 1)
    width, height = size
    return (height, width) if turned in range(5, 9) else (width, height)


def orientation(image: Any) -> int:
    """The orientation by EXIF, or else by XMP, 1 to 8; damaged metadata count as none."""
    if image.format == "TIFF":  # Pillow applies it itself
        return 1
    exif = image.info.get("exif")
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if image.format == "PNG" and not (exif and xmp):
        late_exif, late_xmp = _late_metadata(image.fp)
        exif, xmp = exif or late_exif, xmp or late_xmp
    found = None if exif is None else _exif_orientation(exif)
    if found is None:
        text = xmp if isinstance(xmp, bytes) else str(xmp).encode(errors="replace")
        match = re.search(rb'tiff:Orientation(?:="|>)\s*([0-9]+)', text)
        found = int(match[1]) if match else 1
    return found if found in range(1, 9) else 1


def _exif_orientation(content: bytes) -> int | None:
    exif = Image.Exif()  # image.getexif() would decode a whole PNG, and hide that it is damaged
    try:
        exif.load(content)
        return int(exif[_ORIENTATION])
    except Exception:
        return None


def _late_metadata(file: BinaryIO) -> tuple[bytes | None, bytes | None]:
    """EXIF and XMP data of a PNG that stand behind its pixels, where Pillow has not come yet."""
    here, exif, xmp = file.tell(), None, None
    try:
        file.seek(len(_PNG))
        while len(start := file.read(8)) == 8:
            size, kind = int.from_bytes(start[:4], "big"), start[4:]
            content = file.read(min(size, _MOST_METADATA)) if kind in (b"eXIf", b"iTXt") else b""
            if kind == b"eXIf":
                exif = b"Exif\0\0" + content
            elif content.startswith(b"XML:com.adobe.xmp\0"):
                xmp = content
            file.seek(size - len(content) + 4, io.SEEK_CUR)
        return exif, xmp
    finally:
        file.seek(here)


def _first(value: Any) -> int:
    return int(value[0] if isinstance(value, tuple) else value)
