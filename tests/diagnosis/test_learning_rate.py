import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skdl import CNNClassifier, CNNRegressor, TransferClassifier
from skdl.diagnosis import find_learning_rate
from skdl.plotting import LearningRateDisplay


def test_it_finds_a_rate_that_trains(digits):
    X, y = digits
    model = CNNClassifier(epochs=3, random_state=0)
    before = model.get_params()
    found = find_learning_rate(model, X[:1200], y[:1200])
    assert model.get_params() == before
    assert not hasattr(model, "history_")
    assert found.parameter == "optimizer__learning_rate"
    assert 1e-4 < found.suggestion < 0.3
    assert len(found.rates) == len(found.losses) <= 100
    assert found.losses.min() < 0.7 * found.losses[0]
    scores = []
    for rate in (found.suggestion, 1e-5):
        model.set_params(**{found.parameter: rate})
        scores.append(model.fit(X[:1200], y[:1200]).score(X[1200:], y[1200:]))
    assert scores[0] > scores[1] + 0.2
    display = found.plot()
    assert display.ax_.get_xlabel() == "optimizer__learning_rate"
    plt.close("all")


@pytest.mark.slow
def test_other_networks(few_digits):
    X, y = few_digits
    tuned = TransferClassifier(weights="random", image_size=16, trainable="all", random_state=0)
    found = find_learning_rate(tuned, X, y, low=1e-6, high=1e-2, n_steps=20)
    assert found.parameter == "finetune_learning_rate"
    numbers = find_learning_rate(CNNRegressor(random_state=0), X, X.sum(axis=1), n_steps=30)
    assert numbers.rates[0] == pytest.approx(1e-6)
    assert repr(numbers).startswith("LearningRates(suggestion=")


def test_training_that_diverges_ends_early(few_digits):
    found = find_learning_rate(
        CNNClassifier(optimizer="sgd", random_state=0), *few_digits, high=1e6, n_steps=60
    )
    assert len(found.rates) < 60
    assert np.isfinite(found.losses).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 0}, "low must be above 0"),
        ({"low": 1, "high": 0.1}, "below high"),
        ({"n_steps": 3}, "n_steps"),
        ({"estimator": SVC()}, "trains a network of skdl.*SVC"),
        ({"estimator": make_pipeline(SVC())}, "for a pipeline, pass its last step"),
    ],
)
def test_bad_input(few_digits, change, message):
    settings = {"estimator": CNNClassifier(), **change}
    estimator = settings.pop("estimator")
    with pytest.raises(ValueError, match=message):
        find_learning_rate(estimator, *few_digits, **settings)


@pytest.mark.parametrize(
    ("rates", "losses", "message"),
    [
        ([0.1, 0.2], [1.0], "of the same shape"),
        ([], [], "of the same shape"),
        ([0.0, 0.1], [1.0, 2.0], "greater than 0"),
    ],
)
def test_bad_figures(rates, losses, message):
    with pytest.raises(ValueError, match=message):
        LearningRateDisplay(rates, losses).plot()
