"""`Resize`: sizes, colours, dtypes, and the same result as for image files."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from helpers import tiny
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
)

from skdl import CNNClassifier, ImageNoise, Resize
from skdl.images import read_image
from skdl.testing import corrupt_batches, image_batches, parametrize_with_contracts

INSTANCES = [
    Resize((8, 8)),
    Resize((11, 5), color="rgb"),
    Resize((6, 14), keep_aspect=True),
    Resize((4, 4), color="grayscale"),
]

resizers = st.builds(
    Resize,
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    keep_aspect=st.booleans(),
    color=st.sampled_from(["rgb", "grayscale", None]),
)


@parametrize_with_contracts(INSTANCES)
def test_contracts(subject, contract):
    contract(subject)


@pytest.mark.parametrize("resize", INSTANCES, ids=repr)
def test_check_estimator(resize):
    results = check_estimator(resize, on_skip=None)
    assert sum(result["status"] == "passed" for result in results) >= 46


# ---- shape, dtype, values ----------------------------------------------------------------------


@pytest.mark.networks
@given(image_batches(channels=(1, 3, 4)), resizers)
def test_shape_dtype_and_values(X, resize):
    before = X.copy()
    images = resize.fit(X).transform(X)
    channels = {"rgb": 3, "grayscale": 1, None: X.shape[-1]}[resize.color]
    assert images.shape == (len(X), *resize.image_size, channels)
    assert images.dtype == X.dtype
    assert images.min() >= 0
    assert images.max() <= X.max()
    assert np.array_equal(X, before)
    assert not np.shares_memory(images, X)


@pytest.mark.networks
@given(image_batches(channels=(1, 3, 4)), resizers)
def test_each_image_is_resized_by_itself(X, resize):
    images = resize.fit(X).transform(X)
    assert np.array_equal(resize.transform(X[::-1]), images[::-1])
    assert np.array_equal(resize.transform(X[:1]), images[:1])


@pytest.mark.networks
@given(image_batches(channels=(1,)), resizers)
def test_every_layout_has_the_same_images(X, resize):
    resize.set_params(image_shape=X.shape[1:3])
    images = resize.fit(X).transform(X)
    for same in (X[..., 0], X.reshape(len(X), -1), np.asfortranarray(X)):
        assert np.array_equal(resize.transform(same), images)
        assert np.array_equal(clone(resize).fit_transform(same), images)


@pytest.mark.networks
@given(image_batches(channels=(1, 3, 4), dtypes=["uint8"]), resizers)
def test_dtypes_differ_by_rounding_only(X, resize):
    bytes_ = resize.fit(X).transform(X)
    for dtype in ("float32", "float64", "int32"):
        images = resize.transform(X.astype(dtype))
        assert images.dtype == dtype
        assert np.array_equal(images, bytes_)
    # Pillow's 8-bit arithmetic rounds between rows and columns, and opacity once more.
    floats = clone(resize).fit_transform(X.astype("float64"))
    if X.shape[-1] < 4 or resize.color:
        np.testing.assert_allclose(floats, bytes_, atol=1.6)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_same_size_is_the_same_image(dtype, channels):
    X = (np.random.default_rng(0).random((3, 8, 9, channels)) * 200).astype(dtype)
    assert np.array_equal(Resize((8, 9)).fit_transform(X), X)


@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("channels", [2, 5])
def test_channels_of_no_picture_are_resized_each_by_itself(dtype, channels, keep_aspect):
    X = np.random.default_rng(0).random((3, 8, 9, channels))
    X = (X * 200).astype(dtype) if "int" in dtype else X.astype(dtype)
    resize = Resize((5, 13), keep_aspect=keep_aspect)
    found = resize.fit_transform(X)
    assert found.shape == (3, 5, 13, channels)
    assert found.dtype == dtype
    for channel in range(channels):
        alone = resize.fit_transform(X[..., [channel]])
        assert np.array_equal(found[..., [channel]], alone)
    flat = Resize((5, 13), keep_aspect=keep_aspect, image_shape=X.shape[1:])
    assert np.array_equal(flat.fit_transform(X.reshape(3, -1)), found)


@pytest.mark.parametrize("color", ["rgb", "grayscale"])
@pytest.mark.parametrize("channels", [2, 5])
def test_channels_of_no_picture_are_no_colours(color, channels):
    resize = Resize(8, color=color)
    with pytest.raises(ValueError, match=f"{channels} channels, which are not colour.*{color!r}"):
        resize.fit(np.zeros((2, 8, 8, channels)))
    assert not hasattr(resize, "image_shape_")
    with pytest.raises(ValueError, match=f"{channels} channels but this Resize was fitted on"):
        resize.fit(np.zeros((2, 8, 8, 3))).transform(np.zeros((2, 8, 8, channels)))


def test_plain_images_stay_plain():
    for value in (0, 7, 255):
        X = np.full((2, 9, 13), value, dtype="uint8")
        assert (Resize((30, 4)).fit_transform(X) == value).all()
        np.testing.assert_allclose(Resize((30, 4)).fit_transform(X / 255), value / 255, rtol=1e-6)


def test_shrinking_averages():
    checkers = np.indices((64, 64)).sum(axis=0) % 2 * 1.0
    small = Resize((8, 8)).fit_transform(checkers[np.newaxis])
    np.testing.assert_allclose(small, 0.5, atol=0.01)  # without antialiasing: 0 and 1
    ramp = np.tile(np.linspace(0, 1, 64), (1, 64, 1))
    middle = Resize((8, 8)).fit_transform(ramp)[0, 4, 1:-1, 0]
    np.testing.assert_allclose(middle, (np.arange(8)[1:-1] + 0.5) / 8, atol=0.01)


def test_floats_are_not_rounded_and_whole_numbers_are(digits):
    X = digits[0][:50]
    assert (Resize((20, 20)).fit_transform(X) % 1 != 0).any()
    whole = Resize((20, 20)).fit(X.astype("int64"))
    assert whole.transform(X.astype("int64")).dtype == "int64"
    assert (whole.transform(X) % 1 == 0).all()


def test_masks_stay_masks():
    X = np.zeros((1, 8, 8), dtype=bool)
    X[:, :, 4:] = True
    larger = Resize((16, 16)).fit_transform(X)
    assert larger.dtype == bool
    assert np.array_equal(larger[0, 3, :, 0], np.arange(16) >= 8)


# ---- aspect ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int16"])
@pytest.mark.parametrize(
    ("size", "inside"),
    [
        ((10, 10), np.s_[2:8, :]),
        ((6, 20), np.s_[:, 5:15]),
        ((12, 10), np.s_[3:9, :]),
        ((6, 10), np.s_[:, :]),
    ],
)
def test_letterbox(dtype, size, inside):
    X = np.full((2, 3, 5, 3), 100, dtype=dtype)
    images = Resize(size, keep_aspect=True).fit_transform(X)
    assert (images[(slice(None), *inside)] == 100).all()
    assert images.astype(float).sum() == 100 * images[(slice(None), *inside)].size


def test_letterbox_of_standardized_images_is_the_low_end():
    X = np.random.default_rng(0).standard_normal((5, 4, 8))
    resize = Resize((8, 8), keep_aspect=True).fit(X)
    assert resize.value_range_ == "standardized"
    np.testing.assert_allclose(resize.transform(X)[:, :2], X.min(), rtol=1e-6)
    np.testing.assert_allclose(resize.transform(X)[:, 2:6, :, 0], X, atol=1e-6)


def test_letterbox_of_images_darker_than_black():
    resize = Resize((4, 4), keep_aspect=True).fit(np.array([[[-1.0, 1.0]], [[0.0, 0.0]]]))
    images = resize.transform(np.full((1, 1, 2), -3.0))[0, ..., 0]
    np.testing.assert_allclose(images, [[-1] * 4, [-3] * 4, [-3] * 4, [-1] * 4])


def test_extreme_shapes_keep_a_pixel():
    X = np.full((1, 1, 500), 9, dtype="uint8")
    images = Resize((8, 8), keep_aspect=True).fit_transform(X)
    assert (images == 9).any(axis=2).sum() == 1


# ---- colour ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["uint8", "float32"])
def test_grayscale_by_brightness(scale):
    X = np.eye(3).reshape(3, 1, 1, 3).repeat(4, axis=1).repeat(4, axis=2)
    X = (255 * X).astype(scale)
    gray = Resize((2, 2), color="grayscale").fit_transform(X)
    np.testing.assert_allclose(gray[:, 0, 0, 0] / 255, [0.299, 0.587, 0.114], atol=0.002)


def test_grayscale_becomes_three_equal_channels(digits):
    for X in (digits[0][:5] / 16, digits[0][:5].astype("uint8")):
        images = Resize((8, 8), color="rgb").fit_transform(X)
        assert np.array_equal(images, np.repeat(X.reshape(-1, 8, 8, 1), 3, axis=-1))


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_transparency(dtype):
    X = np.zeros((1, 4, 4, 4), dtype=dtype)
    X[..., 0] = 200  # red, seen on the left; the colour of the right is not seen
    X[:, :, :2, 3] = 255
    X[:, :, 2:, :3] = 90
    small = Resize((1, 1)).fit_transform(X)[0, 0, 0]
    np.testing.assert_allclose(small, [200, 0, 0, 127.5], atol=1)
    opaque = Resize((4, 4), color="rgb").fit_transform(X)
    assert np.array_equal(opaque, X[..., :3])
    wide = Resize((4, 8), keep_aspect=True).fit_transform(X)
    assert (wide[:, :, :2] == 0).all()


# ---- as image files ----------------------------------------------------------------------------


@pytest.mark.networks
@given(
    image_batches(channels=(1, 3, 4), dtypes=["uint8"], max_size=1),
    st.builds(
        Resize,
        st.tuples(st.integers(1, 20), st.integers(1, 20)),
        keep_aspect=st.booleans(),
        color=st.sampled_from(["rgb", "grayscale"]),
    ),
)
def test_arrays_are_resized_as_files_are(tmp_path_factory, X, resize):
    path = tmp_path_factory.mktemp("images") / "image.png"
    Image.fromarray(X[0, ..., 0] if X.shape[-1] == 1 else X[0]).save(path)
    options = {"color": resize.color, "keep_aspect": resize.keep_aspect}
    from_file = read_image(path, image_size=resize.image_size, **options)
    assert np.array_equal(resize.fit_transform(X)[0], from_file)


# ---- among scikit-learn's own ------------------------------------------------------------------


def test_set_output_reaches_the_other_steps(few_digits):
    X = few_digits[0]
    resize = Resize((12, 12)).fit(X)
    assert not hasattr(resize, "get_feature_names_out")
    assert isinstance(resize.set_output(transform="pandas").transform(X), np.ndarray)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(resize.transform(X), np.ndarray)
        assert isinstance(clone(resize).fit_transform(X), np.ndarray)
    pipeline = make_pipeline(ImageNoise(random_state=0), resize).set_output(transform="pandas")
    assert pipeline.fit_transform(X).shape == (300, 12, 12, 1)
    assert isinstance(pipeline[0].transform(X), pd.DataFrame)


def test_columns_are_remembered(few_digits):
    check_dataframe_column_names_consistency("Resize", Resize((4, 4)))
    frame = pd.DataFrame(few_digits[0], columns=[f"pixel {i}" for i in range(64)])
    resize = Resize((4, 4)).fit(frame)
    assert resize.n_features_in_ == 64
    assert resize.feature_names_in_.tolist() == list(frame.columns)
    assert np.array_equal(resize.transform(frame), clone(resize).fit_transform(frame.to_numpy()))


def test_a_number_of_pixels_and_the_own_size(few_digits):
    X = few_digits[0].reshape(-1, 8, 8)
    assert np.array_equal(Resize(5).fit_transform(X), Resize((5, 5)).fit_transform(X))
    colored = Resize(None, color="rgb").fit_transform(X)
    assert np.array_equal(colored, np.repeat(X[..., None], 3, axis=-1))


def test_searching_the_size(few_digits):
    pipeline = make_pipeline(Resize(), CNNClassifier(tiny, epochs=3, random_state=0))
    search = GridSearchCV(pipeline, {"resize__image_size": [(4, 4), (8, 8)]}, cv=2).fit(*few_digits)
    assert search.best_params_["resize__image_size"] == (8, 8)
    assert search.predict(few_digits[0][:3]).shape == (3,)


def test_pickles():
    X = np.random.default_rng(0).random((3, 8, 8))
    resize = Resize([5, 6]).fit(X)
    assert np.array_equal(pickle.loads(pickle.dumps(resize)).transform(X), resize.transform(X))
    assert np.array_equal(
        Resize(np.array([5, 6])).fit_transform(X), Resize((5, 6)).fit_transform(X)
    )


# ---- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"image_size": 0}, "image_size must be a positive whole number, .* Got 0"),
        ({"image_size": (8,)}, r"image_size must be .*\(height, width\), or None. Got \(8,\)"),
        ({"image_size": (8, 8, 3)}, "image_size must be"),
        ({"image_size": (8, 0)}, "image_size must be"),
        ({"image_size": (8.0, 8)}, "image_size must be"),
        ({"image_size": (True, 8)}, "image_size must be"),
        ({"image_size": "88"}, "The 'image_size' parameter"),
        ({"color": "cmyk"}, "The 'color' parameter"),
        ({"keep_aspect": "yes"}, "The 'keep_aspect' parameter"),
        ({"image_shape": (4, 5)}, "64 features, but images of the parameter image_shape"),
    ],
)
def test_bad_parameters(params, message):
    resize = Resize(**params)
    with pytest.raises(ValueError, match=message):
        resize.fit(np.zeros((3, 64)))
    with pytest.raises(NotFittedError):
        resize.transform(np.zeros((3, 64)))


@pytest.mark.networks
@given(corrupt_batches())
def test_bad_images_are_refused(batch):
    with pytest.raises((ValueError, TypeError)):
        Resize((4, 4)).fit(np.zeros((3, 8, 8, 1))).transform(batch)


def test_other_shapes_are_named():
    resize = Resize((4, 4)).fit(np.zeros((3, 8, 8)))
    with pytest.raises(ValueError, match=r"\(9, 8, 1\), but this Resize was fitted .*\(8, 8, 1\)"):
        resize.transform(np.zeros((3, 9, 8)))
    with pytest.raises(ValueError, match="X has 63 features, but Resize is expecting 64"):
        resize.transform(np.zeros((3, 63)))
