"""Files that are declared with their content's digest, and fetched where they are missing."""

import gzip
import hashlib
import os
import re
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from skdl._utils.storage import (
    ANOTHER_PLACE,
    NO_ROOM,
    get_data_home,
    replacing,
    restated,
    tidied,
)
from skdl._utils.text import counted, middle_out, shortened, shown_path

# Seconds before the second attempt; each further one waits twice as long.
_PAUSE = 1.0
_TIMEOUT = 30
_CHUNK = 2**18


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be downloaded, and what it must hold.

    Attributes
    ----------
    name : str
        Its path in the data home, such as ``"mnist/train-images-idx3-ubyte.gz"``.
    urls : tuple of str
        Addresses to download it from; the second one is tried if the first fails. A string is a
        single address.
    sha256 : str or None
        Hex digest of its content, in lower or upper case. None if only its `md5` is known.
    size : int
        Size of its content, in bytes.
    compressed : bool, default=False
        Whether the content is what gzip decompresses the file to. If so, a file that was compressed
        again, or is not compressed at all, is accepted, too.
    md5 : str, default=None
        Hex digest for files whose publisher states no other. It protects against damage, not
        against forgery.

    Raises
    ------
    ValueError
        If the name is absolute or leaves the data home, there is no address, or there is no digest.

    Examples
    --------
    >>> from skdl.downloads import RemoteFile
    >>> RemoteFile(
    ...     "letters/a.txt",
    ...     ("https://example.org/a.txt",),
    ...     sha256="ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
    ...     size=1,
    ... ).name
    'letters/a.txt'
    """

    name: str
    urls: tuple[str, ...]
    sha256: str | None
    size: int
    compressed: bool = False
    md5: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not tidied(self.name):
            raise ValueError(
                "The name of a RemoteFile must be a path in the data home, such as "
                f"'letters/a.txt'. Got {shortened(self.name)}."
            )
        one = isinstance(self.urls, str) or not isinstance(self.urls, Iterable)
        urls = (self.urls,) if one else tuple(self.urls)
        if not urls or not all(isinstance(url, str) and url for url in urls):
            raise ValueError(
                "The urls of a RemoteFile must be addresses, at least one. "
                f"Got {shortened(self.urls)} for {shortened(self.name)}."
            )
        kind = self._kind
        digest, length = getattr(self, kind), _new_digest(kind).digest_size * 2
        if not isinstance(digest, str) or not re.fullmatch(f"[0-9a-fA-F]{{{length}}}", digest):
            raise ValueError(
                f"The {kind} of a RemoteFile must be {length} hexadecimal digits. "
                f"Got {shortened(digest)} for {shortened(self.name)}."
            )
        object.__setattr__(self, "urls", urls)  # the dataclass is frozen
        object.__setattr__(self, kind, digest.lower())

    @property
    def _kind(self) -> str:
        return "sha256" if self.sha256 is not None or self.md5 is None else "md5"


def fetch(
    file: RemoteFile,
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    retries: int = 2,
) -> Path:
    """Return the path of a file with the right content, and download it if necessary.

    Parameters
    ----------
    file : RemoteFile
        The file to return.
    data_home : str or path-like, default=None
        Folder of the data, see :func:`get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the file if it is missing.
    retries : int, default=2
        How often to try again if all addresses fail.

    Returns
    -------
    path : pathlib.Path
        The file in the data home, verified.

    Raises
    ------
    FileNotFoundError
        If the file is missing and `download_if_missing` is False.
    ConnectionError
        If it could not be downloaded. What had arrived is removed.
    OSError
        If its path is a folder, or the data home cannot be written to; the subclass says why.
    ValueError
        If the existing file has different content. It is left unchanged.

    Examples
    --------
    >>> import hashlib, tempfile
    >>> from pathlib import Path
    >>> from skdl.downloads import RemoteFile, fetch
    >>> digest = hashlib.sha256(b"a").hexdigest()
    >>> letter = RemoteFile("letters/a.txt", ("https://example.org/a.txt",), digest, size=1)
    >>> with tempfile.TemporaryDirectory() as home:
    ...     path = Path(home, "letters", "a.txt")
    ...     path.parent.mkdir()
    ...     _ = path.write_text("a")
    ...     fetch(letter, data_home=home).name
    'a.txt'
    """
    return _fetch(file, data_home, download_if_missing, retries)[0]


def fetch_content(
    file: RemoteFile,
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    retries: int = 2,
) -> bytes:
    """Return the verified content of a file, and download it if necessary.

    Parameters
    ----------
    file, data_home, download_if_missing, retries
        As in :func:`fetch`.

    Returns
    -------
    content : bytes
        What gzip decompresses the file to if `file.compressed` is set, the file itself otherwise.

    Raises
    ------
    FileNotFoundError, ConnectionError, OSError, ValueError
        As in :func:`fetch`.

    Examples
    --------
    >>> import gzip, hashlib, tempfile
    >>> from pathlib import Path
    >>> from skdl.downloads import RemoteFile, fetch_content
    >>> url, digest = "https://example.org/a.gz", hashlib.sha256(b"a").hexdigest()
    >>> letter = RemoteFile("a.gz", (url,), digest, size=1, compressed=True)
    >>> with tempfile.TemporaryDirectory() as home:
    ...     _ = Path(home, "a.gz").write_bytes(gzip.compress(b"a"))
    ...     fetch_content(letter, data_home=home)
    b'a'
    """
    return _fetch(file, data_home, download_if_missing, retries, keep=True)[1]


def _fetch(
    file: RemoteFile,
    data_home: str | os.PathLike[str] | None,
    download_if_missing: bool,
    retries: int,
    keep: bool = False,
) -> tuple[Path, bytes]:
    path = get_data_home(data_home) / file.name
    if path.is_dir():
        raise IsADirectoryError(
            f"{shown_path(path)} is a folder, but should be a file. Move it away. "
            f"{_by_hand(file, path)}"
        )
    if os.path.isfile(path):
        fault, content = _examine(path, file, keep)
        if fault:
            raise ValueError(
                f"The file {shown_path(path)} {fault}. Delete it, so that it is downloaded again, "
                f"or put the right one there, from {_either(file.urls)}."
            )
        return path, content
    if not download_if_missing:
        raise FileNotFoundError(
            f"There is no file {shown_path(path)}, and download_if_missing=False. "
            f"{_by_hand(file, path)}"
        )
    with replacing(path) as part:
        content = _download(file, path, part, retries, keep)
    return path, content


def _by_hand(file: RemoteFile, path: Path) -> str:
    return (
        f"Put the file from {_either(file.urls)} there, or set the environment variable "
        "SKDL_DATA_HOME (or the parameter data_home, if there is one) to the folder that has "
        f"{shown_path(file.name)}."
    )


def _either(urls: Sequence[str]) -> str:
    return " or ".join(map(middle_out, urls))


def _download(file: RemoteFile, path: Path, part: Path, retries: int, keep: bool) -> bytes:
    """Try one address after the other until the right content has arrived in `part`."""
    faults: dict[str, str] = {}
    for attempt in range(retries + 1):
        if attempt:
            time.sleep(_PAUSE * 2 ** (attempt - 1))
        for url in file.urls:
            fault = _download_once(url, path, part)
            if not fault:
                fault, content = _examine(part, file, keep)
                if not fault:
                    return content
            faults[url] = fault
    reasons = "\n".join(f"- {middle_out(url)} {fault}" for url, fault in faults.items())
    raise ConnectionError(
        f"The file {shown_path(path)} could not be downloaded. {_by_hand(file, path)} Tried "
        f"{counted(retries + 1, 'time')}:\n{reasons}"
    )


def _download_once(url: str, path: Path, part: Path) -> str:
    """Download to a file and say what went wrong, nothing if all is well."""
    import pooch
    import requests

    download = pooch.HTTPDownloader(
        progressbar=find_spec("tqdm") is not None,
        chunk_size=_CHUNK,
        timeout=_TIMEOUT,
        headers={"Accept-Encoding": "identity"},  # the file itself, however it is compressed
    )
    try:
        download(url, str(part), None)
    except requests.RequestException as error:
        return f"failed: {middle_out(str(error))}"
    except OSError as error:  # requests' errors are OSErrors, too
        if error.errno in NO_ROOM:
            raise  # which `replacing` puts into words
        message = f"The file {shown_path(path)} cannot be written: {error.strerror or error}."
        raise restated(error, f"{message} {ANOTHER_PLACE}") from error
    return ""


def _examine(path: Path, file: RemoteFile, keep: bool) -> tuple[str, bytes]:
    """What is wrong with a file's content, nothing if all is well; and the content, if kept."""
    kind = file._kind
    digest, size, kept = _new_digest(kind), 0, []
    try:
        with _open_content(path, file.compressed) as stream:
            while (chunk := stream.read(_CHUNK)) and size <= file.size:
                digest.update(chunk)
                size += len(chunk)
                if keep:
                    kept.append(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        return f"is damaged: {error}", b""
    except OSError as error:
        message = f"The file {shown_path(path)} cannot be read: {error.strerror or error}."
        raise restated(error, f"{message} {ANOTHER_PLACE}") from error
    what = "content, decompressed," if file.compressed else "content"
    if size != file.size:
        some = f"more than {file.size:,}" if size > file.size else f"{size:,}"
        return f"is not the right one: its {what} has {some} bytes, expected {file.size:,}", b""
    if digest.hexdigest() != getattr(file, kind):
        return (
            f"is not the right one: the {kind} of its {what} is {digest.hexdigest()}, "
            f"expected {getattr(file, kind)}"
        ), b""
    return "", b"".join(kept)


def _new_digest(kind: str) -> Any:
    # Without the flag, machines under FIPS rules refuse md5.
    return hashlib.new(kind, usedforsecurity=False)


def _open_content(path: Path, compressed: bool) -> BinaryIO | Any:
    with open(path, "rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if compressed and is_gzip else open(path, "rb")
