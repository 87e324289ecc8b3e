"""Wilson's intervals of proportions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from skdl.metrics import (
    wilson_interval,
)


class TestWilson:
    def test_published(self):
        """Newcombe (1998), table I."""
        published = {
            (81, 263): (0.2553, 0.3662),
            (15, 148): (0.0624, 0.1605),
            (0, 20): (0.0, 0.1611),
            (1, 29): (0.0061, 0.1718),
        }
        for counts, expected in published.items():
            assert wilson_interval(*counts) == pytest.approx(expected, abs=5e-5)

    @given(n=st.integers(1, 500), share=st.floats(0, 1), level=st.floats(0.5, 0.999))
    def test_is_that_of_scipy(self, n, share, level):
        k = round(share * n)
        expected = binomtest(k, n).proportion_ci(level, method="wilson")
        low, high = wilson_interval(k, n, level=level)
        assert (low, high) == pytest.approx(tuple(expected), abs=1e-12)
        assert 0 <= low <= k / n <= high <= 1

    def test_arrays(self):
        low, high = wilson_interval([0, 5, 10, 0], np.array([10, 10, 10, 0]))
        assert low.dtype == high.dtype == np.float64
        assert (low[0], high[2]) == (0, 1)
        for i, k in enumerate([0, 5, 10]):
            assert (low[i], high[i]) == wilson_interval(k, 10)
        assert (low[3], high[3]) == (0, 1)  # of no trial, nothing is known
        low, _ = wilson_interval([[1], [2]], [10, 20])
        assert low.shape == (2, 2)

    @pytest.mark.parametrize(
        ("successes", "n", "level", "message"),
        [
            (3, 2, 0.95, "more successes than trials: 3 of 2"),
            ([1, 5], 4, 0.95, "more successes than trials: 5 of 4"),
            (-1, 2, 0.95, "n_successes must be whole numbers.*-1"),
            (0.9, 100, 0.95, "n_successes must be whole numbers.*0.9"),
            (1, np.nan, 0.95, "n must be whole numbers.*nan"),
            ("one", 2, 0.95, "n_successes must be whole numbers"),
            ([1, 2], [1, 2, 3], 0.95, "shapes match"),
            (1, 2, 95, "level must be between 0 and 1.*95"),
            (1, 2, 1.0, "level must be between 0 and 1"),
        ],
    )
    def test_bad_input(self, successes, n, level, message):
        with pytest.raises(ValueError, match=message):
            wilson_interval(successes, n, level=level)
