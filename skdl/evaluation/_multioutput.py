"""What an evaluation of several labels or numbers per image found.

Decisions: docs/decisions.md#labels-numbers-and-grades.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from skdl._utils import html
from skdl._utils.text import shortened
from skdl.evaluation._result import EvaluationResult
from skdl.evaluation._shown import page_of
from skdl.evaluation._summary import mean_of_repeats
from skdl.metrics import confidence_interval

_NO_INTERVAL = "Not all outputs have an interval."


class MultioutputResult(Mapping[Hashable, Any]):
    """Results of :func:`evaluate` for y with several columns, one result per column.

    All models were fitted once per fold to all columns. ``result[output]`` is the
    :class:`EvaluationResult` of a label, for which displays, reports and all methods work, or the
    :class:`RegressionResult` of a number. The tables here join those of all outputs, with a column
    "output".

    Parameters
    ----------
    results : dict of output to EvaluationResult or RegressionResult
        The results, keyed by the names of the columns of y, or by their numbers.

    See Also
    --------
    evaluate : Returns this result.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skdl.evaluation import evaluate
    >>> X, digit = load_digits(return_X_y=True)
    >>> Y = np.column_stack([digit % 2, digit > 4]).astype(int)  # odd, large
    >>> result = evaluate(KNeighborsClassifier(), X, Y, scoring=["sensitivity", "specificity"])
    >>> result.summary()[["output", "metric", "value"]].round(2)
      output           metric  value
    0      0      sensitivity   1.00
    1      0      specificity   0.99
    2      1      sensitivity   0.99
    3      1      specificity   0.99
    4   mean      sensitivity   0.99
    5   mean      specificity   0.99
    6    all  subset_accuracy   0.99
    >>> result[0].positive
    1
    """

    def __init__(self, results: Mapping[Hashable, Any]) -> None:
        self._results = dict(results)

    # ---- outputs -------------------------------------------------------------------------------

    def __getitem__(self, output: Hashable) -> Any:
        try:
            return self._results[output]
        except KeyError as error:
            raise KeyError(
                f"There is no output {shortened(output)}. The outputs are: "
                f"{shortened(self.outputs)}."
            ) from error

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        kind = "labels" if self.are_labels else "numbers"
        models = ", ".join(map(str, self.models))
        return f"<MultioutputResult of {len(self)} {kind}: {shortened(self.outputs)}; {models}>"

    def _repr_html_(self) -> str:
        parts = (
            f"<details><summary>{html.text(name)}</summary>{page_of(one)}</details>"
            for name, one in self._results.items()
        )
        return html.block(repr(self).strip("<>"), *parts)

    @property
    def outputs(self) -> list[Any]:
        """Names of the columns of y."""
        return list(self._results)

    @property
    def are_labels(self) -> bool:
        """Whether the outputs are labels, which are set or not, rather than numbers."""
        return isinstance(self._first, EvaluationResult)

    @property
    def _first(self) -> Any:
        return next(iter(self._results.values()))

    def __getattr__(self, name: str) -> Any:
        # What all outputs have in common: they were predicted by the same fits.
        if name in _COMMON:
            return getattr(self._first, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_COMMON})

    # ---- tables --------------------------------------------------------------------------------

    @property
    def scores(self) -> pd.DataFrame:
        """Scores per output, model, fold and metric."""
        return self._table(lambda result: result.scores)

    @property
    def missing(self) -> pd.DataFrame:
        """Why scores are missing."""
        return self._table(lambda result: result.missing)

    @property
    def predictions(self) -> pd.DataFrame:
        """Predictions per output, model, fold and test image."""
        return self._table(lambda result: result.predictions)

    def _table(self, part: Callable[[Any], pd.DataFrame]) -> pd.DataFrame:
        tables = []
        for output, result in self._results.items():
            table = part(result).copy()
            table.insert(0, "output", pd.Series([output] * len(table), table.index, dtype=object))
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    def summary(
        self, *, level: float = 0.95, n_resamples: int = 1000, random_state: Any = 0
    ) -> pd.DataFrame:
        """Scores of all out-of-fold predictions, with confidence intervals.

        Parameters
        ----------
        level : float in (0, 1), default=0.95
            Confidence level.
        n_resamples : int, default=1000
            Number of bootstrap resamples.
        random_state : int, RandomState instance or None, default=0
            Random seed of the bootstrap.

        Returns
        -------
        summary : pandas.DataFrame
            The summaries of all outputs, with a column "output". For labels, two kinds of rows
            follow. The output "mean" is the mean of a metric over the labels; its interval is the
            mean of their intervals, which is too wide unless errors in all labels occur together.
            The output "all" has the "subset_accuracy": the proportion of images whose labels are
            all right.
        """
        settings = {"level": level, "n_resamples": n_resamples, "random_state": random_state}
        table = self._table(lambda result: result.summary(**settings))
        if not self.are_labels:
            return table
        pairs = [(model, metric) for model in self.models for metric in self.metrics]
        more = [self._mean(table, *pair) for pair in pairs]
        more += [self._subset_accuracy(model, level) for model in self.models]
        return pd.concat([table, pd.DataFrame(more)], ignore_index=True)[table.columns]

    def _mean(self, table: pd.DataFrame, model: str, metric: str) -> dict[str, Any]:
        rows = table[(table["model"] == model) & (table["metric"] == metric)]
        found = {"output": "mean", "model": model, "metric": metric, "method": ""}
        if rows["value"].isna().any():
            n = int(rows["value"].isna().sum())
            return found | {"value": np.nan, "reason": f"Labels without this score: {n}."}
        low, high = (rows[end].mean(skipna=False) for end in ("low", "high"))
        reason = _NO_INTERVAL if np.isnan(low) else ""
        value = rows["value"].mean()
        return found | {"value": value, "low": low, "high": high, "reason": reason}

    def _subset_accuracy(self, model: str, level: float) -> dict[str, Any]:
        found = []
        for repeat in range(self._first.n_repeats(model)):
            tables = [result.per_model(model, repeat) for result in self._results.values()]
            wrong = np.any([table["y_true"] != table["y_pred"] for table in tables], axis=0)
            rows = tables[0]["row"].to_numpy()
            groups = None if self.groups is None else self.groups[rows]
            truth = np.ones(len(rows), dtype=int)
            interval = confidence_interval(
                "accuracy", truth, (~wrong).astype(int), groups=groups, level=level
            )
            ends = dict(zip(("value", "low", "high"), interval, strict=True))
            found.append({**ends, "method": "wilson", "reason": ""})
        about = {"output": "all", "model": model, "metric": "subset_accuracy"}
        return about | mean_of_repeats(found) | {"n_repeats": len(found)}

    def compare(self, *, level: float = 0.95) -> pd.DataFrame:
        """Compare the models pair by pair, for each output.

        Parameters
        ----------
        level : float in (0, 1), default=0.95
            Confidence level.

        Returns
        -------
        comparison : pandas.DataFrame
            The comparisons of all outputs, with a column "output". P values are adjusted for the
            pairs of one output, not for the number of outputs.

        Raises
        ------
        ValueError
            If there are fewer than two models with predictions, or images of one class only.
        """
        return self._table(lambda result: result.compare(level=level))

    def subgroups(self, metrics: Any = None, **settings: Any) -> pd.DataFrame:
        """Scores of each subgroup, for each output.

        Parameters
        ----------
        metrics : list of str, default=None
            As in :meth:`EvaluationResult.subgroups`.
        **settings : dict
            As in :meth:`EvaluationResult.subgroups`.

        Returns
        -------
        scores : pandas.DataFrame
            The scores of all outputs, with a column "output". P values are adjusted for the
            differences of one output.

        Raises
        ------
        ValueError
            If the evaluation has no subgroups or no such metric, or a setting is out of range.
        """
        return self._table(lambda result: result.subgroups(metrics, **settings))

    def by_group(self, how: Any = "mean") -> "MultioutputResult":
        """Join the images of each group, such as those of a patient, for each output.

        Parameters
        ----------
        how : {"mean", "max", "noisy_or"}, default="mean"
            As in :meth:`EvaluationResult.by_group`.

        Returns
        -------
        result : MultioutputResult
            One row per tested group.

        Raises
        ------
        ValueError
            As in :meth:`EvaluationResult.by_group`.
        """
        return MultioutputResult({name: one.by_group(how) for name, one in self._results.items()})


_COMMON = (
    "choices",
    "cv",
    "data_digest",
    "estimators",
    "fitted",
    "grouping",
    "groups",
    "histories",
    "leaks",
    "look_alikes",
    "metrics",
    "models",
    "n_repeats",
    "own_groups",
    "split_groups",
    "subgroup_values",
    "tested",
    "times",
)
