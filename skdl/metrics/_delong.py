"""Areas under ROC curves and their covariance."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata


class SortedScores:
    """Scores in their order, for the areas of many resamples of them.

    Parameters
    ----------
    positive : ndarray of bool of shape (n,)
        True for samples of the positive class.
    score : ndarray of shape (n,)
        Their scores.
    """

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
    """Return the share of negatives below each positive, and of positives above each negative.

    Ties count half. From midranks, as Sun and Xu (2014) compute them: O(n log n). The mean of
    either is the area under the ROC curve.

    Parameters
    ----------
    positive : ndarray of bool of shape (n,)
        True for samples of the positive class.
    scores : ndarray of shape (..., n)
        Scores of the samples, of each model.

    Returns
    -------
    above : ndarray of shape (..., n_positive)
        Of positives, in [0, 1].
    below : ndarray of shape (..., n_negative)
        Of negatives, in [0, 1].
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
    """Interval of an area, or of the mean area of several curves of the same samples.

    The variance is that of DeLong et al. (1988). On the logit scale: the interval stays within
    [0, 1], and holds its level near 1.

    Parameters
    ----------
    value : float
        The area.
    positives : ndarray of bool of shape (k, n)
        Which samples are of the positive class, for each curve.
    scores : ndarray of shape (k, n)
        Their scores.
    level : float
        Confidence level.

    Returns
    -------
    low, high : float
        In [0, 1].
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
        warnings.warn(
            f"The area under the ROC curve is {value:g}: DeLong's variance is 0 and says nothing "
            "about its uncertainty. Take more samples.",
            UserWarning,
            stacklevel=4,
        )
        return value, value
    half = ndtri((1 + level) / 2) * deviation / (value * (1 - value))
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))
