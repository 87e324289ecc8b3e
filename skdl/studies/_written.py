"""The pictures and reports of a run."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skdl.downloads import replacing
from skdl.evaluation import EvaluationResult, EvaluationWarning
from skdl.plotting import ClassDistributionDisplay, PredictionGridDisplay
from skdl.reporting import report
from skdl.studies._declaration import Setting, Study, StudyData
from skdl.studies._record import notes_of, smaller
from skdl.studies._settings import ADVICE

_N_SAMPLES = 10  # predictions that are shown
_METRICS = {"roc_auc": "ROC AUC"}  # that are not called by their names


def pictures(folder: Path, result: EvaluationResult, data: StudyData) -> None:
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
            data.shown[table["row"].to_numpy()],
            table["y_true"],
            table["y_pred"],
            None if sure is None else sure[some],
            target_names=data.target_names,
        )
        _save(grid.figure_, folder / f"predictions-{_slug(model)}.png")


def _save(figure: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    with replacing(path, ADVICE) as part:
        figure.savefig(part, dpi=120, format="png")
    plt.close(figure)


def reports(
    study: Study,
    setting: Setting,
    result: EvaluationResult,
    data: StudyData,
    comparison: pd.DataFrame,
) -> None:
    """The report, and those of each model if the study has them."""
    files: dict[str, str | None] = {"report": None}
    if study.detailed:
        files |= {f"report-{_slug(model)}": model for model in result.tested}
    notes = [*notes_of(study, setting), *smaller(setting)]
    notes += [*sentences(comparison, data), *_failures(result)]
    for name, model in files.items():
        with warnings.catch_warnings():  # evaluate has given them
            warnings.simplefilter("ignore", EvaluationWarning)
            report(
                result,
                data.X,
                data.y,
                setting.folder / f"{name}.html",
                title=study.title,
                images=data.images,
                target_names=data.target_names,
                model=model,
                notes=notes,
            )


def _failures(result: EvaluationResult) -> list[str]:
    """Why models have no scores at all."""
    failed = result.missing[~result.missing["model"].isin(result.tested)]
    return [
        f"{model[0].upper()}{model[1:]} could not be trained: {rows['reason'].iloc[0]}"
        for model, rows in failed.groupby("model", sort=False)
    ]


def _slug(model: str) -> str:
    return re.sub(r"\W+", "-", model)


def sentences(comparison: pd.DataFrame, data: StudyData) -> list[str]:
    """Published against measured, in a sentence a model."""
    mean = f", on average over {len(data.folds)} draws" if data.draws else ""
    rows = comparison.dropna(subset=["published", "measured"])
    return [
        f"{name[0].upper()}{name[1:]}{mean}: {'; '.join(map(_clause, table.to_dict('records')))}."
        for name, table in rows.groupby("model", sort=False)
    ]


def _clause(row: dict[str, Any]) -> str:
    published = f"{row['published']:g}" + (f" ({row['note']})" if row["note"] else "")
    metric = _METRICS.get(row["metric"], row["metric"])
    metric += " of training images" if row["on"] == "train" else ""
    published += " of validation images" if row["on"] == "validation" else ""
    measured = _with_limits(row, "measured", "", ".4f")
    difference = _with_limits(row, "difference", "difference_", "+.4f")
    return f"{metric} {measured}, published {published}, difference {difference}"


def _with_limits(row: dict[str, Any], name: str, limits: str, form: str) -> str:
    low, high = row[f"{limits}low"], row[f"{limits}high"]
    interval = "" if pd.isna(low) else f" ({low:{form}} to {high:{form}})"
    return f"{row[name]:{form}}{interval}"
