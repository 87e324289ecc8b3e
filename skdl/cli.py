"""The command line: ``skdl`` and ``python -m skdl``."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import skdl
from skdl import plugins


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    status : int
        0 on success, 1 when the command could not do its work, 2 for wrong arguments.

    Examples
    --------
    >>> from skdl.cli import main
    >>> main(["list", "architectures", "sim*"])
    name    package
    simple  skdl
    0
    """
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skdl", description="Deep-learning image classifiers as scikit-learn estimators."
    )
    parser.add_argument("--version", action="version", version=f"skdl {skdl.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="search, train, evaluate and save a classifier of handwritten digits",
        description="Grid search over a pipeline with CNNClassifier on scikit-learn's handwritten "
        "digits, a table of clinical scores, pictures, and the best pipeline saved and loaded "
        "again in another process. Takes less than a minute and downloads nothing.",
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("skdl-demo"),
        metavar="DIR",
        help="folder for the pictures and the saved pipeline (default: %(default)s)",
    )
    demo.add_argument("--quick", action="store_true", help="fewer images, candidates and epochs")
    demo.add_argument(
        "--seed",
        type=seed,
        default=0,
        help="seed of everything random, 0 to 2**32 - 1 (default: %(default)s)",
    )
    demo.set_defaults(run=_demo)

    listing = commands.add_parser("list", help="list the networks that can be named")
    listing.add_argument(
        "words",
        nargs="*",
        metavar="[architectures] [PATTERN]",
        help="what to list, and a pattern such as 'res*'",
    )
    listing.set_defaults(run=_list, parser=listing)
    return parser


def seed(text: str) -> int:
    """A seed from the command line; argparse names this function in its error message."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"must be from 0 to 2**32 - 1, got {value}")
    return value


def _demo(arguments: argparse.Namespace) -> int:
    if arguments.out.exists() and not arguments.out.is_dir():
        print(f"skdl demo: --out {arguments.out} is a file, not a folder.", file=sys.stderr)
        return 1
    # This process is ours: TensorFlow's start-up messages would only hide what the demo says.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print("Starting TensorFlow …", flush=True)
    with _stderr_held_back():
        from skdl._demo import run_demo

    try:
        run_demo(arguments.out, quick=arguments.quick, seed=arguments.seed)
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"skdl demo: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Hold back what libraries write to standard error as they are loaded, unless that fails.

    TensorFlow's C++ libraries write to the file descriptor itself, whatever the log level.
    """
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(original, held_back.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)


def _list(arguments: argparse.Namespace) -> int:
    words = list(arguments.words)
    if words[:1] == ["architectures"]:
        words.pop(0)
    if len(words) > 1:
        arguments.parser.error(f"expected one pattern, got {' '.join(words)!r}")
    pattern = words[0] if words else "*"
    names = plugins.architectures.names(pattern)
    if not names:
        print(f"No architecture matches {pattern!r}.", file=sys.stderr)
        return 1
    rows = [("name", "package")]
    rows += [(p.name, p.owner) for p in plugins.architectures if p.name in names]
    width = max(len(name) for name, _ in rows)
    for name, owner in rows:
        print(f"{name:<{width}}  {owner}")
    return 0
