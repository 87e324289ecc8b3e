"""Scores of probabilities by name, as far as confidence intervals have to know them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri

from skdl._utils.checks import warn_user
from skdl.metrics import _brier
from skdl.metrics._confusion import Array
from skdl.metrics._groups import Groups, quantile
from skdl.metrics._probabilities import Forecast, forecast, of_one_class
from skdl.metrics._proportions import Limits
from skdl.metrics._recalibration import fitted_intercept, fitted_slope
from skdl.metrics._reliability import squared_error


class ForecastScore(NamedTuple):
    """A score, with what its interval is made of; `evaluate` is None where it has no bootstrap."""

    value: float
    why_undefined: str
    method: str
    limits: Callable[[float], Limits]
    evaluate: Callable[[npt.NDArray[Any]], float] | None = None


class _Scale(NamedTuple):
    """A scale on which an interval is symmetric, and the way back."""

    of: Callable[[Any], Any]
    back: Callable[[Any], Any]


def forecast_score(
    name: str,
    true: Any,
    predicted: Any,
    pos_label: Any,
    groups: Groups | None = None,
    n_bins: int | None = None,
) -> ForecastScore:
    """Evaluate a score by its name in the table."""
    of_a_class = name in ("calibration_slope", "calibration_intercept")
    parts = (of_one_class if of_a_class else forecast)(true, predicted, pos_label, name="y_pred")
    if name == "expected_calibration_error":
        value = float(np.sqrt(squared_error(parts, n_bins).debiased))
        limits = squared_error(parts, n_bins, groups).limits
        return ForecastScore(value, "", "chi-squared", limits)
    if name == "brier":
        return _of_brier(parts, groups)
    if name == "brier_skill":
        return _of_skill(parts, groups)
    fit = fitted_slope if name == "calibration_slope" else fitted_intercept
    found = fit(parts)
    return ForecastScore(
        found.value,
        found.reason,
        "wald",
        _wald(name, found.value, found.influence, groups),
        lambda rows: fit(parts.rows(rows)).value,
    )


def _of_brier(parts: Forecast, groups: Groups | None) -> ForecastScore:
    """On the logit scale of its range, where the interval holds its level near 0."""
    greatest = _brier.greatest_loss(parts)
    value = float(_brier.losses(parts).mean())
    share = value / greatest
    # Nothing is known of a score at either end.
    slope = 1 / (greatest * share * (1 - share)) if 0 < share < 1 else 0.0
    influence = _brier.loss_influence(parts) * slope
    scale = _Scale(lambda x: logit(x / greatest), lambda x: greatest * expit(x))
    return ForecastScore(
        value,
        "",
        "wald",
        _wald("brier", value, influence, groups, scale),
        lambda rows: float(_brier.losses(parts.rows(rows)).mean()),
    )


def _of_skill(parts: Forecast, groups: Groups | None) -> ForecastScore:
    """On the scale of the logarithm of the ratio of both losses."""
    value = _brier.skill(parts)
    known = not np.isnan(value) and value < 1
    influence = _brier.skill_influence(parts) if known else np.zeros(len(parts.outcomes))
    scale = _Scale(lambda x: -np.log(1 - x), lambda x: 1 - np.exp(-x))
    return ForecastScore(
        value,
        "y_true holds one class only",
        "wald",
        _wald("brier_skill", value, influence, groups, scale),
        lambda rows: _brier.skill(parts.rows(rows)),
    )


def _wald(
    name: str,
    value: float,
    influence: Array,
    groups: Groups | None,
    scale: _Scale | None = None,
) -> Callable[[float], Limits]:
    """Limits on a scale, of what each sample adds to the error there.

    By the normal distribution; of groups, by Student's t distribution of their sums.
    """

    def limits(level: float) -> Limits:
        if groups is None:
            width, deviation = float(ndtri((1 + level) / 2)), float(np.linalg.norm(influence))
        else:
            width = float(quantile(level, len(groups) - 1))
            deviation = float(np.linalg.norm(_of_groups(influence, groups)))
        if deviation == 0:
            warn_user(
                f"{name} is {value:g} without any variance, which says nothing about its "
                "uncertainty. Take more samples."
            )
            return value, value
        half = width * deviation
        if scale is None:
            return value - half, value + half
        place = scale.of(value)
        return float(scale.back(place - half)), float(scale.back(place + half))

    return limits


def _of_groups(influence: Array, groups: Groups) -> Array:
    """What each group adds to the error: what leaving it out would change, as of a mean."""
    shares = groups.sizes / groups.sizes.sum()
    return np.asarray(groups.sums(influence) / (1 - shares) * np.sqrt(1 - 1 / len(groups)))
