"""Train the network behind the backbone `cifar_resnet20`, on CIFAR-10.

    python tools/train_cifar_resnet20.py OUT [--epochs 24]

Needs CIFAR-10 in the data home (the JPEG version will do, and is what the shipped weights were
trained on). Writes OUT/cifar_resnet20.npz, the weights without the classifier, as they stand in
skdl/backbones; OUT/cifar_resnet20.joblib, the fitted classifier; and OUT/log.txt, a line an epoch
and the accuracy on the test images, which is kept as tools/train_cifar_resnet20.log. A run that was
interrupted goes on where it was.
"""

import argparse
import contextlib
from pathlib import Path

import joblib
import keras
import numpy as np

from skdl import Augmentation, CNNClassifier
from skdl.datasets import load_cifar10


def network(epochs: int, backup: Path) -> CNNClassifier:
    """The classifier, with its protocol: that of He et al. (2016) but for length and precision."""
    return CNNClassifier.from_protocol(
        "resnet20",
        epochs=epochs,
        augmentation=Augmentation(horizontal_flip=True, shift=0.125),
        precision="bfloat16",
        callbacks=keras.callbacks.BackupAndRestore(str(backup)),
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
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--version", default="auto", help="of CIFAR-10: original or jpeg")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    X, y = load_cifar10(subset="train", version=arguments.version, return_X_y=True)
    model = network(arguments.epochs, arguments.out / "backup")
    with (
        open(arguments.out / "log.txt", "a", buffering=1) as log,
        contextlib.redirect_stdout(log),
    ):
        model.fit(X, y)
        X_test, y_test = load_cifar10(subset="test", version=arguments.version, return_X_y=True)
        print(f"accuracy on {len(X_test)} test images: {model.score(X_test, y_test):.4f}")
    model.set_params(callbacks=None)
    joblib.dump(model, arguments.out / "cifar_resnet20.joblib")
    save_backbone(model, arguments.out / "cifar_resnet20.npz")
    save_backbone(model, arguments.out / "cifar_resnet20.npz")


if __name__ == "__main__":
    main()
