"""The command line, ``skdl`` and ``python -m skdl``: one file per command.

Each file has ``add_parser(commands)`` and ``run(arguments)``. Commands print what the other rooms
work out, and import them in ``run``, so that the command line itself starts at once.

Decisions: docs/decisions.md#analyses-and-the-command-line.
"""

import argparse
import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import skdl
from skdl._utils.text import say
from skdl.cli import _audit, _demo, _doctor, _list, _predict, _run, _store, _study

__all__ = ["main"]

_COMMANDS = (_audit, _run, _predict, _demo, _list, _study, _store, _doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments. If None, use those of the process.

    Returns
    -------
    status : int
        0 on success, 1 if the command could not do its work, 2 for wrong arguments, 130 if it was
        interrupted.

    Examples
    --------
    >>> from skdl.cli import main
    >>> main(["list", "backbones", "*_v2"])
    backbone      package  description
    mobilenet_v2  skdl     Inverted residuals of depthwise convolutions; small and fast.
                           alpha=1.0
    0
    """
    name, arguments = "skdl", argparse.Namespace()

    def show_warning(message: Warning | str, *place: Any, **more: Any) -> None:
        """Whoever types a command does not care which line of code a warning comes from."""
        say(f"{name}: {message}", file=sys.stderr)

    with _any_text_printable(), warnings.catch_warnings():
        warnings.showwarning = show_warning
        try:
            arguments = _parser().parse_args(argv)
            name = f"skdl {arguments.command}"
            status: int = arguments.run(arguments)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except KeyboardInterrupt:
            advice = getattr(arguments, "after_interrupt", "")
            say(f"\n{name}: Interrupted. {advice}".rstrip(), file=sys.stderr)
            return 130
        except (ImportError, OSError, ValueError) as error:  # ImportError: of an extra
            say(f"{name}: {error}", file=sys.stderr)
            return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skdl", description="Deep-learning image classifiers as scikit-learn estimators."
    )
    parser.add_argument("--version", action="version", version=f"skdl {skdl.__version__}")
    commands = parser.add_subparsers(
        title="commands", required=True, dest="command", metavar="COMMAND"
    )
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


@contextmanager
def _any_text_printable() -> Iterator[None]:
    """Print "?" for what standard output cannot encode, such as "×" in ASCII."""
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper) or stream.encoding.lower().startswith("utf"):
        yield
        return
    errors = stream.errors
    stream.reconfigure(errors="replace" if errors in ("strict", "surrogateescape") else errors)
    try:
        yield
    finally:
        stream.reconfigure(errors=errors)
