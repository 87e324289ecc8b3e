"""What helps where 5 % of the images are positive: ``python -m benchmarks.imbalance``.

Shirts among other clothes of Fashion-MNIST: 200 of 4,000 training images, and 400 of 8,000 test
images. Scores are means over seeds, which draw the training images as well.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, recall_score, roc_auc_score
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import BackboneFeatures, CNNClassifier
from skdl._utils.environment import processor, versions
from skdl.datasets import load_fashion_mnist
from skdl.metrics import brier_skill_score, calibration_intercept, specificity_score

RESULTS = Path(__file__).parent / "results" / "imbalance.json"
SHIRT, SHARE = 6, 0.05
SCORES = {
    "ROC AUC": lambda y, p, labels: roc_auc_score(y, p),
    "average precision": lambda y, p, labels: average_precision_score(y, p),
    "sensitivity": lambda y, p, labels: recall_score(y, labels),
    "specificity": lambda y, p, labels: specificity_score(y, labels),
    "calibration intercept": lambda y, p, labels: calibration_intercept(y, p),
    "Brier skill": lambda y, p, labels: brier_skill_score(y, p),
}


def network(seed, **params):
    """A small network from scratch."""
    return CNNClassifier(epochs=15, batch_size=64, random_state=seed, **params)


def tuned(seed):
    """The network as it is, with the threshold of the best balanced accuracy."""
    return TunedThresholdClassifierCV(network(seed), cv=3, random_state=seed)


def on_features(seed, *steps, **params):
    """A logistic regression on features of a pretrained network."""
    features = BackboneFeatures(image_size=96)
    last = LogisticRegression(C=0.01, max_iter=2000, **params)
    if not steps:
        return make_pipeline(features, StandardScaler(), last)
    from imblearn.pipeline import make_pipeline as with_samplers

    return with_samplers(features, StandardScaler(), *steps, last)


def smote(seed):
    """SMOTE of imbalanced-learn on features."""
    from imblearn.over_sampling import SMOTE

    return on_features(seed, SMOTE(random_state=seed))


def undersampled(seed):
    """Random undersampling of imbalanced-learn on features."""
    from imblearn.under_sampling import RandomUnderSampler

    return on_features(seed, RandomUnderSampler(random_state=seed))


METHODS = {
    "network": network,
    "network, tuned threshold": tuned,
    "network, class_weight": lambda seed: network(seed, class_weight="balanced"),
    "network, sampling": lambda seed: network(seed, sampling="balanced"),
    "network, focal loss": lambda seed: network(seed, loss="focal"),
    "network, focal loss and sampling": lambda seed: network(
        seed, loss="focal", sampling="balanced"
    ),
    "network, label smoothing": lambda seed: network(seed, label_smoothing=0.1),
    "features": on_features,
    "features, class_weight": lambda seed: on_features(seed, class_weight="balanced"),
    "features, SMOTE": smote,
    "features, undersampling": undersampled,
}


def main():
    """Run all methods, write the figures and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imbalance", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    X, y = load_fashion_mnist(subset="all", return_X_y=True)
    found = {"processor": processor(), "versions": versions(), "methods": {}}
    for name, make in METHODS.items():
        rows = [scores_of(make(seed), X, y == SHIRT, seed) for seed in range(arguments.seeds)]
        found["methods"][name] = {score: [row[score] for row in rows] for score in SCORES}
        print(name, {k: round(float(np.mean(v)), 3) for k, v in found["methods"][name].items()},
              flush=True)  # fmt: skip
    arguments.out.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))


def scores_of(model, X, positive, seed):
    """Scores of a model trained on images of a seed, on the same test images."""
    train = drawn(positive[:60_000], 4_000, seed)
    test = 60_000 + drawn(positive[60_000:], 8_000, 0)
    model.fit(X[train], positive[train].astype(int))
    y, p = positive[test].astype(int), model.predict_proba(X[test])[:, 1]
    labels = model.predict(X[test])
    return {name: float(score(y, p, labels)) for name, score in SCORES.items()}


def drawn(positive, n, seed):
    """Rows of which a twentieth is positive."""
    generator, n_positive = np.random.default_rng(seed), int(SHARE * n)
    parts = [(positive, n_positive), (~positive, n - n_positive)]
    rows = [generator.choice(np.flatnonzero(of), size, replace=False) for of, size in parts]
    return generator.permutation(np.concatenate(rows))


def table(found):
    """Means and standard deviations over the seeds."""
    lines = ["| method | " + " | ".join(SCORES) + " |", "|" + "---|" * (len(SCORES) + 1)]
    for name, scores in found["methods"].items():
        cells = [f"{np.mean(v):.3f} ± {np.std(v, ddof=1):.3f}".replace("-", "−")
                 for v in scores.values()]  # fmt: skip
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
