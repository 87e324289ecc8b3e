"""Batches of image files, decoded when and as far as they are needed.

Decisions: docs/decisions.md#image-files-and-formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import warn_user
from skdl._utils.checksums import digest_of
from skdl._utils.text import counted, shown_path
from skdl._utils.threads import in_threads
from skdl.images._adapter import Adapter
from skdl.images._archives import read_bytes
from skdl.images._arrays import ImageShape, check_image_shape
from skdl.images._batch import Decoded, ImageArray, ImageBatch
from skdl.images._decoding import (
    CHOOSE_A_FRAME,
    decode_image,
    info_of,
    read_header,
    read_image,
    read_image_info,
    untold,
)
from skdl.images._info import Frame, ImageInfo, UnreadableImageError
from skdl.images._resizing import COLOR_CHANNELS, COLORS, Color, Resizer, Size
from skdl.images._value_range import PixelValues, ValueRange

if TYPE_CHECKING:
    from skdl.images._format import ImageFormat

# Files whose values are looked at before a prediction.
_MOST_LOOKED_AT = 256
# Of pixels that are decoded once for all epochs; a search with two jobs holds twice as many.
_MOST_KEPT_BYTES = 256 * 2**20
_KEPT_AT_A_TIME = 512
_BYTES = np.dtype(np.uint8)
_UNCHANGED = Resizer(None)


@dataclass(frozen=True, eq=False)
class ImageFiles(ImageBatch):
    """Images in files.

    Parameters
    ----------
    paths : ndarray of str of shape (n,)
        The files.
    file_dtype : numpy.dtype, default=uint8
        What the pixel values in the files are.
    image_shape : (height, width, channels), default=None
        What each is decoded to; None if that is not known yet.
    resizer : Resizer, default=Resizer(None)
        The size that they are resized to, None refuses those of another; and the colour that each
        is converted to, None takes what `image_shape` says, but refuses to make colour images gray
        unless they are resized.
    as_floats : bool, default=True
        Whether pixels that are not bytes become float32, as arrays of them do in estimators.
    frame : int, "first", "middle" or None, default=None
        Of files with several; None is the first.
    mixed : bool, default=False
        Whether files may hold other values than `file_dtype` says, for one who looks at each by
        itself.
    adapter : Adapter, default=None
        What makes the channels of `image_shape` of those that files are decoded to.
    """

    paths: npt.NDArray[np.str_]
    file_dtype: np.dtype[Any] = _BYTES
    image_shape: ImageShape | None = None
    resizer: Resizer = _UNCHANGED
    as_floats: bool = True
    frame: Frame = None
    mixed: bool = False
    adapter: Adapter | None = None

    @classmethod
    def of(cls, paths: npt.NDArray[np.str_], name: str = "X", frame: Frame = None) -> ImageFiles:
        """Files of one kind of pixel values, by their headers.

        Warns of files with several frames that no warning has told of, unless one is chosen.

        Raises
        ------
        ValueError
            If some have more bits per value than others, naming one of each.
        """
        first: dict[Any, str] = {}
        several = []
        headers = in_threads(read_header, paths.tolist())
        for path, header in zip(paths.tolist(), headers, strict=True):
            if header is not None:  # those that cannot be read are named where they are decoded
                first.setdefault(header.dtype, path)
                several += [path] if header.several else []
            if len(first) == 2:
                (one, here), (other, there) = first.items()
                raise ValueError(
                    f"{name} mixes image files of different depths: {one} in {here!r}, {other} in "
                    f"{there!r}. Their values are on different scales; convert all files to one."
                )
        if frame is None and (new := untold(several)):
            files = counted(len(new), "image file", "image files")
            warn_user(
                f"{name} has {files} with several frames or pages, such as {shown_path(new[0])}; "
                f"the first is used. {CHOOSE_A_FRAME} in an ImageLoader that reads the files."
            )
        return cls(paths, next(iter(first), _BYTES), frame=frame)

    @property
    def dtype(self) -> np.dtype[Any]:
        deep = self.file_dtype != _BYTES
        return np.dtype(np.float32) if deep and self.as_floats else self.file_dtype

    @property
    def came(self) -> np.dtype[Any]:
        return self.file_dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.paths), *(self.image_shape or ()))

    @property
    def origin(self) -> dict[str, Any]:
        found = {"source": f"file of {self.file_dtype}", "keeps_aspect": self.resizer.keep_aspect}
        return found if self.adapter is None else {**found, "adapter": repr(self.adapter)}

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return map(self.decode, self.paths.tolist())

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        """Refuse to decode everything where an array was expected."""
        raise TypeError(
            f"These are {len(self):,} image files, not yet an array. "
            "ImageLoader().fit_transform(files.paths) decodes them all; files.paths are the paths."
        )

    def __getitem__(self, rows: Any) -> ImageFiles:
        if isinstance(rows, int | np.integer):
            raise TypeError(
                "A batch of image files is indexed by slices and arrays. files.paths[row] is the "
                f"path of one, which skdl.images.read_image decodes. Got {rows!r}."
            )
        return replace(self, paths=self.paths[rows])

    def in_shape(
        self,
        image_shape: ImageShape,
        resize: bool,
        keep_aspect: bool = False,
        color: Color | None = None,
        value_range: ValueRange = (0.0, 255.0),
    ) -> ImageFiles:
        """The same files, decoded to images of a shape, in a value range."""
        size = image_shape[:2] if resize else None
        resizer = Resizer.for_range(value_range, size, keep_aspect, color)
        return replace(self, image_shape=image_shape, resizer=resizer)

    # ---- as it comes ---------------------------------------------------------------------------

    def values(self, *, glance: bool = False) -> PixelValues:
        if self.file_dtype == _BYTES:
            return PixelValues.of_unseen_bytes()
        step = max(1, -(-len(self) // _MOST_LOOKED_AT)) if glance else 1
        files = replace(self[::step], image_shape=None)
        return PixelValues.joined(list(in_threads(files._values_of, files.paths.tolist())))

    def _values_of(self, path: str) -> PixelValues:
        return PixelValues.of(self.decode(path)[np.newaxis])

    def learned_shape(
        self,
        declared: Any,
        size: Size | None,
        color: Color | None,
        takes: int | None,
        adapts: bool = False,
    ) -> tuple[ImageShape, int]:
        if size is not None and color is not None:  # the headers tell nothing more
            shape = (*size, COLOR_CHANNELS[color])
        else:
            height, width, found = self.common_shape(size)
            channels = found if color is None else COLOR_CHANNELS[color]
            shape = (height, width, COLOR_CHANNELS["rgb"] if adapts else takes or channels)
        given = shape if declared is None else check_image_shape(declared)
        if given != shape[: len(given)]:
            colored = "" if len(given) < 3 else ", and color to set their channels"
            raise ValueError(
                f"The image files hold images of shape {shape}, but image_shape={given}, which is "
                f"the shape of flattened images. Set image_size={given[:2]} to resize "
                f"files{colored}."
            )
        return shape, shape[2]

    def adapted(self, adapter: Adapter, image_shape: ImageShape) -> ImageFiles:
        return replace(self, adapter=adapter)

    def common_shape(self, size: Size | None = None) -> ImageShape:
        """Shape of the images by their headers; one channel if all are grayscale, else three.

        Those of different sizes are refused, unless they are to be resized to `size`.
        """
        first: ImageInfo | None = None
        channels = 1
        read = partial(read_image_info, frame=self.frame)
        for row, info in enumerate(in_threads(read, self.paths.tolist())):
            first = first or info
            channels = max(channels, info.channels)
            if size is None and (info.height, info.width) != (first.height, first.width):
                raise ValueError(
                    f"The image files have different sizes: {first.height} × {first.width} "
                    f"pixels in {shown_path(self.paths[0])}, {info.height} × {info.width} in "
                    f"{shown_path(self.paths[row])}. Set image_size=(height, width) to resize "
                    "them all."
                )
        if first is None:
            raise ValueError("There are no image files.")
        height, width = size or (first.height, first.width)
        return int(height), int(width), channels

    def unflattened(self, image_shape: Any = None) -> ImageFiles:
        return self

    def columns(self, X: Any) -> None:
        return None

    def in_format(self, learned: ImageFormat, estimator: Any, name: str) -> ImageFiles:
        return learned.of_files(self, estimator, name)

    def in_memory(self, X: Any, estimator: Any) -> npt.NDArray[Any]:
        shape = getattr(estimator, "image_shape_", None)
        if shape is None:
            raise ValueError(
                f"X holds paths of image files, but {type(estimator).__name__} has no image_shape_ "
                "to decode them to. Pass arrays, such as those that ImageLoader returns."
            )
        value_range = getattr(estimator, "value_range_", (0.0, 255.0))
        return self.in_shape(shape, True, value_range=value_range).load()

    def unchanged(self, images: ImageBatch, declared: ImageShape) -> None:
        return None

    def examine(self, row: int) -> tuple[str, npt.NDArray[Any], Any]:
        path = str(self.paths[row])
        content = file_content(path)
        info = info_of(content, path, self.frame)
        kind = info.format if info.dtype == "uint8" else f"{info.format} ({info.dtype})"
        return kind, decode_image(content, path, _UNCHANGED, self.frame), content

    def digests(self, n_threads: int | None = None) -> list[bytes]:
        return list(in_threads(_digest, self.paths.tolist(), n_threads))

    # ---- its pixels ----------------------------------------------------------------------------

    def kept(self) -> ImageBatch:
        if int(np.prod(self.shape)) * self.dtype.itemsize > _MOST_KEPT_BYTES:
            return self
        pixels = np.empty(self.shape, self.dtype)
        for span, some, _ in self.chunks(_KEPT_AT_A_TIME):
            pixels[span] = some
        return ImageArray(pixels)

    def _decode(self, rows: slice, with_digests: bool) -> Decoded:
        images, digests = [], []
        for path in self.paths[rows].tolist():
            content = file_content(path) if with_digests else None
            images.append(self.decode(path, content))
            if content is not None:
                digests.append(digest_of(content))
        return np.stack(images), digests

    def decode(self, path: str, content: bytes | None = None) -> npt.NDArray[Any]:
        """Decode one file; what was read of it already is not read again."""
        adapts = self.adapter is not None
        image = self._adapted(path, content) if adapts else self._read(path, content)
        if self.image_shape not in (None, image.shape):
            height, width, channels = self.image_shape or image.shape
            raise ValueError(
                f"The image file {shown_path(path)} has shape {image.shape}, but images of shape "
                f"{self.image_shape} (height, width, channels) are expected, as in fit. Set "
                f"image_size={(height, width)} to resize all images, or read the files with "
                f"ImageLoader(image_size={(height, width)}, color={COLORS[channels]!r})."
            )
        return image

    def _read(self, path: str, content: bytes | None) -> npt.NDArray[Any]:
        """Pixels in the size and the channels of `image_shape`, as far as that may be."""
        color = None if self.image_shape is None else COLORS[self.image_shape[2]]
        if self.resizer.size is None:  # colours are made gray by wish only
            color = self.resizer.color or (None if color == "grayscale" else color)
        resizer = replace(self.resizer, color=color)
        # Pixels that are not bytes are resized below, in their value range.
        at_once = resizer if self.file_dtype == _BYTES else _UNCHANGED
        image = decode_image(content, path, at_once, self.frame)
        if image.dtype != self.file_dtype and not self.mixed:
            raise UnreadableImageError(
                path, f"its values are {image.dtype}, but {self.file_dtype} is expected"
            )
        return image if image.dtype == _BYTES else self._resized(image, resizer)

    def _adapted(self, path: str, content: bytes | None) -> npt.NDArray[Any]:
        """The same of a file whose channels are adapted, as those of an array are: at its size."""
        assert self.adapter is not None
        in_color = Resizer(None, color="rgb" if self.adapter.found > 1 else None)
        files = replace(self, image_shape=None, resizer=in_color)
        image = in_color(files._read(path, content))
        fits = image.shape[2] == self.adapter.found
        return self.resizer(self.adapter(image)) if fits else image

    def _resized(self, image: npt.NDArray[Any], resizer: Resizer) -> npt.NDArray[Any]:
        """Pixels that are not bytes, as an array of them would be."""
        if self.as_floats:
            image = image.astype(np.float32)
        return image if self.image_shape is None else resizer(image)


def _digest(path: str) -> bytes:
    return digest_of(file_content(path))


def file_content(path: str) -> bytes:
    """The bytes of an image file; what is wrong with one that cannot be read."""
    try:
        return read_bytes(path)
    except (OSError, ValueError):
        read_image(path, frame="first")  # says what is wrong with it
        raise
