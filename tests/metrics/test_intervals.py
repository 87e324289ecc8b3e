"""Confidence intervals by name, their methods, and how often they hold the truth."""

import runpy

import numpy as np
import pytest
from helpers import ROOT
from metrics.scores import SCORES
from scipy.stats import norm
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    log_loss,
)

from skdl.metrics import (
    ConfidenceInterval,
    confidence_interval,
    wilson_interval,
)

PROPORTIONS = ("accuracy", "sensitivity", "specificity", "ppv", "npv")


Z = norm.ppf(0.975)


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
            "'wilson' is for proportions.*use method='mover' or 'bootstrap'",
        ),
        ("ppv", list("abc"), list("abc"), {"method": "wilson"}, "of one class.*'mover'"),
        ("f1", [0, 1], [0, 1], {"method": "delong"}, "'delong' is for the area under ROC"),
        ("f1", [0, 1], [0, 1], {"method": "mover"}, "'mover' is for averages.*'wilson'"),
        (
            lambda t, p: 1.0,
            [0, 1],
            [0, 1],
            {"method": "wilson"},
            "'wilson' is for proportions.*use method='bootstrap'",
        ),
        ("roc_auc", list("abc"), np.eye(3), {}, "at least two samples of each class"),
        ("f1", [0, 1], [0, 1], {"average": "micro"}, "average must be one of 'auto'.*'micro'"),
        (
            f1_score,
            [0, 1],
            [0, 1],
            {"pos_label": 1},
            "if score is a name. Pass 'f1' instead of the function",
        ),
        (log_loss, [0, 1], [0, 1], {"pos_label": 1}, "if score is a name. Bind it to the function"),
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
        (
            "f1",
            [0.5, 1],
            [0, 1],
            {},
            "y_true has the value 0.5 at row 0, which is not a class label",
        ),
        ("f1", ["ill", "well"], ["ill", "ill"], {}, "cannot be guessed"),
        ("f1", [0, 1], [0, 1], {"pos_label": 2}, "pos_label=2 is not a valid label"),
        ("accuracy", ["ill", None], ["ill", "ill"], {}, "y_true has NaN or None at row 1"),
        ("accuracy", [0, 1, 1], [0, np.nan, 1], {}, "y_pred has NaN or None at row 1"),
        ("roc_auc", [0, 1, 1], [0.1, 0.2, np.nan], {}, "y_pred has NaN or None at row 2"),
        ("roc_auc", [1, 1], [0.1, 0.2], {}, "y_true has only one class, 1"),
        ("roc_auc", [0, 1, 1], [0.1, 0.2, 0.3], {}, "at least two samples of each class"),
        ("roc_auc", ["a", "b"], ["a", "b"], {"pos_label": "a"}, "must be scores.*'a'"),
        ("roc_auc", [0, 1], np.ones((2, 3)), {}, r"\(n, 2\) with one column per class"),
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
