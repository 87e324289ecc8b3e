"""The Brier score, and how much better it is than that of the prevalence."""

from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skdl._utils.checks import warn_user
from skdl.metrics._confusion import Array
from skdl.metrics._probabilities import Forecast, forecast


def brier_skill_score(
    y_true: Any, y_prob: Any, *, pos_label: Any = None, labels: Any = None
) -> float:
    """Brier skill score: the relative improvement over the Brier score of the prevalence.

    One minus the Brier score of the model divided by that of a model which predicts, for every
    sample, the frequencies of the classes among these samples. 1 is perfect, 0 is no better than
    knowing the frequencies of the classes, and negative values are worse. Unlike the Brier score,
    it can be compared between samples with different class frequencies.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_prob : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class, or of all classes in sorted order, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}, and all classes if there are more than two; required with other labels.
    labels : array-like of shape (n_classes,), default=None
        All classes, if some may not occur in `y_true`. If None, use those that occur.

    Returns
    -------
    skill : float
        At most 1; NaN with an ``UndefinedMetricWarning`` if `y_true` has only one class.

    Raises
    ------
    ValueError
        If a probability is missing or outside [0, 1], those of several classes do not sum to 1,
        arrays differ in length, or the positive class cannot be guessed or does not occur.

    Warns
    -----
    UndefinedMetricWarning
        If `y_true` has only one class.

    See Also
    --------
    sklearn.metrics.brier_score_loss : The Brier score itself.
    confidence_interval : Intervals of both, as "brier" and "brier_skill".

    References
    ----------
    Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78
    (1950), 1-3.

    Steyerberg et al., "Assessing the performance of prediction models: a framework for traditional
    and novel measures", Epidemiology 21 (2010), 128-138.

    Examples
    --------
    >>> from skdl.metrics import brier_skill_score
    >>> round(brier_skill_score([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.9]), 2)
    0.66
    >>> brier_skill_score([0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5])
    0.0
    """
    parts = forecast(y_true, y_prob, pos_label, labels)
    value = skill(parts)
    if np.isnan(value):
        warn_user(
            "The Brier skill is undefined and set to nan, as y_true has only one class.",
            UndefinedMetricWarning,
        )
    return value


def brier_loss(y_true: Any, y_prob: Any, *, pos_label: Any = None, labels: Any = None) -> float:
    """scikit-learn's `brier_score_loss`, which has several classes from version 1.7 on."""
    return float(losses(forecast(y_true, y_prob, pos_label, labels)).mean())


def losses(parts: Forecast) -> Array:
    """The squared distance of each sample: from 0 to 1, or to 2 of several classes."""
    return np.asarray(((parts.outcomes - parts.probabilities) ** 2).sum(axis=1))


def greatest_loss(parts: Forecast) -> float:
    """The loss where a class is sure and another is true."""
    return 1.0 if parts.is_binary else 2.0


def skill(parts: Forecast) -> float:
    """The Brier skill; NaN where there is one class only."""
    by_prevalence = losses(_of_prevalence(parts)).mean()
    if by_prevalence == 0:
        return float("nan")
    return float(1 - losses(parts).mean() / by_prevalence)


def loss_influence(parts: Forecast) -> Array:
    """What each sample adds to the error of the mean loss."""
    return _centered(losses(parts))


def skill_influence(parts: Forecast) -> Array:
    """What each sample adds to the error of the logarithm of 1 less the skill.

    The prevalences are of the same samples: that they vary, too, adds nothing in first order to
    their mean loss, beyond what each sample loses by them.
    """
    own, by_prevalence = losses(parts), losses(_of_prevalence(parts))
    return _centered(own / own.mean() - by_prevalence / by_prevalence.mean())


def _of_prevalence(parts: Forecast) -> Forecast:
    prevalence = parts.outcomes.mean(axis=0)
    return Forecast(parts.outcomes, np.broadcast_to(prevalence, parts.outcomes.shape))


def _centered(values: Array) -> Array:
    n = len(values)
    return np.asarray((values - values.mean()) / np.sqrt(n * max(n - 1, 1)))
