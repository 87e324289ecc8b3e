"""How much a folder may hold."""

import os
import time

from skdl.store._layout import FoundFile, Layout
from skdl.store._pace import Pace

_SHARE_LEFT = 0.9  # so that not every further put has to remove something
_SHARE_UNSEEN = 0.05
_SECONDS_UNSEEN = 30.0


class SizeLimit:
    """Removes the least recently used shards of a folder that holds more than it may.

    Listing a large folder takes a while, so that between listings, what this process adds is
    counted; other processes' shards are seen half a minute later, or earlier if much is added.
    """

    def __init__(self, layout: Layout, max_bytes: int) -> None:
        self._layout = layout
        self._max_bytes = max_bytes
        self._total = 0
        self._unseen = 0
        self._pace = Pace(_SECONDS_UNSEEN)

    @property
    def usable(self) -> int:
        """Bytes that one put may take without pushing out its own entries."""
        return int(self._max_bytes * _SHARE_LEFT)

    def changed(self, added: int) -> None:
        """Count bytes that were added, or removed if less than 0."""
        self._total += added
        self._unseen += abs(added)

    def enforce(self) -> None:
        """Remove what is too much, oldest use first."""
        if (
            self._total <= self._max_bytes
            and self._unseen <= self._max_bytes * _SHARE_UNSEEN
            and not self._pace.is_due
        ):
            return
        with self._pace.look():
            self._layout.remove_stale()
            files = self._layout.all_shards()
        now = time.time()
        last_use = {file: _last_use(file, now) for file in files}
        self._total = sum(file.bytes for file in files)
        self._unseen = 0
        if self._total > self._max_bytes:
            for file in sorted(files, key=last_use.__getitem__):
                if self._total <= self.usable:
                    break
                self._total -= file.remove()


def _last_use(file: FoundFile, now: float) -> float:
    """When a file was used; one dated in the future is dated anew, or it would never be removed."""
    if file.used <= now:
        return file.used
    try:
        os.utime(file.path, (now, now))
    except OSError:
        return 0.0  # the first to go
    return now
