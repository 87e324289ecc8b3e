"""Intervals of the bootstrap."""

import copy
from functools import partial

import numpy as np
import pytest
from helpers import version
from scipy.stats import bootstrap, norm
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    roc_auc_score,
)

from skdl.metrics import (
    confidence_interval,
    ppv_score,
)

Z = norm.ppf(0.975)


class TestBootstrap:
    @pytest.mark.parametrize("stratified", [True, False])
    def test_of_an_area(self, cancer, stratified):
        y, _, probabilities = (a[:200] for a in cancer)
        settings = {"method": "bootstrap", "stratified": stratified, "random_state": 0}
        found = confidence_interval("roc_auc", y, probabilities, **settings)
        expected = confidence_interval("roc_auc", y, probabilities)
        np.testing.assert_allclose(found, expected, atol=0.02)

    def test_by_name_and_as_a_function(self, cancer):
        y, _, probabilities = (a[:100] for a in cancer)
        settings = {"method": "bootstrap", "n_resamples": 100, "random_state": 0}
        found = confidence_interval("roc_auc", y, probabilities, **settings)
        again = confidence_interval(roc_auc_score, y, probabilities[:, 1], **settings)
        np.testing.assert_allclose(found, again, atol=1e-9)

    def test_area_of_several_classes(self, letters):
        y, _, probabilities = letters
        found = confidence_interval("roc_auc", y, probabilities, n_resamples=50, random_state=0)
        score = partial(roc_auc_score, multi_class="ovr")
        assert found.estimate == pytest.approx(score(y, probabilities))
        again = confidence_interval(score, y, probabilities, n_resamples=50, random_state=0)
        np.testing.assert_allclose(found, again, atol=1e-9)

    def test_any_function(self, cancer):
        y, _, probabilities = (a[:100] for a in cancer)
        found = confidence_interval(
            average_precision_score, y, probabilities[:, 1], n_resamples=100, random_state=0
        )
        assert found.estimate == average_precision_score(y, probabilities[:, 1])
        assert found.low < found.estimate < found.high
        # Regression needs no strata.
        errors = confidence_interval(
            lambda true, predicted: np.abs(true - predicted).mean(),
            np.linspace(0, 1, 50),
            np.linspace(0, 1, 50) ** 2,
            stratified=False,
            n_resamples=200,
        )
        assert errors.low < errors.estimate < errors.high

    def test_the_mean_of_a_normal_sample(self):
        """Where everybody knows the interval."""
        sample = np.random.default_rng(0).normal(size=400)
        found = confidence_interval(
            lambda true, predicted: predicted.mean(),
            np.zeros(400),
            sample,
            stratified=False,
            random_state=0,
        )
        error = sample.std(ddof=1) / np.sqrt(400)
        expected = sample.mean() + np.array([0, -Z, Z]) * error
        np.testing.assert_allclose(found, expected, atol=0.15 * error)

    @pytest.mark.parametrize("n", [40, 1500])  # from 1,000 on, blocks are left out
    def test_is_that_of_scipy(self, n):
        """A skewed mean, of one sample and of two strata."""
        generator = np.random.default_rng(1)
        sample, y = generator.lognormal(sigma=1.5, size=n), np.repeat([0, 1], [n // 4, n - n // 4])

        def mean_of_means(true, values):
            return np.mean([values[true == label].mean() for label in (0, 1)])

        for score, strata, statistic in [
            (lambda true, values: values.mean(), (sample,), np.mean),
            (
                mean_of_means,
                (sample[y == 0], sample[y == 1]),
                lambda a, b, axis: (a.mean(axis=axis) + b.mean(axis=axis)) / 2,
            ),
        ]:
            found = confidence_interval(
                score, y, sample, stratified=len(strata) == 2, n_resamples=4000, random_state=0
            )
            rng = "rng" if version("scipy") >= (1, 15) else "random_state"
            settings = {"n_resamples": 4000, rng: np.random.default_rng(2), "batch": 500}
            expected = bootstrap(strata, statistic, method="BCa", **settings)
            low, high = expected.confidence_interval
            shift = high - np.quantile(expected.bootstrap_distribution, 0.975)
            assert shift > 0.1 * (high - low)  # far from the percentiles
            np.testing.assert_allclose(found[1:], (low, high), atol=0.5 * shift)

    def test_is_reproducible(self, cancer):
        y, labels, _ = cancer
        settings = {"n_resamples": 100, "method": "bootstrap"}
        state = copy.deepcopy(np.random.get_state()[1])
        first = confidence_interval("f1", y, labels, random_state=3, **settings)
        assert first == confidence_interval("f1", y, labels, random_state=3, **settings)
        assert first != confidence_interval("f1", y, labels, random_state=4, **settings)
        generator = np.random.RandomState(0)
        confidence_interval("f1", y, labels, random_state=generator, **settings)
        confidence_interval("f1", y, labels, random_state=np.random.default_rng(0), **settings)
        one, other = (confidence_interval("f1", y, labels, **settings) for _ in range(2))
        assert one != other
        np.testing.assert_array_equal(np.random.get_state()[1], state)

    def test_arrays_stay_as_they_are(self, cancer):
        arrays = [np.array(a) for a in cancer]
        for array in arrays:
            array.setflags(write=False)
        confidence_interval("f1", *arrays[:2], n_resamples=10)
        confidence_interval("roc_auc", arrays[0], arrays[2], method="bootstrap", n_resamples=10)

    def test_stratified_resamples_keep_the_classes(self):
        y = np.repeat([0, 1, 2], [5, 10, 20])
        shares = []

        def score(true, predicted):
            shares.append(np.bincount(true, minlength=3).tolist())
            return float(predicted.mean())

        confidence_interval(score, y, np.arange(35.0), n_resamples=20, random_state=0)
        resampled = shares[1:21]  # after the samples themselves, and before the jackknife
        assert all(counts == [5, 10, 20] for counts in resampled)
        shares.clear()
        confidence_interval(
            score, y, np.arange(35.0), n_resamples=20, stratified=False, random_state=0
        )
        assert any(counts != [5, 10, 20] for counts in shares[1:21])

    def test_undefined_resamples_are_reported_and_left_out(self):
        # With 3 of 60 predicted positive, one resample in twenty has none.
        y = np.tile([0, 1], 30)
        predicted = np.zeros(60, dtype=int)
        predicted[:3] = 1
        for score in ("ppv", ppv_score):
            with pytest.warns(UndefinedMetricWarning, match=r"undefined in \d+ of 500") as caught:
                found = confidence_interval(
                    score, y, predicted, method="bootstrap", n_resamples=500, random_state=0
                )
            assert caught[0].filename == __file__
            assert 0 <= found.low <= found.estimate <= found.high <= 1

    @pytest.mark.parametrize("score", ["ppv", ppv_score])
    def test_too_many_undefined_resamples(self, score):
        with pytest.raises(ValueError, match=r"undefined in \d+ of 200 resamples.*too few samples"):
            confidence_interval(
                score,
                [0, 1] * 20,
                [0, 1] + [0] * 38,
                method="bootstrap",
                n_resamples=200,
                random_state=0,
            )

    def test_a_score_that_never_varies_has_no_interval(self):
        y = [0, 1] * 10
        for score in ("f1", f1_score):
            with pytest.warns(UserWarning, match="is 1 in every resample") as caught:
                found = confidence_interval(score, y, y, method="bootstrap", n_resamples=50)
            assert found == (1, 1, 1)
            assert caught[0].filename == __file__
