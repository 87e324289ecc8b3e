"""What a store tells of itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SpaceInfo:
    """What a store holds of one space, which is what features depend on besides the image."""

    space: dict[str, Any] | None  # None where its description is lost
    digest: str  # hex sha256 of the description, the name of the space's folder
    entries: int  # feature vectors
    files: int  # that hold them; 0 in memory
    bytes: int
    last_used: float | None  # seconds since 1970, to a minute or so; None without entries


@dataclass(frozen=True)
class StoreInfo:
    """What a store holds."""

    spaces: tuple[SpaceInfo, ...]  # the last used first
    of_this_format: bool = True  # whether there is a store of this version, be it empty
    other_formats: tuple[str, ...] = ()  # names of folders that other versions keep beside it

    @classmethod
    def of(cls, spaces: Iterable[SpaceInfo], *others: Any) -> "StoreInfo":
        return cls(tuple(sorted(spaces, key=lambda space: -(space.last_used or 0))), *others)

    @property
    def entries(self) -> int:
        """Feature vectors of all spaces."""
        return sum(space.entries for space in self.spaces)

    @property
    def files(self) -> int:
        """Files of all spaces."""
        return sum(space.files for space in self.spaces)

    @property
    def bytes(self) -> int:
        """Bytes of all spaces."""
        return sum(space.bytes for space in self.spaces)


@dataclass(frozen=True)
class StoreCheck:
    """What a look at every entry found."""

    entries: int  # feature vectors that are right
    files: int = 0  # that hold them
    damaged_files: tuple[Path, ...] = ()  # of vectors and of descriptions, of no use at all
    damaged_entries: int = 0  # vectors that are wrong in files that are right otherwise
    leftovers: int = 0  # temporary files, of processes that were killed or are still writing
    repaired: bool = False  # whether what is damaged or left over has been removed

    @property
    def sound(self) -> bool:
        """Whether nothing was damaged."""
        return not self.damaged_files and not self.damaged_entries
