"""Names of folders and cells that stand for subsets, and those of parts that are none."""

import re

_NAMES = {
    "train": ("train", "training"),
    "test": ("test", "testing", "holdout", "eval", "evaluation"),
    "val": ("val", "valid", "validate", "validation", "dev", "development"),
}
_SUBSETS = {name: subset for subset, names in _NAMES.items() for name in names}
# What may stand beside the name of a subset: train_images, test set, seg_train, trainset.
_FILLERS = ("set", "data", "dataset", "images", "image", "imgs", "img", "split", "folder", "seg")

_PART = re.compile(r"(folds?|parts?|splits?|sets?|cv|batch|batches)[\s_-]*\d+", re.IGNORECASE)


def canonical_subset(name: str) -> str | None:
    """The subset that a name stands for, None if for none.

    Numbers, capitals and words such as "set" do not count: ``Train_set``, ``test_images`` and
    ``train1`` are subsets, ``train station`` is none.
    """
    words = _words(name)
    found = {_SUBSETS[word] for word in words if word in _SUBSETS}
    others = [word for word in words if word not in _SUBSETS and word not in _FILLERS]
    return found.pop() if len(found) == 1 and not others else None


def looks_like_a_part(name: str) -> bool:
    """Whether a name is one of parts of a data set, such as ``fold1`` or ``xray_train``."""
    return _PART.fullmatch(name.strip()) is not None or not _SUBSETS.keys().isdisjoint(_words(name))


def _words(name: str) -> list[str]:
    return [part for word in re.findall(r"[^\W\d_]+", name.lower()) for part in _parts(word)]


def _parts(word: str) -> list[str]:
    """A word that is two: trainset."""
    for filler in _FILLERS:
        if word.endswith(filler) and word.removesuffix(filler) in _SUBSETS:
            return [word.removesuffix(filler), filler]
    return [word]
