"""How the loss changes with a learning rate that rises."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skdl.plotting._layout import given_axes, new_figure
from skdl.plotting._palette import COLORS, LINE_WIDTH, SMALL, tidy

_WIDTH, _HEIGHT = 5.0, 3.4  # inches


@dataclass(eq=False, repr=False)
class LearningRateDisplay:
    """Loss during training with a learning rate that increases from batch to batch.

    At a good rate, the loss falls steeply, well before it rises.

    Parameters
    ----------
    rates : array-like of shape (n_steps,)
        Learning rates, increasing.
    losses : array-like of shape (n_steps,)
        The smoothed loss at each learning rate.
    suggestion : float, default=None
        The rate to mark.
    parameter : str, default="learning rate"
        Name of the rate, for the axis.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    ax_ : matplotlib.axes.Axes
        The axes.

    See Also
    --------
    skdl.diagnosis.find_learning_rate : Compute the rates and losses.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.plotting import LearningRateDisplay
    >>> rates = np.logspace(-6, 0, 50)
    >>> losses = 2 - 1.5 / (1 + (1e-2 / rates)) + 50 * rates**3
    >>> display = LearningRateDisplay(rates, losses, suggestion=0.01).plot()
    >>> display.ax_.get_xscale()
    'log'
    """

    rates: Any
    losses: Any
    suggestion: float | None = None
    parameter: str = "learning rate"

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
        self : LearningRateDisplay
            The display, with `figure_` and `ax_`.

        Raises
        ------
        ValueError
            If the numbers of rates and losses differ, rates are not positive, or `ax` is not one of
            matplotlib's axes.
        """
        rates, losses = (np.asarray(values, np.float64) for values in (self.rates, self.losses))
        if rates.ndim != 1 or rates.shape != losses.shape or not len(rates):
            raise ValueError(
                "rates and losses must be of the same shape (n_steps,). Got "
                f"{rates.shape} and {losses.shape}."
            )
        if not (rates > 0).all():
            raise ValueError(f"rates must be greater than 0. Got {rates.min():g}.")
        if ax is None:
            ax = new_figure(_WIDTH, _HEIGHT, title).add_subplot()
        (ax,) = given_axes(ax, ["the losses"])
        ax.plot(rates, losses, color=COLORS[0], linewidth=LINE_WIDTH)
        ax.set_xscale("log")
        if self.suggestion is not None:
            ax.axvline(self.suggestion, color=COLORS[1], linestyle="--", linewidth=LINE_WIDTH)
            text = f"{self.suggestion:.2g}"
            place = {"xy": (self.suggestion, 1), "xycoords": ("data", "axes fraction")}
            offset = {"xytext": (4, -4), "textcoords": "offset points"}
            ax.annotate(text, **place, **offset, va="top", fontsize=SMALL, color=COLORS[1])
        ax.set(xlabel=self.parameter, ylabel="Loss")
        tidy(ax)
        self.figure_, self.ax_ = ax.figure, ax
        return self
