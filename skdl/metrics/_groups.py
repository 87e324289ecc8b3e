"""Scores of samples that come in groups, such as the images of a patient: how much they vary.

Groups are independent of each other; the samples of one may be alike.

Decisions: docs/decisions.md#scores-and-intervals.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from skdl._utils.checks import warn_user
from skdl._utils.labels import check_groups
from skdl.metrics._confusion import Array

# Fewer groups tell little about how much groups differ.
_FEW = 10
FEW_GROUPS = r"There are only \d+ groups"


class Groups:
    """Which samples belong together, by numbers from 0."""

    def __init__(self, codes: npt.NDArray[np.intp]) -> None:
        self.codes = codes
        self.sizes = np.bincount(codes)
        self._order = np.argsort(codes, kind="stable")
        self._starts = np.cumsum(self.sizes) - self.sizes

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def effective_number(self) -> float:
        """How many groups of equal size tell as much, if samples of a group are all alike."""
        return float(self.sizes.sum() ** 2 / (self.sizes**2).sum())

    def sums(self, values: npt.NDArray[Any], rows: Any = slice(None)) -> Array:
        """Sum the values, one per sample or one per chosen row, over each group."""
        return np.bincount(self.codes[rows], values, len(self)).astype(np.float64)

    def counts(self, places: npt.NDArray[np.intp], n_places: int, rows: Any = slice(None)) -> Array:
        """Count the samples of each group at each place, of shape (n_groups, n_places)."""
        cells = self.codes[rows] * n_places + places
        counted = np.bincount(cells, minlength=len(self) * n_places)
        return counted.reshape(len(self), n_places).astype(np.float64)

    def rows(self, drawn: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Rows of the samples of some groups, as often as each group was drawn."""
        sizes = self.sizes[drawn]
        ends = np.cumsum(sizes)
        shifts = np.repeat(self._starts[drawn] - (ends - sizes), sizes)
        found: npt.NDArray[np.intp] = self._order[shifts + np.arange(len(shifts))]
        return found

    def strata(self, labels: npt.NDArray[Any]) -> list[npt.NDArray[np.intp]]:
        """Groups by their class; all of them together where some hold several classes."""
        _, classes = np.unique(labels, return_inverse=True)
        first = classes[self._order[self._starts]]
        if (first[self.codes] != classes).any():
            return self.all_in_one()
        return [np.flatnonzero(first == label) for label in np.unique(first)]

    def all_in_one(self) -> list[npt.NDArray[np.intp]]:
        """A single stratum of all groups."""
        return [np.arange(len(self))]


def groups_of(groups: Any, n: int) -> Groups | None:
    """Check the groups of n samples; None where each has one sample only."""
    codes = np.unique(check_groups(groups, n), return_inverse=True)[1]
    found = Groups(codes)
    if len(found) == n:
        return None
    if advice := about_few_groups(len(found)):
        warn_user(advice)
    return found


def about_few_groups(n_groups: int) -> str:
    """That intervals say little, in words; "" if there are enough groups."""
    if n_groups >= _FEW:
        return ""
    return (
        f"There are only {n_groups} groups: intervals and p values of fewer than {_FEW} groups are "
        "unreliable. Use images of more groups, such as more patients."
    )


def check_spread(n_groups: npt.NDArray[Any], what: Sequence[str]) -> None:
    """Refuse what is in one group only: nothing tells how much groups differ."""
    alone = np.flatnonzero(n_groups == 1)
    if len(alone):
        raise ValueError(
            f"All {what[alone[0]]} belong to one group, so the variance between groups is unknown. "
            "Use samples of more groups, or omit groups and treat samples as independent."
        )


def quantile(level: float, degrees: Any) -> Any:
    """The quantile of Student's t distribution that bounds an interval of this level."""
    return stdtrit(degrees, (1 + level) / 2)


def design_effect(hits: Array, trials: Array) -> tuple[Array, Array]:
    """Return how many times the variance of proportions is that of independent trials.

    And the number of groups that have trials. `hits` and `trials` are of shape (n_groups, k). The
    larger one of two estimates:

    - that of Rao and Scott (1992), of the proportion as a ratio: it assumes nothing, but is often
      too small where few groups have a failure (or a success);
    - that of one intra-class correlation of all groups, by analysis of variance (Donner and Klar
      2000). It is steadier.

    Where all trials succeed or fail, nothing is known of the correlation, and it is taken for 1.
    """
    n, k = trials.sum(axis=0), (trials > 0).sum(axis=0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = hits.sum(axis=0) / n
        total = n * rates * (1 - rates)
        residuals = hits - rates * trials
        ratio = k / (k - 1) * (residuals**2).sum(axis=0) / total
        alike = (trials**2).sum(axis=0) / n  # the effect of a correlation of 1
        between = np.nansum(residuals**2 / trials, axis=0)
        correlated = 1 + _correlation(between, total, n, k, alike) * (alike - 1)
        effect = np.fmax(np.fmax(ratio, correlated), 1 / alike)
    return np.where(total > 0, effect, alike), k


def spread_of_sum(
    deviations: Array, groups: Groups, rows: Any = slice(None)
) -> tuple[Array, float, int]:
    """Sums over groups of what some samples add to an estimate, and the variance of it.

    And the number of groups with such samples. `deviations` have the mean 0. The variance is the
    larger one of the estimates of :func:`design_effect`.
    """
    sums = groups.sums(deviations, rows)
    sizes = groups.sums(np.ones(len(deviations)), rows)
    n, k = len(deviations), int((sizes > 0).sum())
    if k < 2:
        return sums, np.nan, k
    total, alike = float(deviations @ deviations), float(sizes @ sizes) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.nansum(sums**2 / sizes)
        correlation = _correlation(between, total, n, k, alike)
    correlated = total * n / (n - 1) * (1 + correlation * (alike - 1))
    return sums, float(np.fmax(k / (k - 1) * float(sums @ sums), correlated)), k


def _correlation(between: Any, total: Any, n: Any, k: Any, alike: Any) -> Any:
    """Intra-class correlations from sums of squares; NaN where no group has two samples."""
    between_groups, within = between / (k - 1), (total - between) / (n - k)
    size = (n - alike) / (k - 1)
    return (between_groups - within) / (between_groups + (size - 1) * within)


def group_correlations(sums: Array) -> Array:
    """Correlations of estimates, from what each group adds to them: (n_groups, k) to (k, k).

    0 where an estimate has no variance.
    """
    products = sums.T @ sums
    deviations = np.sqrt(np.diagonal(products))
    scale = np.outer(deviations, deviations)
    found = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    clipped: Array = np.clip(found, -1, 1)
    np.fill_diagonal(clipped, 1)
    return clipped
