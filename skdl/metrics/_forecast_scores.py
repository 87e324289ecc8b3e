"""Scores of probabilities by name, as far as confidence intervals have to know them."""

from typing import Any

import numpy as np
from scipy.special import expit, logit

from skdl.metrics import _brier
from skdl.metrics._groups import Groups
from skdl.metrics._probabilities import Forecast, forecast, of_one_class
from skdl.metrics._recalibration import fitted_intercept, fitted_slope
from skdl.metrics._reliability import squared_error
from skdl.metrics._wald import KnownValue, Scale, wald_limits


def forecast_score(
    name: str,
    true: Any,
    predicted: Any,
    pos_label: Any,
    groups: Groups | None = None,
    n_bins: int | None = None,
) -> KnownValue:
    """Evaluate a score by its name in the table."""
    of_a_class = name in ("calibration_slope", "calibration_intercept")
    parts = (of_one_class if of_a_class else forecast)(true, predicted, pos_label, name="y_pred")
    if name == "expected_calibration_error":
        value = float(np.sqrt(squared_error(parts, n_bins).debiased))
        limits = squared_error(parts, n_bins, groups).limits
        return KnownValue(value, "", "chi-squared", limits)
    if name == "brier":
        return _of_brier(parts, groups)
    if name == "brier_skill":
        return _of_skill(parts, groups)
    fit = fitted_slope if name == "calibration_slope" else fitted_intercept
    found = fit(parts)
    return KnownValue(
        found.value,
        found.reason,
        "wald",
        wald_limits(name, found.value, found.influence, groups),
        lambda rows: fit(parts.rows(rows)).value,
    )


def _of_brier(parts: Forecast, groups: Groups | None) -> KnownValue:
    """On the logit scale of its range, where the interval holds its level near 0."""
    greatest = _brier.greatest_loss(parts)
    value = float(_brier.losses(parts).mean())
    share = value / greatest
    # Nothing is known of a score at either end.
    slope = 1 / (greatest * share * (1 - share)) if 0 < share < 1 else 0.0
    influence = _brier.loss_influence(parts) * slope
    scale = Scale(lambda x: logit(x / greatest), lambda x: greatest * expit(x))
    return KnownValue(
        value,
        "",
        "wald",
        wald_limits("brier", value, influence, groups, scale),
        lambda rows: float(_brier.losses(parts.rows(rows)).mean()),
    )


def _of_skill(parts: Forecast, groups: Groups | None) -> KnownValue:
    """On the scale of the logarithm of the ratio of both losses."""
    value = _brier.skill(parts)
    known = not np.isnan(value) and value < 1
    influence = _brier.skill_influence(parts) if known else np.zeros(len(parts.outcomes))
    scale = Scale(lambda x: -np.log(1 - x), lambda x: 1 - np.exp(-x))
    return KnownValue(
        value,
        "y_true has only one class",
        "wald",
        wald_limits("brier_skill", value, influence, groups, scale),
        lambda rows: _brier.skill(parts.rows(rows)),
    )
