"""The workers of a Dask cluster, where an analysis is given one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from joblib import parallel_config

from skdl._utils.text import shortened

_SECONDS = 30  # that a scheduler has to answer


@contextmanager
def on_cluster(address: Any) -> Iterator[Any]:
    """Its client; None without an address."""
    if address is None:
        yield None
        return
    if not isinstance(address, str):
        raise TypeError(
            "cluster must be the address of a Dask scheduler, such as 'tcp://127.0.0.1:8786'. Got "
            f"{shortened(address)}."
        )
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError('cluster needs Dask: python -m pip install "skdl[dask]"') from error
    try:
        client = Client(address, timeout=_SECONDS)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"No Dask scheduler answers at {shortened(address)}: {error}."
        ) from error
    with client:
        yield client


def folds_by(client: Any) -> AbstractContextManager[Any]:
    """While this lasts, `evaluate` has the workers of a client, if there is one, fit its folds."""
    return nullcontext() if client is None else parallel_config("dask", client=client)
