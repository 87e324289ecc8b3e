"""An audit as text for terminals, and as a part of a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from skdl._utils import html
from skdl._utils.text import counted, encodable, middle_out, printable

if TYPE_CHECKING:
    from skdl.audit._result import DataAudit

_WIDTH = 88
_MOST_ROWS = 10
_TITLES = {
    "unreadable": "Unreadable files",
    "conflicts": "Conflicts",
    "group_conflicts": "Conflicts between groups",
    "label_errors": "Labels contradicted by a model",
    "look_alikes": "Look-alikes",
    "copies": "Copies",
    "empty": "Empty images",
    "shortcuts": "Shortcuts",
    "value_ranges": "Value ranges",
    "modes": "Modes",
    "sizes": "Sizes",
}
_FAULTS = [*_TITLES][:8]
NOTHING = "Nothing was found."


def heading_of(audit: DataAudit) -> str:
    """What was audited, in a line."""
    parts = [counted(len(audit.images), "image")]
    if audit.classes is not None:
        parts.append(counted(len(audit.classes), "class", "classes"))
    parts.append(counted(int(audit.groups.max()) + 1, "group"))
    return f"Audit of {', '.join(parts)}"


def text_of(audit: DataAudit) -> str:
    """The findings, numbered, in lines of a terminal."""
    lines = [heading_of(audit), ""]
    for number, finding in enumerate(audit.findings, start=1):
        start = f"{number}. "
        lines += textwrap.wrap(
            finding, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start),
            break_on_hyphens=False,
        )  # fmt: skip
    tables = [name for name in _FAULTS if len(getattr(audit, name))]
    end = ["", f"See {', '.join([*tables, 'groups'])}."] if tables else []
    return "\n".join([*lines, *end] if audit.findings else [*lines, NOTHING])


def page_of(audit: DataAudit) -> str:
    """The findings, and the beginning of each table that is not empty."""
    findings = "".join(f"<li>{html.text(finding)}</li>" for finding in audit.findings)
    body = f"<ol>{findings}</ol>" if findings else f"<p>{NOTHING}</p>"
    return encodable(html.block(heading_of(audit), body, *_tables(audit)))


def _tables(audit: DataAudit) -> Iterator[str]:
    for name, title in _TITLES.items():
        table: pd.DataFrame = getattr(audit, name)
        if len(table):
            rows = (
                f"{_MOST_ROWS} of {len(table):,} rows"
                if len(table) > _MOST_ROWS
                else (counted(len(table), "row"))
            )
            shown = table.head(_MOST_ROWS)
            # The class, where it is the index.
            shown = (shown.reset_index() if shown.index.name else shown).map(_cell)
            yield (
                f"<details><summary>{title} ({rows}: <code>audit.{name}</code>)</summary>"
                f"{shown.to_html(index=False, border=0, escape=True, justify='left')}</details>"
            )


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(middle_out(value)) if isinstance(value, str) else value
