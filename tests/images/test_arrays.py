import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from skdl import images
from skdl.images import (
    check_image_array,
    check_value_range,
    infer_image_shape,
    learn_value_range,
    range_offset_and_scale,
    rescale,
    to_images,
)

SIDES = st.integers(1, 40)
PIXELS = st.one_of(
    hnp.arrays(np.uint8, (5, 12)),
    hnp.arrays(np.float32, (5, 12), elements=st.floats(0, 1000, width=32)),
    hnp.arrays(np.float64, (5, 12), elements=st.floats(-5, 5)),
    hnp.arrays(np.int32, (5, 12), elements=st.integers(0, 70000)),
)


@given(n=st.integers(1, 5), height=SIDES, width=SIDES, channels=st.sampled_from(images.CHANNELS))
def test_every_spelling_of_a_batch_is_the_same_images(n, height, width, channels):
    batch = np.arange(n * height * width * channels).reshape(n, height, width, channels)
    flat = batch.reshape(n, -1)
    assert to_images(batch).shape == batch.shape
    assert np.array_equal(to_images(flat, (height, width, channels)), batch)
    assert np.array_equal(to_images(flat, (height, width)), batch)
    if channels == 1:
        assert np.array_equal(to_images(batch[..., 0]), batch)


@given(n=st.integers(1, 3), height=SIDES, width=SIDES, channels=st.integers(1, 60))
def test_images_of_any_channels(n, height, width, channels):
    batch = np.arange(n * height * width * channels).reshape(n, height, width, channels)
    shape = (height, width, channels)
    assert np.array_equal(to_images(batch, shape), batch)
    assert np.array_equal(to_images(batch.reshape(n, -1), shape), batch)
    if channels in images.CHANNELS or channels <= min(height, width):
        assert infer_image_shape(batch.shape) == shape
    else:
        with pytest.raises(ValueError, match="Images are channels-last"):
            infer_image_shape(batch.shape)


@given(features=st.integers(1, 5000))
def test_flattened_images_without_a_shape_never_fail(features):
    height, width, channels = infer_image_shape((3, features))
    assert height * width * channels == features
    assert channels in (1, 3)
    assert height == width or (height, channels) == (1, 1)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (784, (28, 28, 1)),
        (64, (8, 8, 1)),
        (3072, (32, 32, 3)),
        (12, (2, 2, 3)),
        (1, (1, 1, 1)),
        (20, (1, 20, 1)),
    ],
)
def test_shape_of_flattened_images(features, expected):
    assert infer_image_shape((10, features)) == expected


def test_to_images_is_a_view():
    X = np.zeros((4, 64))
    assert np.shares_memory(to_images(X), X)


@pytest.mark.parametrize(
    ("shape", "image_shape", "message"),
    [
        ((5,), None, "one-dimensional, of shape"),
        ((5, 2, 2, 2, 2), None, "5 dimensions"),
        ((5, 3, 8, 8), None, r"8 channels in the last axis, more than the 3 pixels of a side"),
        ((5, 3, 8, 8), (3, 8), r"channels-last.* set image_shape=\(3, 8, 8\)"),
        ((5, 2, 20, 2), (2, 20, 3), r"\(2, 20, 2\), but the parameter image_shape=\(2, 20, 3\)"),
        ((5, 1, 8, 2), None, "2 channels in the last axis, more than the 1 pixels"),
        ((5, 0, 8, 1), None, "no pixels"),
        ((5, 0), None, r"0 feature\(s\)"),
        ((5, 64), (8, 9), r"64 features.*image_shape=\(8, 9\) have 72"),
        ((5, 64), (8, 8, 3), "64 features"),
        ((5, 128), (8, 8), "128 features"),
        ((5, 8, 8, 1), (8, 9), r"\(8, 8, 1\), but the parameter image_shape=\(8, 9\)"),
        ((5, 64), (8,), "image_shape must be"),
        ((5, 64), (8, -8), "image_shape must be"),
        ((5, 64), (8.0, 8.0), "image_shape must be"),
        ((5, 64), 64, "image_shape must be"),
        ((5, 64), "8x8", "image_shape must be"),
        ((5, 64), (8, 8, 2), r"64 features.*image_shape=\(8, 8, 2\) have 128"),
        ((5, 64), (8, 8, 0), "image_shape must be"),
    ],
)
def test_bad_shapes(shape, image_shape, message):
    with pytest.raises(ValueError, match=message):
        infer_image_shape(shape, image_shape)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.array([[0, 3]], dtype=np.uint8), (0.0, 255.0)),
        (np.array([[0, 16]]), (0.0, 16.0)),
        (np.array([[0, 60000]], dtype=np.uint16), (0.0, 60000.0)),
        (np.array([[0.0, 255.0]]), (0.0, 255.0)),
        (np.array([[0.0, 0.4]]), (0.0, 1.0)),
        (np.array([[0.0, 0.0]]), (0.0, 1.0)),
        (np.array([[0, 1]]), (0.0, 1.0)),
        (np.array([[-0.1, 3.0]]), "standardized"),
        (np.array([[-1, 1]]), (-1.0, 1.0)),
        (np.array([[-1024, 3071]], dtype=np.int16), (-1024.0, 3071.0)),
        (np.array([[-1000.5, 400.25]]), (-1000.5, 400.25)),
        (np.array([[False, True]]), (0.0, 1.0)),
    ],
)
def test_the_rule_of_the_value_range(X, expected):
    assert learn_value_range(X) == expected


def photographs(n=300, seed=0):
    """Images of bytes as floats, the brightest pixel of each from 128 on."""
    generator = np.random.default_rng(seed)
    scale = generator.integers(128, 256, size=(n, 1, 1))
    return np.rint(generator.random((n, 8, 8)) ** 3 * scale).astype(np.float32)


def test_a_stray_value_decides_nothing():
    """A tenth of a per mille of the values, or the brightest of a few images."""
    X = photographs()
    expected = learn_value_range(X)
    assert 250 < expected[1] <= 255
    for strays, value in ((1, -0.001), (50, -3.0), (1, -500.0), (1, 65_535.0), (12, 4095.0)):
        changed = X.copy()
        changed[:strays, 3, 3] = value
        low, high = learn_value_range(changed)
        assert low == 0
        assert high == expected[1]
    scaled = X / 255
    scaled[7, 0, 0] = 1.04  # as interpolation does
    scaled[8, 0, 0] = -0.02
    assert learn_value_range(scaled) == (0.0, 1.0)


@pytest.mark.parametrize("kind", ["pixels", "unit", "standardised", "dark standardised", "CT"])
@pytest.mark.parametrize("stray", [None, -0.5, 60_000.0])
def test_folds_of_equal_data_have_the_same_rule(kind, stray):
    X = photographs(400, seed=1)
    X = {
        "pixels": X,
        "unit": X / 255,
        "standardised": (X - X.mean()) / X.std(),
        "dark standardised": (X**2 - (X**2).mean()) / (X**2).std(),
        "CT": np.rint(X * 16 - 1024),
    }[kind]
    if stray is not None:
        X[11, 2, 2] = stray
    rules = [learn_value_range(X[start::5]) for start in range(5)]
    if "standardised" in kind:
        assert rules == ["standardized"] * 5
    else:
        lows, highs = zip(*rules, strict=True)
        assert np.ptp(lows) <= 0.02 * abs(min(lows))
        assert np.ptp(highs) <= 0.06 * max(highs)


def test_images_with_one_bright_point_are_not_strays():
    """Such as stars: each image has some."""
    generator = np.random.default_rng(0)
    X = np.zeros((100, 8, 8))
    X[np.arange(100), generator.integers(0, 8, 100), 3] = generator.integers(500, 1000, 100)
    assert learn_value_range(X) == (0.0, X.max())
    few = X[:5]  # of so few, none is a stray
    few[0] *= 50
    assert learn_value_range(few)[1] == few.max()


@given(X=PIXELS)
def test_training_pixels_land_in_the_unit_interval_or_stay_as_they_are(X):
    X = check_image_array(X)
    value_range = learn_value_range(X)
    scaled = rescale(X.astype(np.float32), *map(np.float32, range_offset_and_scale(value_range)))
    assert scaled.dtype == np.float32
    if value_range == "standardized":
        assert np.array_equal(scaled, X)
    else:
        assert scaled.min() >= 0
        assert scaled.max() <= 1 + 1e-6


@given(X=PIXELS, cut=st.integers(1, 4))
def test_rescaling_with_a_learned_range_does_not_depend_on_the_batch(X, cut):
    X = check_image_array(X).astype(np.float32)
    offset, scale = map(np.float32, range_offset_and_scale(learn_value_range(X)))
    parts = [rescale(part, offset, scale) for part in (X[:cut], X[cut:])]
    assert np.array_equal(np.concatenate(parts), rescale(X, offset, scale))


@given(X=hnp.arrays(np.uint8, (5, 12)))
def test_uint8_and_the_same_values_as_float_are_the_same_pixels(X):
    constants = tuple(map(np.float32, range_offset_and_scale((0, 255))))
    as_float = check_image_array(X.astype(np.float64))
    assert np.array_equal(rescale(X.astype(np.float32), *constants), rescale(as_float, *constants))


@pytest.mark.parametrize(
    ("value_range", "offset", "scale"),
    [((0, 255), 0.0, 1 / 255), ((-1, 1), -1.0, 0.5), ("standardized", 0.0, 1.0)],
)
def test_offset_and_scale(value_range, offset, scale):
    assert range_offset_and_scale(value_range) == (offset, scale)


@pytest.mark.parametrize("value", [None, "standardized", (0, 255), [0.5, 1], np.array([-1, 1])])
def test_good_value_ranges(value):
    checked = check_value_range(value)
    assert checked is None or checked == "standardized" or checked == tuple(map(float, value))


@pytest.mark.parametrize(
    "value",
    ["unit", (1, 0), (0, 0), (0,), (0, 1, 2), 255, ("0", "1"), (0, np.inf), (np.nan, 1), {0, 1}],
)
def test_bad_value_ranges(value):
    with pytest.raises(ValueError, match="value_range must be None"):
        check_value_range(value)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_arrays_of_a_good_dtype_are_not_copied(dtype):
    X = np.ones((3, 4), dtype=dtype)
    assert check_image_array(X) is X


@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint16, np.float16, np.float64])
def test_other_dtypes_become_float32(dtype):
    assert check_image_array(np.ones((3, 4), dtype=dtype)).dtype == np.float32


def test_lists_frames_and_number_objects_are_read():
    expected = np.array([[1, 2], [3, 4]], dtype=np.float32)
    for X in (
        [[1, 2], [3, 4]],
        pd.DataFrame({"a": [1, 3], "b": [2.0, 4]}),
        expected.astype(object),
    ):
        assert np.array_equal(check_image_array(X), expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "contains NaN: first at row 2, in 1 of 4 rows"),
        (-np.inf, "contains infinity: first at row 2"),
        (1e300, "too large for dtype.*first at row 2"),
    ],
)
@pytest.mark.parametrize("shape", [(4, 9), (4, 3, 3), (4, 3, 3, 1)])
def test_values_that_are_no_pixels_name_the_row(value, message, shape):
    X = np.ones(shape)
    X[2].flat[5] = value
    with pytest.raises(ValueError, match=message):
        check_image_array(X)


def test_values_whose_sum_overflows_are_finite():
    X = np.full((2, 4), 3e38, dtype=np.float32)
    assert check_image_array(X) is X


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array, sparse.coo_array])
def test_sparse(make):
    with pytest.raises(TypeError, match=r"Sparse data was passed for X.*X\.toarray"):
        check_image_array(make(np.eye(3)))


@pytest.mark.parametrize(
    "X",
    [
        ["a.png", "b.png"],
        np.array(["a.png", "b.png"]),
        pd.Series(["a.png", "b.png"]),
        pd.DataFrame({"file": ["a.png", "b.png"]}),
    ],
)
def test_text(X):
    with pytest.raises(ValueError, match=r"X holds text: 'a\.png' at row 0"):
        check_image_array(X)


@pytest.mark.parametrize("X", [np.ones((0, 4)), np.ones((2, 2), dtype=complex), None, 3.0])
def test_not_images_at_all(X):
    with pytest.raises((ValueError, TypeError)):
        check_image_array(X)


def test_the_text_among_numbers_is_named():
    with pytest.raises(ValueError, match="X holds text: 'x' at row 1"):
        check_image_array([[0, 1, 2, 3], [1, "x", 2, 3]])
