"""Scores of parts of the images, such as those of one sex, and what sets them off from the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from skdl._utils.checks import check_whole, suggest, warn_user
from skdl._utils.text import shortened
from skdl.evaluation._subgroup_scores import Comparison, Judge
from skdl.evaluation._subgroup_values import MISSING
from skdl.metrics import check_level, holm

if TYPE_CHECKING:
    from skdl.evaluation._result import EvaluationResult


@dataclass(frozen=True, kw_only=True, repr=False)
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
        """Score each subgroup, and compare it with the rest.

        Requires ``evaluate(…, subgroups=…)``. A subgroup consists of all images with one value of
        one column; the rest are those with another value. Images without a value are the subgroup
        "missing", which is compared with all others and is not in the rest of any other subgroup.

        Parameters
        ----------
        metrics : list of str, default=None
            Metrics of the evaluation to include. If None, use all. The fewer metrics there are, the
            less p values have to be corrected.
        level : float in (0, 1), default=0.95
            Confidence level of each single interval.
        min_images : int, default=10
            Subgroups with fewer images are listed without scores, with a warning.
        n_resamples : int, default=1000
            Number of bootstrap resamples, if the interval of a metric needs them.
        random_state : int, RandomState instance or None, default=0
            Random seed of the bootstrap.

        Returns
        -------
        scores : pandas.DataFrame
            One row per model, metric, column and value, with the columns

            - "model", "metric", "column", "value" (text);
            - "n", the number of images, and "n_groups", the number of groups (missing without
              `groups`);
            - "estimate" with its interval, "low" to "high", as in :meth:`summary`;
            - "difference", the estimate minus that of the rest, with its interval,
              "difference_low" to "difference_high";
            - "p", the two-sided p value of no difference; "p_holm", adjusted for all differences
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
        skdl.plotting.SubgroupDisplay : Plot these scores.

        Notes
        -----
        The interval and the p value of a difference are recovered from the intervals of the
        subgroup and of the rest (MOVER; Zou and Donner, 2008); for proportions this is Newcombe's
        hybrid score interval (1998). The p value uses the standard error of the 95 % interval on
        the side of zero, so it is below 0.05 if the 95 % interval excludes zero. With `groups`,
        such as patients, intervals of all scores take them into account, and p values use Student's
        t distribution, with one degree of freedom less than the number of groups in the subgroup,
        or in the rest if it has fewer. If a group has images both in the subgroup and in the rest,
        the two scores are correlated; the correlation is estimated from 200 resamples of whole
        groups.

        Each interval holds at its level on its own. Among twenty subgroups without any difference,
        one interval is expected to exclude zero. Use "p_holm" instead, which keeps the probability
        of any false alarm in the table below its level (Holm, 1979). A column of two values is one
        comparison, and is counted once.

        An average over classes, such as balanced accuracy, is missing if a class is missing. With
        repeated folds, estimates and limits are means over the repeats.

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


def _score_subgroups(
    result: "EvaluationResult", metrics: Any, min_images: int, options: dict[str, Any]
) -> pd.DataFrame:
    if result.subgroup_values is None:
        raise ValueError(
            "The evaluation has no subgroups. Pass them with evaluate(…, subgroups=…)."
        )
    check_level(options["level"])
    check_whole(min_images, "min_images", low=1)
    check_whole(options["n_resamples"], "n_resamples", low=1)
    metrics = _known_metrics(result, metrics)
    comparisons = list(_comparisons(result.subgroup_values))
    rows, keys, small = [], [], {}
    for model in result.models:
        judge = Judge(result, model, min_images, options)
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
            f"The evaluation has no metric {shortened(unknown[0])}. Its metrics are: "
            f"{shortened(result.metrics)}.{suggest(str(unknown[0]), result.metrics)}"
        )
    return list(dict.fromkeys(metrics))


def _comparisons(values: pd.DataFrame) -> Iterator[Comparison]:
    for name in values:
        codes = values[name].cat.codes.to_numpy()
        known = codes >= 0
        for code, value in enumerate(values[name].cat.categories.tolist()):
            yield Comparison(str(name), value, codes == code, known & (codes != code))
        if not known.all():
            yield Comparison(str(name), MISSING, ~known, known)


def _warn_of_small(small: dict[tuple[str, str], int], min_images: int) -> None:
    if not small:
        return
    named = [f"{shortened(c)} = {shortened(v)} ({n})" for (c, v), n in small.items()]
    others = ", …" if len(named) > 5 else ""
    warn_user(
        f"{len(named)} subgroup{'s have' if len(named) > 1 else ' has'} fewer than "
        f"min_images={min_images} images and no scores: {', '.join(named[:5])}{others}. Merge them "
        "with others, or pass a smaller min_images."
    )
