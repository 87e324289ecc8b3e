"""The result of an evaluation, put together of the records of its folds."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.multiclass import unique_labels

from skdl._utils.compat import PLAIN_TEXT
from skdl._utils.text import encodable
from skdl.evaluation._choices import COLUMNS as CHOICES
from skdl.evaluation._folds import Fold, FoldRecord
from skdl.evaluation._multioutput import MultioutputResult
from skdl.evaluation._recorded import RecordedPredictions, column_of
from skdl.evaluation._regression import RegressionResult
from skdl.evaluation._result import EvaluationResult
from skdl.evaluation._scoring import Metric, warned_once
from skdl.evaluation._targets import Targets

_TIMES = ("n_train", "n_test", "n_cores", "fit_seconds", "predict_seconds", "stored_seconds")


def make_result(
    records: Mapping[tuple[str, int], FoldRecord],
    folds: list[Fold],
    targets: Targets,
    metrics: Mapping[str, Metric],
    **rest: Any,
) -> EvaluationResult | RegressionResult | MultioutputResult:
    """Put the records of all folds together, and score what they hold: each output for itself."""
    if targets.outputs is None:
        return _of_one_output(records, folds, targets, metrics, rest)
    of_output = {}
    with warned_once():
        for number, name in enumerate(targets.outputs):
            own = {key: _of_output(record, number) for key, record in records.items()}
            settings = rest if targets.of_numbers else rest | {"pos_label": 1}
            column = targets.column(number)
            of_output[name] = _of_one_output(own, folds, column, metrics, settings)
    return MultioutputResult(of_output)


def _of_output(record: FoldRecord, number: int) -> FoldRecord:
    recorded = record.recorded
    return replace(record, recorded=recorded[number] if isinstance(recorded, list) else None)


def _of_one_output(
    records: Mapping[tuple[str, int], FoldRecord],
    folds: list[Fold],
    targets: Targets,
    metrics: Mapping[str, Metric],
    rest: Mapping[str, Any],
) -> EvaluationResult | RegressionResult:
    y, rest = targets.values, dict(rest)
    classes = None
    if not targets.of_numbers:
        said = [record.recorded for record in records.values()]
        known = [one.classes_ for one in said if isinstance(one, RecordedPredictions)]
        classes = unique_labels(y, *known)  # a test set may lack one
    tables = _tables(records, folds, y, metrics, rest["estimators"], classes)
    if classes is None:
        rest.pop("pos_label", None)
        return RegressionResult(**tables, **rest)
    return EvaluationResult(classes=classes, **tables, **rest)


def _tables(
    records: Mapping[tuple[str, int], FoldRecord],
    folds: list[Fold],
    y: npt.NDArray[Any],
    metrics: Mapping[str, Metric],
    models: Iterable[str],
    classes: npt.NDArray[Any] | None,
) -> dict[str, Any]:
    by_number = {fold.number: fold for fold in folds}
    scores, missing, times, predictions, choices = [], [], [], [], []
    with warned_once():
        scored = {
            (key, metric): _score(how, metric, record, y[by_number[key[1]].test])
            for key, record in records.items()
            for metric, how in metrics.items()
        }
    for model, number in [(model, number) for model in models for number in by_number]:
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
    return {
        "scores": pd.DataFrame(scores, columns=["model", "fold", "metric", "value"]),
        "missing": pd.DataFrame(missing, columns=["model", "fold", "metric", "reason"]),
        "predictions": pd.concat(predictions, ignore_index=True),
        "times": pd.DataFrame(times),
        "choices": pd.DataFrame(choices, columns=["model", "fold", *CHOICES]),
        "histories": {
            key: record.history for key, record in sorted(records.items()) if record.history
        },
        "fitted": {
            key: record.estimator for key, record in records.items() if record.estimator is not None
        },
        "metrics": list(metrics),
        "_metrics": dict(metrics),
    }


def _score(
    metric: Metric, name: str, record: FoldRecord, y_test: npt.NDArray[Any]
) -> tuple[float, str]:
    if record.recorded is None:
        return np.nan, record.failure
    if metric.needs_estimator:
        return record.scores[name], record.reasons.get(name, "")
    assert not isinstance(record.recorded, list)
    return metric.score(record.recorded, y_test)


def _table(
    key: dict[str, Any],
    rows: npt.NDArray[np.intp],
    recorded: Any,
    y: npt.NDArray[Any],
    classes: npt.NDArray[Any] | None,
) -> pd.DataFrame:
    labels: dict[str, Any] = {"y_true": y[rows], "y_pred": np.asarray(recorded.predicted)}
    if classes is not None and not all(_is_plain(label) for label in classes.tolist()):
        labels = {k: pd.Series(v.astype(object), dtype=PLAIN_TEXT) for k, v in labels.items()}
    table = pd.DataFrame({"row": rows, **labels})
    if classes is not None:
        table = _with_scores(table, recorded, classes)
    for place, (name, value) in enumerate(key.items()):
        table.insert(place, name, value)
    return table


def _is_plain(label: Any) -> bool:
    """Whether text is such as UTF-8 can hold."""
    return encodable(str(label)) == str(label)


def _with_scores(
    table: pd.DataFrame, recorded: RecordedPredictions, classes: npt.NDArray[Any]
) -> pd.DataFrame:
    """Probabilities or decision values of each class, beside the labels."""
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
    return table
