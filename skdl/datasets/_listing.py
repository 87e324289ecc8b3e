"""Images with their classes, subsets and groups, and what else there was."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from skdl._utils.text import shown_path


@dataclass(frozen=True)
class Entry:
    """One image file."""

    path: str
    label: str
    subset: str = ""
    group: str = ""


@dataclass
class Listing:
    """Image files of all subsets in their order, and what else there was."""

    entries: list[Entry] = field(default_factory=list)
    companions: list[str] = field(default_factory=list)  # masks and thumbnails of images
    excluded: list[str] = field(default_factory=list)  # images that a pattern left out
    grouped: bool = False  # whether groups are known
    called_groups: str = ""  # the column that they are in, if the caller did not name it
    ignored: dict[str, int] = field(default_factory=dict)  # files of other kinds, by their ending
    links: list[str] = field(default_factory=list)  # in an archive, perhaps to folders of classes
    # Folders that may hold images, but none that can be read: their subset, their path, and why.
    closed: list[tuple[str, str, str]] = field(default_factory=list)
    unlabelled: dict[str, str] = field(default_factory=dict)  # folders of subsets without classes
    left_out: list[str] = field(default_factory=list)  # what to say of what was left out
    doubts: list[str] = field(default_factory=list)  # what to say of the classes

    def faults(self, subset: str) -> list[tuple[str, str]]:
        """Folders that may hold images of a subset, but none that can be read, and why."""
        return [(path, why) for name, path, why in self.closed if subset in ("all", name)]

    def of_subset(self, subset: str, source: Any) -> list[Entry]:
        """Entries of a subset; a ValueError if there are none, or some of it have no class."""
        for name, folder in self.unlabelled.items():
            # Of several subsets, the others can be used.
            if subset == name or (subset == "all" and not self.entries):
                raise ValueError(
                    f"The images in {shown_path(folder)} have no class. Sort them into one folder "
                    "per class, or load another subset."
                )
        if subset == "all":
            return self.entries
        chosen = [entry for entry in self.entries if entry.subset == subset]
        if not chosen:
            known = sorted({entry.subset for entry in self.entries} - {""})
            there = f"It has {' and '.join(map(repr, known))}" if known else "It is not divided"
            raise ValueError(
                f"There is no subset {subset!r} in {shown_path(source)}. {there}; subset='all' "
                f"loads everything.{about_closed(self.faults(subset))}"
            )
        return chosen

    def join_spellings(self) -> tuple[dict[str, str], list[str]]:
        """Give classes one name that are spelled differently in different subsets.

        Spellings differ in capitals, in spaces at the ends, and in how accents are encoded. Two of
        them in one subset are two classes, such as letters. Returns what was renamed, and names,
        longer than letters, that stay apart.
        """
        spellings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for entry in self.entries:
            key = unicodedata.normalize("NFC", entry.label).strip().casefold()
            spellings[key][entry.subset].add(entry.label)
        joined: dict[str, str] = {}
        apart: list[str] = []
        for key, by_subset in spellings.items():
            several = set().union(*by_subset.values())
            if any(len(labels) > 1 for labels in by_subset.values()):
                apart += sorted(several) if len(key) > 1 else []
            elif len(several) > 1:
                (first,) = next(iter(by_subset.values()))  # that of the training images
                joined |= {label: first for label in several if label != first}
        if joined:
            self.entries = [replace(e, label=joined.get(e.label, e.label)) for e in self.entries]
        return joined, apart


def about_closed(faults: Sequence[tuple[str, str]]) -> str:
    """A sentence about the first of some folders that cannot be read; "" if there is none."""
    return f" {shown_path(faults[0][0])} cannot be read: {faults[0][1]}." if faults else ""


def sorted_names(names: Iterable[str]) -> list[str]:
    """Names of classes in their order: whole numbers by value, everything else as text."""
    unique = sorted(set(names))
    if all(name.isdecimal() for name in unique):
        unique.sort(key=int)
    return unique
