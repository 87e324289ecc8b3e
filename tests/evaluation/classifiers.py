"""Classifiers, plain and odd, that the tests of several modules take."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def logistic(**params):
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, **params))


class Contrary(LogisticRegression):
    """Predicts another label than that of the larger probability where it is unsure."""

    def predict(self, X):
        second = self.predict_proba(X)[:, 1]
        return self.classes_[((second >= 0.5) ^ (np.abs(second - 0.5) < 0.3)).astype(int)]


class Ties(ClassifierMixin, BaseEstimator):
    """Says that all classes are as probable, and predicts by the first feature."""

    def fit(self, X, y):
        self.classes_, self.middle_ = np.unique(y), np.median(X[:, 0])
        return self

    def predict(self, X):
        return self.classes_[(X[:, 0] < self.middle_).astype(int)]

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


class Odd(ClassifierMixin, BaseEstimator):
    """Without probabilities, or with some that fit nothing; or one that fails."""

    def __init__(self, kind="labels"):
        self.kind = kind

    def fit(self, X, y):
        if self.kind == "fails" or (self.kind == "fails once" and X[0, 0] == 17.99):
            raise RuntimeError("no such luck")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.resize(self.classes_, len(X))

    def __getattr__(self, name):
        if name == "predict_proba" and self.__dict__.get("kind") == "too wide":
            return lambda X: np.full((len(X), 3), 1 / 3)
        raise AttributeError(name)
