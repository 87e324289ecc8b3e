"""Shell-style patterns of files and folders that are left out.

Decisions: docs/decisions.md#folders-tables-and-data-sets.
"""

import difflib
import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from skdl._utils.checks import warn_user
from skdl._utils.text import counted, shortened
from skdl.datasets._tree import Parts, Tree

# A test for each part of a path; None is **, any number of folders.
_Tests = tuple[Callable[[str], Any] | None, ...]


class Patterns:
    """Patterns of what is left out, and which of them fitted something."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._tests = {text: _compiled(text) for text in texts}
        self._unused = set(texts)
        self._known: dict[Parts, bool] = {(): False}  # whether each path asked about is left out

    def leave_out(self, parts: Parts) -> bool:
        """Whether a file, or a folder that it lies in, fits a pattern."""
        if not self._tests:
            return False
        if parts not in self._known:
            found = {text for text, tests in self._tests.items() if _fits(parts, tests)}
            self._unused -= found
            self._known[parts] = self.leave_out(parts[:-1]) or bool(found)
        return self._known[parts]

    def warn_of_unused(self, where: str) -> None:
        """Warn of each pattern that nothing fits there, with what was perhaps meant."""
        for text in self._tests:
            if text in self._unused:
                warn_user(
                    f"exclude={shortened(text)} matches no file or folder in {where}."
                    f"{self._meant(text)}"
                )

    def _meant(self, text: str) -> str:
        """Perhaps a wider pattern, the end of a path from elsewhere, capitals, a similar name."""
        wider = [] if set("*?[") & set(text) else [f"*{text}*"]
        for other in (*wider, text.partition("/")[2], text.rpartition("/")[2]):
            if other and other != text and self._n_fitting(other, str):
                return f" Did you mean {shortened(other)}?"
        n = self._n_fitting(text, str.casefold)
        if n:
            return f" With other capitals, it would match {counted(n, 'name')}."
        names = {parts[-1] for parts in self._known if parts}
        near = difflib.get_close_matches(text.rpartition("/")[2], names, n=1)
        return f" Did you mean {shortened(near[0])}?" if near else ""

    def _n_fitting(self, text: str, change: Callable[[str], str]) -> int:
        tests = _compiled(change(text))
        return sum(_fits(tuple(map(change, parts)), tests) for parts in self._known if parts)


def without_excluded(tree: Tree, patterns: Patterns) -> Tree:
    """A tree without what fits a pattern, and without the folders that nothing else was in."""
    excluded = {file for file in tree.files if patterns.leave_out(file)}
    emptied = {folder for folder in tree.folders if patterns.leave_out(folder)}
    kept = tree.without(excluded)
    return replace(
        kept,
        folders=kept.folders - emptied,
        others=[file for file in tree.others if not patterns.leave_out(file)],
        links=[link for link in tree.links if not patterns.leave_out(link)],
        closed=[(parts, why) for parts, why in tree.closed if not patterns.leave_out(parts)],
        excluded=sorted(excluded),
    )


def check_patterns(exclude: Any) -> Patterns:
    """The parameter `exclude`: None, a pattern or a list of them."""
    texts = [exclude] if isinstance(exclude, str) else [] if exclude is None else exclude
    if not isinstance(texts, list | tuple) or not all(
        isinstance(text, str) and _parts_of(text) for text in texts
    ):
        raise ValueError(
            "exclude must be a pattern of names, such as '*_mask.png', or a list of them. Got "
            f"{shortened(exclude)}."
        )
    return Patterns(texts)


def _parts_of(text: str) -> list[str]:
    return [part for part in text.replace(os.sep, "/").split("/") if part not in ("", ".")]


def _compiled(text: str) -> _Tests:
    return tuple(
        None if part == "**" else re.compile(fnmatch.translate(_composed(part))).match
        for part in _parts_of(text)
    )


def _fits(parts: Parts, tests: _Tests) -> bool:
    """Whether a path ends as a pattern says."""
    if not tests:
        return True
    if tests[-1] is None:
        return any(_fits(parts[:n], tests[:-1]) for n in range(len(parts), -1, -1))
    return bool(parts and tests[-1](_composed(parts[-1]))) and _fits(parts[:-1], tests[:-1])


def _composed(text: str) -> str:
    """Accents as one character each: some systems write them as two."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
