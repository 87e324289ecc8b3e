"""Functions and scorers that are scores with a name.

Whoever uses a name has to compare its value with that of the function: scores of undefined ratios,
and those of labels that a function refuses, are its own business.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from sklearn import metrics

from skdl._utils.scikit import parts_of
from skdl.metrics._confusion import AVERAGES
from skdl.metrics._table import TABLE


class KnownScore(NamedTuple):
    """A score by its name in the table, with the positive class (None if there is none to name).

    `average` is that of :func:`skdl.metrics.sensitivity_score`; `sign` is -1 if values are negated;
    `n_bins` is that of the calibration error.
    """

    name: str
    pos_label: Any = None
    average: str = "auto"
    sign: int = 1
    n_bins: int | None = None


# The name of each function, and what it takes `average` and `pos_label` for by default.
_FUNCTIONS: dict[Callable[..., Any], KnownScore] = {
    **{row.function: KnownScore(name) for name, row in TABLE.items() if row.has_interval},
    metrics.recall_score: KnownScore("sensitivity", 1, "binary"),
    metrics.precision_score: KnownScore("ppv", 1, "binary"),
    metrics.f1_score: KnownScore("f1", 1, "binary"),
    metrics.brier_score_loss: KnownScore("brier"),
    metrics.r2_score: KnownScore("r2"),
}
# Of which the average "micro" is the accuracy: each sample has one label.
_MICRO_IS_ACCURACY = (metrics.recall_score, metrics.precision_score, metrics.f1_score)
# What changes no area of two classes.
_OF_SEVERAL = {"average", "multi_class", "labels"}
# What changes no value that is defined.
_IRRELEVANT = {"zero_division"}


def known_score(function: Any, n_classes: int) -> KnownScore | None:
    """The name of a function ``(y_true, y_pred) -> float`` with its settings, if it has one."""
    function, args, settings = unwrapped(function)
    if function is metrics.roc_auc_score and n_classes == 2:
        settings = {key: value for key, value in settings.items() if key not in _OF_SEVERAL}
    return None if args else _named(function, settings)


def unwrapped(function: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """A function without ``functools.partial``, and what that binds by place and by name."""
    args: tuple[Any, ...] = ()
    settings: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        args, settings = (*function.args, *args), {**function.keywords, **settings}
        function = function.func
    return function, args, settings


def known_scorer(scorer: Any) -> KnownScore | None:
    """The name of a scorer that was made of such a function, if it has one."""
    parts = parts_of(scorer)
    if parts is None:
        return None
    found = _named(parts.function, parts.settings)
    of_labels = parts.response_method == "predict"
    if found is None or of_labels != TABLE[found.name].of_labels:
        return None  # such as an area under the curve of labels
    return found._replace(sign=parts.sign)


def _named(function: Any, settings: dict[str, Any]) -> KnownScore | None:
    try:
        known = _FUNCTIONS.get(function)
    except TypeError:  # a callable that cannot be hashed
        return None
    if known is None:
        return None
    settings = {
        key: value
        for key, value in settings.items()
        if key not in _IRRELEVANT and not _is_default(function, key, value)
    }
    if known.name == "roc_auc":
        return known if settings in ({}, {"multi_class": "ovr"}) else None
    if function in _MICRO_IS_ACCURACY and settings == {"average": "micro"}:
        return KnownScore("accuracy")
    if known.name == "expected_calibration_error":
        known = known._replace(n_bins=settings.pop("n_bins", None))
    average = settings.pop("average", known.average)
    pos_label = settings.pop("pos_label", known.pos_label)
    if settings or average not in AVERAGES:
        return None
    return known._replace(
        pos_label=pos_label if average in ("auto", "binary") else None, average=average
    )


def _is_default(function: Any, name: str, value: Any) -> bool:
    parameter = inspect.signature(function).parameters.get(name)
    if parameter is None:
        return False
    return type(value) is type(parameter.default) and bool(value == parameter.default)
