"""What decisions by probabilities are worth."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from skdl._utils.labels import score_values
from skdl.metrics._confusion import Array
from skdl.metrics._probabilities import of_one_class
from skdl.metrics._proportions import Limits


def net_benefit(
    y_true: Any, y_score: Any, thresholds: Any, *, pos_label: Any = None
) -> npt.NDArray[np.float64]:
    """Net benefit of treating everyone with at least a threshold probability.

    The proportion of samples that are treated correctly, minus the proportion treated needlessly,
    weighted by the odds of the threshold: TP / n - FP / n * threshold / (1 - threshold). Being
    willing to treat ten patients so that one of them is treated correctly means deciding by a
    threshold of 0.1 and counting each of the nine others as 1/9 of a harm.

    A model is useful at a threshold if its net benefit is greater than 0, that of treating none,
    and greater than that of treating all, which is the net benefit of scores of 1.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_score : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class, or of all classes in sorted order, in [0, 1].
    thresholds : float or array-like of shape (n_thresholds,)
        Threshold probabilities, in [0, 1).
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels, and with more than two classes.

    Returns
    -------
    benefit : float64 ndarray of shape (n_thresholds,)
        In true positives per sample: at most the prevalence, and unbounded below. For a single
        number as threshold, the shape is (1,).

    Raises
    ------
    ValueError
        If a probability is missing or outside [0, 1], a threshold is not in [0, 1), arrays differ
        in length, or the positive class cannot be guessed or does not occur.

    See Also
    --------
    skdl.plotting.DecisionCurveDisplay : Plot the net benefit by threshold.

    References
    ----------
    Vickers and Elkin, "Decision curve analysis: a novel method for evaluating prediction models",
    Medical Decision Making 26 (2006), 565-574.

    Vickers, Van Calster and Steyerberg, "A simple, step-by-step guide to interpreting decision
    curve analysis", Diagnostic and Prognostic Research 3 (2019), 18.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.metrics import net_benefit
    >>> y_true = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    >>> y_score = [0.7, 0.3, 0.4, 0.2, 0.1, 0.1, 0.1, 0.0, 0.0, 0.0]
    >>> net_benefit(y_true, y_score, [0.2, 0.5]).round(3)
    array([0.15, 0.1 ])
    >>> net_benefit(y_true, np.ones(10), [0.1, 0.5]).round(3)  # treat all
    array([ 0.111, -0.6  ])
    """
    parts = of_one_class(y_true, y_score, pos_label, "y_score")
    places = check_thresholds(thresholds)
    right, in_vain = _treated(parts.outcomes[:, 0] == 1, parts.probabilities[:, 0], places)
    return np.asarray(right - in_vain * places / (1 - places))


def net_benefit_interval(
    positive: npt.NDArray[np.bool_], scores: Array, thresholds: Array, level: float
) -> Limits:
    """Limits at each threshold for itself, by the normal distribution.

    The net benefit is the mean of what each sample is worth: 1 or minus the odds of the threshold
    where it is treated, and 0 where it is not.
    """
    right, in_vain = _treated(positive, scores, thresholds)
    odds = thresholds / (1 - thresholds)
    benefit = right - in_vain * odds
    variance = right + in_vain * odds**2 - benefit**2
    half = ndtri((1 + level) / 2) * np.sqrt(np.maximum(variance, 0) / max(len(scores) - 1, 1))
    return benefit - half, benefit + half


def _treated(positive: npt.NDArray[np.bool_], scores: Array, thresholds: Array) -> Limits:
    """Shares of samples that are positive and treated, and negative and treated."""
    shares = []
    for group in (scores[positive], scores[~positive]):
        below = np.searchsorted(np.sort(group), thresholds, side="left")
        shares.append((len(group) - below) / len(scores))
    return shares[0], shares[1]


def check_thresholds(thresholds: Any) -> npt.NDArray[np.float64]:
    """Threshold probabilities as an array of shape (n_thresholds,)."""
    values = [thresholds] if np.ndim(thresholds) == 0 else thresholds
    places = score_values(values, "thresholds")
    if places.ndim != 1:
        raise ValueError(f"thresholds must be of shape (n_thresholds,). Got shape {places.shape}.")
    outside = (places < 0) | (places >= 1)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(
            f"thresholds has {places[row]:g} at position {row}. Threshold probabilities must be "
            "at least 0 and less than 1."
        )
    return places
