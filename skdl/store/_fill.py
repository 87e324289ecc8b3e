"""Filling a store with features of many images, on this machine or by the workers of a cluster."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from sklearn.base import clone

from skdl._utils.checks import check_whole
from skdl._utils.progress import Progress
from skdl._utils.text import counted, in_bytes, say, shortened
from skdl.images import UnreadableImageError, require_paths
from skdl.store._cluster import fill_by_workers
from skdl.store._features import FeatureStore
from skdl.store._task import Done, absolute, fill_some, opened, readable_of

_SHOWN = 5  # unreadable files that are named in a line


@dataclass(frozen=True)
class FillReport:
    """What :func:`fill` did.

    Attributes
    ----------
    images : int
        Distinct paths.
    found : int
        Images whose features were stored before; of equal images, all but the first.
    computed : int
        Images whose features were computed.
    unreadable : dict of str to str
        Paths of files that cannot be read, and why.
    bytes : int
        Bytes of the files that were read.
    seconds : float
        How long it took.

    Examples
    --------
    >>> from skdl.store import FillReport
    >>> unreadable = {"7.png": "the file is empty"}
    >>> print(FillReport(100, 20, 79, unreadable, bytes=2_500_000, seconds=8.0))
    100 images, 2.5 MB: 79 computed, 20 found, 1 unreadable, in 8 s. Unreadable: 7.png (the file ...
    """

    images: int
    found: int
    computed: int
    unreadable: dict[str, str] = field(repr=False)
    bytes: int
    seconds: float

    def __str__(self) -> str:
        told = (
            f"{counted(self.images, 'image')}, {in_bytes(self.bytes)}: {self.computed:,} computed, "
            f"{self.found:,} found, {len(self.unreadable):,} unreadable, in {self.seconds:.0f} s."
        )
        named = [f"{path} ({why})" for path, why in islice(self.unreadable.items(), _SHOWN)]
        more = len(self.unreadable) - len(named)
        if named:
            told += f" Unreadable: {'; '.join(named)}{f'; and {more:,} more' if more else ''}."
        return told


def fill(
    features: Any,
    paths: Any,
    store: Any,
    client: Any = None,
    *,
    batch: int = 256,
    verbose: int = 1,
) -> FillReport:
    """Compute the features of image files that a store does not hold yet.

    Any pipeline on any machine that is given the same store then finds them. The same call again
    computes what is missing and nothing else, whatever became of the one before: each batch is
    looked up, computed and written by itself.

    Parameters
    ----------
    features : transformer
        :class:`skdl.BackboneFeatures`, :class:`skdl.VGG16Features` or another transformer with a
        parameter `store`. It is not changed; unless it is fitted, a copy is fitted to the first
        batch, which decides on the value range where `value_range` does not.
    paths : array-like of shape (n,)
        Paths of image files. What is relative is taken from the working directory of this process.
    store : str, path-like or FeatureStore
        The folder to fill, or a store. With a client, a folder that all workers see by this path.
    client : distributed.Client, default=None
        A Dask cluster whose workers compute. None computes here.
    batch : int, default=256
        Images of a task, at least 1. Of a worker that dies, so many are computed again.
    verbose : int, default=1
        1 shows images per second, bytes and the time left, and reports what was done.

    Returns
    -------
    report : FillReport
        What was found and computed, and which files cannot be read.

    Raises
    ------
    TypeError
        If `features` has no `store`, or `store` is none.
    ValueError
        If there are no paths, no file of the first batch can be read, images do not fit
        `features`, the store is in memory though there is a client, or it may not hold so much.
    OSError
        If features cannot be stored, for example as the disk is full.
    ConnectionError
        If the scheduler is gone.
    RuntimeError
        If a worker cannot take part, naming it and why, or workers died again and again.

    See Also
    --------
    FeatureStore : Where they are kept.

    Notes
    -----
    A file is known by the sha256 of its content, so that moved and renamed files are found, and
    equal ones computed once in a batch, and at most once in each of several at the same time.

    What a worker lacks is said before anything is computed: another version of skdl, a plugin, the
    images or the folder of the store. Workers that join later are not asked.

    Examples
    --------
    >>> import numpy as np
    >>> from PIL import Image
    >>> from skdl import BackboneFeatures
    >>> from skdl.store import fill
    >>> draw = np.random.default_rng(0)
    >>> paths = [f"{number}.png" for number in range(6)]
    >>> for path in paths:
    ...     Image.fromarray(draw.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
    >>> report = fill(BackboneFeatures(), paths, "features", batch=4, verbose=0)
    >>> report.computed, report.found
    (6, 0)
    >>> fill(BackboneFeatures(), paths, "features", verbose=0).found
    6
    """
    start = time.perf_counter()
    params = features.get_params(deep=False) if hasattr(features, "get_params") else {}
    if "store" not in params or not hasattr(features, "transform"):
        raise TypeError(
            "features must be a transformer that keeps what it computes in a store, such as "
            f"skdl.BackboneFeatures. Got {shortened(features)}."
        )
    check_whole(batch, "batch", low=1)
    check_whole(verbose, "verbose", low=0)
    place = _checked_store(store, client)
    distinct = list(dict.fromkeys(absolute(path) for path in require_paths(paths)))
    model = features if hasattr(features, "n_features_in_") else _fitted(features, distinct[:batch])
    _check_room(model, place, len(distinct))
    batches = [distinct[first : first + batch] for first in range(0, len(distinct), batch)]
    tasks: Iterator[Done]
    if client is None:
        tasks = map(partial(fill_some, model, place), batches)
    else:
        tasks = fill_by_workers(client, model, place, batches)
    report = _collected(tasks, len(distinct), start, bool(verbose))
    place.compact()
    if verbose:
        say(str(report))
    return report


def _collected(tasks: Iterator[Done], n: int, start: float, shown: bool) -> FillReport:
    """What all tasks have done together."""
    done, images = Done(), 0
    with Progress("Features", n, shown=shown, unit="images") as progress:
        for task in tasks:
            done, images = done + task, images + task.images
            left = (time.perf_counter() - start) / images * (n - images)
            soon = f", {_duration(left)} left" if left else ""
            progress.update(images, f"{in_bytes(done.bytes)}{soon}")
    seconds = time.perf_counter() - start
    unreadable = dict(sorted(done.unreadable.items()))
    return FillReport(n, done.found, done.computed, unreadable, done.bytes, seconds)


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"


def _checked_store(store: Any, client: Any) -> FeatureStore:
    """The store, whose folder is there and can be written to."""
    if store is None:
        raise TypeError("store must be a folder or a FeatureStore. Got None.")
    place = store if isinstance(store, FeatureStore) else opened(FeatureStore(store))
    if client is not None and place.folder is None:
        raise ValueError("The workers of a cluster share a folder: pass the path of one as store.")
    place.check_writable()
    return place


def _fitted(features: Any, paths: list[str]) -> Any:
    """A copy that is fitted to those of the first images that can be read."""
    copy: Callable[[list[str]], Any] = clone(features).set_params(store=None).fit
    try:
        return copy(paths)
    except UnreadableImageError:
        readable, unreadable = readable_of(paths)
        if not readable:
            first, why = next(iter(unreadable.items()))
            raise ValueError(
                f"None of the first {counted(len(paths), 'image')} can be read. The first: "
                f"{shortened(first)}, {why}."
            ) from None
        return copy(readable)


def _check_room(model: Any, store: FeatureStore, n: int) -> None:
    """Refuse what would push itself out of the store."""
    needed = n * (4 * len(model.get_feature_names_out()) + 64)
    if needed > store.max_bytes:
        place = "" if store.folder is None else f"{str(store.folder)!r}, "
        raise ValueError(
            f"The features of {counted(n, 'image')} take up to {in_bytes(needed)}, and the store "
            f"keeps {in_bytes(store.max_bytes)}: pass FeatureStore({place}max_bytes="
            f"{int(np.ceil(1.2 * needed))})."
        )
