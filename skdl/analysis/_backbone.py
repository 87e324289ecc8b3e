"""Which pretrained network is used: of those at hand, the best that images and time allow.

Decisions: docs/decisions.md#analyses-and-the-command-line.
"""

import os
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skdl._utils.text import shortened
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
_ENLARGED = 6  # times, at most
_N_LAYERS = 3  # of the last ones that searches choose from, of the first network
_PROBED = 8  # images
_OF_ANY = (32, 224)  # smallest and largest side that are tried of a file that declares nothing
_DECLARE = " What a file does not say can be declared with skdl.backbones.declare_onnx_backbone."
_ENDINGS = (".h5", ".keras", ".npz", ".onnx")  # of files of weights


def candidates(name: str | None, weights: str | None, size: tuple[int, int]) -> Iterator[Backbone]:
    """Backbones at hand, and sizes for them: from the best to the fastest."""
    from skdl.backbones import backbone_of, is_onnx

    for known, params in _PREFERRED if name is None else ((name, {}),):
        file = weights or _weights_of(known, params)
        if file is None:
            continue
        if is_onnx(known):
            yield from _of_onnx(known, file, max(size))
            continue
        declaration = backbone_of(known)
        layers = dict(list(declaration.layers.items())[-_N_LAYERS:])
        for side in _sizes(declaration.min_size, declaration.default_size, max(size)):
            yield Backbone(known, side, layers, file, params)


def check_backbone(
    name: str | None, weights: str | None, models: Sequence[str] | None
) -> tuple[str | None, str | None]:
    """Refuse a backbone that is not at hand; name and weights as they are found from anywhere."""
    from skdl.backbones import ONNX, is_onnx
    from skdl.plugins import backbones

    if name is None:
        if weights is not None:
            raise ValueError("weights belong to a backbone: name it as well (--backbone).")
        return name, weights
    if isinstance(name, str) and name.startswith(ONNX):
        name = f"{ONNX}{_from_anywhere(name.removeprefix(ONNX))}"
    else:
        backbones.get(name)
    if isinstance(weights, str) and weights.endswith(_ENDINGS):
        weights = _from_anywhere(weights)
    if is_onnx(name) and models is not None and set(models) == {"finetune"}:
        raise ValueError(
            f"models={list(models)} trains a network, but the backbone {shortened(name)} is an "
            "ONNX model, which is not trained. Use 'logistic' or 'svc', which use its features."
        )
    if not any(candidates(name, weights, (TINY, TINY))):
        raise ValueError(
            f"The weights of {name} are not available. Put their file into the folder "
            f"{get_data_home() / 'weights'}, or name it with weights (--weights)."
        )
    return name, weights


def _from_anywhere(file: str) -> str:
    """The absolute path of a file; what lies in the data home alone keeps its name there."""
    path = Path(file).expanduser()
    return os.path.abspath(path) if path.is_file() else file


def _weights_of(name: str, params: dict[str, Any]) -> str | None:
    """Weights at hand: "auto", or a file in the data home that is called like the network."""
    from skdl.backbones import ONNX, weights_at_hand

    if name.startswith(ONNX) or weights_at_hand(name, **params):  # a file: its reader says
        return "auto"
    alpha = params.get("alpha", 1.0)
    stem = f"{name}_{alpha}" if name.startswith("mobilenet") else name
    files = sorted((get_data_home() / "weights").glob(f"{stem}_*no_top*.h5"))
    return files[0].name if files else None


def _sizes(smallest: int, largest: int, side: int) -> list[int]:
    """Sizes to show images in: not much larger than they are, nor than what the weights know."""
    if largest <= TINY:
        return [largest]
    if side <= TINY:  # small pictures gain from being enlarged
        return [max(min(64, _ENLARGED * side), smallest)]
    most = max(min(largest, 2 * side), smallest)
    return [s for s in _SIZES if smallest <= s <= most] or [most]


def _of_onnx(name: str, weights: str, side: int) -> Iterator[Backbone]:
    """An ONNX model on images of sizes that it takes; ValueError where it takes none."""
    from skdl.backbones import ONNX, backbone_of, onnx_layers

    is_file = name.startswith(ONNX)
    declared = None if is_file else backbone_of(name)
    smallest, largest = (declared.min_size, declared.default_size) if declared else _OF_ANY
    layers = onnx_layers(name, weights)  # of a file that is there
    usual = _sizes(smallest, largest, side)
    found: dict[Any, Backbone] = {}
    problem: ValueError | None = None
    for shown in (*usual, largest):
        if found and shown not in usual:
            break
        try:
            backbone = _at(name, weights, layers, shown)
        except ValueError as error:
            problem = problem or error
            continue
        if backbone.size not in found:  # of a model of one size, once
            found[backbone.size] = backbone
            yield backbone
    if not found:
        assert problem is not None
        raise ValueError(f"{problem}{_DECLARE if is_file else ''}") from problem


def _at(name: str, weights: str, layers: Sequence[str], side: int) -> Backbone:
    """An ONNX model on images of a size, by those of its layers that features can be made of."""
    try:
        return _tried(name, weights, layers[:_N_LAYERS], side)
    except ValueError:
        usable, problem = [], None
        for layer in layers:
            try:
                _tried(name, weights, [layer], side)
            except ValueError as error:
                problem = problem or error
                continue
            usable.append(layer)
            if len(usable) == _N_LAYERS:
                break
        if problem is not None and not usable:
            raise problem from None
        return _tried(name, weights, usable, side)


def _tried(name: str, weights: str, layers: Sequence[str], side: int) -> Backbone:
    """An ONNX model on images of a size; ValueError if no features can be made of a layer."""
    from skdl.backbones import ONNX, OnnxSource

    with warnings.catch_warnings():  # of the values that are taken, which the label says
        warnings.simplefilter("ignore", UserWarning)
        source = OnnxSource(name, {}, weights, layers)
    height, width = source.input.height or side, source.input.width or side
    values = source.preprocessing
    shape = (height, width, values.channels)
    network = source.extractor(shape, ("avg",), "float32", (0.0, 255.0)).network
    widths = dict(zip(layers, network.widths, strict=True))
    size = height if height == width else (height, width)
    last_is_usual = dict(reversed(widths.items()))
    if not name.startswith(ONNX):
        return Backbone(name, size, last_is_usual, weights, onnx=True)
    params = {"mean": list(values.mean), "std": list(values.std)}
    file = Path(name.removeprefix(ONNX)).name
    return Backbone(name, size, last_is_usual, weights, params, onnx=True, file=file)


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
