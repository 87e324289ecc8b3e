"""What is said of an image file: its kind and size, or why it cannot be read."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from PIL import Image

from skdl._utils.checks import check_whole
from skdl._utils.text import shortened

Frame: TypeAlias = int | Literal["first", "middle"] | None

# What is longer is hardly a path, and shown by its beginning.
_LONGEST_PATH = 1000


class UnreadableImageError(ValueError):
    """Raised if an image file cannot be read.

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
    skdl.images._info.UnreadableImageError: The image file 'no such file.png' cannot be ...
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
    """Information from the header of an image file.

    Attributes
    ----------
    height, width : int
        Size in pixels, with the EXIF orientation applied.
    channels : int
        1 for grayscale, 3 for everything else.
    format : str
        File format, such as "JPEG".
    dtype : str, default="uint8"
        Dtype of the pixel values: "uint16", "float32", … for files of more than 8 bits.
    n_frames : int, default=1
        Number of frames of an animation, pages of a document or slices of a volume.
    groups : dict of str to str, default={}
        Identifiers that images of one group share, if the file has any: "PatientID" and
        "StudyInstanceUID" for DICOM files.

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
    n_frames: int = 1
    groups: dict[str, str] = field(default_factory=dict, hash=False)


def check_frame(frame: Any) -> Frame:
    """A choice of frame, as a user makes it."""
    if frame is None or (isinstance(frame, str) and frame in ("first", "middle")):
        return frame  # type: ignore[return-value]
    try:
        return check_whole(frame, "frame", low=0)
    except ValueError as error:
        raise ValueError(
            "frame must be 'first', 'middle', a whole number from 0, or None. Got "
            f"{shortened(frame)}."
        ) from error


def refuse_huge(width: int, height: int) -> None:
    """Refuse what has more pixels than Pillow's limit against decompression bombs."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise ValueError(
            f"it claims to have {width} × {height} pixels, and could be a decompression bomb. If "
            f"you trust it, raise PIL.Image.MAX_IMAGE_PIXELS, now {limit}"
        )
