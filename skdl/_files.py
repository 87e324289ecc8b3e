"""Batches of image files, decoded when and as far as they are needed."""

import hashlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skdl._archives import read_bytes
from skdl._batches import is_path, objects, only, refuse_what_has_no_rows
from skdl._cores import available_cores
from skdl._decoding import Color, ImageInfo, read_image, read_image_info
from skdl._shortened import shortened

Item = TypeVar("Item")
Result = TypeVar("Result")

# Files handed to one thread at a time: enough to hide the cost of handing over.
_FILES_PER_TASK = 16


def find_paths(X: Any, name: str = "X") -> npt.NDArray[np.str_] | None:
    """Paths of image files, if that is what a batch holds.

    Parameters
    ----------
    X : object
        What a user passed: paths come as a list, a 1-D array, a Series or a DataFrame of one
        column.
    name : str, default="X"
        What error messages call it.

    Returns
    -------
    paths : ndarray of str of shape (n,), or None
        None if it holds no text.

    Raises
    ------
    ValueError
        If some rows are paths and others are not, naming the first that is not; or if it is a
        single path, or an iterator, set or dict, which has no rows.
    """
    refuse_what_has_no_rows(X, name)
    rows = _as_objects(X)
    if rows is None or not any(map(is_path, rows)):
        return None
    for row, value in enumerate(rows):
        if not is_path(value):
            raise ValueError(
                f"{name} holds paths of image files, but {shortened(value)} at row {row}. Drop "
                "that row."
            )
    return np.array([str(os.fspath(value)) for value in rows], dtype=np.str_)


def _as_objects(X: Any) -> npt.NDArray[np.object_] | None:
    """One value a row, None where a batch has no single column or holds numbers only."""
    if isinstance(X, list | tuple):
        found = any(is_path(only(value)) for value in X)
        return objects([only(value) for value in X]) if found else None
    if sparse.issparse(X) or not hasattr(X, "__array__"):
        return None
    shape = tuple(getattr(X, "shape", ()))  # PyArrow's columns have none
    if len(shape) > 2 or shape[1:] not in ((), (1,)):
        return None
    values = np.asarray(X)
    return values.astype(object).reshape(-1) if values.dtype.kind in "OUT" else None


class ImageFiles:
    """A batch of image files, as an array of images would be: shape, dtype, rows.

    Parameters
    ----------
    paths : ndarray of str of shape (n,)
        The files.
    image_shape : (height, width, channels), default=None
        What each is decoded to; None if that is not known yet.
    resize : bool, default=False
        Whether files of another size are resized; otherwise they are refused.
    keep_aspect : bool, default=False
        Whether resizing keeps the ratio of height and width, see :func:`skdl.images.read_image`.
    color : {"rgb", "grayscale"} or None, default=None
        What each is converted to; None takes what `image_shape` says, but refuses to make colour
        images gray unless they are resized.

    Attributes
    ----------
    dtype : numpy.dtype
        uint8.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        paths: npt.NDArray[np.str_],
        image_shape: tuple[int, int, int] | None = None,
        resize: bool = False,
        keep_aspect: bool = False,
        color: Color | None = None,
    ) -> None:
        self.paths = paths
        self.image_shape = image_shape
        self.resize = resize
        self.keep_aspect = keep_aspect
        self.color = color

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, height, width, channels)``, or ``(n,)`` while that is not known."""
        return (len(self), *(self.image_shape or ()))

    def __getitem__(self, rows: Any) -> "ImageFiles":
        return ImageFiles(
            self.paths[rows], self.image_shape, self.resize, self.keep_aspect, self.color
        )

    def in_shape(
        self,
        image_shape: tuple[int, int, int],
        resize: bool,
        keep_aspect: bool = False,
        color: Color | None = None,
    ) -> "ImageFiles":
        """The same files, decoded to images of a shape."""
        return ImageFiles(self.paths, image_shape, resize, keep_aspect, color)

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
        for row, info in enumerate(in_threads(read_image_info, self.paths.tolist())):
            first = first or info
            channels = max(channels, info.channels)
            if size is None and (info.height, info.width) != (first.height, first.width):
                raise ValueError(
                    "The image files are of different sizes: "
                    f"{first.height} × {first.width} pixels in {str(self.paths[0])!r}, "
                    f"{info.height} × {info.width} in {str(self.paths[row])!r}. "
                    "Set image_size=(height, width) to resize them all."
                )
        if first is None:
            raise ValueError("There are no image files.")
        height, width = size or (first.height, first.width)
        return int(height), int(width), channels

    def load(self, n_threads: int | None = None) -> npt.NDArray[np.uint8]:
        """Decode all files.

        Parameters
        ----------
        n_threads : int, default=None
            None takes as many as there are cores.

        Returns
        -------
        images : uint8 ndarray of shape (n, height, width, channels)

        Raises
        ------
        UnreadableImageError
            Naming the first file that cannot be read.
        ValueError
            If a file is of another shape, and `resize` is False.
        """
        with ThreadPoolExecutor(n_threads or _n_threads(len(self))) as pool:
            return self._collect(self._submit(pool))

    def chunks(self, row_sets: Iterable[Any]) -> Iterator[npt.NDArray[np.uint8]]:
        """Images of one set of rows after the other; the next is decoded while one is used.

        Parameters
        ----------
        row_sets : iterable of slices or arrays of int

        Yields
        ------
        images : uint8 ndarray of shape (n_rows, height, width, channels)
        """
        pool = ThreadPoolExecutor(_n_threads(len(self)))
        try:
            waiting: list[tuple[ImageFiles, list[Future[Any]]]] = []
            for rows in row_sets:
                files = self[rows]
                waiting.append((files, files._submit(pool)))
                if len(waiting) == 2:
                    ahead = waiting.pop(0)
                    yield ahead[0]._collect(ahead[1])
            for files, tasks in waiting:
                yield files._collect(tasks)
        finally:  # also when the one who asked stops asking
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, pool: ThreadPoolExecutor) -> list[Future[npt.NDArray[np.uint8]]]:
        step = _FILES_PER_TASK
        return [
            pool.submit(self._decode, slice(start, start + step))
            for start in range(0, len(self), step)
        ]

    def _collect(self, tasks: list[Future[npt.NDArray[np.uint8]]]) -> npt.NDArray[np.uint8]:
        images = np.empty(self.shape, np.uint8)
        for number, task in enumerate(tasks):
            start = number * _FILES_PER_TASK
            images[start : start + _FILES_PER_TASK] = task.result()
        return images

    def _decode(self, rows: slice) -> npt.NDArray[np.uint8]:
        return np.stack([self.read(path) for path in self.paths[rows].tolist()])

    def read(self, path: str) -> npt.NDArray[np.uint8]:
        """Decode one file.

        Raises
        ------
        UnreadableImageError
            If it cannot be read.
        ValueError
            If it is of another shape, and `resize` is False.
        """
        assert self.image_shape is not None
        height, width, channels = self.image_shape
        color: Color = "grayscale" if channels == 1 else "rgb"
        if self.resize:
            size = (height, width)
            return read_image(path, image_size=size, color=color, keep_aspect=self.keep_aspect)
        image = read_image(path, color=self.color or (None if channels == 1 else "rgb"))
        if image.shape != self.image_shape:
            raise ValueError(
                f"The image file {path!r} is of shape {image.shape}, but images of shape "
                f"{self.image_shape} (height, width, channels) are expected, as in fit. Set "
                f"image_size={self.image_shape[:2]} to resize all images, or read the files with "
                f"ImageLoader(image_size={self.image_shape[:2]}, color={color!r})."
            )
        return image


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], n: int | None = None
) -> Iterator[Result]:
    """Results of a function for each item, in their order, computed by several threads.

    Parameters
    ----------
    function : callable
    items : sequence
    n : int, default=None
        Number of threads; None takes as many as there are cores.

    Yields
    ------
    result : object
        The first exception is raised where its result would have been.
    """

    def some(start: int) -> list[Result]:
        return [function(item) for item in items[start : start + _FILES_PER_TASK]]

    with ThreadPoolExecutor(n or _n_threads(len(items))) as pool:
        starts = range(0, len(items), _FILES_PER_TASK)
        with closing(_bounded_map(pool, some, starts)) as batches:
            for batch in batches:
                yield from batch


def content_digests(images: Any, n_threads: int | None = None) -> list[bytes]:
    """sha256 of each image's content: of a file its bytes, of an array its pixels.

    Parameters
    ----------
    images : ndarray of shape (n, …) or ImageFiles
    n_threads : int, default=None
        None takes as many as there are cores.

    Raises
    ------
    skdl.images.UnreadableImageError
        If a file cannot be read, naming it.
    """
    if isinstance(images, ImageFiles):
        return list(in_threads(_digest_of_file, images.paths.tolist(), n_threads))
    return list(in_threads(lambda row: _digest(images[row]), range(len(images)), n_threads))


def _digest(image: npt.NDArray[Any]) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(image)).digest()


def _digest_of_file(path: str) -> bytes:
    try:
        return hashlib.sha256(read_bytes(path)).digest()
    except (OSError, ValueError):
        read_image(path)  # says what is wrong with it
        raise


def _bounded_map(
    pool: ThreadPoolExecutor, function: Callable[[int], Result], items: Iterable[int]
) -> Generator[Result]:
    """Like ``pool.map``, but never many results ahead of the one who takes them."""
    waiting: list[Future[Result]] = []
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 32:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for task in waiting:
            task.cancel()


def _n_threads(n_files: int) -> int:
    return max(1, min(available_cores(), n_files))
