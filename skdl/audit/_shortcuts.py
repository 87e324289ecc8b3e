"""Properties of images that alone tell classes apart.

Decisions: docs/decisions.md#look-alikes-and-data-audits.
"""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from skdl.metrics import confidence_interval, wilson_interval

COLUMNS = ["property", "auc", "low", "high", "images", "detail"]

_N_FOLDS = 5
# Of the largest classes: each has a score for every image.
_MOST_CLASSES = 100
_LEVEL = 0.95

_NUMBERS = {
    "height": "height",
    "width": "width",
    "aspect ratio": "aspect_ratio",
    "bytes per pixel": "bytes_per_pixel",
    "JPEG quantization": "quantization",
    "brightness": "brightness",
    "contrast": "contrast",
    "border brightness": "border_brightness",
    "border contrast": "border_contrast",
    "smallest value": "low",
    "largest value": "high",
}
_KINDS = {"mode": "mode", "file format": "format"}


class Problem(NamedTuple):
    """Some images, their classes as codes from 0, and their groups."""

    rows: npt.NDArray[np.intp]
    codes: npt.NDArray[np.intp]
    groups: npt.NDArray[np.intp]
    names: list[str]


def find_shortcuts(
    facts: pd.DataFrame, codes: npt.NDArray[np.intp], names: Sequence[str], groups: Any
) -> pd.DataFrame:
    """A row for each property that varies, the one that tells most first.

    `facts` is a table of readable images, `codes` are their classes as positions in `names`, and
    `groups` numbers of what belongs together, including copies and look-alikes.
    """
    found = []
    for name, values in _properties(facts):
        known = np.flatnonzero(~pd.isna(values))
        problem = _problem(known, codes[known], names, groups[known])
        if problem is not None and len(np.unique(values[problem.rows])) > 1:
            found.append((name, values[problem.rows], problem))
    level = 1 - (1 - _LEVEL) / max(1, len(found))  # Bonferroni's
    rows = [
        (name, *_area(_as_numbers(values), problem, level), len(values), _detail(values, problem))
        for name, values, problem in found
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("auc", ascending=False, kind="stable", ignore_index=True)


def _properties(facts: pd.DataFrame) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    derived = facts.assign(
        aspect_ratio=facts["width"] / facts["height"],
        bytes_per_pixel=facts["bytes"] / (facts["width"] * facts["height"]),
        mode=mode_of(facts),
    )
    for name, column in _KINDS.items():
        yield name, derived[column].to_numpy(dtype=object)
    for name, column in _NUMBERS.items():
        yield name, derived[column].to_numpy(dtype=np.float64)


def mode_of(facts: pd.DataFrame) -> Any:
    """Channels and dtype of each image, in words."""
    words = {1: "grayscale", 3: "color", 4: "color with transparency"}
    colors = facts["channels"].map(lambda n: words.get(n, f"{n:g} channels"))
    return colors + " " + facts["dtype"]


def _problem(
    rows: npt.NDArray[np.intp], codes: npt.NDArray[np.intp], names: Sequence[str], groups: Any
) -> Problem | None:
    """The classes of which there are groups enough; None where these are not two."""
    firsts = np.unique(groups, return_index=True)[1]
    counts = np.bincount(codes[firsts], minlength=len(names))
    largest = np.argsort(-counts, kind="stable")[:_MOST_CLASSES]
    kept = np.sort(largest[counts[largest] >= _N_FOLDS])
    if len(kept) < 2:
        return None
    inside = np.isin(codes, kept)
    return Problem(
        rows[inside],
        np.searchsorted(kept, codes[inside]),
        np.unique(groups[inside], return_inverse=True)[1],
        [names[code] for code in kept],
    )


def _area(
    values: npt.NDArray[np.float64], problem: Problem, level: float
) -> tuple[float, float, float]:
    """The area under the ROC curve of scores for images that were not learned from."""
    scores = _out_of_fold(values[:, np.newaxis], problem)
    binary = scores.shape[1] == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an interval without width, which is dealt with here
        found = confidence_interval(
            "roc_auc",
            problem.codes,
            scores[:, 1] if binary else scores,
            pos_label=1 if binary else None,
            level=level,
            groups=problem.groups,
        )
    if found.high > found.low:
        return found.estimate, found.low, found.high
    # The variance of an area of 1 is 0: as far as so many groups without a mistake tell.
    own = np.unique(np.stack([problem.codes, problem.groups]), axis=1)[0]
    fewest = int(np.bincount(own).min())
    low = float(wilson_interval(fewest, fewest, level=level)[0])
    return found.estimate, min(low, found.estimate), max(1 - low, found.estimate)


def _out_of_fold(X: npt.NDArray[np.float64], problem: Problem) -> npt.NDArray[np.float64]:
    """Probabilities of each class, by small trees, which take a property however it tells."""
    codes, groups = problem.codes, problem.groups
    scores = np.zeros((len(codes), len(problem.names)))
    # Groups are drawn by the class of their first image, which the others nearly always share.
    firsts = codes[np.unique(groups, return_index=True)[1]]
    folds = StratifiedKFold(_N_FOLDS, shuffle=True, random_state=0)
    tree = DecisionTreeClassifier(
        max_leaf_nodes=8 + len(problem.names),
        min_samples_leaf=max(2, len(codes) // 200),
        class_weight="balanced",
        random_state=0,
    )
    for _, tested in folds.split(firsts, firsts):
        test = np.isin(groups, tested)
        tree.fit(X[~test], codes[~test])
        scores[np.ix_(test, tree.classes_)] = tree.predict_proba(X[test])
    return scores


def _as_numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    if values.dtype != object:
        return values
    return np.unique(values.astype(str), return_inverse=True)[1].astype(np.float64)


def _detail(values: npt.NDArray[Any], problem: Problem) -> str:
    """What the property is in the classes where it differs most, in words."""
    if values.dtype == object:
        parts = [
            f"{name}: {_shares(values[problem.codes == code])}"
            for code, name in enumerate(problem.names[:3])
        ]
        return "; ".join(parts) + "; …" * (len(problem.names) > 3)
    middles = np.array([np.median(values[problem.codes == i]) for i in range(len(problem.names))])
    order = np.argsort(middles, kind="stable")
    ends = [order[0], order[-1]] if len(order) > 2 else [0, 1]
    return "median " + ", ".join(f"{middles[i]:.4g} ({problem.names[i]})" for i in ends)


def _shares(values: npt.NDArray[Any]) -> str:
    kinds, counts = np.unique(values.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:3]
    if counts[order[0]] == len(values):
        return f"all {kinds[order[0]]}"
    return ", ".join(f"{kinds[i]} {100 * counts[i] / len(values):.0f} %" for i in order)
