"""Groups of images that belong together: those of the user, joined where images look alike.

Decisions: docs/decisions.md#groups.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.text import counted, plain, shortened
from skdl.audit import DataAudit, find_look_alikes, join_groups
from skdl.evaluation._folds import Fold
from skdl.images import ImageBatch, read_batch

LOOK_ALIKES = ("group", "warn", "ignore")
_COLUMNS = ["first", "second", "similarity"]


class Groups(NamedTuple):
    """Groups as they were passed, as folds keep them together, and pairs that look alike.

    `joined` are those that were passed where no look-alikes join any; the table is None where
    nobody looked.
    """

    own: npt.NDArray[Any] | None
    joined: npt.NDArray[Any] | None
    look_alikes: pd.DataFrame | None

    @property
    def are_joined(self) -> bool:
        """Whether look-alikes changed anything."""
        return self.joined is not self.own


def find_groups(
    X: Any,
    images: Any,
    groups: npt.NDArray[Any] | None,
    n: int,
    mode: str | DataAudit,
    n_jobs: int | None,
) -> Groups:
    """The groups of n images: X holds them, or features of `images`, or rows of a table."""
    if isinstance(mode, DataAudit):
        table = _pairs_of(mode, n)
    else:
        batch = _images(X, images, n)
        if mode == "ignore" or batch is None:
            return Groups(groups, groups, None)
        table = _pairs(batch, n_jobs)
    if mode == "warn" or table.empty:
        return Groups(groups, groups, table)
    joined = join_groups(groups, n, table["first"], table["second"])
    if groups is not None and len(np.unique(joined)) == len(np.unique(groups)):
        joined = groups  # which had them together
    return Groups(groups, joined, table)


def _images(X: Any, images: Any, n: int) -> ImageBatch | None:
    if images is not None:
        batch = read_batch(images, "images", mixed=True)
        if len(batch) != n:
            raise ValueError(
                f"images has {len(batch)} images, and X has {n} rows. Pass one image per row."
            )
        return batch
    shape = np.shape(X)
    if len(shape) not in (3, 4) and not (len(shape) == 1 and np.asarray(X).dtype.kind == "U"):
        return None
    try:
        return read_batch(X, mixed=True)
    except (TypeError, ValueError):  # arrays of other things than pixels
        return None


def _pairs(batch: ImageBatch, n_jobs: int | None) -> pd.DataFrame:
    """Pairs of images that look alike, copies among them."""
    found = find_look_alikes(batch, n_jobs=n_jobs)
    table = pd.DataFrame(dict(zip(_COLUMNS, found, strict=True)))
    return _with_copies(table, batch.digests())


def _pairs_of(audit: DataAudit, n: int) -> pd.DataFrame:
    """Pairs that an audit found, copies among them."""
    if len(audit.images) != n:
        raise ValueError(
            f"The audit in look_alikes has {len(audit.images):,} images, and X has {n:,}. Pass an "
            "audit of the same images."
        )
    sets = dict(zip(audit.copies["row"], audit.copies["set"], strict=True))
    names = [sets.get(row, -1 - row) for row in range(n)]
    return _with_copies(audit.look_alikes[_COLUMNS].reset_index(drop=True), names)


def _with_copies(table: pd.DataFrame, contents: Sequence[Any]) -> pd.DataFrame:
    """Pairs, and those of the first image of a content and each other one of that content."""
    seen: dict[Any, int] = {}
    firsts = [seen.setdefault(content, row) for row, content in enumerate(contents)]
    copies = [(first, row, 1.0) for row, first in enumerate(firsts) if first != row]
    known = pd.MultiIndex.from_frame(table[_COLUMNS[:2]])
    new = [pair for pair in copies if pair[:2] not in known]
    if new:
        table = pd.concat([table, pd.DataFrame(new, columns=_COLUMNS)], ignore_index=True)
    return table.sort_values(_COLUMNS[:2], ignore_index=True)


# ---- whether there can be folds -------------------------------------------------------------


def check_groups_for(n_splits: int, groups: Groups) -> None:
    """Refuse more folds than groups."""
    assert groups.joined is not None
    found, sizes = np.unique(groups.joined, return_counts=True)
    if len(found) >= n_splits:
        return
    if len(found) == 1 and not groups.are_joined:
        raise ValueError(
            f"groups contains only one group, {shortened(plain(found[0]))}: no split can keep it "
            "together. Pass groups that distinguish patients or the like, or omit groups."
        )
    advice = f"Set cv to at most {len(found)}" if len(found) > 1 else "Remove the look-alikes"
    joined = ""
    if groups.are_joined:
        joined = f" after joining look-alikes; the largest has {sizes.max()} images"
        advice += ", inspect the pairs with look_alikes='warn', or pass look_alikes='ignore'"
    raise ValueError(
        f"{n_splits} folds need at least {n_splits} groups, and there "
        f"{'is 1' if len(found) == 1 else f'are {len(found)}'}{joined}. {advice}."
    )


def about_classes(groups: Groups, y: npt.NDArray[Any], folds: Sequence[Fold]) -> str:
    """Which classes have too few groups for each fold to test them, in words; "" if none."""
    table = pd.DataFrame({"y": y, "group": groups.joined}).groupby("y")["group"]
    counts = table.nunique()
    in_all = [set(y[fold.test].tolist()) & set(y[fold.train].tolist()) for fold in folds]
    lacking = [label not in set.intersection(*in_all) for label in plain(counts.index)]
    few = counts[np.array(lacking) & (counts < len(folds))]
    if few.empty:
        return ""
    label, n = plain(few.index[0]), int(few.iloc[0])
    more = f" (and {len(few) - 1} more)" if len(few) > 1 else ""
    if n == 1:
        name = shortened(plain(table.first()[few.index[0]]))
        return (
            f"The class {shortened(label)} is in only one group, {name}{more}: the fold that "
            "tests it is trained without the class. Drop the class, or add groups that have it."
        )
    return (
        f"The class {shortened(label)} is in only {n} groups{more}, and there are {len(folds)} "
        f"folds: some are tested without it. Set cv to at most {n}, or add groups that have it."
    )


def about_contradictions(groups: Groups) -> str:
    """Which pairs look alike and have two groups, in words; "" if none."""
    if groups.own is None or groups.look_alikes is None:
        return ""
    table = groups.look_alikes
    first, second = (groups.own[table[name].to_numpy()] for name in ("first", "second"))
    apart = np.flatnonzero(first != second)
    if not len(apart):
        return ""
    pair = table.iloc[apart[0]]
    done = "Folds keep both groups together" if groups.are_joined else "Folds may separate them"
    return (
        f"{counted(len(apart), 'pair')} of images that look alike "
        f"{'belongs' if len(apart) == 1 else 'belong'} to different groups, such as rows "
        f"{pair['first']:.0f} ({shortened(plain(first[apart[0]]))}) and {pair['second']:.0f} "
        f"({shortened(plain(second[apart[0]]))}). {done}. Correct the groups if one picture is "
        "listed under two names; see result.look_alikes."
    )


def about_look_alikes(
    groups: Groups, folds: Sequence[Fold], cv: str, mode: str | DataAudit, leaks: pd.DataFrame
) -> str:
    """How many test images look like a training image, in words; "" if none."""
    table = groups.look_alikes
    if table is None or table.empty:
        return ""
    together = join_groups(None, 1 + table["second"].max(), table["first"], table["second"])
    copies = set(leaks["test_row"])  # of which there is a warning of their own
    rows: dict[int, int] = {}
    for fold in folds:
        test, train = (part[part < len(together)] for part in (fold.test, fold.train))
        like = np.full(len(together), -1)
        like[together[train]] = train
        others = like[together[test]]
        found = zip(test[others >= 0].tolist(), others[others >= 0].tolist(), strict=True)
        rows = {row: other for row, other in found if row not in copies} | rows
    if not rows:
        return ""
    row, other = min(rows.items())
    advice = "look_alikes='group' keeps them together."
    if mode != "warn":
        advice = (
            f"cv={cv} does not keep them together. Pass a number, or a splitter that uses groups, "
            "such as StratifiedGroupKFold."
        )
    verb = "looks" if len(rows) == 1 else "look"
    return (
        f"{counted(len(rows), 'test image')} {verb} like a training image, which makes scores too "
        f"good, for example rows {row} and {other} (see result.look_alikes). {advice}"
    )
