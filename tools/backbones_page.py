"""Write docs/backbones.md: ``python tools/backbones_page.py``."""

# ruff: noqa: E501 (lines of the page)

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from skdl.backbones import PretrainedWeights, backbone_of
from skdl.downloads import RemoteFile
from skdl.plugins import Plugin, backbones

PAGE = Path(__file__).parents[1] / "docs" / "backbones.md"
INTRODUCTION = """\
# Backbones

The pretrained networks that `BackboneFeatures` and `TransferClassifier` take by name: see
[Transfer learning](transfer.md). Each ends in feature maps, without the classifier it was trained with; `skdl list
backbones` prints the names.

"Parameters" are those of the network without its classifier, "features" the numbers that an image becomes with average
pooling, "smallest" and "trained at" heights and widths in pixels. The licences are those under which the weights were
published; read them before you pass weights on.

Files are verified by their digest before they are used. Where no sha256 is published, the md5 guards against damage,
not against forgery. Files for other parameters, such as MobileNetV2 with `alpha=0.5`, have no published digest, or were
never published: pass a file you trust as `weights`. Layers are listed for the default parameters.

This page is written by `python tools/backbones_page.py` from what the networks declare. One of your own takes ten
lines: see [Plugins](plugins.md). What can be exported to ONNX is named by its file: see [ONNX models as
backbones](onnx-backbones.md).
"""
HEADER = """\
| backbone | parameters | smallest | trained at | features | download | licence of the weights |
|---|---|---|---|---|---|---|"""


def rows(plugin: Plugin) -> list[str]:
    """One line for each of the trained weights of a backbone."""
    builder, declared = plugin.load(), backbone_of(plugin.name)
    shape = (declared.min_size, declared.min_size, declared.preprocessing.channels)
    found = []
    for weights in declared.weights:
        model = builder(shape, **weights.params)
        cells = (
            label(plugin.name, weights),
            f"{model.count_params():,}",
            f"{declared.min_size}×{declared.min_size}",
            f"{declared.default_size}×{declared.default_size}",
            f"{model.output.shape[-1]:,}",
            size(weights),
            weights.licence,
        )
        found.append(f"| {' | '.join(cells)} |")
    return found


def label(name: str, weights: PretrainedWeights) -> str:
    """The backbone, with the parameters that these weights belong to."""
    params = ", ".join(f"{key}={value!r}" for key, value in weights.params.items())
    return f"`{name}`" + (f", {params}" if params else "")


def size(weights: PretrainedWeights) -> str:
    """What has to be downloaded."""
    if not isinstance(weights.file, RemoteFile):
        return "comes with skdl"
    return f"{weights.file.size / 1e6:.1f} MB"


def section(plugin: Plugin) -> str:
    """One backbone: what it is, its layers, its weights."""
    declared, parameters = backbone_of(plugin.name), plugin.description.parameters[1:]
    layers = ", ".join(f"`{name}` ({width})" for name, width in declared.layers.items())
    lines = [f"## {plugin.name}", "", plugin.description.summary, ""]
    if parameters:
        lines += [f"Parameters: {', '.join(f'`{p}`' for p in parameters)}", ""]
    lines += [f"Layers worth tapping, with their channels: {layers}", ""]
    for weights in declared.weights:
        lines += [source(weights), ""]
    return "\n".join(lines).rstrip()


def source(weights: PretrainedWeights) -> str:
    """Where weights come from, and where they lie."""
    params = ", ".join(f"{key}={value!r}" for key, value in weights.params.items())
    name = f'Weights `"{weights.name}"`' + (f" for {params}" if params else "")
    if not isinstance(weights.file, RemoteFile):
        return f"{name} come with skdl. {weights.citation}"
    kind = "sha256" if weights.file.sha256 else "md5"
    return f"{name}: `{weights.file.name}` in the data home, from <{weights.file.urls[0]}>, {kind}"


def page() -> str:
    """The whole page."""
    own = [plugin for plugin in backbones if plugin.owner == "skdl"]
    table = "\n".join([HEADER, *(row for plugin in own for row in rows(plugin))])
    return "\n\n".join([INTRODUCTION.rstrip(), table, *map(section, own)]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
