"""Estimators inside estimators."""

from collections.abc import Iterator
from typing import Any

from sklearn.utils.metadata_routing import get_routing_for_object


def nested(estimator: Any) -> Iterator[Any]:
    """An estimator, then what it stands for: the best of a search, the last step of a pipeline."""
    while estimator is not None:
        yield estimator
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            inner = getattr(estimator, "estimator_", None)
            estimator = getattr(estimator, "best_estimator_", inner)


def history_of(estimator: Any) -> dict[str, list[float]] | None:
    """``history_`` of the network that an estimator is or stands for; None without one."""
    histories = (getattr(inner, "history_", None) for inner in nested(estimator))
    return next((dict(history) for history in histories if history), None)


def asks_for(estimator: Any, name: str) -> bool:
    """Whether an estimator, or one in it that gets them from it, asks for metadata in `fit`."""
    try:
        return bool(get_routing_for_object(estimator).consumes("fit", [name]))
    except NotImplementedError:  # some of scikit-learn's pass nothing on
        return False
