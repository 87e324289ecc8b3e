"""``skdl audit``: what is wrong with image files before anything is trained on them."""

import argparse
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skdl._utils.checks import check_path
from skdl._utils.storage import make_writable, replacing
from skdl._utils.text import counted, names_within, say, shown_path
from skdl.cli._arguments import Commands, add_reading, reading
from skdl.cli._table import output_width, show_table

if TYPE_CHECKING:
    from skdl.audit import DataAudit

_MOST_ROWS = 10
_ADVICE = "Choose another folder with --out."
_WRITTEN = ("unreadable", "copies", "look_alikes", "conflicts", "group_conflicts", "shortcuts")
# What the name of a file may hold, which is not always UTF-8.
_TEXT = {"index": False, "encoding": "utf-8", "errors": "backslashreplace"}


def add_parser(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "audit",
        help="find copies, look-alikes, conflicts and shortcuts in a folder of images",
        description="Look for unreadable files, copies, look-alikes, conflicts of labels and "
        "properties that alone tell the classes apart. Nothing is changed.",
    )
    parser.add_argument(
        "source",
        metavar="FOLDER",
        help="folder with one folder per class, zip or tar archive of such a folder, or CSV file "
        "of paths and labels",
    )
    parser.add_argument(
        "--similarity",
        type=float,
        default=0.95,
        metavar="S",
        help="how similar look-alikes are, from 0 to 1 (default: %(default)s)",
    )
    add_reading(parser)
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="folder for all pairs as CSV files, groups.csv (images, labels and groups) and "
        "pairs.png",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Audit what a folder, an archive or a list holds; print findings and the first rows."""
    from skdl.audit import audit_images
    from skdl.datasets import load_image_folder

    out = None if arguments.out is None else check_path(arguments.out, "--out")
    if out is not None:
        make_writable(out, _ADVICE)
    bunch = load_image_folder(
        arguments.source,
        on_error="skip",
        verify=False,  # the audit decodes them
        find_duplicates=False,
        **reading(arguments),
    )
    audit = audit_images(
        bunch.data,
        bunch.target_names[bunch.target],
        groups=bunch.groups,
        similarity=arguments.similarity,
        verbose=int(sys.stdout.isatty()),
    )
    _show(audit, bunch.unreadable)
    if bunch.excluded:
        say(f"\n--exclude left out {counted(len(bunch.excluded), 'image')}.")
    if out is not None:
        _write(audit, bunch, out)
        say(f"\nTables, groups and pairs are in {out}")
    elif len(audit.look_alikes) + len(audit.copies):
        say("\n--out DIR writes all pairs, a picture of them, and the groups.")
    return 0


def _show(audit: "DataAudit", left_out: Sequence[tuple[str, str]]) -> None:
    say(str(audit).partition("\n")[0])
    findings = audit.findings
    if left_out:
        n = len(left_out)
        findings.insert(
            0,
            f"{counted(n, 'file or folder', 'files or folders')} cannot be read and "
            f"{'is' if n == 1 else 'are'} left out.",
        )
    for number, finding in enumerate(findings or ["Nothing was found."], start=1):
        say(f"\n{_wrapped(finding, f'{number}. ' if findings else '')}")
    names = names_within(audit.images["path"].tolist())
    unreadable = [
        *((shown_path(path), reason) for path, reason in left_out),
        *((names[row], why) for row, why in audit.unreadable[["row", "reason"]].to_numpy()),
    ]
    _show_rows(("cannot be read", "reason"), unreadable)
    _show_pairs(audit, names)
    shortcuts = [
        (row.property, f"{row.auc:.2f}", f"{row.low:.2f} to {row.high:.2f}", row.detail)
        for row in audit.shortcuts.itertuples()
    ]
    _show_rows(("property alone", "ROC AUC", "interval", "in classes"), shortcuts, 20)


def _wrapped(finding: str, start: str) -> str:
    width = output_width()
    if width is None:
        return start + finding
    return textwrap.fill(
        finding,
        width,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )


def _show_pairs(audit: "DataAudit", names: Sequence[str]) -> None:
    """Conflicts with their classes, and the other look-alikes."""
    conflicts = [
        (names[row.first], names[row.second], _shown(row.similarity),
         f"{row.first_class}, {row.second_class}")
        for row in audit.conflicts.itertuples()
    ]  # fmt: skip
    _show_rows(("conflict", "with", "similarity", "classes"), conflicts)
    groups = [
        (names[row.first], names[row.second], _shown(row.similarity),
         f"{row.first_group}, {row.second_group}")
        for row in audit.group_conflicts.itertuples()
    ]  # fmt: skip
    _show_rows(("look-alike", "of another group", "similarity", "groups"), groups)
    others = [
        (names[row.first], names[row.second], _shown(row.similarity))
        for row in audit.look_alikes.itertuples()
        if row.first_class == row.second_class
    ]
    _show_rows(("look-alike", "of", "similarity"), others)


def _shown(similarity: float) -> str:
    return "1" if similarity == 1 else f"{min(similarity, 0.999):.3f}"


def _show_rows(
    header: Sequence[str], rows: Sequence[Sequence[object]], most: int = _MOST_ROWS
) -> None:
    if rows:
        say()
        show_table(header, rows[:most], right=("ROC AUC", "similarity"))
        if len(rows) > most:
            say(f"… and {len(rows) - most:,} more")


def _write(audit: "DataAudit", bunch: Any, out: Path) -> None:
    """All pairs and groups as tables, and a picture of the pairs that matter most."""
    import matplotlib
    import pandas as pd

    matplotlib.use("agg")
    from skdl.plotting import DataAuditDisplay

    for name in _WRITTEN:
        _write_table(getattr(audit, name), out / f"{name}.csv")
    groups = pd.DataFrame(
        {
            "path": audit.images["path"],
            "label": audit.images["class"],
            "group": audit.images["group"],
        }
    )
    _write_table(groups, out / "groups.csv")
    display = DataAuditDisplay.from_audit(audit, bunch.data, max_pairs=24)
    if len(display.pairs):
        _write_file(out / "pairs.png", lambda part: display.figure_.savefig(part, format="png"))


def _write_table(table: Any, path: Path) -> None:
    _write_file(path, lambda part: table.to_csv(part, **_TEXT))


def _write_file(path: Path, write: Callable[[Path], object]) -> None:
    with replacing(path, _ADVICE) as part:
        write(part)
