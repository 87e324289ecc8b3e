"""Where data is kept, and files that are written whole or not at all."""

import glob
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A file that is still being written is touched more often than this.
_STALE_AFTER = 24 * 60 * 60


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Folder in which data sets and weights are kept.

    Parameters
    ----------
    data_home : str or path-like, default=None
        A folder, ``~`` included. None takes the environment variable ``SKDL_DATA_HOME``, or, where
        that is not set, the platform's cache folder, such as ``~/.cache/skdl``.

    Returns
    -------
    data_home : pathlib.Path
        Absolute. It is created by the first download, not here.

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
    return Path(os.path.abspath(os.path.expanduser(chosen)))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Name for a new file, or folder, that takes its place only when it is complete.

    Parameters
    ----------
    path : pathlib.Path
        The place.

    Yields
    ------
    part : pathlib.Path
        A name beside it, to be written to. It moves to `path` when the block ends, and is removed
        when the block raises; what a killed process left is removed a day later.

    Raises
    ------
    PermissionError
        If nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError
    except PermissionError as error:
        raise PermissionError(
            f"The folder {str(path.parent)!r} cannot be written to. Choose another place with the "
            "environment variable SKDL_DATA_HOME or the parameter data_home."
        ) from error
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        _remove_if_stale(part)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        remove(part)
        raise


def remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _remove_if_stale(part: Path) -> None:
    try:
        if time.time() - part.stat().st_mtime > _STALE_AFTER:
            remove(part)
    except OSError:
        pass  # another process was faster
