"""Whether probabilities are those that are observed, as a report shows it."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from skdl.evaluation import EvaluationResult
from skdl.metrics import confidence_interval
from skdl.plotting import ReliabilityDisplay
from skdl.reporting._words import figure, interval, name_of

# And what they are of perfect probabilities.
_SCORES = {
    "expected_calibration_error": "0",
    "calibration_slope": "1",
    "calibration_intercept": "0",
    "brier": "0",
    "brier_skill": "1",
}
_FEW = 200  # cases; below, a curve of calibration hardly says anything (Van Calster et al. 2019)


def calibration(result: Any, model: str, level: float) -> pd.DataFrame | None:
    """Scores of the probabilities of the positive class; None without either, or of one kind."""
    if not isinstance(result, EvaluationResult):
        return None
    table, recorded = result.per_model(model), result.recorded(model)
    positive = (table["y_true"] == result.positive).to_numpy()
    if (
        result.positive is None
        or recorded.probabilities is None
        or positive.all() == positive.any()
    ):
        return None
    probabilities = recorded.scores_of(result.positive)
    groups = None if result.groups is None else result.groups[table["row"].to_numpy()]
    options: dict[str, Any] = {"groups": groups, "level": level, "random_state": 0}
    rows = []
    for name in _SCORES:
        value, low, high, reason = np.nan, np.nan, np.nan, ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value, low, high = confidence_interval(name, positive, probabilities, **options)
        except ValueError as error:  # such as the slope where probabilities part the classes
            reason = str(error)
        if low == high:
            low = high = np.nan
        rows.append({"score": name, "value": value, "low": low, "high": high, "reason": reason})
    return pd.DataFrame(rows)


def of_calibration(found: pd.DataFrame) -> pd.DataFrame:
    """The scores as they are shown."""
    return pd.DataFrame(
        {
            "Score": [name_of(name) for name in found["score"]],
            "Value": found["value"].map(figure),
            "Interval": [interval(row) for _, row in found.iterrows()],
            "If perfect": [_SCORES[name] for name in found["score"]],
        }
    )


def about_calibration(found: pd.DataFrame, name: str, n: int) -> list[str]:
    """What the scores mean, and why one is missing."""
    text = (
        f"Probabilities of “{name}” against its observed frequency. A slope below 1 means that "
        "they are too extreme, an intercept below 0 that they are too high. The Brier skill "
        "compares with predicting the prevalence for every image."
    )
    few = f"{n} images are too few to assess calibration reliably." if n < _FEW else ""
    why = [f"{name_of(row['score'])}: {row['reason']}" for _, row in found.iterrows()]
    return [text, *filter(None, [few]), *(w for w in why if not w.endswith(": "))]


def in_a_sentence(found: pd.DataFrame) -> str:
    """The scores with their intervals; "" without any."""
    rows = found[found["value"].notna()]
    parts = [
        f"{name_of(row['score'])} {figure(row['value'])}"
        + ("" if pd.isna(row["low"]) else f" ({interval(row)})")
        for _, row in rows.iterrows()
    ]
    return f"{'; '.join(parts)}." if parts else ""


def reliability(codes: Any, probabilities: Any, found: pd.DataFrame, **settings: Any) -> Any:
    """The diagram, with the scores of the table, whose intervals know groups."""
    display = ReliabilityDisplay.from_predictions(codes, probabilities, **settings)
    columns = found.set_index("score")[["value", "low", "high"]]
    scores = {name: tuple(columns.loc[name]) for name in columns.index}
    return replace(display, scores={"": scores}).plot()
