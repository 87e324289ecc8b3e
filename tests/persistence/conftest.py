import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdl


@pytest.fixture(scope="session")
def zero_to_two():
    """150 flattened digits from 0 to 2, and what they are."""
    X, y = load_digits(return_X_y=True)
    return X[y < 3][:150], y[y < 3][:150]


@pytest.fixture(scope="session")
def fitted(zero_to_two):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*zero_to_two)


@pytest.fixture
def saved(fitted, zero_to_two, tmp_path):
    """The path of a file of a pipeline."""
    path = tmp_path / "model.skdl"
    names = ["zero", "one", "two"]
    skdl.save(fitted, path, probes=zero_to_two[0][:4], target_names=names, card={"use": "none"})
    return path


@pytest.fixture
def as_saved(zero_to_two):
    """Whether two models predict the same, to the bit."""
    X = zero_to_two[0]

    def same(one, other):
        name = next(n for n in ("predict_proba", "predict", "transform") if hasattr(one, n))
        return np.array_equal(getattr(one, name)(X), getattr(other, name)(X))

    return same
