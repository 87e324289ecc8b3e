"""Which image files there are, of which class and of which subset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from skdl._utils.text import shown_path
from skdl.datasets._companions import find_companions, is_of_images, is_of_masks, without
from skdl.datasets._foreign import about_foreign, folders_of_annotations
from skdl.datasets._subsets import canonical_subset, looks_like_a_part
from skdl.datasets._tree import Parts, Tree


@dataclass(frozen=True)
class Entry:
    """One image file."""

    path: str
    label: str
    subset: str = ""
    group: str = ""


@dataclass
class Listing:
    """Image files in their order, and what else there was.

    Attributes
    ----------
    entries : list of Entry
        The files of all subsets.
    empty : list of (str, str)
        Folders of classes without an image, as pairs of their subset and their path.
    unlabelled : dict of str to str
        Folders of subsets without folders of classes, by the subset.
    stray : list of str
        Images outside the folders of classes.
    ignored : dict of str to int
        How many files had the ending of no image, by their ending.
    links : list of str
        Links in an archive that may be folders of classes.
    passed : dict of str to int
        How many folders of the system were passed over, by their name.
    companions : list of str
        Masks and thumbnails of images, which lie beside them.
    annotations : list of str
        Folders in the place of classes that hold annotations only.
    closed : list of (str, str, str)
        Folders that cannot be read: their subset, their path, and why.
    shared : list of str
        Folders that each class has: they, not the classes, may be those of classes.
    """

    entries: list[Entry]
    empty: list[tuple[str, str]] = field(default_factory=list)
    unlabelled: dict[str, str] = field(default_factory=dict)
    stray: list[str] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    passed: dict[str, int] = field(default_factory=dict)
    companions: list[str] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)
    closed: list[tuple[str, str, str]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)

    def faults(self, subset: str) -> list[tuple[str, str]]:
        """Folders that may hold images of a subset, but none that can be read, and why."""
        empty = "there is no image in this folder (or it is a link to that of another class)"
        folders = [(name, path, empty) for name, path in self.empty] + self.closed
        return [(path, why) for name, path, why in folders if subset in ("all", name)]

    def of_subset(self, subset: str, source: Any) -> list[Entry]:
        """Entries of a subset.

        Raises
        ------
        ValueError
            If there are none, or some that belong to it have no class.
        """
        for name, folder in self.unlabelled.items():
            # Of several subsets, the others can be used.
            if subset == name or (subset == "all" and not self.entries):
                raise ValueError(
                    f"The images in {shown_path(folder)} have no class: there should be a folder "
                    "for each class. Sort them, or load another subset."
                )
        if subset == "all":
            return self.entries
        chosen = [entry for entry in self.entries if entry.subset == subset]
        if not chosen:
            known = sorted({entry.subset for entry in self.entries} - {""})
            there = f"There is {' and '.join(map(repr, known))}" if known else "It is not divided"
            raise ValueError(
                f"There is no subset {subset!r} in {shown_path(source)}. {there}; subset='all' "
                f"takes everything.{about_closed(self.faults(subset))}"
            )
        return chosen


def sorted_names(names: Iterable[str]) -> list[str]:
    """Names of classes in their order: whole numbers by value, everything else as text."""
    unique = sorted(set(names))
    if all(name.isdecimal() for name in unique):
        unique.sort(key=int)
    return unique


def arrange(tree: Tree, source: Any) -> Listing:
    """Classes and subsets by the folders that images lie in.

    Raises
    ------
    ValueError
        If there are no images, no folders of classes, or folders beside those of subsets.
    """
    if not tree.files:
        raise ValueError(_about_nothing(tree, source))
    companions = find_companions(tree.files)
    tree = without(tree, companions)
    annotations = folders_of_annotations(tree)
    tree = replace(tree, folders=tree.folders - annotations)
    base = _without_wrappers(tree)
    tops = sorted({folder for folder in tree.folders if len(folder) == len(base) + 1})
    flat = str(source) if not tops else tree.address(tops[0])
    if not tops or (len(tops) == 1 and is_of_images(tops[0][-1])):
        raise ValueError(
            f"The images lie directly in {shown_path(flat)}, so that their classes are not known. "
            "There should be a folder for each class, or a CSV file of paths and labels."
        )
    tops.sort(key=_order_of_subset)
    divided = [top for top in tops if _is_subset(tree, top)]
    listing = _about_the_rest(tree, base, divided)
    masks = _masks_beside(tops, divided)
    companions = companions.union(*map(tree.below, masks))
    listing.companions = [tree.address(file) for file in sorted(companions)]
    deepest = len(base) + 1 + bool(divided)  # where a class would be
    listing.annotations = [
        tree.address(folder)
        for folder in sorted(annotations)
        if len(folder) <= deepest and folder[:-1] not in annotations
    ]
    if not divided:
        listing.shared = _shared_folders(tree, tops)
        _refuse_parts(tops, listing.shared)
        _add_classes(listing, tree, base, "")
        return listing
    for top in tops:
        subset = canonical_subset(top[-1])
        inner = _without_repetition(tree, top)
        there = tree.below(top)
        if subset is not None and (_is_subset(tree, inner) or not there):
            _add_classes(listing, tree, inner, subset)
        elif subset is not None:
            listing.unlabelled[subset] = tree.address(inner)
        elif there and top not in masks:
            raise ValueError(
                f"The folder {shown_path(tree.address(top))} lies beside folders of subsets "
                f"({', '.join(folder[-1] for folder in divided)}), so that its images belong to "
                "none. Move it away, or load one of these folders alone."
            )
    return listing


def _masks_beside(tops: list[Parts], divided: list[Parts]) -> list[Parts]:
    """Folders of masks beside folders of subsets: masks, train_masks."""
    names = [top[-1] for top in divided]
    others = [top for top in tops if names and top not in divided]
    return [top for top in others if is_of_masks(top[-1], names)]


def _about_nothing(tree: Tree, source: Any) -> str:
    others = f" among {tree.ignored.total():,} files" if tree.ignored else ""
    closed = about_closed([(tree.address(parts), why) for parts, why in tree.closed])
    foreign = about_foreign(tree.ignored)
    return f"There is no image in {shown_path(source)}{others}.{closed} {foreign}".rstrip()


def _about_the_rest(tree: Tree, base: Parts, divided: list[Parts]) -> Listing:
    """A listing without entries, of what else there is."""
    depth = len(base) + 1
    return Listing(
        [],
        stray=[tree.address(file) for file in tree.files if len(file) == depth],
        ignored=dict(sorted(tree.ignored.items())),
        links=[tree.address(link) for link in tree.links],
        passed=dict(sorted(tree.passed.items())),
        closed=[
            ((divided and canonical_subset(parts[depth - 1])) or "", tree.address(parts), why)
            for parts, why in tree.closed
        ],
    )


def about_closed(faults: Sequence[tuple[str, str]]) -> str:
    """A sentence about the first of some folders that cannot be read; "" if there is none."""
    return f" {shown_path(faults[0][0])} cannot be read: {faults[0][1]}." if faults else ""


def _shared_folders(tree: Tree, tops: list[Parts]) -> list[str]:
    """Names of the folders that all of several folders have; [] unless there are several."""
    if len(tops) < 2:
        return []
    inside = [
        {file[len(top)] for file in tree.below(top) if len(file) > len(top) + 1} for top in tops
    ]
    same = set.intersection(*inside)
    return sorted(same) if len(same) > 1 else []


def _refuse_parts(tops: list[Parts], shared: list[str]) -> None:
    """Refuse folds of a data set, which would be taken for classes."""
    if shared and all(looks_like_a_part(top[-1]) for top in tops):
        raise ValueError(
            f"The folders {', '.join(top[-1] for top in tops)} all hold the folders "
            f"{', '.join(shared)}: they look like parts of one data set, not like classes. "
            "Load each of them alone, and pass the number of the part as groups to keep them apart."
        )


def _without_repetition(tree: Tree, folder: Parts) -> Parts:
    """The innermost folder of a subset: unpacked archives hold ``seg_train/seg_train/``."""
    while True:
        inside = {file[: len(folder) + 1] for file in tree.below(folder)}
        inner = next(iter(inside)) if len(inside) == 1 else folder
        if (
            inner in tree.folders
            and inner != folder
            and canonical_subset(inner[-1]) == canonical_subset(folder[-1])
        ):
            folder = inner
        else:
            return folder


def _without_wrappers(tree: Tree) -> Parts:
    """The folder in which those of classes or subsets lie: archives often hold a single folder."""
    base: Parts = ()
    while True:
        depth = len(base) + 1
        inside = {folder[:depth] for folder in tree.folders if len(folder) >= depth}
        if len(inside) != 1 or any(len(file) == depth for file in tree.files):
            return base
        (only,) = inside
        children = {file[: depth + 1] for file in tree.files if len(file) > depth + 1}
        has_images = any(len(file) == depth + 1 for file in tree.files)
        # A single class may have folders of its own; several of them look like classes.
        if canonical_subset(only[-1]) or not children or (has_images and len(children) == 1):
            return base
        base = only


def _is_subset(tree: Tree, folder: Parts) -> bool:
    """Whether a folder holds folders of classes, going by its name and by what is in it."""
    if canonical_subset(folder[-1]) is None:
        return False
    images = tree.below(folder)
    return bool(images) and all(len(file) > len(folder) + 1 for file in images)


def _order_of_subset(folder: Parts) -> int:
    subset = canonical_subset(folder[-1])
    return 3 if subset is None else ("train", "val", "test").index(subset)


def _add_classes(listing: Listing, tree: Tree, folder: Parts, subset: str) -> None:
    depth = len(folder) + 1
    by_class: dict[Parts, list[str]] = {
        child: [] for child in sorted(tree.folders) if len(child) == depth and child[:-1] == folder
    }
    for file in tree.below(folder):
        if len(file) > depth:
            by_class[file[:depth]].append(tree.address(file))
    for child, paths in by_class.items():
        listing.entries += [Entry(path, child[-1], subset) for path in paths]
        if not paths:
            listing.empty.append((subset, tree.address(child)))
