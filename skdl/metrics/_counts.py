"""Counts of a confusion matrix, and how much rates of them vary, with and without groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl.metrics._confusion import NPV, PPV, SENSITIVITY, SPECIFICITY, Array, Ratio
from skdl.metrics._groups import Groups, group_correlations
from skdl.metrics._proportions import (
    Limits,
    gradients,
    grouped_interval,
    one_vs_rest,
    rate_correlations,
    wilson_interval,
)

# What the trials of each proportion of a class are; of others, such as F1, the last.
_TRIALS = {
    SENSITIVITY: "samples of {}",
    SPECIFICITY: "samples other than those of {}",
    PPV: "predictions of {}",
    NPV: "predictions other than those of {}",
}
_ALL_TRIALS = "samples and predictions of {}"


class Counts:
    """The confusion matrix of independent samples, and the four cells of each class: (k, 2, 2)."""

    def __init__(self, matrix: Array) -> None:
        self.matrix = matrix
        self.cells = one_vs_rest(matrix)

    def accuracy_limits(self, level: float) -> Limits:
        """Limits of the share of samples that are right."""
        return wilson_interval(np.trace(self.matrix), self.matrix.sum(), level=level)

    def limits(self, ratio: Ratio, of: npt.NDArray[np.bool_], level: float) -> Limits:
        """Limits of a proportion of some classes."""
        return wilson_interval(*ratio.counts(self.cells[of]), level=level)

    def correlations(self, ratio: Ratio, of: npt.NDArray[np.bool_]) -> Array:
        """Correlations of a ratio between some classes."""
        return rate_correlations(ratio, self.matrix)[np.ix_(of, of)]

    def recall_correlations(self, of: npt.NDArray[np.bool_]) -> Array:
        """Correlations of the sensitivities of some classes: they share no samples."""
        return np.eye(int(of.sum()))

    def rate_correlations(self, of: npt.NDArray[np.bool_]) -> Array:
        """Correlation of the sensitivity and the specificity of each of some classes."""
        return np.zeros(int(of.sum()))


class GroupedCounts(Counts):
    """Counts of samples in groups. Those of a group are alike in whatever class they are."""

    def __init__(
        self, matrix: Array, groups: Groups, cells: Sequence[Any], classes: Sequence[str]
    ) -> None:
        """`cells` are the rows and columns of the samples in the matrix, `classes` are in words."""
        super().__init__(matrix)
        true, predicted = cells
        k = len(matrix)
        right = true == predicted
        tp = groups.counts(true[right], k, right)
        fn, fp = groups.counts(true, k) - tp, groups.counts(predicted, k) - tp
        tn = groups.sizes[:, None] - tp - fn - fp
        self._right, self._sizes = tp.sum(axis=1)[:, None], groups.sizes[:, None].astype(np.float64)
        # Of each group and class: (n_groups, k, 2, 2).
        self._groups = np.stack([np.stack([tn, fp], axis=-1), np.stack([fn, tp], axis=-1)], axis=-2)
        self._classes = np.array(classes)

    def accuracy_limits(self, level: float) -> Limits:
        low, high = grouped_interval(self._right, self._sizes, level, ["samples"])
        return float(low[0]), float(high[0])

    def limits(self, ratio: Ratio, of: npt.NDArray[np.bool_], level: float) -> Limits:
        trials = _TRIALS.get(ratio, _ALL_TRIALS)
        names = [trials.format(name) for name in self._classes[of]]
        return grouped_interval(*ratio.counts(self._groups[:, of]), level, names)

    def correlations(self, ratio: Ratio, of: npt.NDArray[np.bool_]) -> Array:
        return group_correlations(self._influence(ratio, of))

    def recall_correlations(self, of: npt.NDArray[np.bool_]) -> Array:
        return self.correlations(SENSITIVITY, of)

    def rate_correlations(self, of: npt.NDArray[np.bool_]) -> Array:
        both = [self._influence(ratio, of).T for ratio in (SENSITIVITY, SPECIFICITY)]
        pairs = (np.stack(pair, axis=1) for pair in zip(*both, strict=True))
        return np.array([group_correlations(pair)[0, 1] for pair in pairs])

    def _influence(self, ratio: Ratio, of: npt.NDArray[np.bool_]) -> Array:
        """What each group adds to a ratio of some classes, by the delta method."""
        slopes = np.stack(gradients(ratio, self.cells[of]), axis=-1).reshape(-1, 2, 2)
        found: Array = np.einsum("gkij,kij->gk", self._groups[:, of], slopes)
        return found
