import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plotting.figures import assert_readable, long_names, texts
from sklearn.datasets import load_digits

from skdl.images import ImageFiles
from skdl.plotting import (
    ImageGridDisplay,
)


def test_images_of_each_class():
    bunch = load_digits()
    display = ImageGridDisplay.from_images(
        bunch.images, bunch.target, target_names=bunch.target_names, title="Digits"
    )
    assert display.class_names == [str(i) for i in range(10)]
    assert bunch.target[display.rows].tolist() == list(range(10))
    assert [ax.get_title() for ax in display.axes_] == display.class_names
    drawn = np.stack([ax.images[0].get_array() for ax in display.axes_])
    np.testing.assert_allclose(drawn, bunch.images[display.rows] / 16, rtol=1e-6)
    assert "Digits" in texts(display)


def test_several_images_of_a_class(digits):
    X, y = digits
    display = ImageGridDisplay.from_images(X, y, n_per_class=4)
    assert np.array_equal(y[display.rows], np.repeat(np.arange(10), 4))
    assert len(set(display.rows.tolist())) == 40
    headings = [ax.get_title(loc="left") for ax in display.axes_]
    assert headings[::4] == display.class_names[::4]
    assert set(headings) - set(display.class_names) == {""}


def test_the_choice_is_seeded(digits):
    X, y = digits
    first, again, other = (
        ImageGridDisplay.from_images(X, y, n_per_class=2, random_state=seed).rows.tolist()
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_rare_classes_and_none_at_all(few_digits):
    X, y = few_digits[0][:20], ["common"] * 17 + ["rare"] * 3
    display = ImageGridDisplay.from_images(
        X, y, n_per_class=30, target_names=["common", "no", "rare"]
    )
    assert [display.class_names.count(name) for name in ("common", "no", "rare")] == [17, 0, 3]
    assert len(display.axes_) == 20


def test_images_without_labels(few_digits):
    display = ImageGridDisplay.from_images(few_digits[0], n_per_class=7)
    assert len(display.axes_) == 7
    assert display.class_names is None
    assert texts(display) == []


@pytest.mark.parametrize("container", [list, np.array, pd.Series, lambda p: pd.DataFrame({"p": p})])
def test_only_the_files_that_are_drawn_are_decoded(pictures, monkeypatch, container):
    paths, labels = pictures
    decoded, decode = [], ImageFiles.decode
    monkeypatch.setattr(
        ImageFiles, "decode", lambda self, path: decoded.append(path) or decode(self, path)
    )
    display = ImageGridDisplay.from_images(container(paths), labels)
    assert decoded == [paths[row] for row in display.rows]
    assert display.class_names == ["gray", "high", "wide"]
    assert [image.shape for image in display.images] == [(8, 9, 1), (12, 7, 3), (5, 20, 3)]
    np.testing.assert_allclose(
        display.images[1] * 255, np.asarray(Image.open(decoded[1])), atol=1e-4
    )


def test_images_on_given_axes(few_digits):
    figure, axes = plt.subplots(2, 6)
    display = ImageGridDisplay.from_images(*few_digits, ax=axes)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes.flat)[:10]
    assert [ax.get_title() for ax in display.axes_] == list("0123456789")
    with pytest.raises(ValueError, match="one axes per image: 10. Got 6"):
        ImageGridDisplay.from_images(*few_digits, ax=axes[0])


@pytest.mark.parametrize(
    ("n_classes", "n_per_class", "length"),
    [(2, 1, 40), (10, 1, 2), (25, 1, 40), (2, 20, 2), (10, 4, 40), (25, 2, 2), (25, 4, 40)],
)
def test_nothing_overlaps_in_image_grids(n_classes, n_per_class, length):
    y = np.arange(20 * n_classes) % n_classes
    X = np.random.default_rng(0).random((len(y), 8, 8))
    display = ImageGridDisplay.from_images(
        X, y, target_names=long_names(n_classes, length), n_per_class=n_per_class, title="A title"
    )
    titles = [ax._left_title for ax in display.axes_ if ax.get_title(loc="left")]
    titles += [ax.title for ax in display.axes_ if ax.get_title()]
    assert len(titles) == n_classes
    artists = [*titles, *display.axes_, display.figure_._suptitle]
    assert_readable(display.figure_, artists)
    assert display.figure_.get_size_inches()[0] <= 13


@pytest.mark.parametrize("n_channels", [2, 5])
def test_channels_of_no_picture_are_drawn_as_their_mean(n_channels):
    X = np.random.default_rng(0).random((2, 8, 9, n_channels))
    display = ImageGridDisplay.from_images(X, [0, 1])
    for i, ax in enumerate(display.axes_):
        assert display.images[i].shape == (8, 9, n_channels)
        np.testing.assert_allclose(ax.images[0].get_array(), X[i].mean(axis=-1), atol=1e-6)
        assert ax.images[0].get_cmap().name == "gray"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_per_class": 0}, "n_per_class must be"),
        ({"n_per_class": 1.5}, "n_per_class must be"),
        ({"y": [0]}, "2 images, but y has 1 labels"),
        ({"y": [0, None]}, "NaN or None at row 1"),
        ({"target_names": ["a"]}, "1 names, which do not match the 2 classes"),
        ({"X": np.zeros((2, 2, 8, 8))}, "8 channels in the last axis, more than the 2 pixels"),
        ({"X": np.full((2, 8, 8), np.inf)}, "infinity: first at row 0"),
        ({"X": ["no.png", "such.png"]}, "'no.png' cannot be read: there is no such file"),
        ({"random_state": "now"}, "now"),
    ],
)
def test_bad_image_grids(changes, message):
    arguments = {"X": np.zeros((2, 8, 8)), "y": [0, 1], **changes}
    with pytest.raises(ValueError, match=message):
        ImageGridDisplay.from_images(**arguments)
