"""What an evaluation found."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.multiclass import unique_labels

from skdl.evaluation._folds import Fold, FoldRecord
from skdl.evaluation._scoring import Metric, RecordedPredictions, score_one
from skdl.metrics import compare_models, confidence_interval
from skdl.metrics._checks import check_level
from skdl.metrics._estimates import PROPORTIONS


@dataclass(frozen=True)
class EvaluationResult:
    """What :func:`evaluate` found, as tidy tables.

    Attributes
    ----------
    scores : pandas.DataFrame
        A row for each model, fold and metric: "model", "fold", "metric", "value". NaN where the
        score cannot be had.
    missing : pandas.DataFrame
        Why: "model", "fold", "metric", "reason". A fold that failed is listed with every metric.
    predictions : pandas.DataFrame
        A row for each model, fold and test image: "model", "fold", "row" (position in X),
        "y_true", "y_pred", and "proba_<class>" or else "decision" (of two classes) or
        "decision_<class>", where the model has them. A class that was not seen in training has the
        probability 0.
    times : pandas.DataFrame
        A row for each model and fold: "model", "fold", "n_train", "n_test", "n_cores" (those the
        process could use), "fit_seconds", "predict_seconds".
    leaks : pandas.DataFrame
        Images that stand both in training and test data: "fold", "test_row", "train_row".
    histories : dict of (model, fold) to dict
        ``history_`` of the networks: loss and accuracy by epoch.
    classes : ndarray of shape (n_classes,)
        All classes, sorted.
    pos_label : object
        The positive class of two, or None.
    metrics : list of str
        Names of the metrics.
    estimators : dict of str to estimator
        The models, not fitted unless `cv` is "prefit".
    cv : str
        What made the folds.
    data_digest : str
        Sha256 of images, labels and groups.
    groups : ndarray of shape (n,) or None
        Groups, such as patients, as they were passed.

    See Also
    --------
    evaluate : Makes one.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from skdl.evaluation import evaluate
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = evaluate(RidgeClassifier(), X, y)
    >>> result.summary().query("metric == 'roc_auc'")["value"].item() > 0.95
    True
    """

    scores: pd.DataFrame
    missing: pd.DataFrame
    predictions: pd.DataFrame
    times: pd.DataFrame
    leaks: pd.DataFrame
    histories: dict[tuple[str, int], dict[str, list[float]]]
    classes: npt.NDArray[Any]
    pos_label: Any
    metrics: list[str]
    estimators: dict[str, Any]
    cv: str
    data_digest: str
    groups: npt.NDArray[Any] | None
    _metrics: Mapping[str, Metric] = field(repr=False)

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return list(self.estimators)

    @property
    def tested(self) -> list[str]:
        """Names of the models that predicted anything."""
        found = set(self.predictions["model"])
        return [model for model in self.models if model in found]

    def summary(
        self, *, level: float = 0.95, n_resamples: int = 1000, random_state: Any = 0
    ) -> pd.DataFrame:
        """Scores of all out-of-fold predictions together, with confidence intervals.

        Parameters
        ----------
        level : float in (0, 1), default=0.95
            Confidence level.
        n_resamples : int, default=1000
            Draws of the bootstrap.
        random_state : int, RandomState instance or None, default=0
            Seeds the bootstrap.

        Returns
        -------
        summary : pandas.DataFrame
            A row for each model and metric: "model", "metric", "value", "low", "high", "method"
            (Wilson's interval of proportions, DeLong's of the ROC AUC of two classes, a stratified
            bootstrap of everything else), "fold_mean" and "fold_std" over the folds that have the
            score, "n_folds", their number, and "reason" where there is no value.

        Notes
        -----
        The intervals are those of the test images: how far the score of these models would vary
        with other images. They take images for independent: where several show one patient
        (`groups`), true intervals are wider. That the models of the folds share training images is
        not in them (Bengio and Grandvalet, "No unbiased estimator of the variance of k-fold
        cross-validation", JMLR 5 (2004), 1089). A score that is the same in all resamples, such as
        an accuracy of 1, has no interval but Wilson's. Of repeated folds, the first prediction of
        each image counts.
        """
        check_level(level)
        rows = []
        for model in self.models:
            y_true = self.per_model(model)["y_true"].to_numpy()
            recorded = self.recorded(model)
            for metric in self.metrics:
                rows.append(
                    {"model": model, "metric": metric}
                    | self._interval(y_true, recorded, metric, level, n_resamples, random_state)
                    | self._over_folds(model, metric)
                )
        return pd.DataFrame(rows)

    def per_model(self, model: str) -> pd.DataFrame:
        """Predictions of a model, each image once, in the order of X.

        Parameters
        ----------
        model : str
            Its name.

        Returns
        -------
        predictions : pandas.DataFrame
            As `predictions`; of repeated folds the first prediction of each image.

        Raises
        ------
        ValueError
            If there is no model of that name.
        """
        if model not in self.models:
            raise ValueError(f"There is no model {model!r}. There are: {', '.join(self.models)}.")
        found = self.predictions[self.predictions["model"] == model]
        return found.drop_duplicates("row").sort_values("row").reset_index(drop=True)

    def compare(self, *, level: float = 0.95) -> pd.DataFrame:
        """Compare the models pair by pair on the images that all of them predicted.

        Parameters
        ----------
        level : float in (0, 1), default=0.95
            Confidence level.

        Returns
        -------
        comparison : pandas.DataFrame
            As :func:`skdl.metrics.compare_models` returns it.

        Raises
        ------
        ValueError
            If there are fewer than two models with predictions.
        """
        tables = {model: self.per_model(model).set_index("row") for model in self.tested}
        if len(tables) < 2:
            raise ValueError(
                f"There are {len(tables)} models with predictions, and nothing to compare."
            )
        rows = sorted(set.intersection(*(set(table.index) for table in tables.values())))
        truth = next(iter(tables.values())).loc[rows, "y_true"].to_numpy()
        scores, several = {}, len(self.classes) > 2
        for model in tables:
            recorded = _recorded(tables[model].loc[rows], self.classes)
            values = recorded.probabilities if several else recorded.scores_of(self.positive)
            scores[model] = recorded.predicted if values is None else values
        positive = None if several else self.positive
        return compare_models(truth, scores, pos_label=positive, level=level)

    def recorded(self, model: str) -> RecordedPredictions:
        """Predictions of a model as an estimator that scorers of scikit-learn take.

        Parameters
        ----------
        model : str
            Its name.

        Returns
        -------
        recorded : classifier
            With `predicted`, and `probabilities` or `decisions` or None, of the rows of
            :meth:`per_model`.

        Raises
        ------
        ValueError
            If there is no model of that name.
        """
        return _recorded(self.per_model(model), self.classes)

    @property
    def positive(self) -> Any:
        """The positive class of two: `pos_label`, or the second one."""
        return self.classes[-1] if self.pos_label is None else self.pos_label

    # ---- parts of the summary --------------------------------------------------------------------

    def _interval(
        self,
        y_true: npt.NDArray[Any],
        recorded: RecordedPredictions,
        metric: str,
        level: float,
        n_resamples: int,
        random_state: Any,
    ) -> dict[str, Any]:
        nothing = {"value": np.nan, "low": np.nan, "high": np.nan, "method": ""}
        if len(y_true) == 0:
            return nothing | {"reason": "No fold has predictions."}
        if self._metrics[metric].needs_estimator:
            return nothing | {"reason": "It needs the estimator itself, not only its predictions."}
        scorer = self._metrics[metric].scorer
        value, reason = score_one(scorer, recorded, None, y_true)
        if reason:
            return nothing | {"reason": reason}

        def resampled(truth: Any, rows: Any) -> float:
            return score_one(scorer, recorded.rows(rows), None, truth)[0]

        known = self._metrics[metric].known
        method, y_pred = self._method(known, recorded)
        score: Any = known
        if y_pred is None:
            score, y_pred = resampled, np.arange(len(y_true))
        more = {"n_resamples": n_resamples, "random_state": random_state}
        if score is known and len(self.classes) == 2:
            more["pos_label"] = self.positive
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = confidence_interval(
                    score, y_true, y_pred, method=method, level=level, **more
                )
            except ValueError as error:
                return nothing | {"value": value, "reason": f"No interval: {error}"}
        reason = " ".join(dict.fromkeys(str(warning.message) for warning in caught))
        if found.low == found.high:  # of no width: nothing is known of it
            return nothing | {"value": value, "reason": reason}
        limits = {"value": value, "low": found.low, "high": found.high}
        return {**limits, "method": method, "reason": reason}

    def _method(self, known: str, recorded: RecordedPredictions) -> tuple[Any, Any]:
        """How the interval is found, and from what; None for a metric that is not known."""
        if not known:
            return "bootstrap", None
        binary = len(self.classes) == 2
        if known == "roc_auc":
            if not binary:
                return "bootstrap", recorded.probabilities
            return "delong", recorded.scores_of(self.positive)
        wilson = known in PROPORTIONS and (binary or known == "accuracy")
        return "wilson" if wilson else "bootstrap", recorded.predicted

    def _over_folds(self, model: str, metric: str) -> dict[str, Any]:
        found = self.scores.query("model == @model and metric == @metric")["value"].dropna()
        return {
            "fold_mean": found.mean() if len(found) else np.nan,
            "fold_std": found.std(ddof=1) if len(found) > 1 else np.nan,
            "n_folds": len(found),
        }


def _recorded(table: pd.DataFrame, classes: npt.NDArray[Any]) -> RecordedPredictions:
    """Predictions of a table, where all of its rows have them."""
    found = []
    for kind in ("proba", "decision"):
        names = [f"{kind}_{label}" for label in classes.tolist()]
        if kind in table:
            names = [kind]
        whole = set(names) <= set(table) and not table[names].isna().to_numpy().any()
        values = table[names].to_numpy() if whole else None
        found.append(values[:, 0] if values is not None and len(names) == 1 else values)
    problem = "Not all images have probabilities (predict_proba) or decision values."
    return RecordedPredictions(classes, table["y_pred"].to_numpy(), found[0], found[1], problem)


def make_result(
    records: Mapping[tuple[str, int], FoldRecord],
    folds: list[Fold],
    y: npt.NDArray[Any],
    metrics: Mapping[str, Metric],
    **rest: Any,
) -> EvaluationResult:
    """Put the records of all folds together, and score what they hold."""
    by_number = {fold.number: fold for fold in folds}
    known = [record.recorded.classes_ for record in records.values() if record.recorded]
    classes = unique_labels(y, *known)  # a test set may lack one
    scores, missing, times, predictions = [], [], [], []
    for model, number in [(model, number) for model in rest["estimators"] for number in by_number]:
        record, key = records[model, number], {"model": model, "fold": number}
        for metric, how in metrics.items():
            value, reason = _score(how, metric, record, y[by_number[number].test])
            scores.append({**key, "metric": metric, "value": value})
            if reason:
                missing.append({**key, "metric": metric, "reason": reason})
        times.append(
            {
                **key,
                "n_train": record.n_train,
                "n_test": record.n_test,
                "n_cores": record.n_cores,
                "fit_seconds": record.fit_seconds,
                "predict_seconds": record.predict_seconds,
            }
        )
        if record.recorded is not None:
            predictions.append(_table(key, by_number[number].test, record.recorded, y, classes))
    return EvaluationResult(
        scores=pd.DataFrame(scores, columns=["model", "fold", "metric", "value"]),
        missing=pd.DataFrame(missing, columns=["model", "fold", "metric", "reason"]),
        predictions=pd.concat(predictions, ignore_index=True),
        times=pd.DataFrame(times),
        histories={
            key: record.history for key, record in sorted(records.items()) if record.history
        },
        classes=classes,
        metrics=list(metrics),
        _metrics=dict(metrics),
        **rest,
    )


def _score(
    metric: Metric, name: str, record: FoldRecord, y_test: npt.NDArray[Any]
) -> tuple[float, str]:
    if record.recorded is None:
        return np.nan, record.failure
    if metric.needs_estimator:
        return record.scores[name], record.reasons.get(name, "")
    return score_one(metric.scorer, record.recorded, None, y_test)


def _table(
    key: dict[str, Any],
    rows: npt.NDArray[np.intp],
    recorded: RecordedPredictions,
    y: npt.NDArray[Any],
    classes: npt.NDArray[Any],
) -> pd.DataFrame:
    table = pd.DataFrame({"row": rows, "y_true": y[rows], "y_pred": recorded.predicted})
    known = recorded.classes_.tolist()
    if recorded.probabilities is not None:
        values = pd.DataFrame(recorded.probabilities, columns=known)
        # A class that was not seen in training has no probability.
        for label in classes.tolist():
            table[f"proba_{label}"] = values[label] if label in known else 0.0
    elif recorded.decisions is not None and recorded.decisions.ndim == 1:
        table["decision"] = recorded.decisions
    elif recorded.decisions is not None and recorded.decisions.shape[1] == len(known):
        for label, column in zip(known, recorded.decisions.T, strict=True):
            table[f"decision_{label}"] = column
    for place, (name, value) in enumerate(key.items()):
        table.insert(place, name, value)
    return table
