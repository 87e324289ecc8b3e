"""What classifiers make of images before any training: `augmented_images`."""

import numpy as np
import pytest
from PIL import Image

from skdl import Augmentation, CNNClassifier, TransferClassifier


@pytest.fixture(scope="module")
def images(digits):
    return (digits[0][:20].reshape(-1, 8, 8, 1) * 15).astype(np.uint8)


def test_images_and_their_variants(images):
    model = CNNClassifier(augmentation="strong")
    found = model.augmented_images(images, 3, random_state=1)
    assert found.shape == (20, 4, 8, 8, 1)
    np.testing.assert_allclose(found[:, 0], images / 255, atol=1e-6)
    assert len({image.tobytes() for image in found.reshape(80, -1)}) == 80
    np.testing.assert_array_equal(found, model.augmented_images(images, 3, random_state=1))
    other = model.augmented_images(images, 3, random_state=2)
    assert not np.array_equal(found[0, 1], other[0, 1])


@pytest.mark.parametrize("augmentation", [None, Augmentation()])
def test_what_changes_nothing(images, augmentation):
    found = CNNClassifier(augmentation=augmentation).augmented_images(images)
    np.testing.assert_array_equal(found[:, 0], found[:, 1])


def test_standardised_images(images):
    """Noise is in units of the data there: of images with a large spread, it is hardly seen."""
    X = (images / 127.5 - 1) * 100
    found = CNNClassifier(augmentation=Augmentation(noise=0.05)).augmented_images(X)
    spread = np.ptp(found[:, 0])
    assert 0 < np.abs(found[:, 1] - found[:, 0]).max() < 0.01 * spread


def test_the_first_images_have_the_value_range_of_all(images):
    X = images.astype(float)
    X[0] /= 10  # a dark one
    model = CNNClassifier(augmentation="light")
    some = model.augmented_images(X, 2, n_images=1)
    assert some.shape == (1, 3, 8, 8, 1)
    np.testing.assert_array_equal(some, model.augmented_images(X, 2)[:1])
    assert some[0, 0].max() < 0.2


def test_only_the_first_files_are_decoded(images, tmp_path):
    paths = [str(tmp_path / f"{i}.png") for i in range(3)]
    for path, image in zip(paths, images, strict=False):
        Image.fromarray(image[..., 0]).save(path)
    model = CNNClassifier(augmentation="light", image_size=8)
    expected = model.augmented_images(images[:3], 1, n_images=2)
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:60])  # cut off
    np.testing.assert_allclose(model.augmented_images(paths, 1, n_images=2), expected, atol=1e-6)


def test_networks_on_backbones_give_colours(images):
    found = TransferClassifier(augmentation="light", image_size=32).augmented_images(images[:2])
    assert found.shape[:2] == (2, 2)
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_variants": 0}, "n_variants must be a whole number of at least 1. Got 0"),
        ({"n_variants": True}, "n_variants must be a whole number of at least 1. Got True"),
        ({"n_images": 2.5}, "n_images must be a whole number of at least 1. Got 2.5"),
        ({"random_state": "now"}, "now"),
        ({"X": np.zeros((0, 8, 8))}, "X"),
        ({"X": np.full((2, 8, 8), np.nan)}, "NaN: first at row 0"),
    ],
)
def test_bad_arguments(images, arguments, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(augmentation="light").augmented_images(**{"X": images, **arguments})
