"""Which pretrained network is used: of those at hand, the best that images and time allow."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from skdl.analysis._ladder import Backbone
from skdl.downloads import get_data_home

# From the best on; of what is not named, its own defaults.
_PREFERRED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("vgg16", {}),
    ("mobilenet_v2", {}),
    ("mobilenet_v2", {"alpha": 0.35}),
    ("cifar_resnet20", {}),
)
_SIZES = (224, 192, 160, 128, 96, 64)
TINY = 48  # height and width up to which images are tiny
_N_LAYERS = 3  # of the last ones that searches choose from, of the first network
_PROBED = 8  # images


def candidates(name: str | None, weights: str | None, size: tuple[int, int]) -> Iterator[Backbone]:
    """Backbones at hand, and sizes for them: from the best to the fastest."""
    from skdl.backbones import backbone_of

    for known, params in _PREFERRED if name is None else ((name, {}),):
        file = weights or _weights_of(known, params)
        if file is None:
            continue
        declaration = backbone_of(known)
        layers = dict(list(declaration.layers.items())[-_N_LAYERS:])
        for side in _sizes(declaration, max(size)):
            yield Backbone(known, side, layers, file, params)


def _weights_of(name: str, params: dict[str, Any]) -> str | None:
    """Weights at hand: "auto", or a file in the data home that is called like the network."""
    from skdl.backbones import weights_at_hand

    if weights_at_hand(name, **params):
        return "auto"
    alpha = params.get("alpha", 1.0)
    stem = f"{name}_{alpha}" if name.startswith("mobilenet") else name
    files = sorted((get_data_home() / "weights").glob(f"{stem}_*no_top*.h5"))
    return files[0].name if files else None


def _sizes(declaration: Any, side: int) -> list[int]:
    """Sizes to show images in: not much larger than they are, nor than what the weights know."""
    largest = declaration.default_size
    if largest <= TINY:
        return [largest]
    if side <= TINY:  # small pictures gain from being enlarged
        return [max(64, declaration.min_size)]
    most = max(min(largest, 2 * side), declaration.min_size)
    return [s for s in _SIZES if declaration.min_size <= s <= most] or [most]


def seconds_per_image(backbone: Backbone, X: Any) -> float:
    """How long an image takes, reading it included; measured on a few."""
    from skdl import BackboneFeatures

    rows = np.linspace(0, len(X) - 1, min(_PROBED, len(X))).astype(int)
    extractor = BackboneFeatures(
        backbone.name, layer=list(backbone.layers), store=None, **backbone.routed()
    ).fit(X[rows])
    extractor.transform(X[rows])  # which builds and compiles
    start = time.perf_counter()
    extractor.transform(X[rows])
    return (time.perf_counter() - start) / len(rows)
