"""Contracts of data sets."""

from typing import Any

import numpy as np

from skdl import plugins
from skdl.images import read_batch
from skdl.testing._contracts import DATASET, contract, found, run_all


def _load(subject: Any, **params: Any) -> Any:
    return found(plugins.datasets, subject)(**params)


@contract(DATASET)
def check_dataset_fields(subject: Any) -> None:
    """A bunch with `data`, `target`, `target_names` and `DESCR`."""
    bunch = _load(subject)
    missing = [f for f in ("data", "target", "target_names", "DESCR") if f not in dir(bunch)]
    assert not missing, f"the bunch has no {', '.join(missing)}"
    assert len(bunch.data) == len(bunch.target), (
        f"{len(bunch.data)} images, but {len(bunch.target)} labels"
    )
    assert str(bunch.DESCR).strip(), "DESCR is empty: say where the images come from"


@contract(DATASET)
def check_dataset_images(subject: Any) -> None:
    """`data` is a batch of images, or of paths of image files, as every estimator takes it."""
    data = _load(subject).data
    try:
        # Of files, this reads each header, whatever the sizes.
        read_batch(data, "data", mixed=True).learned_shape(None, (1, 1), None, None)
    except (ValueError, TypeError) as error:
        raise AssertionError(str(error)) from error


@contract(DATASET)
def check_dataset_targets(subject: Any) -> None:
    """`target` holds positions in `target_names`, and every class occurs."""
    bunch = _load(subject)
    target, names = np.asarray(bunch.target), list(bunch.target_names)
    assert target.ndim == 1, f"target has shape {target.shape}, expected (n,): one code per image"
    assert target.size, "target is empty"
    assert target.dtype.kind in "iu", f"target has dtype {target.dtype}, expected integers"
    assert target.min() >= 0, f"target has the value {target.min()}"
    assert target.max() < len(names), f"target has {target.max()}, but {len(names)} names"
    absent = [str(names[code]) for code in set(range(len(names))) - set(target.tolist())]
    assert not absent, f"no image of class {', '.join(sorted(absent))}"
    assert len(set(map(str, names))) == len(names), "two classes have the same name"


@contract(DATASET)
def check_dataset_pair(subject: Any) -> None:
    """``return_X_y=True`` gives the same images and labels as a pair."""
    bunch = _load(subject)
    try:
        X, y = _load(subject, return_X_y=True)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"return_X_y=True does not return a pair: {error}") from error
    if not _equal(X, bunch.data) or not _equal(y, bunch.target):
        _assert_deterministic(subject)
    assert _equal(X, bunch.data), "return_X_y returns different images"
    assert _equal(y, bunch.target), "return_X_y returns different labels"


@contract(DATASET)
def check_dataset_is_loaded_anew(subject: Any) -> None:
    """What a user does to the arrays does not reach the next one who loads them."""
    _assert_deterministic(subject)
    for field in ("data", "target"):
        array = getattr(_load(subject), field)
        if not (isinstance(array, np.ndarray) and array.flags.writeable and array.size):
            continue
        expected = array.copy()
        array[...] = not array.flat[0]  # another value, whatever the first one is
        try:
            persists = not _equal(getattr(_load(subject), field), expected)
        finally:
            array[...] = expected
        assert not persists, f"changes of {field} persist"


def _assert_deterministic(subject: Any) -> None:
    first, second = _load(subject), _load(subject)
    for field in ("data", "target"):
        assert _equal(getattr(first, field), getattr(second, field)), (
            f"two loads differ in {field}: the loader is not deterministic. Seed what it draws."
        )


def _equal(a: Any, b: Any) -> bool:
    """Whether two arrays hold the same; missing values are the same as each other."""
    a, b = np.asarray(a), np.asarray(b)
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc")


def check_dataset(subject: Any) -> None:
    """Check that a data set fulfils all contracts.

    Parameters
    ----------
    subject : str or callable
        A registered name, or a loader that returns a ``sklearn.utils.Bunch``.

    Raises
    ------
    AssertionError
        If contracts are broken. The message says which, and how.
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl.testing import check_dataset
    >>> check_dataset(load_digits)
    """
    run_all(DATASET, subject, plugins.datasets)
