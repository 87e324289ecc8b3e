"""Precision, recall and F1 of each class."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix

from skdl._utils.labels import check_groups
from skdl.metrics import confidence_interval, wilson_interval
from skdl.plotting._layout import (
    LINE,
    arrange,
    fitted_size,
    given_axes,
    inches,
    most_lines,
    new_figure,
    text_width,
    wrapped,
)
from skdl.plotting._outcomes import encoded_outcomes, predicted_labels
from skdl.plotting._palette import (
    COLORS,
    LINE_WIDTH,
    MARKER_SIZE,
    MARKERS,
    TEXT,
    add_legend,
    name_rows,
    tidy,
)

_NAMES = {"precision": "precision", "recall": "recall", "f1": "F1"}
_WHISKER, _SPACE = 0.11, 0.1  # inches: of each metric, and between the classes
_WIDTH = 4.6  # inches


@dataclass(eq=False, repr=False)
class PerClassMetricsDisplay:
    """Precision, recall and F1 of each class with confidence intervals, as dots and whiskers.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    frame : DataFrame
        One row per class and metric, with the columns "class", "metric" ("precision", "recall" or
        "f1"), "value", "low" and "high", all in [0, 1] or NaN if undefined, and "support", the
        number of cases of the class.
    level : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    ax_ : matplotlib.axes.Axes
        The axes.

    See Also
    --------
    skdl.plotting.ConfusionMatricesDisplay : Which classes are confused.
    sklearn.metrics.classification_report : The numbers, as text.

    Notes
    -----
    All intervals are Wilson's [1]_; with `groups`, they are computed as in
    :func:`skdl.metrics.confidence_interval`. Recall is a proportion of the cases of a class,
    precision a proportion of its predictions. F1 is 2J / (1 + J), where J is the proportion of true
    positives among the cases that are of the class or predicted as such; the interval of J is
    transformed to F1 [2]_.
    The interval keeps its level also for classes with few cases, for which the bootstrap is too
    narrow, and has a positive width even without errors.

    The intervals reflect the sampling of cases, not of training sets.

    References
    ----------
    .. [1] Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
       (1927), 209-212.
    .. [2] Lam, "Confidence intervals for the F1 score: a comparison of four methods",
       arXiv:2309.14621 (2023): the indirect method.

    Examples
    --------
    >>> from skdl.plotting import PerClassMetricsDisplay
    >>> y_true = ["cat", "cat", "cat", "cat", "dog", "dog"]
    >>> y_pred = ["cat", "cat", "cat", "dog", "dog", "dog"]
    >>> display = PerClassMetricsDisplay.from_predictions(y_true, y_pred)
    >>> display.frame.round(2)
      class     metric  value   low  high  support
    0   cat  precision   1.00  0.44  1.00        4
    1   cat     recall   0.75  0.30  0.95        4
    2   cat         f1   0.86  0.46  0.98        4
    3   dog  precision   0.67  0.21  0.94        2
    4   dog     recall   1.00  0.34  1.00        2
    5   dog         f1   0.80  0.34  0.97        2
    """

    frame: Any
    level: float = 0.95

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        target_names: Sequence[str] | None = None,
        level: float = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of a fitted classifier for each class.

        Parameters
        ----------
        estimator : fitted classifier
            Classifier with ``predict``; all its classes are drawn.
        X : array-like
            Input of the estimator, such as images or features.
        y : array-like of shape (n,)
            True labels.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        level : float, default=0.95
            Confidence level, between 0 and 1.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure of a suitable size.

        Returns
        -------
        display : PerClassMetricsDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`; or if the estimator is not a classifier, or labels are
            not among its classes.
        """
        return cls.from_predictions(
            y,
            predicted_labels(estimator, X, y),
            labels=estimator.classes_,
            target_names=target_names,
            level=level,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        labels: Any = None,
        groups: Any = None,
        target_names: Sequence[str] | None = None,
        level: float = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of given predictions for each class.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n,)
            True and predicted labels.
        labels : array-like, default=None
            All classes, if some may not occur. If None, use those that occur.
        groups : array-like of shape (n,), default=None
            Groups of cases that may be correlated, such as patients, for intervals; see
            :func:`skdl.metrics.confidence_interval`.
        target_names : sequence of str, default=None
            Names of the classes; see :meth:`from_estimator`.
        level : float, default=0.95
            Confidence level, between 0 and 1.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure of a suitable size.

        Returns
        -------
        display : PerClassMetricsDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If lengths differ, labels are missing or of several kinds, or `target_names`, `level` or
            `ax` is invalid.
        """
        import pandas as pd

        true, predicted, names = encoded_outcomes(y_true, y_pred, target_names, labels)
        counts = confusion_matrix(true, predicted, labels=np.arange(len(names)))
        hits, support, n_predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
        parts = {
            "precision": _proportion(hits, n_predicted, level),
            "recall": _proportion(hits, support, level),
            # F1 grows with the share of the true positives among all that concerns the class.
            "f1": {
                name: 2 * share / (1 + share)
                for name, share in _proportion(hits, support + n_predicted - hits, level).items()
            },
        }
        if groups is not None:
            outcomes = true, predicted
            for metric, values in parts.items():
                ends = _grouped(metric, outcomes, len(names), groups, level)
                values["low"], values["high"] = ends
        frame = pd.concat(
            [
                pd.DataFrame({"class": names, "metric": metric, **values, "support": support})
                for metric, values in parts.items()
            ]
        )
        return cls(frame.sort_index(kind="stable").reset_index(drop=True), level).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure of a suitable size.

        Returns
        -------
        self : PerClassMetricsDisplay
            The display, with `figure_` and `ax_`.

        Raises
        ------
        ValueError
            If columns are missing from `frame`, or `ax` is invalid.
        """
        columns = ["class", "metric", "value", "low", "high", "support"]
        missing = [name for name in columns if name not in self.frame]
        if missing:
            raise ValueError(f"frame must have the columns {columns}. Missing: {missing}.")
        # By position: several classes may have the same name.
        metrics = list(dict.fromkeys(self.frame["metric"]))
        tables = [self.frame[self.frame["metric"] == metric] for metric in metrics]
        names = [wrapped(name) for name in tables[0]["class"]]
        ax = _new_axes(names, len(metrics)) if ax is None else ax
        (ax,) = given_axes(ax, ["all metrics"])
        whiskers = len(metrics) * _WHISKER
        step = whiskers / (whiskers + _SPACE) / len(metrics)
        for i, (metric, table) in enumerate(zip(metrics, tables, strict=True)):
            offset = (i + 0.5 - len(metrics) / 2) * step
            _draw_metric(ax, table, np.arange(len(table)) + offset, _NAMES.get(metric, metric), i)
        _finish(ax, names, tables[0]["support"].to_list(), self.level)
        arrange(ax.figure)  # what is written has to fit into the room that there is
        _fit_sizes(ax, names, step)
        self.figure_, self.ax_ = ax.figure, ax
        return self


def _proportion(hits: Any, n: Any, level: float) -> dict[str, npt.NDArray[np.float64]]:
    """Proportions and their intervals; NaN where there is nothing to count."""
    low, high = wilson_interval(hits, n, level=level)
    value = hits / np.maximum(n, 1)
    return {
        name: np.where(n > 0, numbers, np.nan)
        for name, numbers in (("value", value), ("low", low), ("high", high))
    }


def _grouped(
    metric: str, outcomes: tuple[Any, Any], n_classes: int, groups: Any, level: float
) -> npt.NDArray[np.float64]:
    """Both ends of a metric of each class; NaN where nothing tells how much groups differ."""
    name = {"precision": "ppv", "recall": "sensitivity"}.get(metric, metric)
    true, predicted = outcomes
    groups = check_groups(groups, len(true))
    ends = np.full((2, n_classes), np.nan)
    for i in range(n_classes):
        with contextlib.suppress(ValueError):
            ends[:, i] = confidence_interval(
                name, true == i, predicted == i, groups=groups, pos_label=True, level=level
            )[1:]
    return ends


def _new_axes(names: Sequence[str], n_metrics: int) -> Any:
    row = max(n_metrics * _WHISKER + _SPACE, 0.16 * most_lines(names) + 0.04)
    height = max(1.8, row * len(names) + 0.6 + 1.5 * LINE)
    return new_figure(text_width(names, TEXT) + _WIDTH, height).add_subplot()


def _draw_metric(ax: Any, table: Any, places: npt.NDArray[Any], name: str, i: int) -> None:
    value = table["value"].to_numpy(dtype=float)
    low, high = table["low"].to_numpy(dtype=float), table["high"].to_numpy(dtype=float)
    color = COLORS[i % len(COLORS)]
    ax.errorbar(
        value,
        places,
        xerr=np.maximum([value - low, high - value], 0),  # rounding may put an end inside
        fmt=MARKERS[i % len(MARKERS)],
        color=color,
        ms=MARKER_SIZE,
        elinewidth=LINE_WIDTH,
        capsize=2,
        label=name,
    )
    for place in places[np.isnan(value)]:
        ax.text(0, place, f"no {name}", va="center", color=color)


def _finish(ax: Any, names: list[str], support: list[int], level: float) -> None:
    name_rows(ax, names, striped=True)
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel(f"Value with {100 * level:g} % confidence interval")
    tidy(ax, grid="x")
    ax.spines["left"].set_visible(False)
    add_legend(ax, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
    cases = ax.secondary_yaxis("right")
    cases.set_yticks(np.arange(len(names)), [str(number) for number in support])
    cases.tick_params(length=0)
    cases.spines["right"].set_visible(False)
    cases.set_ylabel("Cases")


def _fit_sizes(ax: Any, names: Sequence[str], step: float) -> None:
    row = 72 * inches(ax)[1] / len(names)  # points
    ax.tick_params(axis="y", labelsize=fitted_size(0.75 * row / most_lines(names), TEXT))
    (cases,) = ax.child_axes
    cases.tick_params(labelsize=fitted_size(0.75 * row, TEXT))
    for text in ax.texts:
        text.set_fontsize(fitted_size(0.8 * row * step, 7))
    for container in ax.containers:
        container[0].set_markersize(min(0.6 * row * step, MARKER_SIZE))
