"""What a decoder of image files is."""

import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, BinaryIO, ClassVar

import numpy as np
import numpy.typing as npt

from skdl.images._info import ImageInfo, refuse_huge
from skdl.images._resizing import Resizer
from skdl.images._value_range import learn_value_range


class Decoder:
    """A kind of image files, and how they are read.

    Subclasses say which files are theirs, and implement :meth:`info` and :meth:`pixels`. They are
    constructed without arguments, and used by several threads at a time. The module that defines
    one is imported to know its files; the library that reads them is imported in its methods.

    Attributes
    ----------
    extensions : tuple of str
        Endings of the files, in lower case, such as ``(".dcm", ".dicom")``.
    module : str, default=""
        The module that has to be importable to read them, such as "pydicom".
    install : str, default=""
        What ``pip install`` is told where it is not, such as "skdl[dicom]".
    without_ending : bool, default=False
        Whether folders hold such files under names without an ending, so that files of such names
        are images if :meth:`recognizes` says so.

    See Also
    --------
    skdl.plugins.register_decoder : Make a decoder known.
    skdl.testing.check_decoder : Hold a decoder to what is said here.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from skdl.images import Decoder, ImageInfo
    >>> class Raw(Decoder):
    ...     '''Two numbers, then bytes.'''
    ...
    ...     extensions = (".raw8",)
    ...
    ...     def info(self, file, frame=0):
    ...         height, width = file.read(2)
    ...         return ImageInfo(height, width, channels=1, format="RAW8")
    ...
    ...     def pixels(self, file, frame=0):
    ...         height, width = file.read(2)
    ...         return np.frombuffer(file.read(), np.uint8).reshape(height, width, 1)
    >>> Raw().pixels(io.BytesIO(bytes([2, 3, *range(6)])))[..., 0]
    array([[0, 1, 2],
           [3, 4, 5]], dtype=uint8)
    """

    extensions: ClassVar[tuple[str, ...]] = ()
    module: ClassVar[str] = ""
    install: ClassVar[str] = ""
    without_ending: ClassVar[bool] = False

    def recognizes(self, start: bytes) -> bool:
        """Whether a file is of this kind by its first bytes, whatever its name.

        Parameters
        ----------
        start : bytes
            The first 512 bytes of the file, or all if it has fewer.

        Returns
        -------
        recognized : bool
            False unless a subclass knows a signature.
        """
        return False

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """What the header of a file says, without decoding the pixels.

        Parameters
        ----------
        file : binary file
            Readable and seekable, at its start.
        frame : int, default=0
            Which of several frames, pages or slices.

        Returns
        -------
        info : ImageInfo
            Size, channels, dtype and number of frames, as :meth:`pixels` will give them.

        Raises
        ------
        Exception
            Of any kind, if the file cannot be read; the message ends up in an
            `UnreadableImageError`.
        """
        raise NotImplementedError

    def pixels(self, file: BinaryIO, frame: int = 0) -> npt.NDArray[Any]:
        """Decode a frame.

        Parameters
        ----------
        file : binary file
            Readable and seekable, at its start.
        frame : int, default=0
            Which of several frames, pages or slices.

        Returns
        -------
        pixels : ndarray of shape (height, width, channels)
            A new array of numbers, with 1 or 3 channels.

        Raises
        ------
        Exception
            As :meth:`info`.
        """
        raise NotImplementedError

    # ---- what need not be overridden -----------------------------------------------------------

    def missing(self) -> str:
        """What has to be installed before files of this kind can be read.

        Returns
        -------
        missing : str
            What ``pip install`` is told; "" if nothing is missing.
        """
        return "" if not self.module or _is_at_hand(self.module) else self.install or self.module

    def header(self, file: BinaryIO) -> tuple[np.dtype[Any], bool]:
        """What decides how files are batched: less than :meth:`info`, for many files.

        Parameters
        ----------
        file : binary file
            As in :meth:`info`.

        Returns
        -------
        dtype : numpy.dtype
            Of the pixels of the first frame.
        several : bool
            Whether there are more frames than one.
        """
        info = self.info(file)
        return np.dtype(info.dtype), info.n_frames > 1

    def picture(self, file: BinaryIO, frame: int, resizer: Resizer) -> npt.NDArray[Any]:
        """Decode a frame, and bring it to a size and colour.

        Overridden where the library can do part of that while it decodes.

        Parameters
        ----------
        file, frame
            As in :meth:`pixels`.
        resizer : Resizer
            With `size`, `color` and `keep_aspect`.

        Returns
        -------
        pixels : ndarray of shape (height, width, channels)
            The image.
        """
        info = self.info(file, frame)
        refuse_missing_frame(frame, info)
        refuse_huge(info.width, info.height)
        file.seek(0)
        return fitted(_checked(self.pixels(file, frame), type(self).__name__), resizer)


def refuse_missing_frame(frame: int, info: ImageInfo) -> None:
    """Refuse a frame that a file does not have."""
    if frame >= info.n_frames:
        has = "one frame, number 0" if info.n_frames == 1 else f"frames 0 to {info.n_frames - 1}"
        raise EOFError(f"it has no such frame: {frame} is asked for, it has {has}")


def _checked(pixels: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Pixels as they are passed on; ValueError if they are none."""
    shape, kind = np.shape(pixels), np.asarray(pixels).dtype.kind
    if len(shape) != 3 or shape[2] not in (1, 3) or 0 in shape or kind not in "buif":
        raise ValueError(
            f"{name} reads it as an array of {np.asarray(pixels).dtype} of shape {shape}, expected "
            "numbers of shape (height, width, 1 or 3)"
        )
    if kind == "b":
        return pixels.astype(np.uint8) * 255
    if kind == "f":
        with np.errstate(over="ignore"):  # becomes infinity, which is refused
            pixels = pixels.astype(np.float32, copy=False)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def fitted(pixels: npt.NDArray[Any], resizer: Resizer) -> npt.NDArray[Any]:
    """Pixels in a size and a colour, as `Resize` brings arrays to them."""
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise ValueError("its values contain NaN or infinity")
    if resizer.size is None and resizer.color is None:
        return pixels
    black = 0.0
    if pixels.dtype.kind != "u":
        learned = learn_value_range(pixels[np.newaxis])
        black = float(pixels.min()) if learned == "standardized" else learned[0]
    whole = pixels.dtype.kind != "f"
    return replace(resizer, black=black, white=black + 1, whole=whole)(pixels)


_at_hand: set[str] = set()


def _is_at_hand(module: str) -> bool:
    """Whether a module can be imported, without importing it; asked again until it can."""
    if module in sys.modules:
        return sys.modules[module] is not None
    if module not in _at_hand and find_spec(module) is not None:
        _at_hand.add(module)
    return module in _at_hand
