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
    """What a run of a study found.

    Attributes
    ----------
    folder : Path
        Where ``study.json``, ``report.html``, the pictures and the folds are.
    result : EvaluationResult
        Scores, predictions and times.
    comparison : DataFrame
        Published against measured: "model", "metric", "on" (which images were published),
        "published", "measured", "low", "high", "difference" and its limits, "goal", and "goal_of"
        if it is the goal of one variant.
    record : dict
        What stands in ``study.json``.

    See Also
    --------
    run_study : Makes one.

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

    Everything that was found is written to a folder: ``study.json`` (settings, versions, digest of
    the data, figures, times), ``report.html``, ``classes.png``, ``predictions-….png`` of each
    model, ``settings.json``, which keeps other settings out, and the trained folds, with which a
    run that was killed goes on. Studies with more pictures have a report of each model as well.

    Parameters
    ----------
    name : str
        See :func:`list_studies`.
    n_train : int, default=None
        Train on this many images, drawn with the classes' shares as they are. None takes all.
    epochs : int, default=None
        Epochs of each network. None takes those of the study.
    seed : int, default=0
        Seeds everything random. The same seed gives the same figures on one machine with as
        many cores.
    out : str or path-like, default=None
        Folder; None is ``skdl-studies/<name>``.
    backbone : str, default=None
        Pretrained network in the place of the published one.
    weights : str, default=None
        Its weights, as :class:`skdl.BackboneFeatures` takes them; None takes published ones.
    only : sequence of str, default=None
        Names of models to train, or variants ("as published", "improved"). None trains all for
        which `n_train` is enough. Record and report are of the models of the last run.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    run : StudyRun
        What was found.

    Raises
    ------
    FileNotFoundError
        If a folder of images is not in the data home.
    OSError
        If the folder cannot be written, or the data set or weights are not there and cannot be
        downloaded.
    ValueError
        If there is no such study or model, a setting does not fit, or the folder belongs to a run
        of another setting.

    Warns
    -----
    EvaluationWarning
        If test images stand in the training data as well, or scores are missing.

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
