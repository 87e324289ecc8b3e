"""The data home: where it is, what is in it, and whether more can be written."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from skdl._utils.storage import get_data_home, make_writable
from skdl.diagnosis._shown import tidy

_DAY = 24 * 60 * 60


def data_home(folder: str | os.PathLike[str] | None) -> dict[str, Any]:
    """The data home; `fault` says why nothing can be written there, "" if something can."""
    try:
        path = get_data_home(folder)
    except (ImportError, OSError) as error:  # pooch, which knows the default, may be missing
        return {"path": None, "exists": False, "fault": tidy(str(error))}
    found: dict[str, Any] = {"path": tidy(path), "exists": path.is_dir(), "fault": _fault(path)}
    above = next((p for p in (path, *path.parents) if p.exists()), path)
    try:
        found["free_bytes"] = shutil.disk_usage(above).free
    except OSError:
        found["free_bytes"] = None
    files = _files(path)
    found["bytes"] = sum(size for _, size, _ in files)
    found["weights"] = {
        "/".join(parts[1:]): size for parts, size, _ in files if parts[0] == "weights" and parts[1:]
    }
    folders: dict[str, dict[str, int]] = {}
    for parts, size, _ in files:
        if len(parts) > 1 and parts[0] != "weights":
            known = folders.setdefault(parts[0], {"files": 0, "bytes": 0})
            known["files"] += 1
            known["bytes"] += size
    found["folders"] = dict(sorted(folders.items()))
    old = time.time() - _DAY
    found["leftovers"] = sum(
        parts[-1].startswith(".") and parts[-1].endswith(".part") and changed < old
        for parts, _, changed in files
    )
    return found


def temporary_folder() -> dict[str, Any]:
    """Where temporary files are written."""
    try:
        return {"path": tidy(tempfile.gettempdir()), "fault": ""}
    except OSError as error:
        return {"path": None, "fault": tidy(error.strerror or str(error))}


def _fault(path: Path) -> str:
    """Why nothing can be written below a path; nothing is made where there is none."""
    try:
        there = next(p for p in (path, *path.parents) if os.path.lexists(p))
        make_writable(there, "", "it" if there == path else tidy(there), probe=True)
    except OSError as error:
        return tidy(str(error)).strip()
    return ""


def _files(folder: Path) -> list[tuple[tuple[str, ...], int, float]]:
    """Files below a folder: the parts of their paths, bytes, and when they were changed."""
    found = []
    for root, _, names in os.walk(folder):
        inside = Path(root).relative_to(folder).parts
        for name in names:
            try:
                status = os.stat(os.path.join(root, name))
            except OSError:
                continue
            found.append(((*inside, tidy(name)), status.st_size, status.st_mtime))
    return sorted(found)
