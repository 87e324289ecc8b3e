"""What an analysis of a folder found."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from skdl.audit import DataAudit
from skdl.evaluation import EvaluationResult

BEST = "best"


@dataclass(frozen=True, repr=False)
class FolderAnalysis:
    """Results of :func:`skdl.analyze_folder`, and where they are.

    Attributes
    ----------
    out : Path
        The folder with ``report.html`` (or ``.md``, ``.json``), ``predictions.csv``,
        ``model.skdl``, ``run.json``, ``run.py``, ``plan.json``, the folds and the features.
    result : EvaluationResult
        Scores, predictions and times of all models, and of "best", which each fold chose among them
        by its inner scores.
    best : str
        The model that was fitted on all images: the one with the best inner scores.
    model : classifier
        That model, fitted. It accepts paths of images.
    estimate : dict
        Estimated score of "best": "metric", "value", "low" and "high".
    audit : DataAudit
        What is wrong with the images.
    left_out : dict of str to str
        Models that were not run, and why.

    See Also
    --------
    skdl.analyze_folder : Analyse a folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from skdl import analyze_folder
    >>> draw = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name, brightness in (("day", 120), ("night", 40)):
    ...         Path(root, "sky", name).mkdir(parents=True)
    ...         for number in range(12):
    ...             pixels = draw.integers(brightness, brightness + 99, (8, 8), dtype=np.uint8)
    ...             Image.fromarray(pixels).save(Path(root, "sky", name, f"{number}.png"))
    ...     found = analyze_folder(
    ...         Path(root, "sky"), models=["majority", "shortcuts"], report="json", verbose=0
    ...     )
    >>> found.best, found.out.name
    ('shortcuts', 'sky-skdl')
    """

    out: Path
    result: EvaluationResult
    best: str
    model: Any
    estimate: dict[str, Any]
    audit: DataAudit
    left_out: dict[str, str] = field(default_factory=dict)

    def summary(self) -> pd.DataFrame:
        """Scores of all models, and of the best, with intervals.

        Returns
        -------
        summary : pandas.DataFrame
            As :meth:`skdl.EvaluationResult.summary` returns it.
        """
        return self.result.summary()

    def __repr__(self) -> str:
        return f"FolderAnalysis({self.best!r}, {in_words(self.estimate)}, out={str(self.out)!r})"


def in_words(estimate: dict[str, Any]) -> str:
    """An estimate with its interval."""
    low, high = estimate["low"], estimate["high"]
    interval = "" if pd.isna(low) else f" (95 % interval {low:.3f} to {high:.3f})"
    names = {"roc_auc": "ROC AUC", "balanced_accuracy": "balanced accuracy"}
    return f"{names.get(estimate['metric'], estimate['metric'])} {estimate['value']:.3f}{interval}"


def estimate_of(result: EvaluationResult, model: str, summary: pd.DataFrame) -> dict[str, Any]:
    """The first metric of a model, with its interval."""
    metric = result.metrics[0]
    row = summary[(summary["model"] == model) & (summary["metric"] == metric)].iloc[0]
    numbers = {name: float(row[name]) for name in ("value", "low", "high")}
    return {"metric": metric, **numbers}
