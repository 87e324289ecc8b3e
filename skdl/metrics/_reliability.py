"""How far probabilities are from observed frequencies: bins, and the error that they show.

Decisions: docs/decisions.md#calibration-and-thresholds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_whole, warn_user
from skdl._utils.text import shortened
from skdl.metrics._confusion import Array
from skdl.metrics._groups import Groups
from skdl.metrics._probabilities import Forecast
from skdl.metrics._proportions import Limits

_MOST_BINS, _SAMPLES_PER_BIN = 15, 10
# A spread within a bin takes two samples.
_FEWEST_SAMPLES = 2


def equal_mass_bins(probabilities: Array, n_bins: int | None = None) -> npt.NDArray[np.intp]:
    """The bin of each of n probabilities, from 0, by quantiles.

    Bins depend on the values alone, not on their order: equal values share a bin, so that there may
    be fewer bins. Each holds two samples at least.
    """
    n = len(probabilities)
    if n_bins is None:
        n_bins = min(_MOST_BINS, max(1, n // _SAMPLES_PER_BIN))
    elif n < _FEWEST_SAMPLES * check_whole(n_bins, "n_bins", low=1):
        raise ValueError(
            f"n_bins={shortened(n_bins)} is too many for {n} samples: each bin needs at least "
            f"{_FEWEST_SAMPLES} of them. Pass {max(1, n // _FEWEST_SAMPLES)} or fewer."
        )
    ordered = np.sort(probabilities)
    ranks = np.rint(np.arange(1, n_bins) * n / n_bins).astype(int)
    before = np.searchsorted(ordered, ordered[ranks], side="left")
    behind = np.searchsorted(ordered, ordered[ranks], side="right")
    cuts = [0]
    for cut in np.unique(np.where(ranks - before <= behind - ranks, before, behind)):
        if cut - cuts[-1] >= _FEWEST_SAMPLES <= n - cut:
            cuts.append(int(cut))
    return np.searchsorted(ordered[cuts[1:]], probabilities, side="right")


@dataclass(frozen=True)
class SquaredError:
    """A squared calibration error, as it is found and as far as it is due to chance.

    `by_bin` is what each sample adds to the root of what chance makes of each bin, of shape
    (n, n_bins), and `sampling` the variance that an error of the size of the found one adds.
    """

    found: float
    by_bin: Any
    sampling: float

    @property
    def noise(self) -> float:
        """The mean of what is found where there is no error."""
        return float((self.by_bin.data**2).sum())

    @property
    def spread(self) -> float:
        """The variance of what is found where there is no error; bins of classes are correlated."""
        return float(2 * ((self.by_bin.T @ self.by_bin).data ** 2).sum())

    @property
    def debiased(self) -> float:
        """The error without what chance adds to it, and 0 where that is more."""
        return max(self.found - self.noise, 0.0)

    def limits(self, level: float) -> Limits:
        """Limits of the root of the error: those errors that neither tail rejects.

        What is found is a sum of squares of normal variables, of which a shifted noncentral
        chi-squared variable has the mean and the variance: that of chance (Satterthwaite), and one
        that grows with the error. No estimate is below 0, so that small errors have no lower tail
        to reject, and the upper one gets its share: else too many intervals would begin at 0.
        """
        from scipy.stats import ncx2

        spread = self.spread
        if spread == 0:
            error = float(np.sqrt(self.debiased))
            warn_user(
                f"The calibration error is {error:g} without any variance within bins, which says "
                "nothing about its uncertainty. Use more samples.",
            )
            return error, error
        scale = self.sampling / self.found / 4 if self.sampling else spread / self.noise / 2
        degrees = spread / (2 * scale**2)
        seen = self.debiased / scale + degrees

        def error_at(share: float, seen: float) -> float:
            # A hair of an error: scipy takes none for another distribution.
            return _where(lambda x: float(ncx2.sf(seen, degrees, max(x, 1e-9))), share, seen)

        without_lower_tail = error_at((1 + level) / 2, degrees)
        low = max(
            error_at((1 - level) / 2, seen), min(error_at(1 - level, seen), without_lower_tail)
        )
        high = error_at((1 + level) / 2, seen)
        return float(np.sqrt(low * scale)), float(np.sqrt(high * scale))


def _where(rising: Callable[[float], float], value: float, start: float) -> float:
    """Where a rising function has a value; 0 where it is greater there already."""
    from scipy.optimize import brentq

    if rising(0) >= value:
        return 0.0
    high = start
    while rising(high) < value:
        high *= 2
    return float(brentq(lambda x: rising(x) - value, 0, high))


def squared_error(
    parts: Forecast, n_bins: int | None = None, groups: Groups | None = None
) -> SquaredError:
    """The squared calibration error of a class, or the mean of all classes.

    Bröcker (2012), Kumar et al. (2019) and Sun et al. (2024): the square of the mean residual of a
    bin has the variance of that mean too much.
    """
    from scipy.sparse import csr_array

    residuals = parts.outcomes - parts.probabilities
    n, k = residuals.shape
    bins = np.empty((n, k), dtype=np.intp)
    total = 0
    for column in range(k):
        bins[:, column] = total + equal_mass_bins(parts.probabilities[:, column], n_bins)
        total = int(bins[:, column].max()) + 1
    counts = np.bincount(bins.ravel(), minlength=total)
    means = np.bincount(bins.ravel(), residuals.ravel(), minlength=total) / counts
    # Roots of the share of a bin by the variance of its mean; one sample tells nothing of a spread.
    factors = 1 / np.sqrt(n * k * np.maximum(counts - 1, 1))
    added = (residuals - means[bins]) * factors[bins]
    ends = np.arange(0, n * k + 1, k)
    influence = (2 * means[bins] * residuals - means[bins] ** 2).mean(axis=1)
    by_bin = csr_array((added.ravel(), bins.ravel(), ends), shape=(n, total))
    influence = influence - influence.mean()
    if groups is not None:  # samples of a group add what they have in common once for each
        n_units = len(groups)
        factor = np.sqrt(n_units / (n_units - 1))
        by_bin = factor * (csr_array((np.ones(n), (groups.codes, np.arange(n)))) @ by_bin)
        influence = factor * groups.sums(influence)
    return SquaredError(
        found=float(counts @ means**2) / (n * k),
        by_bin=by_bin,
        sampling=float(influence @ influence) / (n * max(n - 1, 1)),
    )


def mean_absolute_error(parts: Forecast, n_bins: int | None, debiased: bool) -> float:
    """The mean distance of mean probability and frequency in a bin, over bins and classes.

    What chance adds is what it would add to bins whose true distance is the one that is found
    (Kumar et al. 2019): the mean of a folded normal distribution, less that distance.
    """
    from scipy.stats import foldnorm

    errors = []
    for outcomes, probabilities in zip(parts.outcomes.T, parts.probabilities.T, strict=True):
        bins = equal_mass_bins(probabilities, n_bins)
        residuals = outcomes - probabilities
        counts = np.bincount(bins)
        means = np.bincount(bins, residuals) / counts
        distances = np.abs(means)
        if debiased:
            squares = np.bincount(bins, (residuals - means[bins]) ** 2)
            spread = np.sqrt(squares / (counts * np.maximum(counts - 1, 1)))
            varied = spread > 0
            chance = foldnorm.mean(distances[varied] / spread[varied], scale=spread[varied])
            distances[varied] = 2 * distances[varied] - chance
        errors.append(max(float(counts @ distances) / len(bins), 0.0))
    return float(np.mean(errors))


def bin_table(outcomes: Array, probabilities: Array, n_bins: int | None) -> Any:
    """Mean probability, number of positives and number of samples of each bin."""
    bins = equal_mass_bins(probabilities, n_bins)
    counts = np.bincount(bins)
    mean = np.bincount(bins, probabilities) / counts
    return mean, np.rint(np.bincount(bins, outcomes)).astype(int), counts
