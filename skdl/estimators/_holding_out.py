"""What a fit holds out of its images for validation, along groups where there are any.

Decisions: docs/decisions.md#groups.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from skdl._utils.checks import warn_user
from skdl._utils.stratification import parts_by_label
from skdl._utils.text import plain, shortened
from skdl.engine import TrainingSet

Rows = npt.NDArray[np.intp]
Held = tuple[TrainingSet, TrainingSet, Rows]

_FEW, _DRAWS = 12, 20
_NO_SPLIT = "set validation_fraction=None and early_stopping=False."


def hold_out(
    data: TrainingSet, fraction: float, seed: int, classes: npt.NDArray[Any], groups: Any = None
) -> Held:
    """Stratified, seeded split into training and validation data; and the rows of the latter."""
    codes = np.asarray(data.targets)
    counts = np.bincount(codes, minlength=len(classes))
    n_held_out = int(np.ceil(fraction * len(data)))
    n_present = int((counts > 0).sum())
    smallest = int(np.argmin(np.where(counts > 0, counts, counts.max() + 1)))
    advice = "Set another validation_fraction, or pass X_val and y_val."
    if counts[smallest] < 2:
        raise ValueError(
            f"The class {shortened(plain(classes)[smallest])} has 1 row in y: too few for both the "
            f"training and the validation split. {advice}"
        )
    if n_held_out < n_present or len(data) - n_held_out < n_present:
        raise ValueError(
            f"validation_fraction={fraction:g} of {len(data)} rows holds out {n_held_out} of them, "
            f"which cannot be stratified over {n_present} classes: each split needs at least one "
            f"row per class. {advice}"
        )
    if groups is not None:
        belongs = np.eye(len(classes), dtype=int)[codes]
        return _split_along(data, groups, fraction, seed, belongs, classes)
    return _split(data, n_held_out, seed, data.targets)


def hold_out_any(data: TrainingSet, fraction: float, seed: int, groups: Any = None) -> Held:
    """The same of images without classes."""
    _refuse_all(data, fraction)
    if groups is not None:
        return _split_along(data, groups, fraction, seed, np.ones((len(data), 1), int))
    return _split(data, int(np.ceil(fraction * len(data))), seed)


def hold_out_labels(data: TrainingSet, fraction: float, seed: int, groups: Any = None) -> Held:
    """The same of images with several labels each, stratified by all of them."""
    _refuse_all(data, fraction)
    is_set = np.asarray(data.targets) > 0
    if groups is not None:
        return _split_along(data, groups, fraction, seed, is_set.astype(int))
    n_held_out = int(np.ceil(fraction * len(data)))
    room = np.array([len(data) - n_held_out, n_held_out])
    ones = np.ones(len(data), np.int64)
    part = parts_by_label(is_set.astype(int), ones, room, np.random.default_rng(seed))
    kept, held_out = np.flatnonzero(part == 0), np.flatnonzero(part == 1)
    return data.take(kept), data.take(held_out), held_out


def _refuse_all(data: TrainingSet, fraction: float) -> None:
    if np.ceil(fraction * len(data)) >= len(data):
        images = "image" if len(data) == 1 else "images"
        raise ValueError(
            f"validation_fraction={fraction:g} of {len(data)} {images} leaves none to train on. "
            f"Pass more images, or {_NO_SPLIT}"
        )


def _split(data: TrainingSet, n_held_out: int, seed: int, stratify: Any = None) -> Held:
    kept, held_out = train_test_split(
        np.arange(len(data)), test_size=n_held_out, stratify=stratify, random_state=seed
    )
    return data.take(kept), data.take(held_out), held_out


# ---- groups ------------------------------------------------------------------------------------


def _split_along(
    data: TrainingSet,
    groups: npt.NDArray[Any],
    fraction: float,
    seed: int,
    belongs: npt.NDArray[np.int64],
    classes: Any = None,
) -> Held:
    """Of images that belong to classes, or have labels, as the ones of (n, n_classes) say."""
    names, members, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    counts = np.zeros((len(names), belongs.shape[1]), dtype=np.int64)
    np.add.at(counts, members, belongs)
    _check_table(counts, names, classes)
    chosen = choose_groups(counts, fraction, seed, sizes)
    _warn_if_far(counts, sizes, chosen, fraction, classes)
    is_held_out = chosen[members]
    held_out = np.flatnonzero(is_held_out)
    return data.take(np.flatnonzero(~is_held_out)), data.take(held_out), held_out


def choose_groups(
    counts: npt.NDArray[np.int64], fraction: float, seed: int, sizes: Any = None
) -> npt.NDArray[np.bool_]:
    """Which groups to hold out, by their numbers of rows of each class, (n_groups, n_classes).

    Where a row may have several labels, `sizes` are the numbers of rows.

    No class leaves the training data, and as many as can be are held out, too. Otherwise, each
    class and all rows together come as near to the fraction as they can, where groups are few.
    Where they are many, as near as is found from a few draws: groups are held out or put back in
    random order, as long as that brings the split nearer.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(counts))
    table = np.column_stack([counts, counts.sum(axis=1) if sizes is None else sizes])[order]
    table = table[:, table.any(axis=0)]
    totals = table.sum(axis=0)
    goal = fraction * totals

    def distances(held: npt.NDArray[np.int64]) -> Any:
        missing = (held == 0).sum(axis=-1) * len(totals)  # outweighs all shares
        far = missing + np.square((held - goal) / totals).sum(axis=-1)
        return np.where((held == totals).any(axis=-1), np.inf, far)

    chosen = np.zeros(len(order), dtype=np.bool_)
    if len(order) <= _FEW:
        subsets = np.arange(2 ** len(order))[:, np.newaxis] >> np.arange(len(order)) & 1
        chosen[order] = subsets[np.argmin(distances(subsets @ table))]
        return chosen
    lowest, near = np.inf, np.maximum(1, 0.01 * totals)  # a row, or a hundredth
    for _ in range(_DRAWS):
        drawn = generator.random(len(order)) < fraction
        if np.isinf(distances(table[drawn].sum(axis=0))):
            drawn[:] = False
        held, distance = _improved(drawn, table, distances)
        if distance < lowest:
            lowest, chosen[order] = distance, drawn
        if held.all() and (abs(held - goal) <= near).all():
            break
    return chosen


def _improved(drawn: Any, table: Any, distances: Any) -> tuple[npt.NDArray[np.int64], float]:
    """Hold groups out or put them back as long as that helps; their rows by class, how far off."""
    held = table[drawn].sum(axis=0)
    nearest, improves = float(distances(held)), True
    while improves:
        improves = False
        for group, rows in enumerate(table):
            after = held - rows if drawn[group] else held + rows
            distance = float(distances(after))
            if distance < nearest:
                drawn[group], held, nearest = not drawn[group], after, distance
                improves = True
    return held, nearest


def _check_table(counts: npt.NDArray[np.int64], names: npt.NDArray[Any], classes: Any) -> None:
    """Refuse groups that cannot stand on both sides."""
    ways = "images from more groups" if classes is None else "X_val and y_val"
    advice = f"Pass {ways}, or {_NO_SPLIT}"
    if len(names) < 2:
        raise ValueError(
            f"All images belong to one group, {shortened(plain(names)[0])}, and groups are held "
            f"out for validation as a whole: no images would be left to train on. {advice}"
        )
    alone = np.flatnonzero(np.count_nonzero(counts, axis=0) == 1)
    if classes is not None and len(alone):
        name = names[np.argmax(counts[:, alone[0]])]
        raise ValueError(
            f"The class {shortened(plain(classes)[alone[0]])} occurs in one group only, "
            f"{shortened(plain(name))}, and cannot be in both the training and the validation "
            f"split. {advice}"
        )


def _warn_if_far(
    counts: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    chosen: npt.NDArray[np.bool_],
    fraction: float,
    classes: Any,
) -> None:
    """Warn where groups allow no split like the one that was asked for."""
    held, total = counts[chosen].sum(axis=0), counts.sum(axis=0)
    absent = np.flatnonzero((held == 0) & (total > 0))
    if len(absent):
        name = f"with label {absent[0]}"
        if classes is not None:
            name = f"of the class {shortened(plain(classes)[absent[0]])}"
        warn_user(
            f"The validation split has no image {name}, because groups are held out as a whole. "
            "Pass X_val and y_val to choose the validation images."
        )
    n_held_out, n = sizes[chosen].sum(), sizes.sum()
    share = n_held_out / n
    if not fraction / 2 <= share <= 2 * fraction:
        others = "." if classes is None else ", or pass X_val and y_val."
        warn_user(
            f"Groups are held out as a whole: {n_held_out} of {n} images are held out instead of "
            f"validation_fraction={fraction:g}. Set validation_fraction={share:.2g} if this is "
            f"intended{others}"
        )
