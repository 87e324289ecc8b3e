"""What a store holds, in words and numbers for people."""

import json
import re
import time
from typing import Any

from skdl._utils import html
from skdl._utils.text import counted, in_bytes, printable, shown_path
from skdl.store._reports import SpaceInfo, StoreInfo

# What of a space is shown first; the first name that is there is its title.
_TITLES = ("backbone", "architecture", "network", "model", "name")
_FIRST = ("layer", "pooling", "image_size", "size", "input_shape")

_WIDEST_VALUE = 40
_DIGEST = re.compile("[0-9a-f]{32,}")

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60


def described(info: StoreInfo) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of a table: one row per space, and the total."""
    header = ("features", "entries", "size", "files", "last used", "details")
    rows = []
    for space in info.spaces:
        title, details = _described(space)
        rows.append((title, *_numbers(space), _ago(space.last_used), details))
    return header, [*rows, ("total", *_numbers(info), "", "")]


def page_of(store: Any) -> str:
    """What a store holds, and how often it was of use, as a part of a notebook."""
    place = "memory" if store.folder is None else shown_path(str(store.folder))
    info, looked_up = store.info(), store.hits + store.misses
    rows = html.table(*described(info), wrapped=True) if info.spaces else html.line("It is empty.")
    used = (
        f"{store.hits:,} of {counted(looked_up, 'look-up')} in this process found what was stored."
        if looked_up
        else ""
    )
    limit = f"At most {in_bytes(store.max_bytes)}."
    return html.block(f"Feature store in {place}", rows, html.line(limit, used))


def _numbers(counted: SpaceInfo | StoreInfo) -> tuple[str, str, str]:
    return f"{counted.entries:,}", in_bytes(counted.bytes), f"{counted.files:,}"


def _described(space: SpaceInfo) -> tuple[str, str]:
    """A title, and the rest of the description that is set, in one line."""
    if space.space is None:
        return space.digest[:12], "The description is lost."
    given = {name: value for name, value in space.space.items() if value is not None}
    name = next((name for name in _TITLES if name in given), None)
    title = space.digest[:12] if name is None else _value(given.pop(name))
    ordered = {name: given.pop(name) for name in _FIRST if name in given} | given
    return title, ", ".join(f"{_shortened(key)}={_value(of)}" for key, of in ordered.items())


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


def _ago(moment: float | None) -> str:
    if moment is None:
        return "never"
    seconds = time.time() - moment
    if seconds < 2 * _MINUTE:
        return "just now"
    units = (2 * _HOUR, _MINUTE, "minutes"), (2 * _DAY, _HOUR, "hours"), (30 * _DAY, _DAY, "days")
    for below, length, unit in units:
        if seconds < below:
            return f"{seconds // length:.0f} {unit} ago"
    return time.strftime("%Y-%m-%d", time.localtime(moment))
