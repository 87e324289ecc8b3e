"""Intervals of scores from what each sample adds to their error."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from skdl._utils.checks import warn_user
from skdl.metrics._confusion import Array
from skdl.metrics._groups import Groups, quantile
from skdl.metrics._proportions import Limits


class KnownValue(NamedTuple):
    """A score, with what its interval is made of; `evaluate` is None where it has no bootstrap."""

    value: float
    why_undefined: str
    method: str
    limits: Callable[[float], Limits]
    evaluate: Callable[[npt.NDArray[Any]], float] | None = None


class Scale(NamedTuple):
    """A scale on which an interval is symmetric, and the way back."""

    of: Callable[[Any], Any]
    back: Callable[[Any], Any]


def wald_limits(
    name: str,
    value: float,
    influence: Array,
    groups: Groups | None,
    scale: Scale | None = None,
    degrees: float | None = None,
) -> Callable[[float], Limits]:
    """Limits on a scale, of what each sample adds to the error there.

    By the normal distribution, or by Student's t with `degrees` of freedom; of groups, by Student's
    t distribution of their sums.
    """

    def limits(level: float) -> Limits:
        freedom = degrees if groups is None else len(groups) - 1
        width = float(ndtri((1 + level) / 2) if freedom is None else quantile(level, freedom))
        deviation = deviation_of(influence, groups)
        if deviation == 0:
            warn_user(
                f"{name} is {value:g} without any variance, which says nothing about its "
                "uncertainty. Use more samples."
            )
            return value, value
        half = width * deviation
        if scale is None:
            return value - half, value + half
        place = scale.of(value)
        return float(scale.back(place - half)), float(scale.back(place + half))

    return limits


def deviation_of(influence: Array, groups: Groups | None) -> float:
    """The standard error; each group adds what leaving it out would change, as of a mean."""
    if groups is None:
        return float(np.linalg.norm(influence))
    shares = groups.sizes / groups.sizes.sum()
    added = groups.sums(influence) / (1 - shares) * np.sqrt(1 - 1 / len(groups))
    return float(np.linalg.norm(added))
