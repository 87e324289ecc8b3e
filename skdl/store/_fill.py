"""Filling a store with features of many images, on this machine or by the workers of a cluster.

Decisions: docs/decisions.md#the-feature-store.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from sklearn.base import clone

from skdl._utils.checks import check_whole
from skdl._utils.progress import Progress
from skdl._utils.text import counted, in_bytes, say, shortened
from skdl.images import UnreadableImageError, require_paths
from skdl.store._cluster import fill_by_workers
from skdl.store._features import FeatureStore, opened
from skdl.store._pace import Pace
from skdl.store._task import Done, fill_some, readable_of

_BESIDES = 64  # bytes of an entry besides its values, or fewer
_HEADROOM = 1.2  # since a store that is nearly full begins to remove
_SHOWN = 5  # unreadable files that are named in a line
_BATCHES_APART = 256  # of which each has written a file, before they are merged


@dataclass(frozen=True)
class FillReport:
    """What :func:`fill` did.

    Attributes
    ----------
    images : int
        Number of distinct paths.
    found : int
        Number of images whose features were already stored; of equal images, all but the first.
    computed : int
        Number of images whose features were computed.
    unreadable : dict of str to str
        Paths of files that cannot be read, and why.
    bytes : int
        Size of the files that were read.
    seconds : float
        Elapsed time.

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

    Any pipeline with the same store, on any machine, then finds them. Calling it again computes
    only what is missing, even if the previous call was killed: each batch is looked up, computed
    and written separately.

    Parameters
    ----------
    features : transformer
        :class:`skdl.BackboneFeatures`, :class:`skdl.VGG16Features` or another transformer with a
        parameter `store`. It is left unchanged; if it is not fitted, a copy is fitted to the first
        batch, from which the value range is learned unless `value_range` is set.
    paths : array-like of shape (n,)
        Paths of image files. Relative paths are resolved against the current working directory.
    store : str, path-like or FeatureStore
        The folder to fill, or a store. With a client, all workers must see it under this path.
    client : distributed.Client, default=None
        Client of a Dask cluster whose workers compute the features. If None, compute them in this
        process.
    batch : int, default=256
        Number of images per task, at least 1. When a worker dies, its batch is computed again.
    verbose : int, default=1
        If 1, show images per second, bytes read and the time left, and print the report.

    Returns
    -------
    report : FillReport
        What was found and computed, and which files cannot be read.

    Raises
    ------
    TypeError
        If `features` has no parameter `store`, or `store` is neither a folder nor a FeatureStore.
    ValueError
        If there are no paths, no file of the first batch can be read, the images do not fit
        `features`, the store is in memory but a client is given, or its `max_bytes` is too small.
    OSError
        If features cannot be stored, for example because the disk is full.
    ConnectionError
        If the connection to the scheduler is lost.
    RuntimeError
        If a worker cannot take part, naming it and the reason, or workers die repeatedly on the
        same batch.

    See Also
    --------
    FeatureStore : Where the features are kept.

    Notes
    -----
    Files are identified by the sha256 of their content, so moved and renamed files are found.
    Equal images are computed once, unless batches that run at the same time contain them.

    Before anything is computed, each worker is checked: it must have the same version of skdl and
    all plugins, and see the images and the folder of the store. Workers that join later are not
    checked.

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
    distinct = list(dict.fromkeys(os.path.abspath(path) for path in require_paths(paths)))
    model = features if hasattr(features, "n_features_in_") else _fitted(features, distinct[:batch])
    _check_room(model, place, len(distinct))
    _compact(place)  # what a call that was killed has left, for the workers to open
    batches = [distinct[first : first + batch] for first in range(0, len(distinct), batch)]
    tasks: Iterator[Done]
    if client is None:
        tasks = map(partial(fill_some, model, place), batches)
    else:
        tasks = fill_by_workers(client, model, place, batches)
    report = _collected(_merged(tasks, place), len(distinct), start, bool(verbose))
    if verbose:
        say(str(report))
    return report


def _merged(tasks: Iterator[Done], place: FeatureStore) -> Iterator[Done]:
    """Merge what the tasks have written, so that there are never many files to list and open."""
    apart, pace = 0, Pace()
    for task in tasks:
        yield task
        apart += task.computed > 0
        if apart >= _BATCHES_APART and pace.is_due:
            apart = 0
            with pace.look():
                _compact(place)
    if apart:
        _compact(place)


def _compact(place: FeatureStore) -> None:
    with suppress(OSError):  # a disk that is too full for it: everything is stored
        place.compact()


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
        raise ValueError(
            "The workers of a cluster cannot share a store in memory. Pass the path of a folder."
        )
    place.check_writable()
    return place


def _fitted(features: Any, paths: list[str]) -> Any:
    """A copy that is fitted to those of the first images that can be read."""
    fit = clone(features).set_params(store=None).fit
    try:
        return fit(paths)
    except UnreadableImageError:
        readable, unreadable = readable_of(paths)
        if not readable:
            first, why = next(iter(unreadable.items()))
            raise ValueError(
                f"None of the first {counted(len(paths), 'image')} can be read. The first: "
                f"{shortened(first)}, {why}."
            ) from None
        return fit(readable)


def room_for(n: int, width: int) -> int:
    """Bytes that a store must be allowed to keep for so many images."""
    return int(_HEADROOM * n * (4 * width + _BESIDES))


def _check_room(model: Any, store: FeatureStore, n: int) -> None:
    """Refuse what would push itself out of the store."""
    needed = room_for(n, len(model.get_feature_names_out()))
    if needed > store.max_bytes:
        place = "" if store.folder is None else f"{str(store.folder)!r}, "
        raise ValueError(
            f"The features of {counted(n, 'image')} need up to {in_bytes(needed)}, but the store "
            f"keeps {in_bytes(store.max_bytes)}. Pass FeatureStore({place}max_bytes={needed})."
        )
