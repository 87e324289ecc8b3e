"""Archives unpacked into a folder, without trusting them."""

import os
from pathlib import Path
from typing import Any

from skdl._utils.members import content_of, kind_of, members_of, tells_of_damage
from skdl._utils.storage import allowed_bytes, replacing, usable
from skdl._utils.text import shown_path

# The first three tell of a path in the archive that is a file and a folder.
_REFUSALS = (FileExistsError, NotADirectoryError, IsADirectoryError, ValueError)
_ADVICE = "Choose another folder."


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
        A zip archive (stored or deflated), or a tar archive, compressed with gzip, bzip2, xz or not
        at all.
    folder : str or path-like
        The folder to create; only its parent folders may exist.
    max_bytes : int, default=None
        Maximum total size of the files. If None, 200 times the size of the archive, but at least
        1 GiB and at most 64 GiB.

    Returns
    -------
    folder : pathlib.Path
        The new folder. Times, owners and permissions of the files are not those of the archive.

    Raises
    ------
    FileExistsError
        If the folder exists.
    FileNotFoundError
        If there is no such archive.
    ValueError
        If a path in the archive is absolute, leads out of the folder or belongs to two files, or if
        the archive holds links, devices or encrypted files, is damaged or truncated, or holds more
        than `max_bytes`. No files are left behind.
    OSError
        If the folder cannot be written, or the disk is full. No files are left behind.

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
    source = usable(Path(archive).expanduser())
    target = usable(Path(os.path.abspath(os.path.expanduser(folder))))
    if os.path.lexists(target):
        raise FileExistsError(
            f"The folder {shown_path(target)} exists. Remove it, or choose another."
        )
    if not source.is_file():
        raise FileNotFoundError(f"There is no archive {shown_path(source)}.")
    limit = allowed_bytes(source.stat().st_size) if max_bytes is None else max_bytes
    with replacing(target, _ADVICE) as part:
        part.mkdir()
        try:
            zipped, decompressor = kind_of(source)
            with source.open("rb") if decompressor is None else decompressor(source) as file:
                _unpack(file, zipped, part, limit)
        except Exception as error:
            if not (isinstance(error, _REFUSALS) or tells_of_damage(error)):
                raise
            raise ValueError(
                f"The archive {shown_path(source)} was not unpacked: {error}."
            ) from error
    return target


def _unpack(file: Any, zipped: bool, folder: Path, limit: int) -> None:
    for member in members_of(file, zipped, limit):
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(path, "xb") as target:
                target.writelines(content_of(file, zipped, member))
        except ValueError as error:
            raise ValueError(f"{shown_path(member.name)}: {error}") from error
