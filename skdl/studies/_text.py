"""Values and text of others in messages and tables, in a bounded length."""

import errno
import os
import reprlib
from pathlib import Path
from typing import Any

_LONGEST = 200
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60


def shown(value: Any) -> str:
    """A value in one line."""
    try:
        return cut(" ".join(_REPR.repr(value).split()))
    except ValueError:  # an integer of thousands of digits
        return f"a {type(value).__name__}"


def cut(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def harmless(text: str) -> str:
    """Text that does nothing to a terminal or a page but stand there."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def usable(path: str | os.PathLike[str]) -> Path:
    """A path whose name the system takes.

    Raises
    ------
    OSError
        If it is too long.
    """
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise OSError(error.errno, error.strerror, cut(str(path))) from None
    return Path(path)
