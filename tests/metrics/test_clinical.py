"""Sensitivity, specificity and predictive values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import balanced_accuracy_score, precision_score, recall_score

from skdl.metrics import (
    npv_score,
    ppv_score,
    sensitivity_score,
    specificity_score,
)

# 4 true positives, 1 false negative, 3 true negatives, 2 false positives.
TRUE = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])


PREDICTED = np.array([1, 1, 1, 1, 0, 0, 0, 0, 1, 1])


# Counted by hand; class a: tp 2 of 3, tn 6 of 7; b: tp 1 of 2, tn 7 of 8; c: tp 4 of 5, tn 4 of 5.
TRUE_3 = list("aaabbccccc")


PREDICTED_3 = list("aacbaccccb")


LABELS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30).map(
    lambda pairs: tuple(map(np.array, zip(*pairs, strict=True)))
)


BINARY = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=30).map(
    lambda pairs: tuple(map(np.array, zip(*pairs, strict=True)))
)


def test_binary_table():
    assert sensitivity_score(TRUE, PREDICTED) == pytest.approx(4 / 5)
    assert specificity_score(TRUE, PREDICTED) == pytest.approx(3 / 5)


def test_the_other_positive_class_swaps_the_two():
    assert sensitivity_score(TRUE, PREDICTED, pos_label=0) == pytest.approx(3 / 5)
    assert specificity_score(TRUE, PREDICTED, pos_label=0) == pytest.approx(4 / 5)


@pytest.mark.parametrize(
    ("convert", "pos_label"),
    [
        (lambda y: y.astype(bool), None),
        (lambda y: 2 * y - 1, None),
        (lambda y: np.where(y, "sick", "well"), "sick"),
        (lambda y: np.where(y, "sick", "well").astype(object), "sick"),
        (lambda y: list(y), None),
        (lambda y: y + 5, 6),
    ],
)
def test_labels_of_any_kind(convert, pos_label):
    true, predicted = convert(TRUE), convert(PREDICTED)
    assert sensitivity_score(true, predicted, pos_label=pos_label) == pytest.approx(4 / 5)
    assert specificity_score(true, predicted, pos_label=pos_label) == pytest.approx(3 / 5)


def test_multiclass_table():
    sensitivity = sensitivity_score(TRUE_3, PREDICTED_3, average=None)
    specificity = specificity_score(TRUE_3, PREDICTED_3, average=None)
    np.testing.assert_allclose(sensitivity, [2 / 3, 1 / 2, 4 / 5])
    np.testing.assert_allclose(specificity, [6 / 7, 7 / 8, 4 / 5])
    assert sensitivity_score(TRUE_3, PREDICTED_3) == pytest.approx(sensitivity.mean())
    assert specificity_score(TRUE_3, PREDICTED_3, average="macro") == pytest.approx(
        specificity.mean()
    )
    assert sensitivity_score(TRUE_3, PREDICTED_3, average="weighted") == pytest.approx(
        np.average(sensitivity, weights=[3, 2, 5])
    )
    assert specificity_score(TRUE_3, PREDICTED_3, average="weighted") == pytest.approx(
        np.average(specificity, weights=[3, 2, 5])
    )


def test_one_class_of_many_against_the_rest():
    assert sensitivity_score(TRUE_3, PREDICTED_3, pos_label="b") == pytest.approx(1 / 2)
    assert specificity_score(TRUE_3, PREDICTED_3, pos_label="b") == pytest.approx(7 / 8)


def test_labels_choose_and_order_the_classes():
    rates = sensitivity_score(TRUE_3, PREDICTED_3, labels=["c", "a"], average=None)
    np.testing.assert_allclose(rates, [4 / 5, 2 / 3])


@given(labels=BINARY)
def test_binary_agrees_with_recall_of_either_class(labels):
    true, predicted = labels
    assert sensitivity_score(true, predicted, zero_division=0.0) == pytest.approx(
        recall_score(true, predicted, zero_division=0.0)
    )
    assert specificity_score(true, predicted, zero_division=0.0) == pytest.approx(
        recall_score(true, predicted, pos_label=0, zero_division=0.0)
    )


@given(labels=LABELS, average=st.sampled_from(["macro", "weighted", None]))
def test_multiclass_sensitivity_agrees_with_recall(labels, average):
    np.testing.assert_allclose(
        sensitivity_score(*labels, average=average, zero_division=0.0),
        recall_score(*labels, average=average, zero_division=0.0),
    )


@given(labels=LABELS)
def test_multiclass_specificity_is_its_definition(labels):
    true, predicted = labels
    classes = np.union1d(true, predicted)
    expected = [
        np.mean(predicted[true != label] != label) if (true != label).any() else 1.0
        for label in classes
    ]
    np.testing.assert_allclose(
        specificity_score(true, predicted, average=None, zero_division=1.0), expected
    )


@given(labels=LABELS, seed=st.integers(0, 10))
def test_weights_count_rows(labels, seed):
    true, predicted = labels
    weights = np.random.default_rng(seed).integers(0, 3, len(true))
    if not weights.any():
        return
    repeated = [np.repeat(a, weights) for a in labels]
    settings = {"labels": [0, 1, 2], "average": None, "zero_division": 0.0}
    for score in (sensitivity_score, specificity_score):
        np.testing.assert_allclose(
            score(true, predicted, sample_weight=weights, **settings), score(*repeated, **settings)
        )


def test_balanced_accuracy_is_the_mean_of_the_two():
    mean = (sensitivity_score(TRUE, PREDICTED) + specificity_score(TRUE, PREDICTED)) / 2
    assert mean == pytest.approx(balanced_accuracy_score(TRUE, PREDICTED))


def test_a_class_absent_from_a_fold():
    with pytest.warns(UndefinedMetricWarning, match="no positive samples"):
        assert sensitivity_score([0, 0], [0, 0]) == 0.0
    with pytest.warns(UndefinedMetricWarning, match="no negative samples"):
        assert specificity_score([1, 1], [1, 0]) == 0.0
    assert sensitivity_score([0, 0], [0, 1], zero_division=1.0) == 1.0
    assert np.isnan(sensitivity_score([0, 0], [0, 1], zero_division=np.nan))
    assert sensitivity_score(["well"] * 2, ["well"] * 2, pos_label="ill", zero_division=1) == 1.0
    # Left out of the average, not counted as zero.
    assert sensitivity_score([0, 0, 1], [0, 2, 1], average="macro", zero_division=np.nan) == 0.75


@given(labels=LABELS, average=st.sampled_from(["macro", "weighted", None]))
def test_ppv_is_precision(labels, average):
    np.testing.assert_allclose(
        ppv_score(*labels, average=average, zero_division=0.0),
        precision_score(*labels, average=average, zero_division=0.0),
    )


@given(labels=LABELS)
def test_npv_is_its_definition(labels):
    true, predicted = labels
    expected = [
        np.mean(true[predicted != label] != label) if (predicted != label).any() else 1.0
        for label in np.union1d(true, predicted)
    ]
    found = npv_score(true, predicted, average=None, zero_division=1.0)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("score", [sensitivity_score, specificity_score])
@pytest.mark.parametrize(
    ("true", "predicted", "settings", "message"),
    [
        (["ill", "well"], ["ill", "ill"], {}, r"cannot be guessed. Pass pos_label.*make_clinical"),
        ([5, 6], [5, 5], {}, "cannot be guessed"),
        ([0, 1], [0, 1], {"pos_label": 2}, "pos_label=2 is not a valid label"),
        ([0, 1, 2], [0, 1, 1], {"average": "binary"}, "needs two classes, but there are 3"),
        ([0, 1], [0, 1], {"average": "micro"}, "average must be"),
        ([0, 1], [0, 1], {"zero_division": "nan"}, "zero_division must be"),
        ([0, 1], [0, 1], {"zero_division": 0.5}, "zero_division must be"),
        ([0, 1], [0.2, 0.7], {}, "not a class label|must have shape"),
        ([[0, 1], [1, 1]], [[0, 1], [1, 1]], {}, "not a class label|must have shape"),
        ([0, 1, 1], [0, 1], {}, r"y_true has \d rows, and y_(pred|score) has \d"),
        ([0, 1], [0, 1], {"sample_weight": [1, -1]}, "must not be negative"),
    ],
)
def test_bad_input(score, true, predicted, settings, message):
    with pytest.raises(ValueError, match=message):
        score(true, predicted, **settings)
