"""What a fit learns of images, and what later batches are held to."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skdl.images import ImageFormat, read_batch


class Model:
    """Who asks, as messages name it."""


def learned(X, **params):
    return ImageFormat.learn(X, read_batch(X), **params)


def images_of(n=4, shape=(8, 8, 1), dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 200, (n, *shape)).astype(dtype)


@pytest.fixture
def paths(tmp_path):
    found = [str(tmp_path / f"{row}.png") for row in range(3)]
    for path, image in zip(found, images_of(3, (8, 8)), strict=True):
        Image.fromarray(image).save(path)
    return found


@pytest.mark.parametrize(
    ("dtype", "whole"), [("uint8", True), ("int16", True), ("bool", True), ("float64", False)]
)
def test_whole_numbers_are_known_by_their_dtype(dtype, whole):
    found = learned(images_of(dtype=dtype))
    assert found.whole is whole
    assert found.dtype == dtype


def test_what_is_learned_of_arrays():
    found = learned(images_of())
    assert (found.image_shape, found.input_shape, found.n_features) == ((8, 8, 1), (8, 8, 1), 64)
    assert found.value_range == (0.0, 255.0)
    assert not found.flattened
    resized = learned(images_of(), image_size=(4, 6), color="rgb")
    assert resized.input_shape == (4, 6, 3)
    assert resized.as_images(read_batch(images_of()), Model()).load().shape == (4, 4, 6, 3)


def test_what_is_learned_of_files_is_what_arrays_of_them_give(paths):
    of_files, of_arrays = learned(paths), learned(images_of(3))
    assert of_files.input_shape == of_arrays.input_shape
    assert of_files.value_range == of_arrays.value_range
    assert of_files.usual_largest == 0  # nobody looked
    for X in (paths, images_of(3)):
        assert np.array_equal(of_arrays.as_images(read_batch(X), Model()).load(), images_of(3))


def test_columns():
    frame = pd.DataFrame(np.ones((3, 4)), columns=list("abcd"))
    found = learned(frame)
    assert found.feature_names.tolist() == list("abcd")
    assert found.flattened
    assert found.has_columns
    assert not learned(frame, image_size=(4, 4)).has_columns
    with pytest.raises(ValueError, match="feature names of X_val should match those of X"):
        found.check_names(frame[["b", "a", "c", "d"]], "X_val")


def test_images_without_a_weight_do_not_count():
    X = np.ones((4, 3, 3), np.float32)
    X[0] = 50
    assert learned(X, sample_weight=[0, 1, 1, 1]).value_range == (0.0, 1.0)
    assert learned(X).value_range == (0.0, 50.0)


def test_outliers_are_told_where_they_matter():
    X = np.ones((30, 3, 3), np.float32)
    X[0, 0, 0] = 1000
    with pytest.warns(UserWarning, match="which are treated as outliers"):
        found = learned(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert learned(X, warns=False).value_range == found.value_range


def test_arrays_for_a_backbone_are_resized_later():
    X = images_of(shape=(8, 8, 3))
    found = learned(X, image_size=(4, 4), backbone_channels=3)
    images = found.as_images(read_batch(X), Model())
    assert images.shape == (4, 4, 4, 3)
    assert np.shares_memory(images.pixels, X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((2, 9)), "X has 9 features, but Model is expecting 64 features as input"),
        (np.ones((2, 8, 7)), r"\(8, 7, 1\), but this Model was fitted on images of shape \(8, 8"),
        (np.ones((8, 9, 3)), r"which is that of a single image .* batch of one is X\[None\]"),
        (np.ones((2, 8, 8, 4)), r"skdl.Resize\(\(8, 8\), color='grayscale'\), or let a network"),
    ],
)
def test_other_shapes_are_named(X, message):
    found = learned(images_of())
    with pytest.raises(ValueError, match=message):
        found.as_images(read_batch(X), Model())


def test_files_have_one_or_three_channels(paths):
    with pytest.raises(ValueError, match="files, which have 1 or 3 channels, but .* Model have 4"):
        learned(images_of(shape=(8, 8, 4))).as_images(read_batch(paths), Model())


def test_values_of_another_scale():
    found = learned(images_of(30))
    with pytest.warns(UserWarning, match="X has values of at most 1, but this estimator"):
        found.check_batch(np.ones((2, 8, 8)), Model())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"image_size": 0}, "image_size must be a positive whole number"),
        ({"value_range": (1, 0)}, "value_range must be"),
        ({"image_shape": (7, 7)}, r"image_shape=\(7, 7\)"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        learned(images_of(), **params)


def test_a_format_is_the_same_after_pickling():
    found = learned(images_of())
    assert pickle.loads(pickle.dumps(found)) == found
