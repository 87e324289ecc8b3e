"""How far predicted numbers are from the true ones."""

from dataclasses import dataclass
from typing import Any, Self

from skdl._utils.checks import check_choice
from skdl.metrics import LimitsOfAgreement, limits_of_agreement, number_pair
from skdl.plotting._layout import given_axes, new_figure, text_width
from skdl.plotting._palette import COLORS, LINE_WIDTH, MARKER_SIZE, REFERENCE, SMALL, tidy

_WIDTH, _HEIGHT = 5.4, 4.0  # inches
_MANY = 500  # points, of which each is drawn smaller and paler
_AXES = {"mean": "Mean of predicted and true", "true": "True"}


@dataclass(eq=False, repr=False)
class BlandAltmanDisplay:
    """Bland-Altman plot: differences of predicted and true numbers, with limits of agreement.

    Each point is an image. The solid line is the mean of the differences, the bias. Most of the
    differences are between the dashed lines, the limits of agreement. Bands are confidence
    intervals. A cloud that widens or rises from left to right means that errors depend on the size
    of the number, and that one pair of limits does not describe them.

    It is recommended to use :meth:`from_estimator`, :meth:`from_predictions` or
    :meth:`from_result`.

    Parameters
    ----------
    places : array-like of shape (n,)
        Positions of the points on the horizontal axis.
    differences : array-like of shape (n,)
        Predicted minus true.
    limits : LimitsOfAgreement
        Bias and limits with their intervals.
    against : {"mean", "true"}, default="mean"
        Whether `places` are means of predicted and true numbers, or true numbers.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    ax_ : matplotlib.axes.Axes
        The axes.

    See Also
    --------
    skdl.metrics.limits_of_agreement : Compute the limits.
    sklearn.metrics.PredictionErrorDisplay : Predicted against true numbers.

    References
    ----------
    Bland and Altman, "Measuring agreement in method comparison studies", Statistical Methods in
    Medical Research 8 (1999), 135-160.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.plotting import BlandAltmanDisplay
    >>> generator = np.random.default_rng(0)
    >>> y_true = generator.uniform(20, 80, 100)
    >>> y_pred = y_true + generator.normal(1, 5, 100)
    >>> display = BlandAltmanDisplay.from_predictions(y_true, y_pred)
    >>> round(display.limits.bias.estimate, 1)
    0.6
    """

    places: Any
    differences: Any
    limits: LimitsOfAgreement
    against: str = "mean"

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **settings: Any) -> Self:
        """Draw the predictions of a fitted regressor.

        Parameters
        ----------
        estimator : fitted regressor
            Predicts one number per row.
        X : array-like
            Input of the estimator, such as images or features.
        y : array-like of shape (n,)
            True numbers.
        **settings : dict
            As in :meth:`from_predictions`.

        Returns
        -------
        display : BlandAltmanDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`.
        """
        return cls.from_predictions(y, estimator.predict(X), **settings)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        groups: Any = None,
        agreement: float = 0.95,
        level: float = 0.95,
        against: str = "mean",
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw given predictions.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True numbers.
        y_pred : array-like of shape (n,)
            Predicted numbers.
        groups : array-like of shape (n,), default=None
            Groups whose samples may be correlated, such as patients; they make intervals wider.
        agreement : float in (0, 1), default=0.95
            Proportion of differences between the limits.
        level : float in (0, 1), default=0.95
            Confidence level of the bands.
        against : {"mean", "true"}, default="mean"
            Quantity on the horizontal axis. Against "true", errors in the true numbers themselves
            would appear as a trend.
        title : str, default=None
            Title of the figure.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : BlandAltmanDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :func:`skdl.metrics.limits_of_agreement`; or if `against` is unknown.
        """
        check_choice(against, "against", tuple(_AXES))
        true, predicted = number_pair(y_true, y_pred)
        settings = {"groups": groups, "agreement": agreement, "level": level}
        limits = limits_of_agreement(true, predicted, **settings)
        places = true if against == "true" else (true + predicted) / 2
        return cls(places, predicted - true, limits, against).plot(title=title, ax=ax)

    @classmethod
    def from_result(cls, result: Any, model: str | None = None, **settings: Any) -> Self:
        """Draw the out-of-fold predictions of an evaluation.

        Parameters
        ----------
        result : RegressionResult
            The result of :func:`skdl.evaluate` for regressors.
        model : str, default=None
            Name of the model. Required if there are several; if None, use the only one.
        **settings : dict
            As in :meth:`from_predictions`, except for `groups`, which are those of the result.

        Returns
        -------
        display : BlandAltmanDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_predictions`; or if there are several models and none is named, or
            `result` is not one of regressors.
        """
        if not callable(getattr(result, "per_model", None)) or hasattr(result, "classes"):
            raise ValueError(
                f"Bland-Altman plots are for regressors. Got {type(result).__name__}. Pass the "
                "result of evaluate() for regressors, or pass numbers to from_predictions."
            )
        table = result.per_model(result.only_model(model))
        groups = None if result.groups is None else result.groups[table["row"]]
        return cls.from_predictions(table["y_true"], table["y_pred"], groups=groups, **settings)

    def plot(self, *, title: str | None = None, ax: Any = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        title : str, default=None
            Title of the figure.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        self : BlandAltmanDisplay
            The display, with `figure_` and `ax_`.

        Raises
        ------
        ValueError
            If `ax` is not one of matplotlib's axes.
        """
        names = {"upper": "upper limit", "bias": "bias", "lower": "lower limit"}
        texts = {key: f"{name}\n{_number(self._of(key))}" for key, name in names.items()}
        if ax is None:
            room = text_width(list(texts.values()), SMALL) + 0.1
            ax = new_figure(_WIDTH + room, _HEIGHT, title).add_subplot()
        (ax,) = given_axes(ax, ["the differences"])
        many = len(self.differences) > _MANY
        size = MARKER_SIZE * (0.6 if many else 1)
        cloud = {"color": COLORS[0], "alpha": 0.35 if many else 0.6, "markeredgewidth": 0}
        ax.plot(self.places, self.differences, "o", markersize=size, **cloud)
        ax.axhline(0, color=REFERENCE, linewidth=0.8)
        at_side = ax.get_yaxis_transform()
        for key, text in texts.items():
            found = getattr(self.limits, key)
            style = "-" if key == "bias" else "--"
            ax.axhline(found.estimate, color=COLORS[1], linestyle=style, linewidth=LINE_WIDTH)
            if found.low < found.high:
                ax.axhspan(found.low, found.high, color=COLORS[1], alpha=0.15, linewidth=0)
            place = {"transform": at_side, "va": "center", "fontsize": SMALL}
            ax.text(1.02, found.estimate, text, **place)
        ax.set(xlabel=_AXES[self.against], ylabel="Predicted − true")
        tidy(ax)
        self.figure_, self.ax_ = ax.figure, ax
        return self

    def _of(self, key: str) -> float:
        return float(getattr(self.limits, key).estimate)


def _number(value: float) -> str:
    """With a sign, which is what a difference is about."""
    return f"{value:+.3g}".replace("-", "−")
