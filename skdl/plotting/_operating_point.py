"""Sensitivity and specificity at a threshold, on the ROC curve and beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score, roc_curve

from skdl._utils.labels import (
    check_finite,
    check_groups,
    check_known,
    check_length,
    class_labels,
    listed,
    score_values,
)
from skdl._utils.text import shortened
from skdl.inspection import class_scores
from skdl.metrics import GUESSABLE, confidence_interval
from skdl.plotting._labels import names_by_label
from skdl.plotting._layout import arrange, fitted, given_axes, inches, new_figure
from skdl.plotting._outcomes import ResponseMethod, check_positive, chosen_threshold
from skdl.plotting._palette import COLORS, HEADING, MARKERS, REFERENCE, STYLES, add_legend, tidy

_PANELS = ("the ROC curve", "sensitivity and specificity by threshold")
# What the scores are, and the threshold where none is chosen.
_KINDS = {"predict_proba": ("probability", 0.5), "decision_function": ("decision value", 0.0)}
_MARK: dict[str, Any] = {
    "ms": 8,
    "mec": "black",
    "linestyle": "none",
    "zorder": 4,
    "clip_on": False,  # also where it stands on the frame
}


@dataclass(eq=False, repr=False)
class OperatingPointDisplay:
    """The ROC curve with the chosen threshold, beside sensitivity and specificity by threshold.

    Cases with a score of at least the threshold are predicted positive.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    thresholds : float64 ndarray of shape (n_thresholds,)
        Decreasing thresholds; the first is infinite.
    sensitivity : float64 ndarray of shape (n_thresholds,)
        Sensitivity (true positive rate) at each threshold, in [0, 1].
    specificity : float64 ndarray of shape (n_thresholds,)
        Specificity (true negative rate) at each threshold, in [0, 1].
    threshold : float
        The chosen threshold.
    roc_auc : (estimate, low, high), default=None
        Area under the ROC curve with DeLong's confidence interval, in [0, 1]. If None, it is not
        shown.
    level : float, default=0.95
        Confidence level of the interval, between 0 and 1.
    pos_name : str, default=None
        Name of the positive class. If None, it is not shown.
    score_name : str, default="score"
        Name of the score that is compared with the threshold.

    Attributes
    ----------
    operating_point : (sensitivity, specificity)
        Both at the chosen threshold, in [0, 1].
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes, of shape (2,)
        The axes of the ROC curve, and of sensitivity and specificity.

    See Also
    --------
    skdl.metrics.confidence_interval : The interval of the area.
    sklearn.metrics.RocCurveDisplay : ROC curves of several classifiers.
    sklearn.model_selection.TunedThresholdClassifierCV : Choose a threshold by cross-validation.

    Examples
    --------
    >>> from skdl.plotting import OperatingPointDisplay
    >>> y_true, y_score = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.8, 0.9]
    >>> display = OperatingPointDisplay.from_predictions(y_true, y_score, threshold=0.25)
    >>> sensitivity, specificity = display.operating_point
    >>> round(sensitivity, 2), round(specificity, 2)
    (1.0, 0.67)
    """

    thresholds: npt.NDArray[np.float64]
    sensitivity: npt.NDArray[np.float64]
    specificity: npt.NDArray[np.float64]
    threshold: float
    roc_auc: tuple[float, float, float] | None = None
    level: float = 0.95
    pos_name: str | None = None
    score_name: str = "score"

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        threshold: float | None = None,
        pos_label: Any = None,
        response_method: ResponseMethod = "auto",
        target_names: Sequence[str] | None = None,
        level: float = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the operating point of a fitted classifier.

        Parameters
        ----------
        estimator : fitted classifier
            With ``predict_proba`` or ``decision_function``.
        X : array-like
            Input of the estimator, such as images or features.
        y : array-like of shape (n,)
            True labels.
        threshold : float, default=None
            Cases with at least this score are predicted positive. If None, use the threshold of a
            ``TunedThresholdClassifierCV`` or ``FixedThresholdClassifier``, including the last step
            of a pipeline or the best estimator of a search, or else 0.5 for probabilities and 0 for
            decision values.
        pos_label : int, float, bool or str, default=None
            The positive class; all others are negative. If None, use that of the classifier with a
            threshold, or else the second of two classes; required with more classes.
        response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
            Method that computes scores. "auto" uses the one that the classifier with a threshold
            uses, or else ``predict_proba`` if available.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        level : float, default=0.95
            Confidence level of the area under the curve, between 0 and 1.
        ax : sequence of 2 matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : OperatingPointDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`; or if the estimator has no scores, labels are not among
            its classes, or its threshold belongs to another class than `pos_label`.
        """
        name, classes = type(estimator).__name__, getattr(estimator, "classes_", None)
        if classes is None:
            raise ValueError(f"{name} has no classes_. Pass a fitted classifier.")
        labels = np.asarray(classes).tolist()
        chosen = chosen_threshold(estimator)
        if chosen is not None and threshold is None:
            if pos_label not in (None, chosen.pos_label):
                raise ValueError(
                    f"The threshold of {name} is for the positive class "
                    f"{shortened(chosen.pos_label)}, not {shortened(pos_label)}. Pass threshold "
                    "explicitly."
                )
            threshold, pos_label = chosen.threshold, chosen.pos_label
        if response_method == "auto" and chosen is not None:
            response_method = chosen.response_method
        if pos_label is None and len(labels) == 2:
            pos_label = labels[1]
        check_positive(labels, pos_label)
        check_known(class_labels(y, "y"), classes, name)
        scores, used = class_scores(estimator, X, response_method)
        kind, default = _KINDS[used]
        threshold = default if threshold is None else threshold
        pos_name = names_by_label([np.asarray(classes)], target_names)[pos_label]
        score = scores[:, labels.index(pos_label)]
        return cls._computed(y, score, threshold, pos_label, level, pos_name, kind).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        *,
        threshold: float | None = None,
        pos_label: Any = None,
        groups: Any = None,
        target_names: Sequence[str] | None = None,
        level: float = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the operating point of given scores.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True labels.
        y_score : array-like of shape (n,)
            Scores of the positive class: probabilities or decision values.
        threshold : float, default=None
            Cases with at least this score are predicted positive. If None, use 0.5 if all scores
            are in [0, 1], and 0 otherwise.
        pos_label : int, float, bool or str, default=None
            The positive class; all others are negative. If None, use 1 of {0, 1} or {-1, 1}, or
            True of {False, True}; required with other labels.
        groups : array-like of shape (n,), default=None
            Groups of cases that may be correlated, such as patients, for the interval; see
            :func:`skdl.metrics.confidence_interval`.
        target_names : sequence of str, default=None
            Names of the classes; see :meth:`from_estimator`.
        level : float, default=0.95
            Confidence level of the area under the curve, between 0 and 1.
        ax : sequence of 2 matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : OperatingPointDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If lengths differ, there are no positive or no negative cases, labels or scores are
            missing, or another parameter is invalid.
        """
        labels = class_labels(y_true, "y_true")
        found = sorted(set(labels.tolist()), key=str)
        if pos_label is None and any(set(found) <= guessable for guessable in GUESSABLE):
            pos_label = 1
        if len(found) > 1:
            check_positive(found, pos_label)
        pos_name = names_by_label([labels], target_names).get(pos_label, "")
        rest = threshold, pos_label, level, pos_name, "score", groups
        display = cls._computed(labels, y_score, *rest)
        return display.plot(ax=ax)

    @classmethod
    def _computed(
        cls,
        y_true: Any,
        y_score: Any,
        threshold: float | None,
        pos_label: Any,
        level: float,
        pos_name: str,
        score_name: str,
        groups: Any = None,
    ) -> Self:
        """The display, not drawn yet."""
        labels = class_labels(y_true, "y_true")
        scores = _check_scores(y_score, labels)
        if threshold is None:
            threshold = 0.5 if scores.min() >= 0 and scores.max() <= 1 else 0.0
        if not np.isfinite(threshold):
            raise ValueError(f"threshold must be a finite number. Got {shortened(threshold)}.")
        positive = np.array([label == pos_label for label in labels.tolist()])
        if positive.all() or not positive.any():
            raise ValueError(
                f"y_true has only the classes {listed(sorted(set(labels.tolist()), key=str))}. "
                f"There must be cases of the positive class {shortened(pos_label)} and of others."
            )
        false_positive, sensitivity, thresholds = roc_curve(
            positive, scores, drop_intermediate=False
        )
        area, specificity = _area(positive, scores, level, groups), 1 - false_positive
        rates = thresholds, sensitivity, specificity
        return cls(*rates, float(threshold), area, level, pos_name, score_name)

    @property
    def operating_point(self) -> tuple[float, float]:
        # The lowest of the thresholds that is not below the chosen one parts the cases alike.
        i = int(np.flatnonzero(self.thresholds >= self.threshold)[-1])
        return float(self.sensitivity[i]), float(self.specificity[i])

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : sequence of 2 matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        self : OperatingPointDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If `ax` does not hold 2 axes.
        """
        axes = given_axes(new_figure(9.4, 5).subplots(1, 2) if ax is None else ax, _PANELS)
        self._draw_curve(axes[0])
        self._draw_rates(axes[1])
        for panel in axes:
            _draw_legend(panel, below=ax is None)
        arrange(axes[0].figure)  # the title has to fit into the room that there is
        if self.pos_name is not None:
            title = fitted(f"Positive class: {self.pos_name}", inches(axes[0])[0], HEADING)
            axes[0].set_title(title, loc="left", fontsize=HEADING, parse_math=False)
        self.figure_, self.axes_ = axes[0].figure, np.array(axes, dtype=object)
        return self

    def _draw_curve(self, ax: Any) -> None:
        """The ROC curve, with the chosen threshold on it."""
        area = self._area_in_words()
        ax.plot(1 - self.specificity, self.sensitivity, color=COLORS[0], label=area)
        ax.plot((0, 1), (0, 1), color=REFERENCE, linestyle="--", label="chance (AUC 0.5)")
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        sensitivity, specificity = self.operating_point
        label = f"threshold {self.threshold:.3g}"
        ax.plot(1 - specificity, sensitivity, color=COLORS[0], marker="o", label=label, **_MARK)
        ax.set(xlabel="1 − specificity", ylabel="Sensitivity")
        tidy(ax)

    def _area_in_words(self) -> str:
        if self.roc_auc is None:
            return "ROC curve"
        area, low, high = self.roc_auc
        if np.isnan(low) or np.isnan(high):
            return f"AUC {area:.3f} (no interval)"
        return f"AUC {area:.3f} ({100 * self.level:g} % CI {low:.3f} to {high:.3f})"

    def _draw_rates(self, ax: Any) -> None:
        """Sensitivity and specificity by threshold."""
        finite = self.thresholds[np.isfinite(self.thresholds)]
        low, high = _limits(finite, self.threshold)
        # A rate holds from above the threshold before to its own: all cases lie above the lowest.
        places = np.concatenate([[low], finite[::-1], [high]])
        at_threshold = dict(zip(("sensitivity", "specificity"), self.operating_point, strict=True))
        rates = {"sensitivity": (self.sensitivity, 1.0), "specificity": (self.specificity, 0.0)}
        ax.axvline(
            self.threshold, color=REFERENCE, linewidth=1, label=f"threshold {self.threshold:.3g}"
        )
        for i, (name, (rate, lowest)) in enumerate(rates.items()):
            ax.step(
                places,
                np.concatenate([[lowest], rate[::-1]]),
                where="pre",
                color=COLORS[i],
                linestyle=STYLES[i],
                label=f"{name} ({at_threshold[name]:.3f} at the threshold)",
            )
            ax.plot(self.threshold, at_threshold[name], color=COLORS[i], marker=MARKERS[i], **_MARK)
        ax.set(xlabel=f"Threshold of the {self.score_name}", ylabel="Rate")
        ax.set(xlim=(low, high), ylim=(-0.02, 1.02))
        tidy(ax)


def _limits(scores: npt.NDArray[np.float64], threshold: float) -> tuple[float, float]:
    """From where to where thresholds are drawn."""
    low, high = min(scores.min(), threshold), max(scores.max(), threshold)
    if low >= 0 and high <= 1:
        return -0.02, 1.02
    margin = 0.05 * ((high - low) or 1.0)
    return low - margin, high + margin


def _draw_legend(ax: Any, below: bool) -> None:
    from matplotlib.transforms import offset_copy

    place: dict[str, Any] = {"loc": "best"}
    if below:
        place = {
            "loc": "upper center",
            "bbox_to_anchor": (0.5, 0),
            "bbox_transform": offset_copy(ax.transAxes, ax.figure, y=-0.45, units="inches"),
        }
    add_legend(ax, borderaxespad=0, **place)


def _check_scores(y_score: Any, labels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    scores = score_values(y_score, "y_score")
    if scores.ndim != 1:
        raise ValueError(
            "y_score must have shape (n,), the scores of the positive class, such as "
            f"predict_proba(X)[:, 1]. Got shape {scores.shape}."
        )
    check_length(labels, "y_true", scores, "y_score")
    check_finite(scores, "y_score")
    return scores


def _area(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], level: float, groups: Any
) -> tuple[float, float, float]:
    """Area under the ROC curve with its interval; NaN for its ends where there is none."""
    ours, others = scores[positive], scores[~positive]
    if ours.min() > others.max() or ours.max() < others.min():  # no variance to estimate
        return float(ours.min() > others.max()), np.nan, np.nan
    units = np.arange(len(scores)) if groups is None else check_groups(groups, len(scores))
    if min(len(np.unique(units[rows])) for rows in (positive, ~positive)) < 2:
        return float(roc_auc_score(positive, scores)), np.nan, np.nan
    return confidence_interval("roc_auc", positive, scores, groups=groups, level=level)
