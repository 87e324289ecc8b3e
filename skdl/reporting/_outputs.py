"""The report of several labels or numbers per image: an overview, and a part for each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from skdl._utils.text import counted, encodable
from skdl.evaluation import MultioutputResult
from skdl.plotting import ModelComparisonDisplay
from skdl.reporting._audited import NOTHING, audited
from skdl.reporting._card import check_card
from skdl.reporting._checklist import Line
from skdl.reporting._content import Content, of_one
from skdl.reporting._evaluated import chosen_model
from skdl.reporting._more_pictures import audit_plans
from skdl.reporting._numbers import number
from skdl.reporting._pictures import Picture, Subject, pictures
from skdl.reporting._words import figure, how_tested, name_of, percent, shown_limits

# Metrics in the table of all outputs, if the evaluation has them; else its first ones.
_SHOWN = ("sensitivity", "specificity", "roc_auc", "r2", "mae", "bias")
_MOST = 4
_ABOUT_MEAN = (
    "Mean: the interval of a mean over the labels is the mean of their intervals, which is wider "
    "than necessary unless errors in all labels occur together."
)


def of_outputs(
    result: MultioutputResult, X: Any, shown: Any, y: Any, settings: Mapping[str, Any]
) -> Content:
    """One content with those of all outputs in it."""
    summary = result.summary(level=settings["level"])
    model = settings["model"]
    if model is None:
        model = _best(result, summary)
    columns = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
    own = {"model": model, "title": None, "notes": (), "card": None, "audit": False}
    names = [encodable(str(output)) for output in result.outputs]
    parts = [
        of_one(result[output], X, shown, column, **{**settings, **own})
        for output, column in zip(result.outputs, columns.T, strict=True)
    ]
    rows = summary[summary["model"] == model]
    first = result[result.outputs[0]]
    whole = Subject(first, model, shown, columns[:, 0], [], settings["image_shape"], summary)
    audit, unaudited = audited(settings["audit"], whole, first.own_groups, by_class=False)
    overview = "comparison", "All outputs, with intervals", lambda: _overview(rows, names)
    plans = chain([overview], audit_plans(whole, audit))
    drawn, failed = pictures(plans) if settings["draw"] else ([], [])
    sentences = _lead(result, model, rows, settings["level"])
    kept = [picture for picture in parts[0].pictures if picture.name == "training"]
    return replace(
        parts[0],
        title=settings["title"] or f"Evaluation of {model}",
        lead=[*settings["notes"], *sentences],
        cautions=[*_cautions(parts, names), *failed, *unaudited],
        scores=_scores(rows, result),
        intervals=[*parts[0].intervals, *([_ABOUT_MEAN] if result.are_labels else [])],
        comparison=None,
        pairs=None,
        mistakes=None,
        data=_data(columns, names, parts[0], result.are_labels),
        audit=audit,
        findings=None if audit is None else audit.findings or [NOTHING],
        subgroups=None,
        subgroup_scores=None,
        calibration=None,
        calibration_scores=None,
        per_class=None,
        missing=_missing(parts, names),
        pictures=[*drawn, *kept],
        checklist=_checklist(parts, names),
        card=_card(parts[0].card, settings["card"], sentences, names, result.are_labels),
        summary=summary,
        outputs=tuple(
            (name, replace(part, pictures=_numbered(part.pictures, place)))
            for place, (name, part) in enumerate(zip(names, parts, strict=True), 1)
        ),
    )


def _best(result: MultioutputResult, summary: pd.DataFrame) -> str:
    """By the mean of the first metric over the outputs."""
    metric, first = result.metrics[0], result[result.outputs[0]]
    own = summary[(summary["metric"] == metric) & summary["output"].isin(result.outputs)]
    means = own.groupby("model", sort=False)["value"].mean()
    table = pd.DataFrame({"model": means.index, "metric": metric, "value": means.to_numpy()})
    return chosen_model(first, table, None)


def _lead(result: MultioutputResult, model: str, rows: pd.DataFrame, level: float) -> list[str]:
    first = result[result.outputs[0]]
    n = len(first.per_model(model))
    kind = "label" if result.are_labels else "number"
    sentences = [f"{how_tested(first, model)} {n:,} images with {counted(len(result), kind)} each."]
    if not result.are_labels:
        return sentences
    for metric, phrase in (("roc_auc", "the ROC AUC is"), ("sensitivity", "sensitivity is")):
        values = rows.loc[(rows["output"] == "mean") & (rows["metric"] == metric), "value"]
        if len(values) and not pd.isna(values.iloc[0]):
            sentences.append(f"On average over the labels, {phrase} {figure(values.iloc[0])}.")
    (_, row), *_ = rows[rows["output"] == "all"].iterrows()
    if not pd.isna(row["value"]):
        limits = shown_limits(row, level, percent)
        sentences.append(
            f"All labels are correct for {percent(row['value'])} of the images ({limits})."
        )
    return sentences


def _scores(rows: pd.DataFrame, result: MultioutputResult) -> pd.DataFrame:
    """One row per output, one column per metric."""
    shown = figure if result.are_labels else number
    metrics = [m for m in _SHOWN if m in result.metrics][:_MOST] or result.metrics[:_MOST]
    outputs = [*result.outputs, *(["mean"] if result.are_labels else [])]
    table = []
    for output in outputs:
        own = rows[rows["output"] == output].set_index("metric")
        cells: dict[str, str] = {"Output": encodable(str(output))}
        for metric in metrics:
            row = own.loc[metric]
            cells[name_of(metric)] = shown(row["value"])
            if not pd.isna(row["low"]):
                cells[name_of(metric)] += f" ({shown(row['low'])} to {shown(row['high'])})"
        table.append(cells)
    return pd.DataFrame(table)


def _overview(rows: pd.DataFrame, names: Sequence[str]) -> Any:
    """The outputs beside each other, as models otherwise are."""
    metrics = [m for m in _SHOWN if (rows["metric"] == m).any()][:3]
    own = rows[rows["metric"].isin(metrics or rows["metric"].unique()[:3])]
    own = own.assign(model=own["output"].map(lambda output: encodable(str(output))))
    own = own[own["model"].isin([*names, "mean"])]
    return ModelComparisonDisplay(own.sort_values("metric", kind="stable")).plot()


def _cautions(parts: Sequence[Content], names: Sequence[str]) -> list[str]:
    """What is said of all outputs once, and the rest with the name of the output."""
    found: dict[str, list[str]] = {}
    for name, part in zip(names, parts, strict=True):
        for caution in part.cautions:
            found.setdefault(caution, []).append(name)
    return [
        caution if len(of) == len(parts) else f"“{'”, “'.join(of)}”: {caution}"
        for caution, of in found.items()
    ]


def _data(columns: Any, names: Sequence[str], first: Content, are_labels: bool) -> pd.DataFrame:
    """How often each label is set, or what the numbers are like."""
    if not are_labels:
        table = pd.DataFrame(
            {
                "Output": names,
                "Mean": [number(v) for v in columns.mean(axis=0)],
                "Smallest": [number(v) for v in columns.min(axis=0)],
                "Largest": [number(v) for v in columns.max(axis=0)],
            }
        )
        return table
    n_set = columns.sum(axis=0).astype(int)
    shares = [f"{100 * n / len(columns):.1f}\u00a0%" for n in n_set]
    return pd.DataFrame(
        {
            "Label": names,
            "Images with it": [f"{n:,} ({p})" for n, p in zip(n_set, shares, strict=True)],
            "Images without it": [f"{len(columns) - n:,}" for n in n_set],
        }
    )


def _missing(parts: Sequence[Content], names: Sequence[str]) -> pd.DataFrame:
    tables = [part.missing.assign(Output=name) for name, part in zip(names, parts, strict=True)]
    joined = pd.concat(tables, ignore_index=True)
    joined.insert(0, "Output", joined.pop("Output"))
    return joined


def _checklist(parts: Sequence[Content], names: Sequence[str]) -> list[Line]:
    """Answers that all outputs have, or each with the name of its output."""
    found = []
    for lines in zip(*(part.checklist for part in parts), strict=True):
        answers = [line.answer for line in lines]
        if len(set(answers)) == 1:
            found.append(lines[0])
            continue
        named = zip(names, answers, strict=True)
        said = [f"“{name}”: {answer}" for name, answer in named if answer]
        found.append(replace(lines[0], answer=" ".join(said)))
    return found


def _card(
    card: list[tuple[str, list[str]]],
    stated: Mapping[str, Any] | None,
    lead: list[str],
    names: Sequence[str],
    are_labels: bool,
) -> list[tuple[str, list[str]]]:
    kind = "Multi-label image classifier" if are_labels else "Image regressor of several outputs"
    own = {"Model details": [f"{kind}: {', '.join(names)}."], "Results": [" ".join(lead)]}
    texts = check_card(stated, [heading for heading, _ in card])
    return [(heading, texts.get(heading, own.get(heading, said))) for heading, said in card]


def _numbered(drawn: Sequence[Picture], place: int) -> list[Picture]:
    """Pictures whose files have names of their own."""
    return [replace(picture, file=f"{place}-{picture.name}") for picture in drawn]
