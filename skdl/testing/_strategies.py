"""Hypothesis strategies for images and labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

# Few shapes, so that networks are built once and used again; the simplest comes first.
SHAPES: tuple[tuple[int, int], ...] = ((8, 8), (9, 12), (12, 9))
DTYPES = ("uint8", "float32", "float64", "int16")


@st.composite
def image_batches(
    draw: st.DrawFn,
    *,
    shapes: Sequence[tuple[int, int]] = SHAPES,
    dtypes: Sequence[str] = DTYPES,
    channels: Sequence[int] = (1, 3),
    min_size: int = 1,
    max_size: int = 8,
) -> npt.NDArray[Any]:
    """Generate batches of images, channels last, with values from 0 to 255.

    Parameters
    ----------
    shapes : sequence of (height, width)
        Possible sizes; examples shrink to the first.
    dtypes : sequence of str, default=("uint8", "float32", "float64", "int16")
        Possible dtypes; examples shrink to the first.
    channels : sequence of int, default=(1, 3)
        Possible numbers of channels.
    min_size, max_size : int, default=1 and 8
        Minimum and maximum number of images.

    Returns
    -------
    strategy : SearchStrategy
        Strategy for arrays of shape (n, height, width, channels).

    Examples
    --------
    >>> from hypothesis import given
    >>> from skdl.testing import image_batches
    >>> @given(image_batches(channels=[3]))
    ... def test(images):
    ...     assert images.shape[-1] == 3
    >>> test()
    """
    n = draw(st.integers(min_size, max_size))
    height, width = draw(st.sampled_from(tuple(shapes)))
    depth = draw(st.sampled_from(tuple(channels)))
    dtype = draw(st.sampled_from(tuple(dtypes)))
    seed = draw(st.integers(0, 9))  # pixels one by one would take long and shrink to black
    pixels = np.random.default_rng(seed).integers(0, 256, (n, height, width, depth))
    return pixels.astype(dtype)


@st.composite
def labels(
    draw: st.DrawFn,
    n_samples: int,
    *,
    n_classes: int = 3,
    kinds: Sequence[str] = ("int", "str", "bool", "object"),
) -> npt.NDArray[Any]:
    """Generate class labels in which every class occurs.

    Parameters
    ----------
    n_samples : int
        Number of labels, at least `n_classes`.
    n_classes : int, default=3
        Number of classes; labels of kind "bool" always have two.
    kinds : sequence of {"int", "str", "bool", "object"}
        Possible kinds of labels.

    Returns
    -------
    strategy : SearchStrategy
        Strategy for arrays of shape (n_samples,).

    Raises
    ------
    ValueError
        If there are fewer samples than classes.

    Examples
    --------
    >>> from hypothesis import given
    >>> from skdl.testing import labels
    >>> @given(labels(9, n_classes=3, kinds=["str"]))
    ... def test(y):
    ...     assert len(set(y)) == 3
    >>> test()
    """
    kind = draw(st.sampled_from(tuple(kinds)))
    n_classes = 2 if kind == "bool" else n_classes
    if n_samples < n_classes:
        raise ValueError(f"{n_samples} samples cannot hold {n_classes} classes.")
    codes = draw(st.permutations([row % n_classes for row in range(n_samples)]))
    names = {
        "int": np.arange(n_classes) * 3 - 1,
        "str": np.array([f"class {code}" for code in range(n_classes)]),
        "bool": np.array([False, True]),
        "object": np.array([f"class {code}" for code in range(n_classes)], dtype=object),
    }
    return names[kind][codes]


@st.composite
def image_datasets(
    draw: st.DrawFn,
    *,
    n_samples: int = 24,
    n_classes: int = 3,
    shapes: Sequence[tuple[int, int]] = SHAPES,
    dtypes: Sequence[str] = DTYPES,
    channels: Sequence[int] = (1, 3),
    kinds: Sequence[str] = ("int", "str", "bool", "object"),
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Generate images with labels that can be learned: each class is brighter than the last.

    Parameters
    ----------
    n_samples : int, default=24
        Number of images.
    n_classes : int, default=3
        Number of classes.
    shapes, dtypes, channels : sequence
        See :func:`image_batches`.
    kinds : sequence of str
        See :func:`labels`.

    Returns
    -------
    strategy : SearchStrategy
        Strategy for pairs (X, y).

    Examples
    --------
    >>> from hypothesis import given
    >>> from skdl.testing import image_datasets
    >>> @given(image_datasets(n_samples=6))
    ... def test(data):
    ...     X, y = data
    ...     assert len(X) == len(y) == 6
    >>> test()
    """
    X = draw(
        image_batches(
            shapes=shapes, dtypes=dtypes, channels=channels, min_size=n_samples, max_size=n_samples
        )
    )
    y = draw(labels(n_samples, n_classes=n_classes, kinds=kinds))
    codes = np.unique(y, return_inverse=True)[1].reshape(-1, 1, 1, 1)
    X = (X // 4 + codes * (180 // max(1, int(codes.max())))).astype(X.dtype)
    return X, y


@st.composite
def class_weights(draw: st.DrawFn, classes: Sequence[Any]) -> Any:
    """Generate values of `class_weight`: None, "balanced", or weights for some of the classes.

    Parameters
    ----------
    classes : sequence
        The class labels.

    Returns
    -------
    strategy : SearchStrategy
        Strategy for None, "balanced" and dicts.

    Examples
    --------
    >>> from hypothesis import given
    >>> from skdl.testing import class_weights
    >>> @given(class_weights(["cat", "dog"]))
    ... def test(weights):
    ...     assert weights in (None, "balanced") or set(weights) <= {"cat", "dog"}
    >>> test()
    """
    weights = st.dictionaries(
        st.sampled_from(list(classes)), st.sampled_from([0.5, 1.0, 2.0, 10.0]), min_size=1
    )
    return draw(st.one_of(st.none(), st.just("balanced"), weights))


@st.composite
def corrupt_batches(draw: st.DrawFn, *, shape: tuple[int, int, int] = (8, 8, 1)) -> Any:
    """Generate batches that an estimator must refuse with a ValueError or TypeError.

    Parameters
    ----------
    shape : (height, width, channels), default=(8, 8, 1)
        Shape of the images that the estimator was fitted on.

    Returns
    -------
    strategy : SearchStrategy
        Strategy for batches of three images with NaN, infinity, text, complex numbers or None, or
        of another shape, and for batches without images.

    Examples
    --------
    >>> from hypothesis import given
    >>> from skdl.testing import corrupt_batches
    >>> @given(corrupt_batches())
    ... def test(batch):
    ...     assert not hasattr(batch, "predict")
    >>> test()
    """
    height, width, channels = shape
    good = np.linspace(0, 1, 3 * height * width * channels).reshape(3, *shape)
    row = draw(st.integers(0, 2))

    def with_hole(value: Any) -> Any:
        batch = good.astype(float if isinstance(value, float) else object)
        batch[row, 0, 0, 0] = value
        return batch

    bad = {
        "NaN": with_hole(np.nan),
        "infinity": with_hole(np.inf),
        "text": with_hole("pixel"),
        "complex": good.astype(complex),
        "None": with_hole(None),
        "shape": np.zeros((3, height + 1, width, channels)),
        "channels": np.zeros((3, height, width, channels + 1)),
        "empty": good[:0],
        "number": 1.0,
    }
    return bad[draw(st.sampled_from(list(bad)))]
