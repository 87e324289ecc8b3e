"""The command ``skdl store``: show, clear and verify the feature store in a folder."""

import json
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import Any

from skdl._utils.text import printable, say, shown_path
from skdl.store import FeatureStore, SpaceInfo, StoreInfo

# What of a space is shown first; the first name that is there is its title.
_TITLES = ("backbone", "architecture", "network", "model", "name")
_FIRST = ("layer", "pooling", "image_size", "size", "input_shape")

_NARROWEST = 40
_WIDEST_VALUE = 40
_DIGEST = re.compile("[0-9a-f]{32,}")

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60


def run_store(action: str, folder: str, *, repair: bool = False) -> int:
    """Run one of the commands and return the status of the process."""
    try:
        store = FeatureStore(folder)
        info = store.info()
        if not info.of_this_format and not info.other_formats:
            return _fail(f"The folder {shown_path(str(store.folder))} holds no feature store.")
        if action == "info":
            return _info(store, info)
        return _clear(store, info) if action == "clear" else _verify(store, info, repair)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        return _fail(str(error))


def _fail(message: str) -> int:
    say(f"skdl store: {message}", file=sys.stderr)
    return 1


def _info(store: FeatureStore, info: StoreInfo) -> int:
    say(f"Feature store in {store.folder}\n")
    say("\n".join(_table(info)) if info.spaces else "It is empty.")
    _print_other_formats(info)
    return 0


def _clear(store: FeatureStore, info: StoreInfo) -> int:
    if not info.of_this_format:
        return _fail(
            f"Nothing was removed from {shown_path(str(store.folder))}. {_other_formats(info)}"
        )
    removed = store.clear()
    say(
        f"Removed {_counted(info.entries, 'entry', 'entries')} in "
        f"{_counted(info.files, 'file')}, {_size(removed)}, from {store.folder}"
    )
    _print_other_formats(info)
    return 0


def _verify(store: FeatureStore, info: StoreInfo, repair: bool) -> int:
    check = store.verify(repair=repair)
    files = _counted(check.files, "file")
    say(f"{_counted(check.entries, 'entry is', 'entries are')} right, in {files}.")
    if check.leftovers:
        state = "removed" if repair else "left by a killed process, or being written"
        say(f"{_counted(check.leftovers, 'temporary file')}: {state}.")
    if check.damaged_entries:
        say(f"{_counted(check.damaged_entries, 'entry is', 'entries are')} damaged.")
    if check.damaged_files:
        say(f"{_counted(len(check.damaged_files), 'file is', 'files are')} damaged:")
        say("\n".join(f"    {path}" for path in check.damaged_files))
    if check.sound:
        say("Nothing is damaged.")
    elif repair:
        say("What was damaged has been removed, and will be computed again.")
    else:
        say("Damaged features are computed again when needed; --repair removes them.")
    _print_other_formats(info)
    return int(not check.sound)


def _print_other_formats(info: StoreInfo) -> None:
    if info.other_formats:
        say(f"\n{_other_formats(info)}")


def _other_formats(info: StoreInfo) -> str:
    names = " and ".join(info.other_formats)
    return f"What lies in {names} is of another version of skdl, and is left alone."


def _table(info: StoreInfo) -> list[str]:
    rows = [("features", "entries", "size", "files", "last used")]
    rows += [(_title(space), *_numbers(space), _ago(space.last_used)) for space in info.spaces]
    rows += [("total", *_numbers(info), "")]
    first, *others = (max(len(row[column]) for row in rows) for column in range(4))
    lines = [
        "  ".join([f"{name:<{first}}", *map(str.rjust, numbers, others), last]).rstrip()
        for name, *numbers, last in rows
    ]
    width = max(_NARROWEST, shutil.get_terminal_size((100, 24)).columns)
    table = lines[:1]
    for line, space in zip(lines[1:-1], info.spaces, strict=True):
        table.append(line)
        table += textwrap.wrap(
            _details(space), width, initial_indent="    ", subsequent_indent="    "
        )
    return [*table, "", lines[-1]]


def _numbers(counted: SpaceInfo | StoreInfo) -> tuple[str, str, str]:
    return f"{counted.entries:,}", _size(counted.bytes), f"{counted.files:,}"


def _title(space: SpaceInfo) -> str:
    names = _named(space.space or {}, _TITLES)
    return _value(space.space[names[0]]) if space.space and names else space.digest[:12]


def _details(space: SpaceInfo) -> str:
    """The description in one line, without the title and what is not set."""
    if space.space is None:
        return "The description is lost."
    title = _named(space.space, _TITLES)[:1]
    first = _named(space.space, _FIRST)
    names = [*first, *(name for name in space.space if name not in (*title, *first))]
    given = {name: space.space[name] for name in names if space.space[name] is not None}
    return ", ".join(f"{_shortened(name)}={_value(value)}" for name, value in given.items())


def _named(space: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [name for name in names if space.get(name) is not None]


def _value(value: Any) -> str:
    """A value in a few characters."""
    if isinstance(value, list) and value and all(isinstance(v, int) for v in value):
        return _shortened("×".join(map(str, value)))
    if not isinstance(value, str):
        return _shortened(json.dumps(value))
    return f"{value[:8]}…" if _DIGEST.fullmatch(value) else _shortened(value)


def _shortened(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= _WIDEST_VALUE else f"{text[: _WIDEST_VALUE - 1]}…"


def _size(n_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if n_bytes < 999.95:
            return f"{n_bytes:.0f} bytes" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} GB"


def _ago(moment: float | None) -> str:
    if moment is None:
        return "never"
    seconds = time.time() - moment
    if seconds < 2 * _MINUTE:
        return "just now"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE:.0f} minutes ago"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} hours ago"
    if seconds < 30 * _DAY:
        return f"{seconds // _DAY:.0f} days ago"
    return time.strftime("%Y-%m-%d", time.localtime(moment))


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"
