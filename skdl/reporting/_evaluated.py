"""The evaluation that a report is about, and what its targets are called."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import column_or_1d

from skdl._utils.text import encodable, shortened
from skdl.evaluation import (
    EvaluationResult,
    EvaluationWarning,
    MultioutputResult,
    RegressionResult,
    data_digest,
    evaluate,
)
from skdl.plotting import names_by_label
from skdl.reporting._pictures import codes_of
from skdl.reporting._words import ranked


def evaluated(source: Any, X: Any, y: Any, pos_label: Any) -> Any:
    """An evaluation of X and y: the one that was passed, or that of a fitted estimator."""
    if isinstance(source, EvaluationResult | RegressionResult):
        result = getattr(source.grouping, "of_images", source)
        _check_data(result, X, y, [(result, column_or_1d(y))])
        return source
    if isinstance(source, MultioutputResult):
        images = {name: getattr(one.grouping, "of_images", one) for name, one in source.items()}
        columns = _columns(y, len(images))
        _check_data(
            next(iter(images.values())), X, y, list(zip(images.values(), columns.T, strict=True))
        )
        return source
    with warnings.catch_warnings():  # the report says so itself
        warnings.simplefilter("ignore", EvaluationWarning)
        return evaluate(source, X, y, cv="prefit", pos_label=pos_label)


def _columns(y: Any, n_outputs: int) -> npt.NDArray[Any]:
    """The targets as an array with a column per output."""
    columns = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
    if columns.ndim != 2 or columns.shape[1] != n_outputs:
        raise ValueError(
            f"y has shape {columns.shape}, but the evaluation had {n_outputs} columns. Pass X and "
            "y of the evaluation."
        )
    return columns


def _check_data(result: Any, X: Any, y: Any, parts: list[tuple[Any, npt.NDArray[Any]]]) -> None:
    """Refuse other data than those that were evaluated; parts are outputs with their targets."""
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    rows, n_targets = result.predictions["row"].to_numpy(), len(parts[0][1])
    what = "labels" if isinstance(result, EvaluationResult) else "numbers"
    other = ""
    if n != n_targets or rows.max() >= n:
        other = (
            f"X has {n} images and y has {n_targets} {what}, but the evaluation had "
            f"{rows.max() + 1} or more"
        )
    elif any(_differ(one, labels) for one, labels in parts):
        other = f"The {what} in y differ from those of the evaluation"
    elif data_digest(result.estimators, X, y, result.own_groups) != result.data_digest:
        other = "The images in X differ from those of the evaluation, or are in another order"
    if other:
        raise ValueError(
            f"{other}. Pass X and y of the evaluation; pass images whose features X holds as "
            "`images`."
        )


def _differ(result: Any, labels: npt.NDArray[Any]) -> bool:
    table = result.predictions
    return bool((labels[table["row"].to_numpy()] != table["y_true"].to_numpy()).any())


def class_names(result: Any, target_names: Any) -> list[str]:
    """Names of the classes, in their order; none of numbers."""
    if not isinstance(result, EvaluationResult):
        return []
    if target_names is None:
        return [encodable(str(label)) for label in result.classes.tolist()]
    named = names_by_label([result.classes], target_names)
    return [encodable(named[label]) for label in result.classes.tolist()]


def targets_of(result: Any, y: Any) -> npt.NDArray[Any]:
    """Positions of labels among the classes, or numbers."""
    if isinstance(result, EvaluationResult):
        return codes_of(result, y)
    return np.asarray(column_or_1d(y), np.float64)


def chosen_model(result: Any, summary: pd.DataFrame, model: str | None) -> str:
    """The model that is shown: the one that was named, or the best by the first metric."""
    if model is not None:
        if result.per_model(model).empty:
            raise ValueError(
                f"The model {shortened(model)} has no predictions: all of its folds failed."
            )
        return model
    metric = result.metrics[0]
    first = summary[summary["metric"] == metric].set_index("model")["value"]
    best = ranked(result, metric, first)
    return str(best.idxmax()) if first.notna().any() else result.tested[0]
