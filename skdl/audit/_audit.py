"""The audit of a data set."""

from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.checks import check_number, check_whole
from skdl._utils.labels import check_groups, check_length, class_labels
from skdl._utils.text import middle_out
from skdl.audit._groups import join_groups
from skdl.audit._label_errors import find_label_errors
from skdl.audit._look_alikes import LookAlikes
from skdl.audit._pairs import (
    Known,
    Sets,
    as_column,
    copy_table,
    find_copies,
    in_pairs,
    pair_table,
    row_table,
    search,
    that_differ,
)
from skdl.audit._result import DataAudit
from skdl.audit._shortcuts import COLUMNS, find_shortcuts
from skdl.images import measure_images, read_batch

# Of the range of values: where brightness varies by less, there is nothing to see.
_FAINT = 0.01


def audit_images(
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    probabilities: Any = None,
    similarity: float = 0.95,
    image_shape: Sequence[int] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> DataAudit:
    """Find problems in a data set of images before trusting a score.

    Parameters
    ----------
    X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or of paths of shape (n,)
        Images, or paths of image files of any size. See :mod:`skdl.images` for what counts as an
        image batch. Files are decoded a few at a time.
    y : array-like of shape (n,), default=None
        Class labels. If None, classes are not compared.
    groups : array-like of shape (n,), default=None
        Known groups, such as the patient of each image. If None, each image is its own group.
    probabilities : array-like of shape (n, n_classes), default=None
        Out-of-fold probabilities of the sorted classes, to find labels that are probably wrong; see
        :func:`find_label_errors`. Requires `y`.
    similarity : float in [0, 1], default=0.95
        Similarity from which images count as look-alikes; 1 means equal.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images, and of those with more channels than pixels per side.
    n_jobs : int, default=None
        Number of threads that read and compare images. If None, use as many as there are cores for
        this process; -1 means all cores.
    verbose : int, default=0
        If greater than 0, show progress.

    Returns
    -------
    audit : DataAudit
        The findings, as tables and in sentences, and `groups` for splitters.

    Raises
    ------
    TypeError
        If X is sparse.
    ValueError
        If X is not a batch of images, `y`, `groups` or `probabilities` has another shape or missing
        values, there is only one group, or a parameter is out of range. Files that cannot be read
        do not raise an error: they are listed.

    See Also
    --------
    skdl.datasets.describe_images : Sizes, formats and value ranges by class.
    skdl.plotting.DataAuditDisplay : Plot pairs of look-alikes.

    Notes
    -----
    Copies have equal pixels, whatever their files are. Of several copies, only the first is
    compared with other images, so that look-alikes are pairs of different pictures. Images of a
    single colour show nothing: they are listed as empty, do not count as copies and do not join
    groups.

    A shortcut is a property that tells classes apart without looking at the content of the images.
    Small decision trees are fitted to each property alone, so that any relation to the classes is
    found. Their predictions come from five stratified folds that keep groups and look-alikes
    together. The score is the area under the ROC curve (with more than two classes, the mean of
    each against the rest), with the interval of :func:`skdl.metrics.confidence_interval` for
    groups. If the area is 1 and has no variance, the interval is Wilson's, for as many groups
    without a mistake as there are in the smallest class. Since several properties are examined,
    intervals are Bonferroni-corrected: all of them hold together at 95 %. Properties that do not
    vary and classes with fewer than five groups are left out, and so are the smaller of more than
    100 classes, and file names, which networks do not see.

    References
    ----------
    Geirhos et al., "Shortcut learning in deep neural networks", Nature Machine Intelligence 2
    (2020), 665-673.

    Examples
    --------
    >>> from skdl.audit import audit_images
    >>> from skdl.datasets import load_digits_images
    >>> X, y = load_digits_images(n_samples=100, return_X_y=True)
    >>> X[1] = X[0]
    >>> audit = audit_images(X, y)
    >>> audit.copies["row"].tolist()
    [0, 1]
    >>> bool(audit.groups[0] == audit.groups[1])
    True
    """
    check_number(similarity, "similarity", low=0, high=1)
    check_whole(verbose, "verbose", low=0)
    n_threads = None if n_jobs is None else _n_threads(n_jobs)
    images = read_batch(X, mixed=True).unflattened(image_shape)
    n = len(images)
    classes = None if y is None else class_labels(y, "y")
    if classes is not None:
        check_length(classes, "y", np.arange(n), "X")
    given = None if groups is None else check_groups(groups, n)
    suspects = _suspects(classes, probabilities)
    known = Known(getattr(images, "paths", None), classes, given)

    facts = measure_images(images, n_threads, verbose)
    copies = find_copies(facts)
    look_alikes = search(images, facts, copies, similarity, n_jobs)
    pairs = [*zip(in_pairs(copies), look_alikes, strict=True)][:2]
    joined = join_groups(given, n, *(np.concatenate(ends) for ends in pairs))
    return _result(facts, known, copies, look_alikes, joined, similarity, suspects)


def _suspects(classes: Any, probabilities: Any) -> pd.DataFrame:
    """Labels that are probably wrong; none where nothing tells."""
    if probabilities is None:
        return find_label_errors([0], [[1.0]])
    if classes is None:
        raise ValueError("probabilities can only be used together with labels. Pass y.")
    return find_label_errors(classes, probabilities)


def _n_threads(n_jobs: int) -> int:
    check_whole(n_jobs, "n_jobs")
    return int(joblib.effective_n_jobs(n_jobs))


def _result(
    facts: pd.DataFrame,
    known: Known,
    copies: Sets,
    look_alikes: LookAlikes,
    groups: npt.NDArray[np.intp],
    similarity: float,
    suspects: pd.DataFrame,
) -> DataAudit:
    readable = facts[facts["reason"].eq("")]
    unreadable = facts.index[facts["reason"].ne("")].to_numpy()
    reasons = as_column(facts.loc[unreadable, "reason"].to_numpy(dtype=np.str_))
    empty = _empty(readable)
    tables = {
        "unreadable": row_table(unreadable, known, reason=reasons),
        "copies": copy_table(copies, known),
        "look_alikes": pair_table(look_alikes, known),
        "conflicts": _differing(copies, look_alikes, known, known.classes),
        "group_conflicts": _differing(copies, look_alikes, known, known.groups, "group"),
        "label_errors": row_table(
            suspects["row"].to_numpy(),
            known,
            **{name: suspects[name].to_numpy() for name in ("suggested", *_HOW_SURE)},
        ),
        "empty": row_table(
            empty.index.to_numpy(),
            known,
            kind=np.where(empty["one_color"], "one color", "nearly empty").astype(object),
        ),
    }
    return DataAudit(
        **tables,
        images=_per_image(facts, known, groups, tables),
        sizes=_counts(readable, ["height", "width"]),
        modes=_counts(readable, ["channels", "dtype", "format"]),
        value_ranges=_value_ranges(readable, known.classes),
        shortcuts=_shortcuts(readable, known.classes, groups),
        groups=groups,
        classes=None if known.classes is None else np.unique(known.classes),
        similarity=float(similarity),
    )


def _differing(
    copies: Sets, look_alikes: LookAlikes, known: Known, values: Any, name: str = ""
) -> pd.DataFrame:
    if values is None:
        nothing = np.empty(0, dtype=np.intp)
        return pair_table(LookAlikes(nothing, nothing, np.empty(0)), known)
    more = {name: values} if name else {}
    return pair_table(that_differ(copies, look_alikes, values), known, **more)


def _empty(readable: pd.DataFrame) -> pd.DataFrame:
    """Images of one colour, or of nearly one."""
    by_dtype = readable.groupby("dtype")
    span = by_dtype["high"].transform("max") - by_dtype["low"].transform("min").clip(upper=0)
    span = span.mask(readable["dtype"].eq("uint8"), 255)
    return readable[readable["one_color"] | (readable["contrast"] < _FAINT * span)]


def _counts(readable: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    whole = {name: np.int64 for name in columns if name not in ("dtype", "format")}
    counted = readable.groupby(list(columns)).size().rename("images").reset_index().astype(whole)
    return counted.sort_values("images", ascending=False, kind="stable", ignore_index=True)


def _value_ranges(readable: pd.DataFrame, classes: npt.NDArray[Any] | None) -> pd.DataFrame:
    labels = np.full(len(readable), "all") if classes is None else classes[readable.index]
    of_class = readable.groupby(pd.Series(as_column(labels)).to_numpy(), sort=True)
    table = of_class.agg(
        images=("low", "size"), low=("low", "min"), high=("high", "max"),
        brightness=("brightness", "mean"),
    )  # fmt: skip
    table.index.name = "class"
    return table


def _shortcuts(
    readable: pd.DataFrame, classes: npt.NDArray[Any] | None, groups: npt.NDArray[np.intp]
) -> pd.DataFrame:
    if classes is None or readable.empty:
        return pd.DataFrame(columns=COLUMNS)
    names, codes = np.unique(classes, return_inverse=True)
    rows = readable.index.to_numpy()
    shown = [middle_out(str(name)) for name in names.tolist()]
    return find_shortcuts(readable.reset_index(drop=True), codes[rows], shown, groups[rows])


_HOW_SURE = ("probability", "suggested_probability", "margin")
_SHOWN = (
    "height", "width", "channels", "dtype", "format", "bytes", "quantization", "low", "high",
    "brightness", "contrast", "border_brightness", "border_contrast",
)  # fmt: skip


def _per_image(
    facts: pd.DataFrame, known: Known, groups: npt.NDArray[np.intp], tables: dict[str, Any]
) -> pd.DataFrame:
    """Everything that is known of each image, and in which tables it stands."""
    table = row_table(np.arange(len(facts)), known).assign(group=groups)
    for name in tables:
        ends = [tables[name][end] for end in ("row", "first", "second") if end in tables[name]]
        table[name] = np.isin(table["row"], np.concatenate(ends))
    sides = ["height", "width", "channels"]
    return table.join(facts[[*_SHOWN]].astype(dict.fromkeys(sides, "Int64")))
