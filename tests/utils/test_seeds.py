"""Seeds drawn once."""

import numpy as np

from skdl._utils.seeds import draw_seed


def test_a_number_is_the_seed_itself():
    assert draw_seed(7) == draw_seed(np.int64(7)) == 7


def test_a_generator_gives_one_after_the_other():
    generator, twin = np.random.RandomState(0), np.random.RandomState(0)
    first, second = draw_seed(generator), draw_seed(generator)
    assert first != second
    assert [draw_seed(twin), draw_seed(twin)] == [first, second]
