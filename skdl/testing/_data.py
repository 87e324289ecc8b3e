"""Real images for the contracts, and fits that several of them share."""

import inspect
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.datasets import load_digits

N_CLASSES = 3


def digit_images(n: int = 36) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Handwritten digits 0, 1 and 2 as uint8 images of shape (n, 8, 8, 1), and their labels."""
    X, y = load_digits(n_class=N_CLASSES, return_X_y=True)
    images = (X.reshape(-1, 8, 8, 1) * 15).astype(np.uint8)
    return images[:n], y[:n]


def seeded(estimator: Any, seed: int = 0) -> Any:
    """A clone with a fixed seed where it takes one."""
    params = {"random_state": seed} if "random_state" in estimator.get_params() else {}
    return clone(estimator).set_params(**params)


def fitted(estimator: Any, seed: int = 0) -> Any:
    """A seeded clone, fitted to digits."""
    return seeded(estimator, seed).fit(*digit_images())


def outputs(estimator: Any, X: Any) -> npt.NDArray[Any]:
    """What an estimator makes of images: probabilities, or what `transform` returns."""
    method = "predict_proba" if hasattr(estimator, "predict_proba") else "transform"
    return np.asarray(getattr(estimator, method)(X))


def same(a: Any, b: Any, what: str, tolerance: float = 1e-5) -> None:
    """Assert that two outputs agree up to rounding."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    if a.dtype.kind in "OUSb":
        assert np.array_equal(a, b), f"{what}: the outputs differ"
        return
    a, b = a.astype(float), b.astype(float)
    scale = max(1.0, float(np.abs(b).max())) if b.size else 1.0
    difference = float(np.abs(a - b).max()) if a.size else 0.0
    assert difference <= tolerance * scale, f"{what}: outputs differ by up to {difference:.3g}"


def layouts(X: npt.NDArray[Any], folder: str) -> dict[str, npt.NDArray[Any]]:
    """The same images as arrays of other layouts."""
    wide = np.zeros((2 * len(X), *X.shape[1:]), X.dtype)
    wide[::2] = X
    mapped = np.memmap(f"{folder}/images", X.dtype, "w+", shape=X.shape)
    mapped[:] = X
    read_only = X.copy()
    read_only.setflags(write=False)
    return {
        "in Fortran order": np.asfortranarray(X),
        "not contiguous": wide[::2],
        "a memory map": mapped,
        "read-only": read_only,
    }


def default_parameters(builder: Any) -> dict[str, Any]:
    """The builder's parameters and their defaults, but for image shape and number of classes."""
    parameters = inspect.signature(builder).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.name not in ("input_shape", "n_classes") and p.kind is not p.VAR_KEYWORD
    }
