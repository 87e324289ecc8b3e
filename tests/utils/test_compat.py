"""What differs between versions of the libraries."""

import numpy as np
import pytest
from helpers import tiny, version

from skdl import CNNClassifier
from skdl._utils.compat import generator_of


@pytest.mark.parametrize("random_state", [3, np.random.default_rng(3), np.random.PCG64(3)])
def test_generators_are_numpys(random_state):
    expected = np.random.default_rng(3).random(4)
    assert generator_of(random_state).random(4).tolist() == expected.tolist()


def test_a_random_state_becomes_the_generator_of_its_bits():
    legacy = np.random.RandomState(3)
    first = generator_of(legacy).random(4)
    assert (
        first.tolist()
        == np.random.Generator(np.random.RandomState(3)._bit_generator).random(4).tolist()
    )
    assert generator_of(legacy).random(4).tolist() != first.tolist()  # its stream goes on


def test_none_is_another_one_each_time():
    assert generator_of(None).random() != generator_of(None).random()


def test_callbacks_of_scikit_learn_are_supported_where_there_are_some(few_digits):
    model = CNNClassifier(tiny, epochs=1).fit(*few_digits)
    assert hasattr(model, "set_callbacks") == (version("scikit-learn") >= (1, 9))
    assert model.n_iter_ == 1
