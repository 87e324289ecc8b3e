"""Areas under ROC curves and their covariance."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata

from skdl._utils.checks import warn_user
from skdl.metrics._groups import Groups, check_spread, quantile, spread_of_sum

Side: TypeAlias = tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]


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


def grouped_variance(sides: Iterable[Side], groups: Groups) -> tuple[float, float]:
    """Return the variance of a sum of means of placements, and its degrees of freedom.

    Each side is the samples of one class of a curve with their placements. Obuchowski,
    "Nonparametric analysis of clustered ROC curve data", Biometrics 53 (1997), 567-578: what sides
    have in common through groups that hold both of them is part of the variance. The variance of a
    side is at least that of one intra-class correlation of all groups. The degrees of freedom are
    those of Satterthwaite, and no more than the number of groups less one.
    """
    correction = len(groups) / (len(groups) - 1)
    of_groups, own, shares = np.zeros(len(groups)), [], []
    for rows, placed in sides:
        sums, variance, k = spread_of_sum((placed - placed.mean()) / len(placed), groups, rows)
        check_spread(np.array([k]), ["samples of one of the classes"])
        of_groups += sums
        own.append(variance - correction * float(sums @ sums))
        shares.append((variance, k - 1))
    found = correction * float(of_groups @ of_groups) + sum(own)
    lost = sum(variance**2 / degrees for variance, degrees in shares)
    degrees = sum(variance for variance, _ in shares) ** 2 / lost if lost else np.inf
    return max(found, 0.0), min(degrees, len(groups) - 1)


def area_interval(
    value: float,
    positives: npt.NDArray[np.bool_],
    scores: npt.NDArray[Any],
    level: float,
    groups: Groups | None = None,
) -> tuple[float, float]:
    """Interval of an area, or of the mean area of k curves of the same samples, of shape (k, n).

    The variance is that of DeLong et al. (1988), or of Obuchowski (1997) for samples in groups. On
    the logit scale: the interval stays within [0, 1], and holds its level near 1.
    """
    if min(positives.sum(axis=1).min(), (~positives).sum(axis=1).min()) < 2:
        raise ValueError("DeLong's variance needs at least two samples of each class.")
    sides = (
        side
        for positive, score in zip(positives, scores, strict=True)
        for side in zip((positive, ~positive), placements(positive, score), strict=True)
    )
    if groups is None:
        whose, width = "DeLong's", float(ndtri((1 + level) / 2))
        # What each sample adds to the variance, through all curves that it is part of.
        parts = np.zeros(positives.shape[1])
        for rows, placed in sides:
            n = len(placed)
            parts[rows] += (placed - placed.mean()) / np.sqrt(n * (n - 1))
        deviation = float(np.linalg.norm(parts))
    else:
        variance, degrees = grouped_variance(sides, groups)
        whose, width = "Obuchowski's", float(quantile(level, degrees))
        deviation = np.sqrt(variance)
    deviation /= len(positives)
    if value in (0, 1) or deviation == 0:
        warn_user(
            f"The area under the ROC curve is {value:g}: {whose} variance is 0 and says nothing "
            "about its uncertainty. Use more samples.",
        )
        return value, value
    half = width * deviation / (value * (1 - value))
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))
