"""Values, paths and foreign text in messages, terminals and files."""

from __future__ import annotations

import os
import reprlib
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np


def plain(value: Any) -> Any:
    """A value as messages show it: ``'a'`` and not ``np.str_('a')``, also inside containers."""
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist()) if value.dtype.kind in "OV" and value.ndim else value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value) if type(value) in (list, tuple) else value
    if type(value) is dict:
        return {plain(key): plain(item) for key, item in value.items()}
    return value


_LONGEST = 300


class _Repr(reprlib.Repr):
    """`repr` that never builds the text of something large to cut it then."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxstring = self.maxother = self.maxlong = 60

    def repr_instance(self, x: Any, level: int) -> str:
        """Show what is neither a number, a text nor a container of Python."""
        shape = getattr(x, "shape", None)
        if shape == () and hasattr(x, "item"):
            return self.repr1(x.item(), level)  # 'a' and not np.str_('a')
        if isinstance(shape, tuple):
            return f"{type(x).__name__} of shape {shape}"
        if isinstance(x, bytes | bytearray | memoryview):
            start = repr(bytes(x[: self.maxstring // 2]))
            return start if len(x) <= self.maxstring // 2 else f"{start}... ({len(x):,} bytes)"
        if isinstance(x, list | tuple | dict | set | frozenset | str):
            return f"{type(x).__name__} of length {len(x):,}"
        return super().repr_instance(x, level)


_REPR = _Repr()


def middle_out(text: str) -> str:
    """A path or a message of another library's, without its middle where it is long."""
    return text if len(text) <= _LONGEST else f"{text[:200]}…{text[-80:]}"


def shown_path(path: str | os.PathLike[str]) -> str:
    """Show a path in a message, in quotes: both its ends tell something."""
    return repr(middle_out(str(os.fspath(path))))  # no np.str_


def names_within(paths: Sequence[str]) -> list[str]:
    """Names of files, with the folders by which they differ, but not those that hold all."""
    try:
        common = os.path.join(os.path.commonpath([os.path.dirname(path) for path in paths]), "")
    except ValueError:  # there is none, or they begin at several places
        return list(paths)
    return [path.removeprefix(common) for path in paths]


def shortened(value: object) -> str:
    """Show a value of the user's in a message, in one line of a bounded length.

    This is its `repr` where that is short; its beginning, or its type and shape, where it is not,
    as with a file's content or an array of gigabytes.
    """
    try:
        text = " ".join(_REPR.repr(value).split())
    except Exception:  # whatever a class of the user's raises
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


# They turn what follows around, so that it reads as something else.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control characters, halves of surrogate pairs, and separators of lines and paragraphs.
_UNPRINTABLE = frozenset(["Cc", "Cs", "Zl", "Zp"])


def counted(number: int, one: str, more: str = "") -> str:
    """A number of things in words: 1 file, 2 files; `more` where the plural is not that plus s."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def in_bytes(number: int) -> str:
    """A number of bytes in words: 1.5 GB."""
    from rich.filesize import decimal

    return str(decimal(number))


def printable(text: str, keep: str = "") -> str:
    """Text that does nothing to a terminal or a page but stand there.

    It has escapes in place of control characters, but for those to `keep`, of lone surrogates (as
    in the name of a file that is not UTF-8) and of what turns the direction of reading.
    """

    def shown(character: str) -> str:
        acts = character in _TURNING or unicodedata.category(character) in _UNPRINTABLE
        if character in keep or not acts:
            return character
        return character.encode("unicode_escape").decode("ascii")

    return text if text.isprintable() else "".join(map(shown, text))


def encodable(text: str) -> str:
    """Text that can be encoded: lone surrogates as escapes, everything else as it is."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def say(text: str = "", *, file: TextIO | None = None) -> None:
    """Print text of any origin, line by line; to standard output unless another file is given."""
    print(printable(text, keep="\n"), file=file or sys.stdout, flush=True)
