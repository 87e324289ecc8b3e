"""The tables of networks and backbones, written into their pages when the site is built."""

from typing import Any

import numpy as np

from skdl.backbones import PretrainedWeights, backbone_of
from skdl.downloads import RemoteFile
from skdl.plugins import Plugin, architectures, backbones

# Images and number of classes that a network was published for, if not 32×32×3 and 10.
_PUBLISHED_FOR = {
    "simple": ((28, 28, 1), 10),
    "deep": ((28, 28, 1), 10),
    "lenet5": ((28, 28, 1), 10),
    "alexnet": ((227, 227, 3), 1000),
    "zfnet": ((224, 224, 3), 1000),
    "vgg16": ((224, 224, 3), 1000),
    "resnet18": ((224, 224, 3), 1000),
}
_UNLISTED = ("InputLayer", "Activation", "Dropout", "BatchNormalization", "Permute")


def networks() -> str:
    """A section per network: what it is, its protocol, its layers."""
    return "\n\n".join(_network(plugin) for plugin in architectures if plugin.owner == "skdl")


def _network(plugin: Plugin) -> str:
    builder = plugin.load()
    shape, n_classes = _PUBLISHED_FOR.get(plugin.name, ((32, 32, 3), 10))
    model = builder(shape, n_classes)
    count = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    protocol = ", ".join(f"`{k}={v!r}`" for k, v in builder.reference_protocol.items())
    height, width, channels = shape
    lines = [
        f"## {plugin.name}",
        "",
        plugin.description.summary,
        "",
        f"Parameters: {', '.join(f'`{p}`' for p in plugin.description.parameters[2:])}",
        "",
        f"Protocol: {protocol}",
        "",
        f"{count:,} trainable parameters for {height}×{width}×{channels} and {n_classes} classes:",
        "",
        "| layer | output | parameters |",
        "|---|---|---|",
        *_layers(model),
    ]
    return "\n".join(lines)


def _layers(model: Any) -> list[str]:
    """One row per layer with weights or another output; equal layers in a row share one."""
    found: list[str] = []
    last, times = None, 0
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in _UNLISTED:
            continue
        shape = "×".join(str(side) for side in layer.output.shape[1:])
        count = sum(int(np.prod(v.shape)) for v in layer.trainable_variables)
        if (kind, shape, count) == last:
            times += 1
            found[-1] = f"| {times} × {kind} | {shape} | {times} × {count:,} |"
            continue
        last, times = (kind, shape, count), 1
        found.append(f"| {kind} | {shape} | {count:,} |")
    return found


def pretrained() -> str:
    """A table of all weights, and a section per backbone: what it is, its layers, its weights."""
    own = [plugin for plugin in backbones if plugin.owner == "skdl"]
    header = (
        "| backbone | parameters | smallest | trained at | features | download | licence |\n"
        "|---|---|---|---|---|---|---|"
    )
    table = "\n".join([header, *(row for plugin in own for row in _rows(plugin))])
    return "\n\n".join([table, *map(_backbone, own)])


def _rows(plugin: Plugin) -> list[str]:
    """One row for each of the trained weights of a backbone."""
    builder, declared = plugin.load(), backbone_of(plugin.name)
    shape = (declared.min_size, declared.min_size, declared.preprocessing.channels)
    found = []
    for weights in declared.weights:
        model = builder(shape, **weights.params)
        cells = (
            f"`{plugin.name}`{_params(weights, before=', ')}",
            f"{model.count_params():,}",
            f"{declared.min_size}×{declared.min_size}",
            f"{declared.default_size}×{declared.default_size}",
            f"{model.output.shape[-1]:,}",
            _size(weights),
            weights.licence,
        )
        found.append(f"| {' | '.join(cells)} |")
    return found


def _params(weights: PretrainedWeights, before: str) -> str:
    params = ", ".join(f"{key}={value!r}" for key, value in weights.params.items())
    return before + params if params else ""


def _size(weights: PretrainedWeights) -> str:
    if not isinstance(weights.file, RemoteFile):
        return "included"
    return f"{weights.file.size / 1e6:.1f} MB"


def _backbone(plugin: Plugin) -> str:
    declared, parameters = backbone_of(plugin.name), plugin.description.parameters[1:]
    layers = ", ".join(f"`{name}` ({width})" for name, width in declared.layers.items())
    lines = [f"## {plugin.name}", "", plugin.description.summary, ""]
    if parameters:
        lines += [f"Parameters: {', '.join(f'`{p}`' for p in parameters)}", ""]
    lines += [f"Useful layers, with their channels: {layers}", ""]
    for weights in declared.weights:
        lines += [_source(weights), ""]
    return "\n".join(lines).rstrip()


def _source(weights: PretrainedWeights) -> str:
    """Where weights come from, and where they are kept."""
    name = f'Weights `"{weights.name}"`{_params(weights, before=" for ")}'
    if not isinstance(weights.file, RemoteFile):
        return f"{name} are included in skdl. {weights.citation}"
    kind = "sha256" if weights.file.sha256 else "md5"
    return f"{name}: `{weights.file.name}` in the data home, from <{weights.file.urls[0]}>, {kind}"


_PAGES = {"architectures": ("networks", networks), "backbones": ("backbones", pretrained)}


def fill(app: Any, name: str, source: list[str]) -> None:
    """Write the tables in the place that a page keeps for them."""
    if name not in _PAGES:
        return
    place, written = _PAGES[name]
    mark = f"<!-- {place}: written when the site is built -->"
    if mark not in source[0]:
        raise ValueError(f"docs/{name}.md has no place for {place}: {mark}")
    source[0] = source[0].replace(mark, written())


def setup(app: Any) -> dict[str, bool]:
    """Take part in the build."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
