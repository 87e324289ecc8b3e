"""Scorers by name, and scores of predictions that were recorded."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, make_scorer
from sklearn.utils.metaestimators import available_if

from skdl.metrics import (
    CLINICAL_SCORERS,
    make_npv_scorer,
    make_ppv_scorer,
    make_sensitivity_scorer,
    make_specificity_scorer,
)

Scorer = Callable[..., float]
_ScorerClass = type(make_scorer(len)).__mro__[1]  # what scorers of scikit-learn have in common


@dataclass(frozen=True)
class Metric:
    """A scorer, and the name by which :func:`skdl.metrics.confidence_interval` knows its score."""

    scorer: Scorer
    known: str = ""

    @property
    def needs_estimator(self) -> bool:
        """Whether recorded predictions are not enough: any function may be a scorer."""
        return not isinstance(self.scorer, _ScorerClass)


_OF_POSITIVES = {
    "sensitivity": make_sensitivity_scorer,
    "specificity": make_specificity_scorer,
    "ppv": make_ppv_scorer,
    "npv": make_npv_scorer,
}


class RecordedPredictions(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What a classifier said of some images, as an estimator that scorers take.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The classes that it knows.
    predicted : ndarray of shape (n,)
        Labels.
    probabilities : ndarray of shape (n, n_classes), default=None
    decisions : ndarray of shape (n,) or (n, n_classes), default=None
    """

    def __init__(
        self, classes: Any, predicted: Any, probabilities: Any = None, decisions: Any = None
    ) -> None:
        self.classes = classes
        self.predicted = predicted
        self.probabilities = probabilities
        self.decisions = decisions

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes."""
        return np.asarray(self.classes)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> Any:
        """Return the labels, whatever X is."""
        return self.predicted

    @available_if(lambda self: self.probabilities is not None)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """Return the probabilities, whatever X is."""
        return self.probabilities

    @available_if(lambda self: self.decisions is not None)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Any:
        """Return the decision values, whatever X is."""
        return self.decisions

    def scores_of(self, positive: Any) -> Any:
        """Scores of one class of two: probabilities or decision values; None without either."""
        _, second = self.classes_.tolist()
        if self.probabilities is not None:
            return self.probabilities[:, int(positive == second)]
        if self.decisions is not None:
            return self.decisions if positive == second else -self.decisions
        return None

    def rows(self, rows: Any) -> "RecordedPredictions":
        """What was said of some of the images."""
        kept = [None if a is None else a[rows] for a in (self.probabilities, self.decisions)]
        return RecordedPredictions(self.classes, self.predicted[rows], *kept)


def make_metrics(scoring: Any, pos_label: Any) -> dict[str, Metric]:
    """Metrics by name.

    Raises
    ------
    ValueError
        If `scoring` is none of what :func:`evaluate` takes, or a name is unknown.
    """
    if callable(scoring):
        return {"score": Metric(scoring)}
    if isinstance(scoring, str):
        names = (
            ["accuracy", *CLINICAL_SCORERS, "ppv", "npv"] if scoring == "clinical" else [scoring]
        )
    elif isinstance(scoring, Mapping):
        if not scoring:
            raise ValueError("scoring is empty. Name at least one metric.")
        return {
            str(name): Metric(value) if callable(value) else _by_name(value, pos_label)
            for name, value in scoring.items()
        }
    elif isinstance(scoring, Sequence) and scoring and all(isinstance(s, str) for s in scoring):
        names = list(scoring)
    else:
        raise ValueError(
            "scoring must be 'clinical', the name of a metric, a list of names, a scorer, or a "
            f"dict of names and scorers. Got {scoring!r}."
        )
    return {name: _by_name(name, pos_label) for name in names}


def _by_name(name: Any, pos_label: Any) -> Metric:
    if name in _OF_POSITIVES:
        return Metric(_OF_POSITIVES[name](pos_label=pos_label), name)
    if name in CLINICAL_SCORERS:
        return Metric(CLINICAL_SCORERS[name], name)
    return Metric(get_scorer(name), name if name == "accuracy" else "")


def score_one(scorer: Scorer, estimator: Any, X: Any, y: Any) -> tuple[float, str]:
    """A score, or NaN and the reason why there is none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = float(scorer(estimator, X, y))
        except Exception as error:
            return np.nan, _in_short(error)
    undefined = [w for w in caught if issubclass(w.category, UndefinedMetricWarning)]
    for other in (w for w in caught if w not in undefined):
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if undefined:
        return np.nan, _in_short(undefined[0].message)
    return value, "" if np.isfinite(value) else "It is not defined for these predictions."


def _in_short(error: Any) -> str:
    """The message, or the name where there is none, in one line."""
    text = " ".join(str(error).split())
    return text or type(error).__name__
