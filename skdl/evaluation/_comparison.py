"""The models of an evaluation compared, pair by pair."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from skdl.evaluation._scoring import RecordedPredictions
from skdl.metrics import compare_models

if TYPE_CHECKING:
    from skdl.evaluation._result import EvaluationResult

_OF_A_CLASS = ("auc_", "delong_", "sensitivity_", "specificity_", "reason")


def compare(result: "EvaluationResult", level: float) -> pd.DataFrame:
    """A row for each pair of models, as :meth:`EvaluationResult.compare` documents it."""
    tables = {model: result.per_model(model).set_index("row") for model in result.tested}
    if len(tables) < 2:
        raise ValueError(
            f"There are {len(tables)} models with predictions, and nothing to compare."
        )
    rows = sorted(set.intersection(*(set(table.index) for table in tables.values())))
    truth = next(iter(tables.values())).loc[rows, "y_true"].to_numpy()
    recorded = {
        model: RecordedPredictions.from_table(table.loc[rows], result.classes)
        for model, table in tables.items()
    }
    common: dict[str, Any] = {
        "labels": result.classes.tolist(),
        "y_pred": {model: what.predicted for model, what in recorded.items()},
        "level": level,
    }
    positive = result.positive
    scores = {
        model: what.probabilities if positive is None else what.scores_of(positive)
        for model, what in recorded.items()
    }
    found = compare_models(truth, scores, pos_label=positive, **common)
    if positive is not None and len(result.classes) > 2:
        of_all = compare_models(truth, dict.fromkeys(recorded), **common)
        for column in found:
            if not column.startswith(_OF_A_CLASS):
                found[column] = of_all[column]
    return found
