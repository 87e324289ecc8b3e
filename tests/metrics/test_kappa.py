"""Agreement of grades."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from sklearn.naive_bayes import GaussianNB

from skdl import evaluate
from skdl.metrics import confidence_interval, quadratic_kappa_score


def graded(n, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 5, n)
    return truth, np.clip(truth + generator.choice([-1, 0, 0, 0, 1], n), 0, 4)


def test_it_is_that_of_scikit_learn():
    truth, given = graded(200)
    expected = cohen_kappa_score(truth, given, weights="quadratic")
    np.testing.assert_allclose(quadratic_kappa_score(truth, given), expected)


def test_grades_that_do_not_occur_keep_their_distance():
    truth, given = [0, 0, 4, 4, 1, 1], [0, 4, 4, 4, 1, 1]
    numbered = cohen_kappa_score(truth, given, weights="quadratic")
    assert abs(quadratic_kappa_score(truth, given) - numbered) > 0.05
    expected = cohen_kappa_score(truth, given, weights="quadratic", labels=range(5))
    np.testing.assert_allclose(quadratic_kappa_score(truth, given), expected)


def test_its_interval_is_that_of_the_bootstrap():
    truth, given = graded(300)
    found = confidence_interval("quadratic_kappa", truth, given)
    drawn = confidence_interval(
        "quadratic_kappa", truth, given, method="bootstrap", stratified=False, random_state=0
    )
    np.testing.assert_allclose(found, drawn, atol=0.01)


@pytest.mark.parametrize("size", [1, 4])
def test_its_interval_holds_at_its_level(size):
    truth, given = graded(200_000)
    kappa = quadratic_kappa_score(truth, given)
    hits = 0
    for seed in range(200):
        truth, given = (np.repeat(part, size) for part in graded(80, seed))
        groups = None if size == 1 else np.arange(80).repeat(size)
        found = confidence_interval("quadratic_kappa", truth, given, groups=groups)
        hits += found.low <= kappa <= found.high
    assert hits >= 178


def test_evaluations_have_it():
    generator = np.random.default_rng(0)
    y = generator.integers(1, 6, 300)
    X = y[:, None] + generator.normal(size=(300, 3))
    result = evaluate(GaussianNB(), X, y, scoring="ordinal")
    assert result.metrics == ["quadratic_kappa", "accuracy", "balanced_accuracy"]
    row = result.summary().set_index("metric").loc["quadratic_kappa"]
    predicted = result.per_model("GaussianNB")["y_pred"]
    np.testing.assert_allclose(row["value"], quadratic_kappa_score(y, predicted))
    assert row["low"] < row["value"] < row["high"]
    assert row["method"] == "wald"
    assert evaluate(GaussianNB(), X, y, scoring="quadratic_kappa").metrics == ["quadratic_kappa"]


def test_grades_that_are_text_have_none():
    with pytest.raises(ValueError, match="y_true should be an array of numbers.*'mild'"):
        quadratic_kappa_score(["mild", "severe"], ["mild", "mild"])
    with pytest.raises(ValueError, match="all grades, true and predicted, are the same"):
        quadratic_kappa_score([2, 2], [2, 2])
    with pytest.raises(ValueError, match="quadratic_kappa is undefined"):
        confidence_interval("quadratic_kappa", [2, 2], [2, 2])
