"""Image files as arrays of bytes: one decoder for all that skdl reads, on Pillow."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from skdl._archives import read_bytes, require_regular
from skdl._shortened import shortened

Color: TypeAlias = Literal["rgb", "grayscale"]

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
"""Pillow's names of the formats that are read. Others, such as EPS, start programs."""

IMAGE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp"}
)
"""Endings of image files, in lower case."""

_GRAYSCALE_MODES = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N", "I")
# Modes of pictures whose values are the pixels of an array as they are.
_PLAIN_MODES = ("L", "RGB", "RGBA", "I;16", "I;16B", "I;16L", "I;16N", "I", "F")
# What is longer is hardly a path, and shown by its beginning.
_LONGEST_PATH = 1000
_ORIENTATION_TAG = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
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
    skdl._decoding.UnreadableImageError: The image file 'no such file.png' cannot be read: ...
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


def read_image_info(path: Any) -> ImageInfo:
    """Size and kind of an image file, without decoding it.

    Parameters
    ----------
    path : str or path-like
        The file, or a member of an archive: ``"pets.zip/cats/1.jpg"``.

    Returns
    -------
    info : ImageInfo
        Height, width, channels and format.

    Raises
    ------
    UnreadableImageError
        If the file is missing or no image.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from skdl.images import read_image_info
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (20, 10)).save(f"{folder}/red.png")
    ...     read_image_info(f"{folder}/red.png")
    ImageInfo(height=10, width=20, channels=3, format='PNG')
    """
    path = str(os.fspath(path))
    try:
        with _open(path) as file, Image.open(file, formats=FORMATS) as image:
            width, height = image.size
            if _orientation(image) >= 5:
                width, height = height, width
            _refuse_huge(width, height)
            channels = 1 if image.mode in _GRAYSCALE_MODES else 3
            return ImageInfo(height, width, channels, str(image.format))
    except Exception as error:
        raise UnreadableImageError(path, _reason(error, path)) from error


def read_image(
    path: Any,
    *,
    image_size: int | tuple[int, int] | None = None,
    color: Color | None = None,
    keep_aspect: bool = False,
) -> npt.NDArray[np.uint8]:
    """Decode an image file.

    Parameters
    ----------
    path : str or path-like
        JPEG, PNG, BMP, GIF or WebP (the first frame), or TIFF (the first page); or a member of an
        archive: ``"pets.zip/cats/1.jpg"``.
    image_size : int, (height, width) or None, default=None
        Resize to this, bilinearly with antialiasing; None keeps the image's own size.
    color : {"rgb", "grayscale"}, default=None
        Convert to this; None keeps grayscale images as they are and makes all others RGB.
    keep_aspect : bool, default=False
        Whether resizing keeps the ratio of height and width, and fills up with black on both sides.

    Returns
    -------
    image : uint8 ndarray of shape (height, width, channels)
        With the EXIF orientation applied, 16-bit values scaled to 8 bits, and transparency dropped.

    Raises
    ------
    UnreadableImageError
        If the file is missing, damaged, no image, or has more pixels than Pillow's limit against
        decompression bombs, ``PIL.Image.MAX_IMAGE_PIXELS``.
    ValueError
        If `image_size` or `color` is none of these.

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
    path = str(os.fspath(path))
    wanted = check_image_size(image_size)
    if color not in (None, "rgb", "grayscale"):
        raise ValueError(f"color must be 'rgb', 'grayscale' or None. Got {shortened(color)}.")
    try:
        with _open(path) as file:
            _verify_png(file)
            with Image.open(file, formats=FORMATS) as image:
                return _decode(image, wanted, color, keep_aspect)
    except Exception as error:
        raise UnreadableImageError(path, _reason(error, path)) from error


def _verify_png(file: BinaryIO) -> None:
    """Check the checksums of a PNG file, which Pillow passes over when it decodes."""
    is_png = file.read(8) == b"\x89PNG\r\n\x1a\n"
    file.seek(0)
    if is_png:
        with Image.open(file, formats=("PNG",)) as image:
            image.verify()
        file.seek(0)


def _decode(
    image: Any, size: tuple[int, int] | None, color: Color | None, keep_aspect: bool
) -> npt.NDArray[np.uint8]:
    _refuse_huge(*image.size)
    transposition = _TRANSPOSITIONS.get(_orientation(image))
    if size is not None and image.format in ("JPEG", "MPO"):  # MPO: several JPEGs in one
        image.draft(None, (_REDUCING_GAP * max(size), _REDUCING_GAP * max(size)))
    image.load()
    if transposition is not None:
        image = image.transpose(transposition)
    image = _in_color(_in_eight_bits(image), color)
    if size is not None:
        image = fit_into(image, size, keep_aspect)
    pixels: npt.NDArray[np.uint8] = np.array(image, dtype=np.uint8)
    return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


def picture_pixels(picture: Any) -> npt.NDArray[Any]:
    """Pixels of a picture in memory, a palette and other ways to write colours looked up.

    Parameters
    ----------
    picture : PIL.Image.Image

    Returns
    -------
    pixels : ndarray of shape (height, width) or (height, width, channels)
    """
    return np.asarray(picture if picture.mode in _PLAIN_MODES else _in_color(picture, None))


def check_image_size(image_size: Any) -> tuple[int, int] | None:
    """Height and width to resize to, None for the images' own.

    Raises
    ------
    ValueError
        If it is neither a positive whole number nor two of them.
    """
    if image_size is None:
        return None
    is_number = isinstance(image_size, int | np.integer)
    sizes: Any = (image_size, image_size) if is_number else image_size
    is_pair = isinstance(sizes, Sequence | np.ndarray) and len(sizes) == 2
    if not is_pair or not all(
        isinstance(size, int | np.integer) and not isinstance(size, bool) and size > 0
        for size in sizes
    ):
        raise ValueError(
            "The parameter image_size must be a number of pixels, (height, width) or None. Got "
            f"{shortened(image_size)}."
        )
    return int(sizes[0]), int(sizes[1])


def fit_into(image: Any, size: tuple[int, int], keep_aspect: bool) -> Any:
    """Resize a Pillow image, bilinearly with antialiasing.

    Parameters
    ----------
    image : PIL.Image.Image
    size : (height, width)
    keep_aspect : bool
        Whether to scale both sides alike, and to fill up with black on both sides.

    Returns
    -------
    image : PIL.Image.Image
        Of that size.
    """
    height, width = size
    if (width, height) == image.size:
        return image
    if not keep_aspect:
        return image.resize((width, height), Image.Resampling.BILINEAR)
    scale = min(width / image.width, height / image.height)
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    framed = Image.new(image.mode, (width, height))
    scaled = image.resize(inner, Image.Resampling.BILINEAR)
    framed.paste(scaled, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return framed


def _in_eight_bits(image: Any) -> Any:
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        values = np.asarray(image).astype(np.float64)
        return Image.fromarray(np.rint(values.clip(0, 65535) / 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(
            "its pixel values have 32 bits, which tell no range; convert it to 8 or 16 bits"
        )
    return image


def _in_color(image: Any, color: Color | None) -> Any:
    if color is None:
        color = "grayscale" if image.mode in _GRAYSCALE_MODES else "rgb"
    mode = "L" if color == "grayscale" else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _orientation(image: Any) -> int:
    """The EXIF orientation, 1 to 8; damaged EXIF data counts as none."""
    content = image.info.get("exif")
    if content is None or image.format == "TIFF":  # of TIFF, Pillow applies it itself
        return 1
    exif = Image.Exif()  # image.getexif() would decode a whole PNG, and hide that it is damaged
    try:
        exif.load(content)
        return int(exif.get(_ORIENTATION_TAG, 1))
    except Exception:
        return 1


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
    if isinstance(error, UnidentifiedImageError):
        return f"it is empty, damaged, or no image of the kinds {', '.join(FORMATS)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error).rstrip(".") or type(error).__name__
