"""Contracts of data sets."""

from typing import Any

import numpy as np

from skdl import plugins
from skdl.images import check_image_array, infer_image_shape
from skdl.testing._contracts import DATASET, contract, run_all


def _load(subject: Any, **params: Any) -> Any:
    loader = plugins.datasets.get(subject) if isinstance(subject, str) else subject
    return loader(**params)


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
    """`data` is a batch of images as every estimator takes it."""
    data = _load(subject).data
    try:
        infer_image_shape(check_image_array(data, name="data").shape)
    except (ValueError, TypeError) as error:
        raise AssertionError(str(error)) from error


@contract(DATASET)
def check_dataset_targets(subject: Any) -> None:
    """`target` holds positions in `target_names`, and every class occurs."""
    bunch = _load(subject)
    target, names = np.asarray(bunch.target), list(bunch.target_names)
    assert target.dtype.kind in "iu", f"target is of dtype {target.dtype}, expected integers"
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
        raise AssertionError(f"return_X_y=True gives no pair: {error}") from error
    assert np.array_equal(X, bunch.data), "return_X_y gives other images"
    assert np.array_equal(y, bunch.target), "return_X_y gives other labels"


@contract(DATASET)
def check_dataset_is_loaded_anew(subject: Any) -> None:
    """What a user does to the arrays does not reach the next one who loads them."""
    first = _load(subject)
    expected = np.array(first.data, copy=True)
    if isinstance(first.data, np.ndarray) and first.data.flags.writeable:
        first.data[...] = 0
    assert np.array_equal(_load(subject).data, expected), "changes of the images persist"


def check_dataset(subject: Any) -> None:
    """Check that a data set keeps all contracts.

    Parameters
    ----------
    subject : str or callable
        A registered name, or a loader that returns a ``sklearn.utils.Bunch``.

    Raises
    ------
    AssertionError
        Naming every contract that is broken, and how.
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl.testing import check_dataset
    >>> check_dataset(load_digits)
    """
    if isinstance(subject, str):
        plugins.datasets.get(subject)
    run_all(DATASET, subject)
