"""What a fitted estimator is made of, one part behind the other."""

from dataclasses import dataclass
from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdl._utils.scikit import tuned_positive_class
from skdl.conversion import UnsupportedError


@dataclass(frozen=True)
class Threshold:
    """From which score on an image is of the positive class."""

    value: float
    positive: Any
    on_probabilities: bool


def parts_of(estimator: Any) -> list[Any]:
    """The steps of pipelines, the best estimators of searches, and thresholds behind classifiers.

    Raises
    ------
    NotFittedError
        If one is not fitted.
    """
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if step is not None and step != "passthrough"]
        return [part for step in steps for part in parts_of(step)]
    check_is_fitted(estimator)
    if isinstance(estimator, FrozenEstimator):
        return parts_of(estimator.estimator)
    if hasattr(estimator, "cv_results_"):
        if not hasattr(estimator, "best_estimator_"):
            raise UnsupportedError(
                f"a {type(estimator).__name__} with refit=False, which has no fitted estimator"
            )
        return parts_of(estimator.best_estimator_)
    if isinstance(estimator, FixedThresholdClassifier | TunedThresholdClassifierCV):
        # A fixed threshold takes what is fitted as it is, if it is.
        inner = getattr(estimator, "estimator_", estimator.estimator)
        return [*parts_of(inner), _threshold_of(estimator, inner)]
    return [estimator]


def _threshold_of(estimator: Any, inner: Any) -> Threshold:
    method = estimator.response_method
    if method == "auto":
        method = "predict_proba" if hasattr(inner, "predict_proba") else "decision_function"
    on_probabilities = method == "predict_proba"
    if isinstance(estimator, TunedThresholdClassifierCV):
        value, positive = estimator.best_threshold_, tuned_positive_class(estimator)
    else:
        value, positive = estimator.threshold, estimator.pos_label
        if isinstance(value, str):  # "auto"
            value = 0.5 if on_probabilities else 0.0
    positive = inner.classes_[1] if positive is None else positive
    return Threshold(float(value), positive, on_probabilities)
