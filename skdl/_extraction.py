"""Archives unpacked into a folder, without trusting them."""

import os
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skdl._archives import safe_name, tells_of_damage
from skdl._storage import allowed_bytes, copy_limited, replacing

# The first three tell of a path in the archive that is a file and a folder.
_REFUSALS = (FileExistsError, NotADirectoryError, IsADirectoryError, RuntimeError, ValueError)


def extract_archive(
    archive: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    max_bytes: int | None = None,
) -> Path:
    """Unpack a zip or tar archive into a new folder, completely or not at all.

    Parameters
    ----------
    archive : str or path-like
        A zip archive, or a tar archive, compressed with gzip, bzip2, xz or not at all.
    folder : str or path-like
        The folder to be made; only its parent folders may exist.
    max_bytes : int, default=None
        How much the files may take altogether. None allows 200 times the size of the archive, but
        at least 1 GiB and at most 64 GiB.

    Returns
    -------
    folder : pathlib.Path
        The new folder. Times, owners and permissions of the files are not the archive's.

    Raises
    ------
    FileExistsError
        If the folder exists.
    FileNotFoundError
        If there is no such archive.
    ValueError
        If a path in the archive is absolute or leaves the folder, if the archive holds links,
        devices or encrypted files, is damaged, or holds more than it may. Nothing is left then.

    Examples
    --------
    >>> import tempfile, zipfile
    >>> from skdl.downloads import extract_archive
    >>> with tempfile.TemporaryDirectory() as home:
    ...     with zipfile.ZipFile(f"{home}/pets.zip", "w") as archive:
    ...         archive.writestr("cats/1.txt", "miaow")
    ...     folder = extract_archive(f"{home}/pets.zip", f"{home}/pets")
    ...     (folder / "cats" / "1.txt").read_text()
    'miaow'
    """
    source, target = Path(archive), Path(os.path.abspath(folder))
    if os.path.lexists(target):
        raise FileExistsError(f"The folder {str(target)!r} exists. Remove it, or choose another.")
    if not source.is_file():
        raise FileNotFoundError(f"There is no archive {str(source)!r}.")
    limit = allowed_bytes(source.stat().st_size) if max_bytes is None else max_bytes
    used = 0
    with replacing(target) as part:
        part.mkdir()
        try:
            for name, stream in _files(source):
                path = part / safe_name(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(path, "wb") as file:
                    used = copy_limited(stream, file, limit, used)
        except Exception as error:
            if not (isinstance(error, _REFUSALS) or tells_of_damage(error)):
                raise
            raise ValueError(f"The archive {str(source)!r} was not unpacked: {error}.") from error
    return target


def _files(archive: Path) -> Iterator[tuple[str, Any]]:
    """Names and streams of the files in an archive, each to be read before the next."""
    with open(archive, "rb") as file:
        is_zip = file.read(2) == b"PK"
    if is_zip:
        with zipfile.ZipFile(archive) as opened:
            yield from _files_of_zip(opened)
    else:
        with tarfile.open(archive, "r|*") as opened_tar:
            yield from _files_of_tar(opened_tar)


def _files_of_zip(archive: zipfile.ZipFile) -> Iterator[tuple[str, Any]]:
    for info in archive.infolist():
        if info.is_dir():
            continue
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ValueError(f"{info.filename!r} is a link or a device")
        if info.flag_bits & 1:
            raise ValueError(f"{info.filename!r} is encrypted")
        with archive.open(info) as stream:
            yield info.filename, stream


def _files_of_tar(archive: tarfile.TarFile) -> Iterator[tuple[str, Any]]:
    for info in archive:
        if info.isdir():
            continue
        if not info.isreg():
            raise ValueError(f"{info.name!r} is a link or a device")
        stream = archive.extractfile(info)
        assert stream is not None
        with stream:
            yield info.name, stream
