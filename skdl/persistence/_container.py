"""The zip archives of model files, read in memory: nothing is ever extracted or decompressed."""

import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.text import shortened
from skdl.persistence._errors import LIMITS, ModelFileError, refuse_more

_NAME = re.compile(r"[A-Za-z0-9_-]+([./-][A-Za-z0-9_-]+)*")
# Where members of zip archives are given a date, it is that of the oldest one possible.
_DATE = (1980, 1, 1, 0, 0, 0)


def pack(members: Mapping[str, bytes]) -> bytes:
    """A zip archive that holds members as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)
    return buffer.getvalue()


def open_archive(data: bytes | io.BytesIO, n_bytes: int) -> zipfile.ZipFile:
    """A zip archive of so many bytes, whose members are stored as they are and named plainly."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data)
    except Exception as error:
        begins = data[:4] if isinstance(data, bytes) else data.getvalue()[:4]
        reason = (
            "it is cut off or damaged" if begins == b"PK\x03\x04" else "it is not a zip archive"
        )
        raise ModelFileError(reason if n_bytes else "it is empty") from error
    infos = archive.infolist()
    refuse_more(len(infos), "members", "members")
    names = set()
    for info in infos:
        if not _NAME.fullmatch(info.filename) or info.orig_filename != info.filename:
            raise ModelFileError(f"a member has the name {shortened(info.filename)}")
        if info.filename in names:
            raise ModelFileError(f"it has two members {info.filename}")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise ModelFileError(f"its member {info.filename} is compressed, which is not allowed")
        names.add(info.filename)
    # Members that lie on top of each other would be more.
    if sum(info.file_size for info in infos) > n_bytes:
        raise ModelFileError("its members are larger than the file")
    return archive


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member, with its checksum of the zip archive checked."""
    try:
        return archive.read(name)
    except KeyError:
        raise ModelFileError(f"it has no member {name}") from None
    except Exception as error:
        raise ModelFileError(f"its member {name} is damaged: {error}") from error


def read_json(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    """A member that is a JSON object."""
    text = read_member(archive, name)
    refuse_more(len(text), "text_bytes", f"bytes of text in {name}")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"its member {name} is not JSON: {shortened(str(error))}") from error
    if not isinstance(content, dict):
        raise ModelFileError(f"its member {name} is not a JSON object")
    return content


def check_array(data: bytes, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of a ``.npy`` file; refused if it holds objects, or other than it says."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version}")
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    except Exception as error:
        raise ModelFileError(f"its array {name} is damaged: {shortened(str(error))}") from error
    if dtype.hasobject:
        raise ModelFileError(
            f"its array {name} contains Python objects, which would require a pickle"
        )
    if any(size < 0 for size in shape):
        raise ModelFileError(f"its array {name} has the shape {shape}")
    if math.prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise ModelFileError(f"its array {name} does not have the size that it states")
    return shape, dtype


def read_array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """A member that is an array."""
    data = read_member(archive, name)
    check_array(data, name)
    array: npt.NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def array_bytes(array: npt.NDArray[Any]) -> bytes:
    """An array as the content of a ``.npy`` file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def check_sparse(data: bytes, name: str) -> None:
    """Refuse an ``.npz`` file that decompresses to too much, or holds what is no plain array."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            allowed = min(LIMITS["sparse_bytes"], max(2**26, 100 * len(data)))
            if sum(info.file_size for info in infos) > allowed or len(infos) > 16:
                raise ModelFileError(
                    f"its sparse matrix {name} decompresses to more than {allowed:,} bytes, or "
                    "contains more than 16 arrays, which may be an attack"
                )
            for info in infos:
                with archive.open(info) as member:
                    check_array(member.read(info.file_size + 1), name)
    except ModelFileError:
        raise
    except Exception as error:
        raise ModelFileError(f"its sparse matrix {name} is damaged: {error}") from error
