"""What all loaders share: subsets, samples, and the bunch they return."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from skdl._utils.text import shortened, shown_path
from skdl.datasets._tree import why_closed

Codes = npt.NDArray[np.int64]


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Refuse a parameter that is none of its choices.

    Raises
    ------
    ValueError
        Naming them.
    """
    if not isinstance(value, str) or value not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(f"The parameter {name} must be one of {known}. Got {shortened(value)}.")


def check_path(path: Any) -> Path:
    """The parameter `path` as an absolute path.

    Raises
    ------
    TypeError, ValueError
        If it is none.
    """
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"The parameter path must be a string or a path. Got {shortened(path)}.")
    if not os.fspath(path):
        raise ValueError(
            f"The parameter path must be a path; '.' is this folder. Got {shortened(path)}."
        )
    return Path(os.path.abspath(os.path.expanduser(path)))


def refuse_pair_with_groups(group_column: str | None, return_X_y: bool) -> None:
    """Refuse to lose groups that were asked for.

    Raises
    ------
    ValueError
        If there is a column of groups and a pair is to be returned.
    """
    if group_column is not None and return_X_y:
        raise ValueError(
            "return_X_y=True has no place for groups. Leave it out, and take data, target and "
            "groups of the bunch."
        )


@contextmanager
def what_is_closed(path: Path) -> Iterator[None]:
    """Say of a path that the system does not open what is wrong with it.

    Raises
    ------
    ValueError
        In place of an OSError that says so.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP):
            raise
        name = str(error.filename or path)
        raise ValueError(f"{shown_path(name)} cannot be read: {why_closed(error)}.") from error


def check_n_samples(n_samples: Any, available: int, n_classes: int) -> int | None:
    """Validate the parameter `n_samples`.

    Raises
    ------
    ValueError
        If it is no whole number from the number of classes to that of the images.
    """
    if n_samples is None:
        return None
    integer = isinstance(n_samples, int | np.integer) and not isinstance(n_samples, bool)
    if not integer or n_samples < n_classes:
        raise ValueError(
            "The parameter n_samples must be a whole number, at least one for each of the "
            f"{n_classes} classes, or None for all. Got {shortened(n_samples)}."
        )
    if n_samples > available:
        raise ValueError(f"The parameter n_samples={n_samples}, but there are {available} images.")
    return int(n_samples)


def quotas(counts: Codes, n_samples: int) -> Codes:
    """How many of each class make a stratified sample: shares of largest remainder, at least one.

    Parameters
    ----------
    counts : ndarray of shape (n_classes,)
        How many there are of each class.
    n_samples : int
        At least the number of classes that occur, at most the sum of `counts`.

    Returns
    -------
    quotas : ndarray of shape (n_classes,)
        Their sum is `n_samples`.
    """
    exact = counts * (n_samples / counts.sum())
    chosen: Codes = np.maximum(np.floor(exact).astype(np.int64), np.minimum(counts, 1))
    while chosen.sum() > n_samples:
        chosen[np.argmax(np.where(chosen > 1, chosen - exact, -np.inf))] -= 1
    while chosen.sum() < n_samples:
        chosen[np.argmax(np.where(chosen < counts, exact - chosen, -np.inf))] += 1
    return chosen


def draw_orders(target: Codes, n_classes: int, random_state: Any) -> list[Codes]:
    """Rows of each class, in the random order in which samples take them."""
    generator = check_random_state(random_state)
    return [generator.permutation(np.flatnonzero(target == code)) for code in range(n_classes)]


def stratified_rows(
    target: Codes, n_classes: int, n_samples: Any, random_state: Any
) -> Codes | None:
    """Rows of a stratified sample, in ascending order; None for all rows."""
    n_samples = check_n_samples(n_samples, len(target), n_classes)
    if n_samples is None:
        return None
    wanted = quotas(np.bincount(target, minlength=n_classes), n_samples)
    orders = draw_orders(target, n_classes, random_state)
    rows = [order[:quota] for order, quota in zip(orders, wanted, strict=True)]
    return np.sort(np.concatenate(rows))


def image_bunch(
    images: npt.NDArray[Any],
    target: Codes,
    names: Sequence[str],
    description: str,
    return_X_y: bool,
    **more: Any,
) -> Any:
    """What a loader of arrays returns."""
    if return_X_y:
        return images, target
    return Bunch(
        data=images,
        target=target,
        target_names=np.array(names, dtype=np.str_),
        images=images,
        DESCR=description,
        **more,
    )
