"""What stands in training and test data of a fold.

Decisions: docs/decisions.md#look-alikes-and-data-audits.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from skdl._utils.checksums import digest_of
from skdl.evaluation._folds import Fold
from skdl.images import ImageArray


def digests_of(images: Any) -> list[bytes]:
    """Digests of the rows of any array."""
    if hasattr(images, "tocsr"):
        return [digest_of(row.toarray()) for row in images.tocsr()]
    rows = np.asarray(images)
    if rows.dtype.kind == "O":  # whose memory holds addresses: columns of several kinds
        return [digest_of(repr(row.tolist()).encode()) for row in rows]
    return ImageArray(rows).digests()


def find_leaks(digests: Sequence[bytes], folds: list[Fold]) -> pd.DataFrame:
    rows = []
    for fold in folds:
        seen = {digests[row]: row for row in reversed(fold.train)}
        copies = (row for row in fold.test if digests[row] in seen)
        rows += [(fold.number, row, seen[digests[row]]) for row in copies]
    return pd.DataFrame(rows, columns=["fold", "test_row", "train_row"])


def find_split_groups(groups: Any, folds: list[Fold]) -> list[Any]:
    """Groups that stand in training and test data of a fold."""
    if groups is None:
        return []
    found = [np.intersect1d(groups[fold.train], groups[fold.test]) for fold in folds]
    return list(np.unique(np.concatenate(found)).tolist())


def about_groups(result: Any) -> str:
    """That groups were split, in words; "" if they were not."""
    split = result.split_groups
    if not split:
        return ""
    shown = ", ".join(map(str, split[:3])) + (", …" if len(split) > 3 else "")
    return (
        f"{len(split)} group{' is' if len(split) == 1 else 's are'} in both training and test "
        f"data ({shown}): cv={result.cv} does not keep groups together, which makes scores too "
        "good. Pass a splitter that does, such as StratifiedGroupKFold, or cv=None."
    )


def in_both(leaks: pd.DataFrame) -> str:
    """How many test images were trained on, in words."""
    n = leaks["test_row"].nunique()
    return f"{n} test image{' is' if n == 1 else 's are'} also in the training data"


def about_leaks(result: Any) -> str:
    leaks = result.leaks
    if leaks.empty:
        return ""
    first, n_folds = leaks.iloc[0], result.times["fold"].nunique()
    return (
        f"{in_both(leaks)}, pixel for pixel, in {leaks['fold'].nunique()} of {n_folds} folds, "
        f"which makes scores too good, for example rows {first['test_row']} and "
        f"{first['train_row']} (see result.leaks). Drop the copies, or pass groups that keep them "
        "together."
    )
