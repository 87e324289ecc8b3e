"""The tables of a report: strings, ready to be shown."""

import os
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from skdl._utils.text import encodable
from skdl.datasets import describe_images
from skdl.evaluation import EvaluationResult
from skdl.images import find_paths
from skdl.reporting._pictures import Subject, worst_mistakes
from skdl.reporting._words import METHODS, figure, interval, name_of, p_value, signed


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "Metric": rows["metric"].map(name_of),
            "Value": rows["value"].map(figure),
            "Interval": [interval(row) for _, row in rows.iterrows()],
            "Method": [METHODS.get(method, "").partition(":")[0] for method in rows["method"]],
            "Mean of folds": rows["fold_mean"].map(figure),
            "Standard deviation": rows["fold_std"].map(figure),
            "Note": rows["reason"],
        }
    )
    if not (rows["n_folds"] > 1).any():
        table = table.drop(columns=["Mean of folds", "Standard deviation"])
    return table if rows["reason"].any() else table.drop(columns="Note")


def mistakes(result: EvaluationResult, model: str, X: Any, names: list[str]) -> pd.DataFrame | None:
    """What the worst mistakes are, by the numbers in their picture; None without any."""
    chosen, confidence = worst_mistakes(result, model)
    if not len(chosen):
        return None
    rows = result.per_model(model).iloc[chosen]
    if result.grouping is None:
        what, which = "Image", image_names(X, rows["row"].to_numpy())
    else:
        what, which = "Group", [encodable(str(name)) for name in rows["group"]]
    named = dict(zip(result.classes.tolist(), names, strict=True))
    table = pd.DataFrame(
        {
            "No.": [str(number + 1) for number in range(len(rows))],
            what: which,
            "True class": [named[label] for label in rows["y_true"]],
            "Predicted": [named[label] for label in rows["y_pred"]],
        }
    )
    if confidence is not None:
        kind = "Decision value" if result.recorded(model).probabilities is None else "Probability"
        table[kind] = [figure(value) for value in confidence[chosen]]
    return table


def image_names(X: Any, rows: npt.NDArray[np.intp]) -> list[str]:
    """Files of some images below the folder that all are in, or rows of an array."""
    paths = find_paths(X)  # not read_batch: X may be a table, too
    if paths is None:
        return [f"row {row}" for row in rows.tolist()]
    files = [PurePath(encodable(str(path))) for path in paths]
    folders = {str(file.parent) for file in files}
    try:
        common = os.path.commonpath(folders)
    except ValueError:  # absolute and relative ones, or on several drives
        return [files[row].name for row in rows.tolist()]
    return [os.path.relpath(files[row], common or os.curdir) for row in rows.tolist()]


def missing(result: EvaluationResult, model: str) -> pd.DataFrame:
    """Missing scores by metric and reason, and in how many folds."""
    rows = result.missing[result.missing["model"] == model]
    n_folds = (result.times["model"] == model).sum()
    counts = rows.groupby(["metric", "reason"], sort=False)["fold"]
    return pd.DataFrame(
        [
            (
                name_of(metric),
                f"{len(found)} of {n_folds}" if len(found) > 1 else f"{found.iloc[0] + 1}",
                reason,
            )
            for (metric, reason), found in counts
        ],
        columns=["Metric", "Folds", "Reason"],
    )


def of_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """The comparison of the models, with no more than a reader wants."""
    rows = [row for _, row in pairs.iterrows()]
    table = pd.DataFrame({"Models": pairs["model_a"] + " against " + pairs["model_b"]})
    if pairs["auc_difference"].notna().any():
        table["ROC AUC"] = [
            "\n".join(filter(None, (_signed(row, "auc_difference"), p_value(row["delong_p_holm"]))))
            for row in rows
        ]
    for metric in ("accuracy", "sensitivity", "specificity"):
        if pairs[f"{metric}_difference"].notna().any():
            table[name_of(metric)] = [_signed(row, f"{metric}_difference") for row in rows]
    table["Right where the other is wrong"] = [
        f"{row['only_a_right']} against {row['only_b_right']} images\n"
        f"{p_value(row['mcnemar_p_holm'])}"
        for row in rows
    ]
    return table


def described(subject: Subject) -> pd.DataFrame | None:
    """What the images are like, by class and in all; None without images."""
    if not subject.shows_images:
        return None
    labels = None if subject.of_numbers else [subject.names[code] for code in subject.y]
    return pd.DataFrame(describe_images(subject.X, labels, image_shape=subject.image_shape))


def data(subject: Subject, found: pd.DataFrame | None) -> pd.DataFrame:
    """Images by class."""
    if found is None:
        labels = [subject.names[code] for code in subject.y]
        counts = pd.Series(labels).value_counts().reindex(subject.names, fill_value=0)
        return counts.rename_axis("Class").rename("Rows").reset_index().astype(str)
    found = found.loc[[name for name in dict.fromkeys(subject.names) if name in found.index]]
    table = pd.DataFrame({"Class": found.index, "Images": found["images"].to_numpy()})
    for name in ("height", "width", "value"):
        table[name.capitalize()] = [
            f"{low:g}" if low == high else f"{low:g} to {high:g}"
            for low, high in zip(found[f"{name}_min"], found[f"{name}_max"], strict=True)
        ]
    for name in ("channels", "format", "duplicates", "unreadable"):
        table[name.capitalize()] = found[name].to_numpy()
    return table.astype(str)


def per_class(subject: Subject) -> pd.DataFrame:
    table = subject.result.per_model(subject.model)
    precision, recall, f1, support = precision_recall_fscore_support(
        table["y_true"], table["y_pred"], labels=subject.result.classes, zero_division=np.nan
    )
    return pd.DataFrame(
        {
            "Class": subject.names,
            "Precision": [figure(value) for value in precision],
            "Recall": [figure(value) for value in recall],
            "F1": [figure(value) for value in f1],
            "Images": [str(n) for n in support],
        }
    )


def times(result: EvaluationResult) -> pd.DataFrame:
    kinds = {
        "fit_seconds": "Fit time per fold (s)",
        "predict_seconds": "Prediction time per fold (s)",
        "stored_seconds": "Time saved by a store per fold (s)",
    }
    means = result.times.groupby("model", sort=False)[list(kinds)].mean()
    if not (means["stored_seconds"] >= 0.01).any():
        del kinds["stored_seconds"]
    columns = {title: means[name].map(lambda s: figure(s, 2)) for name, title in kinds.items()}
    return pd.DataFrame({"Model": means.index, **columns})


def _signed(row: Any, name: str) -> str:
    """A difference with its interval."""
    if pd.isna(row[name]):
        return "–"
    value, low, high = (signed(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return value if pd.isna(row[f"{name}_low"]) else f"{value}\n({low} to {high})"
