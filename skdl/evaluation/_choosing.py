"""The best of several models, chosen inside the folds."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import StratifiedGroupKFold

from skdl._utils.text import shortened
from skdl.evaluation._checkpoint import digest_of_data
from skdl.evaluation._inner_folds import StratifiedGroupFolds, fit_with_groups
from skdl.evaluation._input import check_data
from skdl.evaluation._routing import keep_groups_inside

if TYPE_CHECKING:
    from skdl.evaluation._result import EvaluationResult

_SUMMED = ("fit_seconds", "predict_seconds", "stored_seconds")


@dataclass(frozen=True, kw_only=True, repr=False)
class Choosing:
    """The part of an evaluation's result that chooses among its models."""

    def choose(self, metric: str | None = None, *, name: str = "best") -> "EvaluationResult":
        """Add the best of the models, with a score that is not biased by choosing it.

        The largest score of several models is too good: it was picked for being the largest. Here,
        each fold picks the model with the best inner score, the score of the search inside the
        training data. The new model consists of the picked models' predictions of the test images,
        which play no part in the choice.

        Parameters
        ----------
        metric : str, default=None
            Inner score to choose by: the `scoring` of the searches in the models, listed in the
            column "metric" of `choices`. If None, use the first of `metrics`.
        name : str, default="best"
            Name of the new model.

        Returns
        -------
        result : EvaluationResult
            The result with one more model, the last. In `choices`, the parameter "model" is what
            each fold picked. Its times are the sums over all models that it could have picked. Its
            entry in `estimators`, the one to fit to all images, is the model with the largest mean
            of the inner scores; in a tie, the first.

        Raises
        ------
        ValueError
            If there already is a model of that name, or if no model has such an inner score in a
            fold, for example because none is a search.

        See Also
        --------
        evaluate : Cross-validate models, which may be searches.

        Notes
        -----
        This is nested cross-validation in which the kind of model is one more parameter of the
        search. Models that fail in a fold, or have no such score in it, are not picked.

        References
        ----------
        G. C. Cawley and N. L. C. Talbot, "On over-fitting in model selection and subsequent
        selection bias in performance evaluation", JMLR 11 (2010), 2079-2107.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.dummy import DummyClassifier
        >>> from sklearn.linear_model import RidgeClassifier
        >>> from sklearn.model_selection import GridSearchCV
        >>> from skdl import evaluate
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> models = {
        ...     "majority": GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}),
        ...     "ridge": GridSearchCV(RidgeClassifier(), {"alpha": [0.1, 1, 10]}),
        ... }
        >>> result = evaluate(models, X, y).choose("accuracy")
        >>> result.models
        ['majority', 'ridge', 'best']
        >>> result.choices.query("model == 'best' and parameter == 'model'")["value"].unique()
        array(['ridge'], dtype=object)
        """
        found: Any = self
        return _with_best(found, found.metrics[0] if metric is None else metric, name)

    def refit(self, model: str, X: Any, y: Any) -> Any:
        """Fit one of the models to all images, in the same way as in the folds.

        Groups reach everything inside the model that splits, such as searches.

        Parameters
        ----------
        model : str
            Name of the model, such as "best" after :meth:`choose`.
        X : array-like of shape (n, …), or paths of shape (n,)
            The images of the evaluation, which a result does not keep.
        y : array-like of shape (n,)
            Their labels.

        Returns
        -------
        estimator : classifier
            A fitted clone of ``estimators[model]``. The folds estimate its performance.

        Raises
        ------
        ValueError
            If there is no model of that name, X and y differ from the data of the evaluation, or
            the model was passed fitted.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.linear_model import RidgeClassifier
        >>> from skdl import evaluate
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> result = evaluate(RidgeClassifier(), X, y)
        >>> result.refit("RidgeClassifier", X, y)
        RidgeClassifier()
        """
        found: Any = self
        found._of_model(model)
        if found.cv == "prefit":
            raise ValueError(
                "There is nothing to refit: the models were passed fitted (cv='prefit')."
            )
        X, targets, _, digests = check_data(found.estimators, X, y, None)
        labels = targets.values
        if digest_of_data(digests(), labels, found.own_groups) != found.data_digest:
            raise ValueError(
                "X or y differs from the data of the evaluation, or is in another order. Pass the "
                "same data."
            )
        estimator = clone(found.estimators[model])
        if found.groups is not None:
            keep_groups_inside(estimator, len(labels))
        fit_with_groups(estimator, X, labels, found.groups)
        _with_public_folds(estimator, set())
        return estimator


def _with_public_folds(value: Any, seen: set[int]) -> None:
    """Scikit-learn's own splitters in place of those that evaluations put in, which are private."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, BaseEstimator):
        for name, inside in vars(value).items():
            if type(inside) is StratifiedGroupFolds:
                setattr(value, name, StratifiedGroupKFold(inside.n_splits))
            _with_public_folds(inside, seen)
    elif isinstance(value, list | tuple):
        for inside in value:
            _with_public_folds(inside, seen)


def _with_best(result: "EvaluationResult", metric: str, name: str) -> "EvaluationResult":
    if name in result.models:
        raise ValueError(f"There already is a model {shortened(name)}. Choose another name.")
    inner = inner_scores(result, metric)
    picked = {fold: str(scores.idxmax()) for fold, scores in inner.iterrows()}
    changed: dict[str, Any] = {
        table: _of_picked(getattr(result, table), picked, name)
        for table in ("scores", "missing", "predictions", "choices")
    }
    changed["choices"] = _said(changed["choices"], result, inner, metric, name)
    for field in ("histories", "fitted"):
        changed[field] = _entries(getattr(result, field), picked, name)
    best = inner.mean().idxmax()
    return replace(
        result,
        **changed,
        times=pd.concat([result.times, _times(result, inner, name)], ignore_index=True),
        estimators={**result.estimators, name: result.estimators[best]},
    )


def inner_scores(result: "EvaluationResult", metric: str) -> pd.DataFrame:
    """Inner scores by this metric: a row for each fold, a column for each model that has one."""
    choices = result.choices
    scored = choices[(choices["metric"] == metric) & choices["inner_score"].notna()]
    table = scored.pivot_table(index="fold", columns="model", values="inner_score", aggfunc="first")
    order = [model for model in result.tested if model in table]
    folds = sorted(result.times["fold"].unique().tolist())
    table = table.reindex(index=folds, columns=order)
    lacking = [fold for fold in folds if table.loc[fold].isna().all()]
    if lacking:
        raise ValueError(
            f"No model has an inner score {shortened(metric)} in fold {lacking[0]}, which is "
            f"needed to choose the best. Wrap the models in searches with scoring={metric!r}, such "
            f"as GridSearchCV(model, {{…}}, scoring={metric!r})."
        )
    return table


def _of_picked(table: pd.DataFrame, picked: dict[Any, str], name: str) -> pd.DataFrame:
    """A table, and behind it the rows of the models that were picked, under another name."""
    mine = table["model"].to_numpy() == table["fold"].map(picked).to_numpy()
    return pd.concat([table, table[mine].assign(model=name)], ignore_index=True)


def _entries(of_models: dict[Any, Any], picked: dict[Any, str], name: str) -> dict[Any, Any]:
    more = {
        (name, fold): of_models[model, fold]
        for fold, model in picked.items()
        if (model, fold) in of_models
    }
    return {**of_models, **more}


def _said(
    choices: pd.DataFrame, result: "EvaluationResult", inner: pd.DataFrame, metric: str, name: str
) -> pd.DataFrame:
    """Choices, with what each fold picked before what was chosen inside that."""
    outer = result.scores[result.scores["metric"] == metric].set_index(["model", "fold"])["value"]
    rows = [
        {
            "model": name,
            "fold": fold,
            "parameter": "model",
            "value": scores.idxmax(),
            "metric": metric,
            "inner_score": scores.max(),
            "outer_score": outer.get((scores.idxmax(), fold), np.nan),
        }
        for fold, scores in inner.iterrows()
    ]
    own = choices["model"] == name
    joined = pd.concat([choices[~own], pd.DataFrame(rows), choices[own]], ignore_index=True)
    is_best = joined["model"] == name
    order = joined[is_best].sort_values("fold", kind="stable")
    return pd.concat([joined[~is_best], order], ignore_index=True)[choices.columns]


def _times(result: "EvaluationResult", inner: pd.DataFrame, name: str) -> pd.DataFrame:
    """Choosing takes as long as all models together that were to be chosen from."""
    mine = result.times[result.times["model"].isin(inner.columns)]
    how = {column: "sum" if column in _SUMMED else "first" for column in mine.columns[2:]}
    summed = mine.groupby("fold", sort=True).agg(how).reset_index()
    return summed.assign(model=name)[result.times.columns]
