"""Files that zip and tar archives hold: which there are, where their bytes lie, and what they are.

Whoever reads an archive, in place or to unpack it, reads it with these functions: one that is cut
off, damaged or ambiguous is refused, so that no member goes missing and none is taken for another.

Decisions: docs/decisions.md#folders-tables-and-data-sets.
"""

import bz2
import errno
import gzip
import lzma
import os
import posixpath
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from skdl._utils.storage import tidied, too_large
from skdl._utils.text import shown_path

_DECOMPRESSORS: dict[bytes, Callable[[Any], Any]] = {
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
_LINK = "it is a link, and links in archives are not followed; pack the file itself instead"
_DEVICE = "it is a device or a named pipe, not a file"
_LONGEST_LINK = 4096
_LARGEST_OFFSET = 2**63 - 1

_CHUNK = 2**20
_LARGEST_HEADER = 64 * _CHUNK
_LOCAL_HEADER = 30
_NAME_IS_UTF8 = 0x800
_LOCATOR_64, _END_64 = 20, 56
_LONGEST_END = 22 + 0xFFFF + _LOCATOR_64 + _END_64


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive; what it leads to, if it is a link, is "" where that is not known."""

    name: str  # its path, tidied
    offset: int  # of its header in a zip archive, of its content in a tar archive
    stored: int  # bytes in the archive
    size: int  # bytes once they are decompressed
    deflated: bool = False
    checksum: int = 0  # in a zip archive, of its content
    name_checksum: int = 0  # in a zip archive, of its name as it is written there
    refusal: str = ""  # why it is not read
    link: str | None = None  # a member or a folder


def tells_of_damage(error: Exception) -> bool:
    """Whether an error is what Python's readers of archives raise where bytes are wrong."""
    # bz2 says so with an OSError without a number, zipfile by seeking to before the start.
    seeks = type(error) is OSError and error.errno in (None, errno.EINVAL)
    return seeks or isinstance(error, _DAMAGE)


def kind_of(path: str | os.PathLike[str]) -> tuple[bool, Callable[[Any], Any] | None]:
    """Whether an archive is a zip archive, and what opens it if it is a compressed tar archive."""
    with open(path, "rb") as file:
        start = file.read(6)
    for magic, decompressor in _DECOMPRESSORS.items():
        if start.startswith(magic):
            return False, decompressor
    zipped = start.startswith((b"PK\3\4", b"PK\5\6")) or os.fspath(path).lower().endswith(".zip")
    return zipped, None


def members_of(file: Any, zipped: bool, limit: int) -> Iterator[Member]:
    """Members of an open zip or tar archive in its order; folders are not among them.

    A tar archive is read from its start to its end, so that it may be decompressed meanwhile. An
    exception that :func:`tells_of_damage` knows says that it is damaged, a ValueError that a path
    leads out of it or belongs to two members, or that they have more than `limit` bytes altogether.
    """
    seen, size = set(), 0
    for member in _members_of_zip(file) if zipped else _members_of_tar(file):
        if member.name in seen:
            raise ValueError(
                f"it holds two files named {shown_path(member.name)}, of which only one could be "
                "read; pack it again with only one of them"
            )
        seen.add(member.name)
        size += member.size
        if size > limit:
            raise too_large(limit)
        yield member


def _safe_name(name: str) -> str:
    path = tidied(name)
    if not path:
        raise ValueError(
            f"it holds the path {shown_path(name)}, which leads out of it; do not trust this "
            "archive"
        )
    return path


def _where_to(name: str, target: str) -> str:
    """Member or folder that a link of this name leads to; "" if it leads out of the archive."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    return "" if path == "." or path.split("/")[0] in ("", "..") else path


# ---- zip -----------------------------------------------------------------------------------------


def _members_of_zip(file: BinaryIO) -> Iterator[Member]:
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as opened:
        entries = opened.infolist()
        _require_all(file, size, entries)
        for info in entries:
            encoding = "utf-8" if info.flag_bits & _NAME_IS_UTF8 else "cp437"
            written = info.orig_filename.encode(encoding)
            name_checksum = _checksum_of_name(written, info.flag_bits)
            if info.is_dir():  # or a file whose name is damaged
                _seek_content(file, info.header_offset, name_checksum)
                continue
            name, refusal = _safe_name(info.filename), _refusal_in_zip(info, size)
            yield Member(
                name,
                0 if refusal else info.header_offset,
                info.compress_size,
                info.file_size,
                info.compress_type == zipfile.ZIP_DEFLATED,
                info.CRC,
                name_checksum,
                refusal,
                _where_to(name, _zip_link(opened, info)) if refusal is _LINK else None,
            )


def _require_all(file: BinaryIO, size: int, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive whose directory is shorter than its end says, or leaves out its start."""
    file.seek(max(0, size - _LONGEST_END))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    count, modulus = int.from_bytes(tail[end + 10 : end + 12], "little"), 2**16
    locator = end - _LOCATOR_64
    if count == 0xFFFF and locator >= _END_64 and tail[locator:end].startswith(b"PK\6\7"):
        place = locator - _END_64 + 32
        count, modulus = int.from_bytes(tail[place : place + 8], "little"), 2**64
    if len(entries) % modulus != count:  # programs that do not know zip64 count like this
        raise zipfile.BadZipFile(
            f"its directory lists {len(entries):,} members, but its end says {count:,}"
        )
    file.seek(0)
    # A member that is an archive itself ends like one: what is cut off there looks whole.
    if file.read(4) == b"PK\3\4" and all(info.header_offset != 0 for info in entries):
        raise zipfile.BadZipFile("its directory does not list the member at its start")


def _refusal_in_zip(info: zipfile.ZipInfo, archive_size: int) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return _LINK if kind == stat.S_IFLNK else _DEVICE
    if info.flag_bits & 1:
        return "it is encrypted; pack the archive without a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"its compression ({info.compress_type}) is unknown; pack it with deflate"
    if not 0 <= info.header_offset <= archive_size - info.compress_size:
        return "the archive is damaged: this member lies outside it"
    return ""


def _zip_link(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """Target of a link, which is its content; an absolute path if that cannot be read."""
    try:
        with archive.open(info) as stream:
            return os.fsdecode(stream.read(_LONGEST_LINK))
    except Exception as error:
        if isinstance(error, RuntimeError) or tells_of_damage(error):  # RuntimeError: encrypted
            return "/"
        raise


def _checksum_of_name(name: bytes, flags: int) -> int:
    return zlib.crc32(name, 0 if name.isascii() else flags & _NAME_IS_UTF8)


def _seek_content(file: BinaryIO, offset: int, name_checksum: int) -> None:
    """Go to the content of a zip archive's member, whose header must be the right one."""
    file.seek(offset)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\3\4"):
        raise zipfile.BadZipFile("there is no member where it should be")
    flags, length, extra = (int.from_bytes(header[i : i + 2], "little") for i in (6, 26, 28))
    if _checksum_of_name(file.read(length), flags) != name_checksum:
        raise zipfile.BadZipFile("a member has another name than in the archive's directory")
    file.seek(extra, os.SEEK_CUR)


# ---- tar -----------------------------------------------------------------------------------------


def _members_of_tar(file: Any) -> Iterator[Member]:
    bounded = _Bounded(file)
    with tarfile.open(fileobj=bounded, mode="r:") as opened:  # type: ignore[call-overload]
        while (info := opened.next()) is not None:
            opened.members.clear()  # which it would keep
            if info.size < 0 or not info.offset < opened.offset <= _LARGEST_OFFSET:
                raise tarfile.ReadError(
                    f"{shown_path(info.name)} claims to have {info.size:,} bytes"
                )
            if info.isdir():
                continue
            refusal, link, name = "", None, _safe_name(info.name)
            if info.issym() or info.islnk():
                refusal = _LINK
                # Hard links tell the whole path.
                link = _where_to(name if info.issym() else "", info.linkname)
            elif not info.isreg():
                refusal = _DEVICE
            elif info.issparse():
                refusal = "it is stored as a sparse file; pack the archive without --sparse"
            yield Member(name, info.offset_data, info.size, info.size, refusal=refusal, link=link)
        bounded.require_end(opened.offset)


class _Bounded:
    """A file without a read that a header could make as long as it likes."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek
        self._last = 0, b""  # where the last read began, and what it gave

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError(f"a header claims to have {size:,} bytes")
        self._last = self.tell(), self._file.read(size)
        return self._last[1]

    def require_end(self, offset: int) -> None:
        """Refuse what is not marked as the end; tarfile takes all sorts of things for it."""
        position, mark = self._last
        if position != offset or mark.strip(b"\0"):
            raise tarfile.ReadError(f"bad header at byte {offset:,}")
        if len(mark) < tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it is cut off: the mark of its end is missing")
        while rest := self._file.read(_CHUNK):
            if rest.strip(b"\0"):
                raise tarfile.ReadError(
                    "something follows the end of the archive, such as another archive; unpack "
                    "both, and pack their files into one"
                )


# ---- content -------------------------------------------------------------------------------------


def content_of(file: Any, zipped: bool, member: Member) -> Iterator[bytes]:
    """Content of a member, piece by piece; it is right only once there is no further one.

    A ValueError says that it is not to be read, or damaged: perhaps after the last piece.
    """
    if member.refusal:
        raise ValueError(member.refusal)
    size = checksum = 0
    try:
        for piece in _pieces(file, zipped, member):
            size += len(piece)
            if size > member.size:
                break
            checksum = zlib.crc32(piece, checksum) if zipped else 0
            yield piece
    except (zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(f"it is damaged: {error}") from error
    if size < member.size and not zipped:
        raise ValueError("the archive is damaged: it ends before this member does")
    if size != member.size or checksum != member.checksum:
        raise ValueError("it is damaged: its checksum is not the one in the archive")


def _pieces(file: Any, zipped: bool, member: Member) -> Iterator[bytes]:
    if zipped:
        _seek_content(file, member.offset, member.name_checksum)
    else:
        file.seek(member.offset)
    left = member.stored
    decoder = zlib.decompressobj(-15) if member.deflated else None
    while left and (data := file.read(min(_CHUNK, left))):
        left -= len(data)
        if decoder is None:
            yield data
            continue
        while data:
            yield decoder.decompress(data, _CHUNK)
            data = decoder.unconsumed_tail
        if decoder.eof:
            return
    if decoder is not None:
        yield decoder.flush()
