import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plotting.figures import assert_readable, texts
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import Augmentation, CNNClassifier, Resize
from skdl.plotting import AugmentationDisplay

NOISE = Augmentation(noise=0.1)


@pytest.fixture(scope="module")
def images(digits):
    X, _ = digits
    return (X[:200].reshape(-1, 8, 8, 1) * 15).astype(np.uint8)


def classifier(augmentation=NOISE, **params):
    return CNNClassifier(augmentation=augmentation, epochs=1, random_state=0, **params)


def drawn(display):
    return np.stack([np.asarray(ax.images[0].get_array()) for ax in display.axes_.flat])


def test_each_image_has_a_row(images):
    display = AugmentationDisplay.from_estimator(
        classifier("strong"), images, n_images=3, n_variants=4, random_state=1, title="Digits"
    )
    assert display.axes_.shape == (3, 5)
    found = drawn(display)
    np.testing.assert_allclose(found[5], images[1, :, :, 0] / 255, atol=1e-6)
    assert len({image.tobytes() for image in found}) == 15
    assert [ax.get_title() for ax in display.axes_[0]] == ["original", "", "", "", ""]
    assert "Digits" in texts(display)
    expected = classifier("strong").augmented_images(images, 4, random_state=1, n_images=3)
    np.testing.assert_array_equal(display.images, expected)


def test_variants_are_seeded(images):
    first, again, other = (
        drawn(AugmentationDisplay.from_estimator(classifier(), images, random_state=seed))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[1], other[1])


def test_what_changes_nothing(images):
    model = classifier(Augmentation())
    original, variant = drawn(
        AugmentationDisplay.from_estimator(model, images, n_images=1, n_variants=1)
    )
    np.testing.assert_array_equal(original, variant)


def test_standardised_images_are_drawn_by_their_own_range(images):
    X = (images / 127.5 - 1) * 100
    model = classifier(Augmentation(noise=0.05))
    original, variant = drawn(
        AugmentationDisplay.from_estimator(model, X, n_images=1, n_variants=1)
    )
    assert (original.min(), original.max()) == (0, 1)
    assert 0 < np.abs(variant - original).max() < 0.002


def test_any_form_of_the_images(images, tmp_path):
    X = images[:20]
    paths = [str(tmp_path / f"{i}.png") for i in range(len(X))]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image[..., 0]).save(path)
    flat = X.reshape(len(X), -1)
    shuffled = pd.DataFrame(flat, index=np.arange(len(X))[::-1])  # rows, not labels of the index
    expected = drawn(AugmentationDisplay.from_estimator(classifier(), X, n_images=2, n_variants=1))
    for same in (X[..., 0], flat, shuffled, list(X), paths, pd.Series(paths), np.array(paths)):
        found = drawn(
            AugmentationDisplay.from_estimator(classifier(), same, n_images=2, n_variants=1)
        )
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_fewer_images_than_wanted(images):
    display = AugmentationDisplay.from_estimator(classifier(), images[:2], n_variants=1)
    assert display.axes_.shape == (2, 2)


def test_pipelines_draw_what_the_classifier_gets(images, digits):
    resized = make_pipeline(Resize((12, 10)).fit(images), classifier())
    display = AugmentationDisplay.from_estimator(resized, images, n_images=2, n_variants=1)
    assert display.images.shape == (2, 2, 12, 10, 1)  # the classifier need not be fitted
    X, y = digits[0][:60], digits[1][:60]
    scaled = make_pipeline(StandardScaler(), classifier())
    with pytest.raises(NotFittedError):
        AugmentationDisplay.from_estimator(scaled, X)
    scaled.fit(X, y)
    display = AugmentationDisplay.from_estimator(scaled, X, n_images=2, n_variants=1)
    expected = classifier().augmented_images(scaled[0].transform(X[:2]))
    np.testing.assert_array_equal(display.images, expected)
    with pytest.raises(ValueError, match="CNNClassifier does not receive the images"):
        AugmentationDisplay.from_estimator(make_pipeline(PCA(9), classifier()).fit(X, y), X)


def test_searches_draw_their_best_estimator(digits):
    X, y = digits[0][:60], digits[1][:60]
    size = {"n_images": 1, "n_variants": 1}
    search = GridSearchCV(classifier(None), {"augmentation": [NOISE]}, cv=2)
    before = AugmentationDisplay.from_estimator(search, X, **size)
    np.testing.assert_array_equal(before.images[0, 0], before.images[0, 1])
    after = AugmentationDisplay.from_estimator(search.fit(X, y), X, **size)
    expected = classifier().augmented_images(X, n_images=1)
    np.testing.assert_array_equal(after.images, expected)
    assert not np.array_equal(after.images[0, 0], after.images[0, 1])


@pytest.mark.parametrize("n_variants", [1, 9])
def test_nothing_overlaps(n_variants):
    images = np.random.default_rng(0).random((3, 1 + n_variants, 6, 9, 3))
    assert_readable(AugmentationDisplay(images).plot(title="A long title " * 4).figure_)


def test_given_axes(images):
    figure, axes = plt.subplots(2, 3)
    display = AugmentationDisplay.from_estimator(
        classifier(), images, n_images=2, n_variants=2, ax=axes
    )
    assert display.figure_ is figure
    assert display.axes_.tolist() == axes.tolist()
    with pytest.raises(ValueError, match="one axes per image: 8. Got 6"):
        AugmentationDisplay.from_estimator(classifier(), images, n_images=2, n_variants=3, ax=axes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_images": 0}, "n_images must be a whole number of at least 1. Got 0"),
        ({"n_images": True}, "n_images must be a whole number"),
        ({"n_variants": 2.5}, "n_variants must be a whole number"),
        (
            {"estimator": classifier("heavy")},
            r"a preset \(light, medium, strong, random\) or an .* Got 'heavy'",
        ),
        (
            {"estimator": PCA()},
            "PCA has no augmented_images: pass a network",
        ),
        ({"X": np.zeros((2, 8, 8, 8, 8))}, "X"),
        ({"X": []}, "X"),
    ],
)
def test_bad_arguments(images, arguments, message):
    with pytest.raises(ValueError, match=message):
        AugmentationDisplay.from_estimator(**{"estimator": classifier(), "X": images, **arguments})
