"""Models that predict numbers, compared on the same samples."""

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtr

from skdl.metrics._comparison import holm
from skdl.metrics._confusion import Array
from skdl.metrics._groups import Groups, groups_of, quantile
from skdl.metrics._number_scores import number_pair
from skdl.metrics._wald import deviation_of

if TYPE_CHECKING:
    import pandas as pd

_ERRORS = {"mae": np.abs, "mse": np.square}


def compare_errors(
    y_true: Any, predictions: Mapping[str, Any], groups: Any, level: float
) -> "pd.DataFrame":
    """Compare absolute and squared errors pair by pair, by the t test for paired samples.

    With groups, the differences are summed over each of them, as if it were left out in turn.
    """
    import pandas as pd

    pairs = {name: number_pair(y_true, values) for name, values in predictions.items()}
    differences = {name: predicted - true for name, (true, predicted) in pairs.items()}
    together = None if groups is None else groups_of(groups, len(next(iter(differences.values()))))
    rows = [
        {"model_a": a, "model_b": b, **_pair(differences[a], differences[b], together, level)}
        for a, b in combinations(differences, 2)
    ]
    table = pd.DataFrame(rows)
    for name in _ERRORS:
        adjusted = holm(table[f"{name}_p"].to_numpy(np.float64))
        table.insert(table.columns.get_loc(f"{name}_p") + 1, f"{name}_p_holm", adjusted)
    return table


def _pair(a: Array, b: Array, groups: Groups | None, level: float) -> dict[str, Any]:
    closer = np.sign(np.abs(b) - np.abs(a))
    found: dict[str, Any] = {
        "only_a_closer": int((closer > 0).sum()),
        "only_b_closer": int((closer < 0).sum()),
    }
    for name, error in _ERRORS.items():
        of_a, of_b = error(a), error(b)
        low, high, p = _limits(of_a - of_b, groups, level)
        found |= {
            f"{name}_a": float(of_a.mean()),
            f"{name}_b": float(of_b.mean()),
            f"{name}_difference": float((of_a - of_b).mean()),
            f"{name}_difference_low": low,
            f"{name}_difference_high": high,
            f"{name}_p": p,
        }
    return found


def _limits(values: Array, groups: Groups | None, level: float) -> tuple[float, float, float]:
    """Ends of the interval of a mean, and the p value that it is 0; NaN where nothing varies."""
    n, mean = len(values), float(values.mean())
    degrees = (n if groups is None else len(groups)) - 1
    influence = (values - mean) / n * np.sqrt(n / max(n - 1, 1))
    deviation = deviation_of(influence, groups)
    if degrees < 1 or deviation == 0:
        return np.nan, np.nan, np.nan
    half = float(quantile(level, degrees)) * deviation
    return mean - half, mean + half, float(2 * stdtr(degrees, -abs(mean) / deviation))
