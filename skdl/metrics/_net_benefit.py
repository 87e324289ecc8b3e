"""What decisions by probabilities are worth."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.labels import score_values
from skdl.metrics._probabilities import of_one_class


def net_benefit(
    y_true: Any, y_score: Any, thresholds: Any, *, pos_label: Any = None
) -> npt.NDArray[np.float64]:
    """Net benefit of treating whoever has at least a threshold probability.

    The share of samples that are treated rightly, less the share that is treated in vain, weighted
    by the odds of the threshold: TP / n - FP / n * threshold / (1 - threshold). Whoever would treat
    ten patients so that one of them is rightly treated, decides by a threshold of 0.1 and counts
    each of the nine others as 1/9 of a harm.

    A model is of use at a threshold where its net benefit is greater than 0, that of treating none,
    and than that of treating all, which is the net benefit of scores of 1.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_score : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class, or of all classes in sorted order, in [0, 1].
    thresholds : float or array-like of shape (n_thresholds,)
        Threshold probabilities, in [0, 1).
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. None takes 1 of {0, 1} or {-1, 1} and True of
        {False, True}; it is needed with other labels, and with more than two classes.

    Returns
    -------
    benefit : float64 ndarray of shape (n_thresholds,)
        In true positives per sample: at most the prevalence, and unbounded below. A number for one
        threshold gives an array of shape (1,).

    Raises
    ------
    ValueError
        If a probability is missing or outside [0, 1], a threshold is none in [0, 1), arrays differ
        in length, or the positive class cannot be guessed or does not occur.

    See Also
    --------
    skdl.plotting.DecisionCurveDisplay : Net benefit by threshold, drawn.

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
    >>> net_benefit(y_true, np.ones(10), [0.2, 0.5]).round(3)  # treat all
    array([ 0. , -0.6])
    """
    parts = of_one_class(y_true, y_score, pos_label, "y_score")
    places = check_thresholds(thresholds)
    positive, scores = parts.outcomes[:, 0] == 1, np.sort(parts.probabilities[:, 0])
    n = len(scores)
    ours = np.sort(parts.probabilities[positive, 0])
    treated = n - np.searchsorted(scores, places, side="left")
    right = len(ours) - np.searchsorted(ours, places, side="left")
    return np.asarray((right - (treated - right) * places / (1 - places)) / n)


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
            f"thresholds has {places[row]:g} at position {row}: threshold probabilities must be "
            "at least 0 and less than 1, at which no benefit makes up for a harm."
        )
    return places
