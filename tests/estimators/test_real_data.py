"""The default network on data of its reference protocol."""

import gzip

import numpy as np
import pytest

from skdl import CNNClassifier

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def mnist(data_home):
    def read(name, offset):
        with gzip.open(data_home / "mnist" / name) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    return (
        read("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28),
        read("train-labels-idx1-ubyte.gz", 8),
        read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28),
        read("t10k-labels-idx1-ubyte.gz", 8),
    )


def test_half_of_mnist(mnist):
    """The case studies report 0.98 to 0.99 for ten epochs of all of it."""
    X_train, y_train, X_test, y_test = mnist
    model = CNNClassifier(epochs=3, batch_size=64, random_state=0)
    model.fit(X_train[:30_000], y_train[:30_000])
    assert model.score(X_test, y_test) > 0.98


def test_flattened_rows_and_images_of_mnist_are_the_same(mnist):
    X_train, y_train, X_test, _ = mnist
    images = CNNClassifier(epochs=1, random_state=0).fit(X_train[:2000], y_train[:2000])
    rows = CNNClassifier(epochs=1, random_state=0).fit(
        X_train[:2000].reshape(2000, -1), y_train[:2000]
    )
    expected = images.predict_proba(X_test)
    assert np.array_equal(rows.predict_proba(X_test.reshape(len(X_test), -1)), expected)
