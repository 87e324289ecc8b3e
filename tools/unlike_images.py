"""Write how well unlike images are told into docs/inspection.md: ``python tools/unlike_images.py``.

Needs ``SKDL_DATA_HOME`` with the real data sets and the weights of the three backbones.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import StandardScaler

from skdl import BackboneFeatures, Resize
from skdl.datasets import load_fashion_mnist, load_mnist
from skdl.downloads import get_data_home
from skdl.images import read_image
from skdl.inspection import NoveltyDetector

PAGE = Path(__file__).parents[1] / "docs" / "inspection.md"
START, END = "<!-- written by tools/unlike_images.py -->\n", "<!-- end of the table -->"
N_TRAINING, SIZE, SEED = 300, 128, 0
KNOWN = ("cats and dogs", "BUSI", "MNIST")
BACKBONES = {
    "mobilenet_v2": "mobilenet_v2_1.0_224_no_top_from_int8.weights.h5",
    "vgg16": "vgg16_imagenet_notop.weights.h5",
    "cifar_resnet20": "auto",
}
Images = npt.NDArray[np.uint8]


def photographs(folder: str, n: int) -> Images:
    """Drawn files of a folder; masks are no images."""
    files = [
        *(get_data_home() / folder).rglob("*.jp*g"),
        *(get_data_home() / folder).rglob("*.png"),
    ]
    paths = sorted(str(path) for path in files if "mask" not in path.name)
    drawn = np.random.default_rng(SEED).permutation(len(paths))[:n]
    return np.stack([read_image(paths[i], image_size=SIZE, color="rgb") for i in drawn])


def enlarged(images: Any) -> Images:
    """Gray images of 28 × 28 pixels as large as the others."""
    return np.repeat(Resize(SIZE).fit_transform(images[..., np.newaxis]), 3, axis=-1)


def image_sets() -> dict[str, Images]:
    """What detectors are trained on, and what they are shown."""
    random = np.random.default_rng(SEED)
    colors = random.integers(0, 256, (50, 1, 1, 3), dtype=np.uint8)
    return {
        "cats and dogs": photographs("cats_vs_dogs", 500),
        "BUSI": photographs("busi", 500),
        "MNIST": enlarged(load_mnist(n_samples=500).data.reshape(-1, 28, 28)),
        "Fashion-MNIST": enlarged(load_fashion_mnist(n_samples=200).data.reshape(-1, 28, 28)),
        "CIFAR-10": photographs("cifar10-jpeg", 200),
        "noise": random.integers(0, 256, (50, SIZE, SIZE, 3), dtype=np.uint8),
        "one colour": np.repeat(np.repeat(colors, SIZE, axis=1), SIZE, axis=2),
    }


def measure(backbone: str, sets: dict[str, Images]) -> list[tuple[str, ...]]:
    """Shares that are flagged, in percent: of new images of the kind, then of all other sets."""
    size = 32 if backbone.startswith("cifar") else SIZE
    network = BackboneFeatures(
        backbone, weights=BACKBONES[backbone], image_size=size, value_range=(0, 255), store=None
    ).fit(sets["noise"])
    features = {name: network.transform(images) for name, images in sets.items()}
    rows = []
    for known in KNOWN:
        training, new = features[known][:N_TRAINING], features[known][N_TRAINING:]
        rows.append((backbone, "cosine", known, *_flagged(training, new, features, known)))
        if backbone == "mobilenet_v2":
            scaler = StandardScaler().fit(training)
            scaled = {name: scaler.transform(some) for name, some in features.items()}
            flagged = _flagged(
                scaled[known][:N_TRAINING], scaled[known][N_TRAINING:], scaled, known, "euclidean"
            )
            rows.append((backbone, "euclidean, standardised", known, *flagged))
    return rows


def _flagged(
    training: Any, new: Any, others: dict[str, Any], known: str, metric: Any = "cosine"
) -> list[str]:
    detector = NoveltyDetector(metric=metric).fit(training)
    shown = {name: new if name == known else some for name, some in others.items()}
    shares = {name: (detector.predict(some) == -1).mean() for name, some in shown.items()}
    return [
        f"*{100 * share:.1f}*" if name == known else f"{100 * share:.0f}"
        for name, share in shares.items()
    ]


def table(rows: Sequence[Sequence[str]], names: Sequence[str]) -> str:
    """In Markdown, by metric and backbone."""
    lines = [
        f"| backbone | metric | trained on | {' | '.join(names)} |",
        "|---" * (3 + len(names)) + "|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sets = image_sets()
    rows = [row for backbone in BACKBONES for row in measure(backbone, sets)]
    rows.sort(key=lambda row: row[1] != "cosine")
    before, rest = PAGE.read_text().split(START)
    PAGE.write_text(before + START + table(rows, list(sets)) + END + rest.split(END)[1])
