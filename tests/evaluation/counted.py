"""A classifier that counts its fits, and its evaluation with a checkpoint."""

from sklearn.datasets import load_breast_cancer
from sklearn.naive_bayes import GaussianNB

from skdl import evaluate

X, Y = (values[:90] for values in load_breast_cancer(return_X_y=True))


class Counted(GaussianNB):
    """Counts its fits."""

    n_fits = 0

    def fit(self, X, y):
        Counted.n_fits += 1
        return super().fit(X, y)


def run(folder, model=None, y=Y, **options):
    options = {"cv": 3, "scoring": "accuracy", **options}
    return evaluate(model or Counted(), X, y, checkpoint=folder, **options)


def records(folder):
    return sorted(folder.glob("Counted-*.json"))
