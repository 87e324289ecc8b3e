"""The strategies: what they draw is what they say, and shrinks to something readable."""

import functools

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from skdl import CNNClassifier
from skdl.images import check_image_array, infer_image_shape
from skdl.testing import class_weights, corrupt_batches, image_batches, image_datasets, labels


@given(image_batches(channels=[1, 4], dtypes=["uint8", "int16"], min_size=2, max_size=3))
def test_image_batches(images):
    assert images.shape[0] in (2, 3)
    assert images.shape[3] in (1, 4)
    assert images.dtype in (np.uint8, np.int16)
    assert infer_image_shape(check_image_array(images).shape) == images.shape[1:]


@pytest.mark.slow
def test_batches_shrink_to_the_simplest():
    simplest = find(image_batches(), lambda images: True)
    assert (simplest.shape, simplest.dtype) == ((1, 8, 8, 1), np.uint8)
    with pytest.raises(NoSuchExample):
        find(image_batches(), lambda images: images.min() < 0 or images.max() > 255)


@given(st.data(), st.integers(2, 4))
def test_labels(data, n_classes):
    y = data.draw(labels(9, n_classes=n_classes))
    assert len(y) == 9
    assert len(np.unique(y)) == (2 if y.dtype == bool else n_classes)


def test_labels_of_every_kind():
    for kind, letter in {"int": "i", "str": "U", "bool": "b", "object": "O"}.items():
        assert find(labels(4, kinds=[kind]), lambda y: True).dtype.kind == letter
    with pytest.raises(ValueError, match="2 samples cannot hold 3 classes"):
        find(labels(2), lambda y: True)


@given(image_datasets())
def test_image_datasets(data):
    X, y = data
    assert len(X) == len(y) == 24
    brightness = [X[y == label].mean() for label in np.unique(y)]
    assert brightness == sorted(brightness)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.data())
def test_class_weights_are_what_estimators_take(data):
    X, y = data.draw(image_datasets(shapes=[(8, 8)], channels=[1], kinds=["str"]))
    weights = data.draw(class_weights(np.unique(y).tolist()))
    model = CNNClassifier("deep", architecture__width=0.1, epochs=1, class_weight=weights)
    assert set(model.fit(X, y).predict(X)) <= set(y)


@settings(max_examples=40)
@given(corrupt_batches())
def test_corrupt_batches_are_refused(batch):
    with pytest.raises((ValueError, TypeError)):
        fitted_to_images().predict(batch)


def test_every_corruption_is_drawn():
    seen = set()

    @settings(max_examples=200, database=None)
    @given(corrupt_batches())
    def collect(batch):
        seen.add((np.shape(batch), np.asarray(batch).dtype.kind))

    collect()
    assert len(seen) >= 6


@functools.cache
def fitted_to_images():
    X = np.random.default_rng(0).random((12, 8, 8, 1))
    return CNNClassifier("deep", architecture__width=0.1, epochs=1).fit(X, np.arange(12) % 2)
