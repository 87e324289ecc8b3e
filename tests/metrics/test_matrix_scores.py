"""Intervals that follow from counts: scores made of several proportions."""

import contextlib
import inspect
from functools import partial

import numpy as np
import pandas as pd
import pytest
from metrics.scores import SCORES
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from skdl.metrics import (
    confidence_interval,
    ppv_score,
    specificity_score,
    wilson_interval,
)
from skdl.metrics._confusion import F1, SENSITIVITY
from skdl.metrics._proportions import rate_correlations


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
