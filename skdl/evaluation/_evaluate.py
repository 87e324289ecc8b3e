"""Cross-validation of one or several classifiers."""

import numbers
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone, is_classifier, is_clusterer, is_regressor
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed

from skdl._utils.checks import warn_user
from skdl._utils.labels import check_kind, check_length, class_labels, column
from skdl._utils.progress import Progress
from skdl._utils.text import encodable, plain, shortened
from skdl.evaluation._checkpoint import Checkpoint, digest_of, digest_of_data
from skdl.evaluation._folds import Fold, FoldRecord, run_fold
from skdl.evaluation._leaks import (
    about_groups,
    about_leaks,
    digests_of,
    find_leaks,
    find_split_groups,
)
from skdl.evaluation._result import EvaluationResult, make_result
from skdl.evaluation._scoring import Scorer, check_positive_class, make_metrics
from skdl.evaluation._subgroup_values import read_subgroups
from skdl.images import ImageFiles, adopt_pixel_limit, find_paths, with_pixel_limit


class EvaluationWarning(UserWarning):
    """Scores of an evaluation are too good, or missing.

    See Also
    --------
    evaluate : Warns so.

    Examples
    --------
    >>> import warnings
    >>> from skdl.evaluation import EvaluationWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", EvaluationWarning)
    ...     # evaluate(…) stops here where scores cannot be trusted
    """


def evaluate(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = "clinical",
    pos_label: Any = None,
    groups: Any = None,
    subgroups: Any = None,
    n_jobs: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    return_estimator: bool = False,
    verbose: int = 0,
) -> EvaluationResult:
    """Cross-validate classifiers on equal folds, and keep every prediction.

    A score that is undefined, such as the ROC AUC of a fold with one class, is listed in
    ``result.missing`` with the reason; so is a fold in which fitting failed. Everything else goes
    on.

    Parameters
    ----------
    estimators : estimator, or dict of str to estimator
        Classifiers to be copied and fitted for each fold. A single one is named by its class.
    X : array-like of shape (n, …), or paths of shape (n,)
        Images, or whatever else the estimators take.
    y : array-like of shape (n,)
        Class labels.
    cv : int, splitter, iterable of (train, test), "prefit" or None, default=None
        Folds, as scikit-learn makes them: None is 5 stratified folds, an int is their number;
        with `groups`, they are those of :class:`~sklearn.model_selection.StratifiedGroupKFold`.
        "prefit" tests fitted estimators on all of X, as one fold.
    scoring : "clinical", str, list of str, scorer, or dict of str to scorer, default="clinical"
        Metrics: names of scikit-learn's, "sensitivity", "specificity", "ppv", "npv" or
        "geometric_mean", or scorers.
        "clinical" is accuracy, sensitivity, specificity, balanced accuracy, ROC AUC, PPV and NPV.
    pos_label : int, float, bool or str, default=None
        The positive class, for metrics by name that have one, such as sensitivity, "roc_auc", "f1"
        or "neg_brier_score": of several classes, this one against the rest. Metrics of all classes,
        such as accuracy and balanced accuracy, stay what they are. None takes 1 of {0, 1} or
        {-1, 1}, which other labels of two classes need; of several, it takes averages over them.
    groups : array-like of shape (n,), default=None
        Groups, such as patients, that must not stand in training and test data of a fold. They
        reach estimators that ask for them, such as a search whose own `cv` keeps groups together.
    subgroups : DataFrame, Series or dict of str to array-like, of n rows, default=None
        What splits the images into parts that ``result.subgroups()`` scores for themselves, such
        as sex, age band or scanner: row by row those of X, whatever the index is. NaN or None is
        an unknown value. Text, booleans and categories are taken as they are, and up to 10
        different numbers; more numbers are cut at their quartiles. Folds do not depend on them.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time, see joblib.
    checkpoint : str or path-like, default=None
        Folder in which each fold is kept when it is done, in files of JSON with a checksum, written
        by the process that called. The same call after an interruption goes on with the folds that
        are missing, and ends with the same result. With other estimators,
        only what is new is fitted; other metrics are computed from the predictions that were kept.
        A scorer that is any function but scikit-learn's needs the estimators: they are fitted anew.
        Folds that were fitted by other code of a class, by an estimator whose
        ``__skdl_digest__()`` returned something else (those of networks tell what files of weights
        hold), or with another version of a package, are fitted anew as well.
    return_estimator : bool, default=False
        Whether the fitted estimator of each fold is kept, in ``result.fitted``. The report then
        shows where networks looked. Not with a checkpoint, which keeps no estimators.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    result : EvaluationResult
        Scores, predictions and times, as data frames.

    Raises
    ------
    ValueError
        If X, y, groups and subgroups have different lengths, subgroups are no columns of values, y
        has no class labels, an estimator is no classifier, `scoring` has unknown names, `pos_label`
        is no label or is missing where a metric needs it, the checkpoint belongs to other data or
        folds, comes with `return_estimator`, or has a damaged plan of the folds, or every fold of
        every estimator failed.
    OSError
        If nothing can be written to the checkpoint when the evaluation begins.

    Warns
    -----
    EvaluationWarning
        If the same image or group stands in training and test data of a fold, which makes scores
        too good; or if scores are missing.
    UserWarning
        If records of the checkpoint are damaged, whose folds are fitted again; or if a fold cannot
        be written to it, as the disk is full, without which the evaluation goes on.

    See Also
    --------
    sklearn.model_selection.cross_validate : Scores and times alone, of one estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.svm import SVC
    >>> from skdl.evaluation import evaluate
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> models = {"ridge": RidgeClassifier(), "svc": SVC(random_state=0)}
    >>> result = evaluate(models, X, y, pos_label=0)
    >>> result.scores.query("metric == 'sensitivity'").groupby("model")["value"].mean().round(2)
    model
    ridge    0.89
    svc      0.80
    Name: value, dtype: float64
    """
    named, pos_label = _named(estimators), plain(pos_label)
    images, labels, groups, digests_of_images = _check_data(X, y, groups)
    values = read_subgroups(subgroups, len(labels))
    _check_positive(labels, pos_label)
    metrics = make_metrics(scoring, pos_label)
    prefit = isinstance(cv, str) and cv == "prefit"
    check_positive_class(metrics, labels, _known_classes(named, labels) if prefit else [])
    if isinstance(cv, numbers.Integral):
        cv = int(cv)
    if groups is not None and (cv is None or isinstance(cv, int)):
        cv = StratifiedGroupKFold(5 if cv is None else cv)
    cv_digest = digest_of(cv) if cv is None or isinstance(cv, int) or hasattr(cv, "split") else ""
    folds = _folds(cv, images, labels, groups, prefit)
    digests = digests_of_images()
    data = digest_of_data(digests, labels, groups)
    kept = None
    if checkpoint is not None:
        if return_estimator:
            raise ValueError(
                "A checkpoint does not keep estimators: drop either checkpoint or return_estimator."
            )
        if prefit:
            raise ValueError("A checkpoint is for estimators that are fitted: cv is 'prefit'.")
        kept = Checkpoint(checkpoint, data)
        folds = kept.folds(folds, _cv_name(cv), cv_digest)
    tasks = [(name, estimator, fold) for name, estimator in named.items() for fold in folds]
    judges = {name: how.scorer for name, how in metrics.items() if how.needs_estimator}
    run = _Run((images, labels, groups), judges, prefit, return_estimator or prefit)
    records = _records(tasks, run, kept, n_jobs, verbose)
    result = make_result(
        records,
        folds,
        labels,
        metrics,
        leaks=find_leaks(digests, folds),
        pos_label=pos_label,
        estimators={name: est if prefit else clone(est) for name, est in named.items()},
        cv="prefit" if prefit else _cv_name(cv),
        data_digest=data,
        groups=groups,
        split_groups=find_split_groups(groups, folds),
        subgroup_values=values,
    )
    for message in (about_leaks(result), about_groups(result), _about_missing(result)):
        if message:
            warn_user(message, EvaluationWarning)
    return result


_Task = tuple[str, Any, Fold]  # a model's name, its estimator, and where to fit and test it


@dataclass(frozen=True)
class _Run:
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


def _records(
    tasks: list[_Task], run: _Run, kept: Checkpoint | None, n_jobs: int | None, verbose: int
) -> dict[tuple[str, int], FoldRecord]:
    """What came out of the tasks: those of a run before from its checkpoint, the others anew."""
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
    failures = [record.failure for record in records.values() if record.failure]
    if len(failures) == len(records):
        raise ValueError(f"Every fold failed ({len(records)} in all). The first: {failures[0]}")
    return records


# ---- what goes in --------------------------------------------------------------------------------


def _check_positive(labels: npt.NDArray[Any], pos_label: Any) -> None:
    classes = plain(np.unique(labels))
    if pos_label is not None and pos_label not in classes:
        raise ValueError(
            f"pos_label={shortened(pos_label)} is none of the labels {shortened(classes)}."
        )


def _known_classes(fitted: Mapping[str, Any], labels: npt.NDArray[Any]) -> list[Any]:
    """Classes of fitted estimators; refuses labels of another kind."""
    known = {name: est.classes_ for name, est in fitted.items() if hasattr(est, "classes_")}
    for name, classes in known.items():
        check_kind(labels, "y", class_labels(classes, name), f"classes_ of {shortened(name)}")
    return list(known.values())


def data_digest(X: Any, y: Any, groups: Any) -> str:
    """``data_digest`` of an evaluation of these data."""
    _, labels, groups, digests_of_images = _check_data(X, y, groups)
    return digest_of_data(digests_of_images(), labels, groups)


def _given(estimator: Any) -> str:
    if isinstance(estimator, type):
        return f"it is the class {estimator.__name__} and not {estimator.__name__}()"
    return f"it is {shortened(estimator)}"


def _classifies(estimator: Any) -> bool:
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        return False
    # Some have predict only once they are fitted.
    predicts = hasattr(estimator, "predict") or is_classifier(estimator)
    return predicts and not (is_regressor(estimator) or is_clusterer(estimator))


def _named(estimators: Any) -> dict[str, Any]:
    if not isinstance(estimators, Mapping):
        estimators = {type(estimators).__name__: estimators}
    if not estimators:
        raise ValueError("estimators is empty. Pass at least one.")
    for name, estimator in estimators.items():
        if not _classifies(estimator):
            raise ValueError(
                f"The estimator {shortened(name)} is no classifier: {_given(estimator)}. Pass a "
                "classifier, or a dict of names and classifiers."
            )
    named = {encodable(str(name)): estimator for name, estimator in estimators.items()}
    if len(named) < len(estimators):
        raise ValueError(f"Several estimators have the same name: {shortened(list(estimators))}.")
    return named


def _check_data(
    X: Any, y: Any, groups: Any
) -> tuple[Any, npt.NDArray[Any], Any, Callable[[], list[bytes]]]:
    """Checked data, and what gives the digests of the images."""
    paths = find_paths(X)  # not read_batch: X may be a table, too
    images = X if paths is None else paths
    if isinstance(images, list | tuple):
        images = np.asarray(images)
    digests = partial(digests_of, images) if paths is None else ImageFiles(paths).digests
    labels = class_labels(y, "y")
    if not hasattr(images, "__len__") or getattr(images, "shape", None) == ():
        raise ValueError(f"X must hold one row per image. Got {shortened(X)}.")
    indexable(images)
    n = images.shape[0] if hasattr(images, "shape") else len(images)
    if n != len(labels):
        raise ValueError(
            f"X has {n} images, and y has {len(labels)} labels. Pass one label per image."
        )
    if groups is not None:
        groups = column(groups, "groups")
        check_length(groups, "groups", labels, "y")
    return images, labels, groups, digests


def _folds(cv: Any, X: Any, y: Any, groups: Any, prefit: bool) -> list[Fold]:
    if prefit:
        return [Fold(0, np.empty(0, dtype=np.intp), np.arange(len(y)))]
    splits = check_cv(5 if cv is None else cv, y, classifier=True).split(X, y, groups)
    folds = [
        Fold(number, _positions(train, len(y)), _positions(test, len(y)))
        for number, (train, test) in enumerate(splits)
    ]
    if not folds:
        raise ValueError(
            f"cv gives no folds. Pass a number of folds or a splitter; got {shortened(cv)}."
        )
    return folds


def _positions(rows: Any, n: int) -> npt.NDArray[np.intp]:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else np.arange(n)[rows.astype(np.intp)]


def _cv_name(cv: Any) -> str:
    return repr(cv) if cv is None or isinstance(cv, int) or hasattr(cv, "split") else "iterable"


# ---- what is missing ----------------------------------------------------------------------------


def _about_missing(result: EvaluationResult) -> str:
    missing = result.missing
    if missing.empty:
        return ""
    first = missing.iloc[0]
    return (
        f"{len(missing)} of {len(result.scores)} scores are missing (see result.missing), such "
        f"as {first['metric']} of {first['model']} in fold {first['fold']}: {first['reason']}"
    )
