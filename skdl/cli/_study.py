"""The command ``skdl study``: list, run and compare case studies."""

import argparse
import shutil
import sys
import textwrap
import warnings
from collections.abc import Sequence
from typing import Any, TextIO

import pandas as pd

from skdl._utils.text import printable, say
from skdl.studies import (
    Published,
    Setting,
    Study,
    StudyRun,
    compare_studies,
    get_study,
    list_studies,
    markdown,
    notes,
    notes_of,
    run_study,
    smaller,
)

_INTERRUPTED = "Interrupted. The same command goes on after the last fold that was done."
_NARROWEST = 40
_ON_SCREEN = ["study", "figure", "published", "as published", "improved", "goal"]


def run_command(arguments: argparse.Namespace) -> int:
    """Run one of the commands and return the status of the process."""
    actions = {"list": _list, "run": _run, "compare": _compare}
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show
            actions[arguments.action](arguments)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        say(f"\nskdl study: {_INTERRUPTED}", file=sys.stderr)
        return 130
    except (OSError, ValueError) as error:
        say(f"skdl study: {error}", file=sys.stderr)
        return 1
    return 0


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning for somebody who does not care which line of code it comes from."""
    say(f"skdl study: {message}", file=sys.stderr)


def _list(arguments: argparse.Namespace) -> None:
    studies = list_studies()
    first = max(len(study.name) for study in studies) + 2
    width = max(_NARROWEST, shutil.get_terminal_size((100, 24)).columns)
    for study in studies:
        lines = [line for text in _described(study) for line in textwrap.wrap(text, width - first)]
        say(f"{study.name:<{first}}{lines[0]}")
        say(textwrap.indent("\n".join(lines[1:]), " " * first))


def _described(study: Study) -> list[str]:
    figures = ", ".join(map(_figure, study.published)) or "none"
    found = [study.title, f"published: {figures}"]
    if study.backbone:
        found.append(f"pretrained network: {study.backbone}")
    return [*found, study.stand_in] if study.stand_in else found


def _figure(figure: Published) -> str:
    where = [figure.part, figure.note, "" if figure.on == "test" else figure.on]
    words = ", ".join(filter(None, where))
    return f"{figure.metric} {figure.value:g}" + (f" ({words})" if words else "")


def _run(arguments: argparse.Namespace) -> None:
    study = get_study(arguments.name)
    say(f"{study.name}: {study.title}")
    asked = {
        name: getattr(arguments, name)
        for name in ("seed", "n_train", "epochs", "backbone", "weights")
    }
    setting = Setting(**asked)
    for note in [*notes_of(study, setting), *smaller(setting)]:
        say(note)
    run = run_study(study.name, **asked, out=arguments.out, only=arguments.only, verbose=1)
    data = run.record["data"]
    folds = f" in the first of {data['n_folds']} folds" if data["n_folds"] > 1 else ""
    say(
        f"\n{data['name']}: {data['n_train']:,} images to train on, {data['n_test']:,} to test "
        f"on{folds}.\n"
    )
    say("\n".join(_table(run)))
    say(f"\nReport: {run.folder / 'report.html'}; everything else: {run.folder}")


def _table(run: StudyRun) -> list[str]:
    draws = run.record["data"]["draws"]
    interval = "middle 95 % of draws" if draws else "95 % interval"
    rows = [["model", "metric", "published", "measured", interval, "difference", "its interval"]]
    for row in run.comparison.to_dict("records"):
        where = " (validation)" if row["on"] == "validation" else ""
        rows.append(
            [
                row["model"],
                row["metric"] + (" (train)" if row["on"] == "train" else ""),
                f"{row['note']} {_number(row['published'])}{where}".strip(),
                _number(row["measured"]),
                _limits(row["low"], row["high"]),
                _number(row["difference"], "+.4f"),
                _limits(row["difference_low"], row["difference_high"], "+.3f"),
            ]
        )
    return aligned(rows)


def _limits(low: float, high: float, form: str = ".3f") -> str:
    return "–" if pd.isna(low) else f"{low:{form}} to {high:{form}}"


def _number(value: float, form: str = ".4f") -> str:
    return "–" if pd.isna(value) else f"{value:{form}}"


def aligned(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Columns as wide as their widest cell."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _compare(arguments: argparse.Namespace) -> None:
    table = compare_studies(arguments.folders)
    if arguments.markdown:
        say(markdown(table))
        return
    shown = table[_ON_SCREEN]
    say("\n".join(aligned([shown.columns.tolist(), *shown.to_numpy().tolist()])))
    width = max(_NARROWEST, shutil.get_terminal_size((100, 24)).columns)
    for note in notes(table):
        say(textwrap.fill(note, width, initial_indent="\n", subsequent_indent="  "))
