"""Files by what lists call them: a path, the end of one, or an id without an ending."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from skdl.datasets._tree import Parts


class FilesByName:
    """Files that can be found by the end of their path, with or without the file's ending."""

    def __init__(self, paths: Iterable[str], folder: str | os.PathLike[str]) -> None:
        self._folder = _parts(os.fspath(folder))
        self._by_stem: dict[str, list[tuple[Parts, str]]] = defaultdict(list)
        for path in dict.fromkeys(paths):
            parts = _parts(path)
            self._by_stem[stem_of(parts[-1])].append((parts, path))
            if parts[-1] != stem_of(parts[-1]):
                self._by_stem[parts[-1]].append((parts, path))

    def find(self, text: str) -> list[str]:
        """Paths of the files that a text stands for; one if it says where that is."""
        wanted = _parts(os.path.expanduser(text.strip().replace("\\", "/")))
        if not wanted:
            return []
        n = len(wanted)
        found = [
            (parts, path)
            for parts, path in self._by_stem.get(wanted[-1], ())
            if parts[-n:-1] == wanted[:-1]
        ]
        here = [path for parts, path in found if parts[:-1] == (*self._folder, *wanted[:-1])]
        return here or [path for _, path in found]


def stem_of(name: str) -> str:
    """The name of a file without its ending, or without both of a compressed one."""
    stem, ending = os.path.splitext(name)
    return os.path.splitext(stem)[0] if ending.lower() == ".gz" else stem


def _parts(path: str) -> Parts:
    """Parts of a path; accents are one character each, as some systems write two."""
    return tuple(
        part for part in Path(unicodedata.normalize("NFC", path)).parts if part not in ("/", ".")
    )
