"""Observed frequencies against predicted probabilities."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from skdl._utils.text import counted
from skdl.metrics import (
    bin_table,
    check_level,
    confidence_interval,
    expected_calibration_error,
    wilson_interval,
)
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
from skdl.plotting._palette import REFERENCE, tidy

_PANELS = ("observed frequencies", "the histogram")
_SCORES = {
    "expected_calibration_error": "ECE",
    "calibration_slope": "slope",
    "calibration_intercept": "intercept",
}
_SIDE, _HISTOGRAM = 4.2, 1.3  # inches
_WIDTHS = np.linspace(0, 1, 21)  # of the histogram


@dataclass(eq=False, repr=False)
class ReliabilityDisplay:
    """Observed frequency of the positive class by predicted probability, with intervals.

    Cases are binned by their probability, with about equal numbers of cases per bin. Below, a
    histogram shows how often each probability was predicted. Points on the diagonal are perfect; a
    curve that is flatter than the diagonal means that probabilities are too extreme.

    It is recommended to use :meth:`from_estimator`, :meth:`from_predictions` or
    :meth:`from_result`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per model and bin: "model", "probability" (mean of the bin), "frequency" (of the
        positive class), "low" and "high" (its Wilson interval), and "n", the number of cases.
    probabilities : dict of str to ndarray of shape (n,)
        Probabilities of the positive class, by model.
    scores : dict of str to dict of str to (estimate, low, high), default=None
        "expected_calibration_error", "calibration_slope" and "calibration_intercept" of each model;
        NaN if undefined. If None, no scores are shown.
    level : float, default=0.95
        Confidence level of the intervals, between 0 and 1.
    pos_name : str, default=None
        Name of the positive class. If None, it is not shown.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes, of shape (2,)
        The axes of the frequencies, and of the histogram.

    See Also
    --------
    skdl.metrics.expected_calibration_error : A single score of the differences in the bins.
    skdl.metrics.calibration_slope : Whether probabilities are too extreme.
    DecisionCurveDisplay : The net benefit of decisions based on the probabilities.
    sklearn.calibration.CalibrationDisplay : The curve without intervals.

    References
    ----------
    Van Calster, McLernon, van Smeden, Wynants and Steyerberg, "Calibration: the Achilles heel of
    predictive analytics", BMC Medicine 17 (2019), 230.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.plotting import ReliabilityDisplay
    >>> generator = np.random.default_rng(0)
    >>> y_prob = generator.random(200)
    >>> y_true = generator.random(200) < y_prob
    >>> display = ReliabilityDisplay.from_predictions(y_true, y_prob, n_bins=4)
    >>> display.frame[["probability", "frequency", "n"]].round(2)
       probability  frequency   n
    0         0.13       0.12  50
    1         0.43       0.34  50
    2         0.68       0.70  50
    3         0.91       0.86  50
    """

    frame: Any
    probabilities: Mapping[str, npt.NDArray[np.float64]]
    scores: Mapping[str, Mapping[str, tuple[float, float, float]]] | None = None
    level: float = 0.95
    pos_name: str | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        n_bins: int | None = None,
        pos_label: Any = None,
        target_names: Sequence[str] | None = None,
        level: float = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the probabilities of a fitted classifier, or of several.

        Parameters
        ----------
        estimator : fitted classifier, or dict of str to fitted classifier
            With ``predict_proba``.
        X : array-like
            Input of the estimator, such as images or features.
        y : array-like of shape (n,)
            True labels.
        n_bins : int, default=None
            Number of bins; see :meth:`from_predictions`.
        pos_label : int, float, bool or str, default=None
            The positive class; all others are negative. If None, use the second of two classes;
            required with more classes.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        level : float, default=0.95
            Confidence level of the intervals, between 0 and 1.
        ax : sequence of 2 matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : ReliabilityDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`; or if an estimator has no ``predict_proba``, or labels
            are not among its classes.
        """
        found = of_estimators(estimator, X, y, pos_label, target_names)
        return cls._computed(found, n_bins, level).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        n_bins: int | None = None,
        pos_label: Any = None,
        target_names: Sequence[str] | None = None,
        level: float = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw given probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True labels.
        y_prob : array-like of shape (n,) or (n, n_classes), or dict of str to such
            Probabilities of the positive class, or of all classes in sorted order, in [0, 1]; for
            several models, a dict of them by name.
        n_bins : int, default=None
            Number of bins, each with at least two cases. If None, use 15, or fewer so that each bin
            has 10 cases. Equal probabilities share a bin, so there may be fewer bins.
        pos_label : int, float, bool or str, default=None
            The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or
            True of {False, True}; required with other labels.
        target_names : sequence of str, default=None
            Names of the classes; see :meth:`from_estimator`.
        level : float, default=0.95
            Confidence level of the intervals, between 0 and 1.
        ax : sequence of 2 matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : ReliabilityDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If a probability is missing or outside [0, 1], lengths differ, there are fewer than two
            cases per bin, or another parameter is invalid.
        """
        found = of_predictions(y_true, y_prob, pos_label, target_names)
        return cls._computed(found, n_bins, level).plot(ax=ax)

    @classmethod
    def from_result(
        cls,
        result: Any,
        models: Sequence[str] | None = None,
        *,
        n_bins: int | None = None,
        pos_label: Any = None,
        target_names: Sequence[str] | None = None,
        level: float = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the out-of-fold predictions of an evaluation.

        Only images that all of the models predicted are drawn; with repeated folds, the first
        prediction of each image.

        Parameters
        ----------
        result : EvaluationResult
            The result of :func:`skdl.evaluate`.
        models : sequence of str, default=None
            Models to draw, in this order. If None, draw all that have probabilities.
        n_bins : int, default=None
            Number of bins; see :meth:`from_predictions`.
        pos_label : int, float, bool or str, default=None
            The positive class. If None, use that of the result; with more than two classes, one of
            them is required.
        target_names : sequence of str, default=None
            Names of the classes; see :meth:`from_estimator`.
        level : float, default=0.95
            Confidence level of the intervals, between 0 and 1.
        ax : sequence of 2 matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : ReliabilityDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`; or if `result` is not that of an evaluation, or a model
            has no probabilities.
        """
        found = of_result(result, models, pos_label, target_names)
        return cls._computed(found, n_bins, level).plot(ax=ax)

    @classmethod
    def _computed(cls, found: Forecasts, n_bins: int | None, level: float) -> Self:
        """The display, not drawn yet."""
        import pandas as pd

        check_level(level)
        frames = []
        for name, values in found.probabilities.items():
            mean, positives, n = bin_table(found.positive.astype(float), values, n_bins)
            low, high = wilson_interval(positives, n, level=level)
            columns = {"probability": mean, "frequency": positives / n, "low": low, "high": high}
            frames.append(pd.DataFrame({"model": name, **columns, "n": n}))
        scores = {
            name: {score: _interval(score, found.positive, p, level, n_bins) for score in _SCORES}
            for name, p in found.probabilities.items()
        }
        frame = pd.concat(frames, ignore_index=True)
        return cls(frame, found.probabilities, scores, level, found.pos_name)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : sequence of 2 matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        self : ReliabilityDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If `ax` does not hold 2 axes.
        """
        entries = {name: self._entry(name) for name in self.probabilities}
        axes = given_axes(self._new_axes(list(entries.values())) if ax is None else ax, _PANELS)
        curve, histogram = axes
        curve.plot((0, 1), (0, 1), color=REFERENCE, linestyle="--", label="perfect calibration")
        for number, (name, values) in enumerate(self.probabilities.items()):
            self._draw(curve, number, name, entries[name])
            style = look(number)
            histogram.hist(
                values,
                _WIDTHS,
                histtype="step" if len(entries) > 1 else "stepfilled",
                **{key: style[key] for key in ("color", "linestyle", "linewidth")},
            )
        curve.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="Observed frequency")
        histogram.set(xlim=(-0.02, 1.02), xlabel="Predicted probability", ylabel="Cases")
        for panel in axes:
            tidy(panel)
        title = f"{100 * self.level:g} % confidence intervals"
        write_legend(curve, title, beside=ax is None)
        write_class(curve, self.pos_name)
        self.figure_, self.axes_ = curve.figure, np.array(axes, dtype=object)
        return self

    def _new_axes(self, entries: list[str]) -> Any:
        width, height = legend_room(["perfect calibration", *entries])
        figure = new_figure(_SIDE + 0.7 + width, max(_SIDE + _HISTOGRAM + 0.9, height))
        return figure.subplots(2, 1, sharex=True, height_ratios=[_SIDE, _HISTOGRAM])

    def _draw(self, ax: Any, number: int, name: str, entry: str) -> None:
        rows = self.frame[self.frame["model"] == name]
        frequency = rows["frequency"].to_numpy()
        ends = frequency - rows["low"].to_numpy(), rows["high"].to_numpy() - frequency
        ax.errorbar(
            rows["probability"],
            frequency,
            yerr=np.maximum(ends, 0),  # an end that is the frequency, but for the last bit
            label=entry,
            elinewidth=0.8,
            capsize=2,
            zorder=3,
            **look(number),
        )

    def _entry(self, name: str) -> str:
        """What the legend says of a model."""
        n_bins = int((self.frame["model"] == name).sum())
        lines = [wrapped(name)] if name else [f"frequency in {counted(n_bins, 'bin')}"]
        known = {} if self.scores is None else self.scores.get(name, {})
        lines += [_in_words(_SCORES[score], known[score]) for score in _SCORES if score in known]
        return "\n".join(lines)


def _interval(
    score: str,
    positive: npt.NDArray[np.bool_],
    probabilities: npt.NDArray[np.float64],
    level: float,
    n_bins: int | None,
) -> tuple[float, float, float]:
    """A score with its interval; NaN where there is none."""
    how: Any = score
    if score == "expected_calibration_error":
        how = partial(expected_calibration_error, n_bins=n_bins)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimate, low, high = confidence_interval(how, positive, probabilities, level=level)
    except ValueError:  # such as the slope of probabilities that separate the classes
        return np.nan, np.nan, np.nan
    return (estimate, np.nan, np.nan) if low == high else (estimate, low, high)


def _in_words(name: str, interval: tuple[float, float, float]) -> str:
    estimate, low, high = interval
    digits = 3 if name == "ECE" else 2
    if np.isnan(estimate):
        return f"{name} undefined"
    # No minus before a zero.
    shown = [f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−") for value in interval]
    if np.isnan(low) or np.isnan(high):
        return f"{name} {shown[0]} (no interval)"
    return f"{name} {shown[0]} ({shown[1]} to {shown[2]})"
