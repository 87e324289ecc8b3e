"""Intervals and comparisons of samples in groups, such as the images of a patient."""

import itertools
import re
import runpy
import warnings
from functools import partial

import numpy as np
import pytest
from helpers import ROOT
from metrics.scores import SCORES
from scipy.special import logit
from scipy.stats import binomtest, chi2, norm, t
from sklearn.metrics import average_precision_score, roc_auc_score

from skdl.metrics import compare_models, confidence_interval

# Rats of each litter that survived 21 days of lactation, and rats: C. S. Weil, Food and Cosmetics
# Toxicology 8 (1970), 177-182, as in Rao and Scott, Biometrics 48 (1992), 577-585, table 1.
CONTROL = (
    [13, 12, 9, 9, 8, 8, 12, 11, 9, 9, 8, 11, 4, 5, 7, 7],
    [13, 12, 9, 9, 8, 8, 13, 12, 10, 10, 9, 13, 5, 7, 10, 10],
)
TREATED = (
    [12, 11, 10, 9, 10, 9, 9, 8, 8, 4, 7, 4, 5, 3, 3, 0],
    [12, 11, 10, 9, 11, 10, 10, 9, 9, 5, 9, 7, 10, 6, 10, 7],
)


def trials(hits, sizes):
    """True labels, right and wrong predictions, and groups."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    right = np.concatenate([np.arange(n) < k for k, n in zip(hits, sizes, strict=True)])
    return np.ones(len(groups), dtype=int), right.astype(int), groups


def patients(n_groups=40, seed=0, alike=0.7):
    """Labels, predictions, scores and groups of 1 to 10 images that are alike."""
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), generator.integers(1, 11, n_groups))
    y = generator.integers(0, 2, len(groups))
    effect = generator.normal(size=n_groups)[groups]
    score = 1.5 * y + np.sqrt(alike) * effect + np.sqrt(1 - alike) * generator.normal(size=len(y))
    return y, (score > 0.75).astype(int), score, groups


def correlation(hits, sizes):
    """Intra-class correlation by analysis of variance, from one row per trial."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    values = np.concatenate([np.arange(n) < k for k, n in zip(hits, sizes, strict=True)])
    sizes, mean = np.array(sizes), values.mean()
    means = np.array([values[groups == g].mean() for g in range(len(sizes))])
    between = (sizes * (means - mean) ** 2).sum() / (len(sizes) - 1)
    within = ((values - means[groups]) ** 2).sum() / (len(values) - len(sizes))
    size = (len(values) - (sizes**2).sum() / len(values)) / (len(sizes) - 1)
    return (between - within) / (between + (size - 1) * within)


class TestProportions:
    @pytest.mark.parametrize(("litters", "effect"), [(CONTROL, 1.232495), (TREATED, 3.952861)])
    def test_published_design_effect(self, litters, effect):
        """Of Weil's rats, as Rao and Scott's formula gives it."""
        hits, sizes = map(np.array, litters)
        n, rate = sizes.sum(), hits.sum() / sizes.sum()
        residuals = hits - rate * sizes
        assert (residuals**2).sum() * 16 / 15 / (n * rate * (1 - rate)) == pytest.approx(effect)
        by_correlation = 1 + correlation(hits, sizes) * ((sizes**2).sum() / n - 1)
        low, high = self.wilson(rate, n / max(effect, by_correlation), t.ppf(0.975, 15))
        y, labels, groups = trials(hits, sizes)
        found = confidence_interval("accuracy", y, labels, groups=groups)
        assert found == pytest.approx((rate, low, high), abs=1e-6)

    @staticmethod
    def wilson(rate, n, quantile):
        center = rate + quantile**2 / (2 * n)
        half = quantile * np.sqrt(rate * (1 - rate) / n + quantile**2 / (4 * n**2))
        return (center - half) / (1 + quantile**2 / n), (center + half) / (1 + quantile**2 / n)

    def test_equal_images_are_worth_one_each(self):
        """Twelve groups of five equal images: twelve independent trials, but for the quantile."""
        y, labels, groups = trials([5] * 9 + [0] * 3, [5] * 12)
        found = confidence_interval("accuracy", y, labels, groups=groups)
        # The variance is that of twelve values, with the factor 12 / 11 of a sample.
        assert found[1:] == pytest.approx(self.wilson(0.75, 11, t.ppf(0.975, 11)))

    def test_without_failures_images_of_a_group_are_taken_for_equal(self):
        y, labels, groups = trials([5] * 12, [5] * 12)
        found = confidence_interval("accuracy", y, labels, groups=groups)
        assert found[1:] == pytest.approx(self.wilson(1, 12, t.ppf(0.975, 11)))
        assert found.high == 1

    def test_names_of_groups_and_the_order_of_images_do_not_matter(self):
        y, labels, score, groups = patients()
        order = np.random.default_rng(1).permutation(len(y))
        names = np.array([f"patient {group}" for group in groups])
        for score_name, predicted in (("f1", labels), ("balanced_accuracy", labels)):
            expected = confidence_interval(score_name, y, predicted, groups=groups)
            found = confidence_interval(
                score_name, y[order], predicted[order], groups=list(names[order])
            )
            np.testing.assert_allclose(found, expected)
        expected = confidence_interval("roc_auc", y, score, groups=groups)
        found = confidence_interval("roc_auc", y[order], score[order], groups=names[order])
        np.testing.assert_allclose(found, expected)


class TestGroupsOfOne:
    @pytest.mark.parametrize("name", [*SCORES, "roc_auc"])
    @pytest.mark.parametrize("method", ["auto", "bootstrap"])
    def test_are_no_groups(self, name, method):
        y, labels, score, _ = patients()
        predicted = score if name == "roc_auc" else labels
        settings = {"method": method, "n_resamples": 50, "random_state": 0}
        expected = confidence_interval(name, y, predicted, **settings)
        groups = np.arange(len(y))[::-1]
        assert confidence_interval(name, y, predicted, groups=groups, **settings) == expected

    def test_comparisons_too(self):
        y, _, score, _ = patients()
        models = {"a": score, "b": np.roll(score, 1)}
        expected = compare_models(y, models)
        assert compare_models(y, models, groups=np.arange(len(y))).equals(expected)

    @pytest.mark.parametrize("name", [*SCORES, "roc_auc"])
    def test_are_the_limit_of_few_pairs(self, name):
        """One group of two among 3,000 images changes next to nothing."""
        y, labels, score, _ = patients(600, seed=2, alike=0)
        predicted = score if name == "roc_auc" else labels
        groups = np.arange(len(y))
        groups[0] = groups[1]
        found = confidence_interval(name, y, predicted, groups=groups)
        np.testing.assert_allclose(found, confidence_interval(name, y, predicted), rtol=2e-3)


class TestScoresOfSeveralProportions:
    @pytest.mark.parametrize("name", SCORES)
    def test_agree_with_the_bootstrap_of_groups(self, name):
        y, labels, _, groups = patients(300, seed=3)
        found = confidence_interval(name, y, labels, groups=groups)
        drawn = confidence_interval(
            name, y, labels, groups=groups, method="bootstrap", n_resamples=400, random_state=0
        )
        width = found.high - found.low
        assert drawn.high - drawn.low == pytest.approx(width, rel=0.2)
        assert abs(drawn.low - found.low) < 0.15 * width

    @pytest.mark.parametrize("name", SCORES)
    def test_of_several_classes(self, letters, name):
        y, labels, _ = letters
        groups = np.arange(len(y)) // 3
        found = confidence_interval(name, y, labels, groups=groups)
        alone = confidence_interval(name, y, labels, n_resamples=100, random_state=0)
        assert found.estimate == alone.estimate
        assert found.low < found.estimate < found.high

    def test_sensitivity_and_specificity_of_a_group_go_together(self):
        """Where a patient is easy in both classes, their mean varies more than if in one only."""
        generator = np.random.default_rng(0)
        groups = np.repeat(np.arange(60), 8)
        y = np.tile([0, 1], 240)
        easy = np.repeat(generator.random(60) < 0.6, 8)
        together = np.where(easy, y, 1 - y)
        opposed = np.where(easy == (y == 1), y, 1 - y)
        widths = []
        for labels in (together, opposed):
            found = confidence_interval("balanced_accuracy", y, labels, groups=groups)
            widths.append(found.high - found.low)
            ratio = confidence_interval("positive_likelihood_ratio", y, labels, groups=groups)
            assert ratio.low < ratio.estimate < ratio.high
        assert widths[0] > 3 * widths[1]
        accuracy = confidence_interval("accuracy", y, together, groups=groups)
        assert widths[0] == pytest.approx(accuracy.high - accuracy.low, rel=0.02)


def obuchowski(y, score, groups):
    """Area and variances of both classes and in common, by definition."""
    positive = y == 1
    pairs = np.subtract.outer(score[positive], score[~positive])
    wins = (pairs > 0) + 0.5 * (pairs == 0)
    area = wins.mean()
    above, below = wins.mean(axis=1) - area, wins.mean(axis=0) - area
    names = np.unique(groups)
    sums_above = np.array([above[groups[positive] == g].sum() for g in names]) / len(above)
    sums_below = np.array([below[groups[~positive] == g].sum() for g in names]) / len(below)
    i10, i01 = len(np.unique(groups[positive])), len(np.unique(groups[~positive]))
    common = len(names) / (len(names) - 1) * (sums_above @ sums_below)
    return (
        area,
        i10 / (i10 - 1) * (sums_above @ sums_above),
        i01 / (i01 - 1) * (sums_below @ sums_below),
        2 * common,
        (i10 - 1, i01 - 1),
    )


class TestAreas:
    def test_the_variance_is_that_of_obuchowski(self):
        """Of groups of two equal images each, where both variances of a class agree."""
        y, _, score, _ = patients(60, seed=4)
        y, score = np.repeat(y, 2), np.repeat(score.round(1), 2)
        groups = np.repeat(np.arange(len(y) // 2), 2)
        area, above, below, common, free = obuchowski(y, score, groups)
        found = confidence_interval("roc_auc", y, score, groups=groups, method="obuchowski")
        assert found.estimate == pytest.approx(area)
        degrees = min(
            (above + below) ** 2 / (above**2 / free[0] + below**2 / free[1]), len(y) / 2 - 1
        )
        half = (logit(found.high) - logit(found.low)) / 2 * area * (1 - area)
        variance = above + below + common
        assert half == pytest.approx(t.ppf(0.975, degrees) * np.sqrt(variance), rel=1e-3)

    def test_the_variance_is_at_least_that_of_obuchowski(self):
        for seed in range(20):
            y, _, score, groups = patients(30, seed=seed)
            area, *variances, _ = obuchowski(y, score, groups)
            found = confidence_interval("roc_auc", y, score, groups=groups)
            half = (logit(found.high) - logit(found.low)) / 2 * area * (1 - area)
            assert half >= t.ppf(0.975, 29) * np.sqrt(sum(variances)) * (1 - 1e-9)

    def test_copies_add_nothing(self):
        """Each image three times in its patient: as wide as once, but for small corrections."""
        y, _, score, _ = patients(200, seed=5)
        once = confidence_interval("roc_auc", y, score)
        groups = np.repeat(np.arange(len(y)), 3)
        thrice = confidence_interval("roc_auc", np.repeat(y, 3), np.repeat(score, 3), groups=groups)
        np.testing.assert_allclose(thrice, once, rtol=2e-3)
        wrong = confidence_interval("roc_auc", np.repeat(y, 3), np.repeat(score, 3))
        assert wrong.high - wrong.low < 0.65 * (once.high - once.low)

    def test_several_classes(self, letters):
        y, _, probabilities = letters
        once = confidence_interval("roc_auc", y, probabilities)
        groups = np.repeat(np.arange(len(y)), 2)
        twice = confidence_interval(
            "roc_auc", np.repeat(y, 2), np.repeat(probabilities, 2, axis=0), groups=groups
        )
        np.testing.assert_allclose(twice, once, rtol=5e-3)

    def test_known_functions(self):
        y, _, score, groups = patients()
        for method in ("auto", "obuchowski", "bootstrap"):
            settings = {"groups": groups, "method": method, "n_resamples": 50, "random_state": 0}
            for function in (roc_auc_score, partial(roc_auc_score, average="weighted")):
                assert confidence_interval(function, y, score, **settings) == confidence_interval(
                    "roc_auc", y, score, **settings
                )

    def test_no_variance(self):
        groups = np.repeat(np.arange(10), 2)
        with pytest.warns(UserWarning, match="is 1: Obuchowski's variance is 0"):
            found = confidence_interval("roc_auc", [0, 1] * 10, np.tile([0, 1], 10), groups=groups)
        assert found == (1, 1, 1)


class TestBootstrap:
    def test_draws_groups(self):
        """A function sees whole groups only, with stratification by class where there can be."""
        groups = np.repeat(np.arange(12), 3)
        y = np.repeat([0, 1], 18)
        seen = []

        def score(true, rows):
            seen.append((true.sum(), np.bincount(groups[rows], minlength=12)))
            return rows.mean()

        settings = {"groups": groups, "n_resamples": 30, "random_state": 0}
        confidence_interval(score, y, np.arange(36), **settings)
        assert all((counts % 3 == 0).all() for _, counts in seen)
        assert {n for n, counts in seen if counts.sum() == 36} == {18}
        seen.clear()
        confidence_interval(score, y, np.arange(36), stratified=False, **settings)
        assert len({n for n, counts in seen if counts.sum() == 36}) > 3
        y[0] = 1  # a group of both classes
        seen.clear()
        confidence_interval(score, y, np.arange(36), **settings)
        assert all((counts % 3 == 0).all() for _, counts in seen)
        assert len({n for n, counts in seen if counts.sum() == 36}) > 3

    def test_of_equal_images_is_that_of_one_of_each(self):
        generator = np.random.default_rng(0)
        y = generator.integers(0, 2, 400)
        score = y + generator.normal(size=400)
        settings = {"n_resamples": 400, "random_state": 0}
        once = confidence_interval(average_precision_score, y, score, **settings)
        groups = np.repeat(np.arange(400), 2)
        twice = confidence_interval(
            average_precision_score, np.repeat(y, 2), np.repeat(score, 2), groups=groups, **settings
        )
        assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.15)


class TestComparisons:
    def test_exact_mcnemar_is_that_of_all_signs(self):
        sums = np.array([3, -1, 2, 2, 0, -2, 1])
        groups = np.repeat(np.arange(7), 4)
        a = np.concatenate([np.arange(4) < max(s, 0) for s in sums])
        b = np.concatenate([np.arange(4) < max(-s, 0) for s in sums])
        y = np.tile([0, 1], 14)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = self.compared(y, a, b, groups)
        assert row["mcnemar_method"] == "exact"
        signs = np.array(list(itertools.product([-1, 1], repeat=7)))
        assert row["mcnemar_p"] == np.mean(abs(signs @ sums) >= sums.sum())

    @staticmethod
    def compared(y, a, b, groups):
        models = {"a": np.where(a, y, 1 - y), "b": np.where(b, y, 1 - y)}
        return compare_models(y, models, groups=groups).iloc[0]

    def test_chi_squared_mcnemar(self):
        """(Σ d)² / Σ d², with the correction for continuity."""
        generator = np.random.default_rng(0)
        groups = np.repeat(np.arange(60), 5)
        a, b = generator.random(300) < 0.8, generator.random(300) < 0.6
        row = self.compared(np.tile([0, 1], 150), a, b, groups)
        sums = np.array([(a[groups == g].sum() - b[groups == g].sum()) for g in range(60)])
        assert row["mcnemar_method"] == "chi-squared"
        statistic = (abs(sums.sum()) - 1) ** 2 / (sums**2).sum()
        assert row["mcnemar_p"] == pytest.approx(chi2.sf(statistic, 1))
        assert row["only_a_right"] == (a & ~b).sum()

    def test_one_sample_a_group_that_differs_gives_the_binomial_test(self):
        groups = np.repeat(np.arange(20), 2)
        a = np.zeros(40, dtype=bool)
        b = a.copy()
        a[:24:2], b[24:32:2] = True, True
        row = self.compared(np.tile([0, 1], 20), a, b, groups)
        assert row["mcnemar_p"] == pytest.approx(binomtest(12, 16).pvalue)

    def test_areas(self):
        """Each image twice in its group: the test is that of the images once."""
        y, _, score, _ = patients(200, seed=6)
        other = score + np.random.default_rng(0).normal(size=len(y))
        once = compare_models(y, {"a": score, "b": other}).iloc[0]
        groups = np.repeat(np.arange(len(y)), 2)
        models = {"a": np.repeat(score, 2), "b": np.repeat(other, 2)}
        twice = compare_models(np.repeat(y, 2), models, groups=groups).iloc[0]
        assert twice["delong_z"] == pytest.approx(once["delong_z"], rel=2e-3)
        for column in once.index[once.index.str.contains("difference")]:
            assert twice[column] == pytest.approx(once[column], abs=0.004)
        wrong = compare_models(np.repeat(y, 2), models).iloc[0]
        assert wrong["delong_z"] == pytest.approx(np.sqrt(2) * once["delong_z"], rel=0.01)

    def test_p_values_and_intervals_agree(self):
        for seed in range(10):
            y, _, score, groups = patients(25, seed=seed)
            other = score + np.random.default_rng(seed).normal(size=len(y))
            row = compare_models(y, {"a": score, "b": other}, groups=groups, level=0.9).iloc[0]
            holds = row["auc_difference_low"] <= 0 <= row["auc_difference_high"]
            assert holds == (row["delong_p"] > 0.1)
            assert row["delong_p"] > 2 * norm.sf(abs(row["delong_z"]))

    def test_a_class_in_one_group(self):
        y = np.array([1, 1, 1] + [0] * 33)
        groups = np.repeat(np.arange(12), 3)
        score = np.random.default_rng(0).normal(y)
        row = compare_models(y, {"a": score, "b": score**3 - y}, groups=groups).iloc[0]
        assert np.isnan(row[["sensitivity_difference_low", "delong_p"]].astype(float)).all()
        assert row["specificity_difference_low"] <= row["specificity_difference_high"]
        assert "the positive class belong to one group" in row["reason"]
        assert row["accuracy_difference_low"] < row["accuracy_difference_high"]


class TestBadGroups:
    @pytest.mark.parametrize(
        ("groups", "message"),
        [
            ([1, 2, 3], "groups has 3 values, but there are 24 images. Pass one group per image"),
            ([None, *range(23)], "groups has NaN or None at row 0"),
            ([*range(23), np.nan], "groups has NaN or None at row 23"),
            (["Kim"] * 24, "groups contains only one group, 'Kim'"),
        ],
    )
    def test_are_named(self, groups, message):
        y = np.tile([0, 1], 12)
        with pytest.raises(ValueError, match=re.escape(message)):
            confidence_interval("accuracy", y, y, groups=groups)
        with pytest.raises(ValueError, match=re.escape(message)):
            compare_models(y, {"a": y, "b": 1 - y}, groups=groups)

    def test_few_groups(self):
        y, labels, score, groups = patients(9)
        message = "There are only 9 groups: intervals and p values of fewer than 10 groups are"
        with pytest.warns(UserWarning, match=message) as caught:
            confidence_interval("accuracy", y, labels, groups=groups)
        assert caught[0].filename == __file__
        with pytest.warns(UserWarning, match=message):
            compare_models(y, {"a": score, "b": -score}, groups=groups)

    @pytest.mark.parametrize(
        ("score", "settings", "message"),
        [
            ("sensitivity", {}, "All samples of class 1 belong to one group, so the variance"),
            ("f1", {}, None),
            ("ppv", {}, "All predictions of class 1 belong to one group"),
            ("specificity", {"pos_label": 0}, "All samples other than those of class 0 belong"),
            ("balanced_accuracy", {}, "All samples of class 1 belong to one group"),
            ("geometric_mean", {}, "All samples of class 1 belong to one group"),
            ("positive_likelihood_ratio", {}, "All samples of class 1 belong to one group"),
            ("npv", {"average": "macro"}, "All predictions other than those of class 0 belong"),
            ("accuracy", {}, None),
        ],
    )
    def test_a_class_in_one_group(self, score, settings, message):
        y = np.array([1, 1, 1] + [0] * 33)
        labels = y.copy()
        groups = np.repeat(np.arange(12), 3)
        if score == "positive_likelihood_ratio":
            labels[-1] = 1
        if score == "f1":
            labels[20] = 1
        if message is None:
            confidence_interval(score, y, labels, groups=groups, **settings)
            return
        with pytest.raises(ValueError, match=message):
            confidence_interval(score, y, labels, groups=groups, **settings)

    def test_areas_of_a_class_in_one_group(self):
        y = np.array([1, 1, 1] + [0] * 33)
        score = np.random.default_rng(0).normal(y)
        with pytest.raises(ValueError, match="All samples of one of the classes belong to one"):
            confidence_interval("roc_auc", y, score, groups=np.repeat(np.arange(12), 3))

    def test_delong_is_for_independent_samples(self):
        y, _, score, groups = patients()
        with pytest.raises(ValueError, match="use method='obuchowski' or 'bootstrap'"):
            confidence_interval("roc_auc", y, score, groups=groups, method="delong")

    def test_inputs_are_left_alone(self):
        y, _, score, groups = (array.copy() for array in patients())
        before = groups.copy()
        groups.setflags(write=False)
        confidence_interval("roc_auc", y, score, groups=groups)
        assert (groups == before).all()


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools" / "coverage_of_intervals.py"))


class TestCoverage:
    def test_groups_are_what_intervals_need(self, tool):
        """Of an accuracy of 0.9, with twenty groups of images that are nearly equal."""
        generator = np.random.default_rng(0)
        hits = []
        for _ in range(200):
            images = tool["images"](20, 0.7, generator, True)
            right = tool["right"](images, generator.random(20), (0.9, 0.9))
            labels = np.where(right, images.y, 1 - images.y)
            for groups in (images.groups, None):
                low, high = confidence_interval("accuracy", images.y, labels, groups=groups)[1:]
                hits.append(low <= 0.9 <= high)
        with_groups, without = np.reshape(hits, (200, 2)).mean(axis=0)
        assert with_groups >= 0.91
        assert without < 0.75

    def test_images_have_the_correlation_and_rates_that_they_should(self, tool):
        generator = np.random.default_rng(0)
        images = tool["images"](20_000, 0.3, generator, True)
        right = tool["right"](images, generator.random(20_000), (0.8, 0.8))
        sizes = np.bincount(images.groups)
        hits = np.bincount(images.groups, right)
        assert right.mean() == pytest.approx(0.8, abs=0.01)
        pairs = ((hits**2 - hits).sum() / (sizes**2 - sizes).sum() - 0.8**2) / (0.8 * 0.2)
        assert pairs == pytest.approx(0.3, abs=0.03)
        scores = tool["scores"](images, generator.normal(size=20_000), 0.85)
        assert roc_auc_score(images.y, scores) == pytest.approx(0.85, abs=0.01)

    def test_the_table_of_the_documentation(self, tool):
        text = tool["PAGE"].read_text()
        table = text.split(tool["START"])[1].split(tool["END"])[0].strip().split("\n")
        head, _, *rows = [line.strip("| ").split(" | ") for line in table]
        assert head == [f"{n_groups}, {icc:g}" for n_groups, icc in tool["CELLS"]]
        assert [row[0] for row in rows] == [row.title for row in tool["ROWS"]]
        figures = np.array([row[1:] for row in rows], dtype=float)
        slow = np.array([row.slow for row in tool["ROWS"]])
        assert figures[~slow].min() >= 93
        assert figures[slow].min() >= 92.5  # of 1,000 intervals, with an error of 0.8
        assert figures.max() <= 97
        for row, cell in ((1, 2), (6, 0), (9, 2)):
            found = tool["coverage"](row, cell, 100)
            error = np.sqrt(figures[row, cell] * (100 - figures[row, cell]) / 100)
            assert abs(found - figures[row, cell]) <= 4 * error
