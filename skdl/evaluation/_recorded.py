"""What estimators said of images, as estimators that scorers take."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

from skdl._utils.nesting import nested
from skdl._utils.tags import kind_of
from skdl._utils.text import encodable, shortened

_LONGEST_REASON = 1000  # in characters


def column_of(kind: str, label: Any) -> str:
    """The column of a table that holds probabilities or decision values of a class."""
    return encodable(f"{kind}_{label}")


class RecordedPredictions(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Predictions of a classifier for some images, as an estimator that scorers accept.

    It has `classes`, and `predicted` labels of shape (n,); also probabilities of shape
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
        """Predictions of one class, True, against all others, False."""
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


class RecordedNumbers(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """What a regressor said of some images: numbers of shape (n,)."""

    def __init__(self, predicted: Any) -> None:
        self.predicted = predicted

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> Any:
        """Return the numbers, whatever X is."""
        return self.predicted

    def rows(self, rows: Any) -> "RecordedNumbers":
        """What was said of some of the images."""
        return RecordedNumbers(self.predicted[rows])


Recorded = RecordedPredictions | RecordedNumbers


# ---- recording -----------------------------------------------------------------------------------


def record_of(
    estimator: Any, X: Any, predicted: Any, y: npt.NDArray[Any]
) -> Recorded | list[Recorded]:
    """Predictions of a fitted estimator for X, for each output if y has several columns.

    `y` are the targets of all folds.
    """
    if y.ndim == 1 and kind_of(estimator) == "regressor":
        return RecordedNumbers(predicted)
    if y.ndim == 1:
        return _of_classes(estimator, X, predicted, y)
    predicted = predicted.toarray() if hasattr(predicted, "toarray") else np.asarray(predicted)
    expected = len(predicted), y.shape[1]
    if predicted.shape != expected:
        raise ValueError(
            f"predict returned an array of shape {predicted.shape} instead of {expected}."
        )
    if kind_of(estimator) == "regressor":
        return [RecordedNumbers(column) for column in predicted.T]
    return _of_labels(estimator, X, predicted)


def _of_classes(
    estimator: Any, X: Any, predicted: npt.NDArray[Any], y: npt.NDArray[Any]
) -> RecordedPredictions:
    classes = np.asarray(getattr(estimator, "classes_", np.unique(y)))
    found: dict[str, Any] = {}
    problem = f"{type(estimator).__name__} has no predict_proba and no decision_function."
    for key, method in (("probabilities", "predict_proba"), ("decisions", "decision_function")):
        if not hasattr(estimator, method):
            continue
        try:
            values = np.asarray(getattr(estimator, method)(X))
            shapes = {getattr(e, "decision_function_shape", None) for e in nested(estimator)}
            if method == "decision_function" and len(classes) > 2 and "ovo" in shapes:
                raise ValueError(
                    "decision_function returns values of pairs of classes. Set "
                    "decision_function_shape='ovr'."
                )
            _check_values(values, method, len(predicted), len(classes))
        except Exception as error:  # the labels are as good as before
            problem = f"{type(error).__name__}: {in_short(error)}"
        else:
            problem = ""
            found[key] = values
            break
    return RecordedPredictions(classes, predicted, **found, problem=problem)


def _check_values(values: npt.NDArray[Any], method: str, n: int, n_classes: int) -> None:
    shapes: set[tuple[int, ...]] = {(n, n_classes)}
    if method == "decision_function":
        shapes |= {(n,)} if n_classes == 2 else {(n, n_classes * (n_classes - 1) // 2)}
    if values.shape not in shapes:
        raise ValueError(
            f"{method} returned an array of shape {values.shape}, which does not match {n} images "
            f"and {n_classes} classes."
        )


def _of_labels(estimator: Any, X: Any, predicted: npt.NDArray[Any]) -> list[Recorded]:
    """Of each label, whether it is set, and the probability or decision value that it is."""
    found: tuple[str, npt.NDArray[np.float64]] | None = None
    problem = f"{type(estimator).__name__} has no predict_proba and no decision_function."
    for kind, method in (("probabilities", "predict_proba"), ("decisions", "decision_function")):
        if not hasattr(estimator, method):
            continue
        try:
            values = getattr(estimator, method)(X)
            found = kind, _of_each_label(values, estimator, predicted.shape)
        except Exception as error:  # the labels are as good as before
            problem = f"{type(error).__name__}: {in_short(error)}"
        else:
            problem = ""
            break
    said = [_scores_of(found, label) for label in range(predicted.shape[1])]
    return [
        RecordedPredictions(np.array([0, 1]), column.astype(np.int64), **scores, problem=problem)
        for column, scores in zip(predicted.T, said, strict=True)
    ]


def _scores_of(found: tuple[str, npt.NDArray[np.float64]] | None, label: int) -> dict[str, Any]:
    """Decision values of a label, or the probabilities of both of its states."""
    if found is None:
        return {}
    kind, values = found[0], found[1][:, label]
    return {kind: values if kind == "decisions" else np.column_stack([1 - values, values])}


def _of_each_label(values: Any, estimator: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """One column for each label; some estimators give one array of both states for each."""
    if isinstance(values, list):
        known = getattr(estimator, "classes_", None)
        columns = []
        for label, of_states in enumerate(values):
            states = [0, 1] if known is None else np.asarray(known[label]).tolist()
            of_states = np.asarray(of_states)
            if of_states.shape != (shape[0], len(states)):
                raise ValueError(
                    f"values of label {label} are of shape {of_states.shape}, not "
                    f"{(shape[0], len(states))}"
                )
            never = np.zeros(shape[0])  # was set in no training image
            columns.append(of_states[:, states.index(1)] if 1 in states else never)
        values = np.column_stack(columns)
    found = np.asarray(values, np.float64)
    if found.shape != shape:
        raise ValueError(f"values are of shape {found.shape}, not {shape}")
    return found


def in_short(error: Any) -> str:
    """The message, or the name where there is none, in one line of a bounded length."""
    text = encodable(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} …"
