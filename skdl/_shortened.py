"""Values in messages: no message is longer than a screen."""

from __future__ import annotations

import os
import reprlib
from typing import Any

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


def shortened(value: object) -> str:
    """Show a value of the user's in a message, in one line of a bounded length.

    Parameters
    ----------
    value : object
        Anything: a file's content and an array of gigabytes, too.

    Returns
    -------
    shown : str
        Its `repr` where that is short; its beginning, or its type and shape, where it is not.

    Examples
    --------
    >>> from skdl._shortened import shortened
    >>> shortened("malignant"), shortened(list(range(1000)))
    ("'malignant'", '[0, 1, 2, 3, 4, 5, ...]')
    """
    try:
        text = " ".join(_REPR.repr(value).split())
    except Exception:  # whatever a class of the user's raises
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
