"""Scores of parts of the images, such as those of one sex, and what sets them off from the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from skdl._utils.checks import check_whole, suggest, warn_user
from skdl._utils.compat import generator_of
from skdl._utils.text import counted, shortened
from skdl.evaluation._scoring import Metric, RecordedPredictions
from skdl.evaluation._subgroup_values import MISSING
from skdl.evaluation._summary import interval_of, mean_of_repeats
from skdl.metrics import check_level, holm, mean_interval

if TYPE_CHECKING:
    from skdl.evaluation._result import EvaluationResult

_P_LEVEL = 0.95  # of the limits that p values are made of
_N_DRAWS = 200  # enough for a correlation
_NO_DIFFERENCE = dict.fromkeys(("difference", "difference_low", "difference_high", "p"), np.nan)


@dataclass(frozen=True, kw_only=True)
class SubgroupScores:
    """The part of an evaluation's result that knows subgroups."""

    subgroup_values: pd.DataFrame | None = field(default=None, repr=False)

    def subgroups(
        self,
        metrics: Sequence[str] | None = None,
        *,
        level: float = 0.95,
        min_images: int = 10,
        n_resamples: int = 1000,
        random_state: Any = 0,
    ) -> pd.DataFrame:
        """Scores of each subgroup, and how they differ from those of the rest.

        Needs ``evaluate(…, subgroups=…)``. A subgroup is all images with one value of one column,
        the rest are those with another value. Images without a value are the subgroup "missing",
        which is compared with all others, and in no other subgroup's rest.

        Parameters
        ----------
        metrics : list of str, default=None
            Metrics of the evaluation to look at; None takes all. The fewer are looked at, the less
            the p values have to be corrected.
        level : float in (0, 1), default=0.95
            Confidence level of all intervals, each taken for itself.
        min_images : int, default=10
            Subgroups of fewer images are listed without scores, and are warned of.
        n_resamples : int, default=1000
            Draws of the bootstrap, where the interval of a metric needs it.
        random_state : int, RandomState instance or None, default=0
            Seeds the bootstrap.

        Returns
        -------
        scores : pandas.DataFrame
            A row for each model, metric, column and value, with the columns

            - "model", "metric", "column", "value" (text);
            - "n", the number of images, and "n_groups", that of groups, missing without `groups`;
            - "estimate" with its interval, "low" to "high", as of :meth:`summary`;
            - "difference", that of the estimate from that of the rest, with its interval,
              "difference_low" to "difference_high";
            - "p", two-sided, that there is no difference; "p_holm", adjusted for all differences
              in the table;
            - "reason" why something is missing, or "".

        Raises
        ------
        ValueError
            If the evaluation has no subgroups or no such metric, or a parameter is out of range.

        Warns
        -----
        UserWarning
            If subgroups have fewer than `min_images` images.

        See Also
        --------
        skdl.plotting.SubgroupDisplay : Draws them.

        Notes
        -----
        Interval and p value of a difference are recovered from the intervals of the subgroup and
        of the rest (MOVER; Zou and Donner, 2008), which of proportions is Newcombe's hybrid score
        interval (1998). The p value is that of the standard error that the 95 % interval has on the
        side of zero, so that it is below 0.05 where the 95 % interval excludes zero. Where images
        of one group, such as a patient, are in the subgroup and in the rest, the two scores are
        correlated; the correlation is that of 200 resamples of whole groups.

        Intervals hold at their level one by one. Among twenty subgroups without any difference, one
        is expected whose interval excludes zero: look at "p_holm", which keeps the probability of
        any false alarm in the table below its level (Holm, 1979). A column of two values is one
        comparison, and is counted once.

        An average over classes, such as balanced accuracy, is missing where a class is. Of repeated
        folds, estimates and limits are means over the repeats.

        References
        ----------
        Newcombe, "Interval estimation for the difference between independent proportions:
        comparison of eleven methods", Statistics in Medicine 17 (1998), 873-890, method 10.

        Zou and Donner, "Construction of confidence limits about effect measures: a general
        approach", Statistics in Medicine 27 (2008), 1693-1702.

        Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
        Statistics 6 (1979), 65-70.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.linear_model import RidgeClassifier
        >>> from skdl.evaluation import evaluate
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> scanner = ["old" if row % 3 else "new" for row in range(len(X))]
        >>> result = evaluate(RidgeClassifier(), X, y, subgroups={"scanner": scanner})
        >>> table = result.subgroups(["roc_auc"])
        >>> table[["column", "value", "n"]]
            column value    n
        0  scanner   new  190
        1  scanner   old  379
        >>> bool((table["p_holm"] > 0.05).all())
        True
        """
        options = {"level": level, "n_resamples": n_resamples, "random_state": random_state}
        return _score_subgroups(self, metrics, min_images, options)  # type: ignore[arg-type]


class _Comparison(NamedTuple):
    """A subgroup and its rest, among all rows of X."""

    column: str
    value: str
    inside: npt.NDArray[np.bool_]
    rest: npt.NDArray[np.bool_]

    @property
    def key(self) -> frozenset[bytes]:
        """The same of a subgroup and its rest as the other way round."""
        return frozenset((self.inside.tobytes(), self.rest.tobytes()))


class _Repeat(NamedTuple):
    """The predictions of one model for each image once."""

    rows: npt.NDArray[np.intp]
    y_true: npt.NDArray[Any]
    recorded: RecordedPredictions


def _score_subgroups(
    result: "EvaluationResult", metrics: Any, min_images: int, options: dict[str, Any]
) -> pd.DataFrame:
    if result.subgroup_values is None:
        raise ValueError("The evaluation has no subgroups. Pass them: evaluate(…, subgroups=…).")
    check_level(options["level"])
    check_whole(min_images, "min_images", low=1)
    check_whole(options["n_resamples"], "n_resamples", low=1)
    metrics = _known_metrics(result, metrics)
    comparisons = list(_comparisons(result.subgroup_values))
    rows, keys, small = [], [], {}
    for model in result.models:
        judge = _Judge(result, model, min_images, options)
        for metric in metrics:
            for compared in comparisons:
                rows.append(judge.row(metric, compared))
                keys.append((model, metric, compared.key))
                if 0 < rows[-1]["n"] < min_images:
                    small[compared.column, compared.value] = rows[-1]["n"]
    table = pd.DataFrame(rows)
    table["n_groups"] = table["n_groups"].astype("Int64")
    once = ~pd.Series(keys).duplicated().to_numpy()
    adjusted = dict(zip(np.flatnonzero(once), holm(table["p"].to_numpy()[once]), strict=True))
    firsts = {key: row for row, key in reversed(list(enumerate(keys)))}
    table["p_holm"] = [adjusted[firsts[key]] for key in keys]
    table["reason"] = table.pop("reason")  # last
    _warn_of_small(small, min_images)
    return table


def _known_metrics(result: "EvaluationResult", metrics: Any) -> list[str]:
    if metrics is None:
        return result.metrics
    metrics = [metrics] if isinstance(metrics, str) else metrics
    if not isinstance(metrics, Sequence) or not metrics:
        raise ValueError(f"metrics must be a list of names, or None. Got {shortened(metrics)}.")
    unknown = [metric for metric in metrics if metric not in result.metrics]
    if unknown:
        raise ValueError(
            f"The evaluation has no metric {shortened(unknown[0])}. It has: "
            f"{shortened(result.metrics)}.{suggest(str(unknown[0]), result.metrics)}"
        )
    return list(dict.fromkeys(metrics))


def _comparisons(values: pd.DataFrame) -> Iterator[_Comparison]:
    for name in values:
        codes = values[name].cat.codes.to_numpy()
        known = codes >= 0
        for code, value in enumerate(values[name].cat.categories.tolist()):
            yield _Comparison(str(name), value, codes == code, known & (codes != code))
        if not known.all():
            yield _Comparison(str(name), MISSING, ~known, known)


def _warn_of_small(small: dict[tuple[str, str], int], min_images: int) -> None:
    if not small:
        return
    named = [f"{shortened(c)} = {shortened(v)} ({n})" for (c, v), n in small.items()]
    others = ", …" if len(named) > 5 else ""
    warn_user(
        f"{len(named)} subgroup{'s have' if len(named) > 1 else ' has'} fewer than "
        f"min_images={min_images} images and no scores: {', '.join(named[:5])}{others}. Join them "
        "with others, or pass a smaller min_images."
    )


# ---- one model ----------------------------------------------------------------------------------


class _Judge:
    """Scores subgroups by the predictions of one model."""

    def __init__(
        self, result: "EvaluationResult", model: str, min_images: int, options: dict[str, Any]
    ) -> None:
        self.result, self.model = result, model
        self.min_images, self.options = min_images, options
        self.repeats: list[_Repeat] = []
        self.known: dict[Any, dict[str, Any]] = {}  # the rest of one value may be another one
        for repeat in range(result.n_repeats(model)):
            table = result.per_model(model, repeat)
            rows, y_true = table["row"].to_numpy(), table["y_true"].to_numpy()
            self.repeats.append(_Repeat(rows, y_true, result.recorded(model, repeat)))

    def row(self, metric: str, compared: _Comparison) -> dict[str, Any]:
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
        parts = [_part(repeat, mask) for repeat in self.repeats]
        found = [interval_of(self.result, metric, y, what, options) for _, y, what in parts]
        return mean_of_repeats(found)

    def _lacking(self, metric: Metric, mask: npt.NDArray[np.bool_]) -> str:
        """Why an average over classes is none where a class is missing."""
        known = metric.known(len(self.result.classes))
        if known is None or metric.positive is not None or known.name == "accuracy":
            return ""
        if known.name != "balanced_accuracy" and known.average not in ("macro", "multiclass"):
            return ""
        rows, y_true, _ = self.repeats[0]
        absent = np.setdiff1d(y_true, y_true[mask[rows]]).tolist()
        shown = ", ".join(map(shortened, absent[:3])) + (", …" if len(absent) > 3 else "")
        return f"It is an average over classes, and there are no images of {shown}." * bool(absent)

    def _difference(
        self, name: str, compared: _Comparison, own: dict[str, Any], rest: dict[str, Any]
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
            "p": _p_value(difference, *ends),
        }

    def _correlation(self, name: str, compared: _Comparison) -> float:
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


def _part(repeat: _Repeat, mask: npt.NDArray[np.bool_]) -> _Repeat:
    inside = mask[repeat.rows]
    return _Repeat(repeat.rows[inside], repeat.y_true[inside], repeat.recorded.rows(inside))


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


def _p_value(difference: float, low: float, high: float) -> float:
    """Two-sided, by the standard error that the 95 % interval has on the side of zero."""
    span = difference - low if difference >= 0 else high - difference
    if not span > 0:
        return np.nan
    return float(2 * ndtr(-abs(difference) / span * ndtri((1 + _P_LEVEL) / 2)))
