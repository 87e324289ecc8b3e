"""What all loaders share: paths, samples, and the bunch they return."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from skdl._utils.checks import check_whole
from skdl._utils.text import shown_path
from skdl.datasets._tree import why_closed

Codes = npt.NDArray[np.int64]


def refuse_pair_with_groups(groups: Any, return_X_y: bool) -> None:
    """Refuse to lose groups that were asked for."""
    if groups and return_X_y:
        raise ValueError(
            "return_X_y=True cannot return groups. Leave it out, and use data, target and groups "
            "of the bunch."
        )


@contextmanager
def what_is_closed(path: Path) -> Iterator[None]:
    """Say of a path that the system does not open what is wrong with it, as a ValueError."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP):
            raise
        name = str(error.filename or path)
        raise ValueError(f"{shown_path(name)} cannot be read: {why_closed(error)}.") from error


def _quotas(counts: Codes, n_samples: int) -> Codes:
    """How many of each class make a stratified sample: largest remainders, at least one."""
    exact = counts * (n_samples / counts.sum())
    chosen: Codes = np.maximum(np.floor(exact).astype(np.int64), np.minimum(counts, 1))
    while chosen.sum() > n_samples:
        chosen[np.argmax(np.where(chosen > 1, chosen - exact, -np.inf))] -= 1
    while chosen.sum() < n_samples:
        chosen[np.argmax(np.where(chosen < counts, exact - chosen, -np.inf))] += 1
    return chosen


def draw(
    target: Codes, n_classes: int, n_samples: Any, random_state: Any
) -> list[tuple[Codes, int]]:
    """Rows of each class in a random order, and how many of the first make a stratified sample.

    For all images, their rows are in one piece, in their own order.
    """
    if n_samples is None:
        return [(np.arange(len(target)), len(target))]
    counts = np.bincount(target, minlength=n_classes)
    name = "n_samples (at least one per class; None uses all)"
    check_whole(n_samples, name, low=int(np.count_nonzero(counts)), high=len(target))
    generator = check_random_state(random_state)
    return [
        (generator.permutation(np.flatnonzero(target == code)), quota)
        for code, quota in enumerate(_quotas(counts, int(n_samples)).tolist())
    ]


def sample_rows(target: Codes, n_classes: int, n_samples: Any, random_state: Any) -> Codes | slice:
    """Rows of a stratified sample in ascending order; a slice, which copies nothing, of all."""
    if n_samples is None:
        return slice(None)
    drawn = draw(target, n_classes, n_samples, random_state)
    return np.sort(np.concatenate([order[:quota] for order, quota in drawn]))


def image_bunch(
    images: npt.NDArray[Any],
    target: Codes,
    names: Sequence[str],
    description: str,
    n_samples: Any,
    random_state: Any,
    return_X_y: bool,
    **more: Any,
) -> Any:
    """What a loader of arrays returns: of a stratified sample of them, or of all."""
    rows = sample_rows(target, len(names), n_samples, random_state)
    images, target = images[rows], target[rows]
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
