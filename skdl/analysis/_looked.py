"""Where the best model looked in its worst mistakes, by the models that had not seen the images.

Decisions: docs/decisions.md#analyses-and-the-command-line.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from skdl._utils.text import counted
from skdl.analysis._ladder import ON_FEATURES
from skdl.analysis._look import Look
from skdl.analysis._plan import Plan
from skdl.analysis._result import BEST
from skdl.evaluation import EvaluationResult, EvaluationWarning, evaluate
from skdl.reporting import has_network, looked_at

_PLACES = 64  # that are covered in a square image, or fewer
_BY_GRADIENTS = 3.0  # seconds for an image, most of which building them takes


def with_networks(
    result: EvaluationResult, look: Look, plan: Plan, seconds: float, tell: Callable[[str], None]
) -> tuple[EvaluationResult, list[str]]:
    """The result with the models that made the worst mistakes, and what to say of those without.

    Checkpoints keep no models: those of the folds are fitted again, as far as the seconds allow
    for it and for drawing what they looked at.
    """
    wanted = looked_at(result, BEST)
    choices = result.choices.query("model == @BEST and parameter == 'model'")
    picked = choices.set_index("fold")["value"]
    fitted: dict[tuple[str, int], Any] = {}
    n_missed = 0
    for fold, rows in wanted.groupby("fold", sort=False):
        name = str(picked[fold])
        if not has_network(result.estimators[name]):
            continue
        times = result.times.query("model == @name and fold == @fold")
        drawing = len(rows) * _seconds_to_draw(name, plan, len(look.y))
        if float(times["fit_seconds"].iloc[0]) + drawing > seconds:
            n_missed += len(rows)
            continue
        if not fitted:
            tell("Looking at the worst mistakes: where did the network look?")
        start = time.monotonic()
        fitted[BEST, int(fold)] = fitted_again(result, look, name, int(fold))
        seconds -= time.monotonic() - start + drawing
    said = [] if not n_missed else [_about_missed(n_missed, len(wanted))]
    return replace(result, fitted=fitted), said


def _seconds_to_draw(name: str, plan: Plan, n: int) -> float:
    """For one image, as long as the network takes for all of its covered copies."""
    return _PLACES * plan.seconds["features"] / n if name in ON_FEATURES else _BY_GRADIENTS


def fitted_again(result: EvaluationResult, look: Look, name: str, fold: int) -> Any:
    """The model of a fold, fitted to the same images; without its search, what that chose."""
    choices = result.choices.query("model == @name and fold == @fold")
    chosen = dict(zip(choices["parameter"], choices["value"], strict=True))
    tested = result.predictions.query("model == @name and fold == @fold")["row"]
    is_test = np.isin(np.arange(len(look.y)), tested)
    with warnings.catch_warnings():  # that have been given
        warnings.simplefilter("ignore", EvaluationWarning)
        again = evaluate(
            {name: _as_chosen(result.estimators[name], chosen)},
            look.X,
            look.y,
            cv=[(np.flatnonzero(~is_test), np.flatnonzero(is_test))],
            scoring="accuracy",
            groups=result.groups,
            look_alikes="ignore",  # they are among the groups
            return_estimator=True,
        )
    return with_store(again.fitted[name, 0], None)  # of covered images, nobody asks again


def _as_chosen(model: Any, chosen: dict[str, Any]) -> Any:
    """A model whose last part, a search, is what it chose; all of it where a threshold follows."""
    *before, last = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    if not isinstance(last, GridSearchCV):
        return model
    prefix = f"{model.steps[-1][0]}__" if before else ""
    values = {name.removeprefix(prefix): value for name, value in chosen.items()}
    params = last.estimator.get_params()
    best = clone(last.estimator).set_params(**{n: values[n] for n in values if n in params})
    return make_pipeline(*before, best) if before else best


def with_store(model: Any, store: Any) -> Any:
    """A model whose features are kept elsewhere."""
    stores = [name for name in model.get_params() if name.rpartition("__")[2] == "store"]
    return model.set_params(**dict.fromkeys(stores, store))


def _about_missed(n: int, n_wanted: int) -> str:
    return (
        f"Where the network looked is not shown for {n} of the {counted(n_wanted, 'image')} chosen "
        "for it: that would take more than half as long as everything before it, or more than the "
        "time that is left. skdl.plotting.SaliencyDisplay shows it for any image."
    )
