"""scikit-learn's digits as images."""

from typing import Any

import numpy as np

from skdl.datasets._bunch import image_bunch

_DESCR = """Optical recognition of handwritten digits

1,797 grayscale images of 8 x 8 pixels, float32, 0 to 16, in 10 classes. They come with
scikit-learn and are the test set of the data set of that name.

Source: https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits
Licence: Creative Commons Attribution 4.0.
Cite: E. Alpaydin, C. Kaynak: "Optical recognition of handwritten digits" (1998), UCI Machine
Learning Repository, https://doi.org/10.24432/C50P49.
"""


def load_digits_images(
    *, n_samples: int | None = None, random_state: Any = 0, return_X_y: bool = False
) -> Any:
    """Small handwritten digits: 1,797 grayscale images of 8×8 pixels in 10 classes, offline.

    Parameters
    ----------
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

        - `data`, `images` : float32 ndarray of shape (n, 8, 8), the same array, 0 to 16
        - `target` : int64 ndarray of shape (n,)
        - `target_names` : ndarray of str of shape (10,), "0" to "9"
        - `DESCR` : str, source, licence and citation

    Raises
    ------
    ValueError
        If `n_samples` is invalid.

    Examples
    --------
    >>> from skdl.datasets import load_digits_images
    >>> X, y = load_digits_images(n_samples=100, return_X_y=True)
    >>> X.shape, X.min(), X.max()
    ((100, 8, 8), np.float32(0.0), np.float32(16.0))
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, target = digits.images.astype(np.float32), digits.target.astype(np.int64)
    names = list("0123456789")
    return image_bunch(images, target, names, _DESCR, n_samples, random_state, return_X_y)
