"""Run a study: load, train, evaluate, report, write down."""

import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from skdl.evaluation import EvaluationResult, evaluate
from skdl.studies._catalogue import get_study
from skdl.studies._declaration import Setting
from skdl.studies._figures import compare, measure, training
from skdl.studies._record import write_record
from skdl.studies._settings import (
    check,
    check_epochs,
    check_folder,
    check_weights,
    chosen,
    claim,
)
from skdl.studies._text import usable
from skdl.studies._written import pictures, reports


@dataclasses.dataclass(frozen=True)
class StudyRun:
    """Results of a run of a study.

    Attributes
    ----------
    folder : Path
        The folder of ``study.json``, ``report.html``, the pictures and the folds.
    result : EvaluationResult
        Scores, predictions and times.
    comparison : DataFrame
        Published and measured figures: "model", "metric", "on" (which images were published),
        "published", "measured", "low", "high", "difference" and its limits, "goal", and "goal_of"
        if it is the goal of one variant.
    record : dict
        The content of ``study.json``.

    See Also
    --------
    run_study : Run a study.

    Examples
    --------
    >>> import tempfile
    >>> from skdl.studies import run_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = run_study("digits", epochs=1, n_train=200, out=folder, only=["as published"])
    >>> run.result.models, run.record["data"]["name"]
    (['as published'], "scikit-learn's digits, 5 folds")
    """

    folder: Path
    result: EvaluationResult
    comparison: pd.DataFrame
    record: dict[str, Any]


def run_study(
    name: str,
    *,
    n_train: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    backbone: str | None = None,
    weights: str | None = None,
    only: Sequence[str] | None = None,
    verbose: int = 0,
) -> StudyRun:
    """Train and test the models of a case study, and compare them with the published figures.

    All results are written to a folder: ``study.json`` (settings, versions, digest of the data,
    figures, times), ``report.html``, ``classes.png``, ``predictions-….png`` for each model,
    ``settings.json``, which keeps runs with other settings out of the folder, and the trained
    folds, from which a run that was killed resumes. Studies with more pictures also have a report
    for each model.

    Parameters
    ----------
    name : str
        See :func:`list_studies`.
    n_train : int, default=None
        Number of images to train on, drawn in the proportions of the classes. If None, use all.
    epochs : int, default=None
        Number of epochs of each network. If None, use that of the study.
    seed : int, default=0
        Random seed. The same seed results in the same figures on one machine with the same number
        of cores.
    out : str or path-like, default=None
        Output folder. If None, use ``skdl-studies/<name>``.
    backbone : str, default=None
        Pretrained network to use instead of the published one.
    weights : str, default=None
        Its weights, as :class:`skdl.BackboneFeatures` accepts them. If None, use published ones.
    only : sequence of str, default=None
        Names of models to train, or variants ("as published", "improved"). If None, train all for
        which `n_train` is large enough. Record and report cover the models of the last run.
    verbose : int, default=0
        If 1, show a progress bar.

    Returns
    -------
    run : StudyRun
        The results.

    Raises
    ------
    FileNotFoundError
        If a folder of images is not in the data home.
    OSError
        If the folder cannot be written, or the data set or weights are missing and cannot be
        downloaded.
    ValueError
        If there is no such study or model, a setting is invalid, or the folder belongs to a run
        with other settings.

    Warns
    -----
    EvaluationWarning
        If test images are also in the training data, or scores are missing.

    Examples
    --------
    >>> import tempfile
    >>> from skdl.studies import run_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = run_study("digits", epochs=1, n_train=200, out=folder, only=["as published"])
    ...     sorted(path.name for path in run.folder.iterdir())
    ['classes.png', 'folds', 'predictions-as-published.png', 'report.html', 'settings.json',
    'study.json']
    """
    study = get_study(name)
    folder = Path("skdl-studies", name) if out is None else usable(out)
    setting = Setting(seed, n_train, epochs, backbone, weights, folder)
    check(setting, study)
    models = chosen(study, [only] if isinstance(only, str) else only, n_train)
    estimators = {model.name: model.make(setting) for model in models}
    check_epochs(setting, estimators)
    check_folder(setting, study)
    if study.backbone and any(model.pretrained for model in models):
        check_weights(setting, study)
    start = time.perf_counter()
    data = study.load(setting)
    loaded = time.perf_counter() - start
    claim(setting, study)
    result = evaluate(
        estimators,
        data.X,
        data.y,
        cv=data.folds,
        scoring=list(study.metrics),
        # Why: docs/decisions.md#reports-and-case-studies
        look_alikes="ignore",  # the folds are those of the study
        checkpoint=folder / "folds",
        verbose=verbose,
    )
    assert isinstance(result, EvaluationResult)  # studies are of classifiers
    comparison = compare(study, measure(result, data), training(result))
    record = write_record(study, setting, result, data, comparison, loaded)
    pictures(folder, result, data)
    reports(study, setting, result, data, comparison)
    return StudyRun(folder, result, comparison, record)
