"""Cores and threads: how many there are, work done by several, states they borrow together.

Decisions: docs/decisions.md#speed-and-threads.
"""

import multiprocessing
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

import joblib


def cores_of_worker() -> int | None:
    """How many cores this process should use, None if it is no worker.

    joblib divides the cores among loky's workers, minding `inner_max_num_threads` and
    ``LOKY_MAX_CPU_COUNT``, and tells each its share as ``OMP_NUM_THREADS``, for OpenMP and BLAS. A
    Dask worker has a number of threads.
    """
    if multiprocessing.parent_process() is None:
        return None
    if type(multiprocessing.current_process()).__name__ == "LokyProcess":
        share = os.environ.get("OMP_NUM_THREADS", "")
        return int(share) if share.isdigit() and int(share) > 0 else None
    if "distributed.worker" in sys.modules:
        # Not distributed.get_worker(): that knows no worker while a task is being unpickled.
        workers = getattr(sys.modules["distributed.worker"].Worker, "_instances", ())
        return sum(worker.state.nthreads for worker in workers) or None
    return None


def available_cores() -> int:
    """Number of cores for threads of this process: its share as a worker, or the machine's."""
    return cores_of_worker() or joblib.cpu_count()


Item = TypeVar("Item")
Result = TypeVar("Result")

PER_TASK = 16
"""Items handed to one thread at a time: enough to hide the cost of handing over."""

_TASKS_AHEAD = 32
# For so many items: more than a look at files that are known, less than threads take to start.
_QUICK_SECONDS = 1e-3


def in_threads(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    n: int | None = None,
    per_task: int = PER_TASK,
) -> Iterator[Result]:
    """Results of a function for each item, in their order, computed by several threads.

    The first exception is raised where its result would have been. Threads, as many as there are
    cores unless `n` says otherwise, are never many tasks ahead of the one who takes the results; a
    task is several items, or one where results are large. As long as no item takes longer than it
    would to hand it over, as with files that are known already, the caller's own thread computes.
    """
    spent = 0.0
    for place, item in enumerate(items):
        start = time.perf_counter()
        result = function(item)
        spent = time.perf_counter() - start + (spent if place % PER_TASK else 0.0)
        yield result
        if spent > _QUICK_SECONDS:
            yield from _pooled(function, items[place + 1 :], n, per_task)
            return


def _pooled(
    function: Callable[[Item], Result], items: Sequence[Item], n: int | None, per_task: int
) -> Iterator[Result]:
    def some(start: int) -> tuple[list[Result], Exception | None]:
        done: list[Result] = []
        try:
            done.extend(map(function, items[start : start + per_task]))
        except Exception as error:  # raised behind what was computed before it
            return done, error
        return done, None

    def results(task: Future[tuple[list[Result], Exception | None]]) -> Iterator[Result]:
        done, error = task.result()
        yield from done
        if error is not None:
            raise error

    waiting: deque[Future[tuple[list[Result], Exception | None]]] = deque()
    with ThreadPoolExecutor(n or n_threads_for(len(items))) as pool:
        try:
            for start in range(0, len(items), per_task):
                waiting.append(pool.submit(some, start))
                if len(waiting) > _TASKS_AHEAD:
                    yield from results(waiting.popleft())
            while waiting:
                yield from results(waiting.popleft())
        finally:
            for task in waiting:
                task.cancel()


def n_threads_for(n_items: int) -> int:
    """As many as there are cores, but no more than items."""
    return max(1, min(available_cores(), n_items))


Undo: TypeAlias = list[Callable[[], object]]


class TakenOver:
    """A state of the process that the first thread inside takes over and the last gives back.

    `take_over` changes the state, and returns what gives it back, in reverse order.
    """

    def __init__(self, take_over: Callable[[], Undo]) -> None:
        self._take_over = take_over
        self._lock = threading.Lock()
        self._n_inside = 0
        self._undo: Undo = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._n_inside == 0:
                self._undo = self._take_over()
            self._n_inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_inside -= 1
                while self._n_inside == 0 and self._undo:
                    self._undo.pop()()
