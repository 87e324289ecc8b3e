"""What a report says, whatever it is written as."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Any

import pandas as pd
from sklearn.utils import estimator_html_repr

from skdl._utils.environment import machine, versions
from skdl._utils.scikit import safe_indexing
from skdl.audit import DataAudit
from skdl.reporting import _tables as tables
from skdl.reporting._answers import Run
from skdl.reporting._audited import NOTHING, audited
from skdl.reporting._calibration import about_calibration, calibration, of_calibration
from skdl.reporting._card import card as model_card
from skdl.reporting._card import energy
from skdl.reporting._checklist import Line, checklist
from skdl.reporting._choices import of_choices, of_model
from skdl.reporting._evaluated import chosen_model, class_names, targets_of
from skdl.reporting._more_pictures import audit_plans, calibration_plans, subgroup_plans
from skdl.reporting._pictures import Picture, Subject, pictures
from skdl.reporting._reproducing import reproduce
from skdl.reporting._subgroups import about_subgroups, of_subgroups, subgroups
from skdl.reporting._wording import wording
from skdl.reporting._words import about_grouping, about_intervals, best_of


@dataclass(frozen=True)
class Content:
    """Everything in a report, ready to be shown as text: tables hold strings."""

    title: str
    created: str
    model: str
    of_numbers: bool
    lead: list[str]
    cautions: list[str]
    scores: pd.DataFrame
    intervals: list[str]
    mistakes: pd.DataFrame | None
    comparison: pd.DataFrame | None
    about_comparison: str
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
    per_class: pd.DataFrame | None
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
    outputs: tuple[tuple[str, "Content"], ...] = ()  # those of each label or number, if several

    @property
    def mistakes_are(self) -> str:
        """Heading of what was predicted wrongly."""
        return "Errors" if self.of_numbers else "Mistakes"

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


def of_one(
    result: Any,
    X: Any,
    shown: Any,
    y: Any,
    *,
    title: str | None,
    notes: Sequence[str],
    model: str | None,
    target_names: Any,
    image_shape: Any,
    level: float,
    card: Any,
    stated: Any,
    audit: Any,
    draw: bool,
) -> Content:
    """The report of an evaluation of one class, label or number per image."""
    of_images = shown, y
    images_evaluated = getattr(result.grouping, "of_images", result)
    if result.grouping is not None:
        shown, y = safe_indexing(shown, result.grouping.first_rows), result.grouping.labels
        notes = [*notes, about_grouping(result.grouping)]
    best = model is None and len(result.tested) > 1
    summary = result.summary(level=level)
    model = chosen_model(result, summary, model)
    rows = summary[summary["model"] == model]
    names = class_names(result, target_names)
    whole, subject = (
        Subject(result, model, rows_of, targets_of(result, of_rows), names, image_shape, summary)
        for rows_of, of_rows in (of_images, (shown, y))
    )
    said = wording(subject)
    sentences = said.lead(rows, level)
    sections = model_card(result, model, names, sentences, card)
    own_groups = images_evaluated.own_groups
    audit, unaudited = audited(audit, whole, own_groups, result=images_evaluated)
    parts = subgroups(result, model, level)
    choices = of_model(images_evaluated, model)
    calibrated = calibration(result, model, level)
    plans = chain(
        said.plans(),
        calibration_plans(subject, calibrated, level),
        audit_plans(whole, audit),
        subgroup_plans(subject, parts, level),
    )
    drawn, failed = pictures(plans) if draw else ([], [])
    estimator = result.estimators[model]
    pairs, uncompared = _compared(result, level)
    described = tables.described(whole)
    again = reproduce(result, estimator)
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
        reproduce=again,
        versions=versions(),
        machine=machine(),
        captions={picture.name: picture.caption for picture in drawn},
    )
    return Content(
        title=title or f"Evaluation of {model}",
        created=datetime.date.today().isoformat(),
        model=model,
        of_numbers=subject.of_numbers,
        lead=[*notes, *sentences, *([best_of(result, summary, model)] if best else [])],
        cautions=[*said.cautions(), *failed, *uncompared, *unaudited],
        scores=said.scores(rows),
        intervals=[*said.about_positive(), *about_intervals(result, model, rows, level)],
        mistakes=said.mistakes(shown),
        comparison=None if pairs is None else said.pairs(pairs),
        about_comparison=said.about_comparisons,
        pairs=pairs,
        data=said.data(whole, described),
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
        per_class=said.per_class(),
        times=tables.times(result),
        missing=tables.missing(result, model),
        pictures=drawn,
        diagram=_diagram(estimator),
        estimator=repr(estimator),
        versions=run.versions,
        machine=run.machine,
        reproduce=again,
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


def _compared(result: Any, level: float) -> tuple[pd.DataFrame | None, list[str]]:
    """The comparison of the models, or why there is none."""
    if len(result.tested) < 2:
        return None, []
    try:
        return result.compare(level=level), []
    except ValueError as error:  # such as test images of one class
        return None, [f"The models are not compared: {error}"]
