"""Images as one batch: whoever is handed one never asks whether they are arrays or files.

Decisions: docs/decisions.md#image-arrays-and-value-ranges.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from skdl._utils.checksums import digest_of
from skdl._utils.threads import PER_TASK, in_threads, n_threads_for
from skdl.images._adapter import Adapter, refuse_channels
from skdl.images._arrays import ImageShape, check_image_array, infer_image_shape, to_images
from skdl.images._resizing import COLOR_CHANNELS, Color, Resizer, Size, check_colors
from skdl.images._rows import as_rows
from skdl.images._value_range import (
    PixelValues,
    ValueRange,
    learn_from_values,
    range_offset_and_scale,
)

if TYPE_CHECKING:
    from skdl.images._format import ImageFormat

# Pixels of some rows, and digests of the contents they were decoded from, where there are any.
Decoded: TypeAlias = tuple[npt.NDArray[Any], list[bytes]]
Chunk: TypeAlias = tuple[slice, npt.NDArray[Any], list[bytes]]
Portion: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any] | None, npt.NDArray[Any]]

# Of images decoded for training at a time; two such chunks are in memory, one in use and the next.
# Why: docs/decisions.md#image-files-and-formats
_CHUNK_BYTES = 16 * 2**20


class ImageBatch(ABC):
    """Images, be they arrays or files, made by :func:`read_batch` where a user passes them.

    As it comes, a batch tells what a fit learns of it; in an :class:`ImageFormat`, it gives pixels,
    all at once or a bounded number at a time, decoding the next while the last ones are used.
    """

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """That of the pixels; of files ``(n,)`` while their size is not known."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """That of the pixels."""

    @property
    @abstractmethod
    def came(self) -> np.dtype[Any]:
        """That of the values that the user has."""

    @property
    @abstractmethod
    def origin(self) -> dict[str, Any]:
        """What images of equal content may still differ in."""

    def __len__(self) -> int:
        return self.shape[0]

    @abstractmethod
    def __getitem__(self, rows: Any) -> ImageBatch:
        """The batch of some rows, a slice or an array."""

    @abstractmethod
    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """The images, one after the other."""

    # ---- as it comes ---------------------------------------------------------------------------

    @abstractmethod
    def values(self, *, glance: bool = False) -> PixelValues:
        """What decides about the value range; at a glance, of some of the files."""

    @abstractmethod
    def learned_shape(
        self,
        declared: Any,
        size: Size | None,
        color: Color | None,
        takes: int | None,
        adapts: bool = False,
    ) -> tuple[ImageShape, int]:
        """Shape that a fit learns, and channels as the network gets them.

        Files are decoded to the channels that a backbone `takes`, since a fold of grayscale files
        alone would otherwise see other images than the next; arrays are brought to it by the
        network. An :class:`Adapter` takes files in colour, and arrays of any channels.
        """

    @abstractmethod
    def adapted(self, adapter: Adapter, image_shape: ImageShape) -> ImageBatch:
        """The same as an adapter makes it of images of a shape; as it is where it has others."""

    @abstractmethod
    def unflattened(self, image_shape: Any = None) -> ImageBatch:
        """The same as images of three dimensions."""

    @abstractmethod
    def columns(self, X: Any) -> Any:
        """Where X, which this was, has names of columns, if it has; paths are no feature."""

    @abstractmethod
    def in_format(self, learned: ImageFormat, estimator: Any, name: str) -> ImageBatch:
        """See :meth:`ImageFormat.as_images`."""

    @abstractmethod
    def in_memory(self, X: Any, estimator: Any) -> Any:
        """X, which this was, as arrays that an estimator takes."""

    @abstractmethod
    def unchanged(self, images: ImageBatch, declared: ImageShape) -> npt.NDArray[Any] | None:
        """The array as it came, if its images are of the shape of `images`, which they became."""

    @abstractmethod
    def examine(self, row: int) -> tuple[str, npt.NDArray[Any], Any]:
        """Kind, pixels and content of an image."""

    @abstractmethod
    def digests(self, n_threads: int | None = None) -> list[bytes]:
        """sha256 of each image's content: of a file its bytes, of an array its pixels."""

    def displayable(self, rows: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """The chosen images in [0, 1]; standardised ones by their own smallest and largest value.

        Of files with values of 8 bits, only the chosen ones are decoded.
        """
        values = self.values()
        value_range = learn_from_values(values)
        if value_range == "standardized":
            low, high = values.extremes
            value_range = low, high if high > low else low + 1
        offset, scale = range_offset_and_scale(value_range)
        return [np.clip((image.astype(np.float32) - offset) * scale, 0, 1) for image in self[rows]]

    # ---- its pixels ----------------------------------------------------------------------------

    @abstractmethod
    def kept(self) -> ImageBatch:
        """The same to be read again and again: pixels in memory, if files take little of it."""

    def load(self, n_threads: int | None = None) -> npt.NDArray[Any]:
        """All pixels, of shape (n, height, width, channels)."""
        with ThreadPoolExecutor(n_threads or n_threads_for(len(self))) as pool:
            return self._collect(self._submit(pool, False))[0]

    def chunks(
        self, size: int, rows: npt.NDArray[Any] | None = None, with_digests: bool = False
    ) -> Iterator[Chunk]:
        """Pixels of all or the given rows, so many at a time; the next is decoded meanwhile.

        Yields
        ------
        span : slice
            Where these rows stand among all that are asked for.
        pixels : ndarray of shape (n_rows, height, width, channels)
        digests : list of bytes
            Of the very bytes that were decoded, if asked for: a file may be replaced at any time.
        """
        pool = ThreadPoolExecutor(n_threads_for(len(self)))
        try:
            waiting: list[tuple[slice, ImageBatch, list[Future[Decoded]]]] = []
            for span in self._spans(size, rows):
                part = self[span if rows is None else rows[span]]
                waiting.append((span, part, part._submit(pool, with_digests)))
                if len(waiting) == 2:
                    done, ahead, tasks = waiting.pop(0)
                    yield done, *ahead._collect(tasks)
            for done, ahead, tasks in waiting:
                yield done, *ahead._collect(tasks)
        finally:  # also when the one who asked stops asking
            pool.shutdown(wait=True, cancel_futures=True)

    def portions(
        self, order: npt.NDArray[Any], batch_size: int, n_batches: int
    ) -> Iterator[Portion]:
        """Pixels for training on the rows in an order, at most so many whole batches at a time.

        Yields
        ------
        pixels : ndarray of shape (n_rows, height, width, channels)
        rows : ndarray of int or None
            Which rows these are; None if all, in the same array again and again.
        places : ndarray of int
            Where among them the rows stand that are next in the order.
        """
        batch_bytes = batch_size * int(np.prod(self.shape[1:])) * self.dtype.itemsize
        size = batch_size * max(1, min(n_batches, _CHUNK_BYTES // batch_bytes))
        for span, pixels, _ in self.chunks(size, order):
            yield pixels, order[span], np.arange(len(pixels))

    def _spans(self, size: int, rows: npt.NDArray[Any] | None) -> list[slice]:
        n = len(self) if rows is None else len(rows)
        return [slice(start, min(start + size, n)) for start in range(0, n, size)]

    def _submit(self, pool: ThreadPoolExecutor, with_digests: bool) -> list[Future[Decoded]]:
        return [
            pool.submit(self._decode, slice(start, start + PER_TASK), with_digests)
            for start in range(0, len(self), PER_TASK)
        ]

    def _collect(self, tasks: list[Future[Decoded]]) -> Decoded:
        images, digests = np.empty(self.shape, self.dtype), []
        for number, task in enumerate(tasks):
            start = number * PER_TASK
            images[start : start + PER_TASK], some = task.result()
            digests += some
        return images, digests

    @abstractmethod
    def _decode(self, rows: slice, with_digests: bool) -> Decoded:
        """A few of the images, in a thread."""


class ImageArray(ImageBatch):
    """Images in memory.

    Parameters
    ----------
    pixels : ndarray of shape (n, …)
    rows : ndarray of shape (n, …), default=None
        The same as they came, in their own dtype.
    resizer : Resizer, default=None
        What each image still goes through when its pixels are asked for.
    """

    def __init__(
        self,
        pixels: npt.NDArray[Any],
        rows: npt.NDArray[Any] | None = None,
        resizer: Resizer | None = None,
    ) -> None:
        self.pixels = pixels
        self.rows = pixels if rows is None else rows
        self._resizer = resizer

    @classmethod
    def of(cls, X: Any, name: str = "X", estimator: Any = None) -> ImageArray:
        """Validate an array, see :func:`skdl.images.check_image_array`."""
        rows = as_rows(X, name)
        return cls(check_image_array(rows, name=name, estimator=estimator), rows)

    def in_own_dtype(self) -> ImageArray:
        """The same in the dtype in which it came; objects become float64."""
        rows = self.rows
        return ImageArray(rows if rows.dtype.kind in "buif" else rows.astype(np.float64))

    def sized(self, size: Size, value_range: ValueRange, keep_aspect: bool = False) -> ImageArray:
        """The same images in another size, resized when their pixels are asked for."""
        if self.pixels.shape[1:3] == size:
            return self
        resizer = Resizer.for_range(value_range, size, keep_aspect, None)
        return ImageArray(self.pixels, resizer=resizer)

    @property
    def shape(self) -> tuple[int, ...]:
        shape = self.pixels.shape
        size = None if self._resizer is None else self._resizer.size
        return shape if size is None else (shape[0], *size, shape[3])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.pixels.dtype

    @property
    def came(self) -> np.dtype[Any]:
        return self.rows.dtype

    @property
    def origin(self) -> dict[str, Any]:
        has_borders = self._resizer is not None and self._resizer.keep_aspect
        source = f"{self.dtype.str} {tuple(self.pixels.shape[1:])}"
        return {"source": source, "keeps_aspect": has_borders}

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: Any) -> ImageArray:
        return ImageArray(self.pixels[rows], resizer=self._resizer)

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return iter(self.pixels)

    # ---- as it comes ---------------------------------------------------------------------------

    def values(self, *, glance: bool = False) -> PixelValues:
        return PixelValues.of(self.pixels)

    def learned_shape(
        self,
        declared: Any,
        size: Size | None,
        color: Color | None,
        takes: int | None,
        adapts: bool = False,
    ) -> tuple[ImageShape, int]:
        shape = infer_image_shape(self.pixels.shape, declared)
        check_colors(color, shape[2])
        channels = shape[2] if color is None else COLOR_CHANNELS[color]
        if takes is not None and not adapts:
            refuse_channels(self.pixels.reshape(len(self), *shape), takes)
            channels = min(channels, 3)  # opacity is dropped, as of files
        return shape, channels

    def adapted(self, adapter: Adapter, image_shape: ImageShape) -> ImageArray:
        images = self.pixels
        if images.ndim == 2 and images.shape[1] == math.prod(image_shape):
            images = images.reshape(len(self), *image_shape)
        elif images.ndim == 3:
            images = images[..., np.newaxis]
        fits = images.shape[-1] == adapter.found
        return ImageArray(adapter.of_batch(images)) if fits else self

    def unflattened(self, image_shape: Any = None) -> ImageArray:
        return ImageArray(to_images(self.pixels, image_shape), self.rows)

    def columns(self, X: Any) -> Any:
        return X if self.pixels.ndim == 2 else self.pixels

    def in_format(self, learned: ImageFormat, estimator: Any, name: str) -> ImageBatch:
        return learned.of_array(self.pixels, estimator, name)

    def in_memory(self, X: Any, estimator: Any) -> Any:
        return X

    def unchanged(self, images: ImageBatch, declared: ImageShape) -> npt.NDArray[Any] | None:
        own = self.pixels.shape[1:]
        shape = {1: declared, 2: (*own, 1)}.get(len(own), own)
        return self.rows if shape == images.shape[1:] else None

    def examine(self, row: int) -> tuple[str, npt.NDArray[Any], Any]:
        image = self.pixels[row]
        return str(self.came), image, image

    def digests(self, n_threads: int | None = None) -> list[bytes]:
        return list(in_threads(self._digest, range(len(self)), n_threads))

    def _digest(self, row: int) -> bytes:
        return digest_of(self.pixels[row])

    # ---- its pixels ----------------------------------------------------------------------------

    def kept(self) -> ImageArray:
        return self if self._resizer is None else ImageArray(self.load())

    def load(self, n_threads: int | None = None) -> npt.NDArray[Any]:
        return self.pixels if self._resizer is None else super().load(n_threads)

    def chunks(
        self, size: int, rows: npt.NDArray[Any] | None = None, with_digests: bool = False
    ) -> Iterator[Chunk]:
        if self._resizer is not None:
            yield from super().chunks(size, rows)
            return
        for span in self._spans(size, rows):
            yield span, self.pixels[span if rows is None else rows[span]], []

    def portions(
        self, order: npt.NDArray[Any], batch_size: int, n_batches: int
    ) -> Iterator[Portion]:
        if self._resizer is not None:
            yield from super().portions(order, batch_size, n_batches)
            return
        yield self.pixels, None, order

    def _decode(self, rows: slice, with_digests: bool) -> Decoded:
        assert self._resizer is not None
        return np.stack([self._resizer(image) for image in self.pixels[rows]]), []
