"""What a store tells of itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SpaceInfo:
    """What a store holds of one space.

    Attributes
    ----------
    space : dict or None
        What the features depend on besides the image; None where its description is lost.
    digest : str
        Hex sha256 of the description, the name of the space's folder.
    entries, files, bytes : int
        Feature vectors, the files that hold them (0 in memory), and the bytes they take.
    last_used : float or None
        Seconds since 1970, to a minute or so; None if there are no entries.
    """

    space: dict[str, Any] | None
    digest: str
    entries: int
    files: int
    bytes: int
    last_used: float | None


@dataclass(frozen=True)
class StoreInfo:
    """What a store holds.

    Attributes
    ----------
    spaces : tuple of SpaceInfo
        The last used first.
    of_this_format : bool
        Whether there is a store of this version of skdl, be it empty.
    other_formats : tuple of str
        Names of the folders that other versions of skdl keep beside this one's.
    """

    spaces: tuple[SpaceInfo, ...]
    of_this_format: bool = True
    other_formats: tuple[str, ...] = ()

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
    """What a look at every entry found.

    Attributes
    ----------
    entries : int
        Feature vectors that are right.
    files : int
        Files that hold them.
    damaged_files : tuple of pathlib.Path
        Files that cannot be used at all, of vectors and of descriptions.
    damaged_entries : int
        Feature vectors that are wrong in files that are right otherwise.
    leftovers : int
        Temporary files, of processes that were killed or are still writing.
    repaired : bool
        Whether what is damaged and what was left over has been removed.
    """

    entries: int
    files: int = 0
    damaged_files: tuple[Path, ...] = ()
    damaged_entries: int = 0
    leftovers: int = 0
    repaired: bool = False

    @property
    def sound(self) -> bool:
        """Whether nothing was damaged."""
        return not self.damaged_files and not self.damaged_entries
