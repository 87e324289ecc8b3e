"""Cross-validation of one or several classifiers or regressors."""

import numbers
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from skdl._utils.checks import check_choice, check_number, warn_user
from skdl._utils.targets import about_one_hot
from skdl._utils.text import plain
from skdl.audit import DataAudit
from skdl.evaluation._checkpoint import Checkpoint, digest_of, digest_of_data
from skdl.evaluation._collecting import make_result
from skdl.evaluation._folds import Fold
from skdl.evaluation._groups import (
    LOOK_ALIKES,
    Groups,
    about_classes,
    about_contradictions,
    about_look_alikes,
    check_groups_for,
    find_groups,
)
from skdl.evaluation._input import check_data, check_positive, known_classes, named_estimators
from skdl.evaluation._leaks import about_groups, about_leaks, find_leaks, find_split_groups
from skdl.evaluation._multilabel_folds import MultilabelStratifiedKFold
from skdl.evaluation._multioutput import MultioutputResult
from skdl.evaluation._regression import RegressionResult
from skdl.evaluation._result import EvaluationResult
from skdl.evaluation._routing import about_gaps
from skdl.evaluation._run import Run, run_tasks
from skdl.evaluation._scoring import check_by_output, check_positive_class, make_metrics
from skdl.evaluation._splits import cv_name, make_folds
from skdl.evaluation._subgroup_values import read_subgroups
from skdl.evaluation._targets import Targets


class EvaluationWarning(UserWarning):
    """Warning that scores are too good or missing, or that groups are wrong.

    See Also
    --------
    evaluate : Issues this warning.

    Examples
    --------
    >>> import warnings
    >>> from skdl.evaluation import EvaluationWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", EvaluationWarning)
    ...     # evaluate(…) stops here if scores cannot be trusted
    """


def evaluate(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = None,
    scoring: Any = None,
    pos_label: Any = None,
    groups: Any = None,
    look_alikes: Any = "group",
    images: Any = None,
    subgroups: Any = None,
    n_jobs: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    return_estimator: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> EvaluationResult | RegressionResult | MultioutputResult:
    """Cross-validate classifiers or regressors on the same folds, and keep all predictions.

    An undefined score, such as the ROC AUC of a fold with one class, is listed in
    ``result.missing`` with the reason, and so is a fold in which fitting fails. The evaluation
    continues with the rest.

    Parameters
    ----------
    estimators : estimator, or dict of str to estimator
        Classifiers or regressors, which are cloned and fitted in each fold. A single one is named
        after its class.
    X : array-like of shape (n, …), or paths of shape (n,)
        Images, or any other input that the estimators accept.
    y : array-like of shape (n,), (n, n_labels) or (n, n_outputs)
        Class labels, or, for multilabel classifiers, one column of 0 and 1 per label. Numbers for
        regressors.
    cv : int, splitter, iterable of (train, test), "prefit" or None, default=None
        The folds, as in scikit-learn. An int is the number of folds, and None means 5 folds:
        stratified by class or by all labels (:class:`MultilabelStratifiedKFold`), and in the order
        of X for regressors. With `groups`, or images that look alike, these are the folds of
        :class:`~sklearn.model_selection.StratifiedGroupKFold`, or of
        :class:`~sklearn.model_selection.GroupKFold` for regressors. Groups are passed to splitters
        that use them.
        "prefit" tests fitted estimators on all of X, as one fold.
    scoring : str, list of str, scorer, or dict of str to scorer, default=None
        Metrics: names of scikit-learn's metrics, "sensitivity", "specificity", "ppv", "npv" or
        "geometric_mean", or scorers. Four names are sets of metrics, which can also be part of a
        list:
        "clinical" is accuracy, sensitivity, specificity, balanced accuracy, ROC AUC, PPV and NPV;
        "calibration" is the Brier score and its skill, the expected calibration error, calibration
        slope and intercept, and needs `pos_label` with more than two classes; "ordinal" is the
        quadratic weighted kappa, accuracy and balanced accuracy; "regression" is R², mean absolute
        error, root mean squared error, bias and the limits of agreement.
        If None, use "clinical", or "regression" for regressors. If y has several columns, each is
        scored separately.
    pos_label : int, float, bool or str, default=None
        The positive class for named metrics that have one, such as sensitivity, "roc_auc", "f1" or
        "neg_brier_score". With more than two classes, it is scored against the rest. Metrics of all
        classes, such as accuracy and balanced accuracy, are not affected. If None, use 1 of {0, 1}
        or {-1, 1}; with other labels of two classes, `pos_label` is required. With more than two
        classes, None averages over the classes.
    groups : array-like of shape (n,), default=None
        Groups, such as patients, that must not be on both sides of a split. They reach everything
        inside an estimator that splits: searches, tuned thresholds, calibration, stacking and early
        stopping. Inner folds that are given as None or a number keep groups together without any
        further setup. A warning names every part that cannot keep them together.
    look_alikes : {"group", "warn", "ignore"} or DataAudit, default="group"
        How to treat images that look alike, such as resized, cropped or mirrored versions of one
        picture. "group" keeps them together as if they were in one group; groups that share such
        images stay together. "warn" counts those that are on both sides of a split, and "ignore"
        does not look for them. X is searched if it holds images: arrays of 3 or 4 dimensions, or
        paths. In a table, only exact copies are found, and a warning reports them. Pass the result
        of :func:`skdl.audit_images` on the same images to get "group" without another search.
    images : array-like of shape (n, …), or paths of shape (n,), default=None
        The images whose features X holds, to search them for look-alikes.
    subgroups : DataFrame, Series or dict of str to array-like, of n rows, default=None
        Columns, such as sex, age band or scanner, that split the images into parts that
        ``result.subgroups()`` scores separately. Rows correspond to the rows of X by position,
        whatever the index is. NaN or None is an unknown value. Text, booleans, categories and up to
        10 different numbers are used as they are; more numbers are cut at their quartiles. Folds do
        not depend on subgroups.
    n_jobs : int, default=None
        Number of folds to fit in parallel; see joblib. Under
        ``joblib.parallel_config("dask")``, all workers of the Dask cluster fit folds, unless
        `n_jobs` is 1.
    checkpoint : str or path-like, default=None
        Folder in which each finished fold is stored, in JSON files with a checksum, written by the
        calling process. After an interruption, the same call continues with the missing folds and
        returns the same result. With other estimators, only what is new is fitted; other metrics
        are computed from the stored predictions.
        A scorer that is any function but scikit-learn's needs the estimators, which are refitted.
        Folds are also refitted if the code of a class has changed, if ``__skdl_digest__()`` of an
        estimator returns another value (that of networks depends on the contents of weight files),
        or if the version of a package differs.
    return_estimator : bool, default=False
        Whether to keep the fitted estimator of each fold in ``result.fitted``. The report then
        shows where networks looked, including networks used for feature extraction. Cannot be used
        with a checkpoint, which does not keep estimators.
    timeout : float, default=None
        Seconds after which no further fold is started; a TimeoutError is raised if some are left.
        Running folds are not interrupted.
    verbose : int, default=0
        If 1, show a progress bar.

    Returns
    -------
    result : EvaluationResult, RegressionResult or MultioutputResult
        Scores, predictions and times, as data frames, for classifiers, for regressors, or for y
        with several columns.

    Raises
    ------
    ValueError
        If X, y, groups, images, subgroups or an audit have different lengths, values of groups are
        missing, there are fewer groups than folds, subgroups are not columns of values, y does not
        hold class labels, or finite numbers for regressors, an estimator is neither a classifier
        nor a regressor, or there are both kinds, `scoring` has unknown names or names of the other
        kind, `pos_label` is not a label or is missing although a metric needs it, the checkpoint
        belongs to other data or folds, is combined with `return_estimator`, or has a damaged plan
        of the folds, or every fold of every estimator failed.
    OSError
        If the checkpoint cannot be written when the evaluation starts.
    TimeoutError
        If `timeout` has passed and folds are left.
    ConnectionError, RuntimeError
        If the connection to the scheduler of a Dask cluster is lost; or if a module is missing on a
        worker, a worker has another version of skdl, or workers die repeatedly on the same fold.

    Warns
    -----
    EvaluationWarning
        If the same image or group, or images that look alike, are in both the training and the test
        set of a fold, which makes scores too good; if something inside an estimator does not keep
        groups together; if images of different groups look alike; if a class has fewer groups than
        there are folds; if several labels look like one-hot classes; or if scores are missing.
    UserWarning
        If records of the checkpoint are damaged, in which case their folds are refitted; or if a
        fold cannot be written to the checkpoint, for example because the disk is full, in which
        case the evaluation continues.

    See Also
    --------
    sklearn.model_selection.cross_validate : Scores and times only, for one estimator.

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
    named, pos_label = named_estimators(estimators), plain(pos_label)
    if not isinstance(look_alikes, DataAudit):
        check_choice(look_alikes, "look_alikes", LOOK_ALIKES)
    X, targets, own_groups, digests_of_images = check_data(named, X, y, groups)
    labels = targets.values
    values = read_subgroups(subgroups, len(labels))
    if timeout is not None:
        check_number(timeout, "timeout", low=0)
    check_positive(targets, pos_label)
    metrics = make_metrics(scoring, pos_label, targets.of_numbers)
    prefit = isinstance(cv, str) and cv == "prefit"
    if targets.are_classes:
        check_positive_class(metrics, labels, known_classes(named, labels) if prefit else [])
    elif targets.outputs:
        check_by_output(metrics)
    if checkpoint is not None:
        _check_checkpoint(prefit, return_estimator)
    found = find_groups(X, images, own_groups, len(labels), look_alikes, n_jobs)
    cv = _splitter(cv, found, targets)
    folds = make_folds(cv, X, targets, found.joined, prefit)
    digests = digests_of_images()
    kept = None
    if checkpoint is not None:
        kept = Checkpoint(checkpoint, digest_of_data(digests, labels, found.joined))
        folds = kept.folds(folds, cv_name(cv), _digest_of_cv(cv))
    leaks = find_leaks(digests, folds)
    for message in _before_fitting(named, found, targets, folds, cv, look_alikes, leaks):
        if message:
            warn_user(message, EvaluationWarning)
    tasks = [(name, estimator, fold) for name, estimator in named.items() for fold in folds]
    judges = {name: how.scorer for name, how in metrics.items() if how.needs_estimator}
    run = Run((X, labels, found.joined), judges, prefit, return_estimator or prefit)
    result = make_result(
        run_tasks(tasks, run, kept, n_jobs, verbose, timeout),
        folds,
        targets,
        metrics,
        leaks=leaks,
        pos_label=pos_label,
        estimators={name: est if prefit else clone(est) for name, est in named.items()},
        cv="prefit" if prefit else cv_name(cv),
        data_digest=digest_of_data(digests, labels, own_groups),
        groups=found.joined,
        own_groups=own_groups,
        look_alikes=found.look_alikes,
        split_groups=find_split_groups(own_groups, folds),
        _seed=getattr(cv, "random_state", None),
        subgroup_values=values,
    )
    for message in (about_leaks(result), about_groups(result), _about_missing(result)):
        if message:
            warn_user(message, EvaluationWarning)
    return result


def data_digest(estimators: Mapping[str, Any], X: Any, y: Any, groups: Any) -> str:
    """``data_digest`` of an evaluation of these estimators with these data."""
    _, targets, groups, digests_of_images = check_data(estimators, X, y, groups)
    return digest_of_data(digests_of_images(), targets.values, groups)


def _check_checkpoint(prefit: bool, return_estimator: bool) -> None:
    if return_estimator:
        raise ValueError(
            "A checkpoint does not keep estimators. Remove either checkpoint or return_estimator."
        )
    if prefit:
        raise ValueError(
            "A checkpoint cannot be used with cv='prefit', which does not fit. Remove checkpoint."
        )


def _splitter(cv: Any, groups: Groups, targets: Targets) -> Any:
    """What was passed as `cv`; folds that keep groups together where it is a number or None."""
    if isinstance(cv, numbers.Integral):
        cv = int(cv)
    if groups.joined is None or not (cv is None or isinstance(cv, int)):
        return cv
    n_splits = 5 if cv is None else cv
    check_groups_for(n_splits, groups)
    if targets.are_label_sets:
        return MultilabelStratifiedKFold(n_splits)
    return GroupKFold(n_splits) if targets.of_numbers else StratifiedGroupKFold(n_splits)


def _digest_of_cv(cv: Any) -> str:
    return digest_of(cv) if cv is None or isinstance(cv, int) or hasattr(cv, "split") else ""


def _before_fitting(
    named: dict[str, Any],
    groups: Groups,
    targets: Targets,
    folds: list[Fold],
    cv: Any,
    mode: Any,
    leaks: pd.DataFrame,
) -> Iterator[str]:
    """What can be said before hours of fitting about groups and images that look alike."""
    if targets.are_label_sets:
        yield about_one_hot(targets.values)
    yield about_contradictions(groups)
    if cv == "prefit":
        return
    yield about_look_alikes(groups, folds, cv_name(cv), mode, leaks)
    if groups.joined is not None:
        if targets.are_classes:
            yield about_classes(groups, targets.values, folds)
        yield about_gaps(named, max(len(fold.train) for fold in folds))


# ---- what is missing ----------------------------------------------------------------------------


def _about_missing(result: Any) -> str:
    missing = result.missing
    if missing.empty:
        return ""
    first = missing.iloc[0]
    return (
        f"{len(missing)} of {len(result.scores)} scores are missing (see result.missing), such "
        f"as {first['metric']} of {first['model']} in fold {first['fold']}: {first['reason']}"
    )
