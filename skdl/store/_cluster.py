"""The tasks of `fill` on the workers of a Dask cluster.

Decisions: docs/decisions.md#clusters.
"""

import os
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from skdl._utils.text import shown_path
from skdl._utils.workers import Workers
from skdl.store._features import FeatureStore
from skdl.store._task import Done, fill_some

_AGAIN = "Finished batches are stored; the same call continues with the rest."


def fill_by_workers(
    client: Any, features: Any, store: FeatureStore, batches: list[list[str]]
) -> Iterator[Done]:
    """What comes out of each batch, as the workers end it."""
    assert store.folder is not None
    token = store.folder / f".skdl-{secrets.token_hex(8)}"
    token.touch()
    try:
        known = next(filter(os.path.exists, batches[0]), "")
        also = partial(not_seen, known, token)
        yield from Workers(client, _AGAIN).run(fill_batch, (features, store), batches, also)
    finally:
        token.unlink(missing_ok=True)


def fill_batch(shared: tuple[Any, FeatureStore], paths: list[str]) -> Done:
    """Compute what the store does not hold of these images."""
    return fill_some(*shared, paths)


def not_seen(image: str, token: Path) -> str:
    """What of a shared file system this worker does not see, in words; "" if nothing."""
    if image and not os.path.exists(image):
        return (
            f"it cannot find {shown_path(image)}. Use paths under which all machines see the "
            "images, such as those of a shared file system."
        )
    if not token.exists():
        return (
            f"it cannot see the store's folder {shown_path(str(token.parent))}. Choose a folder "
            "that all machines share."
        )
    return ""
