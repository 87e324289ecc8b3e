"""What was chosen inside the models, such as the best parameters of a search."""

import pandas as pd

from skdl.evaluation import EvaluationResult
from skdl.reporting._words import figure, in_words

ABOUT_CHOICES = (
    "Inner score: the best score of the search, on parts of the training data of the fold. Outer "
    "score: the same metric on the test images of the fold, which play no part in the choice. The "
    "inner score is usually higher, because it was picked for being the best."
)


def of_model(result: EvaluationResult, model: str) -> pd.DataFrame:
    """Choices of a model; none where an older evaluation is of groups."""
    found = result.choices
    return pd.DataFrame(found[found["model"] == model].reset_index(drop=True))


def of_choices(choices: pd.DataFrame, prefit: bool) -> pd.DataFrame | None:
    """A row for each fold: what was chosen, and how good it was inside and outside."""
    if choices.empty:
        return None
    rows = []
    for (fold, metric), part in choices.groupby(["fold", "metric"], sort=False, dropna=False):
        chosen = [f"{row['parameter']} = {_shown(row['value'])}" for _, row in part.iterrows()]
        row = {
            "Fold": str(fold + 1),
            "Chosen": "\n".join(chosen),
            "By": in_words(str(metric)),
            "Inner score": figure(part["inner_score"].iloc[0]),
            "Outer score": figure(part["outer_score"].iloc[0]),
        }
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.drop(columns="Fold") if prefit else table


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def chosen_in(choices: pd.DataFrame) -> list[str]:
    """What the folds chose, and the inner scores against the outer ones, in sentences."""
    if choices.empty:
        return []
    listed = []
    for name, part in choices.groupby("parameter", sort=False):
        counts = part["value"].map(_shown).value_counts(sort=False)
        folds = [f"{value} ({n} times)" if n > 1 else value for value, n in counts.items()]
        listed.append(f"{name} {', '.join(folds)}")
    found = [f"Chosen: {'; '.join(listed)}."]
    scored = choices.dropna(subset=["inner_score", "outer_score"])
    scored = scored.drop_duplicates(["fold", "metric", "inner_score"])
    if len(scored) and len(set(scored["metric"])) == 1:
        inner, outer = (figure(scored[f"{side}_score"].mean()) for side in ("inner", "outer"))
        metric = in_words(scored["metric"].iloc[0])
        found.append(
            f"Mean {metric} of the best: {inner} in the search, {outer} on the test images."
        )
    return found
