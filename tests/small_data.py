"""Data sets that are smaller, but otherwise laid out as the originals."""

import gzip
import hashlib

import numpy as np
from PIL import Image

from skdl.datasets import _mnist

PARTS = {"train": "train", "t10k": "test"}
COUNTS = {"train": 203, "test": 50}


def write_idx(folder, monkeypatch, name):
    """The four files of MNIST or Fashion-MNIST."""
    rng = np.random.default_rng(len(name))
    (folder / name).mkdir()
    digests, arrays = dict(_mnist._SHA256), {}
    for prefix, part in PARTS.items():
        n = COUNTS[part]
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = (np.arange(n) % 10).astype(np.uint8)
        arrays[part] = images, labels
        header = [bytes([0, 0, 8, 3]), *(s.to_bytes(4, "big") for s in (n, 28, 28))]
        contents = {
            "images-idx3": b"".join(header) + images.tobytes(),
            "labels-idx1": bytes([0, 0, 8, 1]) + n.to_bytes(4, "big") + labels.tobytes(),
        }
        for kind, content in contents.items():
            file = folder / name / f"{prefix}-{kind}-ubyte.gz"
            file.write_bytes(gzip.compress(content))
        digests[name, part] = [hashlib.sha256(c).hexdigest() for c in contents.values()]
    monkeypatch.setattr(_mnist, "_SHA256", digests)
    monkeypatch.setattr(_mnist, "_COUNTS", COUNTS)
    return arrays


def write_images(folder, counts, size, seed=0, suffix="png"):
    """Images of random colours, a folder for each class; classes differ in brightness."""
    rng = np.random.default_rng(seed)
    for number, (name, n) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(0, 160, (size, size, 3)) + 90 * number // len(counts)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{i:03d}.{suffix}")
