"""Scores of samples, as far as confidence intervals have to know them."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import confusion_matrix
from sklearn.utils.multiclass import unique_labels

from skdl._utils.checks import suggest
from skdl._utils.labels import check_length, class_labels, filled, label_pair
from skdl._utils.text import plain, shortened
from skdl.metrics._bootstrap import Resamples, resample_matrix, resample_rows
from skdl.metrics._checks import binary_problem, check_scores
from skdl.metrics._confusion import positive_class
from skdl.metrics._counts import Counts, GroupedCounts
from skdl.metrics._delong import SortedScores, area_interval
from skdl.metrics._forecast_scores import forecast_score
from skdl.metrics._groups import Groups, groups_of
from skdl.metrics._known import KnownScore, known_score, unwrapped
from skdl.metrics._matrix_scores import matrix_score
from skdl.metrics._number_scores import kappa_score, number_score
from skdl.metrics._proportions import Limits
from skdl.metrics._table import TABLE
from skdl.metrics._wald import KnownValue

NAMES = [name for name, row in TABLE.items() if row.has_interval]


@dataclass(frozen=True)
class Estimate:
    """A score with what its intervals are made of."""

    name: str
    value: float
    resample: Callable[[bool, int, np.random.Generator], Resamples]
    # What its interval is called that needs no resampling, and the limits by level.
    method: str = "bootstrap"
    limits: Callable[[float], Limits] | None = None


def estimate_score(
    score: Any,
    y_true: Any,
    y_pred: Any,
    pos_label: Any,
    average: str,
    groups: Any = None,
) -> Estimate:
    """Evaluate a score given by name or as a function, of samples that may come in groups."""
    if not callable(score) and not (isinstance(score, str) and score in NAMES):
        meant = suggest(score, NAMES) if isinstance(score, str) else ""
        raise ValueError(
            f"score must be a function or one of {', '.join(NAMES)}. Got {shortened(score)}.{meant}"
        )
    true, predicted = filled(y_true, "y_true"), filled(y_pred, "y_pred")
    check_length(true, "y_true", predicted, "y_pred")
    together = None if groups is None else groups_of(groups, len(true))
    if callable(score):
        known = known_score(score, len(np.unique(true)))
        if pos_label is not None:
            advice = "Bind it to the function: functools.partial(score, pos_label=...)."
            if known is not None:
                advice = f"Pass {known.name!r} instead of the function."
            raise ValueError(f"pos_label can only be used if score is a name. {advice}")
        by_function = _of_function(score, true, predicted, together)
        if known is None:
            return by_function
        try:
            positive = _positive_of(known, true)
            found = _of_name(
                known.name, true, predicted, positive, known.average, together, known.n_bins
            )
        except ValueError:  # such as a ratio that is undefined, for which the function has a value
            return by_function
        return found if np.isclose(found.value, by_function.value) else by_function
    return _of_name(score, true, predicted, pos_label, average, together)


def _positive_of(known: KnownScore, true: npt.NDArray[Any]) -> Any:
    """The positive class of a function; that of `roc_auc_score` is the second of two."""
    if TABLE[known.name].of_numbers:
        return None
    classes = unique_labels(true)
    if known.name == "roc_auc" and len(classes) == 2:
        return classes[-1]
    return known.pos_label


def _of_name(
    score: str,
    true: Any,
    predicted: Any,
    pos_label: Any,
    average: str,
    groups: Groups | None,
    n_bins: int | None = None,
) -> Estimate:
    if score == "quadratic_kappa":
        known = kappa_score(true, predicted, groups)
        return _of_known(score, known, class_labels(true, "y_true"), groups)
    if TABLE[score].of_numbers:
        found = number_score(score, true, predicted, groups)
        return _of_known(score, found, np.zeros(len(true)), groups)  # of one stratum
    if TABLE[score].of_probabilities:
        found = forecast_score(score, true, predicted, pos_label, groups, n_bins)
        labels = true if pos_label is None else true == pos_label
        return _of_known(score, found, labels, groups)
    if score == "roc_auc":
        return _of_curve(class_labels(true, "y_true"), predicted, pos_label, groups)
    return _of_matrix(score, *label_pair(true, predicted), pos_label, average, groups)


def _of_function(
    score: Callable[..., float], true: Any, predicted: Any, groups: Groups | None
) -> Estimate:
    function, _, settings = unwrapped(score)
    name = getattr(function, "__name__", type(function).__name__)
    if settings:
        name += f"({', '.join(f'{key}={shortened(value)}' for key, value in settings.items())})"

    def evaluate(rows: npt.NDArray[Any]) -> float:
        try:
            return float(score(true[rows], predicted[rows]))
        except (ValueError, ZeroDivisionError, UndefinedMetricWarning):
            return float("nan")

    def resample(stratified: bool, n_resamples: int, generator: np.random.Generator) -> Resamples:
        with warnings.catch_warnings():
            # What scikit-learn replaces by 0 would move the interval.
            warnings.simplefilter("error", UndefinedMetricWarning)
            return _resample(evaluate, true, groups, stratified, n_resamples, generator)

    return Estimate(name, _checked(name, float(score(true, predicted))), resample)


def _of_curve(true: Any, predicted: Any, pos_label: Any, groups: Groups | None) -> Estimate:
    classes = unique_labels(true)
    if len(classes) == 1:
        raise ValueError(
            "The ROC curve is undefined: y_true has only one class, "
            f"{shortened(plain(classes)[0])}."
        )
    several = len(classes) > 2 and pos_label is None
    if several:
        scores = check_scores(predicted, "y_pred", len(classes))
        if scores.ndim == 1:
            raise ValueError(
                f"There are {len(classes)} classes, so 'roc_auc' needs their probabilities, of "
                f"shape (n, {len(classes)}), or pos_label and the scores of that class."
            )
        positives, columns = true == classes[:, None], scores.T
    else:
        positive, scores = binary_problem(true, predicted, pos_label, "y_pred")
        positives, columns = positive[None], scores[None]
    curves = [SortedScores(*of_class) for of_class in zip(positives, columns, strict=True)]

    def evaluate(rows: npt.NDArray[Any]) -> float:
        counts = np.bincount(rows, minlength=len(true))
        return float(np.mean([curve.area(counts) for curve in curves]))

    def resample(stratified: bool, n_resamples: int, generator: np.random.Generator) -> Resamples:
        # One class against the rest: two strata.
        labels = true if several else positives[0]
        return _resample(evaluate, labels, groups, stratified, n_resamples, generator)

    value = evaluate(np.arange(len(true)))

    def limits(level: float) -> Limits:
        return area_interval(value, positives, columns, level, groups)

    method = "delong" if groups is None else "obuchowski"
    return Estimate("roc_auc", value, resample, method, limits)


def _of_known(
    name: str, found: KnownValue, labels: npt.NDArray[Any], groups: Groups | None
) -> Estimate:
    """A score that comes with its limits; the bootstrap is stratified by labels."""
    _checked(name, found.value, found.why_undefined)

    def resample(stratified: bool, n_resamples: int, generator: np.random.Generator) -> Resamples:
        if found.evaluate is None:
            raise ValueError(
                f"The bootstrap of {name} would be biased: samples that are drawn twice look like "
                f"miscalibration. Use method={found.method!r}."
            )
        return _resample(found.evaluate, labels, groups, stratified, n_resamples, generator)

    return Estimate(name, found.value, resample, found.method, found.limits)


def _of_matrix(
    name: str, true: Any, predicted: Any, pos_label: Any, average: str, groups: Groups | None
) -> Estimate:
    classes = unique_labels(true, predicted)
    names = [f"class {shortened(label)}" for label in plain(classes)]
    if average == "auto":
        is_binary = pos_label is not None or len(classes) <= 2
        average = "binary" if is_binary else TABLE[name].several
    if average == "binary" and name not in ("accuracy", "balanced_accuracy"):
        positive = positive_class(classes, pos_label)
        true, predicted, classes = true == positive, predicted == positive, [False, True]
        names = [f"{other}class {shortened(positive)}" for other in ("classes other than ", "")]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A single label was found")
        matrix = confusion_matrix(true, predicted, labels=classes).astype(np.float64)
    if groups is None:
        score = matrix_score(name, Counts(matrix), average)
    else:
        cells = [np.searchsorted(classes, labels) for labels in (true, predicted)]
        score = matrix_score(name, GroupedCounts(matrix, groups, cells, names), average)

    def of_rows(rows: npt.NDArray[Any]) -> float:
        counts = np.zeros_like(matrix)
        np.add.at(counts, tuple(of_samples[rows] for of_samples in cells), 1)
        return float(score.evaluate(counts))

    def resample(stratified: bool, n_resamples: int, generator: np.random.Generator) -> Resamples:
        if groups is None:
            return resample_matrix(score.evaluate, matrix, stratified, n_resamples, generator)
        return _resample(of_rows, true, groups, stratified, n_resamples, generator)

    value = _checked(name, float(score.evaluate(matrix)), f"there are no {score.missing}")
    return Estimate(name, value, resample, score.method, score.limits)


def _checked(name: str, value: float, why: str = "it is NaN") -> float:
    if np.isnan(value):
        raise ValueError(f"{name} is undefined for these samples: {why}.")
    return value


def _resample(
    evaluate: Callable[[npt.NDArray[Any]], float],
    labels: npt.NDArray[Any],
    groups: Groups | None,
    stratified: bool,
    n_resamples: int,
    generator: np.random.Generator,
) -> Resamples:
    """Resample rows, or whole groups of them."""
    strata = _strata(labels, stratified)
    if groups is None:
        return resample_rows(evaluate, strata, n_resamples, generator)
    units = groups.strata(labels) if stratified else groups.all_in_one()
    found = resample_rows(lambda drawn: evaluate(groups.rows(drawn)), units, n_resamples, generator)
    return found._replace(degrees=groups.effective_number - len(units))


def _strata(labels: npt.NDArray[Any], stratified: bool) -> list[npt.NDArray[np.intp]]:
    if not stratified:
        return [np.arange(len(labels))]
    try:
        labels = class_labels(labels, "With stratified=True, y_true")
    except ValueError as error:
        raise ValueError(f"{error} For numbers, pass stratified=False.") from error
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]
