"""``skdl predict``: what a model says of image files."""

import argparse
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any

from skdl._utils.checks import check_path
from skdl._utils.storage import make_writable, replacing
from skdl._utils.text import counted, names_within, say, shown_path
from skdl.cli._arguments import Commands, add_exclude
from skdl.cli._table import output_width, show_table

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS = 10
_LONGEST_ERROR = 80
_ADVICE = "Choose another file with --out."
# What the name of a file may hold, which is not always UTF-8.
_TEXT = {"index": False, "encoding": "utf-8", "errors": "backslashreplace"}


def add_parser(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "predict",
        help="predict the labels of image files with a saved model",
        description="Predict labels and probabilities of image files with a model that skdl.save "
        "wrote. On a terminal, the first rows and a summary are shown; in a pipe, all rows are "
        "written as CSV, and the summary to standard error. A file that cannot be read gets a row "
        "that says so; the others are predicted, and the exit status is 1.",
    )
    parser.add_argument("model", metavar="MODEL.skdl", help="file that skdl.save wrote")
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="image file, folder or archive of image files (however deep), or CSV file with a "
        "column of paths",
    )
    parser.add_argument("--out", metavar="FILE", help="CSV file to write all rows to")
    parser.add_argument(
        "--explain",
        metavar="DIR",
        help="folder for one picture per image that shows where the evidence is",
    )
    parser.add_argument(
        "--max-explained",
        type=int,
        default=50,
        metavar="N",
        help="maximum number of pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--path-column", metavar="NAME", help="column of the CSV file that holds the paths"
    )
    add_exclude(parser)
    parser.add_argument(
        "--trusted",
        action="append",
        default=[],
        metavar="NAME",
        help="class or function that the model file may import, such as package.module.Name; may "
        "be given several times",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Predict, write and show; 1 where a file could not be read."""
    from skdl.analysis import open_model, predict_files

    out = None if arguments.out is None else check_path(arguments.out, "--out")
    if out is not None:
        if out.is_dir():
            raise IsADirectoryError(f"--out is a folder, {shown_path(out)}. Name a file in it.")
        make_writable(out.parent, _ADVICE)
    if arguments.explain is not None:
        import matplotlib

        matplotlib.use("agg")
    model = open_model(arguments.model, trusted=arguments.trusted)
    table = predict_files(
        model,
        arguments.paths,
        path_column=arguments.path_column,
        exclude=arguments.exclude,
        explain=arguments.explain,
        max_explained=arguments.max_explained,
        verbose=int(sys.stdout.isatty()),
    )
    if out is not None:
        with replacing(out, _ADVICE) as part:
            table.to_csv(part, **_TEXT)
    in_pipe = output_width() is None
    aside = sys.stderr if in_pipe and out is None else None
    if aside is not None:
        say(table.to_csv(index=False).rstrip("\n"))
    elif not in_pipe:
        _show_first(table)
    for line in _summary(table, model):
        say(line if in_pipe else textwrap.fill(line, output_width() or 0), file=aside)
    if out is not None:
        say(f"All rows are in {out}")
    if arguments.explain is not None:
        n = int((table["explanation"] != "").sum())
        folder = check_path(arguments.explain, "--explain")
        say(f"{counted(n, 'picture is', 'pictures are')} in {folder}", file=aside)
    return int((table["error"] != "").any())


def _show_first(table: "pd.DataFrame") -> None:
    first = table.head(_MOST_ROWS)
    names = names_within(table["path"].tolist())[: len(first)]
    header = ["path", "label"]
    probabilities = [name for name in table.columns if name.startswith("proba_")]
    header += ["probability"] * bool(probabilities)
    header += ["unlike"] * ("unlike" in table.columns)
    errors = bool((first["error"] != "").any())
    header += ["error"] * errors
    rows = [
        _cells(row, name, probabilities, errors)
        for name, row in zip(names, first.to_dict("records"), strict=True)
    ]
    show_table(header, rows, right=("probability",))
    if len(table) > len(first):
        say(f"… and {len(table) - len(first):,} more")
    say()


def _cells(row: dict[str, Any], name: str, probabilities: list[str], errors: bool) -> list[str]:
    failed = bool(row["error"])
    cells = [name, "" if failed else str(row["label"])]
    if probabilities:
        cells.append("" if failed else _percent(row["proba_" + row["label"]]))
    if "unlike" in row:
        cells.append("" if failed or not row["unlike"] else f"{row['distance']:.2f} × threshold")
    return [*cells, _cut(row["error"])] if errors else cells


def _cut(error: str) -> str:
    """The beginning of what is wrong, which stands in full in the CSV file."""
    return error if len(error) <= _LONGEST_ERROR else f"{error[:_LONGEST_ERROR]}…"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _summary(table: "pd.DataFrame", model: Any) -> list[str]:
    """How many of each class, and by which threshold; how many are unlike or cannot be read."""
    failed = int((table["error"] != "").sum())
    classes = Counter(table.loc[table["error"] == "", "label"].tolist())
    read = len(table) - failed
    shares = ", ".join(f"{n:,} {label}" for label, n in sorted(classes.items(), key=str))
    lines = [f"{counted(read, 'image')}{f': {shares}' if shares else ''}"]
    if model.threshold is not None:
        lines.append(f"Decision threshold: {model.threshold:.3g}")
    if failed:
        bad = table.loc[table["error"] != ""].iloc[0]
        first = f"{shown_path(bad['path'])} ({_cut(bad['error'])})"
        such = f": {first}" if failed == 1 else f", such as {first}"
        lines.append(f"{counted(failed, 'file')} could not be read or predicted{such}")
    if "unlike" in table.columns:
        unlike = int(table["unlike"].fillna(False).sum())
        rate = getattr(model.novelty, "false_alarm_rate_", None)
        lines.append(
            f"{counted(unlike, 'image is', 'images are')} unlike everything in the training set"
            + ("" if rate is None else f" (false alarms: at most {_percent(rate)})")
        )
    return lines
