"""The estimators on real images."""

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from skdl import CNNClassifier, DenoisingAutoencoder, ImageLoader, ImageNoise
from skdl.datasets import load_image_folder, load_mnist
from skdl.images import read_image

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def mnist(data_home):
    train = load_mnist(subset="train", data_home=data_home, return_X_y=True)
    return (*train, *load_mnist(subset="test", data_home=data_home, return_X_y=True))


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


def test_training_from_fifty_thousand_files(data_home):
    train = load_image_folder(data_home / "cifar10-jpeg", subset="train", verify=False)
    test = load_image_folder(data_home / "cifar10-jpeg", subset="test", verify=False)
    assert train.data.shape == (50_000,)
    model = CNNClassifier(epochs=1, batch_size=128, image_size=32, random_state=0)
    model.fit(train.data, train.target)
    assert model.score(test.data, test.target) > 0.4
    some = np.random.default_rng(0).permutation(50_000)[:640]
    pixels = np.stack([read_image(path) for path in train.data[some]])
    np.testing.assert_array_equal(
        model.predict_proba(train.data[some]), model.predict_proba(pixels)
    )


def test_cats_and_dogs_of_all_sizes(data_home):
    pets = load_image_folder(data_home / "cats_vs_dogs", subset="train", n_samples=600)
    model = CNNClassifier(epochs=2, image_size=48, augmentation="light", random_state=0)
    scores = cross_val_score(model, pets.data, pets.target, cv=2, error_score="raise")
    assert scores.mean() > 0.45
    loader = ImageLoader(48).fit(pets.data)
    assert loader.transform(pets.data[:10]).shape == (10, 48, 48, 3)


def test_taking_noise_off_mnist(data_home):
    X, _ = load_mnist(subset="train", n_samples=6_000, return_X_y=True)
    clean, _ = load_mnist(subset="test", n_samples=1_000, return_X_y=True)
    noise = ImageNoise(amount=1.0, random_state=1).fit(X)
    model = DenoisingAutoencoder(
        noise=noise, epochs=4, optimizer__learning_rate=0.003, random_state=0
    ).fit(X)
    noisy = noise.transform(clean)
    errors = np.square((noisy.astype(float) - clean) / 255).mean(axis=(1, 2))
    assert model.score(noisy, clean) > np.mean(-10 * np.log10(errors)) + 6
