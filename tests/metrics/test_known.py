"""Functions that are more than the score of their name."""

from functools import partial

import numpy as np
import pytest
from sklearn.metrics import (
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from skdl.metrics import TABLE, confidence_interval, estimate_score


class TestFunctionsThatAreMoreThanTheirName:
    """A function is the score with its name only where it has the same value."""

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"average": "weighted"},
            {"average": None},
            {"multi_class": "ovo"},
            {"labels": [0, 1]},
            {"multi_class": "ovr", "average": "micro", "sample_weight": None, "max_fpr": None},
        ],
    )
    def test_what_changes_no_area_of_two_classes(self, cancer, settings):
        y, _, probabilities = cancer
        score = partial(roc_auc_score, **settings)
        found = confidence_interval(score, y, probabilities[:, 1], method="delong")
        assert found == confidence_interval("roc_auc", y, probabilities[:, 1])

    @pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name].has_interval])
    @pytest.mark.parametrize("method", ["auto", "bootstrap", "own"])
    def test_every_method_of_a_name_is_one_of_its_function(self, cancer, name, method):
        y, labels, probabilities = cancer
        predicted = labels if TABLE[name].of_labels else probabilities[:, 1]
        if method == "own":
            method = estimate_score(name, y, predicted, None, "auto").method
        settings = {"method": method, "n_resamples": 50, "random_state": 0}
        if (name, method) == ("expected_calibration_error", "bootstrap"):
            return  # it has none, under either name
        groups = np.arange(len(y)) // 2
        for more in ({}, {"groups": groups} if method != "delong" else {}):
            assert confidence_interval(
                TABLE[name].function, y, predicted, **settings, **more
            ) == confidence_interval(name, y, predicted, **settings, **more)

    @pytest.mark.slow
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
