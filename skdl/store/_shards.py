"""Shards: files of feature vectors that are written whole and never changed.

A shard is a header, the keys, a checksum for each entry, and the vectors as float32; numbers are
little-endian. The header's checksum covers all that comes before the vectors; an entry's covers its
key and its vector.
"""

import os
import secrets
import struct
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from skdl._utils.storage import replacing

# Magic, version, width, count, digest of the space, checksum of the header and the keys, and the
# seconds that computing an entry took, 0 if nobody measured them.
_HEADER = struct.Struct("<8sIIQ32sIf")
_MAGIC = b"SKDLFEAT"
_VERSION = 1
_KEY = 32
_CHECKSUM = np.dtype("<u4")
_VALUE = np.dtype("<f4")

_BYTES_AT_A_TIME = 2**20  # which stay in the processor's cache while they are verified
_GAP = 4  # unwanted rows that are read sooner than skipped
_TOUCHED_EVERY = 60.0  # seconds

ENTRY_OVERHEAD = _KEY + _CHECKSUM.itemsize  # what an entry takes besides its values
HEADER_BYTES = _HEADER.size


class DamagedError(Exception):
    """A file is not the shard that it should be."""


@dataclass(eq=False)
class Shard:
    """A shard whose header is known; its keys and vectors stay in the file."""

    path: Path
    width: int
    count: int
    checksums: NDArray[np.uint32]
    seconds: float = 0.0  # that computing an entry took
    number: int = -1  # in an index
    _touched: float = field(default=-_TOUCHED_EVERY)

    @property
    def size(self) -> int:
        return _size(self.count, self.width)

    def read(
        self,
        rows: NDArray[np.intp],
        keys: Sequence[bytes],
        out: NDArray[np.float32],
        targets: NDArray[np.intp],
    ) -> NDArray[np.bool_]:
        """Copy `rows` to those of `out` at `targets`, and say which of them were those of the keys.

        The others' targets are left as they are. A DamagedError says that the file has another size
        than it should.
        """
        right = np.zeros(len(rows), dtype=bool)
        with self.path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != self.size:
                raise DamagedError
            buffer = np.empty((self._rows_at_a_time, self.width), dtype=_VALUE)
            for run in self._runs(rows):
                first, last = int(rows[run[0]]), int(rows[run[-1]])
                values = buffer[: last - first + 1]
                file.seek(_size(self.count, 0) + first * self._row_bytes)
                if file.readinto(values.data.cast("B")) != values.nbytes:
                    raise DamagedError  # cut off since it was opened
                fine = self._right(values, rows[run], [keys[at] for at in run.tolist()], first)
                right[run] = fine
                if not fine.all():
                    run = run[fine]
                wanted = rows[run] - first
                out[targets[run]] = values if _is_all(wanted, values) else values[wanted]
        return right

    @property
    def _row_bytes(self) -> int:
        return self.width * _VALUE.itemsize

    @property
    def _rows_at_a_time(self) -> int:
        return max(1, min(self.count, _BYTES_AT_A_TIME // self._row_bytes))

    def _runs(self, rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Positions in `rows`, grouped by what is read at once, in the order of the file."""
        if not len(rows):
            return []
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        breaks = (np.diff(ascending) > _GAP + 1) | (np.diff(ascending // self._rows_at_a_time) > 0)
        return np.split(order, np.flatnonzero(breaks) + 1)

    def _right(
        self, values: NDArray[np.float32], rows: NDArray[np.intp], keys: list[bytes], first: int
    ) -> NDArray[np.bool_]:
        data, size, crc32 = values.data.cast("B"), self._row_bytes, zlib.crc32
        starts = ((rows - first) * size).tolist()
        sums = [
            crc32(data[start : start + size], crc32(key))
            for start, key in zip(starts, keys, strict=True)
        ]
        right: NDArray[np.bool_] = np.array(sums, dtype=np.uint32) == self.checksums[rows]
        return right

    def touch(self) -> None:
        """Note in the file's time that it is used, now and then."""
        if time.monotonic() - self._touched >= _TOUCHED_EVERY:
            self._touched = time.monotonic()
            with suppress(OSError):  # it is gone, or the folder can only be read
                os.utime(self.path)


def write_shard(
    folder: Path,
    space: bytes,
    keys: Sequence[bytes],
    features: NDArray[np.float32],
    seconds: float = 0.0,
) -> Shard:
    """Write a new shard of distinct keys to the folder of a space."""
    values = np.ascontiguousarray(features, dtype=_VALUE)
    sums = [
        zlib.crc32(row, zlib.crc32(key))
        for key, row in zip(keys, values.view(np.uint8), strict=True)
    ]
    checksums = np.array(sums, dtype=_CHECKSUM)
    table = b"".join(keys) + checksums.tobytes()
    head = _head(values.shape[1], len(keys), space, seconds, table)
    path = folder / f"{secrets.token_hex(16)}.shard"
    with replacing(path) as part, part.open("xb") as file:
        for piece in (head, table, values.data.cast("B")):
            view = memoryview(piece)
            while view:
                view = view[os.write(file.fileno(), view) :]
    shard = Shard(path, values.shape[1], len(keys), checksums, seconds)
    shard._touched = time.monotonic()
    return shard


def _head(width: int, count: int, space: bytes, seconds: float, table: bytes) -> bytes:
    before = _MAGIC, _VERSION, width, count, space
    checksum = zlib.crc32(table, zlib.crc32(_HEADER.pack(*before, 0, seconds)))
    return _HEADER.pack(*before, checksum, seconds)


def _size(count: int, width: int) -> int:
    return HEADER_BYTES + count * (ENTRY_OVERHEAD + width * _VALUE.itemsize)


def read_head(file: BinaryIO, space: bytes) -> tuple[bytes, int, int, float]:
    """Header of a shard as it is, and the count, width and seconds in it, not verified yet.

    A DamagedError says that it is none, or does not fit the space or the size of the file.
    """
    head, size = file.read(HEADER_BYTES), os.fstat(file.fileno()).st_size
    if len(head) < HEADER_BYTES:
        raise DamagedError
    magic, version, width, count, its_space, _, seconds = _HEADER.unpack(head)
    if (magic, version, its_space, size) != (_MAGIC, _VERSION, space, _size(count, width)):
        raise DamagedError
    if not width or not count:
        raise DamagedError
    return head, count, width, seconds


def open_shard(path: Path, space: bytes) -> tuple[Shard, bytes]:
    """A shard of a space and its keys, both verified: a DamagedError if they are not right."""
    with path.open("rb") as file:
        head, count, width, seconds = read_head(file, space)
        table = file.read(count * ENTRY_OVERHEAD)
    if head != _head(width, count, space, seconds, table):
        raise DamagedError
    checksums = np.frombuffer(table, dtype=_CHECKSUM, offset=count * _KEY).copy()
    return Shard(path, width, count, checksums, seconds), table[: count * _KEY]


def apart(keys: bytes) -> list[bytes]:
    """Keys that lie one behind the other."""
    return [keys[start : start + _KEY] for start in range(0, len(keys), _KEY)]


def _is_all(rows: NDArray[np.intp], values: NDArray[np.float32]) -> bool:
    return len(rows) == len(values) and bool((np.diff(rows) == 1).all())
