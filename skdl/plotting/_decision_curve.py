"""What decisions by probabilities are worth, by threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from skdl.metrics import check_level, check_thresholds, net_benefit, net_benefit_interval
from skdl.plotting._forecasts import (
    Forecasts,
    legend_room,
    look,
    of_estimators,
    of_predictions,
    of_result,
    write_class,
    write_legend,
)
from skdl.plotting._layout import given_axes, new_figure, wrapped
from skdl.plotting._palette import LINE_WIDTH, REFERENCE, tidy

_THRESHOLDS = np.linspace(0.01, 0.99, 99)
_ALL, _NONE = "treat all", "treat none"
_WIDTH, _HEIGHT = 5.4, 4.0  # inches


@dataclass(eq=False, repr=False)
class DecisionCurveDisplay:
    """Net benefit of treating everyone with at least a threshold probability, by threshold.

    The threshold expresses how a harm is weighed against a benefit: being willing to treat ten
    patients for one who needs it means a threshold of 0.1. A model is useful at the thresholds at
    which its curve is above both lines, those of treating all and of treating none.

    It is recommended to use :meth:`from_estimator`, :meth:`from_predictions` or
    :meth:`from_result`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per model and threshold: "model", "threshold", "net_benefit", and "low" and "high",
        the limits of its interval, NaN if there is none.
    prevalence : float
        Proportion of positive cases, in [0, 1].
    level : float or None, default=0.95
        Confidence level of the intervals, between 0 and 1. If None, draw no intervals.
    pos_name : str, default=None
        Name of the positive class. If None, it is not shown.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    ax_ : matplotlib.axes.Axes
        The axes.

    See Also
    --------
    skdl.metrics.net_benefit : Compute the net benefit.
    ReliabilityDisplay : Compare probabilities with observed frequencies.

    References
    ----------
    Vickers and Elkin, "Decision curve analysis: a novel method for evaluating prediction models",
    Medical Decision Making 26 (2006), 565-574.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.plotting import DecisionCurveDisplay
    >>> generator = np.random.default_rng(0)
    >>> y_prob = generator.random(200)
    >>> y_true = generator.random(200) < y_prob
    >>> display = DecisionCurveDisplay.from_predictions(y_true, y_prob, thresholds=[0.2, 0.5])
    >>> display.frame[["threshold", "net_benefit"]].round(2)
       threshold  net_benefit
    0        0.2         0.41
    1        0.5         0.30
    """

    frame: Any
    prevalence: float
    level: float | None = 0.95
    pos_name: str | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        thresholds: Any = None,
        pos_label: Any = None,
        target_names: Sequence[str] | None = None,
        level: float | None = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the decision curve of a fitted classifier, or of several.

        Parameters
        ----------
        estimator : fitted classifier, or dict of str to fitted classifier
            With ``predict_proba``.
        X : array-like
            Input of the estimator, such as images or features.
        y : array-like of shape (n,)
            True labels.
        thresholds : array-like of shape (n_thresholds,), default=None
            Threshold probabilities; see :meth:`from_predictions`.
        pos_label : int, float, bool or str, default=None
            The positive class; all others are negative. If None, use the second of two classes;
            required with more classes.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        level : float or None, default=0.95
            Confidence level of the bands, between 0 and 1. If None, draw no intervals.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : DecisionCurveDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`; or if an estimator has no ``predict_proba``, or labels
            are not among its classes.
        """
        found = of_estimators(estimator, X, y, pos_label, target_names)
        return cls._computed(found, thresholds, level).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        thresholds: Any = None,
        pos_label: Any = None,
        target_names: Sequence[str] | None = None,
        level: float | None = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the decision curve of given probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True labels.
        y_prob : array-like of shape (n,) or (n, n_classes), or dict of str to such
            Probabilities of the positive class, or of all classes in sorted order, in [0, 1]; for
            several models, a dict of them by name.
        thresholds : array-like of shape (n_thresholds,), default=None
            Threshold probabilities, in [0, 1): those that are reasonable for a decision. If None,
            use 0.01, 0.02 and so on to 0.99.
        pos_label : int, float, bool or str, default=None
            The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or
            True of {False, True}; required with other labels.
        target_names : sequence of str, default=None
            Names of the classes; see :meth:`from_estimator`.
        level : float or None, default=0.95
            Confidence level of the bands, between 0 and 1, separately at each threshold. If None,
            draw no intervals.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : DecisionCurveDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If a probability is missing or outside [0, 1], lengths differ, thresholds are not
            probabilities below 1, or another parameter is invalid.
        """
        found = of_predictions(y_true, y_prob, pos_label, target_names)
        return cls._computed(found, thresholds, level).plot(ax=ax)

    @classmethod
    def from_result(
        cls,
        result: Any,
        models: Sequence[str] | None = None,
        *,
        thresholds: Any = None,
        pos_label: Any = None,
        target_names: Sequence[str] | None = None,
        level: float | None = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the decision curves of the out-of-fold predictions of an evaluation.

        Only images that all of the models predicted are drawn; with repeated folds, the first
        prediction of each image.

        Parameters
        ----------
        result : EvaluationResult
            The result of :func:`skdl.evaluate`.
        models : sequence of str, default=None
            Models to draw, in this order. If None, draw all that have probabilities.
        thresholds : array-like of shape (n_thresholds,), default=None
            Threshold probabilities; see :meth:`from_predictions`.
        pos_label : int, float, bool or str, default=None
            The positive class. If None, use that of the result; with more than two classes, one of
            them is required.
        target_names : sequence of str, default=None
            Names of the classes; see :meth:`from_estimator`.
        level : float or None, default=0.95
            Confidence level of the bands, between 0 and 1. If None, draw no intervals.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : DecisionCurveDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`; or if `result` is not that of an evaluation, or a model
            has no probabilities.
        """
        found = of_result(result, models, pos_label, target_names)
        return cls._computed(found, thresholds, level).plot(ax=ax)

    @classmethod
    def _computed(cls, found: Forecasts, thresholds: Any, level: float | None) -> Self:
        """The display, not drawn yet."""
        import pandas as pd

        if level is not None:
            check_level(level)
        places = np.unique(check_thresholds(_THRESHOLDS if thresholds is None else thresholds))
        frames = []
        for name, values in found.probabilities.items():
            benefit = net_benefit(found.positive, values, places)
            low, high = np.full((2, len(places)), np.nan)
            if level is not None:
                low, high = net_benefit_interval(found.positive, values, places, level)
            columns = {"threshold": places, "net_benefit": benefit, "low": low, "high": high}
            frames.append(pd.DataFrame({"model": name, **columns}))
        frame = pd.concat(frames, ignore_index=True)
        return cls(frame, float(found.positive.mean()), level, found.pos_name)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        self : DecisionCurveDisplay
            The display, with `figure_` and `ax_`.

        Raises
        ------
        ValueError
            If `ax` is not one of matplotlib's axes.
        """
        models = self.frame["model"].unique().tolist()
        entries = {name: wrapped(name) or "model" for name in models}
        beside = ax is None
        if ax is None:
            width, height = legend_room([*entries.values(), _ALL, _NONE])
            ax = new_figure(_WIDTH + width, max(_HEIGHT, height)).add_subplot()
        (ax,) = given_axes(ax, ["the decision curve"])
        places = np.unique(self.frame["threshold"])
        everybody = self.prevalence - (1 - self.prevalence) * places / (1 - places)
        reference = {"color": REFERENCE, "linewidth": LINE_WIDTH}
        ax.plot(places, everybody, linestyle="--", label=_ALL, **reference)
        ax.axhline(0, label=_NONE, **reference)
        for number, (name, entry) in enumerate(entries.items()):
            self._draw(ax, number, name, entry)
        top = max(self.frame["net_benefit"].max(), self.prevalence)
        # Far below, all that is seen is that a model is of no use.
        ax.set(xlim=_limits(places), ylim=(-0.3 * top or -0.1, 1.08 * top or 0.1))
        ax.set(xlabel="Threshold probability", ylabel="Net benefit")
        tidy(ax)
        write_legend(ax, self._title(), beside)
        write_class(ax, self.pos_name)
        self.figure_, self.ax_ = ax.figure, ax
        return self

    def _draw(self, ax: Any, number: int, name: str, entry: str) -> None:
        rows = self.frame[self.frame["model"] == name]
        places, n = rows["threshold"], self.frame["model"].nunique()
        style = look(number) | {"markevery": max(1, len(rows) // 8)}
        ax.plot(places, rows["net_benefit"], label=entry, **style)
        if self.level is not None:
            opacity = 0.2 if n <= 3 else 0.08
            band = {"color": style["color"], "alpha": opacity, "linewidth": 0}
            ax.fill_between(places, rows["low"], rows["high"], **band)

    def _title(self) -> str:
        return "" if self.level is None else f"{100 * self.level:g} % confidence intervals"


def _limits(places: npt.NDArray[np.float64]) -> tuple[float, float]:
    """From where to where thresholds are drawn."""
    margin = 0.02 * (float(np.ptp(places)) or 1.0)
    return max(places[0] - margin, -0.02), min(places[-1] + margin, 1.0)
