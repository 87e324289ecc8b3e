"""Work done by the workers of a Dask cluster, which may lack something, or die.

Decisions: docs/decisions.md#clusters.
"""

import functools
import pickle
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import islice
from typing import Any

from skdl._utils.text import shortened

_PER_THREAD = 2  # tasks that wait for a worker, so that none waits for the client
_RETRIES = 2


class Workers:
    """The workers of a cluster.

    joblib's backend waits for ever where a worker cannot load its task, or the scheduler dies, and
    gives up a search where a worker does. Here, that is an error that says so, and a task whose
    worker died is done by another one.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    again : str
        What an error says of going on.
    """

    def __init__(self, client: Any, again: str) -> None:
        if not all(hasattr(client, name) for name in ("submit", "nthreads")):
            raise TypeError(
                f"client must be a distributed.Client, or None. Got {shortened(client)}."
            )
        self._client, self._again = client, again

    def run(
        self,
        function: Callable[..., Any],
        shared: Any,
        items: Iterable[Any],
        also: Callable[[], str] | None = None,
    ) -> Iterator[Any]:
        """Results of ``function(shared, item)`` for each item, as workers end them.

        What is shared is sent to each worker once; `also` says on a worker what else it lacks.

        Raises
        ------
        ConnectionError
            If the connection to the scheduler is lost.
        RuntimeError
            If a worker lacks something, naming both, or workers die repeatedly on the same task.
        """
        from distributed import as_completed

        with self._connected():
            sent = self._sent(shared)
            self._refuse_lacking(sent, also)
            left, running = iter(items), as_completed()
            while True:
                for item in islice(left, max(0, self._at_once() - running.count())):
                    running.add(self._submitted(function, sent, item))
                if running.is_empty():
                    return
                yield self._result(next(running))

    def _at_once(self) -> int:
        """Tasks that the workers there are now have, or wait for them."""
        n_threads: int = sum(self._client.nthreads().values())
        return _PER_THREAD * max(1, n_threads)

    def _sent(self, shared: Any) -> Any:
        """What is shared, as the result of a task: there again when all workers have died.

        As bytes, which a worker that lacks a module can take, and say so.
        """
        from distributed.protocol import pickle as cloud

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            return self._client.submit(bytes, cloud.dumps(shared), pure=False)

    def _submitted(self, function: Any, sent: Any, item: Any) -> Any:
        return self._client.submit(called, function, sent, item, pure=False, retries=_RETRIES)

    def _result(self, future: Any) -> Any:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            raise RuntimeError(
                f"Workers died repeatedly on the same task, most recently "
                f"{error.last_worker.address}, perhaps because they ran out of memory. Use smaller "
                f"tasks, fewer threads per worker or more memory. {self._again}"
            ) from error

    def _refuse_lacking(self, sent: Any, also: Callable[[], str] | None) -> None:
        """Say what a worker lacks before anything is computed."""
        from skdl import __version__

        asked = {
            address: self._client.submit(
                what_is_missing, sent, __version__, also,
                workers=[address], allow_other_workers=False, pure=False,
            )
            for address in self._client.nthreads()
        }  # fmt: skip
        for address, future in asked.items():
            error = future.exception()
            lacks = future.result() if error is None else _in_words(error)
            if lacks:
                raise RuntimeError(f"The worker {address} cannot take part: {lacks}")

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Say in words that the scheduler is gone."""
        from distributed.comm import CommClosedError

        try:
            yield
        except (CancelledError, CommClosedError) as error:
            raise ConnectionError(
                f"The connection to the Dask scheduler was lost, or it dropped tasks: {error}. "
                f"{self._again}"
            ) from error


@functools.lru_cache(maxsize=1)
def loaded(pickled: bytes) -> Any:
    """What was sent to this worker, which the first task loads."""
    return pickle.loads(pickled)


def called(function: Callable[..., Any], pickled: bytes, item: Any) -> Any:
    """What a task does."""
    return function(loaded(pickled), item)


def what_is_missing(pickled: bytes, version: str, also: Callable[[], str] | None) -> str:
    """What this worker lacks, in words; "" if nothing."""
    from skdl import __version__

    if __version__ != version:
        return f"it has skdl {__version__}, but this process has {version}. Install the same."
    lacks = "" if also is None else also()
    if not lacks:
        loaded(pickled)
    return lacks


def _in_words(error: BaseException) -> str:
    told = f"{type(error).__name__}: {shortened(str(error))}."
    if isinstance(error, ImportError):
        told += " Install it there, or send the module with client.upload_file."
    return told
