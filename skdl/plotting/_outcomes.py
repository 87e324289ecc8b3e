"""What classifiers predict, beside what is true."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from skdl._utils.labels import check_known, class_labels, label_pair, listed
from skdl._utils.nesting import nested
from skdl._utils.scikit import tuned_positive_class
from skdl._utils.text import plain, shortened
from skdl.plotting._labels import encode, joined

ResponseMethod = Literal["auto", "predict_proba", "decision_function"]


def predicted_labels(estimator: Any, X: Any, y: Any) -> npt.NDArray[Any]:
    """What a fitted classifier takes X for."""
    name = type(estimator).__name__
    if not hasattr(estimator, "predict"):
        raise ValueError(f"{name} has no predict. Pass a fitted classifier.")
    predicted = np.asarray(estimator.predict(X))
    if not hasattr(estimator, "classes_"):
        raise ValueError(f"{name} has no classes_. Pass a fitted classifier.")
    check_known(class_labels(y, "y"), estimator.classes_, name)
    return predicted


def encoded_outcomes(
    y_true: Any, y_pred: Any, target_names: Sequence[str] | None, classes: Any = None
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_], list[str]]:
    """Codes of true and of predicted labels, and the names of all classes."""
    true, predicted = label_pair(y_true, y_pred)
    known = [] if classes is None else [np.asarray(classes)]
    codes, names = encode(joined([true, predicted, *known]), target_names)
    return codes[: len(true)], codes[len(true) : 2 * len(true)], names


class Choice(NamedTuple):
    """What a classifier with a threshold decides by."""

    threshold: float | None
    pos_label: Any
    response_method: ResponseMethod


def chosen_threshold(estimator: Any) -> Choice | None:
    """The threshold of a classifier that has one, be it in a pipeline or found by a search."""
    for inner in nested(estimator):
        if isinstance(inner, TunedThresholdClassifierCV):
            threshold, pos_label = inner.best_threshold_, tuned_positive_class(inner)
        elif isinstance(inner, FixedThresholdClassifier):
            threshold, pos_label = inner.threshold, inner.pos_label
        else:
            continue
        if pos_label is None:  # as scikit-learn has it
            pos_label = np.asarray(inner.classes_).tolist()[1]
        return Choice(None if threshold == "auto" else threshold, pos_label, inner.response_method)
    return None


def check_positive(labels: list[Any], pos_label: Any) -> None:
    pos_label = plain(pos_label)
    if pos_label is None:
        raise ValueError(
            f"Which of the classes {listed(labels)} is positive cannot be guessed. Pass pos_label."
        )
    if pos_label not in labels:
        raise ValueError(
            f"pos_label={shortened(pos_label)} is not one of the classes {listed(labels)}."
        )
