"""Evaluating model by model, from the bottom of the ladder up, while there is time."""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from skdl._utils.checks import each_told_once
from skdl.analysis._cluster import folds_by
from skdl.analysis._ladder import ON_FEATURES, build, features
from skdl.analysis._look import Look
from skdl.analysis._plan import Plan
from skdl.analysis._write import about_failures
from skdl.evaluation import EvaluationResult, EvaluationWarning, evaluate
from skdl.store import fill

_METRICS = {
    True: ["roc_auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv"],
    False: ["balanced_accuracy", "accuracy", "f1_macro"],
}
_AGAIN = "Run the same command again to continue with it."
_AROUND_A_MODEL = 5.0  # seconds that an evaluation takes beside its fits, at most


def how_to_evaluate(found: Look, settings: dict[str, Any]) -> dict[str, Any]:
    """How `evaluate` is called."""
    splitter = StratifiedGroupKFold if found.joined else StratifiedKFold
    cv = splitter(settings["folds"], shuffle=True, random_state=settings["random_state"])
    return {"cv": cv, "scoring": _METRICS[found.binary], "pos_label": found.pos_label}


class Pace:
    """How much slower models are than planned, all of them so far together."""

    def __init__(self) -> None:
        self._planned = self._took = 0.0

    def add(self, planned: float, took: float) -> None:
        """Count a model; what takes no longer than any evaluation says nothing."""
        self._planned += planned
        self._took += max(took - _AROUND_A_MODEL, 0.0)

    def expected(self, planned: float) -> float:
        """Seconds for another model."""
        return planned * max(1.0, self._took / max(self._planned, 1.0))


def climb(
    found: Look,
    plan: Plan,
    settings: dict[str, Any],
    out: Path,
    deadline: float,
    tell: Callable[[str], None],
    client: Any = None,
) -> tuple[EvaluationResult, Plan]:
    """All models for which there is time, on the same folds; and the plan as it was carried out."""
    if set(plan.models) & set(ON_FEATURES) and "features" in plan.seconds:
        _compute_features(found, plan, client)
    result, pace = None, Pace()
    done: dict[str, Any] = {}
    told: set[tuple[type, str]] = set()
    for name in list(plan.models):
        began = time.monotonic()
        left = max(deadline - began, 0.0)
        planned = plan.seconds.get(name, 0.0)
        # On a machine that is slower than planned it is tried all the same: no fold is begun once
        # the time is up, and those that are done are kept.
        if done and (planned > left or pace.expected(planned) / settings["folds"] > left):
            plan = plan.without(name, f"which takes longer than the {left:.0f} s that are left")
            tell(f"Left out: {name}, {plan.left_out[name]}. {_AGAIN}")
            continue
        try:
            with each_told_once(told), _quiet_after(bool(done)), folds_by(client):
                result = evaluate(
                    {**done, name: build(name, plan.setting)},
                    found.X,
                    found.y,
                    **how_to_evaluate(found, settings),
                    groups=found.groups,
                    look_alikes=found.audit,
                    checkpoint=out / "folds",
                    timeout=left if done else None,
                    verbose=0,
                )
        except TimeoutError:
            plan = plan.without(name, "which took longer than planned, and longer than allowed")
            tell(f"Left out: {name}, {plan.left_out[name]}. {_AGAIN}")
            continue
        assert isinstance(result, EvaluationResult)
        done[name] = result.estimators[name]
        took = time.monotonic() - began
        pace.add(planned, took)
        tell(f"{name:<10} {_mean(result, name)}  {took:.0f} s")
        for line in about_failures(result, name):
            tell(f"           {line}")
    assert isinstance(result, EvaluationResult)
    return result, plan


def _compute_features(found: Look, plan: Plan, client: Any) -> None:
    """Put all features into the store, here or by the workers of a cluster."""
    transformer = features(plan.setting)
    if client is None:
        transformer.fit_transform(found.X)
        return
    each = getattr(transformer, "transformer_list", [("", transformer)])
    for _, part in each:
        fill(part, found.X, plan.setting.store, client, verbose=0)


@contextmanager
def _quiet_after(again: bool) -> Iterator[None]:
    """Say once what is wrong with groups, and leave undefined scores to the report."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*scores are missing", EvaluationWarning)
        if again:
            warnings.simplefilter("ignore", EvaluationWarning)
        yield


def _mean(result: EvaluationResult, name: str) -> str:
    metric = result.metrics[0]
    rows = result.scores.query("model == @name and metric == @metric")["value"]
    if rows.isna().all():
        return f"{metric} is missing"
    return f"{metric} {rows.mean():.3f} (mean of {rows.notna().sum()} folds)"
