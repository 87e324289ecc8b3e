"""Image files as arrays: one door, whatever decoder reads them.

Decisions: docs/decisions.md#image-files-and-formats.
"""

import io
import os
from collections.abc import Iterable
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from skdl._utils.checks import check_choice, warn_user
from skdl._utils.text import shown_path
from skdl.images._archives import read_bytes, require_regular
from skdl.images._choosing import decoder_of, no_image
from skdl.images._decoders.base import Decoder, refuse_missing_frame
from skdl.images._info import Frame, ImageInfo, UnreadableImageError, check_frame, refuse_huge
from skdl.images._resizing import Color, Resizer, check_image_size, in_color

# Of formats that have no more than 8 bits and, but for previews, one image.
_PLAIN_EXTENSIONS = (".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib")
_BYTES = np.dtype(np.uint8)
# Modes of pictures whose values are the pixels of an array as they are.
_PLAIN_MODES = ("L", "RGB", "RGBA", "I;16", "I;16B", "I;16L", "I;16N", "I", "F")

CHOOSE_A_FRAME = "Choose one with frame='first', 'middle' or a number from 0"
"""What to do about files of several frames, as messages say it."""

_told_of: set[str] = set()  # files of several frames that a warning has told of


class Header(NamedTuple):
    """What decides how a file is batched."""

    dtype: np.dtype[Any]
    several: bool  # whether it has several frames


def read_image_info(path: Any, *, frame: Frame = None) -> ImageInfo:
    """Read the size and kind of an image file, without decoding it.

    Parameters
    ----------
    path : str or path-like
        The file, or a member of an archive: ``"pets.zip/cats/1.jpg"``.
    frame : int, "first", "middle" or None, default=None
        Which frame of an animation, page of a TIFF file or slice of a volume, counted from 0. If
        None, use the first.

    Returns
    -------
    info : ImageInfo
        Height, width, channels, format and dtype of the frame, the number of frames, and what the
        file says about the patient.

    Raises
    ------
    UnreadableImageError
        If the file is missing, is not an image, has no such frame, or requires a library that is
        not installed.
    ValueError
        If `frame` is invalid.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from skdl.images import read_image_info
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (20, 10)).save(f"{folder}/red.png")
    ...     info = read_image_info(f"{folder}/red.png")
    >>> info.height, info.width, info.channels, info.format, info.dtype, info.n_frames
    (10, 20, 3, 'PNG', 'uint8', 1)
    """
    return info_of(None, path, frame)


def info_of(content: bytes | None, path: Any, frame: Frame = None) -> ImageInfo:
    """What `read_image_info` tells of a file whose content was read before; None reads it now."""
    path = os.path.expanduser(str(os.fspath(path)))
    frame = check_frame(frame)
    try:
        with _opened(content, path) as file:
            decoder = decoder_of(path, file)
            number = _number(frame, decoder, file)
            info = decoder.info(file, number)
            refuse_missing_frame(number, info)
            refuse_huge(info.width, info.height)
            return info
    except Exception as error:
        raise UnreadableImageError(path, _reason(error, path)) from error


def read_image(
    path: Any,
    *,
    image_size: int | tuple[int, int] | None = None,
    color: Color | None = None,
    keep_aspect: bool = False,
    frame: Frame = None,
) -> npt.NDArray[Any]:
    """Decode an image file.

    Parameters
    ----------
    path : str or path-like
        A file of a kind that ``skdl list decoders`` lists, or a member of an archive:
        ``"pets.zip/cats/1.jpg"``.
    image_size : int, (height, width) or None, default=None
        Size to resize to, bilinearly with antialiasing. If None, keep the size of the image.
    color : {"rgb", "grayscale"}, default=None
        Colour to convert to. If None, keep grayscale images as they are and convert all others to
        RGB.
    keep_aspect : bool, default=False
        Whether to keep the ratio of height and width when resizing, and pad with black on both
        sides.
    frame : int, "first", "middle" or None, default=None
        Which frame of an animation, page of a TIFF file or slice of a volume, counted from 0. If
        None, use the first, with a warning if there are several.

    Returns
    -------
    image : ndarray of shape (height, width, channels)
        uint8; for files with more than 8 bits per value, uint16, int16, int32, uint32 or float32,
        as in the file. The orientation of the EXIF or XMP data is applied, and transparency is
        dropped.

    Raises
    ------
    UnreadableImageError
        If the file is missing, damaged or not an image, has no such frame, holds NaN or infinity,
        requires a library that is not installed, or has more pixels than Pillow's limit against
        decompression bombs, ``PIL.Image.MAX_IMAGE_PIXELS``.
    ValueError
        If `image_size`, `color` or `frame` is invalid.

    Warns
    -----
    UserWarning
        If the file has several frames and `frame` is None, once per file.

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
    image = decode_image(None, path, resizer, frame)
    if frame is None:
        path = os.path.expanduser(str(os.fspath(path)))
        header = read_header(path)
        if header is not None and header.several and untold([path]):
            warn_user(
                f"The image file {shown_path(path)} holds several frames or pages, of which the "
                f"first is used. {CHOOSE_A_FRAME}."
            )
    return image


def decode_image(
    content: bytes | None, path: Any, resizer: Resizer, frame: Frame = None
) -> npt.NDArray[Any]:
    """What `read_image` makes of a file whose content was read before; None reads it now."""
    path = os.path.expanduser(str(os.fspath(path)))
    frame = check_frame(frame)
    try:
        with _opened(content, path) as file:
            decoder = decoder_of(path, file)
            return decoder.picture(file, _number(frame, decoder, file), resizer)
    except Exception as error:
        raise UnreadableImageError(path, _reason(error, path)) from error


def read_header(path: str) -> Header | None:
    """What decides how a file is batched, by its header; None if it cannot be read."""
    if os.path.splitext(path)[1].lower() in _PLAIN_EXTENSIONS:
        return Header(_BYTES, False)
    try:
        with _open(path) as file:
            return Header(*decoder_of(path, file).header(file))
    except Exception:  # said where it is decoded
        return None


def holds_several(path: str) -> bool:
    """Whether a file has several frames, of which one may be chosen."""
    header = read_header(path)
    return header is not None and header.several


def untold(paths: Iterable[str]) -> list[str]:
    """Those of some files with several frames that no warning has told of; now one has."""
    new = [path for path in paths if path not in _told_of]
    _told_of.update(new)
    return new


def picture_pixels(picture: Any) -> npt.NDArray[Any]:
    """Pixels of one of Pillow's, a palette and other ways to write colours looked up."""
    return np.asarray(picture if picture.mode in _PLAIN_MODES else in_color(picture, None))


def _number(frame: Frame, decoder: Decoder, file: BinaryIO) -> int:
    """The number of a frame; the file is left at its start."""
    if isinstance(frame, int):
        return frame
    if frame != "middle":
        return 0
    n_frames = decoder.info(file).n_frames
    file.seek(0)
    return (n_frames - 1) // 2


def _opened(content: bytes | None, path: str) -> BinaryIO:
    return _open(path) if content is None else io.BytesIO(content)


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
    text = str(error)
    if isinstance(error, EOFError):
        return text if text.startswith("it has no such frame") else "it has no such frame"
    if isinstance(error, UnidentifiedImageError):
        return no_image()
    if text.startswith("decoder error") or text.removeprefix("-").isdecimal():  # by older Pillow
        return f"it is damaged (decoder error {text.removeprefix('decoder error ')})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return text.rstrip(".") or type(error).__name__
