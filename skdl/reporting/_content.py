"""What a report says, whatever it is written as."""

import datetime
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support
from sklearn.utils import check_consistent_length, column_or_1d, estimator_html_repr

from skdl._utils.environment import machine, versions
from skdl._utils.scikit import safe_indexing
from skdl._utils.text import encodable, shortened
from skdl.datasets import describe_images
from skdl.evaluation import EvaluationResult, EvaluationWarning, data_digest, evaluate
from skdl.images import find_paths
from skdl.plotting import names_by_label
from skdl.reporting._card import card as model_card
from skdl.reporting._pictures import Picture, Subject, codes_of, pictures, worst_mistakes
from skdl.reporting._words import (
    METHODS,
    about_grouping,
    about_intervals,
    about_positive,
    best_of,
    cautions,
    figure,
    interval,
    lead,
    name_of,
    p_value,
)


@dataclass(frozen=True)
class Content:
    """Everything in a report, ready to be shown as text: tables hold strings."""

    title: str
    created: str
    model: str
    lead: list[str]
    cautions: list[str]
    scores: pd.DataFrame
    intervals: list[str]
    mistakes: pd.DataFrame | None
    comparison: pd.DataFrame | None
    pairs: pd.DataFrame | None
    data: pd.DataFrame
    per_class: pd.DataFrame
    times: pd.DataFrame
    missing: pd.DataFrame
    pictures: list[Picture]
    diagram: str
    estimator: str
    versions: dict[str, str]
    machine: dict[str, str]
    reproduce: dict[str, str]
    card: list[tuple[str, list[str]]]
    summary: pd.DataFrame


def gather(
    source: Any,
    X: Any,
    y: Any,
    *,
    images: Any,
    title: str | None,
    notes: Sequence[str],
    model: str | None,
    pos_label: Any,
    target_names: Any,
    image_shape: Any,
    level: float,
    card: Any,
) -> Content:
    """Evaluate, if that was not done, and put everything together."""
    result = source
    if not isinstance(result, EvaluationResult):
        with warnings.catch_warnings():  # the report says so itself
            warnings.simplefilter("ignore", EvaluationWarning)
            result = evaluate(source, X, y, cv="prefit", pos_label=pos_label)
    else:
        _check_data(result if result.grouping is None else result.grouping.of_images, X, y)
    shown = X if images is None else images
    check_consistent_length(shown, y)
    if result.grouping is not None:
        shown, y = safe_indexing(shown, result.grouping.first_rows), result.grouping.labels
        notes = [*notes, about_grouping(result.grouping)]
    best = model is None and len(result.tested) > 1
    summary = result.summary(level=level)
    model = _chosen(result, summary, model)
    rows = summary[summary["model"] == model]
    names = class_names(result, y, target_names)
    codes = codes_of(result, y)
    subject = Subject(result, model, shown, codes, names, image_shape, summary)
    sentences = lead(result, model, rows, names, level)
    sections = model_card(result, model, names, sentences, card)
    drawn, failed = pictures(subject)
    estimator = result.estimators[model]
    pairs, uncompared = _compared(result, level)
    return Content(
        title=title or f"Evaluation of {model}",
        created=datetime.date.today().isoformat(),
        model=model,
        lead=[*notes, *sentences, *([best_of(result, summary, model)] if best else [])],
        cautions=[*cautions(result, model, names), *failed, *uncompared],
        scores=_scores(rows),
        intervals=[*about_positive(result, names), *about_intervals(result, model, rows, level)],
        mistakes=_mistakes(result, model, shown, names),
        comparison=None if pairs is None else _pairs(pairs),
        pairs=pairs,
        data=_data(subject),
        per_class=_per_class(subject),
        times=_times(result),
        missing=_missing(result, model),
        pictures=drawn,
        diagram=estimator_html_repr(estimator),
        estimator=repr(estimator),
        versions=versions(),
        machine=machine(),
        reproduce=_reproduce(result, estimator),
        card=sections,
        summary=summary,
    )


def _compared(result: EvaluationResult, level: float) -> tuple[pd.DataFrame | None, list[str]]:
    """The comparison of the models, or why there is none."""
    if len(result.tested) < 2:
        return None, []
    try:
        return result.compare(level=level), []
    except ValueError as error:  # such as test images of one class
        return None, [f"The models are not compared: {error}"]


def _check_data(result: EvaluationResult, X: Any, y: Any) -> None:
    labels, rows = column_or_1d(y), result.predictions["row"].to_numpy()
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    other = ""
    if n != len(labels) or rows.max() >= n:
        other = (
            f"X has {n} images and y {len(labels)} labels, but the evaluation had "
            f"{rows.max() + 1} or more"
        )
    elif (labels[rows] != result.predictions["y_true"].to_numpy()).any():
        other = "y holds other labels than the evaluation"
    elif data_digest(X, y, result.groups) != result.data_digest:
        other = "X holds other images than the evaluation, or in another order"
    if other:
        raise ValueError(
            f"{other}. Pass X and y of the evaluation; images that X was made of go to `images`."
        )


def class_names(result: EvaluationResult, y: Any, target_names: Any) -> list[str]:
    """Names of the classes, in their order."""
    if target_names is None:
        return [encodable(str(label)) for label in result.classes.tolist()]
    named = names_by_label([result.classes], target_names)
    return [encodable(named[label]) for label in result.classes.tolist()]


def _chosen(result: EvaluationResult, summary: pd.DataFrame, model: str | None) -> str:
    if model is not None:
        if result.per_model(model).empty:
            raise ValueError(
                f"The model {shortened(model)} has no predictions: all of its folds failed."
            )
        return model
    first = summary[summary["metric"] == result.metrics[0]].set_index("model")["value"]
    return str(first.idxmax()) if first.notna().any() else result.tested[0]


def _scores(rows: pd.DataFrame) -> pd.DataFrame:
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


def _mistakes(
    result: EvaluationResult, model: str, X: Any, names: list[str]
) -> pd.DataFrame | None:
    """What the worst mistakes are, by the numbers in their picture; None without any."""
    chosen, confidence = worst_mistakes(result, model)
    if not len(chosen):
        return None
    rows = result.per_model(model).iloc[chosen]
    if result.grouping is None:
        what, which = "Image", _image_names(X, rows["row"].to_numpy())
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


def _image_names(X: Any, rows: npt.NDArray[np.intp]) -> list[str]:
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


def _missing(result: EvaluationResult, model: str) -> pd.DataFrame:
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


def _pairs(pairs: pd.DataFrame) -> pd.DataFrame:
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


def _data(subject: Subject) -> pd.DataFrame:
    labels = [subject.names[code] for code in subject.y]
    if not subject.shows_images:
        counts = pd.Series(labels).value_counts().reindex(subject.names, fill_value=0)
        return counts.rename_axis("Class").rename("Rows").reset_index().astype(str)
    found = describe_images(subject.X, labels)
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


def _per_class(subject: Subject) -> pd.DataFrame:
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


def _times(result: EvaluationResult) -> pd.DataFrame:
    kinds = {
        "fit_seconds": "Fit, seconds per fold",
        "predict_seconds": "Predict, seconds per fold",
        "stored_seconds": "Saved by a store, seconds per fold",
    }
    means = result.times.groupby("model", sort=False)[list(kinds)].mean()
    if not (means["stored_seconds"] >= 0.01).any():
        del kinds["stored_seconds"]
    columns = {title: means[name].map(lambda s: figure(s, 2)) for name, title in kinds.items()}
    return pd.DataFrame({"Model": means.index, **columns})


def _reproduce(result: EvaluationResult, estimator: Any) -> dict[str, str]:
    params = {"": estimator, **estimator.get_params()}
    seeds = {name: params[name] for name in params if name.rpartition("__")[2] == "random_state"}
    free = [name for name, value in seeds.items() if value is None]
    unseeded = [name for name in free if _draws(params[name.rpartition("__")[0]])]
    return {
        "Folds": "fitted before" if result.cv == "prefit" else f"cv={result.cv}",
        "Seeds": ", ".join(f"{name}={value!r}" for name, value in seeds.items()) or "none",
        "May differ": f"without a seed: {', '.join(unseeded)}" if unseeded else "",
        "Data": f"sha256 {result.data_digest}",
    }


# When estimators of scikit-learn use their seed, as far as that is not always.
_DRAWS_IF: dict[str, Callable[[dict[str, Any]], bool]] = {
    "SVC": lambda p: p.get("probability") is True,
    "NuSVC": lambda p: p.get("probability") is True,
    "LogisticRegression": lambda p: p["solver"] in ("liblinear", "sag", "saga"),
    "LogisticRegressionCV": lambda p: p["solver"] in ("liblinear", "sag", "saga"),
    "RidgeClassifier": lambda p: p["solver"] in ("sag", "saga"),
    "LinearSVC": lambda p: p["dual"] is not False,
    "PCA": lambda p: p["svd_solver"] in ("auto", "arpack", "randomized"),
    "TunedThresholdClassifierCV": lambda p: isinstance(p["cv"], float),
}


def _draws(estimator: Any) -> bool:
    """Whether a seed may change what an estimator learns."""
    known = _DRAWS_IF.get(type(estimator).__name__)
    ours = not type(estimator).__module__.startswith("sklearn.")
    return known is None or ours or known(estimator.get_params(deep=False))


def _signed(row: Any, name: str) -> str:
    """A difference with its interval."""
    if pd.isna(row[name]):
        return "–"
    ends = (f"{row[f'{name}{end}']:+.3f}" for end in ("", "_low", "_high"))
    value, low, high = (end.replace("-", "−") for end in ends)
    return value if pd.isna(row[f"{name}_low"]) else f"{value}\n({low} to {high})"
