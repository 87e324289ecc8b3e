"""Probabilities of one class, of one model or several, as displays take them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import suggest
from skdl._utils.labels import check_known, class_labels
from skdl._utils.text import shortened
from skdl.inspection import class_scores
from skdl.metrics import GUESSABLE, of_one_class
from skdl.plotting._labels import names_by_label
from skdl.plotting._layout import arrange, fitted, inches, most_lines, text_width
from skdl.plotting._outcomes import check_positive
from skdl.plotting._palette import (
    COLORS,
    HEADING,
    LINE_WIDTH,
    MARKER_SIZE,
    MARKERS,
    STYLES,
    TEXT,
    add_legend,
)

_LEGEND_TITLE = "95 % confidence intervals"


class Forecasts(NamedTuple):
    """Which cases are positive, of shape (n,), and what models say of them, by name.

    A single model without a name is called "".
    """

    positive: npt.NDArray[np.bool_]
    probabilities: dict[str, npt.NDArray[np.float64]]
    pos_name: str | None


def of_predictions(y_true: Any, y_prob: Any, pos_label: Any, target_names: Any) -> Forecasts:
    """Those of arrays."""
    labels = class_labels(y_true, "y_true")
    found = sorted(set(labels.tolist()), key=str)
    if pos_label is None and any(set(found) <= guessable for guessable in GUESSABLE):
        pos_label = 1
    if len(found) > 1:
        check_positive(found, pos_label)
    read = {
        name: of_one_class(labels, values, pos_label, shortened(name) if name else "y_prob")
        for name, values in _named(y_prob, "y_prob").items()
    }
    columns = {name: one.probabilities[:, 0] for name, one in read.items()}
    return _forecasts(
        labels, columns, pos_label, names_by_label([labels], target_names).get(pos_label)
    )


def of_estimators(estimator: Any, X: Any, y: Any, pos_label: Any, target_names: Any) -> Forecasts:
    """Those of fitted classifiers, of which the second of two classes is positive by default."""
    models = _named(estimator, "estimator")
    labels = class_labels(y, "y")
    found = {}
    for name, model in models.items():
        probabilities, _ = class_scores(model, X, "predict_proba")
        known = np.asarray(model.classes_).tolist()
        if pos_label is None and len(known) == 2:
            pos_label = known[1]
        check_positive(known, pos_label)
        check_known(labels, known, type(model).__name__)
        found[name] = probabilities[:, known.index(pos_label)]
    pos_name = names_by_label([np.asarray(known)], target_names)[pos_label]
    return _forecasts(labels, found, pos_label, pos_name)


def of_result(result: Any, models: Any, pos_label: Any, target_names: Any) -> Forecasts:
    """Out-of-fold predictions of an evaluation, of the images that all of the models predicted."""
    if not callable(getattr(result, "recorded", None)):
        raise ValueError(
            f"{type(result).__name__} has no method recorded(). Pass the result of evaluate(), or "
            "pass probabilities to from_predictions."
        )
    if not hasattr(result, "classes"):
        raise ValueError(
            "The models are regressors, which do not predict probabilities. Pass an evaluation of "
            "classifiers."
        )
    known = np.asarray(result.classes).tolist()
    pos_label = result.positive if pos_label is None else pos_label
    check_positive(known, pos_label)
    recorded = {model: result.recorded(model) for model in result.tested}
    having = [model for model, found in recorded.items() if found.probabilities is not None]
    wanted = having if models is None else list(models)
    for model in wanted:
        if model not in having:
            raise ValueError(
                f"There are no probabilities of the model {shortened(model)}. Models with "
                f"probabilities are: {shortened(having)}.{suggest(str(model), having)}"
            )
    if not wanted:
        raise ValueError(
            "No model has probabilities, so there is nothing to draw. Evaluate models with "
            "predict_proba."
        )
    tables = {model: result.per_model(model)["row"].to_numpy() for model in wanted}
    rows = sorted(set.intersection(*(set(table.tolist()) for table in tables.values())))
    places = {model: np.searchsorted(table, rows) for model, table in tables.items()}
    column = known.index(pos_label)
    probabilities = {
        str(model): np.asarray(recorded[model].probabilities)[places[model], column]
        for model in wanted
    }
    labels = result.per_model(wanted[0])["y_true"].to_numpy()[places[wanted[0]]]
    pos_name = names_by_label([np.asarray(known)], target_names)[pos_label]
    return _forecasts(labels, probabilities, pos_label, pos_name)


def _named(models: Any, what: str) -> dict[str, Any]:
    """One thing, or several by name."""
    if not isinstance(models, Mapping):
        return {"": models}
    if not models:
        raise ValueError(f"{what} is an empty dict. Pass at least one model.")
    return {str(name): model for name, model in models.items()}


def _forecasts(
    labels: npt.NDArray[Any],
    probabilities: dict[str, npt.NDArray[np.float64]],
    pos_label: Any,
    pos_name: str | None,
) -> Forecasts:
    positive = np.array([label == pos_label for label in labels.tolist()])
    read = {
        name: of_one_class(positive, values, True, shortened(name)).probabilities[:, 0]
        for name, values in probabilities.items()
    }
    return Forecasts(positive, read, pos_name)


# ---- looks -----------------------------------------------------------------------------------


def look(number: int) -> dict[str, Any]:
    """Colour, marker and line of a model; told apart without colours, too."""
    color = COLORS[number % len(COLORS)]
    return {
        "color": color,
        "marker": MARKERS[number % len(MARKERS)],
        "markerfacecolor": "white" if number // len(COLORS) % 2 else color,
        "markersize": MARKER_SIZE,
        "linestyle": STYLES[number % len(STYLES)],
        "linewidth": LINE_WIDTH,
    }


def legend_room(entries: Sequence[str]) -> tuple[float, float]:
    """Width and height in inches of a legend with a title at the right of axes."""
    lines = sum(most_lines([entry]) for entry in entries) + 1
    return text_width([*entries, _LEGEND_TITLE], TEXT) + 0.9, 0.16 * lines + 0.08 * len(
        entries
    ) + 0.3


def write_legend(ax: Any, title: str, beside: bool) -> None:
    """A legend at the right in a figure of ours, or where there is room in given axes."""
    if not beside:
        add_legend(ax, title=title, alignment="left", handlelength=3, loc="best")
        return
    handles, labels = ax.get_legend_handles_labels()
    place = {"loc": "outside right upper", "alignment": "left", "handlelength": 3}
    add_legend(ax.figure, handles=handles, labels=labels, title=title, **place)


def write_class(ax: Any, pos_name: str | None) -> None:
    """The name of the positive class over axes, as far as there is room."""
    arrange(ax.figure)
    if pos_name is not None:
        title = fitted(f"Positive class: {pos_name}", inches(ax)[0], HEADING)
        ax.set_title(title, loc="left", fontsize=HEADING, parse_math=False)
