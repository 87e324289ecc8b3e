"""Images whose every feature tells their row, and classifiers that note what they are given."""

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

N = 120
GROUPS = np.random.default_rng(0).permutation(np.repeat(np.arange(40), 3))
_PATIENT = np.random.default_rng(1)
Y = (GROUPS % 2).astype(int)
# A feature is a multiple of 1/8, and the row beyond its seventh binary digit.
_SIGNAL = np.round(8 * (Y[:, None] + _PATIENT.normal(size=(N, 4)))) / 8
X = _SIGNAL + (np.arange(N)[:, None] + 0.5) / 2**12


def rows_of(X):
    """The rows of a part of X, by its last column."""
    values = np.asarray(X)[:, -1]
    return np.floor((values % (1 / 8)) * 2**12).astype(int)


def groups_of(X):
    return set(GROUPS[rows_of(X)].tolist())


class Noting(ClassifierMixin, BaseEstimator):
    """Compares with the means of two classes. Notes the groups it learned and is asked about."""

    seen = []  # shared by all

    def __init__(self, C=1.0, tol=0.0):
        self.C = C
        self.tol = tol

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.n_features_in_ = X.shape[1]
        means = [X[y == label].mean(axis=0) for label in self.classes_]
        self.coef_ = self.C * (means[1] - means[0])[None]
        self.middle_ = (means[0] + means[1]) / 2
        self.trained_ = groups_of(X)
        return self

    def _note(self, X):
        Noting.seen.append((self.trained_, groups_of(X)))

    def decision_function(self, X):
        self._note(X)
        return ((X - self.middle_) * self.coef_).sum(axis=1)

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]

    def predict_proba(self, X):
        second = expit(self.decision_function(X))
        return np.column_stack([1 - second, second])


class Stopping(Noting):
    """Holds rows out, as networks that stop early do: along groups where it is given them."""

    def fit(self, X, y, groups=None):
        splitter = ShuffleSplit if groups is None else GroupShuffleSplit
        splits = splitter(1, test_size=0.3, random_state=0).split(X, y, groups)
        train, test = next(splits)
        Noting.seen.append((groups_of(X[train]), groups_of(X[test])))
        return super().fit(X, y)


class Foreign(ClassifierMixin, BaseEstimator):
    """Of another hand: fits what is in it, and knows nothing of routing."""

    def __init__(self, estimator=None):
        self.estimator = estimator

    def get_metadata_routing(self):
        raise NotImplementedError

    def fit(self, X, y):
        self.inner_ = (Noting() if self.estimator is None else clone(self.estimator)).fit(X, y)
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, X):
        return self.inner_.predict(X)


def split_groups():
    """How many of the noted splits have a group on both sides."""
    return sum(bool(trained & asked) for trained, asked in Noting.seen)
