"""The files below a folder or in an archive."""

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from skdl.images import (
    START,
    ending_of_image,
    image_without_ending,
    is_image_name,
    link_targets,
    member_names,
    read_bytes,
    size_of,
)

Parts = tuple[str, ...]

_HIDDEN = {"thumbs.db", "desktop.ini", "__macosx"}
# Thumbnails, bins, backups and caches, as network drives, Windows, Linux and Python make them.
_OF_SYSTEM = {
    "@eadir",
    "#recycle",
    "@recycle",
    "#snapshot",
    "@recently-snapshot",
    "$recycle.bin",
    "recycler",
    "system volume information",
    "lost+found",
    "__pycache__",
}
# Members of archives without an ending that are looked into, in bytes.
_LARGEST_MEMBER = 64 * 2**20


@dataclass(frozen=True)
class Tree:
    """Image files and folders below a root, as the parts of their paths."""

    root: str  # path of the folder, or what addresses in the archive begin with
    files: list[Parts]  # the images, sorted
    folders: set[Parts]  # without those that cannot be read
    others: list[Parts]  # files that are no images
    links: list[Parts] = field(default_factory=list)  # in an archive, perhaps to classes
    passed: Counter[str] = field(default_factory=Counter)  # folders of the system, by name
    closed: list[tuple[Parts, str]] = field(default_factory=list)  # folders, and why
    excluded: list[Parts] = field(default_factory=list)  # images that a pattern left out
    # Images without an ending that cannot be read here: what has to be installed.
    wanting: Counter[str] = field(default_factory=Counter)

    @property
    def ignored(self) -> Counter[str]:
        """How many other files there are, by their ending."""
        return Counter(ending_of(file) for file in self.others)

    def address(self, parts: Parts) -> str:
        """Path of a file that :mod:`skdl.images` reads."""
        return os.path.join(self.root, *parts)

    def without(self, files: set[Parts]) -> "Tree":
        """The tree without some images, and without the folders that nothing else was in."""
        kept = [file for file in self.files if file not in files]
        emptied = folders_above(files) - folders_above(kept)
        return replace(self, files=kept, folders=self.folders - emptied)

    def below(self, folder: Parts) -> list[Parts]:
        """Image files somewhere below a folder."""
        return [file for file in self.files if file[: len(folder)] == folder]


def folders_above(paths: Iterable[Parts]) -> set[Parts]:
    """All folders that some files or folders lie in."""
    return {parts[:depth] for parts in paths for depth in range(1, len(parts))}


def ending_of(parts: Parts) -> str:
    """Ending of a file's name, in lower case; none of a name such as 1.2.840.113619.2.5."""
    if ending := ending_of_image(parts[-1]):
        return ending  # perhaps of two parts: .nii.gz
    ending = os.path.splitext(parts[-1])[1].lower()
    return "" if ending[1:].isdecimal() else ending


def _is_image(parts: Parts) -> bool:
    return is_image_name(parts[-1])


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _HIDDEN


def _is_of_system(name: str) -> bool:
    return name.lower() in _OF_SYSTEM


def _sort(
    root: str, files: list[Parts], folders: set[Parts], start_of: Callable[[Parts], bytes]
) -> Tree:
    """Images and other files; those without an ending by what they begin with."""
    images: list[Parts] = []
    others: list[Parts] = []
    wanting = Counter[str]()
    for parts in files:
        is_image = _is_image(parts)
        if not is_image and not ending_of(parts):
            decoder = image_without_ending(start_of(parts))
            missing = "" if decoder is None else decoder.missing()
            is_image = decoder is not None and not missing
            wanting.update([missing] if missing else [])
        (images if is_image else others).append(parts)
    return Tree(root, sorted(images), folders, others, wanting=wanting)


def _start_of_file(root: Path, parts: Parts) -> bytes:
    path = root.joinpath(*parts)
    try:
        if not path.is_file():  # a pipe, which would wait for ever
            return b""
        with open(path, "rb") as file:
            return file.read(START)
    except OSError:
        return b""


def _start_of_member(root: str, parts: Parts) -> bytes:
    address = os.path.join(root, *parts)
    try:
        return read_bytes(address)[:START] if size_of(address) <= _LARGEST_MEMBER else b""
    except (OSError, ValueError):
        return b""


def tree_of_archive(archive: Path) -> Tree:
    """Files in an archive.

    Links are not followed. One called like an image is among the files, and a link to a folder is
    an empty folder, so that no class goes missing unseen.
    """
    root, names = member_names(archive)
    every = [tuple(name.split("/")) for name in names]
    files = [parts for parts in every if not any(map(_is_hidden, parts))]
    of_system = {folder for parts in files if (folder := _folder_of_system(parts))}
    files = [parts for parts in files if not _folder_of_system(parts)]
    folders = folders_above(files)
    targets = {
        tuple(name.split("/")): tuple(target.split("/"))
        for name, target in link_targets(archive).items()
    }
    others = {parts for parts in files if parts in targets and not _is_image(parts)}
    linked = {parts for parts in others if targets[parts] in folders}
    plain = set(every) - set(targets)
    unknown = {parts for parts in others - linked if targets[parts] not in plain}
    files = [parts for parts in files if parts not in linked | unknown]
    tree = _sort(root, files, folders | linked, partial(_start_of_member, root))
    passed = Counter(folder[-1] for folder in of_system)
    return replace(tree, links=sorted(unknown), passed=passed)


def _folder_of_system(file: Parts) -> Parts:
    """The folder of the system that a file lies in, () if it lies in none."""
    depth = next((depth for depth, name in enumerate(file[:-1], 1) if _is_of_system(name)), 0)
    return file[:depth]


def tree_of_folder(root: Path) -> Tree:
    """Files below a folder, links followed; each folder is read once, however often it is linked.

    A link to a folder that was read already stands for an empty folder, a link to one above itself
    for nothing. An OSError says that the folder itself cannot be read.
    """
    files: list[Parts] = []
    folders: set[Parts] = set()
    passed = Counter[str]()
    closed: list[tuple[Parts, str]] = []
    start = _identity(str(root))
    seen = {start}
    waiting: list[tuple[Parts, frozenset[tuple[int, int]]]] = [((), frozenset({start}))]
    while waiting:
        parts, above = waiting.pop(0)
        try:
            found = _scan(root.joinpath(*parts))
        except OSError as error:
            if not parts:
                raise
            folders.discard(parts)
            closed.append((parts, why_closed(error)))
            continue
        for entry in found:
            here = (*parts, entry.name)
            if _is_hidden(entry.name):
                continue
            try:
                identity = _identity(entry.path) if _is_folder(entry) else None
            except OSError as error:
                closed.append((here, why_closed(error)))
                continue
            if identity is None:
                files.append(here)
            elif _is_of_system(entry.name):
                passed[entry.name] += 1
            elif identity not in above:
                folders.add(here)
                if identity not in seen:
                    seen.add(identity)
                    waiting.append((here, above | {identity}))
    tree = _sort(str(root), files, folders, partial(_start_of_file, root))
    return replace(tree, passed=passed, closed=sorted(closed))


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder: links last, so that they stand for what was read already."""
    with os.scandir(folder) as scan:
        return sorted(scan, key=lambda entry: (entry.is_symlink(), entry.name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        # A link to itself is none; what is wrong with an image is said when it is examined.
        if error.errno == errno.ELOOP or _is_image((entry.name,)):
            return False
        raise


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino


def why_closed(error: OSError) -> str:
    """What the system says of a folder or file that it does not open."""
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]
