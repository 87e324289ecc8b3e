"""The worst mistakes of a model: which images they are."""

import os
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from skdl._utils.text import encodable
from skdl.evaluation import EvaluationResult
from skdl.images import find_paths
from skdl.reporting._words import figure

_N_IMAGES = 12


class Mistakes(NamedTuple):
    """Positions in the predictions of a model, the surest first, and how sure it was of them."""

    positions: npt.NDArray[np.intp]
    confidence: npt.NDArray[np.float64] | None

    @classmethod
    def of(cls, result: EvaluationResult, model: str) -> "Mistakes":
        """The mistakes of a model, at most a dozen."""
        table, confidence = result.per_model(model), result.recorded(model).confidence
        wrong = np.flatnonzero(table["y_true"] != table["y_pred"])
        if confidence is not None:
            wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
        return cls(wrong[:_N_IMAGES], confidence)


def mistakes_table(
    result: EvaluationResult, model: str, X: Any, names: list[str]
) -> pd.DataFrame | None:
    """What the worst mistakes are, by the numbers in their picture; None without any."""
    found = Mistakes.of(result, model)
    if not len(found.positions):
        return None
    rows = result.per_model(model).iloc[found.positions]
    named = dict(zip(result.classes.tolist(), names, strict=True))
    table = pd.DataFrame(
        {
            "No.": [str(number + 1) for number in range(len(rows))],
            "Image": image_names(X, rows["row"].to_numpy()),
            "True class": [named[label] for label in rows["y_true"]],
            "Predicted": [named[label] for label in rows["y_pred"]],
        }
    )
    if found.confidence is not None:
        kind = "Decision value" if result.recorded(model).probabilities is None else "Probability"
        table[kind] = [figure(value) for value in found.confidence[found.positions]]
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
