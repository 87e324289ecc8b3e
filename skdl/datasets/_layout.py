"""Classes and subsets of image files, going by the folders that they lie in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from skdl._utils.text import counted, shown_path
from skdl.datasets._companions import find_companions, is_of_images, is_of_masks
from skdl.datasets._concerns import about_left_out, first_of
from skdl.datasets._foreign import about_foreign, folders_of_annotations
from skdl.datasets._listing import Entry, Listing, about_closed
from skdl.datasets._subsets import canonical_subset, looks_like_a_part
from skdl.datasets._tree import Parts, Tree

_ORDER = ("train", "val", "test", None)  # of the folders of subsets, and of others
_EMPTY = "there is no image in this folder (or it is a link to that of another class)"


def arrange(tree: Tree, source: Any) -> Listing:
    """Classes and subsets by the folders that images lie in; ValueError where these are unclear."""
    if not tree.files:
        raise ValueError(_about_nothing(tree, source))
    # The mask of an image that was left out is none the less a mask.
    companions = find_companions([*tree.files, *tree.excluded]) - set(tree.excluded)
    tree = tree.without(companions)
    annotations = folders_of_annotations(tree)
    tree = replace(tree, folders=tree.folders - annotations)
    base = _without_wrappers(tree)
    tops = sorted(
        (folder for folder in tree.folders if len(folder) == len(base) + 1),
        key=lambda folder: (_ORDER.index(canonical_subset(folder[-1])), folder),
    )
    _require_classes(tree, tops, source)
    divided = [top for top in tops if _is_subset(tree, top)]
    masks = _masks_beside(tops, divided)
    companions = companions.union(*map(tree.below, masks))
    listing = Listing(
        companions=[tree.address(file) for file in sorted(companions)],
        excluded=[tree.address(file) for file in tree.excluded],
        ignored=dict(sorted(tree.ignored.items())),
        links=[tree.address(link) for link in tree.links],
    )
    deepest = len(base) + 1 + bool(divided)  # where a class would be
    listing.left_out += about_left_out(
        [tree.address(file) for file in tree.files if len(file) == len(base) + 1],
        listing.companions,
        tree.passed,
        [
            tree.address(folder)
            for folder in sorted(annotations)
            if len(folder) <= deepest and folder[:-1] not in annotations
        ],
        listing.ignored,
        tree.wanting,
    )
    if divided:
        _add_subsets(listing, tree, tops, divided, masks)
    else:
        listing.doubts += _doubts_about_classes(tree, tops)
        _add_classes(listing, tree, base, "")
    for parts, why in tree.closed:
        within = divided and len(parts) > len(base)
        subset = (canonical_subset(parts[len(base)]) if within else None) or ""
        listing.closed.append((subset, tree.address(parts), why))
    return listing


def _about_nothing(tree: Tree, source: Any) -> str:
    if tree.excluded:
        return (
            f"There is no image in {shown_path(source)} except those that the parameter exclude "
            f"leaves out: {counted(len(tree.excluded), 'image')}."
        )
    others = f" among {tree.ignored.total():,} files" if tree.ignored else ""
    closed = about_closed([(tree.address(parts), why) for parts, why in tree.closed])
    foreign = about_foreign(tree.ignored, tree.wanting)
    return f"There is no image in {shown_path(source)}{others}.{closed} {foreign}".rstrip()


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


def _require_classes(tree: Tree, tops: Sequence[Parts], source: Any) -> None:
    if not tops or (len(tops) == 1 and is_of_images(tops[0][-1])):
        flat = tree.address(tops[0]) if tops else source
        raise ValueError(
            f"The images lie directly in {shown_path(flat)}, so their classes are not known. "
            "Sort them into one folder per class, or load a CSV file of paths and labels."
        )


def _is_subset(tree: Tree, folder: Parts) -> bool:
    """Whether a folder holds folders of classes, going by its name and by what is in it."""
    if canonical_subset(folder[-1]) is None:
        return False
    images = tree.below(folder)
    return bool(images) and all(len(file) > len(folder) + 1 for file in images)


def _masks_beside(tops: Sequence[Parts], divided: Sequence[Parts]) -> list[Parts]:
    """Folders of masks beside folders of subsets: masks, train_masks."""
    names = [top[-1] for top in divided]
    others = [top for top in tops if names and top not in divided]
    return [top for top in others if is_of_masks(top[-1], names)]


def _doubts_about_classes(tree: Tree, tops: Sequence[Parts]) -> list[str]:
    """What to say of classes that all have the same folders; folds of a data set are refused."""
    inside = [
        {file[len(top)] for file in tree.below(top) if len(file) > len(top) + 1} for top in tops
    ]
    shared = sorted(set.intersection(*inside))
    if len(tops) < 2 or len(shared) < 2:
        return []
    if all(looks_like_a_part(top[-1]) for top in tops):
        raise ValueError(
            f"The folders {', '.join(top[-1] for top in tops)} all hold the folders "
            f"{', '.join(shared)}: they look like parts of one data set, not like classes. "
            "Load each of them separately, and pass the number of the part as groups to keep them "
            "apart."
        )
    return [
        f"Every class has the same folders: {first_of(shared)}. If these are the classes, load "
        "each of the folders that contain them separately."
    ]


def _add_subsets(
    listing: Listing,
    tree: Tree,
    tops: Sequence[Parts],
    divided: Sequence[Parts],
    masks: Sequence[Parts],
) -> None:
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
                f"({', '.join(folder[-1] for folder in divided)}), so its images belong to no "
                "subset. Move it away, or load one of these folders alone."
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
            listing.closed.append((subset, tree.address(child), _EMPTY))
