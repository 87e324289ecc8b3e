"""What a user should know about a folder of images before trusting a score."""

import unicodedata
from collections import defaultdict
from dataclasses import replace

from skdl.datasets._foreign import about_foreign
from skdl.datasets._layout import Entry, Listing

# How many files a message names.
NAMED = 5


def concerns_about(listing: Listing, duplicates: list[list[Entry]], subset: str) -> list[str]:
    """What a user should know about the data before trusting a score."""
    concerns = []
    for attribute, what in (
        ("subset", "lie in two subsets, so that scores on one of them are too good,"),
        ("label", "belong to two classes"),
    ):
        pairs = [pair for group in duplicates if (pair := _differing(group, attribute))]
        if pairs:
            concerns.append(
                f"Equal images {what} in {len(pairs):,} case{'s' * (len(pairs) > 1)}, such as "
                f"{pairs[0][0]!r} and {pairs[0][1]!r}. They are kept; `duplicates` of the bunch "
                "lists them."
            )
    if listing.stray:
        more = ", …" * (len(listing.stray) > NAMED)
        concerns.append(
            f"{len(listing.stray):,} images lie outside the folders of classes and are left out: "
            f"{', '.join(map(repr, listing.stray[:NAMED]))}{more}."
        )
    foreign = about_foreign(listing.ignored)
    if foreign:
        concerns.append(foreign)
    if subset == "all":
        concerns += [
            f"The images in {folder!r} have no class, and are left out."
            for folder in listing.unlabelled.values()
        ]
    return [*concerns, *_about_untrained(listing)]


def _about_untrained(listing: Listing) -> list[str]:
    """Classes of other subsets that the training images lack."""
    trained = {entry.label for entry in listing.entries if entry.subset == "train"}
    others = {
        entry.label: entry.subset
        for entry in listing.entries
        if trained and entry.label not in trained
    }
    return [
        f"The class {label!r} of {subset!r} has no training images."
        for label, subset in sorted(others.items())[:NAMED]
    ]


def join_spellings(listing: Listing) -> list[str]:
    """Give classes one name that are spelled differently in different subsets, and say so.

    Spellings differ in capitals, in spaces at the ends, and in how accents are encoded. Two of them
    in one subset are two classes, such as letters.
    """
    spellings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in listing.entries:
        key = unicodedata.normalize("NFC", entry.label).strip().casefold()
        spellings[key][entry.subset].add(entry.label)
    names: dict[str, str] = {}
    for by_subset in spellings.values():
        several = set().union(*by_subset.values())
        if len(several) > 1 and all(len(labels) == 1 for labels in by_subset.values()):
            (first,) = next(iter(by_subset.values()))  # that of the training images
            names |= {label: first for label in several if label != first}
    listing.entries = [
        replace(entry, label=names.get(entry.label, entry.label)) for entry in listing.entries
    ]
    return [
        f"The class {label!r} is treated as {name!r}: the two spellings differ between subsets."
        for label, name in sorted(names.items())
    ]


def _differing(group: list[Entry], attribute: str) -> tuple[str, str] | None:
    """The first two of some equal images that differ in their subset or label."""
    first = group[0]
    for other in group[1:]:
        if getattr(other, attribute) != getattr(first, attribute):
            return first.path, other.path
    return None
