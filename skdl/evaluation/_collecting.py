"""The result of an evaluation, put together of the records of its folds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.multiclass import unique_labels

from skdl._utils.compat import PLAIN_TEXT
from skdl._utils.text import encodable
from skdl.evaluation._choices import COLUMNS as CHOICES
from skdl.evaluation._folds import Fold, FoldRecord
from skdl.evaluation._result import EvaluationResult
from skdl.evaluation._scoring import Metric, RecordedPredictions, column_of, warned_once

_TIMES = ("n_train", "n_test", "n_cores", "fit_seconds", "predict_seconds", "stored_seconds")


def make_result(
    records: Mapping[tuple[str, int], FoldRecord],
    folds: list[Fold],
    y: npt.NDArray[Any],
    metrics: Mapping[str, Metric],
    **rest: Any,
) -> EvaluationResult:
    """Put the records of all folds together, and score what they hold."""
    by_number = {fold.number: fold for fold in folds}
    known = [record.recorded.classes_ for record in records.values() if record.recorded]
    classes = unique_labels(y, *known)  # a test set may lack one
    scores, missing, times, predictions, choices = [], [], [], [], []
    with warned_once():
        scored = {
            (key, metric): _score(how, metric, record, y[by_number[key[1]].test])
            for key, record in records.items()
            for metric, how in metrics.items()
        }
    for model, number in [(model, number) for model in rest["estimators"] for number in by_number]:
        record, key = records[model, number], {"model": model, "fold": number}
        for metric in metrics:
            value, reason = scored[(model, number), metric]
            scores.append({**key, "metric": metric, "value": value})
            if reason:
                missing.append({**key, "metric": metric, "reason": encodable(reason)})
        times.append({**key, **{name: getattr(record, name) for name in _TIMES}})
        choices += [{**key, **choice} for choice in record.choices]
        if record.recorded is not None:
            predictions.append(_table(key, by_number[number].test, record.recorded, y, classes))
    return EvaluationResult(
        scores=pd.DataFrame(scores, columns=["model", "fold", "metric", "value"]),
        missing=pd.DataFrame(missing, columns=["model", "fold", "metric", "reason"]),
        predictions=pd.concat(predictions, ignore_index=True),
        times=pd.DataFrame(times),
        choices=pd.DataFrame(choices, columns=["model", "fold", *CHOICES]),
        histories={
            key: record.history for key, record in sorted(records.items()) if record.history
        },
        fitted={
            key: record.estimator for key, record in records.items() if record.estimator is not None
        },
        classes=classes,
        metrics=list(metrics),
        _metrics=dict(metrics),
        **rest,
    )


def _score(
    metric: Metric, name: str, record: FoldRecord, y_test: npt.NDArray[Any]
) -> tuple[float, str]:
    if record.recorded is None:
        return np.nan, record.failure
    if metric.needs_estimator:
        return record.scores[name], record.reasons.get(name, "")
    return metric.score(record.recorded, y_test)


def _table(
    key: dict[str, Any],
    rows: npt.NDArray[np.intp],
    recorded: RecordedPredictions,
    y: npt.NDArray[Any],
    classes: npt.NDArray[Any],
) -> pd.DataFrame:
    labels = {"y_true": y[rows], "y_pred": np.asarray(recorded.predicted)}
    if not all(encodable(str(label)) == str(label) for label in classes.tolist()):
        labels = {k: pd.Series(v.astype(object), dtype=PLAIN_TEXT) for k, v in labels.items()}
    table = pd.DataFrame({"row": rows, **labels})
    known = recorded.classes_.tolist()
    if recorded.probabilities is not None:
        # A class that was not seen in training has no probability.
        for label in classes.tolist():
            seen = label in known
            values = recorded.probabilities[:, known.index(label)] if seen else 0.0
            table[column_of("proba", label)] = values
    elif recorded.decisions is not None and recorded.decisions.ndim == 1:
        table["decision"] = recorded.decisions
    elif recorded.decisions is not None and recorded.decisions.shape[1] == len(known):
        for label, column in zip(known, recorded.decisions.T, strict=True):
            table[column_of("decision", label)] = column
    for place, (name, value) in enumerate(key.items()):
        table.insert(place, name, value)
    return table
