"""One task of `fill`: some images are looked up, computed and stored by whoever does it.

Decisions: docs/decisions.md#clusters.
"""

import copy
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdl._utils.threads import in_threads
from skdl.images import UnreadableImageError, read_image
from skdl.store._features import FeatureStore, opened


@dataclass(frozen=True)
class Done:
    """What came out of a task, or of several."""

    images: int = 0
    computed: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    bytes: int = 0

    @property
    def found(self) -> int:
        return self.images - self.computed - len(self.unreadable)

    def __add__(self, other: "Done") -> "Done":
        return Done(
            self.images + other.images,
            self.computed + other.computed,
            {**self.unreadable, **other.unreadable},
            self.bytes + other.bytes,
        )


class _Noting(FeatureStore):
    """A store that notes what is put into it, and fails where that cannot be stored.

    It merges nothing: many would do the same at once, and the one who calls `fill` does it.
    """

    def __init__(self, store: FeatureStore) -> None:
        vars(self).update(vars(store))
        self.noted: set[bytes] = set()

    def put(
        self, space: Any, keys: Any, features: NDArray[np.float32], *, seconds: float = 0.0
    ) -> None:
        self._put(space, keys, features, seconds, merge=False)
        self.noted.update(keys)


def fill_some(features: Any, store: FeatureStore, paths: list[str]) -> Done:
    """Compute what a store does not hold of these images; `features` are fitted."""
    noting = _Noting(store if store.folder is None else opened(store))
    noting.check_writable()  # a folder that is gone would keep nothing, unnoticed
    transformer = copy.copy(features)
    transformer.set_params(store=noting)
    if "verbose" in transformer.get_params(deep=False):
        transformer.set_params(verbose=0)
    unreadable: dict[str, str] = {}
    try:
        transformer.transform(paths)
    except UnreadableImageError:
        readable, unreadable = readable_of(paths)
        if readable:
            transformer.transform(readable)
    return Done(len(paths), len(noting.noted), unreadable, sum(map(_size, paths)))


def readable_of(paths: list[str]) -> tuple[list[str], dict[str, str]]:
    """The files that can be read, and why the others cannot."""
    reasons = dict(zip(paths, in_threads(_why_unreadable, paths), strict=True))
    unreadable = {path: why for path, why in reasons.items() if why}
    return [path for path in paths if path not in unreadable], unreadable


def _why_unreadable(path: str) -> str:
    try:
        read_image(path)
    except UnreadableImageError as error:
        return error.reason
    return ""


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:  # a member of an archive, or no file
        return 0
