"""False alarms of subgroups where there is no difference, by simulation.

``python tools/false_alarms_of_subgroups.py 200`` prints, for each kind of data, the share of 200
simulated tests in which any corrected p value is below 0.05, the same without correction, and how
often the intervals of differences hold zero.
"""

import sys
import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from skdl import evaluate

COLUMNS = {"sex": ("a", "b"), "age": ("1", "2", "3", "4"), "site": ("x", "y", "z")}
IMAGES_OF_A_PATIENT = 4
KINDS = {  # images, share of wrong labels, and where the images of a patient are
    "no groups": [(200, 0.2, None), (200, 0.05, None), (600, 0.1, None)],
    "patients within subgroups": [(200, 0.2, "within"), (600, 0.1, "within")],
    "patients in several subgroups": [(200, 0.2, "across"), (600, 0.1, "across")],
}


class Told(ClassifierMixin, BaseEstimator):
    """Reads its scores from the first column of X."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])

    def predict(self, X):
        return (X[:, 0] >= 0.5).astype(int)


def simulated(generator, n, rate, where):
    """Scores, labels, groups and subgroups; mistakes of a patient are correlated by 0.5."""
    size = 1 if where is None else IMAGES_OF_A_PATIENT
    patients = np.repeat(np.arange(n // size), size)
    y = (patients % 2).astype(int)
    own_rates = rate if where is None else generator.beta(rate, 1 - rate, n // size)[patients]
    right = generator.random(n) >= own_rates
    distance = np.clip(np.abs(generator.normal(0.25, 0.15, n)), 0.01, 0.5)
    scores = 0.5 + np.where(right == (y == 1), 1, -1) * distance
    places = np.arange(n) if where == "across" else patients
    subgroups = {
        name: generator.choice(values, places.max() + 1)[places] for name, values in COLUMNS.items()
    }
    return scores, y, None if where is None else patients, subgroups


def main(n_rounds):
    generator = np.random.default_rng(0)
    for kind, settings in KINDS.items():
        for n, rate, where in settings:
            alarms, uncorrected, held = [], [], []
            for _ in range(n_rounds):
                X, y, groups, subgroups = simulated(generator, n, rate, where)
                X = np.column_stack([X, np.arange(n)])  # no image twice
                table = evaluate(
                    Told().fit(X, y),
                    X,
                    y,
                    cv="prefit",
                    scoring=["accuracy", "roc_auc"],
                    groups=groups,
                    subgroups=subgroups,
                ).subgroups()
                alarms.append((table["p_holm"] < 0.05).any())
                uncorrected.append((table["p"] < 0.05).any())
                known = table.dropna(subset=["difference_low"])
                inside = (known["difference_low"] <= 0) & (known["difference_high"] >= 0)
                held += inside.tolist()
            print(
                f"{kind}, {n} images, {rate:.0%} wrong: {np.mean(alarms):.1%} with a false alarm, "
                f"{np.mean(uncorrected):.1%} without correction; {np.mean(held):.1%} of the "
                "intervals hold zero",
                flush=True,
            )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
