"""What all ratios of a confusion matrix have in common."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skdl.metrics import (
    geometric_mean_score,
    negative_likelihood_ratio,
    npv_score,
    positive_likelihood_ratio,
    ppv_score,
)

# 4 true positives, 1 false negative, 3 true negatives, 2 false positives.
TRUE = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])


PREDICTED = np.array([1, 1, 1, 1, 0, 0, 0, 0, 1, 1])


BY_HAND = {
    ppv_score: 4 / 6,
    npv_score: 3 / 4,
    geometric_mean_score: np.sqrt(4 / 5 * 3 / 5),
    positive_likelihood_ratio: (4 / 5) / (2 / 5),
    negative_likelihood_ratio: (1 / 5) / (3 / 5),
}


# Class a: tp 2, fn 1, fp 1, tn 6; b: tp 1, fn 1, fp 1, tn 7; c: tp 4, fn 1, fp 1, tn 4.
TRUE_3 = list("aaabbccccc")


PREDICTED_3 = list("aacbaccccb")


BY_HAND_3 = {
    ppv_score: [2 / 3, 1 / 2, 4 / 5],
    npv_score: [6 / 7, 7 / 8, 4 / 5],
    geometric_mean_score: np.sqrt([2 / 3 * 6 / 7, 1 / 2 * 7 / 8, 4 / 5 * 4 / 5]),
    positive_likelihood_ratio: [2 / 3 * 7, 1 / 2 * 8, 4 / 5 * 5],
    negative_likelihood_ratio: [1 / 3 * 7 / 6, 1 / 2 * 8 / 7, 1 / 5 * 5 / 4],
}


LABELS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30).map(
    lambda pairs: tuple(map(np.array, zip(*pairs, strict=True)))
)


@pytest.mark.parametrize("score", BY_HAND)
@pytest.mark.parametrize(
    ("convert", "pos_label"),
    [
        (lambda y: y, None),
        (lambda y: y.astype(bool), None),
        (lambda y: 2 * y - 1, None),
        (lambda y: np.where(y, "sick", "well"), "sick"),
    ],
)
def test_binary_table(score, convert, pos_label):
    found = score(convert(TRUE), convert(PREDICTED), pos_label=pos_label)
    assert found == pytest.approx(BY_HAND[score])


def test_the_other_positive_class():
    assert ppv_score(TRUE, PREDICTED, pos_label=0) == pytest.approx(BY_HAND[npv_score])
    assert npv_score(TRUE, PREDICTED, pos_label=0) == pytest.approx(BY_HAND[ppv_score])
    mean = geometric_mean_score(TRUE, PREDICTED, pos_label=0)
    assert mean == pytest.approx(BY_HAND[geometric_mean_score])
    # 1 / LR- of the other class.
    ratio = positive_likelihood_ratio(TRUE, PREDICTED, pos_label=0)
    assert ratio == pytest.approx(1 / BY_HAND[negative_likelihood_ratio])


@pytest.mark.parametrize("score", BY_HAND_3)
def test_one_vs_rest_table(score):
    expected = np.array(BY_HAND_3[score])
    np.testing.assert_allclose(score(TRUE_3, PREDICTED_3, average=None), expected)
    np.testing.assert_allclose(
        score(TRUE_3, PREDICTED_3, average=None, labels=["c", "a"]), expected[[2, 0]]
    )
    assert score(TRUE_3, PREDICTED_3, average="macro") == pytest.approx(expected.mean())
    assert score(TRUE_3, PREDICTED_3, average="weighted") == pytest.approx(
        np.average(expected, weights=[3, 2, 5])
    )
    assert score(TRUE_3, PREDICTED_3, pos_label="b") == pytest.approx(expected[1])


def test_several_classes_by_default():
    for score in (ppv_score, npv_score, positive_likelihood_ratio, negative_likelihood_ratio):
        macro = score(TRUE_3, PREDICTED_3, average="macro")
        assert score(TRUE_3, PREDICTED_3) == macro
    mean = (2 / 3 * 1 / 2 * 4 / 5) ** (1 / 3)
    assert geometric_mean_score(TRUE_3, PREDICTED_3) == pytest.approx(mean)
    assert geometric_mean_score(TRUE_3, PREDICTED_3, average="multiclass") == pytest.approx(mean)


@given(labels=LABELS, seed=st.integers(0, 10))
def test_weights_count_rows(labels, seed):
    true, predicted = labels
    weights = np.random.default_rng(seed).integers(0, 3, len(true))
    if not weights.any():
        return
    repeated = [np.repeat(a, weights) for a in labels]
    settings = {"labels": [0, 1, 2], "average": None, "zero_division": 1.0}
    for score in BY_HAND:
        np.testing.assert_allclose(
            score(true, predicted, sample_weight=weights, **settings), score(*repeated, **settings)
        )


@pytest.mark.parametrize(
    ("score", "true", "predicted", "message", "value"),
    [
        (ppv_score, [0, 1], [0, 0], "Positive predictive value.*no positive predictions", 0.0),
        (npv_score, [0, 1], [1, 1], "Negative predictive value.*no negative predictions", 0.0),
        (geometric_mean_score, [1, 1], [0, 1], "geometric mean.*no positive or no negative", 0.0),
        (positive_likelihood_ratio, [0, 1], [0, 1], "Positive likeli.*no false positives", np.nan),
        (positive_likelihood_ratio, [0, 0], [0, 1], "no positive samples", np.nan),
        (negative_likelihood_ratio, [0, 1], [1, 1], "Negative likeli.*no true negatives", np.nan),
        (negative_likelihood_ratio, [0, 0], [0, 1], "no positive samples", np.nan),
    ],
)
def test_undefined(score, true, predicted, message, value):
    with pytest.warns(UndefinedMetricWarning, match=message) as caught:
        np.testing.assert_equal(score(true, predicted), value)
    assert caught[0].filename == __file__
    assert score(true, predicted, zero_division=1.0) == 1.0
    assert np.isnan(score(true, predicted, zero_division=np.nan))


def test_classes_without_a_value_stay_out_of_averages():
    # Class 2 is never predicted.
    assert ppv_score([0, 1, 2], [0, 1, 1], zero_division=np.nan) == pytest.approx(3 / 4)
    with pytest.warns(UndefinedMetricWarning):
        assert ppv_score([0, 1, 2], [0, 1, 1]) == pytest.approx(1 / 2)
    # Class 2 has no samples: the mean of the recalls of the others.
    found = geometric_mean_score([0, 0, 1], [0, 2, 1], zero_division=np.nan)
    assert found == pytest.approx(np.sqrt(1 / 2))
    with pytest.warns(UndefinedMetricWarning, match="Sensitivity") as caught:
        assert geometric_mean_score([0, 0, 1], [0, 2, 1]) == 0
    assert caught[0].filename == __file__


@pytest.mark.parametrize("score", BY_HAND)
@pytest.mark.parametrize(
    ("true", "predicted", "settings", "message"),
    [
        (["ill", "well"], ["ill", "ill"], {}, "cannot be guessed. Pass pos_label"),
        ([0, 1], [0, 1], {"pos_label": 2}, "pos_label=2 is not a valid label"),
        ([0, 1, 2], [0, 1, 1], {"average": "binary"}, "needs two classes, but there are 3"),
        ([0, 1], [0, 1], {"average": "micro"}, "average must be one of 'auto', .* None"),
        ([0, 1], [0, 1], {"zero_division": "nan"}, "zero_division must be"),
        ([0, 1], [0, 1], {"zero_division": None}, "zero_division must be"),
        ([0, 1], [0, 1], {"zero_division": -1.0}, "zero_division must be"),
        ([0, 1], [0.2, 0.7], {}, "not a class label|must have shape"),
        ([0, 1, 1], [0, 1], {}, r"y_true has \d rows, and y_(pred|score) has \d"),
        ([0, 1], [0, 1], {"sample_weight": [1, -1]}, "must not be negative"),
    ],
)
def test_bad_input(score, true, predicted, settings, message):
    with pytest.raises(ValueError, match=message):
        score(true, predicted, **settings)
