"""What a folder's store holds, whether it is right, and the repair of what is not."""

import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from skdl.store._layout import FoundFile, Layout
from skdl.store._reports import SpaceInfo, StoreCheck, StoreInfo
from skdl.store._shards import DamagedError, Shard, open_shard, read_counts, write_shard


def survey(layout: Layout) -> StoreInfo:
    spaces = [_survey_space(layout, place) for place in layout.spaces()]
    spaces.sort(key=lambda space: -(space.last_used or 0))
    return StoreInfo(tuple(spaces), layout.top.is_dir(), tuple(layout.other_formats()))


def _survey_space(layout: Layout, place: Path) -> SpaceInfo:
    files = layout.shards(place)
    entries = 0
    for file in files:
        with suppress(DamagedError, OSError):
            entries += read_counts(file.path, bytes.fromhex(place.name))[0]
    return SpaceInfo(
        layout.description(place),
        place.name,
        entries,
        len(files),
        sum(file.bytes for file in files),
        max((file.used for file in files), default=None),
    )


def verify(layout: Layout, repair: bool) -> StoreCheck:
    """Read every entry; if `repair`, remove what is damaged, and temporary files."""
    leftovers = layout.leftovers()
    damaged: list[Path] = []
    entries = files = wrong = 0
    for place in layout.spaces():
        for file in layout.shards(place):
            try:
                right, wrong_here = _verify_shard(file, place, repair)
            except FileNotFoundError:  # another process removed it
                continue
            except DamagedError:
                damaged.append(file.path)
                continue
            entries, files, wrong = entries + right, files + (right > 0), wrong + wrong_here
        description = layout.damaged_description(place)
        if description is not None:
            damaged.append(description)
    if repair:
        for path in (*damaged, *(file.path for file in leftovers)):
            path.unlink(missing_ok=True)
    return StoreCheck(entries, files, tuple(damaged), wrong, len(leftovers), repair)


def _verify_shard(file: FoundFile, place: Path, repair: bool) -> tuple[int, int]:
    """Right and wrong entries of a shard, which is written anew without the wrong ones."""
    shard = open_shard(file.path, bytes.fromhex(place.name))
    rows = np.arange(len(shard.keys))
    values = np.empty((len(rows), shard.width), dtype=np.float32)
    right = shard.read(rows, values, rows)
    if repair and not right.all():
        _replace(shard, file, rows[right], values[right], bytes.fromhex(place.name))
    return int(right.sum()), int((~right).sum())


def _replace(
    shard: Shard,
    file: FoundFile,
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    values: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    space: bytes,
) -> None:
    if len(rows):
        new = write_shard(
            file.path.parent, space, [shard.keys[row] for row in rows], values, shard.seconds
        )
        os.utime(new.path, (file.used, file.used))
    file.path.unlink(missing_ok=True)
