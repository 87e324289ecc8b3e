"""Scores of samples, as far as confidence intervals have to know them."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import confusion_matrix
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import unique_labels

from skdl.metrics._bootstrap import Resamples, resample_matrix, resample_rows
from skdl.metrics._checks import binary_problem, check_filled, check_labels, check_scores
from skdl.metrics._confusion import (
    F1,
    NEGATIVE_LIKELIHOOD_RATIO,
    NPV,
    POSITIVE_LIKELIHOOD_RATIO,
    PPV,
    SENSITIVITY,
    SPECIFICITY,
    Array,
    positive_class,
)
from skdl.metrics._delong import SortedScores

RATIOS = {
    "sensitivity": SENSITIVITY,
    "specificity": SPECIFICITY,
    "ppv": PPV,
    "npv": NPV,
    "f1": F1,
    "positive_likelihood_ratio": POSITIVE_LIKELIHOOD_RATIO,
    "negative_likelihood_ratio": NEGATIVE_LIKELIHOOD_RATIO,
}
PROPORTIONS = ("accuracy", "sensitivity", "specificity", "ppv", "npv")
NAMES = ("accuracy", "balanced_accuracy", "geometric_mean", *RATIOS, "roc_auc")


@dataclass(frozen=True)
class Estimate:
    """A score with what its intervals are made of."""

    name: str
    value: float
    resample: Callable[[bool, int, np.random.Generator], Resamples]
    # Successes and trials, where the score is a proportion.
    proportion: tuple[float, float] | None = None
    # Which samples are positive, and their scores, where the score is the area under one ROC curve.
    curve: tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]] | None = None


def estimate_score(score: Any, y_true: Any, y_pred: Any, pos_label: Any) -> Estimate:
    """Evaluate a score given by name or as a function."""
    if not callable(score) and score not in NAMES:
        raise ValueError(f"score must be a function or one of {', '.join(NAMES)}. Got {score!r}.")
    true, predicted = check_filled(y_true, "y_true"), check_filled(y_pred, "y_pred")
    check_consistent_length(true, predicted)
    if callable(score):
        if pos_label is not None:
            raise ValueError(
                "pos_label is for scores by name. Bind it to the function: "
                "functools.partial(score, pos_label=...)."
            )
        return _of_function(score, true, predicted)
    check_labels(true, "y_true")
    if score == "roc_auc":
        return _of_curve(true, predicted, pos_label)
    return _of_matrix(score, true, check_labels(predicted, "y_pred"), pos_label)


def _of_function(score: Callable[..., float], true: Any, predicted: Any) -> Estimate:
    name = getattr(score, "__name__", repr(score))

    def evaluate(rows: npt.NDArray[Any]) -> float:
        try:
            return float(score(true[rows], predicted[rows]))
        except (ValueError, ZeroDivisionError, UndefinedMetricWarning):
            return float("nan")

    def resample(stratified: bool, n_resamples: int, generator: np.random.Generator) -> Resamples:
        with warnings.catch_warnings():
            # What scikit-learn replaces by 0 would move the interval.
            warnings.simplefilter("error", UndefinedMetricWarning)
            return resample_rows(evaluate, _strata(true, stratified), n_resamples, generator)

    return Estimate(name, _checked(name, float(score(true, predicted))), resample)


def _of_curve(true: Any, predicted: Any, pos_label: Any) -> Estimate:
    classes = unique_labels(true)
    if len(classes) == 1:
        raise ValueError(
            f"The ROC curve is undefined: y_true holds one class only, {classes.tolist()[0]!r}."
        )
    several = len(classes) > 2 and pos_label is None
    if several:
        scores = check_scores(predicted, "y_pred", len(classes))
        if scores.ndim == 1:
            raise ValueError(
                f"There are {len(classes)} classes: 'roc_auc' takes their probabilities, of shape "
                f"(n, {len(classes)}), or pos_label and the scores of that class."
            )
        curves = [SortedScores(true == c, s) for c, s in zip(classes, scores.T, strict=True)]
    else:
        positive, scores = binary_problem(true, predicted, pos_label, "y_pred")
        curves = [SortedScores(positive, scores)]

    def evaluate(rows: npt.NDArray[Any]) -> float:
        counts = np.bincount(rows, minlength=len(true))
        return float(np.mean([curve.area(counts) for curve in curves]))

    def resample(stratified: bool, n_resamples: int, generator: np.random.Generator) -> Resamples:
        # One class against the rest: two strata.
        strata = _strata(true if several else positive, stratified)
        return resample_rows(evaluate, strata, n_resamples, generator)

    value = evaluate(np.arange(len(true)))
    return Estimate("roc_auc", value, resample, curve=None if several else (positive, scores))


def _of_matrix(name: str, true: Any, predicted: Any, pos_label: Any) -> Estimate:
    classes = unique_labels(true, predicted)
    one = pos_label is not None or len(classes) <= 2
    if one and name not in ("accuracy", "balanced_accuracy"):
        positive = positive_class(classes, pos_label)
        true, predicted, classes = true == positive, predicted == positive, [False, True]
    matrix = confusion_matrix(true, predicted, labels=classes).astype(np.float64)
    evaluate = _matrix_function(name, matrix, one)
    proportion = None
    if name == "accuracy":
        proportion = float(np.trace(matrix)), float(matrix.sum())
    elif name in PROPORTIONS and one:
        successes, trials = RATIOS[name].counts(matrix)
        proportion = float(successes), float(trials)

    def resample(stratified: bool, n_resamples: int, generator: np.random.Generator) -> Resamples:
        return resample_matrix(evaluate, matrix, stratified, n_resamples, generator)

    missing = RATIOS[name].missing if name in RATIOS else "samples of one of the classes"
    value = _checked(name, float(evaluate(matrix)), f"there are no {missing}")
    return Estimate(name, value, resample, proportion)


def _matrix_function(name: str, matrix: Array, one: bool) -> Callable[[Array], Array]:
    """Return what gives the scores of confusion matrices of shape (..., k, k)."""
    if name == "accuracy":
        return lambda m: np.trace(m, axis1=-2, axis2=-1) / m.sum(axis=(-2, -1))
    if name == "balanced_accuracy":
        present = matrix.sum(axis=1) > 0
        return lambda m: _recalls(m)[..., present].mean(axis=-1)
    if name == "geometric_mean":
        return lambda m: _recalls(m).prod(axis=-1) ** (1 / m.shape[-1])
    ratio = RATIOS[name]
    return ratio if one else lambda m: ratio(_one_vs_rest(m)).mean(axis=-1)


def _checked(name: str, value: float, why: str = "it is NaN") -> float:
    if np.isnan(value):
        raise ValueError(f"{name} is undefined for these samples: {why}.")
    return value


def _strata(labels: npt.NDArray[Any], stratified: bool) -> list[npt.NDArray[np.intp]]:
    if not stratified:
        return [np.arange(len(labels))]
    labels = check_labels(labels, "With stratified=True, y_true")
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def _recalls(matrices: Array) -> Array:
    right, all_ = np.diagonal(matrices, axis1=-2, axis2=-1), matrices.sum(axis=-1)
    recalls = np.full(right.shape, np.nan)
    np.divide(right, all_, out=recalls, where=all_ > 0)
    return recalls


def _one_vs_rest(matrices: Array) -> Array:
    """Return matrices of shape (..., k, 2, 2) from those of shape (..., k, k)."""
    tp = np.diagonal(matrices, axis1=-2, axis2=-1)
    fn, fp = matrices.sum(axis=-1) - tp, matrices.sum(axis=-2) - tp
    tn = matrices.sum(axis=(-2, -1))[..., None] - tp - fn - fp
    return np.stack([np.stack([tn, fp], axis=-1), np.stack([fn, tp], axis=-1)], axis=-2)
