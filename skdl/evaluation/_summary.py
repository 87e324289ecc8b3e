"""Scores of all out-of-fold predictions together, with their intervals.

Decisions: docs/decisions.md#evaluation-and-folds.
"""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.checks import check_whole, warn_user
from skdl.evaluation._recorded import Recorded, RecordedPredictions
from skdl.evaluation._scoring import Metric
from skdl.metrics import (
    FEW_GROUPS,
    TABLE,
    KnownScore,
    about_few_groups,
    check_level,
    confidence_interval,
    estimate_score,
)

if TYPE_CHECKING:
    from skdl.evaluation._base_result import FoldTables

_NOTHING = {"value": np.nan, "low": np.nan, "high": np.nan, "method": ""}


def summarize(
    result: "FoldTables", level: float, n_resamples: int, random_state: Any
) -> pd.DataFrame:
    """A row for each model and metric, as :meth:`EvaluationResult.summary` documents it."""
    check_level(level)
    check_whole(n_resamples, "n_resamples", low=1)
    if result.groups is not None and (few := about_few_groups(len(np.unique(result.groups)))):
        warn_user(few)
    bootstrap = {"level": level, "n_resamples": n_resamples, "random_state": random_state}
    rows = []
    for model in result.models:
        repeats = range(result.n_repeats(model))
        parts = [_part(result, model, repeat) for repeat in repeats]
        for name in result.metrics:
            metric = result._metrics[name]
            found = [interval_of(result, metric, *part, bootstrap) for part in parts]
            rows.append(
                {"model": model, "metric": name}
                | mean_of_repeats(found)
                | _over_folds(result.scores, model, name)
                | {"n_repeats": len(found)}
            )
    table = pd.DataFrame(rows)
    table["reason"] = table.pop("reason")  # last
    return table


def _part(result: "FoldTables", model: str, repeat: int) -> tuple[Any, Any, Any]:
    """True labels, predictions and groups of one repeat."""
    table = result.per_model(model, repeat)
    groups = None if result.groups is None else result.groups[table["row"]]
    return table["y_true"].to_numpy(), result.recorded(model, repeat), groups


def interval_of(
    result: "FoldTables",
    metric: Metric,
    y_true: npt.NDArray[Any],
    recorded: Recorded,
    groups: npt.NDArray[Any] | None,
    bootstrap: dict[str, Any],
) -> dict[str, Any]:
    """Value, limits and method of one repeat, or the reason why there are none."""
    if metric.needs_estimator:
        return _NOTHING | {"reason": "It needs the estimator itself, not only its predictions."}
    value, reason = metric.score(recorded, y_true)
    if reason:
        return _NOTHING | {"reason": reason}
    known = result._known(metric)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", message=FEW_GROUPS)  # said once
        try:
            found = known and _known(result, known, y_true, recorded, groups, bootstrap["level"])
            # Where the scorer has another value, as of what is undefined, it is another score.
            if not found or not np.isclose(found[1], value):
                known, method = None, "bootstrap"
                _, low, high = confidence_interval(
                    lambda truth, rows: metric.score(recorded.rows(rows), truth)[0],
                    y_true,
                    np.arange(len(y_true)),
                    groups=groups,
                    stratified=isinstance(recorded, RecordedPredictions),
                    **bootstrap,
                )
            else:
                method, _, low, high = found
        except ValueError as error:
            return _NOTHING | {"value": value, "reason": f"No interval: {error}"}
    said = dict.fromkeys(str(w.message) for w in caught) if known is None or low == high else ()
    reason = " ".join(said)
    if low == high:  # of no width: nothing is known of it
        return _NOTHING | {"value": value, "reason": reason}
    return {"value": value, "low": low, "high": high, "method": method, "reason": reason}


def _known(
    result: Any,
    known: KnownScore,
    y_true: npt.NDArray[Any],
    recorded: Any,
    groups: npt.NDArray[Any] | None,
    level: float,
) -> tuple[str, float, float, float] | None:
    """Method, value and limits of a score with a name; None where it is undefined."""
    y_pred, positive = recorded.predicted, known.pos_label
    of_two = not TABLE[known.name].of_numbers and len(result.classes) <= 2
    if positive is None and of_two and known.average in ("auto", "binary"):
        positive = result.positive
    if not TABLE[known.name].of_labels:
        y_pred = recorded.probabilities if positive is None else recorded.scores_of(positive)
    elif positive is not None and positive not in [*y_true.tolist(), *y_pred.tolist()]:
        y_true, y_pred, positive = y_true == positive, y_pred == positive, True
    try:
        method = estimate_score(known.name, y_true, y_pred, positive, known.average, groups).method
    except ValueError:
        return None
    value, low, high = confidence_interval(
        known.name,
        y_true,
        y_pred,
        groups=groups,
        pos_label=positive,
        average=known.average,  # type: ignore[arg-type]
        level=level,
        random_state=0,
    )
    if known.sign < 0:
        return method, -value, -high, -low
    return method, value, low, high


def mean_of_repeats(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Means of values and limits over the repeats; none where one of the repeats has none."""
    if not found:
        return _NOTHING | {"reason": "No fold has predictions."}
    means = {key: float(np.mean([part[key] for part in found])) for key in ("value", "low", "high")}
    method = "" if np.isnan(means["low"]) else found[0]["method"]
    reasons = dict.fromkeys(part["reason"] for part in found if part["reason"])
    return means | {"method": method, "reason": " ".join(reasons)}


def _over_folds(scores: pd.DataFrame, model: str, metric: str) -> dict[str, Any]:
    found = scores.query("model == @model and metric == @metric")["value"].dropna()
    return {
        "fold_mean": found.mean() if len(found) else np.nan,
        "fold_std": found.std(ddof=1) if len(found) > 1 else np.nan,
        "n_folds": len(found),
    }
