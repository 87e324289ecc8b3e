"""CIFAR-10, as its authors publish it or as folders of JPEG files."""

import io
import os
import pickle
import tarfile
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_choice
from skdl._utils.text import shown_path
from skdl._utils.threads import in_threads
from skdl.datasets._bunch import image_bunch, sample_rows
from skdl.downloads import RemoteFile, fetch, get_data_home
from skdl.images import read_image

Subset = Literal["train", "test", "all"]
Version = Literal["auto", "original", "jpeg"]

CIFAR10_NAMES = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
]  # fmt: skip

_DESCR = """CIFAR-10{title}: small photographs

60,000 RGB images of 32 x 32 pixels, uint8, in 10 classes: 50,000 for training and 10,000 for
testing.
{note}
Source: https://www.cs.toronto.edu/~kriz/cifar.html
Licence: none stated; its authors ask to be cited.
Cite: A. Krizhevsky: "Learning multiple layers of features from tiny images", technical report,
University of Toronto (2009).
"""
_JPEG_NOTE = """
These images were compressed as JPEG: they are NOT pixel for pixel those of the original, and
results are not those of the original CIFAR-10. Call them "CIFAR-10 (JPEG)" when quoting a score.
The original order is lost; here the classes take turns. The files are not verified.
"""

_ARCHIVE = RemoteFile(
    "cifar10/cifar-10-python.tar.gz",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    size=170_498_071,
)
_BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
_JPEG_FOLDER = "cifar10-jpeg"


def load_cifar10(
    *,
    version: Version = "auto",
    subset: Subset = "train",
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    n_samples: int | None = None,
    random_state: Any = 0,
    return_X_y: bool = False,
) -> Any:
    """Small photographs: 60,000 RGB images of 32×32 pixels in 10 classes.

    Parameters
    ----------
    version : {"auto", "original", "jpeg"}, default="auto"
        "original" is the file ``cifar10/cifar-10-python.tar.gz`` in the data home. "jpeg" is the
        folder ``cifar10-jpeg/{train,test}/<class>/*.jpg`` in it, whose images were compressed and
        are not pixel for pixel those of the original. "auto" uses the original if it exists, else
        the JPEG files if they exist, else downloads the original.
    subset : {"train", "test", "all"}, default="train"
        The 50,000 training images, the 10,000 test images, or both, training images first.
    data_home : str or path-like, default=None
        Folder of the data. If None, use ``SKDL_DATA_HOME`` or the platform's cache folder, see
        :func:`skdl.downloads.get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the original (170 MB) if it is missing.
    n_samples : int, default=None
        Number of images to draw, in the proportions of the classes and in the original order. If
        None, use all.
    random_state : int, RandomState instance or None, default=0
        Seed of the draw.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a bunch.

    Returns
    -------
    bunch : sklearn.utils.Bunch
        With the attributes

        - `data`, `images` : uint8 ndarray of shape (n, 32, 32, 3), the same array, 0 to 255
        - `target` : int64 ndarray of shape (n,)
        - `target_names` : ndarray of str of shape (10,), "airplane" to "truck"
        - `version` : "original" or "jpeg"
        - `DESCR` : str, source, licence and citation

    Raises
    ------
    FileNotFoundError
        If files are missing and `download_if_missing` is False, or the JPEG files were requested;
        the message says which files to put where.
    ConnectionError
        If the original could not be downloaded.
    ValueError
        If the content of a file is not that of CIFAR-10, or a parameter is invalid.

    Notes
    -----
    The original consists of pickle files. They are read from the archive after its sha256 is
    checked, and nothing but arrays and plain containers is created from them.

    Examples
    --------
    >>> from skdl.datasets import load_cifar10
    >>> load_cifar10(data_home="/no/such/folder", download_if_missing=False)
    Traceback (most recent call last):
    ...
    FileNotFoundError: There is no file '/no/such/folder/cifar10/cifar-10-python.tar.gz', ...
    """
    check_choice(version, "version", ("auto", "original", "jpeg"))
    check_choice(subset, "subset", ("train", "test", "all"))
    home = get_data_home(data_home)
    parts: list[str] = ["train", "test"] if subset == "all" else [subset]
    if version == "auto":
        folder_only = not (home / _ARCHIVE.name).exists() and (home / _JPEG_FOLDER).is_dir()
        version = "jpeg" if folder_only else "original"
    if version == "jpeg":
        paths, target = _list_jpegs(home / _JPEG_FOLDER, parts)
        rows = sample_rows(target, len(CIFAR10_NAMES), n_samples, random_state)
        images, target, n_samples = _decode(paths[rows]), target[rows], None
        descr = _DESCR.format(title=" (JPEG)", note=_JPEG_NOTE)
    else:
        path = fetch(_ARCHIVE, data_home=home, download_if_missing=download_if_missing)
        images, target = _read_batches(path, parts)
        descr = _DESCR.format(title="", note="")
    return image_bunch(
        images, target, CIFAR10_NAMES, descr, n_samples, random_state, return_X_y, version=version
    )


def _list_jpegs(
    folder: Path, parts: list[str]
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.int64]]:
    """Paths and classes; the classes take turns, so that the first rows are not of one alone."""
    found: list[tuple[int, int, int, str]] = []
    for number, part in enumerate(parts):
        for code, name in enumerate(CIFAR10_NAMES):
            paths = sorted(map(str, (folder / part / name).glob("*.jpg")))
            if not paths:
                raise FileNotFoundError(
                    f"There are no images in {shown_path(folder / part / name)}. Put the JPEG "
                    f"files of CIFAR-10 into {shown_path(folder)} as {{train,test}}/<class>/*.jpg, "
                    'or set version="original".'
                )
            found += [(number, turn, code, path) for turn, path in enumerate(paths)]
    found.sort()
    return np.array([path for *_, path in found]), np.array([code for _, _, code, _ in found])


def _decode(paths: npt.NDArray[np.str_]) -> npt.NDArray[np.uint8]:
    images = np.empty((len(paths), 32, 32, 3), np.uint8)
    for row, image in enumerate(in_threads(partial(read_image, color="rgb"), paths.tolist())):
        if image.shape != (32, 32, 3):
            raise ValueError(
                f"The image {shown_path(paths[row])} has shape {image.shape}, but (32, 32, 3) is "
                "expected: it is not an image of CIFAR-10."
            )
        images[row] = image
    return images


def _read_batches(
    path: Path, parts: list[str]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    names = [name for part in parts for name in _BATCHES[part]]
    batches: dict[str, Any] = {}
    with tarfile.open(path, "r|gz") as archive:
        for info in archive:
            name = info.name.rpartition("/")[2]
            stream = archive.extractfile(info) if info.isreg() and name in names else None
            if stream is not None:
                batches[name] = _PlainUnpickler(io.BytesIO(stream.read()), encoding="bytes").load()
    pixels = np.concatenate([batches[name][b"data"] for name in names])
    target = np.concatenate([batches[name][b"labels"] for name in names]).astype(np.int64)
    planes = pixels.reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), target


class _PlainUnpickler(pickle.Unpickler):
    """Creates NumPy arrays and plain containers, and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        # NumPy 1 wrote numpy.core, NumPy 2 writes numpy._core.
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return _new_array
        raise pickle.UnpicklingError(
            f"The file refers to {module}.{name}, which does not belong in a file of images."
        )


def _new_array(cls: type, shape: tuple[int, ...], typecode: bytes) -> npt.NDArray[Any]:
    """An array that the file then gives its shape, dtype and values."""
    return np.empty(shape, np.uint8)
