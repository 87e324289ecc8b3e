"""``skdl study``: list, run and compare case studies."""

import argparse
import math
import textwrap
from typing import TYPE_CHECKING

from skdl._utils.text import say
from skdl.cli._arguments import Commands, seed
from skdl.cli._table import output_width, show_table

if TYPE_CHECKING:
    from skdl.studies import Published, Study, StudyRun

_ON_SCREEN = ["study", "figure", "published", "as published", "improved", "goal"]
_SETTINGS = ("seed", "n_train", "epochs", "backbone", "weights")


def add_parser(commands: Commands) -> None:
    """Add the command, its actions and their arguments."""
    study = commands.add_parser(
        "study",
        help="list, run or compare the case studies",
        description="Run published experiments again and compare them with the published figures.",
    )
    actions = study.add_subparsers(title="actions", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="name, title and published figures of each study")
    listing.set_defaults(run=_list)

    running = actions.add_parser(
        "run",
        help="train and test the models of a study",
        description="Train and test the models of a study, write a report, and print published and "
        "measured figures. A run that was killed resumes where it stopped.",
    )
    running.add_argument("name", metavar="NAME", help="see: skdl study list")
    running.add_argument(
        "--n-train", type=int, metavar="N", help="training images (default: all of them)"
    )
    running.add_argument(
        "--epochs", type=int, metavar="E", help="epochs of each network (default: the study's)"
    )
    running.add_argument("--seed", type=seed, default=0, help="random seed (default: %(default)s)")
    running.add_argument("--out", metavar="DIR", help="output folder (default: skdl-studies/NAME)")
    running.add_argument("--backbone", help="pretrained network instead of the published one")
    running.add_argument("--weights", metavar="FILE", help='its weights, or "random"')
    running.add_argument(
        "--only",
        action="append",
        metavar="MODEL",
        help='only this model, or variant: "as published" or "improved"; may be repeated',
    )
    running.set_defaults(
        run=_run, after_interrupt="The same command resumes after the last completed fold."
    )

    comparing = actions.add_parser(
        "compare", help="compare the results of several runs with the published figures"
    )
    comparing.add_argument(
        "folders", nargs="+", metavar="DIR", help="folder of a run, or of several"
    )
    comparing.add_argument(
        "--markdown", action="store_true", help="print all columns, as a table in Markdown"
    )
    comparing.set_defaults(run=_compare)


def _list(arguments: argparse.Namespace) -> int:
    from skdl.studies import list_studies

    rows = [(study.name, _described(study)) for study in list_studies()]
    show_table(("study", "description"), rows)
    return 0


def _described(study: "Study") -> str:
    lines = [
        study.title,
        f"published: {', '.join(map(_figure, study.published)) or 'none'}",
        f"pretrained network: {study.backbone}" if study.backbone else "",
        study.stand_in,
    ]
    return "\n".join(filter(None, lines))


def _figure(figure: "Published") -> str:
    where = [figure.part, figure.note, "" if figure.on == "test" else figure.on]
    words = ", ".join(filter(None, where))
    return f"{figure.metric} {figure.value:g}" + (f" ({words})" if words else "")


def _run(arguments: argparse.Namespace) -> int:
    from skdl.studies import Setting, get_study, notes_of, run_study, smaller

    study = get_study(arguments.name)
    say(f"{study.name}: {study.title}")
    asked = {name: getattr(arguments, name) for name in _SETTINGS}
    setting = Setting(**asked)
    for note in [*notes_of(study, setting), *smaller(setting)]:
        say(note)
    found = run_study(study.name, **asked, out=arguments.out, only=arguments.only, verbose=1)
    data = found.record["data"]
    folds = f" in the first of {data['n_folds']} folds" if data["n_folds"] > 1 else ""
    say(
        f"\n{data['name']}: {data['n_train']:,} training images, {data['n_test']:,} test "
        f"images{folds}.\n"
    )
    _show_measured(found)
    say(f"\nReport: {found.folder / 'report.html'}; everything else: {found.folder}")
    return 0


def _show_measured(found: "StudyRun") -> None:
    interval = "middle 95 % of draws" if found.record["data"]["draws"] else "95 % interval"
    rows = []
    for row in found.comparison.to_dict("records"):
        where = " (validation)" if row["on"] == "validation" else ""
        rows.append(
            (
                row["model"],
                row["metric"] + (" (train)" if row["on"] == "train" else ""),
                f"{row['note']} {_number(row['published'])}{where}".strip(),
                _number(row["measured"]),
                _limits(row["low"], row["high"]),
                _number(row["difference"], "+.4f"),
                _limits(row["difference_low"], row["difference_high"], "+.3f"),
            )
        )
    header = "model", "metric", "published", "measured", interval, "difference", "its interval"
    show_table(header, rows)


def _limits(low: float, high: float, form: str = ".3f") -> str:
    return "–" if math.isnan(low) else f"{low:{form}} to {high:{form}}"


def _number(value: float, form: str = ".4f") -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"


def _compare(arguments: argparse.Namespace) -> int:
    from skdl.studies import compare_studies, markdown, notes

    table = compare_studies(arguments.folders)
    if arguments.markdown:
        say(markdown(table))
        return 0
    show_table(_ON_SCREEN, table[_ON_SCREEN].to_numpy().tolist())
    width = output_width()
    for note in notes(table):
        say("\n" + (textwrap.fill(note, width, subsequent_indent="  ") if width else note))
    return 0
