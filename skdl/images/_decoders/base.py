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
    """Base class of decoders, each of which reads one kind of image files.

    Subclasses declare which files they read, and implement :meth:`info` and :meth:`pixels`. They
    are constructed without arguments, and used by several threads at a time. The module that
    defines a decoder is imported to find out which files it reads, so import the library that reads
    them in its methods.

    Attributes
    ----------
    extensions : tuple of str
        Endings of the file names, in lower case, such as ``(".dcm", ".dicom")``.
    module : str, default=""
        The module that must be importable to read the files, such as "pydicom".
    install : str, default=""
        What to pass to ``pip install`` if it is not importable, such as "skdl[dicom]".
    without_ending : bool, default=False
        Whether folders hold such files under names without an ending. If True, files with such
        names are images if :meth:`recognizes` returns True.

    See Also
    --------
    skdl.plugins.register_decoder : Register a decoder.
    skdl.testing.check_decoder : Check that a decoder follows these rules.

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
        """Whether a file is of this kind, judging by its first bytes, whatever its name.

        Parameters
        ----------
        start : bytes
            The first 512 bytes of the file, or all if it has fewer.

        Returns
        -------
        recognized : bool
            False unless a subclass checks for a signature.
        """
        return False

    def info(self, file: BinaryIO, frame: int = 0) -> ImageInfo:
        """Read the header of a file, without decoding the pixels.

        Parameters
        ----------
        file : binary file
            Readable and seekable, at its start.
        frame : int, default=0
            Which frame, page or slice, counted from 0.

        Returns
        -------
        info : ImageInfo
            Size, channels and dtype of what :meth:`pixels` returns, and the number of frames.

        Raises
        ------
        Exception
            Of any type, if the file cannot be read. The message becomes part of an
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
            Which frame, page or slice, counted from 0.

        Returns
        -------
        pixels : ndarray of shape (height, width, channels)
            A new array of numbers, with 1 or 3 channels.

        Raises
        ------
        Exception
            As in :meth:`info`.
        """
        raise NotImplementedError

    # ---- what need not be overridden -----------------------------------------------------------

    def missing(self) -> str:
        """What must be installed to read files of this kind.

        Returns
        -------
        missing : str
            What to pass to ``pip install``; "" if nothing is missing.
        """
        return "" if not self.module or _is_at_hand(self.module) else self.install or self.module

    def header(self, file: BinaryIO) -> tuple[np.dtype[Any], bool]:
        """Read what decides how files are batched: less than :meth:`info`, for many files.

        Parameters
        ----------
        file : binary file
            As in :meth:`info`.

        Returns
        -------
        dtype : numpy.dtype
            Dtype of the pixels of the first frame.
        several : bool
            Whether there is more than one frame.
        """
        info = self.info(file)
        return np.dtype(info.dtype), info.n_frames > 1

    def picture(self, file: BinaryIO, frame: int, resizer: Resizer) -> npt.NDArray[Any]:
        """Decode a frame and convert it to a size and a colour.

        Override this if the library can do part of that while it decodes.

        Parameters
        ----------
        file, frame
            As in :meth:`pixels`.
        resizer : Resizer
            Holds `size`, `color` and `keep_aspect`.

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
        raise EOFError(f"it has no such frame: {frame} was requested, but it has {has}")


def _checked(pixels: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Pixels as they are passed on; ValueError if they are none."""
    shape, kind = np.shape(pixels), np.asarray(pixels).dtype.kind
    if len(shape) != 3 or shape[2] not in (1, 3) or 0 in shape or kind not in "buif":
        raise ValueError(
            f"{name} reads it as an array of {np.asarray(pixels).dtype} of shape {shape}, but "
            "numbers of shape (height, width, 1 or 3) are expected"
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
