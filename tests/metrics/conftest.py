"""Patients, labels and probabilities that the tests of several modules take."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@pytest.fixture(scope="session")
def patients():
    """Albumin, total protein and K-G score of 43 patients with ovarian cancer, and their outcome.

    DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), 837-845, as printed in the SAS/STAT
    User's Guide, The LOGISTIC Procedure, "Comparing Receiver Operating Characteristic Curves".
    """
    albumin = """
        3.0 3.2 3.9 2.8 3.2 0.9 2.5 1.6 3.8 3.7 3.2 3.8 4.1 3.6 4.3 3.6 2.3 4.2 4.0 3.5 3.8 3.0
        4.5 3.7 3.1 4.1 4.3 4.3 3.2 2.6 3.3 1.7 3.7 3.3 4.2 3.5 2.9 2.1 2.8 4.0 3.3 3.7 3.6"""
    protein = """
        5.8 6.3 6.8 4.8 5.8 4.0 5.7 5.6 5.7 6.7 5.4 6.6 6.6 5.7 7.0 6.7 4.4 7.6 6.6 5.8 6.8 4.7
        7.4 7.4 6.6 8.2 7.0 6.5 5.1 4.7 6.8 4.0 6.1 6.3 7.7 6.2 5.7 4.8 6.2 7.0 5.7 6.9 6.6"""
    kg = """
        10 5 3 6 3 5 8 5 5 6 4 6 5 5 4 4 6 4 6 6 7 8
        5 5 6 6 5 4 5 6 6 7 5 7 6 5 9 7 8 7 6 5 5"""
    outcome = "0110100111111110100110111111110011110101111"
    columns = [np.array(text.split(), dtype=float) for text in (albumin, protein, kg)]
    scores = dict(zip(["albumin", "protein", "kg"], columns, strict=True))
    scores["kg"] = 10 - scores["kg"]
    return scores, np.array(list(outcome), dtype=int)


@pytest.fixture(scope="session")
def cancer():
    """Out-of-fold labels and probabilities of a weak classifier; malignant is positive."""
    X, y = load_breast_cancer(return_X_y=True)
    y = 1 - y
    model = make_pipeline(StandardScaler(), LogisticRegression())
    probabilities = cross_val_predict(model, X[:, 4:7], y, method="predict_proba")
    return y, (probabilities[:, 1] > 0.5).astype(int), probabilities


@pytest.fixture(scope="session")
def letters():
    """Three classes, with labels and probabilities."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 150)
    probabilities = generator.dirichlet([1, 1, 1], 150) + 0.5 * np.eye(3)[y]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    names = np.array(["a", "b", "c"])
    return names[y], names[probabilities.argmax(axis=1)], probabilities
