"""What a user should know about a folder of images before trusting a score."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from skdl._utils.text import shortened, shown_path
from skdl.datasets._foreign import about_foreign
from skdl.datasets._layout import Entry, Listing

# How many files a message names.
NAMED = 5


def concerns_about(listing: Listing, duplicates: list[list[Entry]], subset: str) -> list[str]:
    """What a user should know about the data before trusting a score: one text of each kind."""
    concerns = [*_about_copies(duplicates), *_about_divided(listing.entries)]
    concerns += _about_left_out(listing)
    if subset == "all" and listing.unlabelled:
        folders = first_of(list(listing.unlabelled.values()))
        concerns.append(f"The images in {folders} have no class, and are left out.")
    return [*concerns, *_about_shared(listing), *_about_untrained(listing)]


def _about_copies(duplicates: list[list[Entry]]) -> Iterator[str]:
    for attribute, what in (
        ("subset", "lie in two subsets, so that scores on one of them are too good,"),
        ("label", "belong to two classes"),
        ("group", "belong to two groups"),
    ):
        pairs = [pair for group in duplicates if (pair := _differing(group, attribute))]
        if pairs:
            yield (
                f"Equal images {what} in {len(pairs):,} case{'s' * (len(pairs) > 1)}, such as "
                f"{shown_path(pairs[0][0])} and {shown_path(pairs[0][1])}. They are kept; "
                "`duplicates` of the bunch lists them."
            )


def _about_divided(entries: list[Entry]) -> Iterator[str]:
    """Groups of which images lie in several subsets."""
    subsets: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        subsets[entry.group].add(entry.subset)
    groups = sorted(group for group, names in subsets.items() if group and len(names) > 1)
    if groups:
        yield (
            f"{len(groups):,} group{' has' if len(groups) == 1 else 's have'} images in two "
            f"subsets, so that scores on one of them are too good: {first_of(groups)}."
        )


def _about_left_out(listing: Listing) -> Iterator[str]:
    if listing.stray:
        n = len(listing.stray)
        lies, is_ = (" lies", "is") if n == 1 else ("s lie", "are")
        yield (
            f"{n:,} image{lies} outside the folders of classes and {is_} left out: "
            f"{first_of(listing.stray)}."
        )
    if listing.companions:
        n = len(listing.companions)
        files = "file is a mask or thumbnail of another image and is"
        if n > 1:
            files = "files are masks or thumbnails of other images and are"
        yield (
            f"{n:,} {files} left out: {first_of(listing.companions)}. `companions` of the bunch "
            "lists them; to load them as images, list them in a CSV file."
        )
    if listing.passed:
        names = [f"{name!r} ({n:,})" for name, n in listing.passed.items()]
        yield f"System folders, which hold no data, are skipped: {', '.join(names)}."
    if listing.annotations:
        n = len(listing.annotations)
        folders = "folder holds" if n == 1 else "folders hold"
        yield (
            f"{n:,} {folders} text files only, such as annotations, and no class: "
            f"{first_of(listing.annotations)}. Passed over."
        )
    if foreign := about_foreign(listing.ignored):
        yield foreign


def about_several(files: Sequence[str]) -> list[str]:
    """What a user should know about files with several frames or pages."""
    if not files:
        return []
    n = f"{len(files):,} file{' holds' if len(files) == 1 else 's hold'}"
    return [
        f"{n} several frames or pages, of which the first is taken: {first_of(files)}. If the "
        "others are images of the class, too, save them as files of their own; "
        "ImageLoader(frame=1) reads the second of each."
    ]


def _about_shared(listing: Listing) -> Iterator[str]:
    """Classes that may be parts of a data set."""
    if listing.shared:
        yield (
            f"Every class has the same folders: {first_of(listing.shared)}. If these are the "
            "classes, load each of the folders that they lie in alone."
        )


def first_of(names: Sequence[str]) -> str:
    """The first few of some names, and whether there are more."""
    return ", ".join(map(shown_path, names[:NAMED])) + ", …" * (len(names) > NAMED)


def _about_untrained(listing: Listing) -> list[str]:
    """Classes of other subsets that the training images lack."""
    trained = {entry.label for entry in listing.entries if entry.subset == "train"}
    others = {
        entry.label: entry.subset
        for entry in listing.entries
        if trained and entry.label not in trained
    }
    if not others:
        return []
    if len(others) == 1:
        ((label, subset),) = others.items()
        return [f"The class {shortened(label)} of {subset!r} has no training images."]
    return [f"{len(others):,} classes have no training images: {first_of(sorted(others))}."]


def join_spellings(listing: Listing) -> list[str]:
    """Give classes one name that are spelled differently in different subsets, and say so.

    Spellings differ in capitals, in spaces at the ends, and in how accents are encoded. Two of them
    in one subset are two classes, such as letters; of longer names that is said.
    """
    spellings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in listing.entries:
        key = unicodedata.normalize("NFC", entry.label).strip().casefold()
        spellings[key][entry.subset].add(entry.label)
    names: dict[str, str] = {}
    apart: list[str] = []
    for key, by_subset in spellings.items():
        several = set().union(*by_subset.values())
        if any(len(labels) > 1 for labels in by_subset.values()):
            apart += sorted(several) if len(key) > 1 else []
        elif len(several) > 1:
            (first,) = next(iter(by_subset.values()))  # that of the training images
            names |= {label: first for label in several if label != first}
    listing.entries = [
        replace(entry, label=names.get(entry.label, entry.label)) for entry in listing.entries
    ]
    return [*_about_joined(names), *_about_apart(apart)]


def _about_joined(names: dict[str, str]) -> Iterator[str]:
    if names:
        pairs = [
            f"{shortened(label)} as {shortened(name)}" for label, name in sorted(names.items())
        ]
        more = ", …" * (len(pairs) > NAMED)
        yield (
            "Classes whose spellings differ between subsets are joined: "
            f"{', '.join(pairs[:NAMED])}{more}."
        )


def _about_apart(names: list[str]) -> Iterator[str]:
    if names:
        yield (
            "Some classes differ from another only in capitals, in spaces at the ends or in how "
            f"accents are encoded: {first_of(names)}. They stay apart; if they are one class, "
            "give them one name."
        )


def _differing(group: list[Entry], attribute: str) -> tuple[str, str] | None:
    """The first two of some equal images that differ in their subset, label or group."""
    first = group[0]
    for other in group[1:]:
        if getattr(other, attribute) != getattr(first, attribute):
            return first.path, other.path
    return None
