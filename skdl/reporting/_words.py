"""Results in sentences."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from skdl.evaluation import EvaluationResult
from skdl.evaluation._evaluate import about_groups, in_both

# Fewer test images of a class than this make for intervals that hardly say anything.
_FEW = 30

NAMES = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "balanced_accuracy": "Balanced accuracy",
    "roc_auc": "ROC AUC",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
}


def name_of(metric: str) -> str:
    """What to call a metric."""
    return NAMES.get(metric, metric.replace("_", " ").capitalize())


def figure(value: float, digits: int = 3) -> str:
    """A number, or a dash where there is none."""
    return "–" if pd.isna(value) else f"{value:.{digits}f}"


def p_value(value: float) -> str:
    """A p value, which is never 0."""
    return "< 0.001" if value < 0.0005 else figure(value)


def interval(row: Any) -> str:
    """An interval, or a dash."""
    return "–" if pd.isna(row["low"]) else f"{row['low']:.3f} to {row['high']:.3f}"


def lead(
    result: EvaluationResult, model: str, rows: pd.DataFrame, names: Sequence[str], level: float
) -> list[str]:
    """What was found, in a few sentences."""
    n = len(result.per_model(model))
    sentences = [f"{_how(result, model)} {n:,} images of {len(result.classes)} classes."]
    found = rows.set_index("metric")
    percent = f"{100 * level:g}\u00a0%"
    binary = len(result.classes) == 2
    positive = names[result.classes.tolist().index(result.positive)] if binary else ""
    phrases = {
        "accuracy": "the right class was given to {value} of the images",
        "sensitivity": f"{{value}} of the images of class “{positive}” were found (sensitivity)"
        if binary
        else "on average over the classes, {value} of the images of a class were found "
        "(sensitivity)",
        "specificity": "{value} of the others were recognised as such (specificity)",
        "roc_auc": "the ROC AUC is {value}",
    }
    for metric, phrase in phrases.items():
        if metric not in found.index or pd.isna(found.loc[metric, "value"]):
            continue
        row = found.loc[metric]
        shown = figure if metric == "roc_auc" else _percent
        text = phrase.format(value=shown(row["value"]))
        if not pd.isna(row["low"]):
            text += f" ({percent} interval {shown(row['low'])} to {shown(row['high'])})"
        sentences.append(text[0].upper() + text[1:] + ".")
    return sentences


def cautions(result: EvaluationResult, model: str, names: Sequence[str]) -> list[str]:
    """What a reader should know before trusting the numbers."""
    found = []
    if len(result.leaks):
        found.append(f"{in_both(result.leaks)}: the scores are too good.")
    if result.split_groups:
        found.append(about_groups(result))
    table = result.per_model(model)
    counts = table["y_true"].value_counts()
    few = [
        f"“{name}” ({counts.get(label, 0)})"
        for label, name in zip(result.classes.tolist(), names, strict=True)
        if counts.get(label, 0) < _FEW
    ]
    if few:
        found.append(
            f"Few test images of {'the class' if len(few) == 1 else 'the classes'} "
            f"{', '.join(few[:10])}{' and others' if len(few) > 10 else ''}: look at the "
            "intervals, not at the scores alone."
        )
    if len(table["y_pred"].unique()) == 1 and len(counts) > 1:
        found.append("The model takes all images for one class: it has learned nothing.")
    n_missing = len(result.missing[result.missing["model"] == model])
    if n_missing:
        found.append(f"{n_missing} scores cannot be had; the reasons stand below.")
    if result.groups is not None:
        found.append(
            "The images belong to groups, such as patients. Intervals and p values take them for "
            "independent, so true intervals are wider and true p values larger."
        )
    return found


def best_of(result: EvaluationResult) -> str:
    """That the best of several models was picked by what it is judged by."""
    return (
        f"It is the best of {len(result.tested)} models by {in_words(result.metrics[0])} on these "
        "images, so its scores are a little too good."
    )


def _how(result: EvaluationResult, model: str) -> str:
    n_folds = result.times.query("model == @model")["fold"].nunique()
    if result.cv == "prefit":
        return f"“{model}”, fitted before, was tested on"
    if n_folds == 1:
        return f"“{model}” was trained once and tested on"
    if result.predictions.query("model == @model")["row"].duplicated().any():
        return (
            f"“{model}” was trained and tested {n_folds} times, on overlapping images. These are "
            "the first predictions of"
        )
    return f"“{model}” was tested by cross-validation in {n_folds} folds on"


def in_words(metric: str) -> str:
    """Name of a metric inside a sentence."""
    name = name_of(metric)
    return name if name.isupper() or "ROC" in name else name[0].lower() + name[1:]


def _percent(value: float) -> str:
    return f"{100 * value:.1f}\u00a0%"
