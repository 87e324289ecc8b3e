"""Logistic recalibration: by what factor and by how much the log odds of a model are wrong.

Decisions: docs/decisions.md#calibration-and-thresholds.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, logit

from skdl.metrics._confusion import Array
from skdl.metrics._probabilities import Forecast

# Networks compute in single precision, which has no number between 1 and 1 less this. Probabilities
# of exactly 0 or 1 would have infinite log odds.
CLOSEST = float(np.finfo(np.float32).eps)
_STEPS, _SMALL_STEP = 100, 1e-10


class Fit(NamedTuple):
    """A coefficient, with what each sample adds to its error, or the reason why there is none."""

    value: float
    influence: Array
    reason: str = ""


def log_odds(probabilities: Array) -> Array:
    """Log odds of probabilities, none of them infinite."""
    return np.asarray(logit(np.clip(probabilities, CLOSEST, 1 - CLOSEST)))


def fitted_slope(parts: Forecast) -> Fit:
    """The factor of the log odds in a logistic regression of the outcomes on them."""
    positive, odds = parts.outcomes[:, 0], log_odds(parts.probabilities[:, 0])
    reason = _one_outcome(positive) or _no_odds(parts) or _no_slope(positive == 1, odds)
    if reason:
        return Fit(np.nan, np.zeros(len(odds)), reason)
    center, scale = odds.mean(), odds.std()
    design = np.column_stack([np.ones(len(odds)), (odds - center) / scale])
    intercept, slope = _fit(design, positive)
    influence = _influence(design, positive, expit(design @ [intercept, slope]))
    return Fit(float(slope / scale), influence[:, 1] / scale)


def fitted_intercept(parts: Forecast) -> Fit:
    """What has to be added to the log odds so that frequency and mean probability agree."""
    positive, odds = parts.outcomes[:, 0], log_odds(parts.probabilities[:, 0])
    reason = _one_outcome(positive) or _no_odds(parts)
    if reason:
        return Fit(np.nan, np.zeros(len(odds)), reason)
    frequency = positive.mean()

    def excess(added: float) -> float:
        return float(expit(odds + added).mean() - frequency)

    low, high = logit(frequency) - odds.max(), logit(frequency) - odds.min()
    value = brentq(excess, low - 1e-6, high + 1e-6, xtol=1e-12)
    influence = _influence(np.ones((len(odds), 1)), positive, expit(odds + value))
    return Fit(float(value), influence[:, 0])


def _one_outcome(positive: Array) -> str:
    if 0 < positive.sum() < len(positive):
        return ""
    return f"there are no {'negative' if positive.all() else 'positive'} samples"


def _no_odds(parts: Forecast) -> str:
    if ((parts.probabilities > 0) & (parts.probabilities < 1)).any():
        return ""
    return "all probabilities are 0 or 1, as labels are, and have infinite log odds"


def _no_slope(positive: npt.NDArray[np.bool_], odds: Array) -> str:
    ours, others = odds[positive], odds[~positive]
    if np.ptp(odds) == 0:
        return "all probabilities are equal"
    if ours.min() >= others.max() or ours.max() <= others.min():
        return "the probabilities separate the classes, and a steeper slope would always fit better"
    return ""


def _fit(design: Array, positive: Array) -> Array:
    """Coefficients of a logistic regression, by Newton's method with shorter steps where needed."""
    frequency = positive.mean()
    found = np.array([logit(frequency), 0.0])
    signs = 1 - 2 * positive

    def loss(coefficients: Array) -> float:
        return float(np.logaddexp(0, signs * (design @ coefficients)).sum())

    now = loss(found)
    for _ in range(_STEPS):
        expected = expit(design @ found)
        information = design.T @ (design * (expected * (1 - expected))[:, None])
        step = np.linalg.lstsq(information, design.T @ (positive - expected), rcond=None)[0]
        while loss(found + step) > now and np.abs(step).max() > _SMALL_STEP:
            step = step / 2
        found, now = found + step, loss(found + step)
        if np.abs(step).max() <= _SMALL_STEP:
            break
    return found


def _influence(design: Array, positive: Array, expected: Array) -> Array:
    """What each sample adds to the error of the coefficients, whatever the true curve is.

    Each is what leaving the sample out would change, in first order (the "HC3" of MacKinnon and
    White 1985): the sum of their squares is the variance.
    """
    weight = expected * (1 - expected)
    inverse = np.linalg.pinv(design.T @ (design * weight[:, None]))
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design) * weight
    residuals = (positive - expected) / np.maximum(1 - leverage, CLOSEST)
    found = (design * residuals[:, None]) @ inverse
    return np.asarray(found - found.mean(axis=0))
