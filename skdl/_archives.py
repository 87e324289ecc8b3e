"""Files within zip and tar archives, addressed as if archives were folders.

The address of a member is the archive's own path followed by the member's:
``"/data/pets.zip/cats/1.jpg"``. What is kept between two reads is where members lie; the archive
itself is opened for each read and closed again, so that threads and forked processes share nothing.
"""

import bz2
import errno
import gzip
import hashlib
import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO

from skdl._storage import get_data_home, replacing

MAX_FILE_BYTES = 512 * 2**20
"""Larger files and members are not read: no image is that large."""

MAX_TOTAL_BYTES = 64 * 2**30
"""What an archive may hold altogether where it is decompressed or extracted."""

MAX_RATIO = 200
"""How many times its own size an archive may hold, once that is more than `ANY_RATIO_BYTES`."""

ANY_RATIO_BYTES = 2**30

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""Endings of archives, in lower case."""

_MAGIC: dict[bytes, Callable[[str], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,  # zipfile: a member without a name
    NotImplementedError,  # zipfile: a version of the format that does not exist
    UnicodeDecodeError,
)
_NO_FILE = "it is a link or a device in an archive, and these are not followed"
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class _Member:
    """Where a member lies; and why it is not read, if it is not."""

    offset: int
    stored: int
    size: int
    deflated: bool = False
    checksum: int | None = None
    refusal: str = ""
    is_file: bool = True


@dataclass(frozen=True)
class _Index:
    """The file that holds the members' bytes, and where in it they lie."""

    path: str
    is_zip: bool
    members: dict[str, _Member]


def tells_of_damage(error: Exception) -> bool:
    """Whether an error is what Python's readers of archives raise where bytes are wrong."""
    # bz2 says so with an OSError without a number, zipfile by seeking to before the start.
    seeks = type(error) is OSError and error.errno in (None, errno.EINVAL)
    return seeks or isinstance(error, _DAMAGE)


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of an archive: a regular file with the ending of one."""
    return os.fspath(path).lower().endswith(SUFFIXES) and os.path.isfile(path)


def list_members(path: str | os.PathLike[str]) -> list[str]:
    """Addresses of the files in an archive.

    Parameters
    ----------
    path : str or path-like
        A zip or tar archive. A compressed tar archive cannot be read at random: it is decompressed
        once, into ``archives/`` in the data home, and the addresses lead there.

    Returns
    -------
    members : list of str
        Sorted; folders and links are not among them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no archive, is damaged, holds a path that leaves it, or decompresses to more than
        it should.
    """
    base, names = member_names(path)
    return [f"{base}/{name}" for name in names]


def member_names(path: str | os.PathLike[str]) -> tuple[str, list[str]]:
    """What :func:`list_members` returns in two parts: what all addresses begin with, and names."""
    index = _index(os.fspath(path))
    return index.path, sorted(name for name, member in index.members.items() if member.is_file)


def read_bytes(path: str) -> bytes:
    """Content of a file, or of a member of an archive.

    Parameters
    ----------
    path : str
        A path, or an address: ``"/data/pets.zip/cats/1.jpg"``.

    Returns
    -------
    content : bytes

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
            return _checked(file.read(MAX_FILE_BYTES + 1))
    index, member = place
    with open(index.path, "rb") as file:
        return _read_deflated(file, member) if index.is_zip else _read_plain(file, member)


def size_of(path: str) -> int:
    """Bytes of a file, or of a member of an archive once it is decompressed.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_bytes`.
    """
    place = _locate(path)
    return os.stat(path).st_size if place is None else place[1].size


def _locate(path: str) -> tuple[_Index, _Member] | None:
    """The member that an address leads to; None for a file of its own."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        archive, name = _split(path)
    else:
        _require_regular(status.st_mode)
        if status.st_size > MAX_FILE_BYTES:
            _refuse_size(status.st_size)
        return None
    index = _index(archive)
    member = index.members.get(name)
    if member is None:
        raise FileNotFoundError(f"there is no {name!r} in the archive {archive!r}")
    if member.refusal:
        raise ValueError(member.refusal)
    if member.size > MAX_FILE_BYTES:
        _refuse_size(member.size)
    return index, member


def _require_regular(mode: int) -> None:
    """Refuse what would wait for ever when it is opened, such as a named pipe."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError("it is a folder")
    if not stat.S_ISREG(mode):
        raise ValueError("it is no regular file")


def _refuse_size(size: int) -> None:
    raise ValueError(
        f"it has {size:,} bytes, more than the limit of {MAX_FILE_BYTES:,} for one image"
    )


def _checked(content: bytes) -> bytes:
    if len(content) > MAX_FILE_BYTES:
        _refuse_size(len(content))
    return content


def _split(path: str) -> tuple[str, str]:
    """Archive and member of an address."""
    for slash in re.finditer(r"[/\\]" if os.sep == "\\" else "/", path):
        if is_archive(path[: slash.start()]):
            return path[: slash.start()], path[slash.end() :].replace(os.sep, "/")
    if os.path.islink(path):
        raise FileNotFoundError("it is a link that leads nowhere")
    raise FileNotFoundError("there is no such file")


def _index(archive: str) -> _Index:
    status = os.stat(archive)
    _require_regular(status.st_mode)
    try:
        return _read_index(os.path.abspath(archive), status.st_mtime_ns, status.st_size)
    except Exception as error:
        if tells_of_damage(error):
            raise ValueError(
                f"the archive {archive!r} is damaged, or neither zip nor tar: {error}"
            ) from error
        if isinstance(error, ValueError):
            raise ValueError(f"the archive {archive!r} is refused: {error}") from error
        raise


# A changed archive has another time or size, and is read anew.
@lru_cache(maxsize=8)
def _read_index(archive: str, mtime_ns: int, size: int) -> _Index:
    with open(archive, "rb") as file:
        start = file.read(6)
    for magic, opener in _MAGIC.items():
        if start.startswith(magic):
            tar = _decompressed(archive, size, opener)
            return _Index(tar, False, _tar_members(tar))
    if start.startswith(b"PK") or archive.lower().endswith(".zip"):
        return _Index(archive, True, _zip_members(archive, size))
    return _Index(archive, False, _tar_members(archive))


def _zip_members(archive: str, archive_size: int) -> dict[str, _Member]:
    members = {}
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if info.is_dir():
                continue
            is_file = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
            refusal = ""
            if not is_file:
                refusal = _NO_FILE
            elif info.flag_bits & 1:
                refusal = "it is encrypted; pack the archive without a password"
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                refusal = f"its compression ({info.compress_type}) is unknown; pack it with deflate"
            elif not 0 <= info.header_offset <= archive_size - info.compress_size:
                refusal = "the archive is damaged: this member lies outside it"
            members[safe_name(info.filename)] = _Member(
                info.header_offset,
                info.compress_size,
                info.file_size,
                info.compress_type == zipfile.ZIP_DEFLATED,
                info.CRC,
                refusal,
                is_file,
            )
    return members


def _tar_members(archive: str) -> dict[str, _Member]:
    members = {}
    with tarfile.open(archive, "r:") as opened:
        for info in opened:
            if info.isdir():
                continue
            refusal = ""
            if not info.isreg():
                refusal = _NO_FILE
            elif info.issparse():
                refusal = "it is stored as a sparse file; pack the archive without --sparse"
            members[safe_name(info.name)] = _Member(
                info.offset_data, info.size, info.size, refusal=refusal, is_file=info.isreg()
            )
        # tarfile takes a damaged header for the end.
        assert opened.fileobj is not None
        opened.fileobj.seek(opened.offset)
        if opened.fileobj.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError(f"bad header at byte {opened.offset:,}")
    return members


def safe_name(name: str) -> str:
    """Path of a member, with forward slashes and without detours.

    Raises
    ------
    ValueError
        If it is absolute or leaves the archive.
    """
    path = name.replace("\\", "/")  # as some programs on Windows write them
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or not parts or re.match("[A-Za-z]:", path):
        raise ValueError(
            f"it holds the path {name!r}, which leads out of it; do not trust this archive"
        )
    return "/".join(parts)


def _read_deflated(file: BinaryIO, member: _Member) -> bytes:
    file.seek(member.offset)
    header = file.read(30)
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise ValueError("the archive is damaged: there is no member where it should be")
    # The name and the extra field, whose lengths may differ from those in the archive's directory.
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    content = file.read(member.stored)
    if member.deflated:
        try:
            content = zlib.decompressobj(-15).decompress(content, member.size + 1)
        except zlib.error as error:
            raise ValueError(f"it is damaged: {error}") from error
    if len(content) != member.size or zlib.crc32(content) != member.checksum:
        raise ValueError("it is damaged: its checksum is not the one in the archive")
    return content


def _read_plain(file: BinaryIO, member: _Member) -> bytes:
    file.seek(member.offset)
    content = file.read(member.size)
    if len(content) != member.size:
        raise ValueError("the archive is damaged: it ends before this member does")
    return content


def _decompressed(archive: str, size: int, opener: Callable[[str], Any]) -> str:
    """Path of a compressed tar archive's content, which is decompressed if need be."""
    with open(archive, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = get_data_home() / "archives" / f"{digest}.tar"
    if not target.exists():
        with replacing(target) as part:
            with opener(archive) as source, open(part, "wb") as file:
                copy_limited(source, file, allowed_bytes(size))
            _tar_members(str(part))
    return str(target)


def allowed_bytes(archive_size: int) -> int:
    """How much an archive of this size may hold."""
    return min(MAX_TOTAL_BYTES, max(ANY_RATIO_BYTES, MAX_RATIO * archive_size))


def copy_limited(source: Any, target: BinaryIO, limit: int, used: int = 0) -> int:
    """Copy a stream to a file, and say how much of the limit is used by then.

    Raises
    ------
    ValueError
        If that would be more than `limit`.
    """
    while chunk := source.read(_CHUNK):
        used += len(chunk)
        if used > limit:
            raise ValueError(
                f"it decompresses to more than {limit:,} bytes, which may be an attack; "
                "if you trust it, unpack it yourself"
            )
        target.write(chunk)
    return used
