"""What a report says, whatever it is written as."""

import datetime
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Any

import pandas as pd
from sklearn.utils import check_consistent_length, column_or_1d, estimator_html_repr

from skdl._utils.environment import machine, versions
from skdl._utils.scikit import safe_indexing
from skdl._utils.text import encodable, shortened
from skdl.audit import DataAudit
from skdl.evaluation import EvaluationResult, EvaluationWarning, data_digest, evaluate
from skdl.plotting import names_by_label
from skdl.reporting import _tables as tables
from skdl.reporting._answers import Run
from skdl.reporting._audited import NOTHING, audited, check_audit
from skdl.reporting._calibration import about_calibration, calibration, of_calibration
from skdl.reporting._card import card as model_card
from skdl.reporting._card import energy
from skdl.reporting._checklist import Line, check_stated, checklist
from skdl.reporting._choices import of_choices, of_model
from skdl.reporting._more_pictures import audit_plans, calibration_plans, subgroup_plans
from skdl.reporting._pictures import Picture, Subject, codes_of, pictures
from skdl.reporting._subgroups import about_subgroups, of_subgroups, subgroups
from skdl.reporting._words import (
    about_grouping,
    about_intervals,
    about_positive,
    best_of,
    cautions,
    lead,
)


@dataclass(frozen=True)
class Content:
    """Everything in a report, ready to be shown as text: tables hold strings."""

    title: str
    created: str
    model: str
    lead: list[str]
    cautions: list[str]
    scores: pd.DataFrame
    intervals: list[str]
    mistakes: pd.DataFrame | None
    comparison: pd.DataFrame | None
    pairs: pd.DataFrame | None
    data: pd.DataFrame
    audit: DataAudit | None
    findings: list[str] | None
    subgroups: pd.DataFrame | None
    about_subgroups: list[str]
    subgroup_scores: pd.DataFrame | None
    calibration: pd.DataFrame | None
    about_calibration: list[str]
    calibration_scores: pd.DataFrame | None
    choices: pd.DataFrame | None
    choice_scores: pd.DataFrame
    per_class: pd.DataFrame
    times: pd.DataFrame
    missing: pd.DataFrame
    pictures: list[Picture]
    diagram: str
    estimator: str
    versions: dict[str, str]
    machine: dict[str, str]
    reproduce: dict[str, str]
    checklist: list[Line]
    card: list[tuple[str, list[str]]]
    summary: pd.DataFrame

    @property
    def answered(self) -> list[Line]:
        """Items of the checklist with an answer."""
        return [line for line in self.checklist if line.text]

    @property
    def left_open(self) -> dict[str, list[Line]]:
        """Items without one, by section."""
        found: dict[str, list[Line]] = {}
        for line in self.checklist:
            if not line.text:
                found.setdefault(line.section, []).append(line)
        return found


def gather(
    source: Any,
    X: Any,
    y: Any,
    *,
    images: Any,
    title: str | None,
    notes: Sequence[str],
    model: str | None,
    pos_label: Any,
    target_names: Any,
    image_shape: Any,
    level: float,
    card: Any,
    stated: Any,
    audit: Any,
) -> Content:
    """Evaluate, if that was not done, and put everything together."""
    check_stated(stated)  # before the work
    check_audit(audit, column_or_1d(y).size)
    result = _evaluated(source, X, y, pos_label)
    evaluated = getattr(result.grouping, "of_images", result)
    shown = X if images is None else images
    check_consistent_length(shown, y)
    of_images = shown, y
    if result.grouping is not None:
        shown, y = safe_indexing(shown, result.grouping.first_rows), result.grouping.labels
        notes = [*notes, about_grouping(result.grouping)]
    best = model is None and len(result.tested) > 1
    summary = result.summary(level=level)
    model = _chosen(result, summary, model)
    rows = summary[summary["model"] == model]
    names = class_names(result, y, target_names)
    whole, subject = (
        Subject(result, model, rows_of, codes_of(result, labels), names, image_shape, summary)
        for rows_of, labels in (of_images, (shown, y))
    )
    sentences = lead(result, model, rows, names, level)
    sections = model_card(result, model, names, sentences, card)
    audit, unaudited = audited(audit, whole, evaluated.own_groups)
    parts = subgroups(result, model, level)
    choices = of_model(evaluated, model)
    calibrated = calibration(result, model, level)
    more = chain(
        calibration_plans(subject, calibrated, level),
        audit_plans(whole, audit),
        subgroup_plans(subject, parts, level),
    )
    drawn, failed = pictures(subject, more)
    estimator = result.estimators[model]
    pairs, uncompared = _compared(result, level)
    described = tables.described(whole)
    reproduce = _reproduce(result, estimator)
    run = Run(
        subject=subject,
        whole=whole,
        X=X,
        described=described,
        audit=audit,
        subgroups=parts,
        choices=choices,
        calibration=calibrated,
        rows=rows,
        pairs=pairs,
        level=level,
        lead=sentences,
        energy=energy(result, model),
        reproduce=reproduce,
        versions=versions(),
        machine=machine(),
        captions={picture.name: picture.caption for picture in drawn},
    )
    return Content(
        title=title or f"Evaluation of {model}",
        created=datetime.date.today().isoformat(),
        model=model,
        lead=[*notes, *sentences, *([best_of(result, summary, model)] if best else [])],
        cautions=[*cautions(result, model, names), *failed, *uncompared, *unaudited],
        scores=tables.scores(rows),
        intervals=[*about_positive(result, names), *about_intervals(result, model, rows, level)],
        mistakes=tables.mistakes(result, model, shown, names),
        comparison=None if pairs is None else tables.of_pairs(pairs),
        pairs=pairs,
        data=tables.data(whole, described),
        audit=audit,
        findings=None if audit is None else audit.findings or [NOTHING],
        subgroups=None if parts is None else of_subgroups(parts),
        about_subgroups=[] if parts is None else about_subgroups(parts),
        subgroup_scores=parts,
        calibration=None if calibrated is None else of_calibration(calibrated),
        about_calibration=[] if calibrated is None else _about_calibration(subject, calibrated),
        calibration_scores=calibrated,
        choices=of_choices(choices, result.cv == "prefit"),
        choice_scores=choices,
        per_class=tables.per_class(subject),
        times=tables.times(result),
        missing=tables.missing(result, model),
        pictures=drawn,
        diagram=_diagram(estimator),
        estimator=repr(estimator),
        versions=run.versions,
        machine=run.machine,
        reproduce=reproduce,
        checklist=checklist(run, stated, card),
        card=sections,
        summary=summary,
    )


def _diagram(estimator: Any) -> str:
    """An estimator as scikit-learn draws it."""
    try:
        return str(estimator_html_repr(estimator))
    except UnicodeError:  # it reads its style sheet in the encoding of the locale
        return f"<pre>{escape(repr(estimator))}</pre>"


def _about_calibration(subject: Subject, found: pd.DataFrame) -> list[str]:
    result = subject.result
    name = subject.names[result.classes.tolist().index(result.positive)]
    return about_calibration(found, name, len(result.per_model(subject.model)))


def _compared(result: EvaluationResult, level: float) -> tuple[pd.DataFrame | None, list[str]]:
    """The comparison of the models, or why there is none."""
    if len(result.tested) < 2:
        return None, []
    try:
        return result.compare(level=level), []
    except ValueError as error:  # such as test images of one class
        return None, [f"The models are not compared: {error}"]


def _evaluated(source: Any, X: Any, y: Any, pos_label: Any) -> EvaluationResult:
    """An evaluation of X and y: the one that was passed, or that of a fitted classifier."""
    if isinstance(source, EvaluationResult):
        _check_data(getattr(source.grouping, "of_images", source), X, y)
        return source
    with warnings.catch_warnings():  # the report says so itself
        warnings.simplefilter("ignore", EvaluationWarning)
        return evaluate(source, X, y, cv="prefit", pos_label=pos_label)


def _check_data(result: EvaluationResult, X: Any, y: Any) -> None:
    labels, rows = column_or_1d(y), result.predictions["row"].to_numpy()
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    other = ""
    if n != len(labels) or rows.max() >= n:
        other = (
            f"X has {n} images and y {len(labels)} labels, but the evaluation had "
            f"{rows.max() + 1} or more"
        )
    elif (labels[rows] != result.predictions["y_true"].to_numpy()).any():
        other = "y holds other labels than the evaluation"
    elif data_digest(X, y, result.own_groups) != result.data_digest:
        other = "X holds other images than the evaluation, or in another order"
    if other:
        raise ValueError(
            f"{other}. Pass X and y of the evaluation; images that X was made of go to `images`."
        )


def class_names(result: EvaluationResult, y: Any, target_names: Any) -> list[str]:
    """Names of the classes, in their order."""
    if target_names is None:
        return [encodable(str(label)) for label in result.classes.tolist()]
    named = names_by_label([result.classes], target_names)
    return [encodable(named[label]) for label in result.classes.tolist()]


def _chosen(result: EvaluationResult, summary: pd.DataFrame, model: str | None) -> str:
    if model is not None:
        if result.per_model(model).empty:
            raise ValueError(
                f"The model {shortened(model)} has no predictions: all of its folds failed."
            )
        return model
    first = summary[summary["metric"] == result.metrics[0]].set_index("model")["value"]
    return str(first.idxmax()) if first.notna().any() else result.tested[0]


def _reproduce(result: EvaluationResult, estimator: Any) -> dict[str, str]:
    params = {"": estimator, **estimator.get_params()}
    seeds = {name: params[name] for name in params if name.rpartition("__")[2] == "random_state"}
    free = [name for name, value in seeds.items() if value is None]
    unseeded = [name for name in free if _draws(params[name.rpartition("__")[0]])]
    return {
        "Folds": "fitted before" if result.cv == "prefit" else f"cv={result.cv}",
        "Seeds": ", ".join(f"{name}={value!r}" for name, value in seeds.items()) or "none",
        "May differ": f"without a seed: {', '.join(unseeded)}" if unseeded else "",
        "Data": f"sha256 {result.data_digest}",
    }


# When estimators of scikit-learn use their seed, as far as that is not always.
_DRAWS_IF: dict[str, Callable[[dict[str, Any]], bool]] = {
    "SVC": lambda p: p.get("probability") is True,
    "NuSVC": lambda p: p.get("probability") is True,
    "LogisticRegression": lambda p: p["solver"] in ("liblinear", "sag", "saga"),
    "LogisticRegressionCV": lambda p: p["solver"] in ("liblinear", "sag", "saga"),
    "RidgeClassifier": lambda p: p["solver"] in ("sag", "saga"),
    "LinearSVC": lambda p: p["dual"] is not False,
    "PCA": lambda p: p["svd_solver"] in ("auto", "arpack", "randomized"),
    "TunedThresholdClassifierCV": lambda p: isinstance(p["cv"], float),
}


def _draws(estimator: Any) -> bool:
    """Whether a seed may change what an estimator learns."""
    known = _DRAWS_IF.get(type(estimator).__name__)
    ours = not type(estimator).__module__.startswith("sklearn.")
    return known is None or ours or known(estimator.get_params(deep=False))
