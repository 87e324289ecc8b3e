"""Copies and look-alikes as tables."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.compat import PLAIN_TEXT
from skdl.audit._look_alikes import LookAlikes, find_look_alikes
from skdl.images import ImageBatch

# Of an array, other rows than all are a copy in memory.
_FEW_LEFT_OUT = 0.9

Sets = list[npt.NDArray[np.intp]]


class Known(NamedTuple):
    """What is known of each image from the caller; None where that was not passed."""

    paths: npt.NDArray[Any] | None
    classes: npt.NDArray[Any] | None
    groups: npt.NDArray[Any] | None


def find_copies(facts: pd.DataFrame) -> Sets:
    """Rows of equal pixels, set by set. Images of one colour show nothing and are left out."""
    compared = facts[facts["reason"].eq("") & ~facts["one_color"]]
    sets = compared.groupby("digest", sort=False).indices.values()
    rows = compared.index.to_numpy()
    return sorted((np.sort(rows[own]) for own in sets if len(own) > 1), key=lambda own: own[0])


def search(
    images: ImageBatch, facts: pd.DataFrame, copies: Sets, similarity: float, n_jobs: int | None
) -> LookAlikes:
    """Pairs of look-alikes; of copies of each other, only the first is compared."""
    compared = (facts["reason"].eq("") & ~facts["one_color"]).to_numpy(copy=True)
    for own in copies:
        compared[own[1:]] = False
    rows = np.flatnonzero(compared)
    if len(rows) < 2:
        return LookAlikes(rows[:0], rows[:0], np.empty(0))
    whole = len(images.shape) > 1 and len(rows) > _FEW_LEFT_OUT * len(images)
    found = find_look_alikes(images if whole else images[rows], similarity, n_jobs)
    if not whole:
        found = LookAlikes(rows[found.first], rows[found.second], found.similarity)
    kept = compared[found.first] & compared[found.second]
    order = np.argsort(-found.similarity[kept], kind="stable")
    return LookAlikes(*(part[kept][order] for part in found))


def in_pairs(copies: Sets, values: npt.NDArray[Any] | None = None) -> LookAlikes:
    """Copies as pairs of the first with each other; or with the first of each other value."""
    pairs = [pair for own in copies for pair in _pairs_of(own, values)]
    first, second = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    return LookAlikes(first, second, np.ones(len(pairs)))


def _pairs_of(own: npt.NDArray[np.intp], values: Any) -> Iterator[tuple[int, int]]:
    seen = {None if values is None else values[own[0]]}
    for row in own[1:].tolist():
        if values is None or values[row] not in seen:
            seen.add(None if values is None else values[row])
            yield int(own[0]), row


def that_differ(copies: Sets, look_alikes: LookAlikes, values: npt.NDArray[Any]) -> LookAlikes:
    """Pairs of copies and look-alikes that differ in a value."""
    kept = values[look_alikes.first] != values[look_alikes.second]
    parts = zip(in_pairs(copies, values), look_alikes, strict=True)
    return LookAlikes(*(np.concatenate([own, part[kept]]) for own, part in parts))


def pair_table(pairs: LookAlikes, known: Known, **values: npt.NDArray[Any]) -> pd.DataFrame:
    """A row for each pair: its rows, similarity, values by name, classes and paths."""
    table = pd.DataFrame(
        {"first": pairs.first, "second": pairs.second, "similarity": pairs.similarity}
    )
    named = {**values, "class": known.classes, "path": known.paths}
    for name, of_rows in named.items():
        if of_rows is not None:
            table[f"first_{name}"] = as_column(of_rows[pairs.first])
            table[f"second_{name}"] = as_column(of_rows[pairs.second])
    return table


def copy_table(copies: Sets, known: Known) -> pd.DataFrame:
    """A row for each copy: its set, row, class and path."""
    rows = np.concatenate([np.empty(0, dtype=np.intp), *copies])
    table = row_table(rows, known)
    table.insert(0, "set", np.repeat(np.arange(len(copies)), [len(own) for own in copies]))
    return table


def row_table(rows: npt.NDArray[np.intp], known: Known, **more: Any) -> pd.DataFrame:
    """A row for each of some images: its row, class and path, and what `more` says."""
    table = pd.DataFrame({"row": rows})
    if known.classes is not None:
        table["class"] = as_column(known.classes[rows])
    if known.paths is not None:
        table["path"] = as_column(known.paths[rows])
    return table.assign(**more)


def as_column(values: npt.NDArray[Any]) -> Any:
    """Values for a frame; text need not be UTF-8, such as the name of a file."""
    if values.dtype.kind in "UT":
        return pd.Series(values.astype(object), dtype=PLAIN_TEXT)
    return values
