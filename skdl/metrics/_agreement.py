"""How far predicted numbers may be from the true ones.

Decisions: docs/decisions.md#scores-and-intervals.
"""

from typing import Any, NamedTuple

from scipy.special import ndtri

from skdl.metrics._checks import check_level
from skdl.metrics._groups import groups_of
from skdl.metrics._intervals import ConfidenceInterval
from skdl.metrics._number_scores import number_pair, of_place


class LimitsOfAgreement(NamedTuple):
    """Bias and limits of agreement, each with its confidence interval.

    Parameters
    ----------
    bias : ConfidenceInterval
        The mean of the differences, predicted minus true.
    lower, upper : ConfidenceInterval
        The limits.

    Examples
    --------
    >>> from skdl.metrics import limits_of_agreement
    >>> found = limits_of_agreement([1, 2, 3, 4], [1.1, 1.9, 3.2, 4.2])
    >>> round(found.bias.estimate, 2)
    0.1
    """

    bias: ConfidenceInterval
    lower: ConfidenceInterval
    upper: ConfidenceInterval


def limits_of_agreement(
    y_true: Any,
    y_pred: Any,
    *,
    groups: Any = None,
    agreement: float = 0.95,
    level: float = 0.95,
) -> LimitsOfAgreement:
    """Bland-Altman limits of agreement of predicted and true numbers.

    If the differences are normally distributed, a proportion `agreement` of them is between the
    limits.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True numbers.
    y_pred : array-like of shape (n,)
        Predicted numbers.
    groups : array-like of shape (n,), default=None
        The group of each sample, such as the patient. Samples of a group may be correlated; groups
        are independent. If None, all samples are assumed to be independent.
    agreement : float in (0, 1), default=0.95
        Proportion of differences between the limits, which are the mean plus and minus a multiple
        of the standard deviation: 1.96 times for 0.95.
    level : float in (0, 1), default=0.95
        Confidence level of the three intervals.

    Returns
    -------
    limits : LimitsOfAgreement
        Named tuple of `bias`, `lower` and `upper`, each a :class:`ConfidenceInterval` in the unit
        of y.

    Raises
    ------
    ValueError
        If there are fewer than two samples, numbers are missing or infinite, lengths differ, or
        `agreement` or `level` is out of range.

    Warns
    -----
    UserWarning
        If all differences are equal, so the intervals have no width; or if there are fewer than 10
        groups.

    See Also
    --------
    skdl.plotting.BlandAltmanDisplay : Plot the differences and these limits.
    confidence_interval : Intervals of other scores of predicted numbers, such as "mae".

    Notes
    -----
    Without groups, the interval of the bias is that of Student's t distribution. Intervals of the
    limits are either exact for normally distributed differences, from the noncentral t distribution
    [2]_, or those of the delta method, whichever are wider: tails that are heavier than those of a
    normal distribution make the standard deviation less certain. With groups, intervals use the
    delta method on the contributions of the groups to the error, with quantiles of Student's t
    distribution.

    References
    ----------
    .. [1] Bland and Altman, "Measuring agreement in method comparison studies", Statistical Methods
       in Medical Research 8 (1999), 135-160.
    .. [2] Carkeet, "Exact parametric confidence intervals for Bland-Altman limits of agreement",
       Optometry and Vision Science 92 (2015), e71-e80.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.metrics import limits_of_agreement
    >>> y_true = np.linspace(20, 80, 50)
    >>> y_pred = y_true + np.sin(np.arange(50))
    >>> _, lower, upper = limits_of_agreement(y_true, y_pred)
    >>> f"{lower.estimate:.2f} ({lower.low:.2f} to {lower.high:.2f})"
    '-1.40 (-1.81 to -1.11)'
    """
    check_level(level)
    check_level(agreement, "agreement")
    true, predicted = number_pair(y_true, y_pred)
    together = None if groups is None else groups_of(groups, len(true))
    found = []
    for side in (0, -1, 1):
        place = side * float(ndtri((1 + agreement) / 2))
        known = of_place("The limits of agreement", place, predicted - true, together)
        found.append(ConfidenceInterval(known.value, *known.limits(level)))
    return LimitsOfAgreement(*found)
