"""What a run says to the items of a checklist about its data."""

from typing import Any

import numpy as np
import pandas as pd

from skdl._utils.text import counted
from skdl.audit import DataAudit
from skdl.images import find_paths
from skdl.reporting._answers import MOST_CLASSES, Run, span


def images(run: Run) -> str:
    """How many, of which classes."""
    y, names = run.subject.y, run.subject.names
    counts = np.bincount(y, minlength=len(names))
    listed = [
        f"“{name}” {n:,} ({100 * n / len(y):.1f}\u00a0%)"
        for name, n in zip(names[:MOST_CLASSES], counts, strict=False)
    ]
    more = [f"{len(names) - MOST_CLASSES} more"] if len(names) > MOST_CLASSES else []
    of_images = ""
    if run.result.grouping is not None:
        of_images = f" of {counted(len(run.whole.y), run.rows_are)}"
    cases = f"{counted(len(y), run.cases_are)}{of_images}"
    text = f"{cases} of {len(names)} classes: {', '.join(listed + more)}."
    n_tested = len(run.result.per_model(run.model))
    return text if n_tested == len(y) else f"{text} Tested: {n_tested:,}."


def groups(run: Run) -> str:
    """Patients, or whatever images belong together by."""
    found = run.of_images.own_groups
    if found is None:
        return ""
    sizes = pd.Series(found).value_counts()
    rows = f"{run.rows_are}{'' if sizes.max() == 1 else 's'}"
    median = "" if sizes.min() == sizes.max() else f" (median {sizes.median():g})"
    n = counted(len(sizes), "group")
    return f"{n}, such as patients, with {span(sizes)} {rows} each{median}."


def patients(run: Run) -> str:
    """How many are in each subgroup."""
    values = run.of_images.subgroup_values
    if values is None:
        return ""
    listed = []
    for column in values:
        counts = values[column].value_counts(sort=False, dropna=False)
        shown = [f"{value} {n:,}" for value, n in counts.items() if n][:MOST_CLASSES]
        more = len(counts[counts > 0]) - len(shown)
        listed.append(f"{column}: {', '.join(shown)}{f' and {more} more' if more else ''}")
    return f"{counted(len(values), run.rows_are)}, by {'; '.join(listed)}."


def inputs(run: Run) -> str:
    """What the images are like, or the rows of a table."""
    features = ""
    if run.described is None or run.X is not run.whole.X:
        shape: tuple[int, ...] = getattr(run.X, "shape", ())
        features = f"{counted(shape[1], 'feature')} per row of X." if len(shape) == 2 else ""
    if run.described is None or run.described.iloc[-1]["unreadable"] == len(run.whole.y):
        return features
    found = run.described.iloc[-1]  # of all images
    sides = [span((found[f"{side}_min"], found[f"{side}_max"])) for side in ("height", "width")]
    text = (
        f"Images of {' × '.join(sides)} pixels (height × width), channels: {found['channels']}, "
        f"format: {found['format']}, values from {found['value_min']:g} to "
        f"{found['value_max']:g}."
    )
    return f"{features} {text}".strip()


def quality(run: Run) -> str:
    """What is unreadable, and what repeats another image."""
    if run.described is None:
        return ""
    found = run.described.iloc[-1]
    files = find_paths(run.whole.X) is not None
    how = "byte for byte" if files else "pixel for pixel"
    if run.audit is not None:
        return _audited(run.audit)
    n, n_bad, n_copies = (int(found[name]) for name in ("images", "unreadable", "duplicates"))
    if not n_bad and not n_copies:
        return f"None of {counted(n, 'image')} is unreadable, and none repeats another one {how}."
    return (
        f"Of {counted(n, 'image')}, {n_bad:,} cannot be read and {n_copies:,} "
        f"{'repeats' if n_copies == 1 else 'repeat'} another one {how}."
    )


def _audited(audit: DataAudit) -> str:
    counts = audit.summary().set_index("table")["images"]
    kinds = {
        "unreadable": "unreadable",
        "copies": "with a copy",
        "look_alikes": "similar to another one",
        "conflicts": "similar to one of another class",
        "empty": "empty",
    }
    found = [f"{counts[kind]:,} {words}" for kind, words in kinds.items()]
    return f"Of {counted(len(audit.images), 'image')}: {', '.join(found)}."


def shortcuts(run: Run) -> str:
    """Properties that tell the classes apart alone."""
    if run.audit is None or run.audit.classes is None:
        return ""
    table = run.audit.shortcuts
    telling = table[table["low"] > 0.5]
    if table.empty:
        return ""
    named = [
        f"{row['property']} (ROC AUC {row['auc']:.2f}, {row['low']:.2f} to {row['high']:.2f})"
        for _, row in telling.iterrows()
    ]
    looked = counted(len(table), "property", "properties")
    if not named:
        return f"None of {looked}, such as size and brightness, separates the classes by itself."
    return f"Of {looked}, these separate the classes to some degree: {', '.join(named)}."


def missing_data(run: Run) -> str:
    """Labels and values that are missing; evaluate() refuses labels that are."""
    if find_paths(run.X) is not None:
        return "No label is missing."
    values = getattr(run.X, "data", run.X) if hasattr(run.X, "tocsr") else run.X
    values = values if isinstance(values, pd.DataFrame) else np.asarray(values)
    n = int(np.asarray(pd.isna(values)).sum()) if _may_be_missing(values) else 0
    if n == 0:
        return "No label and no value of X is missing."
    return f"No label is missing; {n:,} of the {np.size(values):,} values of X are missing."


def _may_be_missing(values: Any) -> bool:
    kinds = values.dtypes if isinstance(values, pd.DataFrame) else [values.dtype]
    return any(getattr(kind, "kind", "O") not in "biu" for kind in kinds)
