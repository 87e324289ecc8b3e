"""A report as Markdown, with its pictures beside it, and as JSON."""

import html
import json
import re
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from skdl.audit import DataAudit
from skdl.reporting._checklist import ABOUT, LEFT_OPEN
from skdl.reporting._choices import ABOUT_CHOICES
from skdl.reporting._content import Content

_FINDINGS = (
    (
        "Mistakes",
        "mistakes",
        ("confusion", "predicted", "agreement", "operating_point", "mistakes", "saliency"),
    ),
    ("Calibration", "calibration", ("reliability", "decision_curve")),
    ("Classes", "per_class", ("classes",)),
    ("Subgroups", "subgroups", ("subgroups",)),
)
_REST = (
    ("Data", "data", ("distribution", "samples")),
    ("Training", "times", ("training",)),
)
# Sections that are left out where there is nothing, and what explains them.
_NOTES = {"calibration": "about_calibration", "subgroups": "about_subgroups"}


def markdown(content: Content, folder: str) -> str:
    """The report as Markdown; `folder` is where its pictures lie."""
    parts = [
        f"# {_plain(content.title)}",
        f"{content.created}, {_plain(content.model)}",
        *map(_plain, content.lead),
        *(f"> {_plain(caution)}" for caution in content.cautions),
        *_scores(content, folder, 2),
    ]
    for name, part in content.outputs:
        parts += [f"## {_plain(name)}", *map(_plain, part.lead)]
        parts += [f"> {_plain(caution)}" for caution in part.cautions]
        parts += [*_scores(part, folder, 3), *_sections(part, _FINDINGS, folder, 3)]
    if not content.outputs:
        parts += _sections(content, _FINDINGS, folder, 2)
    parts += _sections(content, _REST, folder, 2)
    if content.choices is not None:
        parts += ["## Chosen parameters", _table(content.choices), _plain(ABOUT_CHOICES)]
    if len(content.missing):
        parts += ["## Missing scores", _table(content.missing)]
    parts += ["## How to reproduce", _facts(content.reproduce), _code(content.estimator)]
    parts += [_facts(content.versions), _facts(content.machine), "## Model card"]
    for heading, sentences in content.card:
        parts += [f"### {heading}", *map(_plain, sentences)]
    parts += ["## Checklist", _plain(ABOUT), *_checklist(content)]
    return "\n\n".join(parts) + "\n"


def _scores(content: Content, folder: str, level: int) -> list[str]:
    """Scores, and how the models compare."""
    mark = "#" * level
    parts = [f"{mark} Scores", _table(content.scores), *map(_plain, content.intervals)]
    drawn = _images(content, ("comparison",), folder)
    if content.comparison is None:
        return parts + drawn
    parts += [f"{mark} Comparison of models", *drawn]
    return [*parts, _table(content.comparison), _plain(content.about_comparison)]


def _sections(
    content: Content, sections: tuple[tuple[str, str, Any], ...], folder: str, level: int
) -> list[str]:
    """Headings with their tables and pictures; without either, there is no heading."""
    parts = []
    for heading, table, names in sections:
        shown, drawn = getattr(content, table), _images(content, names, folder)
        if shown is None and (table in _NOTES or not drawn):
            continue
        parts.append(f"{'#' * level} {content.mistakes_are if table == 'mistakes' else heading}")
        if shown is not None:
            parts.append(_table(shown))
        if table in _NOTES:
            parts += map(_plain, getattr(content, _NOTES[table]))
        parts += drawn
        if table == "data" and content.findings is not None:
            listed = "\n".join(f"- {_plain(finding)}" for finding in content.findings)
            parts += ["### What the audit found", listed]
            parts += _images(content, ("look_alikes",), folder)
    return parts


def _checklist(content: Content) -> list[str]:
    """Items with answers as a table, those without as a list."""
    found = pd.DataFrame(
        [(line.asks, line.numbers, line.text) for line in content.answered],
        columns=["Item", "Number", "Answer"],
    )
    parts = [_table(found)]
    if content.left_open:
        parts += [f"### {LEFT_OPEN}", _facts(left_open(content))]
    return parts


def left_open(content: Content) -> dict[str, str]:
    """Items without an answer, by section, as text."""
    return {
        section: "; ".join(f"{line.asks} ({line.numbers})" for line in lines)
        for section, lines in content.left_open.items()
    }


def as_json(content: Content) -> str:
    """The figures of the report as JSON, for other programs."""
    found = _as_dict(content)
    if content.outputs:
        found["outputs"] = {name: _found(part) for name, part in content.outputs}
    text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False, default=_plain_value)
    # Programs refuse lone surrogates, be they escaped or not: it is the escape that is read.
    return re.sub("[\ud800-\udfff]", lambda half: f"\\\\u{ord(half[0]):04x}", text) + "\n"


def _as_dict(content: Content) -> dict[str, Any]:
    return {
        "title": content.title,
        "created": content.created,
        "model": content.model,
        **_found(content),
        "data": _records(content.data),
        "audit": None if content.audit is None else _audit(content.audit),
        "choices": _records(content.choice_scores),
        "estimator": content.estimator,
        "versions": content.versions,
        "machine": content.machine,
        "reproduce": content.reproduce,
        "checklist": [asdict(line) for line in content.checklist],
        "model_card": dict(content.card),
    }


def _found(content: Content) -> dict[str, Any]:
    """What was found of one output."""
    scores, probabilities = content.subgroup_scores, content.calibration_scores
    return {
        "summary": content.lead,
        "cautions": content.cautions,
        "scores": _records(content.summary),
        "intervals": content.intervals,
        "mistakes": None if content.mistakes is None else _records(content.mistakes),
        "comparison": None if content.pairs is None else _records(content.pairs),
        "per_class": None if content.per_class is None else _records(content.per_class),
        "subgroups": None if scores is None else _records(scores),
        "calibration": None if probabilities is None else _records(probabilities),
        "missing": _records(content.missing),
    }


def _audit(audit: DataAudit) -> dict[str, Any]:
    """What an audit found, with the rows of what should be looked at."""
    return {
        "findings": audit.findings,
        "summary": _records(audit.summary()),
        "shortcuts": _records(audit.shortcuts),
        "look_alikes": _records(audit.look_alikes),
        "conflicts": _records(audit.conflicts),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts; what is missing is null, since JSON has no NaN."""
    rows = frame.astype(object).where(frame.notna(), None)
    records: list[dict[str, Any]] = rows.to_dict("records")
    return records


def _plain_value(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def _plain(text: Any) -> str:
    """Text of the user's that Markdown shows as it is."""
    escaped = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|#$~])", r"\\\1", escaped)


def _table(frame: pd.DataFrame) -> str:
    head = [_plain(column) for column in frame.columns]
    rows = [[_plain(value) for value in row] for row in frame.itertuples(index=False)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _code(text: str) -> str:
    """A block of code that nothing in it ends; indented, it would belong to the list above."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _facts(facts: dict[str, str]) -> str:
    return "\n".join(f"- {_plain(key)}: {_plain(value)}" for key, value in facts.items() if value)


def _images(content: Content, names: tuple[str, ...], folder: str) -> list[str]:
    return [
        f"![{_plain(picture.caption)}]({folder}/{picture.file_name}.png)"
        for picture in content.pictures
        if picture.name in names
    ]
