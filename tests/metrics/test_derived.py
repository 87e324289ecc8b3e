"""Geometric mean and likelihood ratios."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import class_likelihood_ratios, recall_score

from skdl.metrics import (
    geometric_mean_score,
    negative_likelihood_ratio,
    positive_likelihood_ratio,
    sensitivity_score,
    specificity_score,
)

LABELS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30).map(
    lambda pairs: tuple(map(np.array, zip(*pairs, strict=True)))
)


def test_a_class_that_is_never_recognised_makes_the_geometric_mean_zero():
    assert geometric_mean_score([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 0, 1]) == 0
    assert geometric_mean_score([0] * 99 + [1], [0] * 100) == 0


@given(labels=LABELS)
def test_two_classes_have_one_geometric_mean(labels):
    true, predicted = (np.minimum(y, 1) for y in labels)
    settings = {"labels": [0, 1], "zero_division": 0.0}
    assert geometric_mean_score(true, predicted, **settings) == pytest.approx(
        geometric_mean_score(true, predicted, average="multiclass", **settings)
    )


@given(labels=LABELS)
def test_geometric_mean_is_its_definition(labels):
    true, predicted = labels
    recalls = recall_score(true, predicted, average=None, zero_division=0.0)
    found = geometric_mean_score(true, predicted, average="multiclass", zero_division=0.0)
    assert found == pytest.approx(recalls.prod() ** (1 / len(recalls)))
    rates = [
        score(true, predicted, average=None, zero_division=0.0)
        for score in (sensitivity_score, specificity_score)
    ]
    found = geometric_mean_score(true, predicted, average=None, zero_division=0.0)
    np.testing.assert_allclose(found, np.sqrt(rates[0] * rates[1]))


@given(labels=LABELS)
def test_likelihood_ratios_are_those_of_scikit_learn(labels):
    true, predicted = labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [
            score(true, predicted, average=None)
            for score in (positive_likelihood_ratio, negative_likelihood_ratio)
        ]
        for i, label in enumerate(np.union1d(true, predicted)):
            expected = class_likelihood_ratios(
                true == label, predicted == label, labels=[False, True]
            )
            if not (true == label).all() and (true == label).any():
                np.testing.assert_allclose([found[0][i], found[1][i]], expected)


def test_the_ratio_of_a_perfect_test_may_be_infinite():
    assert positive_likelihood_ratio([0, 1], [0, 1], zero_division=np.inf) == np.inf
    found = positive_likelihood_ratio(
        [0, 0, 1], [0, 0, 1], labels=[0, 1, 2], average="weighted", zero_division=np.inf
    )
    assert found == np.inf
