"""Paths and texts of others as they may be passed on: the home folder is ~."""

import os
import re

from skdl._utils.text import middle_out, printable


def tidy(text: str | os.PathLike[str]) -> str:
    """One line of bounded length, without the home folder."""
    home = os.path.expanduser("~")
    shown = " ".join(str(os.fspath(text)).split())
    if len(home) > 1:  # not that of a service, "/"
        shown = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", shown)
    return middle_out(printable(shown))
