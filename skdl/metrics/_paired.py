"""Two models on the same samples: areas, labels and differences of scores, with their tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr
from scipy.stats import binomtest, chi2

from skdl._utils.text import plain, shortened
from skdl.metrics._confusion import Array
from skdl.metrics._delong import delong_variance, grouped_variance
from skdl.metrics._groups import Groups, group_correlations, quantile
from skdl.metrics._proportions import grouped_difference, mean_interval, paired_difference

# From this number of samples on which just one of two models is right, chi-squared will do; of
# groups, from this number of them of which one model gets more right than the other.
_FEW_DISCORDANT = 25

Ends: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class Model:
    """What a model predicted, as far as comparisons need it."""

    name: str
    right: npt.NDArray[np.bool_]
    # Of the positive samples and of the others; None where there is no ROC curve.
    placements: tuple[Array, Array] | None
    reason: str = ""


def compare_pair(
    a: Model, b: Model, strata: npt.NDArray[Any], groups: Groups | None, level: float
) -> dict[str, Any]:
    """Columns of one row of the table of :func:`compare_models`.

    `strata` are the true classes, or which samples are positive.
    """
    areas, reasons = _compare_areas(a, b, strata, groups, level)
    differences, why = _differences(a, b, strata, groups, level)
    reason = "; ".join(dict.fromkeys([*reasons, *why]))
    return areas | {"reason": reason} | _compare_labels(a.right, b.right, groups) | differences


def _compare_areas(
    a: Model, b: Model, strata: npt.NDArray[Any], groups: Groups | None, level: float
) -> tuple[dict[str, float], list[str]]:
    areas = [np.nan if m.placements is None else float(m.placements[0].mean()) for m in (a, b)]
    reasons = [m.reason for m in (a, b) if m.reason]
    difference, low, high, z, p = areas[0] - areas[1], np.nan, np.nan, np.nan, np.nan
    if a.placements is not None and b.placements is not None:
        sides = [x - y for x, y in zip(a.placements, b.placements, strict=True)]
        try:
            error, width, tail = _error_of_areas(sides, strata, groups, level)
        except ValueError as reason:
            return _of_areas(areas, difference, low, high, z, p), [*reasons, str(reason)]
        if error > 1e-12:
            z = difference / error
            p = 2 * tail(-abs(z))
            low, high = max(difference - width * error, -1.0), min(difference + width * error, 1.0)
        elif abs(difference) < 1e-12 and areas[0] not in (0, 1):  # the same order of the samples
            difference = low = high = z = 0.0
            p = 1.0
        else:
            reasons.append("the difference has no variance")
    return _of_areas(areas, difference, low, high, z, p), reasons


def _of_areas(
    areas: list[float], difference: float, low: float, high: float, z: float, p: float
) -> dict[str, float]:
    return {
        "auc_a": areas[0],
        "auc_b": areas[1],
        "auc_difference": difference,
        "auc_difference_low": low,
        "auc_difference_high": high,
        "delong_z": z,
        "delong_p": p,
    }


def _error_of_areas(
    sides: list[Array], positive: npt.NDArray[Any], groups: Groups | None, level: float
) -> tuple[float, float, Callable[[float], float]]:
    """Standard error of a difference, half the width of its interval by it, and the lower tail."""
    if groups is None:
        return float(np.sqrt(delong_variance(*sides))), float(ndtri((1 + level) / 2)), ndtr
    variance, degrees = grouped_variance(zip((positive, ~positive), sides, strict=True), groups)
    width = float(quantile(level, degrees))
    return float(np.sqrt(variance)), width, lambda t: float(stdtr(degrees, t))


def _compare_labels(
    a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_], groups: Groups | None
) -> dict[str, Any]:
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    method, p = _mcnemar(only_a, only_b) if groups is None else _grouped_mcnemar(a, b, groups)
    return {
        "accuracy_a": float(a.mean()),
        "accuracy_b": float(b.mean()),
        "only_a_right": only_a,
        "only_b_right": only_b,
        "mcnemar_method": method,
        "mcnemar_p": p,
    }


def _mcnemar(only_a: int, only_b: int) -> tuple[str, float]:
    discordant = only_a + only_b
    if discordant >= _FEW_DISCORDANT:
        return "chi-squared", _chi_squared(only_a - only_b, discordant)
    return "exact", float(binomtest(only_a, discordant).pvalue) if discordant else 1.0


def _grouped_mcnemar(
    a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_], groups: Groups
) -> tuple[str, float]:
    """McNemar's test of groups, each of which adds the difference of its numbers of right samples.

    N. A. Obuchowski, Statistics in Medicine 17 (1998), 1495-1507, without the factor that Z. Yang,
    X. Sun and J. W. Hardin (Biometrical Journal 52 (2010), 638-652) leave out: groups of one sample
    give McNemar's test.
    """
    differences = np.rint(groups.sums(a) - groups.sums(b)).astype(np.int64)
    differences = differences[differences != 0]
    total = abs(int(differences.sum()))
    if len(differences) >= _FEW_DISCORDANT:
        return "chi-squared", _chi_squared(total, int((differences**2).sum()))
    # Of all ways to give signs to the differences, the share with such a sum.
    shares = np.ones(1)
    for size in abs(differences):
        grown = np.zeros(len(shares) + 2 * size)
        grown[: len(shares)] += shares / 2
        grown[2 * size :] += shares / 2
        shares = grown
    sums = np.arange(len(shares)) - len(shares) // 2
    return "exact", float(shares[abs(sums) >= total].sum())


def _chi_squared(difference: int, squares: int) -> float:
    return float(chi2.sf(max(abs(difference) - 1, 0) ** 2 / squares, df=1))


def _differences(
    a: Model, b: Model, strata: npt.NDArray[Any], groups: Groups | None, level: float
) -> tuple[dict[str, float], list[str]]:
    """Differences of scores of labels, a minus b, with their intervals, and why some have none."""
    present = np.unique(strata)
    found, correlations = _paired(a, b, [strata == stratum for stratum in present], groups, level)
    by_class = dict(zip(present.tolist(), found, strict=True))
    differences, low, high = np.array(found).T
    k = len(found)
    mean = mean_interval(differences, (low, high), np.full(k, 1 / k), correlations)
    every = np.ones(len(strata), dtype=np.bool_)
    nothing = (np.nan,) * 3
    # Of several classes none is positive; of one against the others, it may have no samples.
    is_binary = strata.dtype == np.bool_
    metrics = {
        "accuracy": _paired(a, b, [every], groups, level)[0][0],
        "balanced_accuracy": (float(differences.mean()), *mean),
        "sensitivity": by_class.get(True, nothing) if is_binary else nothing,
        "specificity": by_class.get(False, nothing) if is_binary else nothing,
    }
    ends = ("difference", "difference_low", "difference_high")
    columns = {
        f"{metric}_{end}": value
        for metric, values in metrics.items()
        for end, value in zip(ends, values, strict=True)
    }
    alone = [label for label, (_, end, _) in by_class.items() if np.isnan(end)]
    return columns, [_why_alone(label, is_binary) for label in alone]


def _paired(
    a: Model, b: Model, parts: list[npt.NDArray[np.bool_]], groups: Groups | None, level: float
) -> tuple[list[Ends], Array]:
    """Differences of the shares of right samples within each part, and their correlations."""
    if groups is None:
        found = [paired_difference(a.right[rows], b.right[rows], level) for rows in parts]
        return found, np.eye(len(parts))
    pairs = [grouped_difference((a.right, b.right), groups, rows, level) for rows in parts]
    return [ends for ends, _ in pairs], group_correlations(
        np.stack([sums for _, sums in pairs], axis=1)
    )


def _why_alone(label: Any, is_binary: bool) -> str:
    name = f"class {shortened(plain(label))}"
    if is_binary:
        name = "the positive class" if label else "the other classes"
    return f"all samples of {name} belong to one group, so their differences have no interval"
