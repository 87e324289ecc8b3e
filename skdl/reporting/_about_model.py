"""What a run says to the items of a checklist about its model."""

from contextlib import suppress
from typing import Any

import numpy as np

from skdl._utils.nesting import nested
from skdl.evaluation import threshold_of
from skdl.reporting._answers import Run, span
from skdl.reporting._estimators import class_of, searched_steps, takes, value_of, values_of
from skdl.reporting._pictures import codes_of
from skdl.reporting._words import figure, joined_by


def technology(run: Run) -> str:
    """What kind of model it is."""
    parts = run.parts
    named = " of ".join(class_of(part) for part in parts if not hasattr(part, "steps"))
    steps = " after ".join(filter(None, (named, ", ".join(map(class_of, run.steps)))))
    network = run.network
    backbone = next((e for e in [*parts, *run.steps] if takes(e, "backbone")), None)
    text = f"{steps}."
    if chosen := searched_steps(parts):
        text += f" Steps chosen by the search: {', '.join(chosen)}."
    if network is not None and takes(network, "architecture"):
        text += f" A network, {value_of(network, 'architecture', run.searched)}."
    if backbone is not None:
        text += f" Features of a network, {value_of(backbone, 'backbone', run.searched)}."
    fitted = [e for outer in run.fitted for e in nested(outer) if hasattr(e, "model_")]
    with suppress(Exception):  # whatever a model of a stranger's may do
        counts = [int(e.model_.count_params()) for e in fitted]
        text += f" Parameters of the network: {span(counts)}." if counts else ""
    return text


def specification(run: Run) -> str:
    """Where all parameters stand."""
    return "All parameters that were set: see “How to reproduce”. Fitted values are not included."


def preprocessing(run: Run) -> str:
    """What is done to images before the classifier."""
    found = []
    if steps := ", ".join(map(class_of, run.steps)):
        fitted = "" if run.prefit else ", fitted in each fold"
        found.append(f"Steps before the classifier: {steps}{fitted}.")
    for part in [*run.steps, *run.parts]:
        names = ("image_size", "keep_aspect", "color", "input_adapter", "value_range")
        if text := values_of(part, names, run.searched):
            found.append(f"{class_of(part)}: {text}.")
    ranges = {
        _range(e.value_range_)
        for outer in run.fitted
        for e in nested(outer)
        if hasattr(e, "value_range_")
    }
    if ranges:
        found.append(f"Pixel values are interpreted as {' or '.join(sorted(ranges))}.")
    if not found:
        return "None within the model. Earlier preprocessing of X is not known here."
    return " ".join(found)


def _range(value: Any) -> str:
    if isinstance(value, str):
        return "standardised"
    return f"black at {value[0]:g} and white at {value[1]:g}"


def output(run: Run) -> str:
    """What the model gives."""
    recorded, n = run.result.recorded(run.model), len(run.result.classes)
    if recorded.probabilities is not None:
        return f"Probabilities of {n} classes, and the class."
    return "Decision values, and the class." if recorded.decisions is not None else "The class."


def predictions(run: Run) -> str:
    """By which methods predictions were made."""
    recorded = run.result.recorded(run.model)
    methods = ["predict"]
    if recorded.probabilities is not None:
        methods.append("predict_proba")
    elif recorded.decisions is not None:
        methods.append("decision_function")
    whose = "estimator" if run.prefit else "estimator of each fold"
    text = f"{' and '.join(methods)} of the fitted {whose}."
    grouping = run.result.grouping
    return text if grouping is None else f"{text} {joined_by(grouping)}"


def threshold(run: Run) -> str:
    """From which score on an image is taken for positive, as the predictions show."""
    result, recorded = run.result, run.result.recorded(run.model)
    values = recorded.decisions if recorded.probabilities is None else recorded.probabilities
    if values is None:
        return ""
    parts = run.parts
    how = [class_of(e) for e in parts if takes(e, "thresholds", "scoring")]
    tuned = f" It was chosen by {how[0]} within the training data." if how else ""
    kind = "decision value" if recorded.probabilities is None else "probability"
    predicted = codes_of(result, recorded.predicted)
    if len(result.classes) > 2:
        largest = np.array_equal(np.argmax(values, axis=1), predicted)
        return f"The class with the largest {kind}." if largest else ""
    positive = result.classes.tolist().index(result.positive)
    default = 0.5 if kind == "probability" else 0.0
    taken = predicted == positive
    found, its_own = threshold_of(recorded.scores_of(result.positive), taken, default)
    if how and not (its_own and run.prefit):
        return f"The threshold of each fold was chosen by {how[0]} within the training data."
    fixed = [e for e in parts if takes(e, "threshold", "response_method")]
    if fixed:
        return f"{class_of(fixed[0])}: {value_of(fixed[0], 'threshold', run.searched)}."
    if not its_own or taken.all() or not taken.any():
        return ""
    about = f"{default:g}" if found == default else f"about {figure(found)}"
    name = run.subject.names[positive]
    return f"“{name}” if the {kind} is at least {about}, as the predictions show.{tuned}"
