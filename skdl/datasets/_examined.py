"""Which of the listed files can be read, and what to say of the others."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skdl._utils.text import counted, middle_out, shown_path
from skdl._utils.threads import in_threads
from skdl.datasets._bunch import Codes
from skdl.datasets._concerns import NAMED, first_of
from skdl.images import UnreadableImageError, read_image, read_image_info


def readable(
    paths: npt.NDArray[np.str_], drawn: Sequence[tuple[Codes, int]], verify: bool
) -> tuple[Codes, list[tuple[str, str]]]:
    """Rows of images that can be read, as many as were drawn; and paths of those that cannot."""
    chosen: list[int] = []
    unreadable: list[tuple[str, str]] = []
    for order, missing in drawn:
        queue = order
        while missing and len(queue):
            batch, queue = queue[:missing], queue[missing:]
            faults = in_threads(partial(fault_of, verify=verify), paths[batch].tolist())
            for row, fault in zip(batch.tolist(), faults, strict=True):
                if fault:
                    unreadable.append((str(paths[row]), fault))
                else:
                    chosen.append(row)
                    missing -= 1
    return np.array(sorted(chosen), dtype=np.int64), sorted(unreadable)


def fault_of(path: str, verify: bool) -> str:
    """Why a file cannot be read, nothing if it can."""
    try:
        if verify:
            # Small: a JPEG is decoded at an eighth of its size.
            read_image(path, image_size=8, frame="first")
        else:
            read_image_info(path)
    except UnreadableImageError as error:
        return error.reason
    return ""


def settle(
    unreadable: Sequence[tuple[str, str]], source: Path, on_error: str, with_folders: bool
) -> list[str]:
    """What to say of what cannot be read; a ValueError if that is to be refused."""
    n = len(unreadable)
    if not n or on_error == "skip":
        return []
    what, verb = counted(n, "file"), "read"
    if with_folders:
        what, verb = counted(n, "file or folder", "files or folders"), "used"
    lines = [f"{what} of {shown_path(source)} cannot be {verb}:"]
    lines += [f"- {middle_out(path)}: {reason}" for path, reason in unreadable[:NAMED]]
    if n > NAMED:
        lines.append(f"- and {n - NAMED:,} more")
    if on_error == "warn":
        return ["\n".join([*lines, "They are left out."])]
    advice = "Remove or replace them, or leave them out with on_error='skip'."
    raise ValueError("\n".join([*lines, advice]))


def refuse_emptied(before: Codes, after: Codes, names: list[str]) -> None:
    gone = sorted(set(before.tolist()) - set(after.tolist()))
    if gone:
        raise ValueError(
            f"No image of class {first_of([names[code] for code in gone])} can be read."
        )
