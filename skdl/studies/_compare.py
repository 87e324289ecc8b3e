"""Tables of what several runs of studies found."""

import json
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skdl.studies._catalogue import get_study, list_studies
from skdl.studies._run import FORMAT

_COLUMNS = [
    "study",
    "figure",
    "published",
    "as published",
    "improved",
    "goal",
    "data",
    "training time",
    "command",
]


def compare_studies(folders: Iterable[str | os.PathLike[str]]) -> pd.DataFrame:
    """Put what several runs found beside what was published.

    Parameters
    ----------
    folders : iterable of str or path-like
        Folders of runs, folders that hold such folders, or files ``study.json`` under any name that
        ends in ``.json``.

    Returns
    -------
    table : DataFrame of str
        A row for each published figure: "study", "figure", "published", "as published" and
        "improved" with their intervals, "goal", "data", "training time", "command". Runs of the
        same figure that trained different variants share a row.

    Raises
    ------
    FileNotFoundError
        If a folder holds no run.
    ValueError
        If a file is damaged, or written by another version of skdl.

    Examples
    --------
    >>> import tempfile
    >>> from skdl.studies import compare_studies, run_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = run_study("digits", epochs=1, n_train=200, out=folder, only=["as published"])
    ...     table = compare_studies([folder])
    >>> table[["study", "figure", "command"]].values.tolist()
    [['digits', 'accuracy', 'skdl study run digits --n-train 200 --epochs 1']]
    """
    rows: dict[tuple[str, str], dict[str, list[str]]] = {}
    records = map(_read, _files(folders))
    pairs = [(record, row) for record in records for row in record["comparison"]]
    for record, row in sorted(pairs, key=_place):
        figure = _figure(row)
        cells = rows.setdefault((record["study"], figure), {name: [] for name in _COLUMNS})
        found = _cells(record, row) | {"study": record["study"], "figure": figure}
        for name, text in found.items():
            if text and text not in cells[name]:
                cells[name].append(text)
    table = [
        {name: "; ".join(texts) or "–" for name, texts in row.items()} for row in rows.values()
    ]
    return pd.DataFrame(table, columns=_COLUMNS)


def markdown(table: pd.DataFrame) -> str:
    """Write the table as one of Markdown; without a package for it."""
    lines = [table.columns.tolist(), ["---"] * len(table.columns), *table.values.tolist()]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _files(folders: Iterable[str | os.PathLike[str]]) -> list[Path]:
    found = []
    for folder in map(Path, folders):
        if folder.is_file():
            here = [folder]
        elif (folder / "study.json").is_file():
            here = [folder / "study.json"]
        else:
            here = sorted([*folder.glob("*/study.json"), *folder.glob("*.json")])
        if not here:
            raise FileNotFoundError(
                f"{folder} holds no run of a study: there is no study.json in it or in a folder "
                "in it. Run one with: skdl study run NAME --out DIR"
            )
        found += here
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        known = record["format"] == FORMAT and record["study"] and record["comparison"] is not None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged, or no record of a study: {error}") from error
    if not known:
        raise ValueError(
            f"{path} was written by another version of skdl (format {record['format']}, expected "
            f"{FORMAT}). Run the study again."
        )
    return dict(record)


def _place(pair: tuple[dict[str, Any], dict[str, Any]]) -> tuple[int, bool]:
    """Rows of records in the order of the studies, published variants first."""
    record, row = pair
    return list_studies().index(get_study(record["study"])), row["variant"] != "as published"


def _figure(row: dict[str, Any]) -> str:
    """What is compared: the metric, of which part, on which images."""
    words = [row["metric"], f"({row['on']})" if row["on"] != "test" else "", row["note"]]
    return (f"{row['part']}: " if row["part"] else "") + " ".join(filter(None, words))


def _cells(record: dict[str, Any], row: dict[str, Any]) -> dict[str, str]:
    model, data = record["models"][row["model"]], record["data"]
    settings = record["settings"]
    reduced = [
        f"{settings[key]:,} {what}"
        for key, what in (("n_train", "training images"), ("epochs", "epochs"))
        if settings[key] is not None
    ]
    return {
        row["variant"]: _number(row["measured"], row["low"], row["high"])
        + (f", with {' and '.join(reduced)}" if reduced else ""),
        "published": _number(row["published"]),
        "goal": _goal(row),
        "data": f"{data['name']}: {data['n_train']:,} + {data['n_test']:,}",
        "training time": f"{_duration(model['fit_seconds'])} ({row['variant']})",
        "command": command(record),
    }


def _goal(row: dict[str, Any]) -> str:
    if row["goal"] is None:
        return ""
    variant = row.get("goal_of")  # records of runs before goals had variants do not have it
    return f"≥ {row['goal']:g}" + (f" ({variant})" if variant else "")


def _number(value: float | None, low: float | None = None, high: float | None = None) -> str:
    if value is None or np.isnan(value):
        return "–"
    return f"{value:.4g}" if low is None else f"{value:.4f} ({low:.3f}–{high:.3f})"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def command(record: dict[str, Any]) -> str:
    """What has to be typed to run a study as it was run."""
    words = ["skdl", "study", "run", record["study"]]
    for key, value in record["settings"].items():
        if value is not None and (key, value) != ("seed", 0):
            words += [f"--{key.replace('_', '-')}", str(value)]
    return shlex.join(words)
