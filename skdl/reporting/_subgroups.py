"""Scores of subgroups, as a report shows them."""

import warnings
from typing import Any

import pandas as pd

from skdl.reporting._words import HEADLINES, figure, name_of, p_value, signed

_ABOUT = (
    "Each subgroup against the rest: the difference between its score and that of the rest, and a "
    "p value adjusted by Holm's method for all differences, including those of other models."
)


def subgroups(result: Any, model: str, level: float) -> pd.DataFrame | None:
    """The main scores of the subgroups that an evaluation has, or None."""
    if result.subgroup_values is None:
        return None
    known = {metric: result.known(metric) for metric in result.metrics}
    main = (*HEADLINES, "mae", "bias")
    chosen = [metric for metric, score in known.items() if score and score.name in main]
    with warnings.catch_warnings():  # of small ones; the table says so
        warnings.simplefilter("ignore", UserWarning)
        found = result.subgroups(chosen or result.metrics[:1], level=level)
    return pd.DataFrame(found[found["model"] == model].reset_index(drop=True))


def of_subgroups(found: pd.DataFrame) -> pd.DataFrame:
    """A row for each subgroup, with a cell for each score."""
    rows = []
    for (column, value), part in found.groupby(["column", "value"], sort=False, observed=True):
        row = {"Subgroup": f"{column}: {value}", "Images": f"{part['n'].iloc[0]:,}"}
        for _, score in part.iterrows():
            row[name_of(score["metric"])] = _cell(score)
        rows.append(row)
    return pd.DataFrame(rows)


def about_subgroups(found: pd.DataFrame) -> list[str]:
    """What stands in the table, and why something is missing there."""
    why = [
        f"{name_of(row['metric'])} of “{row['column']}: {row['value']}”: {row['reason']}"
        for _, row in found.iterrows()
        if row["reason"]
    ]
    return [_ABOUT, *why]


def _cell(score: Any) -> str:
    """The score with its interval, and what sets it off from the rest."""
    if pd.isna(score["estimate"]):
        return "–"
    text = figure(score["estimate"])
    if not pd.isna(score["low"]):
        text += f" ({score['low']:.3f} to {score['high']:.3f})"
    if pd.isna(score["difference"]):
        return text
    return "\n".join(filter(None, (text, signed(score["difference"]), p_value(score["p_holm"]))))


def outliers(found: pd.DataFrame) -> list[str]:
    """Subgroups whose scores differ from the rest after the correction, in words."""
    rows = found[found["p_holm"] < 0.05]
    return [
        f"{name_of(row['metric'])} of “{row['column']}: {row['value']}” "
        f"({signed(row['difference'])}, {p_value(row['p_holm'])})"
        for _, row in rows.iterrows()
    ]
