"""Files within zip and tar archives, addressed as if archives were folders.

The address of a member is the archive's own path followed by the member's:
``"/data/pets.zip/cats/1.jpg"``. What is kept between two reads is where members lie; the archive
itself is opened for each read and closed again, so that threads and forked processes share nothing.

Decisions: docs/decisions.md#folders-tables-and-data-sets.
"""

import os
import re
import stat
import sys
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checksums import file_digest
from skdl._utils.members import Member, content_of, kind_of, members_of, tells_of_damage
from skdl._utils.storage import (
    allowed_by_ratio,
    allowed_bytes,
    copy_limited,
    get_data_home,
    replacing,
)
from skdl._utils.text import shown_path

MAX_FILE_BYTES = 512 * 2**20
"""Larger files and members are not read: no image is that large."""

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""Endings of archives, in lower case."""

# Indices that are kept: those of ten archives with 200,000 members each take half of it.
_MAX_INDEX_BYTES = 512 * 2**20
# What of members fits into a row; refusals and links are few.
_ROW = np.dtype(
    [
        ("offset", "u8"),
        ("stored", "u8"),
        ("size", "u8"),
        ("deflated", "?"),
        ("checksum", "u4"),
        ("name_checksum", "u4"),
    ]
)
_COLUMNS = _ROW.names or ()
# Where `_decompressed` puts what it decompresses.
_CACHED = re.compile(r"[/\\]archives[/\\][0-9a-f]{64}\.tar[/\\]")


@dataclass(frozen=True)
class _Index:
    """The file that holds the members' bytes, and where in it they lie."""

    path: str
    is_zip: bool
    names: list[str]  # sorted
    rows: npt.NDArray[Any]  # of `_ROW`, one per name
    refusals: dict[str, str]
    links: dict[str, str]

    @classmethod
    def of(cls, path: str, zipped: bool, members: Iterable[Member]) -> "_Index":
        names, rows = [], []
        refusals, links = {}, {}
        for member in members:
            names.append(member.name)
            rows.append(tuple(getattr(member, column) for column in _COLUMNS))
            if member.refusal:
                refusals[member.name] = member.refusal
            if member.link is not None:
                links[member.name] = member.link
        order = sorted(range(len(names)), key=names.__getitem__)
        table = np.array(rows, _ROW)[order]
        return cls(path, zipped, [names[i] for i in order], table, refusals, links)

    def find(self, name: str) -> Member | None:
        place = bisect_left(self.names, name)
        if place == len(self.names) or self.names[place] != name:
            return None
        row = dict(zip(_COLUMNS, self.rows[place].item(), strict=True))
        return Member(name, **row, refusal=self.refusals.get(name, ""), link=self.links.get(name))

    @property
    def nbytes(self) -> int:
        few = len(self.refusals) + len(self.links)
        names = sum(map(sys.getsizeof, self.names)) + sys.getsizeof(self.names)
        return int(self.rows.nbytes) + names + 256 * few


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of an archive: a regular file with the ending of one."""
    return os.fspath(path).lower().endswith(SUFFIXES) and os.path.isfile(path)


def member_names(path: str | os.PathLike[str]) -> tuple[str, list[str]]:
    """What the addresses of all files in an archive begin with, and their names, sorted.

    A compressed tar archive cannot be read at random: it is decompressed once, into ``archives/``
    in the data home, and the addresses lead there.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no archive, is damaged or cut off, holds a path that leaves it or two members of
        one path, or decompresses to more than it should.
    """
    index = _index(os.fspath(path))
    return index.path, list(index.names)


def link_targets(path: str | os.PathLike[str]) -> dict[str, str]:
    """Names of the links in an archive, and what they lead to in it: "" if that is not known."""
    return dict(_index(os.fspath(path)).links)


def read_bytes(path: str) -> bytes:
    """Content of a file, or of a member of an archive by its address.

    Raises
    ------
    FileNotFoundError
        If there is no such file or member.
    ValueError
        If it is no regular file, too large, encrypted or damaged; the message says what it is.
    """
    place = _locate(path)
    if place is None:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        _require_size(len(content))
        return content
    index, member = place
    with open(index.path, "rb") as file:
        return b"".join(content_of(file, index.is_zip, member))


def size_of(path: str) -> int:
    """How many bytes :func:`read_bytes` gives, or the error that it raises."""
    place = _locate(path)
    return os.stat(path).st_size if place is None else place[1].size


def _locate(path: str) -> tuple[_Index, Member] | None:
    """The member that an address leads to; None for a file of its own."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        archive, name = _split(path)
    else:
        require_regular(status.st_mode)
        _require_size(status.st_size)
        return None
    index = _index(archive)
    member = index.find(name)
    if member is None:
        raise FileNotFoundError(
            f"there is no {shown_path(name)} in the archive {shown_path(archive)}"
        )
    if member.refusal:
        raise ValueError(member.refusal)
    _require_size(member.size)
    return index, member


def require_regular(mode: int) -> None:
    """Refuse what would wait for ever when it is opened, such as a named pipe."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError("it is a folder")
    if not stat.S_ISREG(mode):
        raise ValueError("it is not a regular file")


def _require_size(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise ValueError(
            f"it has {size:,} bytes, more than the limit of {MAX_FILE_BYTES:,} for one image"
        )


def _split(path: str) -> tuple[str, str]:
    """Archive and member of an address."""
    for slash in re.finditer(r"[/\\]" if os.sep == "\\" else "/", path):
        if is_archive(path[: slash.start()]):
            return path[: slash.start()], path[slash.end() :].replace(os.sep, "/")
    if os.path.islink(path):
        raise FileNotFoundError("it is a link that leads nowhere")
    raise FileNotFoundError(why_missing(path))


def why_missing(path: str) -> str:
    """What to say of a path where nothing is."""
    if _CACHED.search(path):
        return (
            "it was decompressed from a compressed tar archive into the data home, and is no "
            "longer there; load that archive again to restore it"
        )
    return "there is no such file"


class _Indices:
    """Indices of archives by their paths; those that were not used for longest go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Any, _Index]] = OrderedDict()
        self._nbytes = 0
        # One archive is read at a time: all threads of a process begin with the same one.
        self._reading = threading.Lock()

    def get(self, archive: str, version: Any) -> _Index:
        return self._find(archive, version) or self._read(archive, version)

    def _find(self, archive: str, version: Any) -> _Index | None:
        kept = self._kept.get(archive)
        if kept is None or kept[0] != version:
            return None
        if kept[1].path != archive and not os.path.exists(kept[1].path):
            return None  # what was decompressed has been removed since
        with suppress(KeyError):  # another thread had to drop it
            self._kept.move_to_end(archive)
        return kept[1]

    def _read(self, archive: str, version: Any) -> _Index:
        with self._reading:
            index = self._find(archive, version)
            if index is None:
                index = _read_index(archive)
                if archive in self._kept:
                    self._nbytes -= self._kept.pop(archive)[1].nbytes
                self._kept[archive] = version, index
                self._nbytes += index.nbytes
                while len(self._kept) > 1 and self._nbytes > _MAX_INDEX_BYTES:
                    self._nbytes -= self._kept.popitem(last=False)[1][1].nbytes
            return index

    def renew_lock(self) -> None:
        """After a fork, where the thread that reads is not there to let go of it."""
        self._reading = threading.Lock()


_indices = _Indices()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_indices.renew_lock)


def _index(archive: str) -> _Index:
    status = os.stat(archive)
    require_regular(status.st_mode)
    # A time can be set; that of the last change of any kind cannot.
    times = status.st_mtime_ns, status.st_ctime_ns
    try:
        version = (status.st_dev, status.st_ino, status.st_size, *times)
        return _indices.get(os.path.abspath(archive), version)
    except Exception as error:
        if tells_of_damage(error):
            raise ValueError(
                f"the archive {shown_path(archive)} is damaged, or neither zip nor tar: {error}"
            ) from error
        if isinstance(error, ValueError):
            raise ValueError(f"the archive {shown_path(archive)} is refused: {error}") from error
        raise


def _read_index(archive: str) -> _Index:
    zipped, decompressor = kind_of(archive)
    path = archive if decompressor is None else _decompressed(archive, decompressor)
    limit = allowed_by_ratio(os.path.getsize(archive))
    with open(path, "rb") as file:
        return _Index.of(path, zipped, members_of(file, zipped, limit))


def _decompressed(archive: str, decompressor: Callable[[str], Any]) -> str:
    """Path of a compressed tar archive's content, which is decompressed if need be."""
    digest = file_digest(archive)
    target = get_data_home() / "archives" / f"{digest}.tar"
    if not target.exists():
        limit = allowed_bytes(os.path.getsize(archive))
        with replacing(target) as part:
            with decompressor(archive) as source, open(part, "wb") as file:
                copy_limited(source, file, limit)
            with open(part, "rb") as tar:
                for _ in members_of(tar, False, limit):  # raises where it is damaged
                    pass
            if file_digest(archive) != digest:  # else the old one would have this content for good
                raise ValueError("it was replaced while it was being read; load it again")
    return str(target)
