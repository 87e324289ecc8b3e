"""Scores of probabilities by name, as far as confidence intervals have to know them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri

from skdl._utils.checks import warn_user
from skdl.metrics import _brier
from skdl.metrics._confusion import Array
from skdl.metrics._probabilities import Forecast, forecast, of_one_class
from skdl.metrics._proportions import Limits
from skdl.metrics._recalibration import fitted_intercept, fitted_slope
from skdl.metrics._reliability import squared_error


class ForecastScore(NamedTuple):
    """A score, with what its interval is made of.

    Without an `influence` on the scale of the interval, it has no bootstrap: `evaluate` is None.
    """

    value: float
    why_undefined: str
    method: str
    limits: Callable[[float], Limits]
    evaluate: Callable[[npt.NDArray[Any]], float] | None = None
    influence: Array | None = None


def forecast_score(
    name: str, true: Any, predicted: Any, pos_label: Any, n_bins: int | None = None
) -> ForecastScore:
    """Evaluate a score by its name in the table."""
    of_a_class = name in ("calibration_slope", "calibration_intercept")
    parts = (of_one_class if of_a_class else forecast)(true, predicted, pos_label, name="y_pred")
    if name == "expected_calibration_error":
        error = squared_error(parts, n_bins)
        return ForecastScore(float(np.sqrt(error.debiased)), "", "chi-squared", error.limits)
    if name == "brier":
        return _of_brier(parts)
    if name == "brier_skill":
        return _of_skill(parts)
    fit = fitted_slope if name == "calibration_slope" else fitted_intercept
    found = fit(parts)
    return ForecastScore(
        found.value,
        found.reason,
        "wald",
        _wald(name, found.value, found.influence),
        lambda rows: fit(parts.rows(rows)).value,
        found.influence,
    )


def _of_brier(parts: Forecast) -> ForecastScore:
    """On the logit scale of its range, where the interval holds its level near 0."""
    greatest = _brier.greatest_loss(parts)
    value = float(_brier.losses(parts).mean())
    share = value / greatest
    # Nothing is known of a score at either end.
    slope = 1 / (greatest * share * (1 - share)) if 0 < share < 1 else 0.0
    influence = _brier.loss_influence(parts) * slope
    return ForecastScore(
        value,
        "",
        "wald",
        _wald(
            "brier", value, influence, lambda x: logit(x / greatest), lambda x: greatest * expit(x)
        ),
        lambda rows: float(_brier.losses(parts.rows(rows)).mean()),
        influence,
    )


def _of_skill(parts: Forecast) -> ForecastScore:
    """On the scale of the logarithm of the ratio of both losses."""
    value = _brier.skill(parts)
    known = not np.isnan(value) and value < 1
    influence = _brier.skill_influence(parts) if known else np.zeros(len(parts.outcomes))
    return ForecastScore(
        value,
        "y_true holds one class only",
        "wald",
        _wald("brier_skill", value, influence, lambda x: -np.log(1 - x), lambda x: 1 - np.exp(-x)),
        lambda rows: _brier.skill(parts.rows(rows)),
        -influence,
    )


def _wald(
    name: str,
    value: float,
    influence: Array,
    scale: Callable[[Any], Any] = lambda x: x,
    back: Callable[[Any], Any] = lambda x: x,
) -> Callable[[float], Limits]:
    """Limits by the normal distribution on a scale, of what each sample adds to the error there."""

    def limits(level: float) -> Limits:
        deviation = np.linalg.norm(influence)
        if deviation == 0:
            warn_user(
                f"{name} is {value:g} without any variance, which says nothing about its "
                "uncertainty. Take more samples."
            )
            return value, value
        half = ndtri((1 + level) / 2) * deviation
        return float(back(scale(value) - half)), float(back(scale(value) + half))

    return limits
