"""Whether predicted probabilities are those that are observed.

Decisions: docs/decisions.md#calibration-and-thresholds.
"""

from typing import Any, Literal, TypeAlias

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skdl._utils.checks import check_choice, warn_user
from skdl.metrics._probabilities import forecast, of_one_class
from skdl.metrics._recalibration import Fit, fitted_intercept, fitted_slope
from skdl.metrics._reliability import mean_absolute_error, squared_error

Norm: TypeAlias = Literal["l1", "l2"]


def expected_calibration_error(
    y_true: Any,
    y_prob: Any,
    *,
    n_bins: int | None = None,
    norm: Norm = "l2",
    debiased: bool = True,
    pos_label: Any = None,
    labels: Any = None,
) -> float:
    """Expected calibration error: how far probabilities are from observed frequencies.

    The root mean square of the difference between the mean probability and the observed frequency
    in bins with about equal numbers of samples. Even for perfect probabilities, the two differ by
    chance, and more so with fewer samples per bin. The estimate is therefore debiased: its square
    does not overestimate the squared error.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_prob : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class, or of all classes in sorted order, in [0, 1].
    n_bins : int, default=None
        Number of bins, each with at least two samples. If None, use 15, or fewer so that each bin
        has 10 samples. Equal probabilities share a bin, so there may be fewer bins.
    norm : {"l2", "l1"}, default="l2"
        "l2" is the root mean square of the differences. "l1" is their mean absolute value, which is
        smaller; most papers on deep learning report it without debiasing. Only the square of a
        difference can be estimated without bias; with "l1", debiasing removes only part of the
        bias.
    debiased : bool, default=True
        Whether to remove the contribution of chance.
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}, and the mean over all classes if there are more than two: for "l2" the root
        of the mean square. Required with other labels.
    labels : array-like of shape (n_classes,), default=None
        All classes, if some may not occur in `y_true`. If None, use those that occur.

    Returns
    -------
    error : float
        In [0, 1]; 0 if the differences are no greater than those due to chance.

    Raises
    ------
    ValueError
        If a probability is missing or outside [0, 1], those of several classes do not sum to 1,
        arrays differ in length, there are fewer than two samples per bin, or the positive class
        cannot be guessed or does not occur.

    See Also
    --------
    calibration_slope : Whether probabilities are too extreme.
    calibration_intercept : Whether they are too low or too high.
    confidence_interval : Its interval, as "expected_calibration_error".
    skdl.plotting.ReliabilityDisplay : Plot the bins.

    Notes
    -----
    With more than two classes, it is the error of every class against the rest, the marginal
    calibration error of Kumar et al. That of the predicted labels (Guo et al., "On calibration of
    modern neural networks", ICML 2017) is ``expected_calibration_error(y_pred == y_true,
    y_prob.max(axis=1))``.

    References
    ----------
    Bröcker, "Estimating reliability and resolution of probability forecasts through decomposition
    of the empirical score", Climate Dynamics 39 (2012), 655-667.

    Kumar, Liang and Ma, "Verified uncertainty calibration", NeurIPS 2019.

    Sun, Chaudhari, Barnett and Dobriban, "A confidence interval for the l2 expected calibration
    error", arXiv:2408.08998 (2024).

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.metrics import expected_calibration_error
    >>> y_prob = np.repeat([0.2, 0.6, 0.9], 100)
    >>> y_true = np.concatenate([np.arange(100) < n for n in (30, 50, 80)])
    >>> round(expected_calibration_error(y_true, y_prob, debiased=False), 3)  # each is off by 0.1
    0.1
    >>> round(expected_calibration_error(y_true, y_prob), 3)
    0.089
    """
    check_choice(norm, "norm", ("l2", "l1"))
    check_choice(debiased, "debiased", (True, False))
    parts = forecast(y_true, y_prob, pos_label, labels)
    if norm == "l1":
        return mean_absolute_error(parts, n_bins, debiased)
    error = squared_error(parts, n_bins)
    return float(np.sqrt(error.debiased if debiased else error.found))


def calibration_slope(y_true: Any, y_prob: Any, *, pos_label: Any = None) -> float:
    """Calibration slope: whether probabilities are too extreme or not extreme enough.

    The coefficient in a logistic regression of the outcomes on the log odds of the probabilities.
    It is 1 for good probabilities, less than 1 if they are too close to 0 and 1, as with an
    overfitted model, and greater than 1 if they are too close to the prevalence.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_prob : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class, or of all classes in sorted order, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels, and with more than two classes.

    Returns
    -------
    slope : float
        Negative if positive samples have the lower probabilities; NaN with an
        ``UndefinedMetricWarning`` if it is undefined.

    Raises
    ------
    ValueError
        If a probability is missing or outside [0, 1], arrays differ in length, or the positive
        class cannot be guessed or does not occur.

    Warns
    -----
    UndefinedMetricWarning
        If `y_true` has only one class, all probabilities are equal, all are 0 or 1, or they
        separate the classes, so that no finite slope fits best.

    See Also
    --------
    calibration_intercept : Whether probabilities are too low or too high.
    confidence_interval : Its interval, as "calibration_slope".

    Notes
    -----
    Log odds of 0 and 1 are infinite. Probabilities that are closer to them than 1.2e-7, the
    precision of single-precision numbers near 1, are clipped to this distance. A confident mistake
    still affects the slope.

    References
    ----------
    Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958), 562-565.

    Van Calster, McLernon, van Smeden, Wynants and Steyerberg, "Calibration: the Achilles heel of
    predictive analytics", BMC Medicine 17 (2019), 230.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.special import expit
    >>> from skdl.metrics import calibration_slope
    >>> generator = np.random.default_rng(0)
    >>> log_odds = generator.normal(size=10_000)
    >>> y_true = generator.random(10_000) < expit(log_odds)
    >>> round(calibration_slope(y_true, expit(2 * log_odds)), 1)  # twice too sure
    0.5
    """
    parts = of_one_class(y_true, y_prob, pos_label)
    return _value("calibration slope", fitted_slope(parts))


def calibration_intercept(y_true: Any, y_prob: Any, *, pos_label: Any = None) -> float:
    """Calibration intercept: whether probabilities are too low or too high overall.

    Also called calibration-in-the-large: the number to add to the log odds of the probabilities so
    that their mean is the observed frequency, or the intercept of a logistic regression in which
    the slope is 1. It is 0 for good probabilities, positive if they are too low and negative if
    they are too high.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_prob : array-like of shape (n,), or (n, n_classes)
        Probabilities of the positive class, or of all classes in sorted order, in [0, 1].
    pos_label : int, float, bool or str, default=None
        The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or True of
        {False, True}; required with other labels, and with more than two classes.

    Returns
    -------
    intercept : float
        In log odds; NaN with an ``UndefinedMetricWarning`` if it is undefined.

    Raises
    ------
    ValueError
        If a probability is missing or outside [0, 1], arrays differ in length, or the positive
        class cannot be guessed or does not occur.

    Warns
    -----
    UndefinedMetricWarning
        If `y_true` has only one class, or all probabilities are 0 or 1.

    See Also
    --------
    calibration_slope : Whether probabilities are too extreme.
    confidence_interval : Its interval, as "calibration_intercept".

    Notes
    -----
    Probabilities of 0 and 1 are clipped as in :func:`calibration_slope`.

    References
    ----------
    Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958), 562-565.

    Van Calster, McLernon, van Smeden, Wynants and Steyerberg, "Calibration: the Achilles heel of
    predictive analytics", BMC Medicine 17 (2019), 230.

    Examples
    --------
    >>> from skdl.metrics import calibration_intercept
    >>> y_true = [0, 0, 0, 1]  # odds of 1 to 3
    >>> round(calibration_intercept(y_true, [0.1, 0.1, 0.1, 0.1]), 3)  # the logarithm of 3
    1.099
    >>> round(calibration_intercept(y_true, [0.5, 0.5, 0.5, 0.5]), 3)
    -1.099
    """
    parts = of_one_class(y_true, y_prob, pos_label)
    return _value("calibration intercept", fitted_intercept(parts))


def _value(name: str, fit: Fit) -> float:
    if fit.reason:
        warn_user(
            f"The {name} is undefined and set to nan, as {fit.reason}.", UndefinedMetricWarning
        )
    return fit.value
