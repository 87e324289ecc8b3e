"""Real pixels: digits of scikit-learn; MNIST and photographs where SKDL_DATA_HOME has them."""

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


def photographs(n, side=96):
    """`n` photographs, cats and dogs in turn, side×side×3 uint8, and labels 0 and 1.

    Those in SKDL_DATA_HOME, their middle square resized; else digits, even and odd, enlarged.
    """
    from PIL import Image

    root = _home("cats_vs_dogs/train")
    if root is None:
        images, y = mnist(n)
        pictures = [Image.fromarray(image) for image in images]
        return _squares(pictures, side), y % 2
    pairs = zip(*(sorted((root / kind).glob("*.jpg")) for kind in ("cats", "dogs")), strict=True)
    files = [file for pair in pairs for file in pair][:n]
    if len(files) < n:
        raise ValueError(f"There are only {len(files)} photographs in {root}.")
    return _squares(map(Image.open, files), side), np.arange(n) % 2


def _squares(pictures, side):
    arrays = []
    for picture in pictures:
        edge = min(picture.size)
        left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
        box = (left, top, left + edge, top + edge)
        arrays.append(np.asarray(picture.convert("RGB").resize((side, side), box=box)))
    return np.stack(arrays)


def mobilenet_weights(alpha=1.0):
    """Path of MobileNetV2's weights in SKDL_DATA_HOME; else "random"."""
    source = "_from_int8" if alpha == 1.0 else ""
    path = _home(f"weights/mobilenet_v2_{alpha}_224_no_top{source}.weights.h5")
    return "random" if path is None else str(path)


def vgg16_weights():
    """Path of VGG16's weights in SKDL_DATA_HOME; else "random"."""
    path = _home("weights/vgg16_imagenet_notop.weights.h5")
    return "random" if path is None else str(path)


def _home(name):
    """A file or folder of SKDL_DATA_HOME, None if there is none."""
    home = os.environ.get("SKDL_DATA_HOME")
    path = Path(home or "", name)
    return path if home and path.exists() else None


def source():
    """What `mnist` reads."""
    return "MNIST" if os.environ.get("SKDL_DATA_HOME") else "digits enlarged to 28×28"


def photograph_source():
    """What `photographs` reads."""
    return "cats_vs_dogs" if _home("cats_vs_dogs/train") else f"{source()}, enlarged"


def _read(path, offset):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)
