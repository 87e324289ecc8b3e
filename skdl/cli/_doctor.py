"""``skdl doctor``: what skdl runs on, and what is wrong with it."""

import argparse
import json

from skdl._utils.text import say
from skdl.cli._arguments import Commands


def add_parser(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "doctor",
        help="show versions, cores, accelerators and the data home, and say what is wrong",
        description="Show versions, cores, memory, accelerators, available weights and data, and "
        "what is wrong with them. Nothing is changed or sent, and the home folder is shown as ~. "
        "The exit status is 1 if something is broken.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a diagnosis."""
    try:
        from skdl.diagnosis import diagnose

        diagnosis = diagnose()
    except ImportError as error:
        raise ValueError(
            f"A package that skdl needs cannot be imported: {error}. Install skdl again: python -m "
            "pip install --force-reinstall skdl"
        ) from error
    if arguments.json:
        print(json.dumps(diagnosis.as_dict(), indent=2))
    else:
        say(str(diagnosis))
    return int(not diagnosis.ok)
