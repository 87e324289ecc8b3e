"""A function for many items, by several threads, in their order."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from skdl._cores import available_cores

Item = TypeVar("Item")
Result = TypeVar("Result")

PER_TASK = 16
"""Items handed to one thread at a time: enough to hide the cost of handing over."""


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], n: int | None = None
) -> Iterator[Result]:
    """Results of a function for each item, in their order, computed by several threads.

    Parameters
    ----------
    function : callable
    items : sequence
    n : int, default=None
        Number of threads; None takes as many as there are cores.

    Yields
    ------
    result : object
        The first exception is raised where its result would have been.
    """

    def some(start: int) -> list[Result]:
        return [function(item) for item in items[start : start + PER_TASK]]

    with ThreadPoolExecutor(n or n_threads_for(len(items))) as pool:
        starts = range(0, len(items), PER_TASK)
        with closing(_bounded_map(pool, some, starts)) as batches:
            for batch in batches:
                yield from batch


def _bounded_map(
    pool: ThreadPoolExecutor, function: Callable[[int], Result], items: Iterable[int]
) -> Generator[Result]:
    """Like ``pool.map``, but never many results ahead of the one who takes them."""
    waiting: list[Future[Result]] = []
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 32:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for task in waiting:
            task.cancel()


def n_threads_for(n_items: int) -> int:
    """As many as there are cores, but no more than items."""
    return max(1, min(available_cores(), n_items))
