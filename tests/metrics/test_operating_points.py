"""Sensitivity at a specificity, and the reverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skdl.metrics import (
    sensitivity_at_specificity_score,
    specificity_at_sensitivity_score,
)

TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 1])


SCORE = np.array([0.1, 0.2, 0.3, 0.7, 0.4, 0.6, 0.8, 0.9])


def operating_points(true, score):
    """Sensitivity and specificity of every threshold, counted."""
    thresholds = [*np.unique(score), np.inf]
    return np.array(
        [((score >= t)[true == 1].mean(), (score < t)[true == 0].mean(), t) for t in thresholds]
    ).T


def test_by_hand():
    points = {0.0: 1.0, 0.75: 1.0, 0.76: 0.5, 0.9: 0.5, 1.0: 0.5}
    for specificity, sensitivity in points.items():
        found = sensitivity_at_specificity_score(TRUE, SCORE, specificity=specificity)
        assert found == sensitivity
    for sensitivity, specificity in {0.0: 1.0, 0.5: 1.0, 0.51: 0.75, 1.0: 0.75}.items():
        found = specificity_at_sensitivity_score(TRUE, SCORE, sensitivity=sensitivity)
        assert found == specificity
    assert sensitivity_at_specificity_score(TRUE, SCORE) == 0.5  # at 0.9
    assert specificity_at_sensitivity_score(TRUE, SCORE) == 0.75


@given(
    rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=2, max_size=40),
    bound=st.integers(0, 20).map(lambda twentieths: twentieths / 20),
)
def test_is_its_definition(rows, bound):
    true, score = (np.array(column) for column in zip(*rows, strict=True))
    if true.min() == true.max():
        return
    sensitivities, specificities, _ = operating_points(true, score)
    found = sensitivity_at_specificity_score(true, score, specificity=bound)
    assert found == pytest.approx(sensitivities[specificities >= bound - 1e-12].max())
    found = specificity_at_sensitivity_score(true, score, sensitivity=bound)
    assert found == pytest.approx(specificities[sensitivities >= bound - 1e-12].max())


def test_shares_that_round():
    """A specificity of 1 - 8/10 is no less than 0.2, whatever floats make of it."""
    assert 1 - 8 / 10 < 0.2
    true, score = np.repeat([0, 1], 10), np.repeat([0, 1], [2, 18])
    assert sensitivity_at_specificity_score(true, score, specificity=0.2) == 1
    assert sensitivity_at_specificity_score(true, score, specificity=0.21) == 0


def test_classes_and_shapes():
    names = np.where(TRUE, "ill", "well")
    expected = sensitivity_at_specificity_score(TRUE, SCORE, specificity=0.75)
    both = np.column_stack([SCORE, 1 - SCORE])  # ill, well
    for score in (SCORE, both):
        found = sensitivity_at_specificity_score(names, score, specificity=0.75, pos_label="ill")
        assert found == expected
    # The well against the ill: the two are exchanged.
    found = sensitivity_at_specificity_score(names, both, specificity=0.75, pos_label="well")
    assert found == specificity_at_sensitivity_score(TRUE, SCORE, sensitivity=0.75)
    several = np.where(np.arange(8) == 0, "other", names)
    found = sensitivity_at_specificity_score(several, SCORE, specificity=0.75, pos_label="ill")
    assert found == expected


def test_weights_count_rows():
    weights = np.array([1, 2, 0, 3, 1, 2, 3, 0])
    for score in (sensitivity_at_specificity_score, specificity_at_sensitivity_score):
        expected = score(np.repeat(TRUE, weights), np.repeat(SCORE, weights))
        assert score(TRUE, SCORE, sample_weight=weights) == pytest.approx(expected)


@pytest.mark.parametrize(
    "score", [sensitivity_at_specificity_score, specificity_at_sensitivity_score]
)
def test_one_class(score):
    with pytest.warns(UndefinedMetricWarning, match="y_true has only one class") as caught:
        assert np.isnan(score([1, 1], [0.2, 0.3]))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "score", [sensitivity_at_specificity_score, specificity_at_sensitivity_score]
)
@pytest.mark.parametrize(
    ("true", "values", "settings", "message"),
    [
        (["ill", "well"], [0.1, 0.2], {}, "cannot be guessed"),
        ([0, 1], [0.1, 0.2], {"pos_label": 2}, "not a valid label"),
        ([0, 1, 2], [0.1, 0.2, 0.3], {}, "needs two classes"),
        ([0, 1], [0.1, np.nan], {}, "y_score has NaN or None at row 1"),
        ([0, 1], ["a", "b"], {}, "y_score must be scores"),
        ([0, 1], np.ones((2, 3)), {}, "y_score must be of shape"),
        ([0, 1], [0.1, 0.2, 0.3], {}, r"y_true has \d rows, and y_(pred|score) has \d"),
        ([], [], {}, "y_true is empty"),
    ],
)
def test_bad_input(score, true, values, settings, message):
    with pytest.raises(ValueError, match=message):
        score(true, values, **settings)


@pytest.mark.parametrize("bound", [-0.1, 1.1, np.nan])
def test_bad_bounds(bound):
    for function in (sensitivity_at_specificity_score, specificity_at_sensitivity_score):
        name = function.__name__.split("_")[2]
        with pytest.raises(ValueError, match=f"{name} must be a finite number from 0 to 1"):
            function(TRUE, SCORE, **{name: bound})
