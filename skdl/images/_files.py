"""Batches of image files, decoded when and as far as they are needed."""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from skdl._utils.text import shown_path
from skdl._utils.threads import PER_TASK, in_threads, n_threads_for
from skdl.images._archives import read_bytes
from skdl.images._decoding import (
    ImageInfo,
    UnreadableImageError,
    decode_image,
    read_dtype,
    read_image,
    read_image_info,
)
from skdl.images._resizing import COLOR_CHANNELS, Color, Resizer
from skdl.images._value_range import PixelValues, ValueRange

# Images, and digests of the files' contents where they are asked for.
_Decoded: TypeAlias = tuple[npt.NDArray[Any], list[bytes]]

_BYTES = np.dtype(np.uint8)
_COLORS: dict[int, Color] = {1: "grayscale", 3: "rgb"}


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """A batch of image files, as an array of images would be: shape, dtype, rows.

    Parameters
    ----------
    paths : ndarray of str of shape (n,)
        The files.
    file_dtype : numpy.dtype, default=uint8
        What the pixel values in the files are.
    image_shape : (height, width, channels), default=None
        What each is decoded to; None if that is not known yet.
    resize : bool, default=False
        Whether files of another size are resized; otherwise they are refused.
    keep_aspect : bool, default=False
        Whether resizing keeps the ratio of height and width, see :func:`skdl.images.read_image`.
    color : {"rgb", "grayscale"} or None, default=None
        What each is converted to; None takes what `image_shape` says, but refuses to make colour
        images gray unless they are resized.
    resizer : Resizer, default=None
        How pixels that are not bytes are resized and converted; None leaves them.
    as_floats : bool, default=True
        Whether pixels that are not bytes become float32, as arrays of them do in estimators.
    frame : int, default=0
        Of animations and files with several pages.
    """

    paths: npt.NDArray[np.str_]
    file_dtype: np.dtype[Any] = _BYTES
    image_shape: tuple[int, int, int] | None = None
    resize: bool = False
    keep_aspect: bool = False
    color: Color | None = None
    resizer: Resizer | None = None
    as_floats: bool = True
    frame: int = 0

    ndim = 4

    @classmethod
    def of(cls, paths: npt.NDArray[np.str_], name: str = "X", frame: int = 0) -> "ImageFiles":
        """Files of one kind of pixel values, by their headers.

        Raises
        ------
        ValueError
            If some have more bits per value than others, naming one of each.
        """
        first: dict[Any, str] = {}
        for path, dtype in zip(paths.tolist(), in_threads(read_dtype, paths.tolist()), strict=True):
            if dtype is not None:  # those that cannot be read are named where they are decoded
                first.setdefault(dtype, path)
            if len(first) == 2:
                (one, here), (other, there) = first.items()
                raise ValueError(
                    f"{name} mixes image files of several depths: {one} in {here!r}, {other} in "
                    f"{there!r}. Their values are on different scales; convert all files to one."
                )
        return cls(paths, next(iter(first), _BYTES), frame=frame)

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the decoded images."""
        deep = self.file_dtype != _BYTES
        return np.dtype(np.float32) if deep and self.as_floats else self.file_dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, height, width, channels)``, or ``(n,)`` while that is not known."""
        return (len(self), *(self.image_shape or ()))

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """The images, decoded one after the other."""
        return map(self.read, self.paths.tolist())

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        """Refuse to decode everything where an array was expected."""
        raise TypeError(
            f"These are {len(self):,} image files, which are no array yet. "
            "ImageLoader().fit_transform(files.paths) decodes them all; files.paths are the paths."
        )

    def __getitem__(self, rows: Any) -> "ImageFiles":
        if isinstance(rows, int | np.integer):
            raise TypeError(
                "A batch of image files is indexed by slices and arrays. files.paths[row] is the "
                f"path of one, which skdl.images.read_image decodes. Got {rows!r}."
            )
        return replace(self, paths=self.paths[rows])

    def in_shape(
        self,
        image_shape: tuple[int, int, int],
        resize: bool,
        keep_aspect: bool = False,
        color: Color | None = None,
        value_range: ValueRange = (0.0, 255.0),
    ) -> "ImageFiles":
        """The same files, decoded to images of a shape, in a value range."""
        size = image_shape[:2] if resize else None
        resizer = Resizer.for_range(value_range, size, keep_aspect, color)
        return replace(
            self,
            image_shape=image_shape,
            resize=resize,
            keep_aspect=keep_aspect,
            color=color,
            resizer=resizer,
        )

    def values(self, rows: Any = None) -> PixelValues:
        """What decides about the value range; of bytes, without decoding them.

        Parameters
        ----------
        rows : slice or array of int, default=None
            None looks at all.
        """
        if self.file_dtype == _BYTES:
            return PixelValues.of(np.full((1, 1), 255, np.uint8))
        files = self if rows is None else self[rows]
        own_size = replace(files, image_shape=None)
        return PixelValues.joined(list(in_threads(own_size._values_of, files.paths.tolist())))

    def _values_of(self, path: str) -> PixelValues:
        return PixelValues.of(self.read(path)[np.newaxis])

    def common_shape(self, size: tuple[int, ...] | None = None) -> tuple[int, int, int]:
        """Shape of the images by their headers.

        Parameters
        ----------
        size : (height, width), default=None
            If they are to be resized.

        Returns
        -------
        image_shape : (height, width, channels)
            One channel if all are grayscale, three otherwise.

        Raises
        ------
        UnreadableImageError
            Naming the first file that cannot be read.
        ValueError
            If they are of different sizes and `size` is None.
        """
        first: ImageInfo | None = None
        channels = 1
        read = partial(read_image_info, frame=self.frame)
        for row, info in enumerate(in_threads(read, self.paths.tolist())):
            first = first or info
            channels = max(channels, info.channels)
            if size is None and (info.height, info.width) != (first.height, first.width):
                raise ValueError(
                    f"The image files are of different sizes: {first.height} × {first.width} "
                    f"pixels in {shown_path(self.paths[0])}, {info.height} × {info.width} in "
                    f"{shown_path(self.paths[row])}. Set image_size=(height, width) to resize "
                    "them all."
                )
        if first is None:
            raise ValueError("There are no image files.")
        height, width = size or (first.height, first.width)
        return int(height), int(width), channels

    def load(self, n_threads: int | None = None) -> npt.NDArray[Any]:
        """Decode all files.

        Parameters
        ----------
        n_threads : int, default=None
            None takes as many as there are cores.

        Returns
        -------
        images : ndarray of shape (n, height, width, channels)

        Raises
        ------
        UnreadableImageError
            Naming the first file that cannot be read.
        ValueError
            If a file is of another shape, and `resize` is False.
        """
        with ThreadPoolExecutor(n_threads or n_threads_for(len(self))) as pool:
            return self._collect(self._submit(pool))[0]

    def chunks(self, row_sets: Iterable[Any]) -> Iterator[npt.NDArray[Any]]:
        """Images of one set of rows after the other; the next is decoded while one is used.

        Parameters
        ----------
        row_sets : iterable of slices or arrays of int

        Yields
        ------
        images : ndarray of shape (n_rows, height, width, channels)
        """
        with closing(self.chunks_and_digests(row_sets, False)) as chunks:
            for images, _ in chunks:
                yield images

    def chunks_and_digests(
        self, row_sets: Iterable[Any], with_digests: bool = True
    ) -> Generator[_Decoded]:
        """What `chunks` yields, and `content_digests` of the very bytes that were decoded.

        Without `with_digests`, the lists of these are empty.
        """
        pool = ThreadPoolExecutor(n_threads_for(len(self)))
        try:
            waiting: list[tuple[ImageFiles, list[Future[_Decoded]]]] = []
            for rows in row_sets:
                files = self[rows]
                waiting.append((files, files._submit(pool, with_digests)))
                if len(waiting) == 2:
                    ahead = waiting.pop(0)
                    yield ahead[0]._collect(ahead[1])
            for files, tasks in waiting:
                yield files._collect(tasks)
        finally:  # also when the one who asked stops asking
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(
        self, pool: ThreadPoolExecutor, with_digests: bool = False
    ) -> list[Future[_Decoded]]:
        return [
            pool.submit(self._decode, slice(start, start + PER_TASK), with_digests)
            for start in range(0, len(self), PER_TASK)
        ]

    def _collect(self, tasks: list[Future[_Decoded]]) -> _Decoded:
        images, digests = np.empty(self.shape, self.dtype), []
        for number, task in enumerate(tasks):
            start = number * PER_TASK
            images[start : start + PER_TASK], some = task.result()
            digests += some
        return images, digests

    def _decode(self, rows: slice, with_digests: bool) -> _Decoded:
        images, digests = [], []
        for path in self.paths[rows].tolist():
            content = file_content(path) if with_digests else None
            images.append(self.read(path, content))
            if content is not None:
                digests.append(hashlib.sha256(content).digest())
        return np.stack(images), digests

    def read(self, path: str, content: bytes | None = None) -> npt.NDArray[Any]:
        """Decode one file; what was read of it already is not read again.

        Raises
        ------
        UnreadableImageError
            If it cannot be read.
        ValueError
            If it is of another shape than `image_shape`, and `resize` is False.
        """
        image = self._decoded(path, content)
        if self.image_shape not in (None, image.shape):
            height, width, channels = self.image_shape or image.shape
            raise ValueError(
                f"The image file {shown_path(path)} is of shape {image.shape}, but images of shape "
                f"{self.image_shape} (height, width, channels) are expected, as in fit. Set "
                f"image_size={(height, width)} to resize all images, or read the files with "
                f"ImageLoader(image_size={(height, width)}, color={_COLORS[channels]!r})."
            )
        return image

    def _decoded(self, path: str, content: bytes | None) -> npt.NDArray[Any]:
        color = None if self.image_shape is None else _COLORS[self.image_shape[2]]
        if not self.resize:  # colours are made gray by wish only
            color = self.color or (None if color == "grayscale" else color)
        if self.file_dtype == _BYTES:
            size = self.image_shape[:2] if self.image_shape and self.resize else None
            options: dict[str, Any] = {"image_size": size, "color": color}
            options["keep_aspect"] = self.keep_aspect
        else:
            options = {}
        image = decode_image(content, path, frame=self.frame, **options)
        if image.dtype != self.file_dtype:
            raise UnreadableImageError(
                path, f"its values are {image.dtype}, but {self.file_dtype} is expected"
            )
        return image if image.dtype == _BYTES else self._prepared(image, color, path)

    def _prepared(
        self, image: npt.NDArray[Any], color: Color | None, path: str
    ) -> npt.NDArray[Any]:
        """Pixels that are not bytes, as an array of them would be."""
        if image.dtype.kind == "f" and not np.isfinite(image).all():
            raise UnreadableImageError(path, "its values contain NaN or infinity")
        if self.as_floats:
            image = image.astype(np.float32)
        if self.image_shape is None or self.resizer is None:
            return image
        if color is not None and image.shape[-1] == COLOR_CHANNELS[color]:
            color = None
        return replace(self.resizer, color=color)(image)


def file_content(path: str) -> bytes:
    """The bytes of an image file.

    Raises
    ------
    UnreadableImageError
        If it cannot be read.
    """
    try:
        return read_bytes(path)
    except (OSError, ValueError):
        read_image(path)  # says what is wrong with it
        raise
