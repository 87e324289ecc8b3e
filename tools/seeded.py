"""What seeded fits predict, to compare sets of libraries.

``python tools/seeded.py FILE`` writes it, ``python tools/seeded.py --compare FILE FILE`` compares.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

TOLERANCE = 1e-4


def predictions() -> dict[str, list[list[float]]]:
    """Probabilities of digits by networks of both kinds, trained on others."""
    from sklearn.datasets import load_digits
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from skdl import BackboneFeatures, CNNClassifier, TransferClassifier

    X, y = load_digits(return_X_y=True)
    train, test = slice(0, 600), slice(600, 800)
    models = {
        "CNNClassifier": CNNClassifier(epochs=3, random_state=0),
        "CNNClassifier, normalised": CNNClassifier("resnet20", epochs=1, random_state=0),
        "TransferClassifier": TransferClassifier(
            "cifar_resnet20", image_size=16, trainable=1, epochs=2, random_state=0
        ),
        "BackboneFeatures": make_pipeline(
            BackboneFeatures(image_size=16),
            StandardScaler(),
            KNeighborsClassifier(weights="distance"),
        ),
    }
    return {
        name: model.fit(X[train], y[train]).predict_proba(X[test]).tolist()
        for name, model in models.items()
    }


def compare(files: list[Path]) -> int:
    """Print by how much predictions differ at most; 1 if by more than they may."""
    sets = {file.stem: json.loads(file.read_text()) for file in files}
    first, *others = sets
    differences = []
    for other in others:
        for model, values in sets[first].items():
            difference = np.abs(np.array(values) - np.array(sets[other][model])).max()
            print(f"{first} and {other}: {model}: {difference:.1e}")
            differences.append(difference)
    return int(not max(differences) <= TOLERANCE)


if __name__ == "__main__":
    if sys.argv[1] == "--compare":
        sys.exit(compare([Path(name) for name in sys.argv[2:]]))
    Path(sys.argv[1]).write_text(json.dumps(predictions()))
