"""One fold: fit and predict."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils import check_consistent_length, column_or_1d

from skdl._utils.nesting import history_of
from skdl._utils.scikit import safe_indexing
from skdl._utils.text import plain
from skdl._utils.threads import available_cores
from skdl.evaluation._choices import choices_of
from skdl.evaluation._inner_folds import fit_with_groups
from skdl.evaluation._recorded import Recorded, in_short, record_of
from skdl.evaluation._routing import keep_groups_inside
from skdl.evaluation._scoring import Scorer, score_one
from skdl.store import seconds_saved_here


@dataclass(frozen=True)
class Fold:
    """Rows to train on and to test on; no rows to train on if the estimator is fitted."""

    number: int
    train: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]


@dataclass
class FoldRecord:
    """What came out of a fold; scores only of scorers that need the fitted estimator.

    What was recorded is a list if y has several columns.
    """

    fold: int
    n_train: int
    n_test: int
    recorded: Recorded | list[Recorded] | None = None
    scores: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    n_cores: float = np.nan  # not known of records that are older than this field
    fit_seconds: float = np.nan
    predict_seconds: float = np.nan
    stored_seconds: float = np.nan  # nor this one
    history: dict[str, list[float]] | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)
    estimator: Any = None  # as it was fitted, where it is asked for


def run_fold(
    estimator: Any,
    X: Any,
    y: Any,
    groups: Any,
    fold: Fold,
    scorers: Mapping[str, Scorer],
    prefit: bool,
) -> tuple[FoldRecord, Any]:
    """Fit a copy of an estimator and let it predict; what fails is written down.

    X, y and groups are those of all folds; scorers are those that need the estimator itself. It
    comes back as it was fitted, or not where that failed, or where `prefit` says that it is.
    """
    record = FoldRecord(fold.number, len(fold.train), len(fold.test), n_cores=available_cores())
    for rows, what in ((fold.test, "test"), (fold.train, "training")):
        if len(rows) == 0 and not (prefit and what == "training"):
            record.failure = f"The fold has no {what} images."
            return record, estimator
    X_test, y_test = safe_indexing(X, fold.test), y[fold.test]
    saved_before = seconds_saved_here()
    try:
        if not prefit:
            estimator = clone(estimator)
            X_train, y_train = safe_indexing(X, fold.train), y[fold.train]
            groups_of_rows = None if groups is None else groups[fold.train]
            if groups is not None:
                keep_groups_inside(estimator, len(fold.train))
            start = time.perf_counter()
            fit_with_groups(estimator, X_train, y_train, groups_of_rows)
            record.fit_seconds = time.perf_counter() - start
        start = time.perf_counter()
        predicted = estimator.predict(X_test)
        record.predict_seconds = time.perf_counter() - start
        record.stored_seconds = seconds_saved_here() - saved_before
        if y.ndim == 1:
            predicted = column_or_1d(predicted)
        check_consistent_length(predicted, y_test)
        record.recorded = record_of(estimator, X_test, predicted, y)
    except Exception as error:
        record.failure = f"{type(error).__name__}: {in_short(error)}"
        return record, estimator
    record.history = plain(history_of(estimator))
    record.choices = choices_of(estimator, record.recorded, y_test)
    for name, scorer in scorers.items():
        value, reason = score_one(scorer, estimator, X_test, y_test)
        record.scores[name] = value
        if reason:
            record.reasons[name] = reason
    return record, estimator
