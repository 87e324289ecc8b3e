"""Real pixels: digits of scikit-learn, MNIST where SKDL_DATA_HOME has it."""

import gzip
import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits


def digits():
    """1,797 images of 8×8 pixels in [0, 1], channels last, with labels."""
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32).reshape(-1, 8, 8, 1), y


def mnist(n):
    """The first `n` images of MNIST, 28×28 uint8, and labels; else digits enlarged to that size."""
    folder = Path(os.environ.get("SKDL_DATA_HOME", "")) / "mnist"
    if os.environ.get("SKDL_DATA_HOME") and folder.is_dir():
        images = _read(folder / "train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
        return images[:n], _read(folder / "train-labels-idx1-ubyte.gz", 8)[:n].astype(np.int64)
    X, y = load_digits(return_X_y=True)
    enlarged = np.kron(X.reshape(-1, 8, 8), np.ones((4, 4)))[:, 2:30, 2:30] * (255 / 16)
    rows = np.arange(n) % len(y)
    return enlarged.astype(np.uint8)[rows], y[rows]


def image_files(n, folder):
    """Paths of `n` image files of 32×32 pixels in colour, and their labels.

    CIFAR-10's where SKDL_DATA_HOME has them as JPEG, else digits, written to the folder.
    """
    root = Path(os.environ.get("SKDL_DATA_HOME", "")) / "cifar10-jpeg" / "train"
    if os.environ.get("SKDL_DATA_HOME") and root.is_dir():
        files = sorted(root.glob("*/*.jpg"), key=lambda path: path.name)[:n]
        return np.array([str(path) for path in files]), np.array([p.parent.name for p in files])
    from PIL import Image

    images, y = mnist(n)
    paths = [folder / f"{row}.png" for row in range(n)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(np.pad(image, 2)).convert("RGB").save(path)
    return np.array([str(path) for path in paths]), y


def source():
    """What `mnist` reads."""
    return "MNIST" if os.environ.get("SKDL_DATA_HOME") else "digits enlarged to 28×28"


def _read(path, offset):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)
