"""Write docs/architectures.md: ``python tools/architectures_page.py``."""

# ruff: noqa: E501 (lines of the page)

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from skdl.plugins import Plugin, architectures

PAGE = Path(__file__).parents[1] / "docs" / "architectures.md"
REFERENCE = {
    "simple": ((28, 28, 1), 10),
    "deep": ((28, 28, 1), 10),
    "lenet5": ((28, 28, 1), 10),
    "alexnet": ((227, 227, 3), 1000),
    "zfnet": ((224, 224, 3), 1000),
    "vgg16": ((224, 224, 3), 1000),
    "resnet18": ((224, 224, 3), 1000),
}
INTRODUCTION = """\
# Architectures

Every network is a function `(input_shape, n_classes, **params) -> keras.Model` in `skdl.architectures`, and a
name for `CNNClassifier`. Its parameters are searched as `architecture__dropout` and the like; all have
`dropout`, `activation`, `batch_norm`, `l2` and `width`, which multiplies the numbers of filters. All take images
from 8×8 pixels up with any number of channels: made for larger images, they leave out poolings and strides that
would leave nothing. `CNNClassifier.from_protocol(name)` sets optimizer, schedule, batch size and epochs as the
network is usually trained.

`l2` times the sum of squared weights is added to the loss. Twice that is what papers call weight decay, so
`architecture__l2=5e-5` is a weight decay of 1e-4.

A network of your own takes ten lines: see [Plugins](plugins.md).

This page is written by `python tools/architectures_page.py`. Parameters are the trainable ones.
"""


def section(plugin: Plugin) -> str:
    """One network: what it is, its protocol, its layers at the size it was made for."""
    builder = plugin.load()
    shape, n_classes = REFERENCE.get(plugin.name, ((32, 32, 3), 10))
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
        f"{count:,} parameters for {height}×{width}×{channels} and {n_classes} classes:",
        "",
        "| layer | output | parameters |",
        "|---|---|---|",
        *rows(model),
    ]
    return "\n".join(lines)


def rows(model) -> list[str]:
    """One line a stage: consecutive layers without parameters and of one shape are left out."""
    found, seen = [], {}
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("InputLayer", "Activation", "Dropout", "BatchNormalization", "Permute"):
            continue
        shape = "×".join(str(side) for side in layer.output.shape[1:])
        count = sum(int(np.prod(v.shape)) for v in layer.trainable_variables)
        key = (kind, shape, count)
        if found and key == seen.get("last"):
            seen["times"] += 1
            found[-1] = f"| {seen['times']} × {kind} | {shape} | {seen['times']} × {count:,} |"
            continue
        seen.update(last=key, times=1)
        found.append(f"| {kind} | {shape} | {count:,} |")
    return found


def page() -> str:
    """The whole page."""
    own = [plugin for plugin in architectures if plugin.owner == "skdl"]
    return "\n\n".join([INTRODUCTION.rstrip(), *map(section, own)]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
