"""Calibration error, slope and intercept, and the Brier score, with their intervals."""

import runpy
from functools import partial

import numpy as np
import pytest
from helpers import ROOT
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import brier_score_loss
from sklearn.naive_bayes import GaussianNB

from skdl import evaluate
from skdl.evaluation import EvaluationWarning
from skdl.metrics import (
    brier_skill_score,
    calibration_intercept,
    calibration_slope,
    confidence_interval,
    expected_calibration_error,
)

FUNCTIONS = {
    "expected_calibration_error": expected_calibration_error,
    "calibration_slope": calibration_slope,
    "calibration_intercept": calibration_intercept,
    "brier": brier_score_loss,
    "brier_skill": brier_skill_score,
}
WALD = [name for name in FUNCTIONS if name != "expected_calibration_error"]
TRUE = np.array([0, 0, 1, 0, 1, 1, 0, 1])
PROB = np.array([0.1, 0.3, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])


def distorted(n=20_000, slope=1.0, intercept=0.0, mean=0.0, seed=0):
    """Outcomes, and probabilities of which the true log odds are a linear function."""
    generator = np.random.default_rng(seed)
    odds = generator.normal(mean, 1.5, n)
    return (generator.random(n) < expit(intercept + slope * odds)).astype(int), expit(odds)


def of_three(n=600, slope=1.0, seed=0):
    """Labels, and probabilities of all classes."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(0, 1.5, (n, 3))
    true = np.exp(slope * scores)
    true /= true.sum(axis=1, keepdims=True)
    y = (true.cumsum(axis=1) < generator.random((n, 1))).sum(axis=1).clip(max=2)
    said = np.exp(scores)
    return y, said / said.sum(axis=1, keepdims=True)


class TestSlopeAndIntercept:
    @pytest.mark.parametrize("slope", [0.4, 1.0, 2.0, -0.7])
    def test_a_planted_slope_is_found(self, slope):
        assert calibration_slope(*distorted(slope=slope)) == pytest.approx(slope, abs=0.06)

    @pytest.mark.parametrize("intercept", [-1.0, 0.0, 0.8])
    @pytest.mark.parametrize("mean", [-2, 0])
    def test_a_planted_intercept_is_found(self, intercept, mean):
        found = calibration_intercept(*distorted(intercept=intercept, mean=mean))
        assert found == pytest.approx(intercept, abs=0.06)

    def test_is_the_logistic_regression_of_another_library(self):
        y, p = distorted(300, slope=0.6, intercept=0.4)
        peer = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(logit(p)[:, None], y)
        assert calibration_slope(y, p) == pytest.approx(peer.coef_[0, 0], rel=1e-4)

    def test_the_intercept_makes_mean_and_frequency_equal(self):
        y, p = distorted(200, slope=0.6, intercept=0.4)
        added = calibration_intercept(y, p)
        assert expit(logit(p) + added).mean() == pytest.approx(y.mean())

    def test_by_hand(self):
        """Two groups, of which the log odds are those of their frequencies times something."""
        y = np.repeat([1, 0, 1, 0], [3, 1, 1, 3])
        assert calibration_slope(y, np.repeat([0.9, 0.1], 4)) == pytest.approx(0.5)  # log 3 / log 9
        assert calibration_intercept(y, np.full(8, 0.25)) == pytest.approx(np.log(3))

    @given(slope=st.floats(0.2, 5), shift=st.floats(-2, 2))
    def test_distorting_log_odds_undoes_itself(self, slope, shift):
        odds = logit(PROB)
        found = calibration_slope(TRUE, expit(shift + odds / slope))
        assert found == pytest.approx(slope * calibration_slope(TRUE, PROB), rel=1e-5)
        found = calibration_intercept(TRUE, expit(odds - shift))
        assert found == pytest.approx(shift + calibration_intercept(TRUE, PROB), abs=1e-6)

    def test_the_other_class(self):
        both = np.column_stack([1 - PROB, PROB])
        names = np.array(["well", "ill"])[TRUE]  # ill before well
        for score, sign in ((calibration_slope, 1), (calibration_intercept, -1)):
            expected = score(TRUE, PROB)
            assert score(TRUE, both) == expected
            assert score(1 - TRUE, 1 - PROB) == pytest.approx(sign * expected)
            assert score(names, PROB, pos_label="ill") == expected
            assert score(names, both[:, ::-1], pos_label="well") == pytest.approx(sign * expected)

    def test_one_class_of_several(self):
        y, p = of_three(slope=0.5)
        for score in (calibration_slope, calibration_intercept):
            expected = score(y == 2, p[:, 2])
            assert score(y, p, pos_label=2) == expected
            assert score(y, p[:, 2], pos_label=2) == expected
            with pytest.raises(ValueError, match=r"one class against the rest.*Pass pos_label"):
                score(y, p)

    def test_certainty_is_finite(self):
        """Also where it is wrong, and however much nearer to 0 and 1 the others are."""
        y, p = distorted(200)
        p[:2], y[:2] = [0.0, 1.0], [1, 0]
        assert 0 < calibration_slope(y, p) < 0.6
        assert np.isfinite(calibration_intercept(y, p))
        nearly = p.copy()
        nearly[:2] = [1e-30, 1 - 1e-16]
        assert calibration_slope(y, nearly) == calibration_slope(y, p)

    @pytest.mark.parametrize(
        ("true", "prob", "scores", "reason"),
        [
            ([1, 1], [0.2, 0.3], "both", "there are no negative samples"),
            ([0, 0], [0.2, 0.3], "both", "there are no positive samples"),
            ([0, 1, 1], [0.0, 1.0, 0.0], "both", "all probabilities are 0 or 1, as labels are"),
            ([0, 1, 1], [0.4, 0.4, 0.4], "slope", "all probabilities are equal"),
            ([0, 0, 1], [0.1, 0.3, 0.3], "slope", "the probabilities separate the classes"),
            ([1, 1, 0], [0.1, 0.2, 0.3], "slope", "the probabilities separate the classes"),
            ([0, 0, 1, 1], [0.0, 1e-9, 1e-8, 0.3], "slope", "separate the classes"),
        ],
    )
    def test_undefined(self, true, prob, scores, reason):
        for name in ("calibration_slope", "calibration_intercept"):
            if scores != "both" and scores not in name:
                assert np.isfinite(FUNCTIONS[name](true, prob))
                continue
            with pytest.warns(UndefinedMetricWarning, match=reason) as caught:
                assert np.isnan(FUNCTIONS[name](true, prob))
            assert caught[0].filename == __file__
            with pytest.raises(ValueError, match=f"{name} is undefined for .*{reason}"):
                confidence_interval(name, true, prob)


class TestCalibrationError:
    def test_by_hand(self):
        """Bins of 100 that are off by 0.1, 0.1 and 0.2; equal probabilities share a bin."""
        p, hits = np.repeat([0.2, 0.6, 0.9], 100), np.array([30, 50, 70])
        y = np.concatenate([np.arange(100) < n for n in hits])
        plain = np.sqrt((0.01 + 0.01 + 0.04) / 3)
        assert expected_calibration_error(y, p, debiased=False) == pytest.approx(plain)
        assert expected_calibration_error(y, p, debiased=False, norm="l1") == pytest.approx(0.4 / 3)
        # Kumar et al. (2019): without the variance of each frequency, of 99 degrees of freedom.
        chance = (hits / 100 * (1 - hits / 100) / 99).mean()
        assert expected_calibration_error(y, p) == pytest.approx(np.sqrt(plain**2 - chance))

    @pytest.mark.parametrize("n", [100, 1000])
    def test_of_perfect_probabilities(self, n):
        """The debiased error is near 0, the plain one is not."""
        debiased, plain = [], []
        for seed in range(100):
            y, p = distorted(n, seed=seed)
            debiased.append(expected_calibration_error(y, p))
            plain.append(expected_calibration_error(y, p, debiased=False))
        assert np.mean(debiased) < 0.35 * np.mean(plain)
        assert np.mean(plain) > 1.2 / np.sqrt(n)
        assert np.median(debiased) < 0.2 * np.mean(plain)

    def test_the_debiased_square_of_wrong_probabilities_is_unbiased(self):
        tool = runpy.run_path(str(ROOT / "tools" / "calibration_coverage.py"))
        scenario = tool["Binary"](400, 0, 3, 0, 0.5)
        true = tool["truths"](scenario)["expected_calibration_error"]
        found = [expected_calibration_error(*s) ** 2 for s in tool["samples"](scenario, 400)]
        plain = [
            expected_calibration_error(*s, debiased=False) ** 2
            for s in tool["samples"](scenario, 400)
        ]
        assert np.mean(found) == pytest.approx(true**2, rel=0.06)
        assert np.mean(plain) > 1.4 * true**2

    def test_debiasing_the_mean_distance_removes_a_part(self):
        samples = [distorted(300, seed=seed) for seed in range(60)]
        plain, debiased = (
            np.mean([expected_calibration_error(*s, norm="l1", debiased=d) for s in samples])
            for d in (False, True)
        )
        assert 0.4 * plain < debiased < 0.75 * plain

    @given(st.permutations(range(40)))
    def test_the_order_of_samples_does_not_matter(self, order):
        y, p = distorted(40)
        p = p.round(1)  # many are equal
        for settings in ({}, {"n_bins": 7}, {"norm": "l1"}, {"debiased": False}):
            expected = expected_calibration_error(y, p, **settings)
            assert expected_calibration_error(y[order], p[order], **settings) == pytest.approx(
                expected, abs=1e-12
            )

    def test_it_is_that_of_either_class(self):
        y, p = distorted(999)
        found = expected_calibration_error(1 - y, 1 - p)
        assert found == pytest.approx(expected_calibration_error(y, p), rel=0.02)
        both = np.column_stack([1 - p, p])
        assert expected_calibration_error(y, both) == expected_calibration_error(y, p)

    def test_several_classes(self):
        y, p = of_three(slope=0.4)
        each = [expected_calibration_error(y == i, p[:, i]) for i in range(3)]
        found = expected_calibration_error(y, p)
        assert found == pytest.approx(np.sqrt(np.mean(np.square(each))))
        assert expected_calibration_error(y, p, pos_label=1) == each[1]
        each = [expected_calibration_error(y == i, p[:, i], norm="l1") for i in range(3)]
        assert expected_calibration_error(y, p, norm="l1") == pytest.approx(np.mean(each))
        # One of the classes does not occur.
        some = y < 2
        with pytest.raises(ValueError, match=r"y_prob must be of shape \(n,\), or \(n, 2\)"):
            expected_calibration_error(y[some], p[some])
        found = expected_calibration_error(y[some], p[some], labels=[0, 1, 2])
        assert found > expected_calibration_error(y, p)

    def test_few_samples_have_few_bins(self):
        y, p = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.6, 0.9])
        one = abs(y.mean() - p.mean())
        assert expected_calibration_error(y, p, debiased=False) == pytest.approx(one)
        two = expected_calibration_error(y, p, n_bins=2, debiased=False)
        assert two == pytest.approx(np.sqrt((0.35**2 + 0.25**2) / 2))
        with pytest.raises(ValueError, match="n_bins=3 is too many for 4 samples.*Pass 2 or fewer"):
            expected_calibration_error(y, p, n_bins=3)

    @pytest.mark.parametrize("n", [1, 2, 3, 10, 31])
    def test_any_number_of_samples_has_an_error(self, n):
        y, p = distorted(n)
        assert 0 <= expected_calibration_error(y, p) <= 1
        assert 0 <= expected_calibration_error(y, np.full(n, 0.5), norm="l1") <= 1

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"norm": "max"}, "norm must be one of 'l2', 'l1'"),
            ({"debiased": "yes"}, "debiased must be one of True, False"),
            ({"debiased": 1}, "debiased must be one of True, False"),
            ({"n_bins": 0}, "n_bins must be a whole number of at least 1"),
            ({"n_bins": True}, "n_bins must be a whole number"),
            ({"n_bins": 2.0}, "n_bins must be a whole number"),
            ({"n_bins": 10**9}, "n_bins=1000000000 is too many for 8 samples"),
            ({"labels": [1, 2]}, r"y_true holds labels that are not in `labels`: \[0\]"),
            ({"pos_label": 3}, "pos_label=3 is not a valid label"),
        ],
    )
    def test_bad_settings(self, settings, message):
        with pytest.raises(ValueError, match=message):
            expected_calibration_error(TRUE, PROB, **settings)


class TestBrier:
    def test_skill_by_hand(self):
        assert brier_skill_score([0, 1], [0.2, 0.6]) == pytest.approx(1 - 0.1 / 0.25)
        assert brier_skill_score([0, 0, 0, 1], np.full(4, 0.25)) == 0
        assert brier_skill_score([0, 1], [0.0, 1.0]) == 1
        assert brier_skill_score([0, 1], [1.0, 0.0]) == -3

    def test_it_is_that_of_either_class(self):
        y, p = distorted(100)
        both = np.column_stack([1 - p, p])
        names = np.array(["well", "ill"])[y]
        expected = 1 - brier_score_loss(y, p) / (y.mean() * (1 - y.mean()))
        for found in (
            brier_skill_score(y, p),
            brier_skill_score(y, both),
            brier_skill_score(1 - y, 1 - p),
            brier_skill_score(names, p, pos_label="ill"),
        ):
            assert found == pytest.approx(expected)

    def test_several_classes(self):
        y, p = of_three()
        loss = ((np.eye(3)[y] - p) ** 2).sum(axis=1).mean()
        shares = np.bincount(y) / len(y)
        assert brier_skill_score(y, p) == pytest.approx(1 - loss / (1 - (shares**2).sum()))
        assert confidence_interval("brier", y, p).estimate == pytest.approx(loss)
        of_one = confidence_interval("brier", y, p, pos_label=1)
        assert of_one == confidence_interval(
            partial(brier_score_loss, pos_label=True), y == 1, p[:, 1]
        )

    def test_undefined(self):
        with pytest.warns(UndefinedMetricWarning, match="y_true has only one class") as caught:
            assert np.isnan(brier_skill_score([1, 1], [0.2, 0.3]))
        assert caught[0].filename == __file__
        with pytest.raises(ValueError, match="brier_skill is undefined.*only one class"):
            confidence_interval("brier_skill", [1, 1], [0.2, 0.3])
        assert confidence_interval("brier", [1, 1], [0.2, 0.3]).estimate == pytest.approx(0.565)


class TestIntervals:
    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_of_a_name_and_of_its_function(self, name):
        y, p = distorted(300, slope=0.5)
        found = confidence_interval(name, y, p)
        assert found.estimate == pytest.approx(FUNCTIONS[name](y, p))
        assert found.low < found.estimate < found.high
        assert confidence_interval(FUNCTIONS[name], y, p) == found
        assert confidence_interval(name, np.array(["well", "ill"])[y], p, pos_label="ill") == found
        wider = confidence_interval(name, y, p, level=0.99)
        assert wider.low < found.low < found.high < wider.high

    @pytest.mark.parametrize(("n_positive", "excludes_zero"), [(219, False), (220, True)])
    def test_the_error_excludes_zero_where_calibration_is_rejected(self, n_positive, excludes_zero):
        """Of one bin, where the frequency is 1.96 standard errors away: 219.6 of 400 at 0.5."""
        y = (np.arange(400) < n_positive).astype(int)
        one_bin = partial(expected_calibration_error, n_bins=1)
        low = confidence_interval(one_bin, y, np.full(400, 0.5)).low
        assert (low > 0) == excludes_zero

    @pytest.mark.parametrize("name", WALD)
    def test_the_bootstrap_agrees(self, name):
        y, p = distorted(600, slope=0.5)
        settings = {"n_resamples": 400, "random_state": 0, "stratified": False}
        bootstrap = confidence_interval(name, y, p, method="bootstrap", **settings)
        wald = confidence_interval(name, y, p, method="wald")
        np.testing.assert_allclose(bootstrap, wald, atol=0.2 * (wald.high - wald.low))

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_samples_that_are_repeated_tell_no_more(self, name):
        """A patient with three equal images is one patient."""
        y, p = distorted(400, slope=0.5)
        three = np.repeat(np.arange(400), 3)
        settings = {"n_bins": 10} if name == "expected_calibration_error" else {}
        score = partial(FUNCTIONS[name], **settings)
        once = confidence_interval(score, y, p)
        grouped = confidence_interval(score, y[three], p[three], groups=three)
        np.testing.assert_allclose(grouped[1:], once[1:], atol=0.04 * (once.high - once.low))
        taken_apart = confidence_interval(score, y[three], p[three])
        assert grouped.high - grouped.low > 1.5 * (taken_apart.high - taken_apart.low)
        # Groups of one are no groups.
        assert confidence_interval(score, y, p, groups=np.arange(400)) == once

    @pytest.mark.parametrize("name", WALD)
    def test_the_bootstrap_of_groups_agrees(self, name):
        y, p = distorted(600, slope=0.5)
        groups = np.argsort(np.argsort(p - y)) // 4  # alike in how wrong they are
        settings = {"n_resamples": 300, "random_state": 0, "stratified": False}
        wald = confidence_interval(name, y, p, groups=groups, method="wald")
        bootstrap = confidence_interval(name, y, p, groups=groups, method="bootstrap", **settings)
        np.testing.assert_allclose(bootstrap, wald, atol=0.25 * (wald.high - wald.low))
        alone = confidence_interval(name, y, p)
        assert wald.high - wald.low > 1.2 * (alone.high - alone.low)

    def test_the_calibration_error_has_no_bootstrap(self):
        y, p = distorted(100)
        with pytest.raises(ValueError, match="would be biased.*Use method='chi-squared'"):
            confidence_interval("expected_calibration_error", y, p, method="bootstrap")
        with pytest.raises(ValueError, match="'wald' is for calibration slope"):
            confidence_interval("expected_calibration_error", y, p, method="wald")
        with pytest.raises(ValueError, match="'chi-squared' is for the expected calibration error"):
            confidence_interval("brier", y, p, method="chi-squared")

    def test_bins_are_bound(self):
        y, p = distorted(300, slope=0.5)
        score = partial(expected_calibration_error, n_bins=5)
        found = confidence_interval(score, y, p, method="chi-squared")
        assert found.estimate == score(y, p) != expected_calibration_error(y, p)
        # Another score has an interval as any function has.
        plain = partial(expected_calibration_error, debiased=False)
        with pytest.raises(ValueError, match="use method='bootstrap'"):
            confidence_interval(plain, y, p, method="chi-squared")

    def test_perfect_probabilities_are_not_rejected(self):
        y, p = distorted(500)
        low, high = confidence_interval("expected_calibration_error", y, p)[1:]
        assert low == 0 < high < 0.15

    @pytest.mark.parametrize("name", ["expected_calibration_error", "brier", "brier_skill"])
    def test_certainty_has_no_interval(self, name):
        y = np.arange(20) % 2
        with pytest.warns(UserWarning, match="says nothing about its uncertainty"):
            estimate, low, high = confidence_interval(name, y, y.astype(float))
        assert low == estimate == high == (name == "brier_skill")

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_of_binary_probabilities(self, name):
        tool = runpy.run_path(str(ROOT / "tools" / "calibration_coverage.py"))
        for scenario in (tool["Binary"](150, -1, 1.5, 0, 1), tool["Binary"](300, 0, 3, 0.5, 0.5)):
            assert 0.91 <= tool["coverage"](scenario, name, 250) <= 0.99

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["expected_calibration_error", "brier", "brier_skill"])
    def test_of_several_classes(self, name):
        tool = runpy.run_path(str(ROOT / "tools" / "calibration_coverage.py"))
        for scenario in (tool["Several"](300, 3, 1.5, 1), tool["Several"](300, 4, 2, 0.4)):
            assert 0.91 <= tool["coverage"](scenario, name, 250) <= 0.99


@pytest.mark.parametrize("name", FUNCTIONS)
class TestBadInput:
    @pytest.mark.parametrize(
        ("true", "prob", "message"),
        [
            (
                [0, 1],
                [0.1, 1.2],
                "has 1.2 at row 1. Probabilities must be between 0 and 1.*predict_",
            ),
            ([0, 1], [-3.0, 0.2], "has -3 at row 0. Probabilities must be between 0 and 1"),
            ([0, 1], [0.1, np.nan], "has NaN or None at row 1"),
            ([0, 1], [0.1, np.inf], "has inf at row 1"),
            ([0, 1], ["no", "yes"], "must be scores: numbers"),
            ([0, 1], [0.1, 0.2, 0.3], "y_true has 2 rows, and y_p.* has 3"),
            ([0, 1], np.full((2, 3), 1 / 3), r"must be of shape \(n,\), or \(n, 2\)"),
            (["ill", "well"], [0.1, 0.9], "cannot be guessed"),
            ([], [], "y_true is empty"),
            ([0.5, 1], [0.1, 0.9], "y_true has the value 0.5 at row 0, which is not a class label"),
        ],
    )
    def test_of_two_classes(self, name, true, prob, message):
        for score in (name, FUNCTIONS[name]):
            if score is brier_score_loss:
                continue  # it has its own words
            with pytest.raises(ValueError, match=message):
                confidence_interval(score, true, prob)

    def test_of_several_classes(self, name):
        y, p = of_three(30)
        if name.startswith("calibration"):
            return
        with pytest.raises(ValueError, match="There are 3 classes, so y_pred must have their prob"):
            confidence_interval(name, y, p[:, 0])
        p[4] *= 0.9
        with pytest.raises(
            ValueError, match="must sum to 1, but those of y_pred sum to 0.9 at row 4"
        ):
            confidence_interval(name, y, p)
        assert confidence_interval(name, y, p, pos_label=2).estimate < 1

    def test_nothing_of_the_users_is_written_to(self, name):
        y, p = distorted(50)
        before = y.copy(), p.copy()
        y.flags.writeable = p.flags.writeable = False
        confidence_interval(name, y, p)
        np.testing.assert_array_equal((y, p), before)


class TestEvaluations:
    def test_of_two_classes(self):
        y, p = distorted(200, slope=0.5)
        X = np.column_stack([logit(p), np.random.default_rng(0).normal(size=200)])
        result = evaluate(GaussianNB(), X, y, cv=4, scoring=["accuracy", "calibration"])
        assert result.metrics == [
            "accuracy",
            "brier",
            "brier_skill",
            "expected_calibration_error",
            "calibration_slope",
            "calibration_intercept",
        ]
        assert not len(result.missing)
        summary = result.summary().set_index("metric")
        recorded = result.recorded("GaussianNB").probabilities
        truth = result.per_model("GaussianNB")["y_true"]
        for name in FUNCTIONS:
            row = summary.loc[name]
            found = confidence_interval(name, truth, recorded[:, 1])
            assert (row["value"], row["low"], row["high"]) == pytest.approx(found)
            assert row["method"] == "chi-squared" if "error" in name else "wald"
            assert row["reason"] == ""

    def test_of_one_of_several_classes(self):
        y, p = of_three(150)
        names = np.array(["cyst", "healthy", "tumour"])[y]
        X = np.log(p)
        result = evaluate(GaussianNB(), X, names, scoring="calibration", pos_label="tumour", cv=3)
        summary = result.summary().set_index("metric")
        recorded = result.recorded("GaussianNB").scores_of("tumour")
        for name in FUNCTIONS:
            found = confidence_interval(name, names == "tumour", recorded)
            row = summary.loc[name]
            assert (row["value"], row["low"], row["high"]) == pytest.approx(found)
        with pytest.raises(ValueError, match="'calibration_slope' needs the positive class"):
            evaluate(GaussianNB(), X, names, scoring="calibration")

    def test_of_all_classes(self):
        y, p = of_three(150)
        scoring = ["brier", "brier_skill", "expected_calibration_error"]
        result = evaluate(GaussianNB(), np.log(p), y, scoring=scoring, cv=3)
        summary = result.summary().set_index("metric")
        recorded = result.recorded("GaussianNB").probabilities
        for name in scoring:
            found = confidence_interval(name, y, recorded)
            row = summary.loc[name]
            assert (row["value"], row["low"], row["high"]) == pytest.approx(found)

    def test_a_fold_that_lacks_a_class(self):
        y, p = of_three(60)
        order = np.argsort(y, kind="stable")
        test = order[:20]  # the first class only
        folds = [(np.setdiff1d(np.arange(60), test[:10]), test[:10])]
        scoring = ["brier", "brier_skill", "expected_calibration_error"]
        with pytest.warns(EvaluationWarning, match="1 of 3 scores are missing"):
            result = evaluate(GaussianNB(), np.log(p), y, scoring=scoring, cv=folds)
        missing = result.missing.set_index("metric")["reason"]
        assert list(missing.index) == ["brier_skill"]
        assert "y_true has only one class" in missing["brier_skill"]

    def test_what_is_undefined_is_missing_with_a_reason(self):
        y = np.array([0, 0, 1, 1] * 5)
        X = 100 * y[:, None] + np.arange(20)[:, None] / 20
        with pytest.warns(EvaluationWarning, match="4 of 10 scores are missing"):
            result = evaluate(GaussianNB(), X, y, scoring="calibration", cv=2)
        summary = result.summary().set_index("metric")
        for name in ("calibration_slope", "calibration_intercept"):
            assert np.isnan(summary.loc[name, "value"])
            assert "probabilities are 0 or 1" in summary.loc[name, "reason"]

    def test_negated_scores_are_known(self):
        y, p = distorted(100)
        result = evaluate(
            LogisticRegression(), logit(p)[:, None], y, scoring=["brier", "neg_brier_score"], cv=2
        )
        brier, negated = result.summary()[["value", "low", "high"]].to_numpy()
        np.testing.assert_allclose(negated, -brier[[0, 2, 1]])

    def test_decision_values_are_no_probabilities(self):
        y, p = distorted(40)
        with pytest.warns(EvaluationWarning, match="10 of 10 scores are missing"):
            result = evaluate(RidgeClassifier(), logit(p)[:, None], y, scoring="calibration", cv=2)
        assert (
            result.missing["reason"].str.contains("probabilities, but there are only decis").all()
        )
        assert len(result.missing) == 10
