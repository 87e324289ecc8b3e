"""Where data is kept, files that are written whole or not at all, and how much may be written."""

import errno
import functools
import glob
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from skdl._utils.checksums import file_digest
from skdl._utils.text import shown_path

# A file that is still being written is touched more often than this.
_STALE_AFTER = 24 * 60 * 60

# What an archive may hold altogether where it is decompressed or extracted; and how many times its
# own size, once that is more than the third of these.
MAX_TOTAL_BYTES = 64 * 2**30
MAX_RATIO = 200
ANY_RATIO_BYTES = 2**30

_CHUNK = 2**20

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of the errors where a disk is full, or may not take that much."""

ANOTHER_PLACE = (
    "Choose another place with the environment variable SKDL_DATA_HOME or the parameter data_home."
)


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder in which data sets and weights are kept.

    Parameters
    ----------
    data_home : str or path-like, default=None
        A folder, in which ``~`` is expanded. If None, use the environment variable
        ``SKDL_DATA_HOME`` or, if that is not set, the platform's cache folder, such as
        ``~/.cache/skdl``.

    Returns
    -------
    data_home : pathlib.Path
        Absolute path. The first download creates the folder, not this function.

    Raises
    ------
    OSError
        If its name is longer than the system allows.

    Examples
    --------
    >>> from skdl.downloads import get_data_home
    >>> get_data_home("~/images").name
    'images'
    """
    chosen = data_home if data_home is not None else os.environ.get("SKDL_DATA_HOME")
    if not chosen:
        import pooch

        chosen = pooch.os_cache("skdl")
    return usable(Path(os.path.abspath(os.path.expanduser(chosen))))


def usable(path: Path) -> Path:
    """The path itself; an OSError that cuts its name if that is longer than the system takes."""
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            message = f"{shown_path(path)} cannot be used: {str(error.strerror).lower()}."
            raise restated(error, message) from None
    return path


def find_file(name: str | os.PathLike[str], folder: str) -> Path | None:
    """A file by its path, or else by its path in "weights" or another folder of the data home."""
    path = usable(Path(name).expanduser())
    if path.is_file():
        return path
    kept = get_data_home() / folder / path
    return kept if kept.is_file() else None


@contextmanager
def replacing(path: Path, advice: str = ANOTHER_PLACE) -> Iterator[Path]:
    """Write a new file or folder that appears under its name only when it is complete.

    Parameters
    ----------
    path : pathlib.Path
        Path of the file or folder. Its parent folder is created if necessary.
    advice : str, default="Choose another place with …"
        What an error message advises if nothing can be written; by default, about the data home.

    Yields
    ------
    part : pathlib.Path
        A path beside it, to write to. It is moved to `path` when the block ends, and removed if
        the block raises; what a killed process leaves is removed a day later.

    Raises
    ------
    OSError
        If nothing can be written there, or the disk is full; the subclass says why.

    Examples
    --------
    >>> from pathlib import Path
    >>> from skdl.downloads import replacing
    >>> with replacing(Path("tables", "areas.csv")) as part:
    ...     _ = part.write_text("area")
    >>> [path.name for path in Path("tables").iterdir()]
    ['areas.csv']
    """
    make_writable(path.parent, advice)
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError):  # another process was faster
            if abs(time.time() - part.stat().st_mtime) > _STALE_AFTER:  # or dated in the future
                remove(part)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield part
        os.replace(part, path)
    except BaseException as error:
        remove(part)
        if isinstance(error, OSError) and error.errno in NO_ROOM and error.strerror:
            raise restated(
                error,
                f"{shown_path(path)} cannot be written: {error.strerror}. Nothing is left of it. "
                f"Free disk space and try again, or {advice[:1].lower()}{advice[1:]}",
            ) from error
        raise


def make_writable(folder: Path, advice: str, name: str = "", *, probe: bool = False) -> None:
    """Make a folder, unless it is there; an OSError with `advice` if nothing can be written there.

    `name` is what the message calls it. A probe is a file that is written and removed: not every
    network file system tells what is allowed.
    """
    name = name or f"The folder {shown_path(folder)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if probe:
            file = folder / f".probe.{os.getpid()}-{secrets.token_hex(4)}.part"
            file.touch(exist_ok=False)
            file.unlink(missing_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(f for f in (folder, *folder.parents) if os.path.lexists(f))
        raise FileExistsError(
            f"{name} cannot be created, since {shown_path(file)} is a file. {advice}"
        ) from error
    except OSError as error:
        raise restated(error, f"{name} cannot be written to: {error.strerror}. {advice}") from error


def restated(error: OSError, message: str) -> OSError:
    """The same error with a message of its own instead of ``[Errno …]``."""
    other = type(error)(message)
    other.errno = error.errno  # by which a full disk is told from damage
    return other


def tidied(name: str) -> str:
    """A path below some folder, with forward slashes and without detours; "" if it leads out."""
    path = name.replace("\\", "/")  # as some programs on Windows write them
    parts = [part for part in path.split("/") if part not in ("", ".")]
    leads_out = path.startswith("/") or ".." in parts or re.match("[A-Za-z]:", path)
    return "" if leads_out else "/".join(parts)


def allowed_bytes(archive_size: int) -> int:
    """How much of an archive of this size may be written."""
    return min(MAX_TOTAL_BYTES, allowed_by_ratio(archive_size))


def allowed_by_ratio(archive_size: int) -> int:
    """How much an archive of this size may hold."""
    return max(ANY_RATIO_BYTES, MAX_RATIO * archive_size)


def too_large(limit: int) -> ValueError:
    """What to raise where an archive holds more than it may."""
    return ValueError(
        f"it decompresses to more than {limit:,} bytes, which may be an attack; if you trust it, "
        "unpack it yourself"
    )


def copy_limited(source: Any, target: BinaryIO, limit: int) -> None:
    """Copy a stream to a file, unless that would be more than `limit`."""
    used = 0
    while chunk := source.read(_CHUNK):
        used += len(chunk)
        if used > limit:
            raise too_large(limit)
        target.write(chunk)


def remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def file_version(path: str | os.PathLike[str]) -> tuple[str, int, int]:
    """What tells a file from another one that is put in its place, without reading it."""
    status = os.stat(path)
    return os.path.realpath(path), status.st_size, status.st_mtime_ns


def weights_digest(weights: str | os.PathLike[str]) -> str | None:
    """Return the sha256 of the file that a parameter `weights` names, to record what was used.

    Parameters
    ----------
    weights : str or path-like
        As :class:`skdl.BackboneFeatures` accepts it: the path of a file, or its name in
        ``weights/`` of the data home.

    Returns
    -------
    digest : str or None
        Digest of the whole file, which is read again only if it has changed. None if there is no
        such file, as for the names "auto", "random" and "imagenet".

    Examples
    --------
    >>> import hashlib
    >>> from pathlib import Path
    >>> from skdl.downloads import weights_digest
    >>> _ = Path("edges.npz").write_bytes(b"arrays")
    >>> weights_digest("edges.npz") == hashlib.sha256(b"arrays").hexdigest()
    True
    >>> weights_digest("imagenet") is None
    True
    """
    path = find_file(weights, "weights") if Path(weights).suffix else None
    return None if path is None else _digest_of(file_version(path))


@functools.lru_cache(maxsize=64)
def _digest_of(version: tuple[str, int, int]) -> str:
    return file_digest(version[0])
