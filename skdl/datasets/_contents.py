"""What image files hold: the same bytes as another, or several frames."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain

from skdl._utils.checksums import digest_of
from skdl._utils.threads import in_threads
from skdl.images import holds_several, read_bytes, size_of


def find_copies(paths: Sequence[str], loaded: Iterable[str]) -> list[list[int]]:
    """Rows of files that are equal byte for byte, in groups, each with one that is loaded."""
    wanted = set(loaded)

    def alike(rows: list[int], tell: Callable[[str], Hashable]) -> list[list[int]]:
        def try_tell(path: str) -> Hashable:
            try:
                return tell(path)
            except (OSError, ValueError):
                return None  # what is wrong with it is said when it is examined

        groups: dict[Hashable, list[int]] = defaultdict(list)
        kinds = in_threads(try_tell, [paths[row] for row in rows])
        for row, kind in zip(rows, kinds, strict=True):
            if kind:
                groups[kind].append(row)
        return [
            group
            for group in groups.values()
            if len(group) > 1 and any(paths[row] in wanted for row in group)
        ]

    of_one_size = sorted(chain(*alike(list(range(len(paths))), size_of)))
    return sorted(alike(of_one_size, lambda path: digest_of(read_bytes(path))))


def files_of_several(paths: Sequence[str]) -> list[str]:
    """Files with several frames or pages: animations, documents and volumes."""
    several = in_threads(holds_several, paths)
    return [path for path, holds in zip(paths, several, strict=True) if holds]
