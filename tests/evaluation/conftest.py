"""Data sets, and an evaluation, that the tests of several modules take."""

import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdl import evaluate


@pytest.fixture(scope="session")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X, y


@pytest.fixture(scope="session")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400], y[:400]


@pytest.fixture(scope="session")
def result(cancer):
    models = {"ridge": RidgeClassifier(), "svc": make_pipeline(StandardScaler(), SVC())}
    return evaluate(models, *cancer)
