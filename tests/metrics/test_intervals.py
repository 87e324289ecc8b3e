"""Confidence intervals, against published values, definitions and simulations."""

import contextlib
import copy
import inspect
import runpy
from functools import partial

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import binomtest, bootstrap, norm
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.metrics import (
    ConfidenceInterval,
    confidence_interval,
    geometric_mean_score,
    negative_likelihood_ratio,
    npv_score,
    positive_likelihood_ratio,
    ppv_score,
    sensitivity_score,
    specificity_score,
    wilson_interval,
)
from skdl.metrics._confusion import F1, SENSITIVITY
from skdl.metrics._proportions import rate_correlations

SCORES = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "sensitivity": sensitivity_score,
    "specificity": specificity_score,
    "ppv": ppv_score,
    "npv": npv_score,
    "f1": f1_score,
    "geometric_mean": geometric_mean_score,
    "positive_likelihood_ratio": positive_likelihood_ratio,
    "negative_likelihood_ratio": negative_likelihood_ratio,
}
PROPORTIONS = ("accuracy", "sensitivity", "specificity", "ppv", "npv")

Z = norm.ppf(0.975)


@pytest.fixture(scope="module")
def cancer():
    """Out-of-fold labels and probabilities of a weak classifier; malignant is positive."""
    X, y = load_breast_cancer(return_X_y=True)
    y = 1 - y
    model = make_pipeline(StandardScaler(), LogisticRegression())
    probabilities = cross_val_predict(model, X[:, 4:7], y, method="predict_proba")
    return y, (probabilities[:, 1] > 0.5).astype(int), probabilities


@pytest.fixture(scope="module")
def letters():
    """Three classes, with labels and probabilities."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 150)
    probabilities = generator.dirichlet([1, 1, 1], 150) + 0.5 * np.eye(3)[y]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    names = np.array(["a", "b", "c"])
    return names[y], names[probabilities.argmax(axis=1)], probabilities


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
            ([1, 2], [1, 2, 3], 0.95, "do not fit"),
            (1, 2, 95, "level must be between 0 and 1.*95"),
            (1, 2, 1.0, "level must be between 0 and 1"),
        ],
    )
    def test_bad_input(self, successes, n, level, message):
        with pytest.raises(ValueError, match=message):
            wilson_interval(successes, n, level=level)


class TestNames:
    @pytest.mark.parametrize("name", SCORES)
    @pytest.mark.parametrize("method", ["auto", "bootstrap"])
    def test_estimate_is_the_score(self, cancer, name, method):
        y, labels, _ = cancer
        found = confidence_interval(name, y, labels, method=method, n_resamples=200, random_state=0)
        assert isinstance(found, ConfidenceInterval)
        assert found.estimate == pytest.approx(SCORES[name](y, labels))
        assert found.low < found.estimate < found.high

    @pytest.mark.parametrize("name", SCORES)
    @pytest.mark.filterwarnings("ignore:positive_likelihood_ratio is undefined in")
    def test_several_classes(self, letters, name):
        y, labels, _ = letters
        average = {"average": "macro"} if name == "f1" else {}
        found = confidence_interval(name, y, labels, n_resamples=200, random_state=0)
        assert found.estimate == pytest.approx(SCORES[name](y, labels, **average))
        assert found.low < found.estimate < found.high
        if name not in ("accuracy", "balanced_accuracy"):
            average = {"average": "binary"}
            one = confidence_interval(name, y, labels, pos_label="b", n_resamples=200)
            expected = (
                f1_score(y == "b", labels == "b")
                if name == "f1"
                else SCORES[name](y, labels, pos_label="b")
            )
            assert one.estimate == pytest.approx(expected)

    @pytest.mark.parametrize("name", PROPORTIONS)
    def test_proportions_have_the_interval_of_wilson(self, cancer, name):
        y, labels, _ = cancer
        among = {
            "accuracy": np.ones(len(y), dtype=bool),
            "sensitivity": y == 1,
            "specificity": y == 0,
            "ppv": labels == 1,
            "npv": labels == 0,
        }[name]
        right = (y == labels)[among]
        for method in ("auto", "wilson"):
            found = confidence_interval(name, y, labels, method=method, level=0.9)
            assert found[1:] == wilson_interval(right.sum(), len(right), level=0.9)

    def test_labels_of_any_kind(self, cancer):
        y, labels, _ = cancer
        names = np.array(["benign", "malignant"])
        expected = confidence_interval("sensitivity", y, labels)
        found = confidence_interval(
            "sensitivity", names[y].astype(object), list(names[labels]), pos_label="malignant"
        )
        assert found == expected
        assert confidence_interval("accuracy", names[y], names[labels]) == confidence_interval(
            "accuracy", y, labels
        )

    @pytest.mark.parametrize("stratified", [True, False])
    def test_resampled_counts_and_resampled_rows_agree(self, cancer, stratified):
        y, labels, _ = (a[:200] for a in cancer)

        def f1(true, predicted):
            return 2 * (true & predicted).sum() / (true.sum() + predicted.sum())

        settings = {"stratified": stratified, "n_resamples": 4000, "random_state": 0}
        settings["method"] = "bootstrap"
        counts = confidence_interval("f1", y, labels, **settings)
        rows = confidence_interval(f1, y, labels, **settings)
        np.testing.assert_allclose(counts, rows, atol=0.006)

    def test_the_jackknife_of_counts_is_that_of_rows(self):
        """A skewed ratio, whose interval depends on its acceleration."""
        y = np.repeat([0, 1], [500, 200])
        labels = np.concatenate([np.arange(500) < 12, np.arange(200) < 100]).astype(int)

        def ratio(true, predicted):
            return predicted[true == 1].mean() / predicted[true == 0].mean()

        settings = {"method": "bootstrap", "n_resamples": 10_000, "random_state": 0}
        counts = confidence_interval("positive_likelihood_ratio", y, labels, **settings)
        rows = confidence_interval(ratio, y, labels, **settings)
        np.testing.assert_allclose(counts, rows, rtol=0.025)

    @pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
    def test_classes_that_are_predicted_only(self):
        y, labels = [0, 0, 0, 1, 1, 1], [0, 2, 0, 1, 0, 1]
        found = confidence_interval("balanced_accuracy", y, labels)
        assert found.estimate == pytest.approx(balanced_accuracy_score(y, labels))
        assert found.low < found.estimate < found.high


class TestMover:
    """Zou and Donner (2008), on the intervals of Wilson."""

    def test_of_balanced_accuracy_by_hand(self):
        y = np.repeat([0, 1], [132, 20])
        labels = np.concatenate([np.arange(132) < 5, np.arange(20) < 19]).astype(int)
        found = confidence_interval("balanced_accuracy", y, labels)
        ends = np.array([wilson_interval(127, 132), wilson_interval(19, 20)])
        rates = np.array([127 / 132, 19 / 20])
        below = np.sqrt(((rates - ends[:, 0]) ** 2).sum()) / 2
        above = np.sqrt(((ends[:, 1] - rates) ** 2).sum()) / 2
        expected = (rates.mean(), rates.mean() - below, rates.mean() + above)
        np.testing.assert_allclose(found, expected)
        for other, average in (("sensitivity", "macro"), ("specificity", "macro")):
            again = confidence_interval(other, y, labels, average=average)
            np.testing.assert_allclose(again, expected)

    def test_a_class_without_a_mistake_counts(self):
        """18 of 18 say little: a bootstrap never misses one."""
        y = np.repeat([0, 1, 2], [170, 18, 170])
        labels = y.copy()
        labels[[0, 1, -1]] = 1
        found = confidence_interval("sensitivity", y, labels)
        assert found.estimate == pytest.approx((168 / 170 + 1 + 169 / 170) / 3)
        alone = confidence_interval("sensitivity", y, labels, pos_label=1)
        assert alone[1:] == wilson_interval(18, 18)
        # A third of the uncertainty of that class, at least.
        assert found.estimate - found.low > (1 - alone.low) / 3
        resampled = confidence_interval("sensitivity", y, labels, method="bootstrap")
        assert resampled.estimate - resampled.low < (1 - alone.low) / 3

    @pytest.mark.parametrize("name", ["sensitivity", "specificity", "ppv", "npv", "f1"])
    def test_one_more_mistake_never_raises_an_end(self, name):
        y = np.repeat([0, 1, 2], [40, 6, 20])
        labels = y.copy()
        before = confidence_interval(name, y, labels)
        assert before.estimate == before.high == 1 > before.low
        for row in (0, 40, 41, 60):
            labels[row] = (y[row] + 1) % 3
            found = confidence_interval(name, y, labels)
            assert 0 <= found.low <= found.estimate <= found.high <= 1
            assert found.low <= before.low
            assert found.high <= before.high
            before = found

    def test_correlations_are_those_of_resamples(self):
        """Of the F1 of each class, which share their mistakes."""
        generator = np.random.default_rng(0)
        counts = np.array([[50, 8, 2], [5, 30, 5], [1, 9, 60]])
        draws = np.stack([generator.multinomial(r.sum(), r / r.sum(), 20_000) for r in counts], 1)
        tp = np.diagonal(draws, axis1=1, axis2=2)
        f1 = 2 * tp / (draws.sum(axis=1) + draws.sum(axis=2))
        found = rate_correlations(F1, counts.astype(float))
        np.testing.assert_allclose(found, np.clip(np.corrcoef(f1.T), 0, 1), atol=0.03)
        np.testing.assert_array_equal(rate_correlations(SENSITIVITY, counts + 0.0), np.eye(3))

    @pytest.mark.parametrize("average", ["macro", "weighted"])
    @pytest.mark.parametrize("name", ["sensitivity", "specificity", "ppv", "npv", "f1"])
    def test_averages_agree_with_resamples_where_there_are_many(self, letters, name, average):
        y, labels, _ = letters
        found = confidence_interval(name, y, labels, average=average)
        again = confidence_interval(
            name, y, labels, average=average, method="bootstrap", random_state=0
        )
        assert found.estimate == again.estimate
        width = again.high - again.low
        # Independent classes are assumed where they are not quite: never much too narrow.
        assert 0.9 * width < found.high - found.low < 1.35 * width
        np.testing.assert_allclose(found[1:], again[1:], atol=0.2 * width)

    def test_of_ratios(self):
        """Against the bootstrap, and where a rate is 0."""
        y = np.repeat([0, 1], [500, 200])
        labels = np.concatenate([np.arange(500) < 60, np.arange(200) < 150]).astype(int)
        for name in ("positive_likelihood_ratio", "negative_likelihood_ratio", "geometric_mean"):
            found = confidence_interval(name, y, labels)
            again = confidence_interval(name, y, labels, method="bootstrap", random_state=0)
            np.testing.assert_allclose(found, again, rtol=0.04)
        found = confidence_interval(
            "negative_likelihood_ratio", [0] * 20 + [1] * 20, [0] * 20 + [1] * 20
        )
        assert found.estimate == found.low == 0 < found.high < 0.3
        found = confidence_interval("geometric_mean", [0] * 20 + [1] * 20, [0] * 40)
        assert found.estimate == found.low == 0 < found.high < 0.5
        found = confidence_interval("positive_likelihood_ratio", [0, 0, 1, 1], [1, 0, 0, 0])
        assert found.estimate == found.low == 0 < found.high

    def test_functions_are_the_names_they_are(self, cancer):
        y, labels, probabilities = cancer
        for function, name, settings in [
            (recall_score, "sensitivity", {}),
            (precision_score, "ppv", {}),
            (f1_score, "f1", {}),
            (accuracy_score, "accuracy", {}),
            (balanced_accuracy_score, "balanced_accuracy", {}),
            (partial(recall_score, pos_label=0), "sensitivity", {"pos_label": 0}),
            (partial(f1_score, average="macro"), "f1", {"average": "macro"}),
            (partial(partial(ppv_score, pos_label=1), pos_label=0), "ppv", {"pos_label": 0}),
            (partial(specificity_score, zero_division=0.0), "specificity", {}),
        ]:
            found = confidence_interval(function, y, labels)
            assert found == confidence_interval(name, y, labels, **settings)
            assert found.estimate == pytest.approx(function(y, labels))
        area = confidence_interval(roc_auc_score, y, probabilities[:, 1], method="delong")
        assert area == confidence_interval("roc_auc", y, probabilities[:, 1])
        # Anything else is a function like any other.
        weighted = partial(accuracy_score, sample_weight=np.ones(len(y)))
        with pytest.raises(ValueError, match="'wilson' is for proportions") as caught:
            confidence_interval(weighted, y, labels, method="wilson")
        assert "For accuracy_score(sample_weight=ndarray of shape" in str(caught.value)
        halved = confidence_interval(lambda t, p: accuracy_score(t, p) / 2, y, labels)
        assert 0 < halved.low < halved.high < 1

    @pytest.mark.parametrize("function", [*SCORES.values(), recall_score, precision_score])
    def test_defaults_that_are_spelled_out_change_nothing(self, cancer, letters, function):
        y, labels, _ = cancer
        spelled = {
            name: parameter.default
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.default is not inspect.Parameter.empty
        }
        assert spelled
        found = confidence_interval(partial(function, **spelled), y, labels, method="auto")
        assert found == confidence_interval(function, y, labels)
        for name in ("wilson", "mover"):  # one of them, and not the bootstrap
            with contextlib.suppress(ValueError):
                assert found == confidence_interval(function, y, labels, method=name)
                break
        else:
            pytest.fail("It is taken for a function like any other.")

    def test_areas_of_labels_of_any_kind(self, cancer):
        y, _, probabilities = cancer
        scores = probabilities[:, 1]
        expected = confidence_interval("roc_auc", y, scores)
        kinds = [
            y.astype(bool),
            2 * y - 1,
            y + 1,
            y.astype(float),
            np.where(y, "malignant", "benign"),
            np.where(y, "malignant", "benign").astype(object),
            np.where(y, "malignant", "benign").tolist(),
            pd.Series(np.where(y, "malignant", "benign")),
            pd.Series(np.where(y, "malignant", "benign"), dtype="category"),
        ]
        spelled = partial(roc_auc_score, multi_class="ovr", max_fpr=None, sample_weight=None)
        for true in kinds:
            for function in (roc_auc_score, spelled):
                assert confidence_interval(function, true, scores, method="delong") == expected

    def test_areas_of_several_classes(self, letters):
        y, _, probabilities = letters
        function = partial(roc_auc_score, multi_class="ovr", average="macro")
        found = confidence_interval(function, y, probabilities, method="delong")
        assert found == confidence_interval("roc_auc", y, probabilities)

    @pytest.mark.parametrize("function", [recall_score, precision_score, f1_score])
    def test_micro_averages_are_the_accuracy(self, letters, function):
        y, labels, _ = letters
        found = confidence_interval(partial(function, average="micro"), y, labels, method="wilson")
        assert found == confidence_interval("accuracy", y, labels)


class TestFunctionsThatAreMoreThanTheirName:
    """A function is the score with its name only where it has the same value."""

    def test_other_averages_and_labels_of_areas(self, letters):
        y, _, probabilities = letters
        for settings in (
            {"multi_class": "ovr", "average": "weighted"},
            {"multi_class": "ovo"},
            {"multi_class": "ovr", "labels": ["a", "b", "c"]},
        ):
            score = partial(roc_auc_score, **settings)
            found = confidence_interval(score, y, probabilities, n_resamples=100, random_state=0)
            assert found.estimate == score(y, probabilities)
            assert found.low < found.estimate < found.high

    def test_their_own_refusals(self, letters):
        y, labels, _ = letters
        for score in (recall_score, precision_score, f1_score):
            with pytest.raises(ValueError, match="Target is multiclass"):
                confidence_interval(score, y, labels)
        codes = np.unique(y, return_inverse=True)[1]
        with pytest.raises(ValueError, match="Target is multiclass"):
            confidence_interval(recall_score, codes, codes)

    def test_what_is_undefined_for_a_name_only(self):
        y, labels = [0, 0, 0, 1, 1, 1], [0, 0, 2, 1, 1, 0]
        weighted = confidence_interval("sensitivity", y, labels, average="weighted")
        assert weighted.estimate == pytest.approx(4 / 6)
        score = partial(precision_score, average="macro", zero_division=0)
        y, labels = y * 5, [0, 0, 1, 1, 1, 0] * 5
        labels[0] = 2
        found = confidence_interval(score, y, labels, n_resamples=100, random_state=0)
        assert found.estimate == score(y, labels)

    def test_equal_scores_have_no_interval(self):
        with pytest.warns(UserWarning, match=r"curve is 0.5: DeLong's variance is 0"):
            assert confidence_interval("roc_auc", [0, 1] * 10, np.full(20, 0.3)) == (0.5,) * 3


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
            settings = {"n_resamples": 4000, "rng": np.random.default_rng(2), "batch": 500}
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


@pytest.mark.parametrize(
    ("score", "true", "predicted", "settings", "message"),
    [
        ("recall", [0, 1], [0, 1], {}, "score must be a function or one of accuracy.*'recall'"),
        ("sensitivty", [0, 1], [0, 1], {}, "Got 'sensitivty'. Did you mean 'sensitivity'?"),
        ("f1", [0, 1], [0, 1], {"method": "exact"}, "method must be one of 'auto'.*'exact'"),
        (
            "balanced_accuracy",
            [0, 1],
            [0, 1],
            {"method": "wilson"},
            "'wilson' is for proportions.*take method='mover' or 'bootstrap'",
        ),
        ("ppv", list("abc"), list("abc"), {"method": "wilson"}, "of one class.*'mover'"),
        ("f1", [0, 1], [0, 1], {"method": "delong"}, "'delong' is for the area under ROC"),
        ("f1", [0, 1], [0, 1], {"method": "mover"}, "'mover' is for averages.*'wilson'"),
        (
            lambda t, p: 1.0,
            [0, 1],
            [0, 1],
            {"method": "wilson"},
            "'wilson' is for proportions.*take method='bootstrap'",
        ),
        ("roc_auc", list("abc"), np.eye(3), {}, "two samples at least of either class"),
        ("f1", [0, 1], [0, 1], {"average": "micro"}, "average must be one of 'auto'.*'micro'"),
        (f1_score, [0, 1], [0, 1], {"pos_label": 1}, "by name. Pass 'f1' in place of the function"),
        (log_loss, [0, 1], [0, 1], {"pos_label": 1}, "by name. Bind it to the function"),
        (np.array([0, 1]), [0, 1], [0, 1], {}, "score must be a function or one of"),
        ("f1", [0, 1], [0, 1], {"level": 95}, "level must be between 0 and 1"),
        (
            "f1",
            [0, 1],
            [0, 1],
            {"n_resamples": 0},
            "n_resamples must be a whole number of at least 1",
        ),
        ("f1", [0, 1], [0, 1], {"n_resamples": 10.0}, "n_resamples must be a whole number"),
        ("f1", [], [], {}, "y_true is empty"),
        ("f1", [0, 1, 1], [0, 1], {}, r"y_true has \d rows, and y_(pred|score) has \d"),
        ("f1", [0, 1], [0.2, 0.7], {}, "y_pred has the value 0.2 at row 0, .* continuous"),
        ("f1", [0.5, 1], [0, 1], {}, "y_true has the value 0.5 at row 0, which is no class label"),
        ("f1", ["ill", "well"], ["ill", "ill"], {}, "cannot be guessed"),
        ("f1", [0, 1], [0, 1], {"pos_label": 2}, "pos_label=2 is not a valid label"),
        ("accuracy", ["ill", None], ["ill", "ill"], {}, "y_true has NaN or None at row 1"),
        ("accuracy", [0, 1, 1], [0, np.nan, 1], {}, "y_pred has NaN or None at row 1"),
        ("roc_auc", [0, 1, 1], [0.1, 0.2, np.nan], {}, "y_pred has NaN or None at row 2"),
        ("roc_auc", [1, 1], [0.1, 0.2], {}, "y_true holds one class only, 1"),
        ("roc_auc", [0, 1, 1], [0.1, 0.2, 0.3], {}, "two samples at least of either class"),
        ("roc_auc", ["a", "b"], ["a", "b"], {"pos_label": "a"}, "must be scores.*'a'"),
        ("roc_auc", [0, 1], np.ones((2, 3)), {}, r"\(n, 2\) with a column for each class"),
        ("roc_auc", [0, 1, 2], [0.1, 0.2, 0.3], {}, "There are 3 classes.*pos_label"),
        ("sensitivity", [0, 0], [0, 1], {}, "undefined for these samples: .*no positive samples"),
        ("ppv", [0, 1], [0, 0], {}, "undefined.*no positive predictions"),
        ("geometric_mean", [1, 1], [0, 1], {}, "undefined.*one of the classes"),
        (lambda t, p: np.nan, [0, 1], [0, 1], {}, "undefined for these samples: it is NaN"),
        (
            lambda t, p: 1.0,
            [0.1, 0.2],
            [0, 1],
            {},
            "With stratified=True, y_true has the value 0.1",
        ),
    ],
)
def test_bad_input(score, true, predicted, settings, message):
    with pytest.raises(ValueError, match=message):
        confidence_interval(score, true, predicted, **settings)


def coverage(intervals, truth):
    return np.mean([low <= truth <= high for low, high in intervals])


class TestCoverage:
    """1,000 samples of 200 patients each."""

    N_DRAWS, N = 1000, 200

    @pytest.mark.parametrize("share", [0.7, 0.9, 0.97])
    def test_of_wilson(self, share):
        generator = np.random.default_rng(0)
        hits = generator.binomial(self.N, share, size=self.N_DRAWS)
        low, high = wilson_interval(hits, self.N)
        assert 0.92 <= coverage(zip(low, high, strict=True), share) <= 0.975

    @pytest.mark.parametrize("area", [0.7, 0.9, 0.95, 0.99])
    def test_of_delong(self, area):
        generator = np.random.default_rng(0)
        y = np.repeat([0, 1], self.N // 2)
        distance = np.sqrt(2) * norm.ppf(area)
        intervals = [
            confidence_interval("roc_auc", y, generator.normal(distance * y))[1:]
            for _ in range(self.N_DRAWS)
        ]
        assert 0.92 <= coverage(intervals, area) <= 0.975

    # As tools/interval_coverage.py has it, whose table stands in docs/metrics.md.
    @pytest.mark.parametrize(
        ("name", "counts", "right"),
        [
            ("sensitivity", [170, 18, 170], [0.99, 0.95, 0.99]),
            ("specificity", [170, 18, 170], [0.99, 0.95, 0.99]),
            ("balanced_accuracy", [132, 20], [0.95, 0.95]),
            ("balanced_accuracy", [200, 10], [0.98, 0.98]),
            ("balanced_accuracy", [100, 100], [0.9, 0.8]),
            ("geometric_mean", [132, 20], [0.95, 0.95]),
            ("f1", [100, 50, 150], [0.7, 0.8, 0.9]),
            ("ppv", [132, 20], [0.95, 0.95]),
        ],
    )
    def test_of_averages_where_classes_are_small_and_rates_near_1(self, name, counts, right):
        tool = runpy.run_path(str(ROOT / "tools" / "interval_coverage.py"))
        matrix = tool["confusion"](right)
        average = {} if name in ("balanced_accuracy", "geometric_mean") else {"average": "macro"}
        found = tool["covered"](
            tool["draws"](counts, matrix, self.N_DRAWS, seed=0),
            lambda true, labels: confidence_interval(name, true, labels, **average)[1:],
            tool["truth"](name.replace("sensitivity", "balanced_accuracy"), counts, matrix),
        )
        assert 0.91 <= found <= 0.99

    @pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
    def test_of_differences_where_a_class_is_small(self, metric):
        tool = runpy.run_path(str(ROOT / "tools" / "interval_coverage.py"))
        assert tool["of_differences"](metric, "132/20 at .95", 0.6, 500) >= 0.92

    def test_of_areas_of_several_classes(self):
        tool = runpy.run_path(str(ROOT / "tools" / "interval_coverage.py"))
        assert 0.92 <= tool["of_areas"]("100/18/100, areas about .97", 500) <= 0.975

    @pytest.mark.parametrize("name", ["balanced_accuracy", "f1"])
    @pytest.mark.parametrize(("sensitivity", "specificity"), [(0.9, 0.8), (0.95, 0.97)])
    def test_of_the_bootstrap(self, name, sensitivity, specificity):
        generator = np.random.default_rng(0)
        half = self.N // 2
        y = np.repeat([0, 1], half)
        truth = (sensitivity + specificity) / 2
        if name == "f1":
            truth = 2 * sensitivity / (1 + sensitivity + 1 - specificity)
        intervals = []
        for _ in range(self.N_DRAWS):
            predicted = generator.random(self.N) < np.where(y, sensitivity, 1 - specificity)
            intervals.append(
                confidence_interval(
                    name,
                    y,
                    predicted.astype(int),
                    method="bootstrap",
                    n_resamples=500,
                    random_state=generator,
                )[1:]
            )
        # Intervals end on values that the score can have, give or take the last bit.
        intervals = np.array(intervals) + np.array([-1e-12, 1e-12])
        assert 0.92 <= coverage(intervals, truth) <= 0.975

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("area", [0.9, 0.95])
    def test_of_the_bootstrap_of_areas(self, area):
        generator = np.random.default_rng(0)
        y = np.repeat([0, 1], self.N // 2)
        distance = np.sqrt(2) * norm.ppf(area)
        intervals = [
            confidence_interval(
                "roc_auc",
                y,
                generator.normal(distance * y),
                method="bootstrap",
                n_resamples=300,
                random_state=generator,
            )[1:]
            for _ in range(self.N_DRAWS)
        ]
        assert 0.92 <= coverage(intervals, area) <= 0.975
