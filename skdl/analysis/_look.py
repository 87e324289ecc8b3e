"""What lies in a folder, and whether it can be analysed."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import suggest
from skdl._utils.text import counted, shortened, shown_path
from skdl.audit import DataAudit, audit_images
from skdl.datasets import load_image_folder

_MOST_CLASSES = 6  # that are named with their counts
_MOST_FINDINGS = 5


@dataclass(frozen=True)
class Look:
    """Images, labels and groups of a folder, and what its audit found."""

    folder: Path
    reading: dict[str, Any]  # how `load_image_folder` was called
    X: npt.NDArray[np.str_]
    y: npt.NDArray[np.str_]
    groups: npt.NDArray[Any] | None
    audit: DataAudit
    unreadable: list[tuple[str, str]]
    subsets: npt.NDArray[np.str_] | None
    n_excluded: int
    pos_label: str | None
    why_positive: str

    @property
    def classes(self) -> list[str]:
        """Names of the classes, sorted."""
        return [str(name) for name in np.unique(self.y)]

    @property
    def binary(self) -> bool:
        """Whether there are two."""
        return len(self.classes) == 2

    @property
    def joined(self) -> bool:
        """Whether anything belongs together: images of a patient, or those that look alike."""
        return self.groups is not None or len(np.unique(self.audit.groups)) < len(self.y)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in the middle."""
        images = self.audit.images
        return int(images["height"].median()), int(images["width"].median())

    def lines(self) -> list[str]:
        """What was found, in about ten lines."""
        found = [
            f"{counted(len(self.y), 'image')} of {len(self.classes)} classes: {_counts(self.y)}.",
            self._sizes(),
        ]
        if self.subsets is not None:
            found.append(
                f"The subsets, {_counts(self.subsets)}, are combined: each image is tested once, "
                "in one of the folds."
            )
        if self.unreadable:
            path, reason = self.unreadable[0]
            found.append(
                f"{counted(len(self.unreadable), 'file')} left out as unreadable, such as "
                f"{shown_path(path)}: {reason}."
            )
        if self.n_excluded:
            found.append(f"{counted(self.n_excluded, 'image')} left out by --exclude.")
        found.append(self._grouped())
        findings = self.audit.findings
        found += findings[:_MOST_FINDINGS]
        if len(findings) > _MOST_FINDINGS:
            found.append(f"And {len(findings) - _MOST_FINDINGS} more findings: see the report.")
        if self.binary:
            found.append(f"The positive class is {self.pos_label!r}{self.why_positive}.")
        return found

    def _sizes(self) -> str:
        images, (height, width) = self.audit.images, self.size
        n_sizes = len(self.audit.sizes)
        spread = "all of them" if n_sizes == 1 else f"the median of {n_sizes} sizes"
        kinds = [str(kind) for kind in images["format"].unique() if kind]
        colors = sorted({int(channels) for channels in images["channels"].unique()})
        words = {1: "gray", 3: "colour", 4: "colour with transparency"}
        return (
            f"{width}×{height} pixels, {spread}; {', '.join(kinds)}, "
            f"{' and '.join(words.get(color, f'{color} channels') for color in colors)}."
        )

    def _grouped(self) -> str:
        n = len(np.unique(self.audit.groups))
        own = "no groups, such as patients, were given (--groups)"
        if self.groups is not None:
            own = f"{counted(len(np.unique(self.groups)), 'group')} were given"
        if n == len(self.y):
            others = " (of those that show anything)" if len(self.audit.empty) > 1 else ""
            return f"Groups: {own}, and no two images{others} look alike: each is a separate group."
        return f"Groups: {own}; {n:,} with look-alikes joined, each of which stays in one fold."


def _counts(labels: npt.NDArray[np.str_]) -> str:
    names, counts = np.unique(labels, return_counts=True)
    pairs = zip(names[:_MOST_CLASSES], counts, strict=False)
    listed = [f"{name or 'none'} ({n:,})" for name, n in pairs]
    more = len(names) - len(listed)
    return ", ".join(listed + ([f"and {more} more"] if more > 0 else []))


def look(
    folder: Path,
    reading: dict[str, Any],
    *,
    pos_label: Any,
    folds: int,
    verbose: int,
) -> Look:
    """Read and audit a folder; a ValueError where there is nothing to be learned from it."""
    reading = {name: value for name, value in reading.items() if value is not None}
    with warnings.catch_warnings():  # subsets are taken together
        warnings.filterwarnings("ignore", ".*images in two subsets", UserWarning)
        bunch = load_image_folder(folder, on_error="skip", find_duplicates=False, **reading)
    X, y = bunch.data, bunch.target_names[bunch.target]
    _check_classes(y, folder, folds)
    positive, why = _positive(y, pos_label)
    audit = audit_images(X, y, groups=bunch.groups, verbose=verbose)
    _check_groups(audit.groups, y, folds)
    return Look(
        folder=folder,
        reading=reading,
        X=X,
        y=y,
        groups=bunch.groups,
        audit=audit,
        unreadable=list(bunch.unreadable),
        subsets=bunch.subsets,
        n_excluded=len(bunch.excluded),
        pos_label=positive,
        why_positive=why,
    )


def _check_classes(y: npt.NDArray[np.str_], folder: Path, folds: int) -> None:
    names, counts = np.unique(y, return_counts=True)
    if len(names) < 2:
        raise ValueError(
            f"{shown_path(folder)} holds images of one class only, {shortened(str(names[0]))}: "
            "there is nothing to classify. Put the images of each class into a separate folder."
        )
    few = int(np.argmin(counts))
    if counts[few] < folds:
        name = shortened(str(names[few]))
        advice = f"set folds to at most {counts[few]}, or " if counts[few] > 1 else ""
        raise ValueError(
            f"The class {name} has {counted(int(counts[few]), 'image')}, and there are {folds} "
            f"folds, each of which tests at least one: {advice}add images, or leave the class out."
        )


def _check_groups(groups: npt.NDArray[np.intp], y: npt.NDArray[np.str_], folds: int) -> None:
    n = len(np.unique(groups))
    if n < folds:
        raise ValueError(
            f"There {'is 1 group' if n == 1 else f'are {n} groups'} of images that belong together "
            f"or look alike, and {folds} folds need at least {folds}: "
            f"{f'set folds to at most {n}, or ' if n > 1 else ''}add images of other groups."
        )
    for name in np.unique(y):
        if len(np.unique(groups[y == name])) == 1:
            raise ValueError(
                f"All images of the class {shortened(str(name))} belong together or look alike: "
                "any model that is tested on them was trained without the class. Add independent "
                "images of it, or leave it out."
            )


def _positive(y: npt.NDArray[np.str_], pos_label: Any) -> tuple[str | None, str]:
    """The positive class, and why it is this one."""
    names, counts = np.unique(y, return_counts=True)
    known = [str(name) for name in names]
    if pos_label is not None:
        if str(pos_label) not in known:
            raise ValueError(
                f"The positive class {shortened(pos_label)} is not one of the classes: "
                f"{shortened(known)}.{suggest(str(pos_label), known)}"
            )
        return str(pos_label), ""
    if len(known) > 2:
        return None, ""
    if counts[0] == counts[1]:
        return known[1], ", the second by name; name another with --positive"
    return known[int(np.argmin(counts))], ", the rarer one; name the other with --positive"
