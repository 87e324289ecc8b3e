"""The command line: ``skdl`` and ``python -m skdl``."""

import argparse
import io
import json
import os
import shutil
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import skdl
from skdl import plugins
from skdl._utils.text import say, shortened

# In characters.
_NARROWEST = 40
_NARROWEST_DESCRIPTION = 54  # beside name and package; narrower ones break nearly every line


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
    architecture  package  description
    simple        skdl     Two convolutions, two poolings, one dense layer.
                           filters=32, dense_units=128, dropout=0.5, activation='relu',
                           batch_norm=False, l2=0.0, width=1.0
    0
    """
    try:
        with _any_text_printable():
            arguments = _parser().parse_args(argv)
            status: int = arguments.run(arguments)
            sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


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

    listing = commands.add_parser(
        "list",
        help="list networks, backbones and data sets that can be named",
        description="Name, package, one line and the parameters of what can be named, including "
        "what installed plugins add. Nothing is imported.",
    )
    listing.add_argument(
        "words",
        nargs="*",
        metavar="architectures | backbones | datasets | PATTERN",
        help="what to list, and a pattern such as 'res*'",
    )
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=_list, parser=listing)

    _add_study(commands)
    _add_store(commands)
    return parser


def _add_study(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    study = commands.add_parser(
        "study",
        help="list, run or compare the case studies",
        description="Published experiments, run again and compared with their published figures.",
    )
    actions = study.add_subparsers(title="actions", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="name, title and published figures of each study")
    listing.set_defaults(run=_study, action="list")

    running = actions.add_parser(
        "run",
        help="train and test the models of a study",
        description="Train and test the models of a study, write a report, and print published "
        "against measured. A run that was killed goes on where it was.",
    )
    running.add_argument("name", metavar="NAME", help="see: skdl study list")
    running.add_argument(
        "--n-train", type=int, metavar="N", help="training images (default: all of them)"
    )
    running.add_argument(
        "--epochs", type=int, metavar="E", help="epochs of each network (default: the study's)"
    )
    running.add_argument(
        "--seed", type=seed, default=0, help="seed of everything random (default: %(default)s)"
    )
    running.add_argument(
        "--out", metavar="DIR", help="folder for what is written (default: skdl-studies/NAME)"
    )
    running.add_argument("--backbone", help="another pretrained network than the published one")
    running.add_argument("--weights", metavar="FILE", help='its weights, or "random"')
    running.add_argument(
        "--only",
        action="append",
        metavar="MODEL",
        help='only this model, or variant: "as published" or "improved"; may be repeated',
    )
    running.set_defaults(run=_study, action="run")

    comparing = actions.add_parser(
        "compare", help="put what several runs found beside what was published"
    )
    comparing.add_argument(
        "folders", nargs="+", metavar="DIR", help="folder of a run, or of several"
    )
    comparing.add_argument(
        "--markdown", action="store_true", help="print all columns, as a table in Markdown"
    )
    comparing.set_defaults(run=_study, action="compare")


def _add_store(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    store = commands.add_parser(
        "store",
        help="show, clear or verify a folder of stored features",
        description="The feature store in a folder: features that networks computed of images.",
    )
    actions = store.add_subparsers(title="actions", required=True, metavar="ACTION")
    summaries = {
        "info": "what is stored: networks, entries, sizes, last use",
        "clear": "remove what is stored, and nothing else in the folder; asks nothing",
        "verify": "read everything and say what is damaged; the status is 1 if something is",
    }
    for action, summary in summaries.items():
        parser = actions.add_parser(action, help=summary, description=f"Feature store: {summary}.")
        parser.add_argument("folder", metavar="FOLDER", help="folder of the store")
        parser.set_defaults(run=_store, action=action, repair=False)
    parser.add_argument(
        "--repair", action="store_true", help="remove what is damaged, and temporary files"
    )


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
        from skdl.cli._demo import run_demo

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
    groups = plugins.REGISTRIES
    if words and words[0] in groups:
        groups = {words[0]: groups[words.pop(0)]}
    if len(words) > 1:
        arguments.parser.error(f"expected one pattern, got {shortened(' '.join(words))}")
    pattern = words[0] if words else "*"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = {group: registry.matching(pattern) for group, registry in groups.items()}
    for warning in caught:
        say(f"skdl list: {warning.message}", file=sys.stderr)
    if arguments.json:
        rows = {group: [_as_json(plugin) for plugin in found[group]] for group in found}
        print(json.dumps(rows, indent=2))
    if not any(found.values()):
        kinds = " or ".join(registry.noun for registry in groups.values())
        say(f"No {kinds} matches {shortened(pattern)}.", file=sys.stderr)
        return 1
    if not arguments.json:
        tables = [_table(groups[group].noun, rows) for group, rows in found.items() if rows]
        say("\n\n".join(tables))
    return 0


def _study(arguments: argparse.Namespace) -> int:
    # This process is ours, as that of the demo.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _stderr_held_back():
        if arguments.action == "run":
            import tensorflow  # noqa: F401  # writes to standard error as it starts
        from skdl.cli._study import run_command

    return run_command(arguments)


def _store(arguments: argparse.Namespace) -> int:
    from skdl.cli._store import run_store

    return run_store(arguments.action, arguments.folder, repair=arguments.repair)


def _as_json(plugin: plugins.Plugin) -> dict[str, object]:
    return {
        "name": plugin.name,
        "package": plugin.owner,
        "description": plugin.description.summary,
        "parameters": _own_parameters(plugin),
        "error": plugin.error,
    }


def _own_parameters(plugin: plugins.Plugin) -> list[str]:
    """What a user may set: the estimator passes the image shape and the number of classes."""
    given = ("input_shape", "n_classes")
    return [name for name in plugin.description.parameters if name not in given]


def _table(noun: str, rows: Sequence[plugins.Plugin]) -> str:
    columns = [(noun, "package"), *((plugin.name, plugin.owner) for plugin in rows)]
    first, second = (max(len(cells[i]) for cells in columns) for i in (0, 1))
    available = max(_NARROWEST, shutil.get_terminal_size((100, 24)).columns)
    indent = " " * (first + second + 4)
    beside = available - len(indent) >= _NARROWEST_DESCRIPTION  # otherwise it stands below
    if not beside:
        indent = "    "
    width = available - len(indent)

    def row(name: str, owner: str, description: Sequence[str]) -> list[str]:
        cells = f"{name:<{first}}  {owner:<{second}}"
        if beside and description:
            cells, description = f"{cells}  {description[0]}", description[1:]
        return [cells, *(indent + line for line in description)]

    lines = row(noun, "package", ["description"])
    for plugin in rows:
        text = f"broken: {plugin.error}" if plugin.error else plugin.description.summary
        parameters = ", ".join(_own_parameters(plugin))
        wrapped = [*textwrap.wrap(text, width), *textwrap.wrap(parameters, width)]
        lines += row(plugin.name, plugin.owner, wrapped)
    return "\n".join(line.rstrip() for line in lines)
