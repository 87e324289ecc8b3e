"""Measured figures, and how they compare with published ones."""

from typing import Any

import numpy as np
import pandas as pd

from skdl.evaluation import EvaluationResult
from skdl.studies._declaration import Goal, Model, Published, Study, StudyData

Figure = dict[str, Any]


def measure(result: EvaluationResult, data: StudyData) -> dict[str, dict[str, Figure]]:
    """Figures of each model on the test images: value, low and high.

    Of random draws, it is the mean over them with the middle 95 % of the draws; otherwise that of
    all test images together, with its confidence interval.
    """
    found: dict[str, dict[str, Figure]] = {model: {} for model in result.models}
    for row in result.summary().to_dict("records"):
        if data.draws:
            chosen = "model == @row['model'] and metric == @row['metric']"
            values = result.scores.query(chosen)["value"].dropna()
            low, high = np.percentile(values, [2.5, 97.5]) if len(values) else (np.nan, np.nan)
            figure = {"value": row["fold_mean"], "low": low, "high": high}
            figure["method"] = f"mean and middle 95 % of {len(values)} draws"
        else:
            figure = {key: row[key] for key in ("value", "low", "high", "method")}
        found[row["model"]][row["metric"]] = figure
    return found


def training(result: EvaluationResult) -> dict[str, dict[str, float]]:
    """Last accuracies of the training and the held-out images, by model; means over the folds."""
    found: dict[str, dict[str, float]] = {}
    for model in result.models:
        histories = [history for (name, _), history in result.histories.items() if name == model]
        for key, on in (("accuracy", "train"), ("val_accuracy", "validation")):
            last = [history[key][-1] for history in histories if history.get(key)]
            if last:
                found.setdefault(model, {})[on] = float(np.mean(last))
    return found


def compare(
    study: Study,
    figures: dict[str, dict[str, Figure]],
    trained: dict[str, dict[str, float]],
) -> pd.DataFrame:
    """Published against measured: a row for each model and published figure.

    A published figure of validation images is compared with ours of the test images; no model was
    trained on either. Figures that nobody published have rows as well. Intervals of differences
    take the published figure for exact.
    """
    rows = []
    for name, measured in figures.items():
        model = study.model(name)
        published = [figure for figure in study.published if figure.part == model.part]
        for figure in published or [Published(study.metrics[0], np.nan, part=model.part)]:
            own = dict.fromkeys(("value", "low", "high"), np.nan) | measured[figure.metric]
            if figure.on == "train":
                own |= {"value": trained.get(name, {}).get("train", np.nan)}
                own |= {"low": np.nan, "high": np.nan}
            rows.append(_row(study, model, figure, own))
    return pd.DataFrame(rows)


def _row(study: Study, model: Model, figure: Published, own: Figure) -> dict[str, Any]:
    difference = {key: own[key] - figure.value for key in ("value", "low", "high")}
    goal = _goal(study, model, figure)
    return {
        "model": model.name,
        "part": model.part,
        "variant": model.variant,
        "metric": figure.metric,
        "on": figure.on,
        "published": figure.value,
        "note": figure.note,
        "measured": own["value"],
        "low": own["low"],
        "high": own["high"],
        "difference": difference["value"],
        "difference_low": difference["low"],
        "difference_high": difference["high"],
        "goal": np.nan if goal is None else goal.at_least,
        "goal_of": goal.variant if goal else None,
    }


def _goal(study: Study, model: Model, figure: Published) -> Goal | None:
    """The goal of a figure, which is that of test images."""
    for goal in study.goals:
        meant = (goal.part, goal.metric) == (model.part, figure.metric) and figure.on != "train"
        if meant and goal.variant in (None, model.variant):
            return goal
    return None
