"""The tasks of `fill` on the workers of a Dask cluster."""

import os
import pickle
import secrets
import warnings
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from skdl._utils.text import shortened, shown_path
from skdl.store._features import FeatureStore
from skdl.store._task import Done, fill_by, loaded

_PER_THREAD = 2  # tasks that wait for a worker, so that none waits for the client
_RETRIES = 2
_AGAIN = "What is done is stored: the same call goes on with the rest."


class Cluster:
    """Workers that compute features, all of them checked."""

    def __init__(self, client: Any) -> None:
        if not all(hasattr(client, name) for name in ("submit", "nthreads")):
            raise TypeError(
                f"client must be a distributed.Client, or None. Got {shortened(client)}."
            )
        self._client = client

    def run(self, features: Any, store: FeatureStore, batches: list[list[str]]) -> Iterator[Done]:
        """What comes out of each batch, as the workers end it."""
        from distributed import as_completed

        with _connected():
            shared = self._sent(features)
            self._check_workers(shared, store, batches[0])
            left = iter(batches)
            at_once = _PER_THREAD * max(1, sum(self._client.nthreads().values()))
            first = [self._submitted(shared, store, paths) for paths in islice(left, at_once)]
            running = as_completed(first)
            for future in running:
                yield self._result(future)
                for paths in islice(left, 1):
                    running.add(self._submitted(shared, store, paths))

    def _sent(self, features: Any) -> Any:
        """The transformer as the result of a task, which is there again when all workers have died.

        As bytes, which a worker that lacks a module can take, and say so.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            return self._client.submit(bytes, pickle.dumps(features), pure=False)

    def _submitted(self, shared: Any, store: FeatureStore, paths: list[str]) -> Any:
        return self._client.submit(fill_by, shared, store, paths, pure=False, retries=_RETRIES)

    def _result(self, future: Any) -> Done:
        from distributed import KilledWorker

        try:
            done: Done = future.result()
        except KilledWorker as error:
            raise RuntimeError(
                f"Workers died over the same images again and again ({error.last_worker.address} "
                "was the last), perhaps as their memory was full: take a smaller batch, fewer "
                f"threads a worker or more memory. {_AGAIN}"
            ) from error
        return done

    def _check_workers(self, shared: Any, store: FeatureStore, paths: list[str]) -> None:
        """Say what a worker lacks before anything is computed."""
        from skdl import __version__

        assert store.folder is not None
        known = next(filter(os.path.exists, paths), "")
        token = store.folder / f".skdl-{secrets.token_hex(8)}"
        token.touch()
        try:
            asked = {
                address: self._client.submit(
                    what_is_missing, shared, __version__, known, token,
                    workers=[address], allow_other_workers=False, pure=False,
                )
                for address in self._client.nthreads()
            }  # fmt: skip
            for address, future in asked.items():
                error = future.exception()
                lacks = future.result() if error is None else _in_words(error)
                if lacks:
                    raise RuntimeError(f"The worker {address} cannot take part: {lacks}")
        finally:
            token.unlink(missing_ok=True)


def what_is_missing(pickled: bytes, version: str, image: str, token: Path) -> str:
    """What this worker lacks, in words; "" if nothing."""
    from skdl import __version__

    if __version__ != version:
        return f"it has skdl {__version__}, and this process {version}. Install the same."
    if image and not os.path.exists(image):
        return (
            f"it does not find {shown_path(image)}. Give paths by which all machines see the "
            "images, such as those of a shared file system."
        )
    if not token.exists():
        return (
            f"it does not see the store's folder {shown_path(str(token.parent))}. Choose one that "
            "all machines share."
        )
    loaded(pickled)
    return ""


def _in_words(error: BaseException) -> str:
    told = f"{type(error).__name__}: {shortened(str(error))}."
    if isinstance(error, ImportError):
        told += " Install it there, or send the module with client.upload_file."
    return told


@contextmanager
def _connected() -> Iterator[None]:
    """Say in words that the scheduler is gone."""
    from distributed.comm import CommClosedError

    try:
        yield
    except (CancelledError, CommClosedError) as error:
        raise ConnectionError(
            f"The Dask scheduler is gone, or has forgotten the tasks ({error}). {_AGAIN}"
        ) from error
