"""The score of a subgroup by the predictions of a model, and its difference from the rest.

Decisions: docs/decisions.md#scores-and-intervals.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from skdl._utils.compat import generator_of
from skdl._utils.text import counted, shortened
from skdl.evaluation._recorded import Recorded
from skdl.evaluation._scoring import Metric
from skdl.evaluation._summary import interval_of, mean_of_repeats
from skdl.metrics import about_few_groups, mean_interval

if TYPE_CHECKING:
    from skdl.evaluation._base_result import FoldTables

_P_LEVEL = 0.95  # of the limits that p values are made of
_N_DRAWS = 200  # enough for a correlation
_NO_DIFFERENCE = dict.fromkeys(("difference", "difference_low", "difference_high", "p"), np.nan)


class Comparison(NamedTuple):
    """A subgroup and its rest, among all rows of X."""

    column: str
    value: str
    inside: npt.NDArray[np.bool_]
    rest: npt.NDArray[np.bool_]

    @property
    def key(self) -> frozenset[bytes]:
        """The same of a subgroup and its rest as the other way round."""
        return frozenset((self.inside.tobytes(), self.rest.tobytes()))


class Repeat(NamedTuple):
    """The predictions of one model for each image once."""

    rows: npt.NDArray[np.intp]
    y_true: npt.NDArray[Any]
    recorded: Recorded


class Judge:
    """Scores subgroups by the predictions of one model."""

    def __init__(
        self, result: "FoldTables", model: str, min_images: int, options: dict[str, Any]
    ) -> None:
        self.result, self.model = result, model
        self.min_images, self.options = min_images, options
        self.repeats: list[Repeat] = []
        self.known: dict[Any, dict[str, Any]] = {}  # the rest of one value may be another one
        for repeat in range(result.n_repeats(model)):
            table = result.per_model(model, repeat)
            rows, y_true = table["row"].to_numpy(), table["y_true"].to_numpy()
            self.repeats.append(Repeat(rows, y_true, result.recorded(model, repeat)))

    def row(self, metric: str, compared: Comparison) -> dict[str, Any]:
        """A row of the table, without correction."""
        own = self._estimate(metric, compared.inside, self.options["level"])
        inside = self._tested(compared.inside)
        groups = self.result.groups
        found = {
            "model": self.model,
            "metric": metric,
            "column": compared.column,
            "value": compared.value,
            "n": len(inside),
            "n_groups": None if groups is None else len(np.unique(groups[inside])),
            "estimate": own["value"],
            "low": own["low"],
            "high": own["high"],
        }
        if np.isnan(own["value"]):
            return found | _NO_DIFFERENCE | {"reason": own["reason"]}
        rest = self._estimate(metric, compared.rest, self.options["level"])
        reasons = [own["reason"]]
        if rest["reason"]:
            reasons.append(f"The rest: {rest['reason']}")
        return found | self._difference(metric, compared, own, rest) | {"reason": _joined(reasons)}

    def _tested(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """Rows of X in a part that were predicted."""
        rows = self.repeats[0].rows if self.repeats else np.empty(0, dtype=np.intp)
        return rows[mask[rows]]

    def _estimate(self, name: str, mask: npt.NDArray[np.bool_], level: float) -> dict[str, Any]:
        """Value, limits and reason of a part of the images, as a summary has them of all."""
        key = name, mask.tobytes(), level
        if key not in self.known:
            self.known[key] = self._new_estimate(name, mask, level)
        return self.known[key]

    def _new_estimate(self, name: str, mask: npt.NDArray[np.bool_], level: float) -> dict[str, Any]:
        nothing = {"value": np.nan, "low": np.nan, "high": np.nan}
        metric, n = self.result._metrics[name], len(self._tested(mask))
        if not self.repeats:
            return nothing | {"reason": "No fold has predictions."}
        if n < self.min_images:
            few = f"Only {counted(n, 'image')}, fewer than min_images={self.min_images}."
            return nothing | {"reason": few if n else "No images."}
        lacking = self._lacking(metric, mask)
        if lacking:
            return nothing | {"reason": lacking}
        options = self.options | {"level": level}
        groups = self.result.groups
        found = []
        for rows, y_true, recorded in (_part(repeat, mask) for repeat in self.repeats):
            of_rows = None if groups is None else groups[rows]
            found.append(interval_of(self.result, metric, y_true, recorded, of_rows, options))
        joined = mean_of_repeats(found)
        if groups is None or np.isnan(joined["low"]):
            return joined
        few = about_few_groups(len(np.unique(groups[self._tested(mask)])))
        return joined | {"reason": _joined([joined["reason"], few])}

    def _lacking(self, metric: Metric, mask: npt.NDArray[np.bool_]) -> str:
        """Why an average over classes is none where a class is missing."""
        known = self.result._known(metric)
        if known is None or metric.positive is not None or known.name == "accuracy":
            return ""
        if known.name != "balanced_accuracy" and known.average not in ("macro", "multiclass"):
            return ""
        rows, y_true, _ = self.repeats[0]
        absent = np.setdiff1d(y_true, y_true[mask[rows]]).tolist()
        shown = ", ".join(map(shortened, absent[:3])) + (", …" if len(absent) > 3 else "")
        return f"It is an average over classes, but there are no images of {shown}." * bool(absent)

    def _difference(
        self, name: str, compared: Comparison, own: dict[str, Any], rest: dict[str, Any]
    ) -> dict[str, float]:
        """The difference with its interval and p value."""
        difference = own["value"] - rest["value"]
        found = _NO_DIFFERENCE | {"difference": difference}
        if np.isnan([own["low"], rest["low"], difference]).any():
            return found
        shared = self._correlation(name, compared)
        low, high = _limits(own, rest, shared)
        ends = low, high
        if self.options["level"] != _P_LEVEL:
            parts = (compared.inside, compared.rest)
            own, rest = (self._estimate(name, part, _P_LEVEL) for part in parts)
            ends = _limits(own, rest, shared)
        return found | {
            "difference_low": low,
            "difference_high": high,
            "p": _p_value(difference, *ends, self._degrees(compared)),
        }

    def _degrees(self, compared: Comparison) -> int | None:
        """Degrees of freedom: one less than the groups of the part that has fewer of them."""
        if self.result.groups is None:
            return None
        parts = (
            self.result.groups[self._tested(part)] for part in (compared.inside, compared.rest)
        )
        return min(len(np.unique(groups)) for groups in parts) - 1

    def _correlation(self, name: str, compared: Comparison) -> float:
        """Correlation of both scores, which groups make that are in both."""
        groups, (rows, y_true, recorded) = self.result.groups, self.repeats[0]
        if groups is None:
            return 0.0
        of_rows = groups[rows]
        inside, rest = compared.inside[rows], compared.rest[rows]
        if not np.intersect1d(of_rows[inside], of_rows[rest]).size:
            return 0.0
        metric = self.result._metrics[name]
        generator = generator_of(self.options["random_state"])
        scores = []
        for drawn in _draws(of_rows, inside | rest, generator):
            parts = (drawn[inside[drawn]], drawn[rest[drawn]])
            scores.append([metric.score(recorded.rows(p), y_true[p])[0] for p in parts])
        known = np.array(scores)[~np.isnan(scores).any(axis=1)]
        if len(known) < _N_DRAWS / 2 or (np.ptp(known, axis=0) == 0).any():
            return 0.0
        return float(np.corrcoef(known.T)[0, 1])


def _part(repeat: Repeat, mask: npt.NDArray[np.bool_]) -> Repeat:
    inside = mask[repeat.rows]
    return Repeat(repeat.rows[inside], repeat.y_true[inside], repeat.recorded.rows(inside))


def _joined(reasons: Sequence[str]) -> str:
    return " ".join(reason for reason in reasons if reason)


def _draws(
    groups: npt.NDArray[Any], mask: npt.NDArray[np.bool_], generator: np.random.Generator
) -> Iterator[npt.NDArray[np.intp]]:
    """Positions of resampled groups, whole ones."""
    positions = np.flatnonzero(mask)
    _, codes = np.unique(groups[positions], return_inverse=True)
    members = np.split(positions[np.argsort(codes, kind="stable")], np.cumsum(np.bincount(codes)))
    n = len(members) - 1  # the last one is empty
    for _ in range(_N_DRAWS):
        yield np.concatenate([members[i] for i in generator.integers(n, size=n)])


# ---- two scores ---------------------------------------------------------------------------------


def _limits(own: dict[str, Any], rest: dict[str, Any], correlation: float) -> tuple[float, float]:
    """Interval of the difference of two scores with intervals (Zou and Donner)."""
    low, high = mean_interval(
        np.array([own["value"], rest["value"]]),
        (np.array([own["low"], rest["low"]]), np.array([own["high"], rest["high"]])),
        np.array([1.0, -1.0]),
        np.array([[1.0, correlation], [correlation, 1.0]]),
    )
    return float(low), float(high)


def _p_value(difference: float, low: float, high: float, degrees: int | None) -> float:
    """Two-sided, by the standard error that the 95 % interval has on the side of zero.

    The tails are those of Student's t distribution where there are degrees of freedom.
    """
    span = difference - low if difference >= 0 else high - difference
    if not span > 0:
        return np.nan
    upper = (1 + _P_LEVEL) / 2
    if degrees is None:
        return float(2 * ndtr(-abs(difference) / span * ndtri(upper)))
    return float(2 * stdtr(degrees, -abs(difference) / span * stdtrit(degrees, upper)))
