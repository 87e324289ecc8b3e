"""What `benchmarks.gpu` measures and checks. Each function runs in a fresh process."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks import backbone_cases, data, image_cases, peers
from benchmarks.timing import median_time

PRECISIONS = ("float32", "bfloat16")
_MOST_FOR_A_FEW_IMAGES = 0.8  # of a card's memory; TensorFlow by itself takes nearly all of it
_LIMIT = 4096  # MiB


class NoCardError(Exception):
    """A peer has no card to run on, so that it is none."""


@dataclass(frozen=True)
class Case:
    """One comparison: sides take the precision, and whether a processor runs a small version."""

    title: str
    sides: dict[str, Callable[[str, bool], float]]


# ---- an epoch ------------------------------------------------------------------------------------


def _images(architecture: str, on_cpu: bool) -> Any:
    """Images as bytes, channels last, and labels."""
    if architecture == "simple":
        X, y = data.mnist(256 if on_cpu else 60_000)
        return X[..., None], y
    return image_cases.color_images(8 if on_cpu else 12_800)


def _times(on_cpu: bool) -> int:
    return 1 if on_cpu else 3


def epoch_skdl(architecture: str, precision: str, on_cpu: bool) -> float:
    """Seconds of an epoch."""
    from skdl import CNNClassifier

    X, y = _images(architecture, on_cpu)
    model = CNNClassifier(
        architecture, epochs=1, batch_size=128, precision=precision, random_state=0
    )
    return median_time(lambda: model.fit(X, y), _times(on_cpu))


def epoch_keras(architecture: str, precision: str, on_cpu: bool) -> float:
    """The same with `Model.fit`."""
    import keras

    from skdl import architectures

    X, y = _images(architecture, on_cpu)
    X = X / np.float32(255)
    peers.set_precision(precision)
    model = getattr(architectures, architecture)(X.shape[1:], 10)
    model.compile(
        keras.optimizers.Adam(0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return median_time(lambda: model.fit(X, y, batch_size=128, epochs=1, verbose=0), _times(on_cpu))


def epoch_torch(architecture: str, precision: str, on_cpu: bool) -> float:
    """The same as a loop over batches that lie on the card."""
    from benchmarks import torch_peers

    X, y = _images(architecture, on_cpu)
    build = getattr(torch_peers, architecture)
    return torch_peers.epoch(build, X, y, precision, _times(on_cpu), on_cpu)


# ---- features ------------------------------------------------------------------------------------


def _photographs(on_cpu: bool) -> tuple[int, int]:
    """How many, and of what side."""
    return (4, 32) if on_cpu else (2000, 224)


def features(side: Callable[..., float], precision: str, on_cpu: bool) -> float:
    """Seconds for VGG16's features, which are not kept."""
    return side("vgg16", precision, *_photographs(on_cpu), _times(on_cpu))


def features_torch(precision: str, on_cpu: bool) -> float:
    """The same by PyTorch, which is told where to run."""
    return features(partial(backbone_cases.by_torch, on_cpu=on_cpu), precision, on_cpu)


def _epochs(title: str, architecture: str) -> Case:
    sides = {"skdl": epoch_skdl, "keras": epoch_keras, "torch": epoch_torch}
    return Case(title, {name: partial(side, architecture) for name, side in sides.items()})


CASES = {
    "simple": _epochs("one epoch of simple over 60,000 images of 28×28, batch 128", "simple"),
    "resnet18": _epochs(
        "one epoch of resnet18 over 12,800 images of 32×32×3, batch 128", "resnet18"
    ),
    "vgg16": Case(
        "VGG16's features of 2,000 images of 224×224×3, nothing stored",
        {
            "skdl": partial(features, backbone_cases.by_skdl),
            "keras": partial(features, backbone_cases.by_keras),
            "torch": features_torch,
        },
    ),
}


# ---- checks --------------------------------------------------------------------------------------


def cards() -> list[str]:
    """Names of the graphics cards that TensorFlow finds."""
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    details = map(tf.config.experimental.get_device_details, found)
    return [
        str(known.get("device_name", card.name)) for card, known in zip(found, details, strict=True)
    ]


def memory(on_cpu: bool) -> dict[str, Any]:
    """What TensorFlow has of the first card after a fit on few images, and after one on more."""
    import tensorflow as tf

    found = []
    for n, batch_size in ((8, 8), (16, 16)) if on_cpu else ((64, 64), (4096, 2048)):
        _fit("simple" if on_cpu else "resnet18", n, batch_size)
        found.append({**_allocated(), "held": _held()})
    physical = tf.config.list_physical_devices("GPU")
    growing = [tf.config.experimental.get_memory_growth(card) for card in physical]
    few, many = found
    return {
        "growth": growing,
        "few": few,
        "many": many,
        "as_needed": _as_needed(growing, few, many),
    }


def _as_needed(growing: list[bool], few: Any, many: Any) -> bool | None:
    """Whether more is taken for more images, and not all at once; None without a card."""
    if not growing:
        return None
    share = 0.0 if few["held"] is None else few["held"]["used"] / few["held"]["total"]
    return all(growing) and few["peak"] < many["peak"] and share < _MOST_FOR_A_FEW_IMAGES


def limit(on_cpu: bool) -> dict[str, Any]:
    """Whether a limit that the user has set before is kept, and kept to."""
    import tensorflow as tf

    physical = tf.config.list_physical_devices("GPU")
    wanted = [tf.config.LogicalDeviceConfiguration(memory_limit=_LIMIT)]
    for card in physical:
        tf.config.set_logical_device_configuration(card, wanted)
    _fit("simple", 256, 128)
    kept = [tf.config.get_logical_device_configuration(card) == wanted for card in physical]
    peak = _allocated()["peak"]
    is_kept = all(kept) and peak <= _LIMIT * 2**20 if physical else None
    return {"MiB": _LIMIT, "peak": peak, "kept": is_kept}


def _fit(architecture: str, n: int, batch_size: int) -> Any:
    from skdl import CNNClassifier

    X, y = data.mnist(n) if architecture == "simple" else image_cases.color_images(n)
    model = CNNClassifier(architecture, epochs=1, batch_size=batch_size, random_state=0)
    return model.fit(X, y), X


def _allocated() -> dict[str, int | None]:
    """Bytes that TensorFlow has given out on the first card; None without one."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return {"current": None, "peak": None}
    known = tf.config.experimental.get_memory_info("GPU:0")
    return {name: int(known[name]) for name in ("current", "peak")}


def _held() -> dict[str, int] | None:
    """MiB of the first card that are taken, by whomever, and all; None if nobody says so."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    asked = [program, "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
    numbers = told[0].split(",") if told else []
    if not all(number.strip().isdigit() for number in numbers) or len(numbers) != 2:
        return None
    return {"used": int(numbers[0]), "total": int(numbers[1])}


def repeat(on_cpu: bool) -> dict[str, list[Any]]:
    """Probabilities by two fits with the same seed, for each network."""
    n = 32 if on_cpu else 2048
    found = {}
    for architecture in ("simple", "resnet18"):
        fits = (_fit(architecture, n, 32 if on_cpu else 128) for _ in range(2))
        found[architecture] = [model.predict_proba(X[:256]).tolist() for model, X in fits]
    return found


CHECKS: dict[str, Callable[[bool], Any]] = {"memory": memory, "limit": limit, "repeat": repeat}

# Of the suite: what may come out otherwise on a card.
TESTS = (
    "tests/engine/test_devices.py",
    "tests/engine/test_precision.py",
    "tests/engine/test_features.py",
    "tests/engine/test_folding.py",
    "tests/engine/test_normalization.py",
    "tests/engine/test_augment.py",
    "tests/estimators/test_cnn.py",
    "tests/estimators/test_transfer.py",
)
TESTS_ON_CPU = ("tests/engine/test_devices.py::test_graphics_memory_grows_as_needed",)
