"""Scorers by name, and scores of predictions that were recorded."""

import contextlib
import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.utils.metaestimators import available_if

from skdl._utils.checks import suggest
from skdl._utils.scikit import is_scorer, parts_of
from skdl._utils.text import encodable, plain, shortened
from skdl.metrics import (
    CALIBRATION_SCORERS,
    CLINICAL_SCORERS,
    TABLE,
    KnownScore,
    known_scorer,
    make_clinical_scorer,
)

Scorer = Callable[..., float]


@dataclass(frozen=True)
class Metric:
    """A scorer, and whether it was asked for by name.

    With `positive` it scores that class against the rest, whatever number of classes there are.
    """

    scorer: Scorer
    by_name: bool = False
    positive: Any = None

    @property
    def needs_estimator(self) -> bool:
        """Whether recorded predictions are not enough: any function may be a scorer."""
        return not is_scorer(self.scorer)

    def known(self, n_classes: int) -> KnownScore | None:
        """How :func:`skdl.metrics.confidence_interval` knows the score, or None."""
        found = known_scorer(self.scorer)
        if found is not None and self.positive is not None:
            return found._replace(pos_label=self.positive, average="binary")
        if found is None or found.average != "auto":
            return found
        if n_classes == 2 or found.pos_label is not None:
            return found._replace(average="binary")
        return found._replace(average=TABLE[found.name].several)

    def score(self, recorded: "RecordedPredictions", y: Any) -> tuple[float, str]:
        """The score of predictions that were recorded, or NaN and the reason why there is none."""
        if self.positive is not None:
            recorded, y = recorded.against_rest(self.positive), y == self.positive
        return score_one(self.scorer, recorded, None, y)


def column_of(kind: str, label: Any) -> str:
    """The column of a table that holds probabilities or decision values of a class."""
    return encodable(f"{kind}_{label}")


# Names that stand for several metrics.
_SETS = {
    "clinical": ["accuracy", *CLINICAL_SCORERS, "ppv", "npv"],
    "calibration": list(CALIBRATION_SCORERS),
}
# Those of which scikit-learn has none of that name, and those of CLINICAL_SCORERS.
_OURS: dict[str, Scorer] = CLINICAL_SCORERS | {
    name: make_clinical_scorer(name)
    for name, row in TABLE.items()
    if row.settings
    and row.has_interval
    and row.greater_is_better
    and name not in {*get_scorer_names(), *CLINICAL_SCORERS}
}
_OURS |= CALIBRATION_SCORERS
_LONGEST_REASON = 1000  # in characters
# Of one class against the rest, although they do not say so by a parameter `pos_label`.
_OF_A_CLASS = ("roc_auc", "positive_likelihood_ratio", "neg_negative_likelihood_ratio")


class RecordedPredictions(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What a classifier said of some images, as an estimator that scorers take.

    It knows `classes`, and `predicted` labels of shape (n,); beside them probabilities of shape
    (n, n_classes), or decision values, or a `problem` that says why there are neither.
    """

    def __init__(
        self,
        classes: Any,
        predicted: Any,
        probabilities: Any = None,
        decisions: Any = None,
        problem: str = "",
    ) -> None:
        self.classes = classes
        self.predicted = predicted
        self.probabilities = probabilities
        self.decisions = decisions
        self.problem = problem

    @classmethod
    def from_table(cls, table: pd.DataFrame, classes: npt.NDArray[Any]) -> "RecordedPredictions":
        """Predictions of a table, where all of its rows have them."""
        found = []
        for kind in ("proba", "decision"):
            names = [column_of(kind, label) for label in classes.tolist()]
            if kind in table:
                names = [kind]
            whole = set(names) <= set(table) and not table[names].isna().to_numpy().any()
            values = table[names].to_numpy() if whole else None
            found.append(values[:, 0] if values is not None and len(names) == 1 else values)
        problem = "Not all images have probabilities (predict_proba) or decision values."
        return cls(classes, table["y_pred"].to_numpy(), found[0], found[1], problem)

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

    @property
    def _values(self) -> Any:
        return self.decisions if self.probabilities is None else self.probabilities

    def scores_of(self, label: Any) -> Any:
        """Scores of one class: probabilities or decision values; None without either."""
        values, known = self._values, self.classes_.tolist()
        if values is None or label not in known:
            return None
        if values.ndim == 1:
            return values if label == known[-1] else -values
        return values[:, known.index(label)] if values.shape[1] == len(known) else None

    def against_rest(self, label: Any) -> "RecordedPredictions":
        """What was said of one class, True, against all others, False."""
        scores, problem = self.scores_of(label), self.problem
        probabilities = decisions = None
        if scores is None and label not in self.classes_.tolist():
            problem = f"The class {shortened(label)} was not seen in training."
        elif scores is not None and self.probabilities is not None:
            probabilities = np.column_stack([1 - scores, scores])
        else:
            decisions = scores
        classes = np.array([False, True])
        return RecordedPredictions(
            classes, np.asarray(self.predicted == label), probabilities, decisions, problem
        )

    @property
    def confidence(self) -> npt.NDArray[np.float64] | None:
        """How sure of each label it was: its probability or decision value; None without either."""
        values = self._values
        if values is None or (values.ndim == 2 and values.shape[1] != len(self.classes_)):
            return None
        # Not the largest: a classifier may have a threshold of its own.
        codes = np.searchsorted(self.classes_, self.predicted)
        if values.ndim == 1:
            return np.asarray(np.where(codes == 1, values, -values))
        return np.asarray(values[np.arange(len(values)), codes])

    def rows(self, rows: Any) -> "RecordedPredictions":
        """What was said of some of the images."""
        probabilities, decisions = (
            None if values is None else values[rows]
            for values in (self.probabilities, self.decisions)
        )
        return RecordedPredictions(
            self.classes, self.predicted[rows], probabilities, decisions, self.problem
        )


def make_metrics(scoring: Any, pos_label: Any) -> dict[str, Metric]:
    """Metrics by name, of what :func:`evaluate` takes as `scoring`."""
    if callable(scoring):
        scoring = {"score": scoring}
    elif isinstance(scoring, str) or (
        isinstance(scoring, Sequence) and scoring and all(isinstance(s, str) for s in scoring)
    ):
        asked = [scoring] if isinstance(scoring, str) else scoring
        scoring = {name: name for one in asked for name in _SETS.get(one, [one])}
    elif not isinstance(scoring, Mapping):
        raise ValueError(
            "scoring must be 'clinical', 'calibration', the name of a metric, a list of names, a "
            f"scorer, or a dict of names and scorers. Got {shortened(scoring)}."
        )
    if not scoring:
        raise ValueError("scoring is empty. Name at least one metric.")
    return {str(name): _metric(name, value, pos_label) for name, value in scoring.items()}


def _metric(name: Any, value: Any, pos_label: Any) -> Metric:
    if callable(value):
        return Metric(value)
    if not isinstance(value, str):
        raise ValueError(
            f"scoring[{shortened(name)}] must be the name of a metric, or a scorer. Got "
            f"{shortened(value)}."
        )
    try:
        scorer: Any = _OURS[value] if value in _OURS else get_scorer(value)
    except ValueError as error:
        raise ValueError(
            f"scoring names no metric {shortened(value)}. There are {', '.join(_OURS)} and those "
            f"of sklearn.metrics.get_scorer_names().{suggest(value, [*_OURS, *get_scorer_names()])}"
        ) from error
    of_a_class = value in _OF_A_CLASS or _has_a_positive_class(scorer)
    return Metric(scorer, by_name=True, positive=pos_label if of_a_class else None)


def _has_a_positive_class(scorer: Any) -> bool:
    """Whether a scorer is one of the positive class, unless told otherwise."""
    parts = parts_of(scorer)
    if parts is None:
        return False
    parameters = inspect.signature(parts.function).parameters
    return "pos_label" in parameters and parts.settings.get("average", "binary") == "binary"


def check_positive_class(
    metrics: Mapping[str, Metric], y: npt.NDArray[Any], known: Sequence[Any]
) -> None:
    """Ask for the positive class before anything is fitted, by scoring perfect predictions."""
    classes = np.unique(y)
    if known and len(known[0]) > len(classes) and set(classes.tolist()) <= set(known[0]):
        classes = np.asarray(known[0])  # a fitted estimator knows more than these labels
    probabilities = (y[:, None] == classes).astype(np.float64)
    perfect = RecordedPredictions(classes, y, probabilities)
    for name, metric in metrics.items():
        if metric.needs_estimator:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, reason = metric.score(perfect, y)
        if "pos_label" not in reason:
            continue
        parts = parts_of(metric.scorer)
        if parts is not None and parts.settings.get("pos_label") is not None:
            raise ValueError(f"The metric {shortened(name)}: {reason}")
        advice = "Pass pos_label" if metric.by_name else "Make the scorer with pos_label"
        raise ValueError(
            f"The metric {shortened(name)} needs the positive class. {advice}, one of "
            f"{shortened(plain(classes))}."
        )


@contextlib.contextmanager
def warned_once() -> Iterator[None]:
    """Each warning once, whatever its place: a hundred folds would say the same."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in {(w.category, str(w.message)): w for w in reversed(caught)}.values():
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def score_one(scorer: Scorer, estimator: Any, X: Any, y: Any) -> tuple[float, str]:
    """A score, or NaN and the reason why there is none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = float(scorer(estimator, X, y))
        except AttributeError as error:
            return np.nan, getattr(estimator, "problem", "") or in_short(error)
        except Exception as error:
            return np.nan, in_short(error)
    undefined = [w for w in caught if issubclass(w.category, UndefinedMetricWarning)]
    for other in (w for w in caught if w not in undefined):
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if undefined:
        # Here it is not set to any number.
        reason = re.sub(r" and (being )?set to \S+", "", in_short(undefined[0].message))
        return np.nan, re.sub(r" Use the? `zero_division` parameter.*", "", reason)
    if not np.isfinite(value):
        return np.nan, "It is not defined for these predictions."
    return value, ""


def in_short(error: Any) -> str:
    """The message, or the name where there is none, in one line of a bounded length."""
    text = encodable(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} …"
