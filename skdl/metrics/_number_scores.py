"""Scores of predicted numbers, as far as confidence intervals have to know them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from skdl._utils.labels import check_length
from skdl._utils.targets import check_numbers
from skdl.metrics._confusion import Array
from skdl.metrics._groups import Groups
from skdl.metrics._proportions import Limits
from skdl.metrics._wald import KnownValue, Scale, wald_limits

_LOG = Scale(np.log, np.exp)
_RATIO = Scale(lambda x: -np.log(1 - x), lambda x: 1 - np.exp(-x))
_PLACE = float(ndtri(0.975))  # of the limits of agreement that are scores, in standard deviations
_PLACES = {"bias": 0.0, "lower_limit_of_agreement": -_PLACE, "upper_limit_of_agreement": _PLACE}


def r2(y_true: Any, y_pred: Any) -> float:
    """Return the coefficient of determination; that of a constant truth is undefined."""
    true, predicted = number_pair(y_true, y_pred)
    if np.ptp(true) == 0:
        raise ValueError("R² is undefined because y_true is constant.")
    return float(1 - np.square(predicted - true).sum() / np.square(true - true.mean()).sum())


def quadratic_kappa_score(y_true: Any, y_pred: Any) -> float:
    """Quadratic weighted kappa of grades: agreement beyond chance, weighted by distance.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True grades: numbers whose differences are the distances between grades, such as 0 to 4.
    y_pred : array-like of shape (n,)
        Predicted grades.

    Returns
    -------
    kappa : float
        1 if all grades are right, 0 for agreement by chance, and negative for less.

    Raises
    ------
    ValueError
        If grades are not numbers, lengths differ, or all true and predicted grades are the same.

    See Also
    --------
    sklearn.metrics.cohen_kappa_score : With ``weights="quadratic"``, the same for consecutive
        grades that all occur; grades that do not occur change its distances.
    confidence_interval : Its interval, as "quadratic_kappa".

    References
    ----------
    Cohen, "Weighted kappa: nominal scale agreement with provision for scaled disagreement or
    partial credit", Psychological Bulletin 70 (1968), 213-220.

    Examples
    --------
    >>> from skdl.metrics import quadratic_kappa_score
    >>> round(quadratic_kappa_score([0, 1, 2, 3, 4], [0, 1, 2, 4, 4]), 2)
    0.96
    """
    true, predicted = number_pair(y_true, y_pred)
    expected = _by_chance(true, predicted)
    if expected == 0:
        raise ValueError("Kappa is undefined: all grades, true and predicted, are the same.")
    return float(1 - np.square(predicted - true).mean() / expected)


def _by_chance(true: Array, predicted: Array) -> float:
    """Mean squared difference of any true and any predicted grade."""
    return float(true.var() + predicted.var() + (true.mean() - predicted.mean()) ** 2)


def kappa_score(y_true: Any, y_pred: Any, groups: Groups | None) -> KnownValue:
    """Quadratic weighted kappa, on the scale of the logarithm of what it lacks."""
    true, predicted = number_pair(y_true, y_pred)
    n, squares = len(true), np.square(predicted - true)
    observed, expected = float(squares.mean()), _by_chance(true, predicted)

    def evaluate(rows: npt.NDArray[Any]) -> float:
        by_chance = _by_chance(true[rows], predicted[rows])
        return float(1 - squares[rows].mean() / by_chance) if by_chance > 0 else np.nan

    influence = np.zeros(n)
    if observed > 0 and expected > 0:
        a, b = true - true.mean(), predicted - predicted.mean()
        shift = true.mean() - predicted.mean()
        chance = (a**2 + b**2 + 2 * shift * (a - b) + shift**2 - expected) / expected
        influence = (chance - (squares - observed) / observed) / n
    value = evaluate(np.arange(n))
    limits = wald_limits("quadratic_kappa", value, _of_sample(influence), groups, _RATIO, n - 1)
    return KnownValue(value, "all grades are the same", "wald", limits, evaluate)


def bias(y_true: Any, y_pred: Any) -> float:
    """Return how much larger predicted numbers are than the true ones, on average."""
    true, predicted = number_pair(y_true, y_pred)
    return float((predicted - true).mean())


def lower_limit(y_true: Any, y_pred: Any) -> float:
    """Return the lower limit of agreement, below which 2.5 % of the differences lie."""
    true, predicted = number_pair(y_true, y_pred)
    return _place(predicted - true, -_PLACE)


def upper_limit(y_true: Any, y_pred: Any) -> float:
    """Return the upper limit of agreement, above which 2.5 % of the differences lie."""
    true, predicted = number_pair(y_true, y_pred)
    return _place(predicted - true, _PLACE)


def number_pair(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """True and predicted numbers of the same samples, one of each."""
    found = []
    for values, name in ((y_true, "y_true"), (y_pred, "y_pred")):
        numbers = check_numbers(values, name)
        if numbers.ndim == 2 and numbers.shape[1] > 1:
            raise ValueError(
                f"{name} has shape {numbers.shape}. Pass one number per sample, and one output at "
                "a time."
            )
        found.append(numbers.ravel())
    true, predicted = found
    if not len(true):
        raise ValueError("y_true is empty. Pass at least one sample.")
    check_length(true, "y_true", predicted, "y_pred")
    return true, predicted


def number_score(name: str, y_true: Any, y_pred: Any, groups: Groups | None) -> KnownValue:
    """Evaluate a score by its name in the table."""
    true, predicted = number_pair(y_true, y_pred)
    differences = predicted - true
    if name == "r2":
        return _of_r2(true, differences, groups)
    if name in ("mae", "rmse"):
        return _of_errors(name, differences, groups)
    return of_place(name, _PLACES[name], differences, groups)


def _of_errors(name: str, differences: Array, groups: Groups | None) -> KnownValue:
    """Mean absolute and root mean squared errors, on the scale of the logarithm."""
    root = name == "rmse"

    def evaluate(values: Array) -> float:
        return float(np.sqrt(np.square(values).mean()) if root else np.abs(values).mean())

    errors = np.square(differences) if root else np.abs(differences)
    mean = errors.mean()
    influence = np.zeros(len(errors))
    if mean > 0:
        influence = (errors - mean) / (mean * len(errors) * (2 if root else 1))
    return _known(name, evaluate, differences, influence, groups, _LOG)


def _of_r2(true: Array, differences: Array, groups: Groups | None) -> KnownValue:
    """The coefficient of determination, on the scale of the logarithm of what it lacks."""
    n, around = len(true), np.square(true - true.mean())
    squares = np.square(differences)

    def evaluate(rows: npt.NDArray[Any]) -> float:
        total = np.square(true[rows] - true[rows].mean()).sum()
        return float(1 - squares[rows].sum() / total) if total > 0 else np.nan

    value = evaluate(np.arange(n))
    influence = np.zeros(n)
    if around.sum() > 0 and squares.sum() > 0:
        influence = around / around.sum() - squares / squares.sum()
    limits = wald_limits("r2", value, _of_sample(influence), groups, _RATIO, n - 1)
    return KnownValue(value, "y_true is constant", "wald", limits, evaluate)


def of_place(name: str, place: float, differences: Array, groups: Groups | None) -> KnownValue:
    """The mean of the differences plus so many standard deviations."""
    n = len(differences)
    if n < 2:
        raise ValueError(f"{name} needs at least 2 samples, and there is 1.")
    deviations = differences - differences.mean()
    spread = float(np.std(differences, ddof=1))
    influence = deviations / n
    if spread > 0:
        influence = influence + place * (np.square(deviations) - spread**2) / (2 * spread * n)

    def evaluate(values: Array) -> float:
        return _place(values, place)

    found = _known(name, evaluate, differences, influence, groups)._replace(method="t")
    if groups is not None or spread == 0:
        return found
    return found._replace(
        limits=lambda level: _wider(_exact(differences, place, level), found.limits(level))
    )


def _wider(exact: Limits, robust: Limits) -> Limits:
    """The one is exact for normal differences, the other knows tails that are heavier."""
    return min(exact[0], robust[0]), max(exact[1], robust[1])


def _exact(differences: Array, place: float, level: float) -> Limits:
    """By the noncentral t distribution, or at the mean by Student's."""
    from scipy.stats import nct  # which takes long to import

    n, root = len(differences), np.sqrt(len(differences))
    mean, spread = differences.mean(), np.std(differences, ddof=1)
    ends = nct.ppf([(1 - level) / 2, (1 + level) / 2], n - 1, place * root) / root
    return float(mean + ends[0] * spread), float(mean + ends[1] * spread)


def _place(differences: Array, place: float) -> float:
    if len(differences) < 2:
        return float("nan") if place else float(differences.mean())
    return float(differences.mean() + place * np.std(differences, ddof=1))


def _known(
    name: str,
    evaluate: Callable[[Array], float],
    differences: Array,
    influence: Array,
    groups: Groups | None,
    scale: Scale | None = None,
) -> KnownValue:
    value = evaluate(differences)
    degrees = len(differences) - 1
    limits = wald_limits(name, value, _of_sample(influence), groups, scale, degrees)
    return KnownValue(value, "", "wald", limits, lambda rows: evaluate(differences[rows]))


def _of_sample(influence: Array) -> Array:
    """Scaled for the mean that was estimated, too."""
    n = len(influence)
    return influence * np.sqrt(n / (n - 1)) if n > 1 else influence
