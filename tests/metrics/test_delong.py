"""Intervals of areas under ROC curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import norm
from sklearn.metrics import (
    roc_auc_score,
)

from skdl.metrics import (
    confidence_interval,
)

Z = norm.ppf(0.975)


class TestDeLong:
    @staticmethod
    def by_definition(positive, score):
        """Area and standard error from the placements of each sample: O(n²)."""
        pairs = np.subtract.outer(score[positive], score[~positive])
        wins = (pairs > 0) + 0.5 * (pairs == 0)
        above, below = wins.mean(axis=1), wins.mean(axis=0)
        variance = above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)
        return wins.mean(), np.sqrt(variance)

    @staticmethod
    def standard_error(interval):
        width = (logit(interval.high) - logit(interval.low)) / (2 * Z)
        return width * interval.estimate * (1 - interval.estimate)

    @pytest.mark.parametrize(
        ("name", "area", "error"),
        [("albumin", 0.7366, 0.0927), ("protein", 0.6478, 0.1000), ("kg", 0.7258, 0.1028)],
    )
    def test_published(self, patients, name, area, error):
        scores, outcome = patients
        found = confidence_interval("roc_auc", outcome, scores[name])
        assert found.estimate == pytest.approx(area, abs=5e-5)
        assert self.standard_error(found) == pytest.approx(error, abs=5e-5)

    @given(
        pairs=st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=4, max_size=40),
    )
    def test_is_its_definition(self, pairs):
        positive, score = (np.array(a) for a in zip(*pairs, strict=True))
        if min(positive.sum(), (~positive).sum()) < 2:
            return
        area, error = self.by_definition(positive, score)
        if area in (0, 1):
            return
        found = confidence_interval("roc_auc", positive, score, method="delong")
        assert found.estimate == pytest.approx(area)
        assert self.standard_error(found) == pytest.approx(error, abs=1e-9)
        assert 0 <= found.low <= found.estimate <= found.high <= 1

    def test_shapes_and_classes(self, cancer, letters):
        y, _, probabilities = cancer
        expected = confidence_interval("roc_auc", y, probabilities[:, 1])
        assert expected.estimate == pytest.approx(roc_auc_score(y, probabilities[:, 1]))
        assert confidence_interval("roc_auc", y, probabilities) == expected
        other = confidence_interval("roc_auc", y, probabilities, pos_label=0)
        np.testing.assert_allclose(other, expected)
        flipped = confidence_interval("roc_auc", y, probabilities[:, 1], pos_label=0)
        assert flipped.estimate == pytest.approx(1 - expected.estimate)
        y, _, probabilities = letters
        one = confidence_interval("roc_auc", y, probabilities, pos_label="b", method="delong")
        assert one == confidence_interval("roc_auc", y == "b", probabilities[:, 1])

    def test_a_perfect_curve_has_no_interval(self):
        with pytest.warns(UserWarning, match="area under the ROC curve is 1") as caught:
            assert confidence_interval("roc_auc", [0, 0, 1, 1], [1, 2, 3, 4]) == (1, 1, 1)
        assert caught[0].filename == __file__

    def test_infinite_scores_have_ranks(self):
        found = confidence_interval("roc_auc", [0, 0, 0, 1, 1, 1], [-np.inf, 1, 3, 2, 4, np.inf])
        assert found.estimate == pytest.approx(8 / 9)
