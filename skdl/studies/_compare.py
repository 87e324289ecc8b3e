"""Tables of what several runs of studies found."""

import html
import json
import os
import shlex
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skdl.studies._catalogue import get_study, list_studies
from skdl.studies._declaration import Model
from skdl.studies._record import FORMAT
from skdl.studies._settings import SETTINGS
from skdl.studies._text import cut, harmless, shown, usable

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
    "notes",
]
_KEYS = {"study", "settings", "data", "notes", "models", "comparison"}  # what is read of a record


def compare_studies(folders: Iterable[str | os.PathLike[str]]) -> pd.DataFrame:
    """Compare the results of several runs with the published figures.

    Parameters
    ----------
    folders : iterable of str or path-like
        Folders of runs, folders that hold such folders, or files ``study.json`` under any name that
        ends in ``.json``.

    Returns
    -------
    table : DataFrame of str
        One row per published figure: "study", "figure", "published", "as published" and
        "improved" with their intervals and pretrained networks, "goal", "data", "training time",
        "command" and "notes": what stands in for published images and networks. Runs of the same
        figure that trained different variants share a row.

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
    ...     run = run_study("digits", epochs=1, n_train=200, out=folder, only=["improved"])
    ...     table = compare_studies([folder])
    >>> table[["study", "figure", "command"]].values.tolist()
    [['digits', 'accuracy', 'skdl study run digits --n-train 200 --epochs 1 --only improved']]
    """
    rows: dict[tuple[str, str], dict[str, list[str]]] = {}
    records = map(_read, _files(folders))
    pairs = [(record, row) for record in records for row in record["comparison"]]
    for record, row in sorted(pairs, key=_place):
        found = _cells(record, row)
        key = (found["study"], found["figure"])
        cells = rows.setdefault(key, {name: [] for name in _COLUMNS})
        for name, text in found.items():
            if text and text not in cells[name]:
                cells[name].append(text)
    table = [
        {name: "; ".join(map(harmless, texts)) or "–" for name, texts in row.items()}
        for row in rows.values()
    ]
    return pd.DataFrame(table, columns=_COLUMNS)


def markdown(table: pd.DataFrame) -> str:
    """Write the figures, the runs and the notes in Markdown; without a package for it."""
    of_runs = ["data", "training time", "command"]
    figures = table.drop(columns=["notes", *of_runs])
    runs = table[["study", *of_runs]].drop_duplicates()
    runs["command"] = [f"`{commands.replace('; ', '`; `')}`" for commands in runs["command"]]
    ends = "\n".join(f"- {note}" for note in notes(table))
    text = "\n\n".join(filter(None, (_rows(figures), _rows(runs), ends)))
    return html.escape(text, quote=False)


def _rows(table: pd.DataFrame) -> str:
    lines = [table.columns.tolist(), ["---"] * len(table.columns), *table.values.tolist()]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def notes(table: pd.DataFrame) -> list[str]:
    """The notes of a table of :func:`compare_studies`, each once and with its studies."""
    known = table[table["notes"] != "–"].drop_duplicates(["study", "notes"])
    return [
        f"{', '.join(dict.fromkeys(rows['study']))}: {note}"
        for note, rows in known.groupby("notes", sort=False)
    ]


def _files(folders: Iterable[str | os.PathLike[str]]) -> list[Path]:
    found = []
    if isinstance(folders, str | os.PathLike):
        folders = [folders]
    for folder in map(usable, folders):
        if folder.is_file():
            here = [folder]
        elif (folder / "study.json").is_file():
            here = [folder / "study.json"]
        else:
            files = {*folder.glob("*/study.json"), *folder.glob("*.json")}
            here = sorted(files - {folder / SETTINGS})
        if not here:
            raise FileNotFoundError(
                f"{folder} holds no run of a study: there is no study.json in it or in its "
                "subfolders. Run one with: skdl study run NAME --out DIR"
            )
        found += here
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        if record["format"] == FORMAT:
            lacking = sorted(_KEYS - record.keys())
            if lacking:
                raise ValueError(f"it has no {', '.join(lacking)}")
            if not record["comparison"]:
                raise ValueError("it holds no comparison")
            for row in record["comparison"]:
                _cells(record, row)
            return dict(record)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else cut(str(error))
        raise ValueError(f"{path} is damaged, or not a record of a study: {reason}") from error
    raise ValueError(
        f"{path} was written by another version of skdl (format {shown(record['format'])}, "
        f"expected {FORMAT}). Run the study again."
    )


def _refuse(constant: str) -> None:
    raise ValueError(f"it holds {constant}")


def _place(pair: tuple[dict[str, Any], dict[str, Any]]) -> tuple[int, bool]:
    """Rows of records in the order of the studies, published variants first."""
    record, row = pair
    return list_studies().index(get_study(record["study"])), row["variant"] != "as published"


def _figure(row: dict[str, Any]) -> str:
    """What is compared: the metric, of which part; the published one may be of other images."""
    words = [row["metric"], "(train)" if row["on"] == "train" else "", row["note"]]
    return (f"{row['part']}: " if row["part"] else "") + " ".join(filter(None, words))


def _cells(record: dict[str, Any], row: dict[str, Any]) -> dict[str, str]:
    """What a record says about one published figure, in words."""
    model, data = record["models"][row["model"]], record["data"]
    published = _number(row["published"])
    n_train = min(data["n_train"], model["n_train"] or data["n_train"])
    measured = [_number(row["measured"], row["low"], row["high"]), _conditions(record, model)]
    return {
        "study": record["study"],
        "figure": _figure(row),
        row["variant"]: ", with ".join(filter(None, measured)),
        "published": f"{published} (validation)" if row["on"] == "validation" else published,
        "goal": _goal(row),
        "data": f"{data['name']}: {n_train:,} + {data['n_test']:,}",
        "training time": f"{_duration(model['fit_seconds'])} ({row['variant']})",
        "command": command(record),
        "notes": " ".join(record["notes"]),
    }


def _conditions(record: dict[str, Any], model: dict[str, Any]) -> str:
    """In what a model is not the published one."""
    settings, found = record["settings"], []
    if model["backbone"]:
        weights = settings["weights"]
        if settings["backbone"] or (weights and weights != "random"):
            found.append(model["backbone"])
        if weights == "random":
            found.append("random weights")
    if settings["n_train"] and not model["n_train"]:
        found.append(f"{settings['n_train']:,} training images")
    if settings["epochs"]:
        found.append(f"{settings['epochs']:,} epoch{'s' if settings['epochs'] > 1 else ''}")
    if settings["seed"]:
        found.append(f"seed {settings['seed']}")
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


def _goal(row: dict[str, Any]) -> str:
    if row["goal"] is None:
        return ""
    return f"≥ {row['goal']:g}" + (f" ({row['goal_of']})" if row["goal_of"] else "")


def _number(value: float | None, low: float | None = None, high: float | None = None) -> str:
    if value is None or np.isnan(value):
        return "–"
    return f"{value:.4g}" if low is None else f"{value:.4f} ({low:.3f}–{high:.3f})"


def _duration(seconds: float) -> str:
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def command(record: dict[str, Any]) -> str:
    """What has to be typed to run a study as it was run."""
    words = ["skdl", "study", "run", record["study"]]
    for key, value in record["settings"].items():
        if value is not None and (key, value) != ("seed", 0):
            words += [f"--{key.replace('_', '-')}", str(value)]
    models = get_study(record["study"]).models
    return shlex.join(words + _only(models, record["models"].keys()))


def _only(models: Sequence[Model], trained: Set[str]) -> list[str]:
    """The options that choose the models that were trained."""
    if trained >= {model.name for model in models}:
        return []
    for variant in dict.fromkeys(model.variant for model in models):
        if trained == {model.name for model in models if model.variant == variant}:
            return ["--only", variant]
    return [word for model in models if model.name in trained for word in ("--only", model.name)]
