"""How many flipped labels are found: ``python -m benchmarks.label_errors``.

2, 5 and 10 % of the labels are flipped to another class, drawn alike. Suspects are those of
`skdl.audit.find_label_errors`, by probabilities of five folds.
"""

import argparse
import json
import os
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import BackboneFeatures, CNNClassifier
from skdl._utils.environment import processor
from skdl.audit import find_label_errors
from skdl.datasets import load_fashion_mnist, load_image_folder

RESULTS = Path(__file__).parent / "results" / "label_errors.json"
SHARES = (0.02, 0.05, 0.1)


def digits():
    """Digits of scikit-learn, and a small network."""
    X, y = load_digits(return_X_y=True)
    return X, y, CNNClassifier(epochs=10, random_state=0)


def fashion():
    """2,000 images of Fashion-MNIST, and a small network."""
    X, y = load_fashion_mnist(n_samples=2_000, return_X_y=True)
    return X, y, CNNClassifier(epochs=15, batch_size=64, random_state=0)


def cats():
    """1,000 photographs of cats and dogs, and features of MobileNetV2."""
    folder = Path(os.environ["SKDL_DATA_HOME"]) / "cats_vs_dogs/train"
    X, y = load_image_folder(folder, n_samples=1_000, return_X_y=True)
    last = LogisticRegression(C=0.01, max_iter=2000)
    features = BackboneFeatures(image_size=160).fit_transform(X)
    return features, np.unique(y, return_inverse=True)[1], make_pipeline(StandardScaler(), last)


DATA = {
    "digits, 1,797": digits,
    "Fashion-MNIST, 2,000": fashion,
    "cats and dogs, 1,000": cats,
}


def main():
    """Run, write the figures and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.label_errors", description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found = {"processor": processor(), "rows": []}
    for name, load in DATA.items():
        X, y, model = load()
        for share in SHARES:
            found["rows"].append({"data": name, "share": share, **judged(X, y, model, share)})
            print(found["rows"][-1], flush=True)
    arguments.out.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))


def judged(X, y, model, share):
    """Precision and recall of the suspects, and of as many of the surest as labels were flipped."""
    generator, n_classes = np.random.default_rng(0), len(np.unique(y))
    flipped = generator.choice(len(y), int(share * len(y)), replace=False)
    labels = y.copy()
    labels[flipped] = (y[flipped] + generator.integers(1, n_classes, len(flipped))) % n_classes
    probabilities = cross_val_predict(model, X, labels, cv=5, method="predict_proba")
    hits = np.isin(find_label_errors(labels, probabilities)["row"], flipped)
    return {
        "flipped": len(flipped),
        "suspects": len(hits),
        "precision": float(hits.mean()),
        "recall": float(hits.sum() / len(flipped)),
        "precision_of_surest": float(hits[: len(flipped)].mean()),
    }


def table(found):
    """As docs/audit.md shows it."""
    lines = [
        "| images | labels flipped | suspects | precision | recall | precision of the surest |",
        "|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        lines.append(
            f"| {row['data']} | {row['flipped']} ({100 * row['share']:.0f} %) | {row['suspects']} "
            f"| {row['precision']:.2f} | {row['recall']:.2f} | {row['precision_of_surest']:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
