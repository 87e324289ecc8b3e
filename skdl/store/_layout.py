"""Where a store keeps what in its folder: ``features-v1/<digest of the space>/<random>.shard``.

Decisions: docs/decisions.md#the-feature-store.
"""

import json
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skdl._utils.checksums import digest_of
from skdl._utils.storage import replacing
from skdl.store._checks import Space

SHARD_SUFFIX = ".shard"

_FORMAT = "features-v1"
_DESCRIPTION = "space.json"
_PART_SUFFIX = ".part"
_PART_STALE_AFTER = 24 * 60 * 60  # a file that is still being written is not as old


@dataclass(frozen=True)
class FoundFile:
    """A file of the store, as a listing shows it."""

    path: Path
    bytes: int
    used: float

    def remove(self) -> int:
        """Remove it and say how many bytes that made free; 0 if it was gone or is held."""
        try:
            self.path.unlink()
        except OSError:
            return 0
        return self.bytes


class Layout:
    """The files of a store; nothing else in its folder is looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.top = folder / _FORMAT

    def space_folder(self, digest: bytes) -> Path:
        return self.top / digest.hex()

    def describe(self, space: Space) -> Path:
        """Make the folder of a space, with its description, unless it is there."""
        place = self.space_folder(space.digest)
        description = place / _DESCRIPTION
        if not description.exists():
            place.mkdir(parents=True, exist_ok=True)
            with replacing(description) as part:
                part.write_text(space.text, encoding="utf-8")
        return place

    def description(self, place: Path) -> dict[str, Any] | None:
        """What `describe` wrote; None if it is not there any more, or damaged."""
        try:
            content = (place / _DESCRIPTION).read_bytes()
        except OSError:
            return None
        space: dict[str, Any] | None = None
        if digest_of(content).hex() == place.name:
            space = json.loads(content)
        return space

    def damaged_descriptions(self) -> list[Path]:
        paths = [place / _DESCRIPTION for place in self.spaces()]
        return [p for p in paths if p.is_file() and self.description(p.parent) is None]

    def spaces(self) -> list[Path]:
        """Folders of all spaces."""
        return sorted(Path(e.path) for e in _entries(self.top) if _is_space(e))

    def shards(self, place: Path) -> list[FoundFile]:
        return [file for file in _files(place) if file.path.suffix == SHARD_SUFFIX]

    def all_shards(self) -> list[FoundFile]:
        return [file for place in self.spaces() for file in self.shards(place)]

    def leftovers(self) -> list[FoundFile]:
        """Temporary files, whether their processes were killed or are still writing."""
        files = [file for place in (self.top, *self.spaces()) for file in _files(place)]
        return [f for f in files if f.path.suffix == _PART_SUFFIX and f.path.name[0] == "."]

    def remove_stale(self) -> None:
        now = time.time()
        for file in self.leftovers():
            if abs(now - file.used) > _PART_STALE_AFTER:  # or dated in the future
                file.remove()

    def clear(self) -> int:
        """Remove the store's files, then its folders as far as nothing else is in them."""
        spaces = self.spaces()
        described = [f for p in spaces for f in _files(p) if f.path.name == _DESCRIPTION]
        files = [*self.leftovers(), *described, *self.all_shards()]
        removed = sum(file.remove() for file in files)
        for place in (*spaces, self.top):
            with suppress(OSError):  # something else is in it
                place.rmdir()
        return removed

    def other_formats(self) -> tuple[str, ...]:
        names = (e.name for e in _entries(self.folder) if e.is_dir())
        return tuple(sorted(n for n in names if re.fullmatch(r"features-v\d+", n) and n != _FORMAT))


def _is_space(entry: os.DirEntry[str]) -> bool:
    return re.fullmatch("[0-9a-f]{64}", entry.name) is not None and entry.is_dir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _files(folder: Path) -> list[FoundFile]:
    files = []
    for entry in _entries(folder):
        with suppress(OSError):  # another process removed it
            if entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                files.append(FoundFile(Path(entry.path), status.st_size, status.st_mtime))
    return files
