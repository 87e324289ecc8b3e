"""An evaluation in a line, and as a part of a notebook."""

import warnings
from typing import Any

import pandas as pd

from skdl._utils import html
from skdl._utils.text import counted, plain, shortened

_MOST_MODELS = 20
_MOST_COLUMNS = 4  # of models; more of them are rows


def in_a_line(result: Any) -> str:
    """How many models, images and folds, and which metrics."""
    return f"<{_heading(result)}; {shortened(list(map(str, result.metrics)))}>"


def page_of(result: Any) -> str:
    """Scores of all models with their intervals, and what has to be known about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever asks for the summary is warned
        summary = result.summary()
    notes = []
    if len(result.missing):
        notes.append(f"{counted(len(result.missing), 'score')} of folds missing: see missing.")
    if len(result.leaks):
        images = counted(len(result.leaks), "test image is", "test images are")
        notes.append(f"{images} also in the training set: see leaks.")
    if len(result.models) > _MOST_MODELS:
        notes.append(f"{_MOST_MODELS} of {len(result.models)} models are shown: see summary().")
    scores = html.line("Scores on test data with 95 % intervals.", *notes)
    return html.block(_heading(result), _table(result, summary), scores)


def _heading(result: Any) -> str:
    n_rows = result.predictions["row"].nunique()
    if result.grouping is not None:  # a row is what was said of a group
        tested = [counted(n_rows, "group")]
    else:
        tested = [counted(n_rows, "image")]
        if result.groups is not None:
            tested.append(counted(len(set(plain(result.groups))), "group"))
    parts = [counted(len(result.models), "model"), *tested]
    if result.cv != "prefit":
        parts.append(counted(result.times["fold"].nunique(), "fold"))
    return f"{type(result).__name__}: {', '.join(parts)}"


def _table(result: Any, summary: pd.DataFrame) -> str:
    cells = {(row.model, row.metric): _cell(row) for row in summary.itertuples()}
    models, metrics = result.models[:_MOST_MODELS], result.metrics
    if len(models) > _MOST_COLUMNS:
        rows = [[model, *(cells.get((model, m), "–") for m in metrics)] for model in models]
        return html.table(("", *metrics), rows)
    rows = [[metric, *(cells.get((m, metric), "–") for m in models)] for metric in metrics]
    return html.table(("", *models), rows)


def _cell(row: Any) -> str:
    if pd.isna(row.value):
        return "–"
    value, low, high = (
        f"{v:.3f}" if abs(v) < 10 else f"{v:.4g}" for v in (row.value, row.low, row.high)
    )
    return value if pd.isna(row.low) else f"{value} ({low} to {high})"
