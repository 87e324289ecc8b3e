"""Parameters of parts."""

import keras
import pytest

from skdl import CNNClassifier
from skdl.estimators._routing import made_with, routed_to


def test_names_lose_the_part():
    params = {"optimizer__rate": 1, "optimizer__rate__low": 2, "optimizer": 3, "optimizers__x": 4}
    assert routed_to("optimizer", params) == {"rate": 1, "rate__low": 2}
    assert routed_to("rate", routed_to("optimizer", params)) == {"low": 2}


class Part:
    def __init__(self, number=0, inner=None):
        self.number = number
        self.inner = inner


def test_parts_are_made_with_their_parameters():
    made = made_with(Part, {"number": 1, "inner__number": 2, "inner": Part, "inner__inner": "x"})
    assert (made.number, made.inner.number, made.inner.inner) == (1, 2, "x")
    assert made_with("text", {}) == "text"


@pytest.mark.parametrize("part", ["text", None, Part()])
def test_what_is_no_class_takes_no_parameters(part):
    with pytest.raises(TypeError, match="is not a class and accepts no number"):
        made_with(Part, {"inner": part, "inner__number": 1})


def test_a_schedule_takes_its_parameters(few_digits):
    schedule = keras.optimizers.schedules.ExponentialDecay
    model = CNNClassifier(
        epochs=1,
        optimizer__learning_rate=schedule,
        optimizer__learning_rate__initial_learning_rate=0.01,
        optimizer__learning_rate__decay_steps=5,
        optimizer__learning_rate__decay_rate=0.5,
        random_state=0,
    ).fit(few_digits[0][:40], few_digits[1][:40])
    assert model.history_["learning_rate"] == [pytest.approx(0.01)]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"optimizer__learning_rate__decay_steps": 5}, "accepts no decay_steps"),
        ({"architecture__units__low": 5}, "has no parameter 'units__low'"),
    ],
)
def test_parameters_of_what_has_none_are_refused(few_digits, params, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(epochs=1, **params).fit(*few_digits)
