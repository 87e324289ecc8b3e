"""How good scores would have looked if groups and look-alikes had been ignored."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from skdl import evaluate

PATIENTS = np.repeat(np.arange(40), 5)
Y = PATIENTS % 2
NEAREST = KNeighborsClassifier(1)


@pytest.fixture(scope="module")
def noise():
    """Features that tell the patient, and nothing of the class."""
    generator = np.random.default_rng(0)
    return generator.normal(size=(40, 3))[PATIENTS] + 0.1 * generator.normal(size=(200, 3))


def measured(X, **options):
    options = {"groups": PATIENTS, "scoring": ["accuracy"], **options}
    return evaluate(options.pop("models", NEAREST), X, Y, **options)


def test_both_scores_are_those_of_scikit_learn(noise):
    table = measured(noise).optimism(noise, Y, n_resamples=50, random_state=7)
    row = table.iloc[0]
    for name, cv in (
        ("ignoring", StratifiedKFold(5, shuffle=True, random_state=7)),
        ("apart", StratifiedGroupKFold(5)),
    ):
        predicted = cross_val_predict(NEAREST, noise, Y, cv=cv, groups=PATIENTS)
        assert row[name] == pytest.approx(accuracy_score(Y, predicted))
    assert row["ignoring"] > 0.95
    assert row["difference"] == pytest.approx(row["ignoring"] - row["apart"])
    assert 0.2 < row["low"] < row["difference"] < row["high"] < 0.8
    assert row["reason"] == ""


def test_where_groups_tell_nothing_there_is_no_optimism():
    generator = np.random.default_rng(1)
    X = generator.normal(size=(200, 2)) + Y[:, None]
    row = measured(X, models=RidgeClassifier()).optimism(X, Y, n_resamples=200).iloc[0]
    assert row["low"] < 0 < row["high"]


def test_intervals_are_those_of_groups(noise):
    """As wide as the difference varies with other patients, and not with other images."""
    row = measured(noise).optimism(noise, Y, n_resamples=400).iloc[0]
    found = measured(noise).per_model("KNeighborsClassifier")
    right = (found["y_true"] == found["y_pred"]).groupby(PATIENTS).mean()
    expected = 2 * 1.96 * right.std() / np.sqrt(40)  # the other score hardly varies
    assert row["high"] - row["low"] == pytest.approx(expected, rel=0.2)


def test_the_seed_of_the_folds_is_kept(noise):
    cv = StratifiedGroupKFold(4, shuffle=True, random_state=3)
    row = measured(noise, cv=cv).optimism(noise, Y, n_resamples=10, random_state=8).iloc[0]
    random = StratifiedKFold(4, shuffle=True, random_state=3)
    predicted = cross_val_predict(NEAREST, noise, Y, cv=random)
    assert row["ignoring"] == pytest.approx(accuracy_score(Y, predicted))


def test_scores_that_need_the_estimator_have_no_interval(noise):
    result = measured(noise, scoring={"own": lambda model, X, y: model.score(X, y)})
    row = result.optimism(noise, Y).iloc[0]
    assert row["difference"] > 0.2
    assert np.isnan(row["low"])
    assert "needs the estimator" in row["reason"]


def test_look_alikes_are_ignored(noise):
    """Each picture three times, somewhat brighter: found without groups."""
    generator = np.random.default_rng(2)
    pictures = generator.integers(20, 200, (20, 4, 4)).repeat(8, axis=1).repeat(8, axis=2)
    X = np.concatenate([pictures, pictures + 9, pictures + 18]).astype(np.uint8)
    y = np.tile(np.arange(20) % 2, 3)
    result = evaluate(_Flat(), X, y, scoring="accuracy", cv=4)
    assert len(np.unique(result.groups)) == 20
    row = result.optimism(X, y, n_resamples=50).iloc[0]
    assert row["ignoring"] > 0.85
    assert row["apart"] < 0.75


class _Flat(KNeighborsClassifier):
    def __init__(self, n_neighbors=1):
        super().__init__(n_neighbors)

    def fit(self, X, y):
        return super().fit(X.reshape(len(X), -1).astype(float), y)

    def predict(self, X):
        return super().predict(X.reshape(len(X), -1).astype(float))

    def predict_proba(self, X):
        return super().predict_proba(X.reshape(len(X), -1).astype(float))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": None}, "no optimism to measure: nothing was kept together"),
        ({"cv": "prefit"}, "no optimism to measure: the models were fitted"),
    ],
)
def test_where_there_is_none(noise, options, message):
    models = clone(NEAREST).fit(noise, Y)
    with pytest.raises(ValueError, match=message):
        measured(noise, models=models, **options).optimism(noise, Y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": 0}, "X or y differs from the data of the evaluation"),
        ({"level": 2}, "level"),
        ({"n_resamples": 0}, "n_resamples must be a whole number"),
        ({"random_state": -1}, "random_state must be a whole number"),
    ],
)
def test_bad_input(noise, change, message):
    X = noise[::-1] if change.pop("X", None) == 0 else noise
    with pytest.raises(ValueError, match=message):
        measured(noise).optimism(X, Y, **change)
