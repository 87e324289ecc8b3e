"""Scores of predicted numbers, their intervals, and limits of agreement."""

from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from skdl.metrics import ConfidenceInterval, confidence_interval, limits_of_agreement

NAMES = ("r2", "mae", "rmse", "bias", "lower_limit_of_agreement", "upper_limit_of_agreement")


def drawn(n, seed=0, spread=1.0):
    generator = np.random.default_rng(seed)
    y_true = generator.normal(50, 3, n)
    return y_true, y_true + generator.normal(0.5, spread, n)


def test_values_are_those_of_scikit_learn():
    y_true, y_pred = drawn(60)
    differences = y_pred - y_true
    bias, spread = differences.mean(), differences.std(ddof=1)
    expected = (
        r2_score(y_true, y_pred),
        mean_absolute_error(y_true, y_pred),
        root_mean_squared_error(y_true, y_pred),
        bias,
        bias - stats.norm.ppf(0.975) * spread,
        bias + stats.norm.ppf(0.975) * spread,
    )
    for name, value in zip(NAMES, expected, strict=True):
        found = confidence_interval(name, y_true, y_pred)
        np.testing.assert_allclose(found.estimate, value)
        assert found.low < value < found.high


def test_the_interval_of_the_bias_is_that_of_the_t_test():
    y_true, y_pred = drawn(25)
    found = confidence_interval("bias", y_true, y_pred, level=0.9)
    expected = stats.ttest_1samp(y_pred - y_true, 0).confidence_interval(0.9)
    np.testing.assert_allclose(found[1:], expected)


def test_limits_are_exact_for_normal_differences():
    # Quantiles as differences: their skewness and kurtosis are no larger than normal ones.
    differences = stats.norm.ppf((np.arange(40) + 0.5) / 40)
    found = limits_of_agreement(np.zeros(40), differences)
    root = np.sqrt(40)
    ends = stats.nct.ppf([0.025, 0.975], 39, stats.norm.ppf(0.975) * root) / root
    spread = differences.std(ddof=1)
    # At the inner ends, the delta method reaches further.
    np.testing.assert_allclose(found.upper.high, ends[1] * spread)
    np.testing.assert_allclose(found.lower.low, -ends[1] * spread)
    assert found.upper.low <= ends[0] * spread
    np.testing.assert_allclose(found.bias.estimate, 0, atol=1e-12)


def test_heavy_tails_make_limits_wider():
    generator = np.random.default_rng(0)
    normal = generator.normal(size=200)
    heavy = generator.standard_t(3, size=200)
    widths = []
    for values in (normal, heavy):
        differences = (values - values.mean()) / values.std(ddof=1)
        upper = limits_of_agreement(np.zeros(200), differences).upper
        widths.append(upper.high - upper.low)
    assert widths[1] > 1.3 * widths[0]


def test_agreement_is_a_share():
    y_true, y_pred = drawn(50)
    wide, narrow = (limits_of_agreement(y_true, y_pred, agreement=a) for a in (0.95, 0.5))
    assert wide.lower.estimate < narrow.lower.estimate < narrow.upper.estimate
    ratio = (narrow.upper.estimate - narrow.bias.estimate) / (
        wide.upper.estimate - wide.bias.estimate
    )
    np.testing.assert_allclose(ratio, stats.norm.ppf(0.75) / stats.norm.ppf(0.975))


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_does_not_matter(name):
    y_true, y_pred = drawn(40)
    before = confidence_interval(name, y_true, y_pred)
    after = confidence_interval(name, 1000 * y_true, 1000 * y_pred)
    factor = 1 if name == "r2" else 1000
    np.testing.assert_allclose(after, np.multiply(factor, before))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("groups", [None, np.arange(120) // 3])
def test_intervals_hold_at_their_level(name, groups):
    # 200 samples: with a true level of 0.95, fewer than 178 hits have a probability of 1e-4.
    generator = np.random.default_rng(1)
    k = 1 if groups is None else 40

    def sample(n):
        y_true = generator.normal(0, 2, n)
        shared = 0 if groups is None else generator.normal(0, 0.6, n // 3).repeat(3)
        return y_true, y_true + 0.3 + shared + generator.normal(0, 1 if groups is None else 0.8, n)

    truth = confidence_interval(name, *sample(300_000)).estimate
    hits = 0
    for _ in range(200):
        found = confidence_interval(name, *sample(120), groups=groups)
        hits += found.low <= truth <= found.high
    assert hits >= 178, k


@pytest.mark.parametrize("name", NAMES)
def test_groups_of_one_sample_are_none(name):
    y_true, y_pred = drawn(30)
    found = confidence_interval(name, y_true, y_pred, groups=np.arange(30))
    assert found == confidence_interval(name, y_true, y_pred)


@pytest.mark.parametrize("name", NAMES)
def test_copies_in_a_group_tell_nothing_new(name):
    y_true, y_pred = drawn(60)
    once = confidence_interval(name, y_true, y_pred)
    groups = np.arange(60).repeat(4)
    copies = confidence_interval(name, y_true.repeat(4), y_pred.repeat(4), groups=groups)
    alone = confidence_interval(name, y_true.repeat(4), y_pred.repeat(4))
    width = copies.high - copies.low
    assert width > 1.7 * (alone.high - alone.low)
    np.testing.assert_allclose(width, once.high - once.low, rtol=0.2)


@pytest.mark.parametrize(
    ("function", "name"),
    [(r2_score, "r2"), (mean_absolute_error, "mae"), (root_mean_squared_error, "rmse")],
)
def test_functions_of_scikit_learn_are_known(function, name):
    y_true, y_pred = drawn(50)
    assert confidence_interval(function, y_true, y_pred) == confidence_interval(
        name, y_true, y_pred
    )
    found = confidence_interval(name, y_true, y_pred, method="bootstrap", random_state=0)
    known = confidence_interval(name, y_true, y_pred)
    np.testing.assert_allclose(found[1:], known[1:], rtol=0.1)


def test_other_functions_are_resampled():
    y_true, y_pred = drawn(50)
    score = partial(np.quantile, q=0.9)

    def error(true, predicted):
        return float(score(np.abs(predicted - true)))

    with pytest.raises(ValueError, match="For numbers, pass stratified=False"):
        confidence_interval(error, y_true, y_pred)
    found = confidence_interval(error, y_true, y_pred, stratified=False, random_state=0)
    assert found.low < found.estimate < found.high


def test_a_perfect_model():
    y_true, _ = drawn(20)
    for name in NAMES:
        with pytest.warns(UserWarning, match="without any variance"):
            found = confidence_interval(name, y_true, y_true)
        assert found == ConfidenceInterval(*3 * [1.0 if name == "r2" else 0.0])


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([1.0, np.nan], [1.0, 2.0], "y_true contains NaN: first at row 1"),
        ([1.0, 2.0], [1.0, np.inf], "y_pred contains infinity: first at row 1"),
        ([1.0, 2.0], [1.0], "y_true has 2 rows, and y_pred has 1"),
        (["a", "b"], [1.0, 2.0], "y_true should be an array of numbers.*'a'"),
        ([[1.0, 2.0]], [[1.0, 2.0]], "one output at a time"),
        ([1.0], [1.0], "needs at least 2 samples"),
        ([], [], "y_true is empty"),
    ],
)
def test_bad_input(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        limits_of_agreement(y_true, y_pred)


@pytest.mark.parametrize("change", [{"agreement": 1.0}, {"level": 0}, {"level": "high"}])
def test_bad_levels(change):
    (name,) = change
    with pytest.raises(ValueError, match=f"{name} must be between 0 and 1"):
        limits_of_agreement(*drawn(10), **change)


def test_a_constant_truth_has_no_r2():
    with pytest.raises(ValueError, match="r2 is undefined for these samples: y_true is constant"):
        confidence_interval("r2", [3.0, 3.0, 3.0], [1.0, 2.0, 3.0])
