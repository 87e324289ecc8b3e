"""By how much scores fall where parts of images are covered."""

import warnings

import numpy as np
import pandas as pd
import pytest
from inspection.networks import share_in_the_corner
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdl import BackboneFeatures, ImageLoader
from skdl.inspection import occlusion_maps


@pytest.fixture(scope="module")
def linear(digits):
    return LogisticRegression(max_iter=2000).fit(digits[0][:500], digits[1][:500])


class Brightness(ClassifierMixin, BaseEstimator):
    """The class is whether the upper left quarter is bright; remembers what it was asked."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def __sklearn_is_fitted__(self):
        return hasattr(self, "classes_")

    def decision_function(self, X):
        self.asked = [*getattr(self, "asked", []), X]
        X = np.asarray(X, dtype=float).reshape(len(X), 16, 16, -1)
        return X[:, :8, :8].mean(axis=(1, 2, 3)) - X[:, 8:, 8:].mean(axis=(1, 2, 3))


@pytest.fixture
def brightness(patched):
    return Brightness().fit(*patched)


def test_occlusion_is_what_covering_each_place_says(linear, digits):
    X, y = digits[0][:3], digits[1][:3]
    maps = occlusion_maps(linear, X, y, patch=3, stride=2, fill=0)
    column = linear.classes_.tolist().index
    for image, label, found in zip(X.reshape(-1, 8, 8), y, maps, strict=True):
        before = linear.predict_proba(image.reshape(1, -1))[0, column(label)]
        falls = [[[] for _ in range(8)] for _ in range(8)]
        for top in (0, 2, 4, 5):  # the last place is at the edge
            for left in (0, 2, 4, 5):
                covered = image.copy()
                covered[top : top + 3, left : left + 3] = 0
                after = linear.predict_proba(covered.reshape(1, -1))[0, column(label)]
                for row in range(top, top + 3):
                    for place in range(left, left + 3):
                        falls[row][place].append(before - after)
        expected = np.maximum([[np.mean(some) for some in line] for line in falls], 0)
        np.testing.assert_allclose(found, expected / expected.max(), atol=1e-3)


def test_occlusion_finds_the_patch(patched):
    X, y = patched
    model = make_pipeline(StandardScaler(), SVC(C=10)).fit(X.reshape(80, -1), y)
    ill = X[y == "malignant"].reshape(40, -1)[:6]
    maps = occlusion_maps(model, ill, patch=4)
    assert share_in_the_corner(maps).min() > 0.5
    for one in maps:
        row, column = np.unravel_index(one.argmax(), one.shape)
        assert 2 <= row < 6
        assert 2 <= column < 6
    np.testing.assert_array_equal(maps, occlusion_maps(model, ill, "malignant", patch=4))


def test_occlusion_knows_both_classes_of_a_decision_function(brightness, patched):
    X, y = patched
    patch = X[y == "malignant"][:1]
    bright = occlusion_maps(brightness, patch, "malignant", patch=4)
    dark = occlusion_maps(brightness, patch, "benign", patch=4)
    assert share_in_the_corner(bright)[0] > 0.7
    assert share_in_the_corner(dark)[0] < 0.3


def test_covered_parts_have_the_mean_colour_or_a_value(brightness):
    X = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    before = X.copy()
    occlusion_maps(brightness, X, patch=(8, 4), stride=(8, 4))
    copies = brightness.asked[-1]
    assert copies.dtype == np.uint8
    assert copies.shape == (8, 16, 16, 3)
    np.testing.assert_array_equal(copies[0, 0, 0], np.rint(X[0].mean(axis=(0, 1))))
    np.testing.assert_array_equal(copies[0, 8:], X[0, 8:])
    np.testing.assert_array_equal(X, before)
    occlusion_maps(brightness, X / 255, patch=8, fill=0.5)
    assert (brightness.asked[-1][0, :8, :8] == 0.5).all()


def test_occlusion_asks_for_a_bounded_number_at_a_time(brightness, patched):
    occlusion_maps(brightness, patched[0][:2], patch=1, stride=1)
    sizes = [len(X) for X in brightness.asked[1:]]
    assert sum(sizes) == 2 * 256
    assert max(sizes) <= 256
    large = np.zeros((1, 1600, 1600, 3), np.float32)  # 30 MB each
    brightness.decision_function = lambda X: sizes.append(len(X)) or np.zeros(len(X))
    sizes.clear()
    occlusion_maps(brightness, large, patch=800, stride=800)
    assert max(sizes) == 1


def test_nothing_speaks_for_a_class(brightness):
    X = np.zeros((2, 16, 16))
    assert np.array_equal(occlusion_maps(brightness, X, "malignant"), np.zeros((2, 16, 16)))


def test_columns_of_a_frame_are_kept(digits):
    frame = pd.DataFrame(digits[0][:200]).add_prefix("pixel")
    model = LogisticRegression(max_iter=2000).fit(frame, digits[1][:200])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert occlusion_maps(model, frame[:2], digits[1][:2]).shape == (2, 8, 8)


def test_the_predicted_class_is_the_one_that_was_predicted(patched):
    """A threshold may choose the class of the smaller probability."""
    X, y = patched
    X = X.reshape(len(X), -1)
    strict = FixedThresholdClassifier(
        LogisticRegression(max_iter=300), threshold=1.0, response_method="predict_proba"
    ).fit(X, y)
    positive = X[y == "malignant"][:2]
    assert set(strict.predict(positive)) == {"benign"}
    np.testing.assert_array_equal(
        occlusion_maps(strict, positive), occlusion_maps(strict, positive, "benign")
    )


def test_pipelines_searches_and_files(digits, tmp_path):
    X, y = digits[0][:60], digits[1][:60]
    paths = [str(tmp_path / f"{i}.png") for i in range(60)]
    for path, image in zip(paths, X.reshape(-1, 8, 8), strict=True):
        Image.fromarray((image * 15).astype(np.uint8)).save(path)
    model = make_pipeline(ImageLoader((8, 8), flatten=True), LogisticRegression(max_iter=50))
    search = GridSearchCV(model, {"logisticregression__C": [0.01]}, cv=2).fit(paths, y)
    maps = occlusion_maps(search, paths[:2], patch=2)
    loaded = search.best_estimator_[0].transform(paths[:2])
    same = occlusion_maps(search.best_estimator_[-1], loaded, patch=2)
    np.testing.assert_array_equal(maps, same)


def test_files_of_a_union_are_decoded_for_the_part_that_gets_the_largest(digits, tmp_path):
    X, y = (digits[0][:40] * 15).astype(np.uint8).reshape(-1, 8, 8), digits[1][:40] % 2
    paths = [str(tmp_path / f"{i}.png") for i in range(40)]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    union = make_union(*(BackboneFeatures(image_size=size, store=None) for size in (8, 16)))
    model = make_pipeline(union, StandardScaler(), LogisticRegression(C=0.01)).fit(paths, y)
    maps = occlusion_maps(model, paths[:1], patch=8)
    loaded = ImageLoader(16).fit_transform(paths[:1])
    np.testing.assert_allclose(maps, occlusion_maps(model, loaded, patch=8), atol=0.02)
    assert maps.shape == (1, 16, 16)
    assert maps.max() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patch": 9}, r"patch=\(9, 9\) is larger than the images of \(8, 8\) pixels"),
        ({"patch": 2.5}, "patch must be a positive whole number, or two of them"),
        ({"patch": 2, "stride": 3}, r"stride=\(3, 3\) is larger than patch=\(2, 2\)"),
        ({"stride": (1, 0)}, r"stride must be .* two of them, \(rows, columns\). Got \(1, 0\)"),
        ({"fill": "median"}, "fill, if not 'mean', must be a finite number. Got 'median'"),
        ({"fill": True}, "fill, if not 'mean', must be a finite number. Got True"),
        ({"y": 11}, "11 at row 0, which is not a class of LogisticRegression"),
        ({"y": [1]}, "X has 2 images, but y has 1 labels"),
        ({"image_shape": (3, 3)}, "image_shape"),
    ],
)
def test_bad_arguments(linear, digits, arguments, message):
    with pytest.raises(ValueError, match=message):
        occlusion_maps(linear, digits[0][:2], **arguments)


def test_bad_estimators(digits):
    X, y = digits
    with pytest.raises(NotFittedError):
        occlusion_maps(LogisticRegression(), X[:1])
    with pytest.raises(ValueError, match="LinearRegression has no predict_proba and no"):
        occlusion_maps(LinearRegression().fit(X, y), X[:1], 3)
    several = SVC(decision_function_shape="ovo").fit(X[:200], y[:200])
    with pytest.raises(ValueError, match="SVC returns 45 columns for 10 classes"):
        occlusion_maps(several, X[:1])
