"""MNIST and Fashion-MNIST, which come in the same four files."""

import os
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_choice
from skdl.datasets._bunch import image_bunch
from skdl.downloads import RemoteFile, fetch_content

Subset = Literal["train", "test", "all"]

_CLOTHES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]  # fmt: skip

_MNIST_DESCR = """MNIST: handwritten digits

70,000 grayscale images of 28 x 28 pixels, uint8, white on black, in 10 classes: 60,000 for training
and 10,000 for testing, written by different people.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
Licence: Creative Commons Attribution-Share Alike 3.0.
Cite: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86 (1998), 2278-2324.
"""
_FASHION_DESCR = """Fashion-MNIST: articles of Zalando's shop

70,000 grayscale images of 28 x 28 pixels, uint8, light on black, in 10 classes of clothes, shoes
and bags: 60,000 for training and 10,000 for testing.

Source: https://github.com/zalandoresearch/fashion-mnist
Licence: MIT, copyright 2017 Zalando SE.
Cite: H. Xiao, K. Rasul, R. Vollgraf: "Fashion-MNIST: a novel image dataset for benchmarking machine
learning algorithms" (2017), arXiv:1708.07747.
"""

_MNIST_URLS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_FASHION_URLS = (
    "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
_PREFIXES = {"train": "train", "test": "t10k"}  # of the files' names
_COUNTS = {"train": 60_000, "test": 10_000}
# Bytes of the header, and of each image or label after it.
_SIZES = {"images-idx3": (16, 28 * 28), "labels-idx1": (8, 1)}
# Of the decompressed content, of images and labels.
_SHA256 = {
    ("mnist", "train"): (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    ("mnist", "test"): (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    ("fashion-mnist", "train"): (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    ("fashion-mnist", "test"): (
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}


def load_mnist(
    *,
    subset: Subset = "train",
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    n_samples: int | None = None,
    random_state: Any = 0,
    return_X_y: bool = False,
) -> Any:
    """Handwritten digits: 70,000 grayscale images of 28×28 pixels in 10 classes.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 60,000 training images, the 10,000 test images, or both, training images first.
    data_home : str or path-like, default=None
        Folder of the data. If None, use ``SKDL_DATA_HOME`` or the platform's cache folder, see
        :func:`skdl.downloads.get_data_home`. The files are in its folder ``mnist/``.
    download_if_missing : bool, default=True
        Whether to download missing files: 11 MB.
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

        - `data`, `images` : uint8 ndarray of shape (n, 28, 28), the same array, 0 to 255
        - `target` : int64 ndarray of shape (n,)
        - `target_names` : ndarray of str of shape (10,), "0" to "9"
        - `DESCR` : str, source, licence and citation

    Raises
    ------
    FileNotFoundError
        If a file is missing and `download_if_missing` is False; the message says which file to put
        where.
    ConnectionError
        If a file could not be downloaded.
    ValueError
        If the content of a file is not that of MNIST, or a parameter is invalid.

    Examples
    --------
    >>> from skdl.datasets import load_mnist
    >>> load_mnist(data_home="/no/such/folder", download_if_missing=False)
    Traceback (most recent call last):
    ...
    FileNotFoundError: There is no file '/no/such/folder/mnist/train-images-idx3-ubyte.gz', ...
    """
    images, target = _load("mnist", _MNIST_URLS, subset, data_home, download_if_missing)
    names = list("0123456789")
    return image_bunch(images, target, names, _MNIST_DESCR, n_samples, random_state, return_X_y)


def load_fashion_mnist(
    *,
    subset: Subset = "train",
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    n_samples: int | None = None,
    random_state: Any = 0,
    return_X_y: bool = False,
) -> Any:
    """Clothes, shoes and bags: 70,000 grayscale images of 28×28 pixels in 10 classes.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 60,000 training images, the 10,000 test images, or both, training images first.
    data_home : str or path-like, default=None
        Folder of the data. If None, use ``SKDL_DATA_HOME`` or the platform's cache folder, see
        :func:`skdl.downloads.get_data_home`. The files are in its folder ``fashion-mnist/``.
    download_if_missing : bool, default=True
        Whether to download missing files: 30 MB.
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

        - `data`, `images` : uint8 ndarray of shape (n, 28, 28), the same array, 0 to 255
        - `target` : int64 ndarray of shape (n,)
        - `target_names` : ndarray of str of shape (10,), "T-shirt/top" to "Ankle boot"
        - `DESCR` : str, source, licence and citation

    Raises
    ------
    FileNotFoundError, ConnectionError, ValueError
        As in :func:`load_mnist`.

    Examples
    --------
    >>> from skdl.datasets import load_fashion_mnist
    >>> load_fashion_mnist(data_home="/no/such/folder", download_if_missing=False)
    Traceback (most recent call last):
    ...
    FileNotFoundError: There is no file '/no/such/folder/fashion-mnist/train-images-idx3-ubyte...
    """
    images, target = _load("fashion-mnist", _FASHION_URLS, subset, data_home, download_if_missing)
    return image_bunch(
        images, target, _CLOTHES, _FASHION_DESCR, n_samples, random_state, return_X_y
    )


def _load(
    folder: str,
    urls: tuple[str, ...],
    subset: Subset,
    data_home: str | os.PathLike[str] | None,
    download_if_missing: bool,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    check_choice(subset, "subset", ("train", "test", "all"))

    contents: dict[str, list[npt.NDArray[np.uint8]]] = {kind: [] for kind in _SIZES}
    for part in ("train", "test") if subset == "all" else (subset,):
        for kind, digest in zip(_SIZES, _SHA256[folder, part], strict=True):
            name = f"{_PREFIXES[part]}-{kind}-ubyte.gz"
            header, size = _SIZES[kind]
            file = RemoteFile(
                f"{folder}/{name}",
                tuple(url + name for url in urls),
                digest,
                header + _COUNTS[part] * size,
                compressed=True,
            )
            content = fetch_content(
                file, data_home=data_home, download_if_missing=download_if_missing
            )
            contents[kind].append(np.frombuffer(content, np.uint8, offset=header))
    # Concatenating copies: the content of a file is not to be written to.
    images, labels = map(np.concatenate, contents.values())
    return images.reshape(-1, 28, 28), labels.astype(np.int64)
