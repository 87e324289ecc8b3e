"""``skdl list``: what can be named, and what it takes."""

import argparse
import json
import warnings
from collections.abc import Mapping, Sequence

from skdl import plugins
from skdl._utils.text import shortened
from skdl.cli._arguments import Commands
from skdl.cli._table import show_table


def add_parser(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "list",
        help="list known networks, backbones, data sets and kinds of files",
        description="Show name, package, summary and parameters of networks, backbones, data sets "
        "and decoders of image files, including those of installed plugins. Nothing is imported.",
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="architectures | backbones | datasets | decoders | PATTERN",
        help="what to list, and a pattern such as 'res*'",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a table for each kind, or JSON."""
    words, groups = list(arguments.words), plugins.REGISTRIES
    if words and words[0] in groups:
        groups = {words[0]: groups[words.pop(0)]}
    if len(words) > 1:
        arguments.parser.error(f"expected one pattern, got {shortened(' '.join(words))}")
    pattern = words[0] if words else "*"
    warnings.simplefilter("always")  # of each broken plugin
    found = {group: registry.matching(pattern) for group, registry in groups.items()}
    if arguments.json:
        as_json = {group: [_as_json(plugin) for plugin in found[group]] for group in found}
        print(json.dumps(as_json, indent=2))
    if not any(found.values()):
        kinds = " or ".join(registry.noun for registry in groups.values())
        raise ValueError(f"No {kinds} matches {shortened(pattern)}.")
    if not arguments.json:
        _show(groups, found)
    return 0


def _show(
    groups: Mapping[str, plugins.Registry], found: Mapping[str, Sequence[plugins.Plugin]]
) -> None:
    before = ""
    for group, matching in found.items():
        if matching:
            cells = [(plugin.name, plugin.owner, _described(plugin)) for plugin in matching]
            print(before, end="")
            show_table((groups[group].noun, "package", "description"), cells)
            before = "\n"


def _as_json(plugin: plugins.Plugin) -> dict[str, object]:
    return {
        "name": plugin.name,
        "package": plugin.owner,
        "description": plugin.description.summary,
        "parameters": _own_parameters(plugin),
        "error": plugin.error,
    }


def _described(plugin: plugins.Plugin) -> str:
    text = f"broken: {plugin.error}" if plugin.error else plugin.description.summary
    return f"{text}\n{', '.join(_own_parameters(plugin))}".rstrip()


def _own_parameters(plugin: plugins.Plugin) -> list[str]:
    """What a user may set: the estimator passes the image shape and the number of classes."""
    given = ("input_shape", "n_classes")
    return [name for name in plugin.description.parameters if name not in given]
