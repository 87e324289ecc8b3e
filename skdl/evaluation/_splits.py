"""Folds of all that `cv` may be."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import check_cv

from skdl._utils.text import shortened
from skdl.evaluation._folds import Fold
from skdl.evaluation._multilabel_folds import MultilabelStratifiedKFold
from skdl.evaluation._targets import Targets


def make_folds(cv: Any, X: Any, targets: Targets, groups: Any, prefit: bool) -> list[Fold]:
    """Rows to train on and to test on, as a splitter, a number or an iterable says."""
    y = targets.values
    if targets.are_label_sets and (cv is None or isinstance(cv, int)):
        cv = MultilabelStratifiedKFold(5 if cv is None else cv)
    if prefit:
        return [Fold(0, np.empty(0, dtype=np.intp), np.arange(len(y)))]
    with warnings.catch_warnings():  # of what is split nevertheless, there is a warning that counts
        warnings.filterwarnings("ignore", "The groups parameter is ignored by")
        splitter = check_cv(5 if cv is None else cv, y, classifier=not targets.of_numbers)
        splits = splitter.split(X, y, groups)
        folds = [
            Fold(number, _positions(train, len(y)), _positions(test, len(y)))
            for number, (train, test) in enumerate(splits)
        ]
    if not folds:
        raise ValueError(
            f"cv returns no folds. Pass a number of folds or a splitter. Got {shortened(cv)}."
        )
    return folds


def _positions(rows: Any, n: int) -> npt.NDArray[np.intp]:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else np.arange(n)[rows.astype(np.intp)]


def cv_name(cv: Any) -> str:
    """What made the folds, in words."""
    return repr(cv) if cv is None or isinstance(cv, int) or hasattr(cv, "split") else "iterable"
