"""The record of a run: what ``study.json`` holds."""

import datetime
import json
from pathlib import Path
from typing import Any

import pandas as pd

from skdl.downloads import replacing
from skdl.evaluation import EvaluationResult
from skdl.reporting import machine, versions
from skdl.studies._declaration import Model, Setting, Study, StudyData
from skdl.studies._figures import measure, training
from skdl.studies._settings import ADVICE, asked_for, digest

FORMAT = 2


def write_record(
    study: Study,
    setting: Setting,
    result: EvaluationResult,
    data: StudyData,
    comparison: pd.DataFrame,
    loaded: float,
) -> dict[str, Any]:
    """Write ``study.json``, and return what stands in it."""
    spent = result.times[["fit_seconds", "predict_seconds"]].to_numpy().sum()
    record = _plain(
        {
            "format": FORMAT,
            "study": study.name,
            "title": study.title,
            "source": study.source,
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "seconds": loaded + spent,  # also of folds that were done before
            "settings": asked_for(setting),
            "weights_digest": digest(setting),
            "data": _about(data, result),
            "notes": notes_of(study, setting),
            "models": _models(study, setting, result, data),
            "comparison": comparison.to_dict("records"),
            "versions": versions(),
            "machine": machine(),
        }
    )
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(setting.folder / "study.json", ADVICE) as part:
        part.write_text(text + "\n", encoding="utf-8")
    return dict(record)


def notes_of(study: Study, setting: Setting) -> list[str]:
    """What a reader has to know first."""
    found = []
    used, weights = setting.backbone or study.backbone, setting.weights
    if study.backbone and used != study.backbone:
        found.append(
            f"The pretrained network is {used} instead of {study.backbone}: none of these figures "
            f"is one of {study.backbone}."
        )
    if weights == "random":
        found.append("The network that should be pretrained has random weights.")
    elif study.backbone and weights and Path(weights).suffix:  # not one of the names
        found.append(f"The weights of {used} are those of the file {Path(weights).name}.")
    if study.stand_in:
        found.append(study.stand_in)
    return found


def smaller(setting: Setting) -> list[str]:
    """What a reader has to know of a run that was asked for less than the study."""
    asked = [
        f"{value:,} {name if value > 1 else one}"
        for value, name, one in (
            (setting.n_train, "training images", "training image"),
            (setting.epochs, "epochs", "epoch"),
        )
        if value is not None
    ]
    return [f"The run was set to {' and '.join(asked)}."] if asked else []


def _plain(value: Any) -> Any:
    """None in the place of NaN, and without NumPy's types, as JSON wants it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and pd.isna(value) else value


def _about(data: StudyData, result: EvaluationResult) -> dict[str, Any]:
    first = result.times.iloc[0]
    return {
        "name": data.name,
        "digest": result.data_digest,
        "n_train": first["n_train"],
        "n_test": first["n_test"],
        "n_folds": len(data.folds),
        "draws": data.draws,
        "n_equal": result.leaks["test_row"].nunique(),  # test images that were trained on
        "classes": list(data.target_names),
    }


def _models(
    study: Study, setting: Setting, result: EvaluationResult, data: StudyData
) -> dict[str, Any]:
    by_model = result.times.groupby("model")
    times, cores = by_model[["fit_seconds", "predict_seconds"]].sum(), by_model["n_cores"]
    figures, trained = measure(result, data), training(result)
    return {
        name: {
            "what": study.model(name).what,
            "estimator": _without_folder(repr(estimator), setting),
            "backbone": _backbone(study.model(name), study, setting),
            "n_train": study.model(name).n_train,
            "test": figures[name],
            "last_epoch": trained.get(name, {}),
            **times.loc[name].to_dict(),
            # A run that goes on may have others than the fits that were done before.
            "n_cores": sorted(cores.get_group(name).dropna().astype(int).unique()),
        }
        for name, estimator in result.estimators.items()
    }


def _backbone(model: Model, study: Study, setting: Setting) -> str | None:
    return (setting.backbone or study.backbone or None) if model.pretrained else None


def _without_folder(text: str, setting: Setting) -> str:
    """Text without the folder of the weights, which is nobody's business."""
    weights = setting.weights
    return text.replace(str(weights), Path(weights).name) if weights else text
