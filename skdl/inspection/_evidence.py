"""What an estimator is asked about images: its scores, its network, and the images to draw."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import check_choice
from skdl._utils.labels import check_known, class_labels
from skdl._utils.nesting import nested
from skdl._utils.tags import takes_files_alone
from skdl.images import read_batch

RESPONSE_METHODS = ("predict_proba", "decision_function")


def class_scores(
    model: Any, X: Any, response_method: str = "auto"
) -> tuple[npt.NDArray[np.float64], str]:
    """Scores, one column per class, and the method that gave them."""
    check_choice(response_method, "response_method", ("auto", *RESPONSE_METHODS))
    methods = RESPONSE_METHODS if response_method == "auto" else (response_method,)
    used = next((method for method in methods if hasattr(model, method)), None)
    name = type(model).__name__
    if used is None or not hasattr(model, "classes_"):
        raise ValueError(
            f"{name} has no {' and no '.join(methods)} with classes_. Pass a fitted classifier "
            "that returns scores."
        )
    scores = np.asarray(getattr(model, used)(X), dtype=np.float64)
    if scores.ndim == 1:  # of the second of two classes
        scores = np.column_stack([-scores, scores])
    if scores.shape[1] != len(model.classes_):
        raise ValueError(
            f"{used} of {name} returns {scores.shape[1]} columns for {len(model.classes_)} "
            "classes, but one column per class is required, such as with "
            "decision_function_shape='ovr'."
        )
    return scores, used


def class_codes(
    model: Any, X: Any, scores: npt.NDArray[Any], y: Any, n: int
) -> npt.NDArray[np.int_]:
    """Positions of the classes of `n` images: of each, of all, or where `y` is None, predicted."""
    if y is None:
        if not hasattr(model, "predict"):
            return np.asarray(scores.argmax(axis=1))
        # Not the class of the largest score: there may be a threshold.
        y, n = model.predict(X), len(scores)
    labels = class_labels([y] * n if np.ndim(y) == 0 else y, "y")
    if len(labels) != n:
        raise ValueError(f"X has {n} images, but y has {len(labels)} labels: pass one per image.")
    check_known(labels, model.classes_, type(model).__name__)
    known = np.asarray(model.classes_).tolist()
    return np.array([known.index(label) for label in labels.tolist()])


# ---- networks and images ---------------------------------------------------------------------


def _steps(model: Any) -> list[Any]:
    """What images pass, be it in a pipeline, in a search, or in one in the other."""
    steps: list[Any] = []
    for inner in nested(model):
        steps[-1:] = [step for _, step in inner.steps] if hasattr(inner, "steps") else [inner]
    return steps


def shape_of(model: Any, X: Any, image_shape: Any) -> Any:
    """Shape of images: what the caller says, or a step that knows it."""
    own = np.shape(X)[1:] if np.ndim(X) in (2, 4) else ()
    if image_shape is not None or not own:
        return image_shape
    shapes = [getattr(step, "image_shape_", None) for step in _steps(model)]
    known = [tuple(shape) for shape in shapes if shape]
    if len(own) == 3:  # of which there may be more channels than pixels a side
        return own if any(shape[2] == own[2] for shape in known) else None
    return next((shape for shape in known if math.prod(shape) == own[0]), None)


def network_input(model: Any, X: Any, method: str) -> tuple[Any, Any, Any]:
    """The network with this method in an estimator, what it gets of X, and images to draw.

    Steps of a pipeline that give images, such as Resize, change what is drawn; those that give the
    columns they take, such as a scaler, do not.
    """
    *outer, last = nested(model)
    name = type(last).__name__
    if not hasattr(last, method):
        raise ValueError(
            f"{name} has no {method}: pass a network, such as CNNClassifier, or a pipeline that "
            "ends in one."
        )
    passed = shown = X
    for pipeline in outer:
        if len(getattr(pipeline, "steps", ())) < 2:
            continue
        before = pipeline[:-1]
        check_is_fitted(before)
        passed = before.transform(passed)
        if np.ndim(passed) > 2 or takes_files_alone(pipeline.steps[0][1]):
            shown = passed
        elif not _keeps_pixels(before):
            raise ValueError(
                f"{name} does not receive the images, because a step before it converts them to "
                "other features."
            )
    return last, passed, shown


def as_images(model: Any, X: Any, image_shape: Any) -> list[npt.NDArray[Any]]:
    """Images in [0, 1], to draw."""
    batch = read_batch(X).unflattened(shape_of(model, X, image_shape))
    return batch.displayable(np.arange(len(batch)))


def _keeps_pixels(steps: Any) -> bool:
    """Whether steps give the columns that they take, such as a scaler."""
    try:
        names = steps.get_feature_names_out()
    except (AttributeError, ValueError):  # it cannot be told
        return False
    if names is None:  # of "passthrough"
        return True
    return list(names) == list(
        getattr(steps, "feature_names_in_", [f"x{i}" for i in range(len(names))])
    )


# ---- files ----------------------------------------------------------------------------------


def decoded(model: Any, X: Any) -> tuple[Any, Any]:
    """What is left of an estimator behind the decoding of files, and the decoded images."""
    first = _steps(model)[0]
    if hasattr(model, "steps") and takes_files_alone(first):
        return model[1:], first.transform(X)
    return model, read_batch(X).in_memory(X, _with_most_pixels(first))


def _with_most_pixels(step: Any) -> Any:
    """Of a union, the part that gets the largest images; the others make theirs smaller."""
    parts = [part for _, part in getattr(step, "transformer_list", [("", step)])]
    return max(parts, key=lambda part: math.prod(getattr(part, "image_shape_", (0,))))
