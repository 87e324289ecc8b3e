"""Fitting all models on all folds.

Decisions: docs/decisions.md#clusters.
"""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

from skdl._utils.progress import Progress
from skdl._utils.workers import Workers
from skdl.evaluation._checkpoint import Checkpoint
from skdl.evaluation._folds import Fold, FoldRecord, run_fold
from skdl.evaluation._scoring import Scorer
from skdl.images import adopt_pixel_limit, with_pixel_limit

Task = tuple[str, Any, Fold]  # a model's name, its estimator, and where to fit and test it


@dataclass(frozen=True)
class Run:
    """What all tasks have in common."""

    data: tuple[Any, npt.NDArray[Any], Any]  # X, y and groups
    judges: Mapping[str, Scorer]
    prefit: bool
    return_estimator: bool

    def __getstate__(self) -> dict[str, Any]:
        X, *others = self.data
        return with_pixel_limit({**vars(self), "data": (_anywhere(X), *others)})

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(adopt_pixel_limit(state))

    def __call__(self, model: str, estimator: Any, fold: Fold) -> tuple[str, FoldRecord]:
        record, fitted = run_fold(estimator, *self.data, fold, self.judges, self.prefit)
        if self.return_estimator:
            record.estimator = fitted
        return model, record


def run_tasks(
    tasks: list[Task],
    run: Run,
    kept: Checkpoint | None,
    n_jobs: int | None,
    verbose: int,
    timeout: float | None = None,
) -> dict[tuple[str, int], FoldRecord]:
    """What came out of the tasks: those of a run before from its checkpoint, the others anew."""
    start = time.monotonic()
    records, left, paths = {}, [], {}
    for model, estimator, fold in tasks:
        key, found = (model, fold.number), None
        if kept is not None:
            paths[key] = kept.path(model, estimator, run.judges, fold)
            found = kept.load(paths[key], fold)
        if found is None:
            left.append((model, estimator, fold))
        else:
            records[key] = found
    if kept is not None:
        kept.warn_of_unusable()
    with Progress("Folds", len(left), shown=bool(verbose)) as progress:
        for model, record in _fitted(left, run, kept, n_jobs):
            key = model, record.fold
            records[key] = record
            if kept is not None:  # here, and not in a worker, which may have other disks
                kept.save(record, paths[key])
            progress.step()
            n_left = len(tasks) - len(records)
            if timeout is not None and n_left and time.monotonic() - start > timeout:
                raise TimeoutError(_about_timeout(timeout, n_left, kept))
    failures = [record.failure for record in records.values() if record.failure]
    if len(failures) == len(records):
        raise ValueError(
            f"Every fold failed ({len(records)} in all). The first failure: {failures[0]}"
        )
    return records


def _fitted(
    tasks: list[Task], run: Run, kept: Checkpoint | None, n_jobs: int | None
) -> Iterator[tuple[str, FoldRecord]]:
    """Models and records of folds, as they are done: by workers of Dask, or as joblib says."""
    backend, _ = get_active_backend()
    client = getattr(backend, "client", None)
    if client is None or n_jobs == 1 or not tasks:
        jobs = (delayed(run)(*task) for task in tasks)
        yield from Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs)
        return
    again = "Pass a checkpoint to keep finished folds."
    if kept is not None:
        again = f"Finished folds are kept in {kept.folder}; the same call continues with the rest."
    estimators = {model: estimator for model, estimator, _ in tasks}
    folds = [(model, fold) for model, _, fold in tasks]
    yield from Workers(client, again).run(fit_fold, (run, estimators), folds)


def fit_fold(shared: tuple[Run, dict[str, Any]], item: tuple[str, Fold]) -> tuple[str, FoldRecord]:
    """What a worker does of an evaluation."""
    run, estimators = shared
    model, fold = item
    return run(model, estimators[model], fold)


def _anywhere(X: Any) -> Any:
    """Paths that other processes find, whose working directory is another one; other X as it is."""
    if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind == "U":
        return np.array([os.path.abspath(path) for path in X.tolist()], dtype=np.str_)
    return X


def _about_timeout(timeout: float, n_left: int, kept: Checkpoint | None) -> str:
    what = "1 fold was" if n_left == 1 else f"{n_left} folds were"
    advice = "Pass a checkpoint to keep finished folds, or a longer timeout."
    if kept is not None:
        advice = f"Finished folds are kept in {kept.folder}; the same call continues with the rest."
    return f"The timeout of {timeout:g} seconds has passed, and {what} left. {advice}"
