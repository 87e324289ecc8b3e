"""What the evaluations of classifiers and of regressors have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
import pandas as pd

from skdl._utils.checks import check_whole, suggest
from skdl._utils.text import shortened
from skdl.evaluation._recorded import Recorded
from skdl.evaluation._scoring import Metric
from skdl.evaluation._shown import in_a_line, page_of
from skdl.metrics import KnownScore


@dataclass(frozen=True, kw_only=True, repr=False)
class FoldTables(ABC):
    """Tables of scores, predictions and times, and what they are of."""

    scores: pd.DataFrame
    missing: pd.DataFrame
    predictions: pd.DataFrame
    times: pd.DataFrame
    leaks: pd.DataFrame
    choices: pd.DataFrame
    histories: dict[tuple[str, int], dict[str, list[float]]]
    fitted: dict[tuple[str, int], Any]
    metrics: list[str]
    estimators: dict[str, Any]
    cv: str
    data_digest: str
    groups: npt.NDArray[Any] | None
    own_groups: npt.NDArray[Any] | None
    look_alikes: pd.DataFrame | None
    split_groups: list[Any]
    _metrics: Mapping[str, Metric] = field(repr=False)
    _seed: Any = field(default=None, repr=False)  # of the folds

    def __repr__(self) -> str:
        return in_a_line(self)

    def _repr_html_(self) -> str:
        return page_of(self)

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return list(self.estimators)

    @property
    def tested(self) -> list[str]:
        """Names of the models that predicted anything."""
        found = set(self.predictions["model"])
        return [model for model in self.models if model in found]

    def n_repeats(self, model: str) -> int:
        """Smallest number of out-of-fold predictions per image.

        Parameters
        ----------
        model : str
            Name of the model.

        Returns
        -------
        n_repeats : int
            1 for most splitters, `n_repeats` of :class:`~sklearn.model_selection.RepeatedKFold`; 0
            if all folds failed.

        Raises
        ------
        ValueError
            If there is no model of that name.
        """
        rows = self._of_model(model)["row"]
        return int(rows.value_counts().min()) if len(rows) else 0

    def per_model(self, model: str, repeat: int = 0) -> pd.DataFrame:
        """Predictions of a model, each image once, in the order of X.

        Parameters
        ----------
        model : str
            Name of the model.
        repeat : int, default=0
            With repeated folds, which prediction of each image to return, from 0 to
            ``n_repeats(model) - 1``.

        Returns
        -------
        predictions : pandas.DataFrame
            The same columns as `predictions`.

        Raises
        ------
        ValueError
            If there is no model of that name, or no such repeat.
        """
        found = self._of_model(model)
        n = max(self.n_repeats(model), 1)
        check_whole(repeat, "repeat", low=0, high=n - 1)
        chosen = found[found.groupby("row").cumcount() == repeat]
        return chosen.sort_values("row").reset_index(drop=True)

    def _of_model(self, model: str) -> pd.DataFrame:
        if model not in self.models:
            raise ValueError(
                f"There is no model {shortened(model)}. The models are: {shortened(self.models)}."
                f"{suggest(str(model), self.models)}"
            )
        return self.predictions[self.predictions["model"] == model]

    def recorded(self, model: str, repeat: int = 0) -> Any:
        """Predictions of a model as an estimator that scikit-learn's scorers accept.

        Parameters
        ----------
        model : str
            Name of the model.
        repeat : int, default=0
            As in :meth:`per_model`.

        Returns
        -------
        recorded : estimator
            With `predicted` and, for a classifier, `probabilities` and `decisions` (either can be
            None), for the rows of :meth:`per_model`.

        Raises
        ------
        ValueError
            If there is no model of that name.
        """
        return self._recorded_of(self.per_model(model, repeat))

    @abstractmethod
    def _recorded_of(self, table: pd.DataFrame) -> Recorded:
        """Predictions of some rows as an estimator."""

    @abstractmethod
    def _known(self, metric: Metric) -> KnownScore | None:
        """What a metric is among the scores that have a name."""

    def only_model(self, model: str | None = None) -> str:
        """Return the given name, or the name of the only model.

        Parameters
        ----------
        model : str, default=None
            Name of the model.

        Returns
        -------
        model : str
            The name.

        Raises
        ------
        ValueError
            If there are several models and none is named.
        """
        if model is not None:
            return model
        if len(self.models) > 1:
            raise ValueError(
                f"There are several models. Pass the name of one: {shortened(self.models)}."
            )
        return self.models[0]

    def known(self, metric: str) -> KnownScore | None:
        """Identify a metric as one of the named scores, such as the sensitivity of a class.

        Parameters
        ----------
        metric : str
            One of `metrics`.

        Returns
        -------
        known : KnownScore or None
            With `name`, `pos_label`, `average` and `sign`; None for any other scorer.
        """
        return self._known(self._metrics[metric])

    def _predicted_by_all(self) -> tuple[npt.NDArray[Any], dict[str, Any], Any]:
        """Of the rows that all models predicted: truth, what each said, and groups."""
        tables = {model: self.per_model(model).set_index("row") for model in self.tested}
        if len(tables) < 2:
            raise ValueError(
                f"A comparison needs at least two models with predictions. Got {len(tables)}. "
                "Pass several estimators to evaluate."
            )
        rows = sorted(set.intersection(*(set(table.index) for table in tables.values())))
        truth = next(iter(tables.values())).loc[rows, "y_true"].to_numpy()
        recorded = {model: self._recorded_of(table.loc[rows]) for model, table in tables.items()}
        return truth, recorded, None if self.groups is None else self.groups[rows]
