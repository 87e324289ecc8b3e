"""Foreign text in terminals and files: names of files, labels, plugins and records of others."""

import sys
import unicodedata
from typing import TextIO

# They turn what follows around, so that it reads as something else.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control characters, halves of surrogate pairs, and separators of lines and paragraphs.
_UNPRINTABLE = frozenset(["Cc", "Cs", "Zl", "Zp"])


def printable(text: str, keep: str = "") -> str:
    r"""Text that does nothing to a terminal or a page but stand there.

    Parameters
    ----------
    text : str
        Any text, such as the name of a file in an archive of a stranger's.
    keep : str, default=""
        Control characters that are meant, such as line ends.

    Returns
    -------
    text : str
        With escapes in place of control characters, of lone surrogates (as in the name of a file
        that is not UTF-8) and of what turns the direction of reading.

    Examples
    --------
    >>> from skdl._printable import printable
    >>> print(printable("caf\udce9 \x1b[2J"))
    caf\udce9 \x1b[2J
    """
    if text.isprintable():
        return text
    return "".join(c if c in keep or not _acts(c) else _escaped(c) for c in text)


def encodable(text: str) -> str:
    """Text that can be encoded: lone surrogates as escapes, everything else as it is."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def say(text: str = "", *, file: TextIO | None = None) -> None:
    """Print text of any origin, line by line; to standard output unless another file is given."""
    print(printable(text, keep="\n"), file=file or sys.stdout, flush=True)


def _acts(character: str) -> bool:
    return character in _TURNING or unicodedata.category(character) in _UNPRINTABLE


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
