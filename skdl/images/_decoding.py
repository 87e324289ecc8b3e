"""Image files as arrays of bytes: one decoder for all that skdl reads, on Pillow."""

import io
import os
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from skdl._utils.checks import check_choice, check_whole
from skdl._utils.text import shortened
from skdl.images._archives import read_bytes, require_regular
from skdl.images._pixels import (
    FORMATS,
    deep_pixels,
    header_dtype,
    is_grayscale,
    pixel_dtype,
    refuse_short_jpeg,
    upright,
    upright_size,
    verify_png,
)
from skdl.images._resizing import Color, Resizer, check_image_size, fit_into
from skdl.images._value_range import learn_value_range

IMAGE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp"}
)
"""Endings of image files, in lower case."""

# Of formats that have no more than 8 bits.
_BYTE_EXTENSIONS = IMAGE_EXTENSIONS - {".png", ".tif", ".tiff"}
# Modes of pictures whose values are the pixels of an array as they are.
_PLAIN_MODES = ("L", "RGB", "RGBA", "I;16", "I;16B", "I;16L", "I;16N", "I", "F")
# What is longer is hardly a path, and shown by its beginning.
_LONGEST_PATH = 1000
# A JPEG is decoded at no less than this many times the wanted size, and shrunk from there.
_REDUCING_GAP = 2


class UnreadableImageError(ValueError):
    """An image file that cannot be read.

    Parameters
    ----------
    path : str
        The file.
    reason : str
        What is wrong with it.

    Examples
    --------
    >>> from skdl.images import read_image
    >>> read_image("no such file.png")
    Traceback (most recent call last):
    ...
    skdl.images._decoding.UnreadableImageError: The image file 'no such file.png' cannot be ...
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = str(path)
        self.reason = reason

    def __str__(self) -> str:
        path = repr(self.path) if len(self.path) <= _LONGEST_PATH else shortened(self.path)
        return f"The image file {path} cannot be read: {self.reason}."


@dataclass(frozen=True)
class ImageInfo:
    """What the header of an image file says.

    Attributes
    ----------
    height, width : int
        In pixels, after the EXIF orientation.
    channels : int
        1 for grayscale, 3 for everything else.
    format : str
        Such as "JPEG".
    dtype : str, default="uint8"
        What the pixel values are: of PNG and TIFF files of more than 8 bits "uint16", "float32", ….

    Examples
    --------
    >>> from skdl.images import ImageInfo
    >>> ImageInfo(height=160, width=240, channels=3, format="JPEG").width
    240
    """

    height: int
    width: int
    channels: int
    format: str
    dtype: str = "uint8"


def read_image_info(path: Any, *, frame: int = 0) -> ImageInfo:
    """Size and kind of an image file, without decoding it.

    Parameters
    ----------
    path : str or path-like
        The file, or a member of an archive: ``"pets.zip/cats/1.jpg"``.
    frame : int, default=0
        Which frame of an animation, or page of a TIFF file, counted from 0.

    Returns
    -------
    info : ImageInfo
        Height, width, channels, format and dtype.

    Raises
    ------
    UnreadableImageError
        If the file is missing, no image, or has no such frame.
    ValueError
        If `frame` is no whole number from 0.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from skdl.images import read_image_info
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (20, 10)).save(f"{folder}/red.png")
    ...     read_image_info(f"{folder}/red.png")
    ImageInfo(height=10, width=20, channels=3, format='PNG', dtype='uint8')
    """
    return info_of(None, path, frame)


def info_of(content: bytes | None, path: Any, frame: int = 0) -> ImageInfo:
    """What `read_image_info` tells of a file whose content was read before; None reads it now."""
    path = os.path.expanduser(str(os.fspath(path)))
    check_whole(frame, "frame", low=0)
    try:
        opened = _open(path) if content is None else io.BytesIO(content)
        with opened as file, Image.open(file, formats=FORMATS) as image:
            image.seek(frame)
            width, height = upright_size(image)
            _refuse_huge(width, height)
            channels = 1 if is_grayscale(image) else 3
            dtype = str(pixel_dtype(image))
            return ImageInfo(height, width, channels, str(image.format), dtype)
    except Exception as error:
        raise UnreadableImageError(path, _reason(error, path)) from error


def read_image(
    path: Any,
    *,
    image_size: int | tuple[int, int] | None = None,
    color: Color | None = None,
    keep_aspect: bool = False,
    frame: int = 0,
) -> npt.NDArray[Any]:
    """Decode an image file.

    Parameters
    ----------
    path : str or path-like
        JPEG, PNG, BMP, GIF, WebP or TIFF; or a member of an archive: ``"pets.zip/cats/1.jpg"``.
    image_size : int, (height, width) or None, default=None
        Resize to this, bilinearly with antialiasing; None keeps the image's own size.
    color : {"rgb", "grayscale"}, default=None
        Convert to this; None keeps grayscale images as they are and makes all others RGB.
    keep_aspect : bool, default=False
        Whether resizing keeps the ratio of height and width, and fills up with black on both sides.
    frame : int, default=0
        Which frame of an animation, or page of a TIFF file, counted from 0.

    Returns
    -------
    image : ndarray of shape (height, width, channels)
        uint8; of PNG and TIFF files with more than 8 bits per value uint16, int16, int32, uint32 or
        float32, as they are in the file. With the orientation of the EXIF or XMP data applied, and
        transparency dropped.

    Raises
    ------
    UnreadableImageError
        If the file is missing, damaged, no image, has no such frame, or has more pixels than
        Pillow's limit against decompression bombs, ``PIL.Image.MAX_IMAGE_PIXELS``.
    ValueError
        If `image_size`, `color` or `frame` is none of these.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from skdl.images import read_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (20, 10), "red").save(f"{folder}/red.png")
    ...     read_image(f"{folder}/red.png", image_size=8).shape
    (8, 8, 3)
    """
    check_choice(color, "color", ("rgb", "grayscale", None))
    resizer = Resizer(check_image_size(image_size), keep_aspect, color)
    return decode_image(None, path, resizer, frame)


def decode_image(
    content: bytes | None, path: Any, resizer: Resizer, frame: int = 0
) -> npt.NDArray[Any]:
    """What `read_image` makes of a file whose content was read before; None reads it now."""
    path = os.path.expanduser(str(os.fspath(path)))
    check_whole(frame, "frame", low=0)
    try:
        with _open(path) if content is None else io.BytesIO(content) as file:
            verify_png(file)
            with Image.open(file, formats=FORMATS) as image:
                image.seek(frame)
                return _decode(image, file, resizer)
    except Exception as error:
        raise UnreadableImageError(path, _reason(error, path)) from error


def _decode(image: Any, file: BinaryIO, resizer: Resizer) -> npt.NDArray[Any]:
    size = resizer.size
    _refuse_huge(*image.size)
    if pixel_dtype(image) != np.uint8:
        return _fitted(deep_pixels(image, file), resizer)
    if image.format in ("JPEG", "MPO"):  # MPO: several JPEGs in one
        draft = None if size is None else (_REDUCING_GAP * max(size),) * 2
        if draft is not None:
            image.draft(None, draft)
        image.load()
        if image.format == "JPEG":
            refuse_short_jpeg(image, file, draft)
    image = _in_color(upright(image), resizer.color)
    if size is not None:
        image = fit_into(image, size, resizer.keep_aspect)
    pixels: npt.NDArray[np.uint8] = np.array(image, dtype=np.uint8)
    return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


def _fitted(pixels: npt.NDArray[Any], resizer: Resizer) -> npt.NDArray[Any]:
    """Pixels that are not bytes in a size and a colour, as `Resize` brings arrays to them."""
    if resizer.size is None and resizer.color is None:
        return pixels
    black = 0.0
    if pixels.dtype.kind != "u":
        learned = learn_value_range(pixels[np.newaxis])
        black = float(pixels.min()) if learned == "standardized" else learned[0]
    whole = pixels.dtype.kind != "f"
    return replace(resizer, black=black, white=black + 1, whole=whole)(pixels)


def picture_pixels(picture: Any) -> npt.NDArray[Any]:
    """Pixels of one of Pillow's, a palette and other ways to write colours looked up."""
    return np.asarray(picture if picture.mode in _PLAIN_MODES else _in_color(picture, None))


def read_dtype(path: str) -> np.dtype[Any] | None:
    """What the pixel values of a file are, by its header; None if it cannot be read."""
    if os.path.splitext(path)[1].lower() in _BYTE_EXTENSIONS:
        return np.dtype(np.uint8)
    try:
        with _open(path) as file:
            return header_dtype(file)
    except Exception:  # said where it is decoded
        return None


def _in_color(image: Any, color: Color | None) -> Any:
    if color is None:
        color = "grayscale" if is_grayscale(image) else "rgb"
    mode = "L" if color == "grayscale" else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _refuse_huge(width: int, height: int) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise ValueError(
            f"it claims to have {width} × {height} pixels, and could be a decompression bomb. If "
            f"you trust it, raise PIL.Image.MAX_IMAGE_PIXELS, now {limit}"
        )


def _open(path: str) -> BinaryIO:
    try:
        mode = os.stat(path).st_mode
    except (NotADirectoryError, FileNotFoundError):  # a member of an archive, or nothing
        return io.BytesIO(read_bytes(path))
    require_regular(mode)
    return open(path, "rb")


def _reason(error: Exception, path: str) -> str:
    if isinstance(error, FileNotFoundError):
        # What _archives says of members is more than that; the system's own has a number.
        reason = "there is no such file" if error.errno else str(error)
        return reason if os.path.isabs(path) else f"{reason} in the folder {os.getcwd()!r}"
    if isinstance(error, Image.DecompressionBombError):
        return f"{error} If you trust it, raise PIL.Image.MAX_IMAGE_PIXELS"
    if isinstance(error, EOFError):
        return "it has no such frame"
    if isinstance(error, UnidentifiedImageError):
        return f"it is empty, damaged, or no image of the kinds {', '.join(FORMATS)}"
    text = str(error)
    if text.startswith("decoder error") or text.removeprefix("-").isdecimal():  # by older Pillow
        return f"it is damaged (decoder error {text.removeprefix('decoder error ')})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return text.rstrip(".") or type(error).__name__
