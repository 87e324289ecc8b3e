"""Files within zip and tar archives, addressed as if archives were folders.

The address of a member is the archive's own path followed by the member's:
``"/data/pets.zip/cats/1.jpg"``. What is kept between two reads is where members lie; the archive
itself is opened for each read and closed again, so that threads and forked processes share nothing.
"""

import bz2
import errno
import gzip
import lzma
import os
import posixpath
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

from skdl._storage import allowed_bytes, copy_limited, file_digest, get_data_home, replacing, tidied

MAX_FILE_BYTES = 512 * 2**20
"""Larger files and members are not read: no image is that large."""

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
_LINK = "it is a link, and links in archives are not followed; pack the file itself in its place"
_DEVICE = "it is a device or a named pipe, and no file"
_LONGEST_LINK = 4096
# Where `_decompressed` puts what it decompresses.
_CACHED = re.compile(r"[/\\]archives[/\\][0-9a-f]{64}\.tar[/\\]")


@dataclass(frozen=True, slots=True)
class _Member:
    """Where a member lies; and why it is not read, if it is not."""

    offset: int
    stored: int
    size: int
    deflated: bool = False
    checksum: int | None = None
    refusal: str = ""
    link: str | None = None


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
        Sorted; folders are not among them. Those that are links or devices cannot be read.

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
    return index.path, sorted(index.members)


def link_targets(path: str | os.PathLike[str]) -> dict[str, str]:
    """Names of the links in an archive, and what they lead to in it: "" if that is not known."""
    members = _index(os.fspath(path)).members
    return {name: member.link for name, member in members.items() if member.link is not None}


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
        require_regular(status.st_mode)
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


def require_regular(mode: int) -> None:
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
    raise FileNotFoundError(why_missing(path))


def why_missing(path: str) -> str:
    """What to say of a path where nothing is."""
    if _CACHED.search(path):
        return (
            "it was decompressed from a compressed tar archive into the data home, and is there no "
            "longer; load that archive again, which brings it back"
        )
    return "there is no such file"


def _index(archive: str) -> _Index:
    status = os.stat(archive)
    require_regular(status.st_mode)
    version = (os.path.abspath(archive), status.st_mtime_ns, status.st_size)
    try:
        index = _read_index(*version)
        if index.path != version[0] and not os.path.exists(index.path):
            _read_index.cache_clear()  # what was decompressed has been removed since
            index = _read_index(*version)
        return index
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
            kind = stat.S_IFMT(info.external_attr >> 16)
            refusal = ""
            if kind not in (0, stat.S_IFREG):
                refusal = _LINK if kind == stat.S_IFLNK else _DEVICE
            elif info.flag_bits & 1:
                refusal = "it is encrypted; pack the archive without a password"
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                refusal = f"its compression ({info.compress_type}) is unknown; pack it with deflate"
            elif not 0 <= info.header_offset <= archive_size - info.compress_size:
                refusal = "the archive is damaged: this member lies outside it"
            name = safe_name(info.filename)
            link = _where_to(name, _zip_link(opened, info)) if refusal is _LINK else None
            members[name] = _Member(
                info.header_offset,
                info.compress_size,
                info.file_size,
                info.compress_type == zipfile.ZIP_DEFLATED,
                info.CRC,
                refusal,
                link,
            )
    return members


def _zip_link(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """Target of a link, which is its content; an absolute path if that cannot be read."""
    try:
        with archive.open(info) as stream:
            return os.fsdecode(stream.read(_LONGEST_LINK))
    except Exception as error:
        if isinstance(error, RuntimeError) or tells_of_damage(error):  # RuntimeError: encrypted
            return "/"
        raise


def _where_to(name: str, target: str) -> str:
    """Member or folder that a link of this name leads to; "" if it leads out of the archive."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    return "" if path == "." or path.split("/")[0] in ("", "..") else path


def _tar_members(archive: str) -> dict[str, _Member]:
    members = {}
    with tarfile.open(archive, "r:") as opened:
        for info in opened:
            if info.isdir():
                continue
            refusal = ""
            name, link = safe_name(info.name), None
            if info.issym() or info.islnk():
                refusal = _LINK
                # Hard links tell the whole path.
                link = _where_to(name if info.issym() else "", info.linkname)
            elif not info.isreg():
                refusal = _DEVICE
            elif info.issparse():
                refusal = "it is stored as a sparse file; pack the archive without --sparse"
            members[name] = _Member(
                info.offset_data, info.size, info.size, refusal=refusal, link=link
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
    path = tidied(name)
    if not path:
        raise ValueError(
            f"it holds the path {name!r}, which leads out of it; do not trust this archive"
        )
    return path


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
    digest = file_digest(archive)
    target = get_data_home() / "archives" / f"{digest}.tar"
    if not target.exists():
        with replacing(target) as part:
            with opener(archive) as source, open(part, "wb") as file:
                copy_limited(source, file, allowed_bytes(size))
            _tar_members(str(part))
            if file_digest(archive) != digest:  # else the old one would have this content for good
                raise ValueError("it was replaced while it was read; load it again")
    return str(target)
