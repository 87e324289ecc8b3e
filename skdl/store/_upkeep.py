"""What a folder's store holds, whether it is right, and the repair of what is not."""

import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from skdl.store._layout import FoundFile, Layout
from skdl.store._reports import SpaceInfo, StoreCheck, StoreInfo
from skdl.store._shards import DamagedError, apart, open_shard, read_head, write_shard


def survey(layout: Layout) -> StoreInfo:
    spaces = [_survey_space(layout, place) for place in layout.spaces()]
    return StoreInfo.of(spaces, layout.top.is_dir(), layout.other_formats())


def _survey_space(layout: Layout, place: Path) -> SpaceInfo:
    files = layout.shards(place)
    entries = 0
    for file in files:
        with suppress(DamagedError, OSError), file.path.open("rb") as opened:
            entries += read_head(opened, bytes.fromhex(place.name))[1]
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
    for file in layout.all_shards():
        try:
            right, wrong_here = _verify_shard(file, repair)
        except FileNotFoundError:  # another process removed it
            continue
        except DamagedError:
            damaged.append(file.path)
            continue
        entries, files, wrong = entries + right, files + (right > 0), wrong + wrong_here
    damaged += layout.damaged_descriptions()
    if repair:
        for path in (*damaged, *(file.path for file in leftovers)):
            path.unlink(missing_ok=True)
    return StoreCheck(entries, files, tuple(damaged), wrong, len(leftovers), repair)


def _verify_shard(file: FoundFile, repair: bool) -> tuple[int, int]:
    """Right and wrong entries of a shard, which is written anew without the wrong ones."""
    place = file.path.parent
    space = bytes.fromhex(place.name)
    shard, joined = open_shard(file.path, space)
    keys, rows = apart(joined), np.arange(shard.count)
    values = np.empty((len(rows), shard.width), dtype=np.float32)
    right = shard.read(rows, keys, values, rows)
    if repair and not right.all():
        if right.any():
            whole = [keys[row] for row in rows[right].tolist()]
            new = write_shard(place, space, whole, values[right], shard.seconds)
            os.utime(new.path, (file.used, file.used))
        file.path.unlink(missing_ok=True)
    return int(right.sum()), int((~right).sum())
