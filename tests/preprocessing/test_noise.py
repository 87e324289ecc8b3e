"""`ImageNoise`: what it adds, to what, and that neighbours do not matter."""

import pickle
import random

import numpy as np
import pandas as pd
import pytest
import sklearn
from helpers import run_python, tiny
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
    check_global_output_transform_pandas,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
)

from skdl import CNNClassifier, ImageNoise
from skdl.preprocessing import NOISES
from skdl.testing import corrupt_batches, image_batches, parametrize_with_contracts

KINDS = tuple(NOISES)

noises = st.builds(
    ImageNoise,
    st.sampled_from(KINDS),
    amount=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
    random_state=st.integers(0, 3),
)


def gray(n=1, size=100, value=0.5, dtype="float64"):
    """Images of one brightness, none of them equal."""
    images = np.full((n, size, size), value)
    images[:, 0, 0] = np.linspace(0, 1, n)
    images[:, -1, -1] = 1
    return images.astype(dtype)


@parametrize_with_contracts([ImageNoise(kind, amount=0.3) for kind in ("gaussian", "occlusion")])
def test_contracts(subject, contract):
    contract(subject)


@pytest.mark.exhaustive
@parametrize_with_contracts(
    [ImageNoise(kind, amount=0.3) for kind in ("salt_and_pepper", "speckle")]
)
def test_contracts_of_other_kinds(subject, contract):
    contract(subject)


@pytest.mark.parametrize("kind", KINDS)
def test_check_estimator(kind):
    results = check_estimator(ImageNoise(kind, random_state=0), on_skip=None)
    assert sum(result["status"] == "passed" for result in results) >= 46


# ---- shape, dtype, range -----------------------------------------------------------------------


@pytest.mark.networks
@given(image_batches(channels=(1, 3, 4)), noises)
def test_shape_dtype_and_range_are_kept(X, noise):
    before = X.copy()
    noisy = noise.fit(X).transform(X)
    assert noisy.shape == X.shape
    assert noisy.dtype == X.dtype
    assert noisy.min() >= noise.black_
    assert noisy.max() <= noise.white_
    assert np.array_equal(X, before)
    assert not np.shares_memory(noisy, X)
    if noise.amount == 0:
        assert np.array_equal(noisy, X)


@pytest.mark.networks
@given(image_batches(min_size=2), noises, st.randoms(use_true_random=False))
def test_noise_depends_on_the_image_alone(X, noise, shuffle):
    noisy = noise.fit(X).transform(X)
    order = list(range(len(X)))
    shuffle.shuffle(order)
    assert np.array_equal(noise.transform(X[order]), noisy[order])
    assert np.array_equal(noise.transform(X[-1:]), noisy[-1:])
    assert np.array_equal(clone(noise).fit_transform(X), noisy)


@pytest.mark.networks
@given(image_batches(channels=(1,)), noises)
def test_every_layout_has_the_same_noise(X, noise):
    noise.set_params(image_shape=X.shape[1:3])
    noisy = noise.fit(X).transform(X)
    assert np.array_equal(noise.transform(X[..., 0]), noisy[..., 0])
    flat = X.reshape(len(X), -1)
    assert np.array_equal(noise.transform(flat), noisy.reshape(flat.shape))
    assert np.array_equal(clone(noise).fit_transform(flat), noisy.reshape(flat.shape))


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_differ_by_rounding_only(kind, digits):
    X = digits[0][:20] / 16
    noise = ImageNoise(kind, amount=0.3, random_state=0).fit(X)
    single = noise.transform(X.astype("float32"))
    assert single.dtype == "float32"
    np.testing.assert_allclose(single, noise.transform(X), atol=1e-6)
    swapped = noise.transform(X.astype(">f8"))
    assert np.array_equal(swapped, noise.transform(X))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64"])
def test_whole_numbers_stay_whole_in_every_dtype(dtype, digits):
    X = digits[0][:20].astype(dtype)
    noise = ImageNoise(amount=0.05, random_state=0).fit(X)
    noisy = noise.transform(X)
    assert noisy.dtype == dtype
    assert (noisy != X).any()
    assert np.array_equal(noise.transform(X.astype("float64")), noisy)


def test_masks_stay_masks():
    X = np.random.default_rng(0).random((5, 8, 8)) < 0.5
    noisy = ImageNoise("salt_and_pepper", amount=0.5, random_state=0).fit_transform(X)
    assert noisy.dtype == bool
    assert 0 < (noisy != X).mean() < 0.5


def test_values_beyond_the_dtype_are_clipped():
    X = np.array([[[0, 250], [128, 255]]], dtype="uint8")
    noise = ImageNoise(amount=1.0, value_range=(-1000, 1000), random_state=0)
    noisy = noise.fit_transform(
        np.repeat(X, 50, axis=0) + np.arange(50, dtype="uint8")[:, None, None]
    )
    assert {0, 255} <= set(noisy.ravel().tolist())


def test_range_is_that_of_fit(digits):
    X = digits[0]
    noise = ImageNoise(amount=0.5, random_state=0).fit(X)
    assert noise.value_range_ == (0.0, 16.0)
    darker = noise.transform(X[:50] / 4)
    assert darker.max() > 10  # on the scale of 16, not on that of this batch
    assert ImageNoise(value_range=(0, 64)).fit(X).white_ == 64


def test_standardized_data_is_not_clipped():
    X = np.random.default_rng(0).standard_normal((50, 20, 20))
    noise = ImageNoise(amount=2.0, random_state=0).fit(X)
    assert noise.value_range_ == "standardized"
    noisy = noise.transform(X)
    assert noisy.max() > X.max() + 1
    assert (noisy - X).std() == pytest.approx(2, rel=0.02)
    assert (noise.black_, noise.white_) == (X.min(), X.max())
    speckled = ImageNoise("speckle", amount=0.5, random_state=0).fit_transform(X)
    assert ((speckled - X) / X).std() == pytest.approx(0.5, rel=0.02)
    replaced = ImageNoise("salt_and_pepper", amount=0.5, random_state=0).fit_transform(X)
    assert set(replaced[replaced != X].tolist()) == {X.min(), X.max()}
    hidden = ImageNoise("occlusion", amount=0.25, random_state=0).fit_transform(X)
    assert set(hidden[hidden != X].tolist()) == {X.min()}


def test_opacity_is_left_alone():
    X = np.random.default_rng(0).random((5, 8, 8, 4))
    for kind in KINDS:
        noisy = ImageNoise(kind, amount=0.5, random_state=0).fit_transform(X)
        assert np.array_equal(noisy[..., 3], X[..., 3])
        assert not np.array_equal(noisy[..., :3], X[..., :3])


# ---- how much ----------------------------------------------------------------------------------


@pytest.mark.parametrize("high", [1.0, 255.0])
def test_gaussian_noise_has_its_deviation(high):
    X = gray(10) * high
    added = ImageNoise(amount=0.1, random_state=0).fit_transform(X) - X
    inner = added[:, 1:-1, 1:-1]
    assert inner.std() == pytest.approx(0.1 * high, rel=0.02)
    assert inner.mean() == pytest.approx(0, abs=0.002 * high)
    assert abs(np.corrcoef(inner[0].ravel(), inner[1].ravel())[0, 1]) < 0.05


def test_speckle_grows_with_brightness():
    bright, dark = gray(10, value=0.6), gray(10, value=0.2)
    noise = ImageNoise("speckle", amount=0.1, random_state=0).fit(bright)
    deviations = [(noise.transform(X) - X)[:, 1:-1, 1:-1].std() for X in (bright, dark)]
    assert deviations == pytest.approx([0.06, 0.02], rel=0.03)
    black = gray(2, value=0.0)
    assert np.array_equal(noise.transform(black)[:, 1:-1], black[:, 1:-1])


def test_speckle_counts_from_black():
    X = gray(10, value=0.5) * 100 + 100
    noise = ImageNoise("speckle", amount=0.1, value_range=(100, 200), random_state=0)
    assert (noise.fit_transform(X) - X)[:, 1:-1, 1:-1].std() == pytest.approx(5, rel=0.03)


@pytest.mark.parametrize("amount", [0.02, 0.3, 1.0])
def test_salt_and_pepper_has_its_share(amount):
    X = np.repeat(gray(10)[..., np.newaxis], 3, axis=-1)
    noisy = ImageNoise("salt_and_pepper", amount=amount, random_state=0).fit_transform(X)
    inner = noisy[:, 1:-1, 1:-1]
    assert (inner == inner[..., :1]).all()  # all channels of a pixel together
    assert (inner[..., 0] == 0).mean() == pytest.approx(amount / 2, rel=0.1)
    assert (inner[..., 0] == 1).mean() == pytest.approx(amount / 2, rel=0.1)
    assert ((inner == 0) | (inner == 1) | (inner == 0.5)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [2, 4, 5])
def test_noise_of_all_channels_but_transparency(kind, channels):
    X = np.random.default_rng(0).integers(50, 200, (4, 12, 13, channels), dtype=np.uint8)
    noisy = ImageNoise(kind, amount=0.5, random_state=0).fit_transform(X)
    changed = (noisy != X).mean(axis=(0, 1, 2))
    n_seen = 3 if channels == 4 else channels
    assert (changed[:n_seen] > 0.3).all()
    assert (changed[n_seen:] == 0).all()
    flat = ImageNoise(kind, amount=0.5, random_state=0, image_shape=X.shape[1:])
    assert np.array_equal(flat.fit_transform(X.reshape(4, -1)), noisy.reshape(4, -1))


def test_more_salt_and_pepper_keeps_the_pixels_of_less():
    X = gray(3)
    some, more = (
        ImageNoise("salt_and_pepper", amount=amount, random_state=0).fit_transform(X)
        for amount in (0.1, 0.2)
    )
    assert np.array_equal(some[some != X], more[some != X])


@given(
    st.integers(1, 30),
    st.integers(1, 30),
    st.floats(0, 1),
    st.sampled_from([1, 3]),
    st.integers(0, 999),
)
def test_occlusion_has_its_area(height, width, amount, channels, seed):
    X = np.full((2, height, width, channels), 200, dtype="uint8")
    X[1] -= 1
    noise = ImageNoise("occlusion", amount=amount, random_state=seed)
    for hidden in noise.fit_transform(X)[..., 0] == 0:
        rows, columns = np.flatnonzero(hidden.any(axis=1)), np.flatnonzero(hidden.any(axis=0))
        assert hidden.sum() == len(rows) * len(columns)  # one rectangle without holes
        assert (np.diff(rows) == 1).all()
        assert (np.diff(columns) == 1).all()
        error = abs(hidden.sum() - amount * height * width)
        assert error <= max(1, len(rows), len(columns))
        assert (hidden.sum() > 0) == (amount > 0)
        if amount == 1:
            assert hidden.all()


def test_occlusion_lies_anywhere():
    X = gray(400, size=10)
    noisy = ImageNoise("occlusion", amount=0.09, random_state=0).fit_transform(X)
    hidden = (noisy == 0) & (X != 0)
    assert hidden.sum(axis=0).min() >= 1
    corners = [tuple(np.argwhere(image)[0]) for image in hidden if image.sum() == 9]
    assert len(set(corners)) == 64  # every place of a 3 × 3 square in 10 × 10 pixels


# ---- seeds -------------------------------------------------------------------------------------


def test_seeds():
    X = gray(3)
    first, again = (ImageNoise(random_state=1).fit(X).transform(X) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, ImageNoise(random_state=2).fit_transform(X))
    assert not np.array_equal(*(ImageNoise().fit_transform(X) for _ in range(2)))
    unseeded = ImageNoise().fit(X)
    assert np.array_equal(unseeded.transform(X), unseeded.transform(X))


def test_seeds_come_from_numpys_generator_unless_given():
    X = gray(3)
    state = np.random.get_state()
    try:
        drawn = []
        for _ in range(2):
            np.random.seed(0)
            drawn.append(ImageNoise().fit_transform(X))
        assert np.array_equal(*drawn)
        before = random.getstate(), np.random.get_state()[1].tolist()
        ImageNoise(random_state=0).fit_transform(X)
        assert before == (random.getstate(), np.random.get_state()[1].tolist())
    finally:
        np.random.set_state(state)
    given_states = [
        ImageNoise(random_state=np.random.RandomState(3)).fit_transform(X) for _ in range(2)
    ]
    assert np.array_equal(*given_states)


def test_another_process_adds_the_same_noise():
    code = """
import numpy as np
from skdl.preprocessing import ImageNoise
X = np.arange(64.0).reshape(1, 8, 8)
print(repr(float(ImageNoise(random_state=5).fit_transform(X).sum())))
import sys
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""
    X = np.arange(64.0).reshape(1, 8, 8)
    assert float(run_python(code)) == ImageNoise(random_state=5).fit_transform(X).sum()


def test_pickles_add_the_same_noise():
    X = gray(3)
    noise = ImageNoise().fit(X)
    assert np.array_equal(pickle.loads(pickle.dumps(noise)).transform(X), noise.transform(X))


# ---- among scikit-learn's own ------------------------------------------------------------------


def test_columns_keep_their_names(few_digits):
    frame = pd.DataFrame(few_digits[0], columns=[f"pixel {i}" for i in range(64)])
    noise = ImageNoise(random_state=0).set_output(transform="pandas").fit(frame)
    noisy = noise.transform(frame)
    assert list(noisy.columns) == list(frame.columns) == list(noise.get_feature_names_out())
    assert noise.feature_names_in_.tolist() == list(frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        noise.transform(frame[frame.columns[::-1]])


@pytest.mark.filterwarnings("ignore:X .* feature names, but ImageNoise was fitted")
def test_checks_of_columns_outside_check_estimator():
    for check in (
        check_dataframe_column_names_consistency,
        check_global_output_transform_pandas,
        check_set_output_transform,
        check_set_output_transform_pandas,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
    ):
        check("ImageNoise", ImageNoise(random_state=0))


def test_images_stay_arrays(few_digits):
    X = few_digits[0].reshape(-1, 8, 8)
    noise = ImageNoise(random_state=0).fit(X)
    assert not hasattr(noise, "get_feature_names_out")
    expected = noise.transform(X)
    with sklearn.config_context(transform_output="pandas"):
        assert np.array_equal(noise.transform(X), expected)
        assert np.array_equal(clone(noise).fit_transform(X), expected)
    pipeline = make_pipeline(noise, clone(noise)).set_output(transform="pandas")
    assert isinstance(pipeline.fit_transform(X), np.ndarray)


def test_searching_the_amount(few_digits):
    pipeline = Pipeline(
        [
            ("noise", ImageNoise(random_state=0)),
            ("cnn", CNNClassifier(tiny, epochs=3, random_state=0)),
        ]
    )
    search = GridSearchCV(pipeline, {"noise__amount": [0.0, 0.2]}, cv=2)
    search.fit(few_digits[0].reshape(-1, 8, 8), few_digits[1])
    assert search.best_params_["noise__amount"] in (0.0, 0.2)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_noise_makes_digits_harder(few_digits):
    X, y = few_digits
    for kind, amount in [("gaussian", 0.6), ("salt_and_pepper", 0.5), ("occlusion", 0.4)]:
        noisy = ImageNoise(kind, amount=amount, random_state=0)
        harder = cross_val_score(make_pipeline(noisy, RidgeClassifier()), X, y, cv=3).mean()
        assert harder < cross_val_score(RidgeClassifier(), X, y, cv=3).mean() - 0.05


# ---- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kind": "poisson"}, "The 'kind' parameter"),
        ({"amount": -0.1}, "amount of kind='gaussian' must be a finite number of at least 0"),
        ({"amount": np.inf}, "amount of kind='gaussian' must be a finite number"),
        ({"amount": "much"}, "amount of kind='gaussian' must be .* Got 'much'"),
        ({"amount": True}, "amount of kind='gaussian' must be .* Got True"),
        ({"kind": "salt_and_pepper", "amount": 1.5}, "from 0 to 1. Got 1.5"),
        ({"kind": "occlusion", "amount": 20}, "kind='occlusion' must be .* 0 to 1. Got 20"),
        ({"value_range": (255, 0)}, "low < high"),
        ({"value_range": "uint8"}, "The 'value_range' parameter"),
        ({"image_shape": (4, 5)}, "64 features, but images of the parameter image_shape"),
        ({"random_state": "now"}, "The 'random_state' parameter"),
    ],
)
def test_bad_parameters(params, message):
    noise = ImageNoise(**params)
    with pytest.raises(ValueError, match=message):
        noise.fit(np.zeros((3, 64)))
    with pytest.raises(NotFittedError):
        noise.transform(np.zeros((3, 64)))


@pytest.mark.networks
@given(corrupt_batches(), st.sampled_from(KINDS))
def test_bad_images_are_refused(batch, kind):
    with pytest.raises((ValueError, TypeError)):
        ImageNoise(kind).fit(np.zeros((3, 8, 8, 1))).transform(batch)


def test_a_failed_fit_leaves_the_noise_as_it_was():
    X = gray(3)
    noise = ImageNoise(random_state=0).fit(X)
    expected = noise.transform(X)
    with pytest.raises(ValueError, match="NaN: first at row 1"):
        noise.fit(np.array([np.zeros((9, 9)), np.full((9, 9), np.nan)]))
    assert np.array_equal(noise.transform(X), expected)


def test_other_shapes_are_named():
    noise = ImageNoise().fit(np.zeros((3, 8, 8)))
    with pytest.raises(
        ValueError, match=r"\(9, 8, 1\), but this ImageNoise was fitted .*\(8, 8, 1\)"
    ):
        noise.transform(np.zeros((3, 9, 8)))
    with pytest.raises(ValueError, match="X has 63 features, but ImageNoise is expecting 64"):
        noise.transform(np.zeros((3, 63)))
