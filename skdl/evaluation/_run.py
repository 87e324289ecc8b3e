"""Fitting all models on all folds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from sklearn.utils.parallel import Parallel, delayed

from skdl._utils.progress import Progress
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
        return with_pixel_limit(vars(self))

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
    jobs = (delayed(run)(*task) for task in left)
    with Progress("Folds", len(left), shown=bool(verbose)) as progress:
        for model, record in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs):
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
        raise ValueError(f"Every fold failed ({len(records)} in all). The first: {failures[0]}")
    return records


def _about_timeout(timeout: float, n_left: int, kept: Checkpoint | None) -> str:
    what = "1 fold was" if n_left == 1 else f"{n_left} folds were"
    advice = "Pass a checkpoint to keep what is done, or allow more time."
    if kept is not None:
        advice = f"The same call goes on with them: the others are kept in {kept.folder}."
    return f"The timeout of {timeout:g} seconds has passed, and {what} left. {advice}"
