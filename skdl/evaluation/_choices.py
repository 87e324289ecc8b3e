"""What estimators chose while they were fitted, such as the best parameters of a search."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names

from skdl._utils.scikit import is_scorer
from skdl._utils.tags import kind_of
from skdl._utils.text import encodable, plain, shortened
from skdl.evaluation._scoring import score_one

COLUMNS = ["parameter", "value", "metric", "inner_score", "outer_score"]
# Attributes of scikit-learn's estimators that choose numbers, and the parameters they stand for.
_CHOSEN = {"C_": "C", "l1_ratio_": "l1_ratio", "alpha_": "alpha", "n_features_": "n_features"}


def choices_of(estimator: Any, recorded: Any, y_test: Any) -> list[dict[str, Any]]:
    """Each choice in a fitted estimator: parameter, value, best inner score, and the score here.

    `recorded` are the predictions of the whole for the test images. Choices that others follow
    after, as in a step that transforms or a member of an ensemble, have an inner score alone.
    """
    return list(_walk(estimator, "", lambda scorer: score_one(scorer, recorded, None, y_test)[0]))


def _walk(estimator: Any, path: str, outer: Callable[[Any], float] | None) -> Iterator[Any]:
    metric, scorer = _inner_metric(estimator)
    for name, value in _chosen(estimator).items():
        scored = outer is not None and scorer is not None
        row = (
            _join(path, name),
            _shown(value),
            metric,
            _inner_score(estimator),
            outer(scorer) if scored and outer is not None else np.nan,
        )
        yield dict(zip(COLUMNS, row, strict=True))
    for name, inside, is_all in _inside(estimator):
        yield from _walk(inside, _join(path, name), outer if is_all else None)


def _inside(estimator: Any) -> Iterator[tuple[str, Any, bool]]:
    """Fitted estimators inside: their names, and whether each predicts what the whole does."""
    steps = getattr(estimator, "steps", [])
    yield from ((name, step, step is steps[-1][1]) for name, step in steps)
    for name in ("best_estimator_", "estimator_"):
        if hasattr(estimator, name):
            yield "estimator", getattr(estimator, name), True
    members = getattr(estimator, "named_estimators_", {})
    yield from ((name, member, False) for name, member in members.items())
    if hasattr(estimator, "final_estimator_"):
        yield "final_estimator", estimator.final_estimator_, True
    for number, part in enumerate(getattr(estimator, "calibrated_classifiers_", [])):
        yield f"estimator[{number}]", part.estimator, False


def _chosen(estimator: Any) -> dict[str, Any]:
    if hasattr(estimator, "best_params_"):
        return dict(estimator.best_params_)
    if hasattr(estimator, "best_threshold_"):
        return {"threshold": estimator.best_threshold_}
    if not hasattr(estimator, "cv"):
        return {}
    return {
        name: getattr(estimator, key) for key, name in _CHOSEN.items() if hasattr(estimator, key)
    }


def _inner_score(estimator: Any) -> float:
    if hasattr(estimator, "best_score_"):
        return float(estimator.best_score_)
    results = getattr(estimator, "cv_results_", {})
    return float(np.max(results.get("mean_test_score", np.nan)))


def _inner_metric(estimator: Any) -> tuple[str, Any]:
    """The name of what was best in the choice, and its scorer, which may be unknown."""
    scoring = getattr(estimator, "scoring", None)
    if isinstance(scoring, Mapping | list | tuple | set):  # of several, that which decided
        refit = getattr(estimator, "refit", "")
        scoring = scoring.get(refit, "") if isinstance(scoring, Mapping) else refit
    if callable(scoring):
        return shortened(scoring), scoring if is_scorer(scoring) else None
    by_default = "r2" if kind_of(estimator) == "regressor" else "accuracy"
    name = by_default if scoring is None else str(scoring)
    return name, get_scorer(name) if name in get_scorer_names() else None


def _shown(value: Any) -> Any:
    """A value that a file of JSON can hold."""
    found = plain(value)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    simple = found is None or isinstance(found, bool | int | float)
    return found if simple else encodable(found if isinstance(found, str) else shortened(value))


def _join(path: str, name: str) -> str:
    return f"{path}__{name}" if path else name
