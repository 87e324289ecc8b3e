"""Groups on their way to everything in an estimator that splits rows.

Decisions: docs/decisions.md#groups.
"""

from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.multioutput import ClassifierChain, RegressorChain
from sklearn.preprocessing import TargetEncoder
from sklearn.semi_supervised import SelfTrainingClassifier

from skdl._utils.text import shortened
from skdl.evaluation._inner_folds import (
    ask_for_groups,
    folds_by_groups,
    passes_on,
    routing_of,
    splits_itself,
    takes_groups,
)

_MANY = 10_000  # rows above which early_stopping="auto" of scikit-learn holds some out
_SHOWN = 5  # gaps, in a warning


class Gap(NamedTuple):
    """What inside an estimator does not keep groups together: its parameter, and why."""

    path: str
    reason: str


class _Part(NamedTuple):
    """An estimator inside another, and its parameter there."""

    name: str
    estimator: Any


def keep_groups_inside(estimator: Any, n_rows: int, path: str = "") -> list[Gap]:
    """Change an estimator, a copy that is nobody else's, so that groups reach all of its splits.

    Folds by number become folds that keep groups together, and what can take groups asks for them.
    What does not keep groups together comes back; it is as it was.
    """
    if isinstance(estimator, FrozenEstimator):
        return []
    gaps = _prepare_parts(estimator, n_rows, path)
    gaps += _prepare_folds(estimator, path)
    _ask(estimator)
    if _holds_rows_out(estimator, n_rows) and not takes_groups(estimator):
        reason = f"{_name(estimator)} holds out rows for early stopping and does not use groups"
        gaps.append(Gap(path, reason))
    return gaps


def about_gaps(estimators: Mapping[str, Any], n_rows: int) -> str:
    """What in estimators does not keep groups together, in words; "" if there is nothing."""
    said = []
    for model, estimator in estimators.items():
        for path, reason in keep_groups_inside(clone(estimator), n_rows):
            said.append(f"{shortened(model)}{f', {path}' if path else ''}: {reason}")
    if not said:
        return ""
    more = f"; and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return (
        "A group may be on both sides of splits inside the estimators, which biases the choice of "
        f"parameters: {'; '.join(said[:_SHOWN])}{more}. Set cv to a number or to a splitter "
        "that uses groups, and turn off early stopping that holds out single rows."
    )


# ---- estimators inside -----------------------------------------------------------------------


def _prepare_parts(estimator: Any, n_rows: int, path: str) -> list[Gap]:
    gaps = []
    closed = _why_closed(estimator)
    for part in _parts(estimator):
        before, inside = clone(part.estimator), _join(path, part.name)
        found = keep_groups_inside(part.estimator, n_rows, inside)
        if not takes_groups(part.estimator) or (not closed and _reaches(estimator, part)):
            gaps += found
        else:
            _ask(before, asks=False)  # or passing groups by it would be an error
            estimator.set_params(**{part.name: before})
            reason = closed or f"{_name(estimator)} does not pass groups on"
            gaps.append(Gap(inside, f"{reason} to {_name(before)}"))
    return gaps


def _parts(estimator: Any) -> Iterator[_Part]:
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        return
    for name, value in estimator.get_params(deep=False).items():
        if _is_estimator(value):
            yield _Part(name, value)
        elif isinstance(value, list):
            for item in value:  # steps of a pipeline, members of an ensemble
                if isinstance(item, tuple) and len(item) > 1 and _is_estimator(item[1]):
                    yield _Part(item[0], item[1])


def _is_estimator(value: Any) -> bool:
    both = hasattr(value, "fit") and hasattr(value, "get_params")
    return both and not isinstance(value, type)


def _why_closed(estimator: Any) -> str:
    """Why no groups may be passed to what is inside; "" if they may."""
    if isinstance(estimator, SelfTrainingClassifier):
        return "SelfTrainingClassifier, which fits to some of its rows, does not pass groups on"
    several = ""
    for name in ("param_grid", "param_distributions"):
        grids = getattr(estimator, name, None) or []
        for grid in [grids] if isinstance(grids, Mapping) else grids:
            for key, values in grid.items():
                found = [v for v in values if _is_estimator(v)] if _is_listed(values) else []
                for candidate in found:
                    _ask(candidate, asks=False)
                if found or key.rpartition("__")[2] == "cv":
                    several = (
                        f"{_name(estimator)}, which searches over {key}, does not pass groups on"
                    )
    return several


def _is_listed(values: Any) -> bool:
    return isinstance(values, list | tuple)


def _reaches(estimator: Any, part: _Part) -> bool:
    """Whether groups for an estimator get to what is inside; changes both where that helps."""
    if isinstance(estimator, StackingClassifier) and part.name == "final_estimator":
        return splits_itself(estimator)
    if passes_on(routing_of(estimator), part.name):
        return True
    # As a step that transforms, what asks only its parts is not asked.
    return splits_itself(part.estimator) and passes_on(routing_of(estimator), part.name)


# ---- folds, and rows that are held out ---------------------------------------------------------


def _prepare_folds(estimator: Any, path: str) -> list[Gap]:
    params = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    cv, where = params.get("cv"), _join(path, "cv")
    if "cv" not in params or isinstance(cv, str | bool):  # "prefit"
        return []
    if cv is None and isinstance(estimator, ClassifierChain | RegressorChain):
        return []  # which then splits nothing
    if cv is None and isinstance(estimator, RidgeClassifierCV | RidgeCV):
        return [Gap(where, f"{_name(estimator)} leaves out single images: set cv to a number")]
    by_number = cv is None or isinstance(cv, Real)
    if not by_number and not (hasattr(cv, "split") and takes_groups(cv, "split")):
        return [Gap(where, f"{shortened(cv)} of {_name(estimator)} ignores groups")]
    if by_number:
        estimator.cv = folds_by_groups(estimator)
    if isinstance(estimator, RidgeClassifierCV) and estimator.scoring is None:
        estimator.scoring = "accuracy"  # the same, without its endless routing
    inner = "TargetEncoder" if isinstance(estimator, TargetEncoder) else ""
    if _asks_its_splitter(estimator) or (not inner and splits_itself(estimator)):
        return []
    estimator.cv = cv
    return [Gap(where, f"{_name(estimator)} does not ask its folds to keep groups together")]


def _asks_its_splitter(estimator: Any) -> bool:
    """Whether the folds of an estimator get its groups by scikit-learn's metadata routing."""
    if isinstance(estimator, CalibratedClassifierCV) and estimator.ensemble is not True:
        return False  # it says so, but with one calibrator its folds get nothing
    if isinstance(estimator, RidgeClassifierCV):
        return False  # nor does it fit with routing and without weights in scikit-learn 1.9
    return passes_on(routing_of(estimator), "splitter")


def _ask(estimator: Any, asks: bool = True) -> None:
    """Ask for groups, or not, where `fit` can take them and nobody has decided it."""
    requests = getattr(getattr(routing_of(estimator), "fit", None), "requests", {})
    if "groups" in requests and requests["groups"] is None:
        ask_for_groups(estimator, asks)
    if not asks:
        for part in _parts(estimator):
            _ask(part.estimator, asks)


def _holds_rows_out(estimator: Any, n_rows: int) -> bool:
    params = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    if params.get("validation_fraction") is None:
        return False
    stops = params.get("early_stopping", params.get("n_iter_no_change") is not None)
    return n_rows > _MANY if stops == "auto" else bool(stops)


def _name(estimator: Any) -> str:
    return type(estimator).__name__


def _join(path: str, name: str) -> str:
    return f"{path}__{name}" if path else name
