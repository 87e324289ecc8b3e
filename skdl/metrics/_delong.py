"""Areas under ROC curves and their covariance."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata

from skdl._utils.checks import warn_user


class SortedScores:
    """Scores in their order, for the areas of many resamples of them."""

    def __init__(self, positive: npt.NDArray[np.bool_], score: npt.NDArray[Any]) -> None:
        self._order = np.argsort(score, kind="stable")
        self._positive = positive[self._order]
        steps = np.flatnonzero(np.diff(score[self._order])) + 1
        self._starts = np.concatenate([[0], steps])  # of equal scores

    def area(self, counts: npt.NDArray[np.intp]) -> float:
        """Return the area where each sample counts so often; NaN where there is one class only."""
        counts = counts[self._order]
        positives = np.add.reduceat(np.where(self._positive, counts, 0), self._starts)
        negatives = np.add.reduceat(counts, self._starts) - positives
        n_pairs = int(positives.sum()) * int(negatives.sum())
        if n_pairs == 0:
            return float("nan")
        below = np.cumsum(negatives) - negatives / 2  # ties count half
        return float(positives @ below / n_pairs)


def placements(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The share of negatives below each positive, and of positives above each negative.

    Ties count half; scores are of shape (..., n). From midranks, as Sun and Xu (2014) compute them:
    O(n log n). The mean of either is the area under the ROC curve.
    """
    ranks = rankdata(scores, axis=-1)
    own = rankdata(scores[..., positive], axis=-1), rankdata(scores[..., ~positive], axis=-1)
    above = (ranks[..., positive] - own[0]) / (~positive).sum()
    below = 1 - (ranks[..., ~positive] - own[1]) / positive.sum()
    return above, below


def delong_variance(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> float:
    """Return the variance of an area, or of the difference of two, from (their) placements."""
    return float(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below))


def area_interval(
    value: float, positives: npt.NDArray[np.bool_], scores: npt.NDArray[Any], level: float
) -> tuple[float, float]:
    """Interval of an area, or of the mean area of k curves of the same samples, of shape (k, n).

    The variance is that of DeLong et al. (1988). On the logit scale: the interval stays within
    [0, 1], and holds its level near 1.
    """
    if min(positives.sum(axis=1).min(), (~positives).sum(axis=1).min()) < 2:
        raise ValueError("DeLong's variance needs two samples at least of either class.")
    # What each sample adds to the variance, through all curves that it is part of.
    parts = np.zeros(positives.shape[1])
    for positive, score in zip(positives, scores, strict=True):
        for rows, placed in zip((positive, ~positive), placements(positive, score), strict=True):
            n = len(placed)
            parts[rows] += (placed - placed.mean()) / np.sqrt(n * (n - 1))
    deviation = np.linalg.norm(parts) / len(positives)
    if value in (0, 1) or deviation == 0:
        warn_user(
            f"The area under the ROC curve is {value:g}: DeLong's variance is 0 and says nothing "
            "about its uncertainty. Take more samples.",
        )
        return value, value
    half = ndtri((1 + level) / 2) * deviation / (value * (1 - value))
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))
