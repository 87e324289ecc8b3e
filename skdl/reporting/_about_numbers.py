"""What a run of regressors says to the items of a checklist that ask about classes."""

from collections.abc import Callable

import numpy as np

from skdl._utils.text import counted
from skdl.reporting import _about_data as data
from skdl.reporting import _about_model as model
from skdl.reporting import _answers as run_of
from skdl.reporting._answers import Run, span
from skdl.reporting._numbers import number
from skdl.reporting._words import METHODS, joined_by


def _images(run: Run) -> str:
    y = run.subject.y
    text = (
        f"{counted(len(y), run.cases_are)}, whose targets have the mean {number(float(y.mean()))} "
        f"and the standard deviation {number(float(np.std(y)))}, from {number(float(y.min()))} to "
        f"{number(float(y.max()))}."
    )
    n_tested = len(run.result.per_model(run.model))
    return text if n_tested == len(y) else f"{text} Tested: {n_tested:,}."


def _sizes_of_sets(run: Run) -> str:
    text = f"Tested: {counted(len(run.result.per_model(run.model)), run.cases_are)}."
    if run.prefit:
        return text
    done = run.of_images.predictions.query("model == @run.model")["fold"].unique()
    folds = run.times[run.times["fold"].isin(done)]
    several = f"in each of {len(folds)} folds" if len(folds) > 1 else "in one fold"
    return (
        f"{text} Trained on {span(folds['n_train'])} and tested on {span(folds['n_test'])} "
        f"{run.rows_are}s {several}."
    )


def _output(run: Run) -> str:
    return "One number per image."


def _predictions(run: Run) -> str:
    whose = "estimator" if run.prefit else "estimator of each fold"
    text = f"predict of the fitted {whose}."
    return text if run.result.grouping is None else f"{text} {joined_by(run.result.grouping)}"


def _threshold(run: Run) -> str:
    return ""


def _uncertainty(run: Run) -> str:
    used = set(run.rows["method"])
    named = [text.partition(":")[0] for method, text in METHODS.items() if method in used]
    text = f"{100 * run.level:g}\u00a0% intervals by {', '.join(named)}." if named else ""
    if run.pairs is not None:
        n = counted(len(run.pairs), "pair")
        text += f" Models compared by paired t tests, p values of {n} adjusted by Holm's method."
    return text.strip()


def _failures(run: Run) -> str:
    table = run.result.per_model(run.model)
    errors = np.abs(table["y_pred"] - table["y_true"])
    shown = " The largest errors are shown under “Errors”." if "mistakes" in run.captions else ""
    return (
        f"Half of the predictions are within {number(float(errors.median()))} of the truth, and 95"
        f"\u00a0% within {number(float(errors.quantile(0.95)))}; the largest error is "
        f"{number(float(errors.max()))}.{shown}"
    )


ANSWERS: dict[Callable[[Run], str] | None, Callable[[Run], str]] = {
    data.images: _images,
    run_of.sizes_of_sets: _sizes_of_sets,
    model.output: _output,
    model.predictions: _predictions,
    model.threshold: _threshold,
    run_of.uncertainty: _uncertainty,
    run_of.failures: _failures,
}
"""What takes the place of an answer about classes."""
