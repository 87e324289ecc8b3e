"""Scorers by name, and scores of predictions that were recorded.

Decisions: docs/decisions.md#evaluation-and-folds.
"""

import contextlib
import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names

from skdl._utils.checks import suggest
from skdl._utils.scikit import is_scorer, parts_of, scores_classes, scores_numbers
from skdl._utils.text import plain, shortened
from skdl.evaluation._recorded import Recorded, RecordedPredictions, in_short
from skdl.metrics import (
    CALIBRATION_SCORERS,
    CLINICAL_SCORERS,
    NUMBER_SCORERS,
    ORDINAL_SCORERS,
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

    @property
    def of_numbers(self) -> bool | None:
        """Whether it scores numbers and not classes; None where any function may do either."""
        parts = parts_of(self.scorer)
        if parts is None:
            return None
        ours = any(row.function is parts.function for row in TABLE.values() if row.of_numbers)
        if ours or scores_numbers(parts.function):
            return True
        is_ours = getattr(parts.function, "__module__", "").startswith("skdl.metrics.")
        return False if is_ours or scores_classes(parts.function) else None

    def score(self, recorded: Recorded, y: Any) -> tuple[float, str]:
        """The score of predictions that were recorded, or NaN and the reason why there is none."""
        if self.positive is not None and isinstance(recorded, RecordedPredictions):
            recorded, y = recorded.against_rest(self.positive), y == self.positive
        return score_one(self.scorer, recorded, None, y)


# Names that stand for several metrics.
_SETS = {
    "clinical": ["accuracy", *CLINICAL_SCORERS, "ppv", "npv"],
    "calibration": list(CALIBRATION_SCORERS),
    "ordinal": list(ORDINAL_SCORERS),
    "regression": list(NUMBER_SCORERS),
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
_OURS |= CALIBRATION_SCORERS | NUMBER_SCORERS | ORDINAL_SCORERS
# Of one class against the rest, although they do not say so by a parameter `pos_label`.
_OF_A_CLASS = ("roc_auc", "positive_likelihood_ratio", "neg_negative_likelihood_ratio")


def make_metrics(scoring: Any, pos_label: Any, of_numbers: bool = False) -> dict[str, Metric]:
    """Metrics by name, of what :func:`evaluate` takes as `scoring`, for numbers or for classes."""
    if scoring is None:
        scoring = "regression" if of_numbers else "clinical"
    if callable(scoring):
        scoring = {"score": scoring}
    elif isinstance(scoring, str) or (
        isinstance(scoring, Sequence) and scoring and all(isinstance(s, str) for s in scoring)
    ):
        asked = [scoring] if isinstance(scoring, str) else scoring
        scoring = {name: name for one in asked for name in _SETS.get(one, [one])}
    elif not isinstance(scoring, Mapping):
        raise ValueError(
            "scoring must be 'clinical', 'calibration', 'ordinal', 'regression', the name of a "
            "metric, a list of names, a scorer, or a dict of names and scorers. Got "
            f"{shortened(scoring)}."
        )
    if not scoring:
        raise ValueError("scoring is empty. Name at least one metric.")
    found = {str(name): _metric(name, value, pos_label) for name, value in scoring.items()}
    for name, metric in found.items():
        _check_kind(name, metric, of_numbers)
    return found


def _check_kind(name: str, metric: Metric, of_numbers: bool) -> None:
    """Refuse scores of classes for numbers, and the other way round."""
    if metric.of_numbers is None or metric.of_numbers == of_numbers:
        return
    if of_numbers:
        raise ValueError(
            f"The metric {shortened(name)} scores classes, but the estimators are regressors. Pass "
            "scoring='regression', or metrics of numbers, such as 'r2' or 'mae'."
        )
    raise ValueError(
        f"The metric {shortened(name)} scores numbers, but the estimators are classifiers. Pass "
        "scoring='clinical', or metrics of classes, such as 'accuracy'; or evaluate regressors."
    )


def _metric(name: Any, value: Any, pos_label: Any) -> Metric:
    if callable(value):
        return Metric(value)
    if not isinstance(value, str):
        raise ValueError(
            f"scoring[{shortened(name)}] must be the name of a metric or a scorer. Got "
            f"{shortened(value)}."
        )
    try:
        scorer: Any = _OURS[value] if value in _OURS else get_scorer(value)
    except ValueError as error:
        raise ValueError(
            f"scoring: there is no metric {shortened(value)}. Known are {', '.join(_OURS)} and "
            "those of sklearn.metrics.get_scorer_names()."
            f"{suggest(value, [*_OURS, *get_scorer_names()])}"
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


def check_by_output(metrics: Mapping[str, Metric]) -> None:
    """Refuse what cannot be computed for one of several outputs."""
    for name, metric in metrics.items():
        if metric.needs_estimator:
            raise ValueError(
                f"The metric {shortened(name)} is a function that needs the estimator, but y has "
                "several columns, which are scored separately. Pass names of metrics, or scorers "
                "made by sklearn.metrics.make_scorer."
            )


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
        return np.nan, "It is undefined for these predictions."
    return value, ""
