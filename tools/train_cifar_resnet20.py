"""Train the network behind the backbone `cifar_resnet20`, on CIFAR-10.

    python tools/train_cifar_resnet20.py OUT [--epochs 6]

Each image comes turned by 0, 90, 180 and 270 degrees, half of the time in gray, some of these
inverted, and the network tells both the class and the turn (S. Gidaris, P. Singh and N. Komodakis,
"Unsupervised representation learning by predicting image rotations", ICLR 2018; both at once as in
H. Lee, S. J. Hwang and J. Shin, "Self-supervised label augmentation via input transformations",
ICML 2020). Trained on the classes alone, its features are little better than those of random
weights on images unlike CIFAR-10's: they hold what tells these ten classes apart, and no more.

Needs CIFAR-10 in the data home (the JPEG version will do, and is what the shipped weights were
trained on). Writes OUT/cifar_resnet20.npz, the weights without the classifier, as they stand in
skdl/backbones, and OUT/log.txt, a line an epoch and the accuracy of a logistic regression on the
features, which is kept as tools/train_cifar_resnet20.log. A run that was interrupted goes on where
it was.
"""

import argparse
import contextlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import Augmentation, BackboneFeatures, CNNClassifier
from skdl.datasets import load_cifar10

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def turned(X: Any, generator: np.random.Generator) -> Any:
    """All images in four turns, one after the other, mirrored and in gray at random."""
    parts = []
    for turn in range(4):
        images = X.copy()
        mirrored = generator.random(len(X)) < 0.5  # before turning, so that turns stay apart
        images[mirrored] = images[mirrored, :, ::-1]
        images = np.rot90(images, turn, axes=(1, 2)).copy()
        in_gray = generator.random(len(X)) < 0.5
        gray = images[in_gray].astype(np.float32) @ _LUMA
        inverted = generator.random(len(gray)) < 0.3
        gray[inverted] = 255 - gray[inverted]
        images[in_gray] = gray.round().astype(np.uint8)[..., np.newaxis]
        parts.append(images)
    return np.concatenate(parts)


def network(epochs: int, backup: Path) -> CNNClassifier:
    """The classifier, with its protocol: that of He et al. (2016) but for length and precision."""
    return CNNClassifier.from_protocol(
        "resnet20",
        epochs=epochs,
        augmentation=Augmentation(shift=0.125, zoom=0.2, contrast=0.3, brightness=0.2, cutout=0.2),
        precision="bfloat16",
        callbacks=keras.callbacks.BackupAndRestore(str(backup), delete_checkpoint=False),
        random_state=0,
        verbose=1,
    )


def save_backbone(model: CNNClassifier, path: Path) -> None:
    """Write the weights of all layers but the last, which is the classifier."""
    *weights, _kernel, _bias = model.model_.get_layer("resnet20").get_weights()
    np.savez(path, *weights)


def main() -> None:
    """Train, test, and write both down."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=6, help="of four turns of all images each")
    parser.add_argument("--version", default="auto", help="of CIFAR-10: original or jpeg")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    X, y = load_cifar10(subset="train", version=arguments.version, return_X_y=True)
    images = turned(X, np.random.default_rng(0))
    labels = np.concatenate([y * 4 + turn for turn in range(4)])
    model = network(arguments.epochs, arguments.out / "backup")
    with (
        open(arguments.out / "log.txt", "a", buffering=1) as log,
        contextlib.redirect_stdout(log),
    ):
        model.fit(images, labels)
        path = arguments.out / "cifar_resnet20.npz"
        save_backbone(model, path)
        X_test, y_test = load_cifar10(subset="test", version=arguments.version, return_X_y=True)
        pipeline = make_pipeline(
            BackboneFeatures(weights=path), StandardScaler(), LogisticRegression(max_iter=500)
        )
        accuracy = pipeline.fit(X, y).score(X_test, y_test)
        print(f"accuracy of a logistic regression on the features, test images: {accuracy:.4f}")


if __name__ == "__main__":
    main()
