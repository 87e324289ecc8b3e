"""Image files that are equal byte for byte."""

from collections import defaultdict

from skdl._utils.checksums import digest_of
from skdl._utils.threads import in_threads
from skdl.datasets._layout import Entry
from skdl.images import read_bytes, size_of


def find_copies(entries: list[Entry], loaded: list[Entry]) -> list[list[Entry]]:
    """Groups of files that are equal byte for byte, each with one that is loaded.

    Only files of one size are compared.
    """
    wanted = {entry.path for entry in loaded}
    paths = [entry.path for entry in entries]
    by_size: dict[int, list[int]] = defaultdict(list)
    for row, size in enumerate(in_threads(_try_size, paths)):
        if size:
            by_size[size].append(row)

    def count(group: list[int]) -> bool:
        return len(group) > 1 and any(paths[row] in wanted for row in group)

    rows = [row for group in by_size.values() if count(group) for row in group]
    by_content: dict[bytes, list[int]] = defaultdict(list)
    for row, digest in zip(
        rows, in_threads(_try_digest, [paths[row] for row in rows]), strict=True
    ):
        if digest:
            by_content[digest].append(row)
    groups = sorted(sorted(group) for group in by_content.values() if count(group))
    return [[entries[row] for row in group] for group in groups]


def _try_size(path: str) -> int:
    try:
        return size_of(path)
    except (OSError, ValueError):
        return 0  # what is wrong with it is said when it is examined


def _try_digest(path: str) -> bytes:
    try:
        return digest_of(read_bytes(path))
    except (OSError, ValueError):
        return b""
