"""Run a study: load, train, evaluate, report, write down."""

import dataclasses
import datetime
import json
import os
import re
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing

from skdl._environment import machine, versions
from skdl._storage import replacing
from skdl.evaluation import EvaluationResult, EvaluationWarning, evaluate
from skdl.plotting import ClassDistributionDisplay, PredictionGridDisplay
from skdl.reporting import report
from skdl.reporting._words import in_words
from skdl.studies._catalogue import get_study
from skdl.studies._declaration import Setting, Study, StudyData
from skdl.studies._figures import compare, measure, training

FORMAT = 1
_N_SAMPLES = 10  # predictions that are shown


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
    the data, figures, times), ``report.html``, ``classes.png``, ``predictions.png`` of each model,
    and the trained folds, with which a run that was killed goes on.

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
        Names of models to train, or variants ("as published", "improved"). None trains all.
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
        If there is no such study or model, a setting does not fit, or the folder holds folds of
        another setting.

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
    ['classes.png', 'folds', 'predictions.png', 'report.html', 'study.json']
    """
    start = time.perf_counter()
    study = get_study(name)
    folder = Path("skdl-studies", name) if out is None else Path(out)
    setting = Setting(seed, n_train, epochs, backbone, weights, folder)
    _check(setting, study)
    chosen = _chosen(study, only)
    if study.backbone:
        _check_weights(setting, study)
    folder.mkdir(parents=True, exist_ok=True)
    data = study.load(setting)
    estimators = {model: study.model(model).make(setting) for model in chosen}
    result = evaluate(
        estimators,
        data.X,
        data.y,
        cv=data.folds,
        scoring=list(study.metrics),
        checkpoint=folder / "folds",
        verbose=verbose,
    )
    figures, trained = measure(result, data), training(result)
    comparison = compare(study, figures, trained)
    record = {
        "format": FORMAT,
        "study": name,
        "title": study.title,
        "source": study.source,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": time.perf_counter() - start,
        "settings": _settings(setting),
        "data": _about(data, result),
        "notes": notes_of(study, backbone, weights),
        "models": _models(study, setting, estimators, result, figures, trained),
        "comparison": comparison.to_dict("records"),
        "versions": versions(),
        "machine": machine(),
    }
    _pictures(folder, result, data)
    _report(folder, study, setting, result, data, comparison)
    with replacing(folder / "study.json", "Choose another folder for the study.") as part:
        part.write_text(dumps(record), encoding="utf-8")
    return StudyRun(folder, result, comparison, record)


def _check(setting: Setting, study: Study) -> None:
    for what in ("n_train", "epochs"):
        value = getattr(setting, what)
        if value is not None and value < 1:
            raise ValueError(f"{what} must be at least 1. Got {value}.")
    for what in ("backbone", "weights"):
        if getattr(setting, what) is not None and not study.backbone:
            raise ValueError(f"The study {study.name!r} has no pretrained network: drop {what}.")


def _check_weights(setting: Setting, study: Study) -> None:
    """Find out now, and not after the first networks, that weights are missing."""
    from skdl.estimators import BackboneFeatures

    pretrained = setting.pretrained(study.backbone)
    nothing = np.zeros((1, 96, 96, 3), dtype=np.uint8)
    try:
        BackboneFeatures(**pretrained, image_size=96, store=None).fit(nothing)
    except (OSError, ValueError) as error:
        raise type(error)(
            f"{error}\nAnother pretrained network is taken with --backbone, such as "
            "--backbone cifar_resnet20, or other weights with --weights FILE."
        ) from error


def _chosen(study: Study, only: Sequence[str] | None) -> list[str]:
    names = [model.name for model in study.models]
    if only is None:
        return names
    known = {*names, *(model.variant for model in study.models)}
    for name in only:
        if name not in known:
            raise ValueError(
                f"The study {study.name!r} has no model {name!r}. It has: {', '.join(names)}."
            )
    return [model.name for model in study.models if model.name in only or model.variant in only]


def notes_of(study: Study, backbone: str | None, weights: str | None) -> list[str]:
    """What a reader has to know first."""
    found = []
    used = backbone or study.backbone
    if used != study.backbone:
        found.append(
            f"The pretrained network is {used} in the place of {study.backbone}: none of these "
            f"figures is one of {study.backbone}."
        )
    if weights == "random":
        found.append("The network that should be pretrained has random weights.")
    if study.stand_in:
        found.append(study.stand_in)
    return found


# ---- what is written -----------------------------------------------------------------------------


def dumps(record: dict[str, Any]) -> str:
    """JSON with null for what is not there."""
    text = json.dumps(_plain(record), indent=2, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def _plain(value: Any) -> Any:
    """Without NaN and NumPy's types, which JSON does not know."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and pd.isna(value) else value


def _settings(setting: Setting) -> dict[str, Any]:
    found = {key: value for key, value in vars(setting).items() if key != "folder"}
    return found | {"weights": setting.weights and Path(setting.weights).name}


def _without_folder(text: str, setting: Setting) -> str:
    """Text without the folder of the weights, which is nobody's business."""
    weights = setting.weights
    return text.replace(str(weights), Path(weights).name) if weights else text


def _about(data: StudyData, result: EvaluationResult) -> dict[str, Any]:
    first = result.times.iloc[0]
    return {
        "name": data.name,
        "digest": result.data_digest,
        "n_train": first["n_train"],
        "n_test": first["n_test"],
        "n_folds": len(data.folds),
        "classes": list(data.target_names),
    }


def _models(
    study: Study,
    setting: Setting,
    estimators: dict[str, Any],
    result: EvaluationResult,
    figures: dict[str, Any],
    trained: dict[str, Any],
) -> dict[str, Any]:
    by_model = result.times.groupby("model")
    times, cores = by_model[["fit_seconds", "predict_seconds"]].sum(), by_model["n_cores"]
    return {
        name: {
            "what": study.model(name).what,
            "estimator": _without_folder(repr(estimator), setting),
            "test": figures[name],
            "last_epoch": trained.get(name, {}),
            **times.loc[name].to_dict(),
            # A run that goes on may have others than the fits that were done before.
            "n_cores": sorted(cores.get_group(name).dropna().astype(int).unique()),
        }
        for name, estimator in estimators.items()
    }


def _pictures(folder: Path, result: EvaluationResult, data: StudyData) -> None:
    """The classes, and ten predictions of each model."""
    train, test = data.folds[0]
    shown = ClassDistributionDisplay.from_labels(
        {"train": data.y[train], "test": data.y[test]}, target_names=data.target_names, kind="both"
    )
    _save(shown.figure_, folder / "classes.png")
    for model in result.tested:
        recorded = result.recorded(model)
        some = np.random.default_rng(0).permutation(len(recorded.predicted))[:_N_SAMPLES]
        table = result.per_model(model).iloc[some]
        sure = recorded.confidence if recorded.probabilities is not None else None
        grid = PredictionGridDisplay.from_predictions(
            _safe_indexing(data.shown, table["row"].to_numpy()),
            table["y_true"],
            table["y_pred"],
            None if sure is None else sure[some],
            target_names=data.target_names,
        )
        which = "" if len(result.tested) == 1 else "-" + re.sub(r"\W+", "-", model)
        _save(grid.figure_, folder / f"predictions{which}.png")


def _save(figure: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    with replacing(path, "Choose another folder for the study.") as part:
        figure.savefig(part, dpi=120, format="png")
    plt.close(figure)


def _report(
    folder: Path,
    study: Study,
    setting: Setting,
    result: EvaluationResult,
    data: StudyData,
    comparison: pd.DataFrame,
) -> None:
    with warnings.catch_warnings():  # evaluate has given them
        warnings.simplefilter("ignore", EvaluationWarning)
        report(
            result,
            data.X,
            data.y,
            folder / "report.html",
            title=study.title,
            images=data.images,
            target_names=data.target_names,
            notes=[
                *notes_of(study, setting.backbone, setting.weights),
                *sentences(comparison, data),
            ],
        )


def sentences(comparison: pd.DataFrame, data: StudyData) -> list[str]:
    """Published against measured, in a sentence a model."""
    mean = f", on average over {len(data.folds)} draws" if data.draws else ""
    rows = comparison.dropna(subset=["published", "measured"])
    return [
        f"{name[0].upper()}{name[1:]}{mean}: {'; '.join(map(_clause, table.to_dict('records')))}."
        for name, table in rows.groupby("model", sort=False)
    ]


def _clause(row: dict[str, Any]) -> str:
    limits = "" if pd.isna(row["low"]) else f" ({row['low']:.3f} to {row['high']:.3f})"
    published = f"{row['published']:g}" + (f" ({row['note']})" if row["note"] else "")
    images = "" if row["on"] == "test" else f" on the {_IMAGES[row['on']]}"
    return f"{in_words(row['metric'])} {row['measured']:.4f}{limits}, published {published}{images}"


_IMAGES = {"validation": "validation images", "train": "training images"}
