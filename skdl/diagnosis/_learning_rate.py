"""Which learning rate a network can be trained with."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from skdl._utils.checks import check_number, check_whole
from skdl._utils.text import shortened

_SMOOTHING = 0.9  # of the losses: their mean reaches over some ten batches
_WORSE = 4.0  # times the lowest loss at which nothing more is to be learned
_SETTINGS = {
    "learning_rate_schedule": None,
    "early_stopping": False,
    "validation_fraction": None,
    "warm_start": False,
    "n_members": 1,
    "warmup_epochs": 0,
    "verbose": 0,
}


@dataclass(frozen=True, eq=False, repr=False)
class LearningRates:
    """Result of :func:`find_learning_rate`.

    Attributes
    ----------
    rates : ndarray of shape (n_steps,)
        Learning rates, in increasing order.
    losses : ndarray of shape (n_steps,)
        The smoothed training loss at each rate.
    suggestion : float
        The rate at which the loss falls most steeply, on a logarithmic scale of rates.
    parameter : str
        The parameter of the estimator to set to the suggestion.

    See Also
    --------
    find_learning_rate : Find a learning rate.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.diagnosis import LearningRates
    >>> found = LearningRates(
    ...     np.array([1e-3, 1e-2]), np.array([1.0, 0.5]), 1e-2, "optimizer__learning_rate"
    ... )
    >>> found
    LearningRates(suggestion=0.01, parameter='optimizer__learning_rate')
    """

    rates: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    suggestion: float
    parameter: str

    def __repr__(self) -> str:
        return f"LearningRates(suggestion={self.suggestion:.3g}, parameter={self.parameter!r})"

    def plot(self, *, title: str | None = None, ax: Any = None) -> Any:
        """Plot the losses against the learning rates.

        Parameters
        ----------
        title : str, default=None
            Title of the figure.
        ax : matplotlib axes, default=None
            Axes to plot on. If None, create a new figure.

        Returns
        -------
        display : skdl.plotting.LearningRateDisplay
            The display, drawn.
        """
        from skdl.plotting import LearningRateDisplay

        display = LearningRateDisplay(self.rates, self.losses, self.suggestion, self.parameter)
        return display.plot(title=title, ax=ax)


def find_learning_rate(
    estimator: Any, X: Any, y: Any, *, low: float = 1e-6, high: float = 1.0, n_steps: int = 100
) -> LearningRates:
    """Find a learning rate by a short training in which it rises from batch to batch.

    The estimator is not changed: a copy is trained, without early stopping, validation, warm-up or
    schedule, until the loss is four times its lowest value.

    Parameters
    ----------
    estimator : CNNClassifier, TransferClassifier, VGG16Classifier, CNNRegressor, \
TransferRegressor or DenoisingAutoencoder
        The estimator to train.
    X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
        Training images.
    y : array-like of shape (n,) or (n, n_outputs)
        Target values.
    low, high : float, default=1e-6, 1.0
        The first and the last rate, above 0.
    n_steps : int, default=100
        Number of batches to train on, at least 10.

    Returns
    -------
    found : LearningRates
        Rates, losses and the suggestion; ``found.plot()`` draws them.

    Raises
    ------
    ValueError
        If the estimator does not train a network of skdl, its optimizer has a Keras schedule, a
        parameter is out of range, or the loss is not finite from the first batches on.

    References
    ----------
    L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl import CNNClassifier
    >>> from skdl.diagnosis import find_learning_rate
    >>> X, y = load_digits(return_X_y=True)
    >>> found = find_learning_rate(CNNClassifier(random_state=0), X, y)
    >>> found.parameter
    'optimizer__learning_rate'
    >>> model = CNNClassifier(random_state=0).set_params(**{found.parameter: found.suggestion})
    """
    low = check_number(low, "low", low=0)
    high = check_number(high, "high", low=0)
    if not 0 < low < high:
        raise ValueError(f"low must be above 0 and below high. Got low={low:g}, high={high:g}.")
    n_steps = check_whole(n_steps, "n_steps", low=10)
    params = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    if not {"optimizer", "epochs", "batch_size", "callbacks"} <= params.keys():
        raise ValueError(
            "find_learning_rate trains a network of skdl, such as a CNNClassifier. Got "
            f"{shortened(estimator)}; for a pipeline, pass its last step and what goes into it."
        )
    tester = _tester(np.geomspace(low, high, n_steps))
    copy = clone(estimator)
    per_epoch = math.ceil(len(y) / copy.batch_size)
    own = {name: value for name, value in _SETTINGS.items() if name in params}
    copy.set_params(**own, epochs=math.ceil(n_steps / per_epoch), callbacks=[tester])
    seen = []
    try:
        copy.fit(X, y)
        seen = copy.callbacks_[0].losses
    except ValueError:
        # That training diverges is what the last rates are for.
        seen = tester.kept[-1].losses if tester.kept else []
        if len(seen) < n_steps // 4:
            raise
    tunes = params.get("trainable", "head") != "head"
    parameter = "finetune_learning_rate" if tunes else "optimizer__learning_rate"
    return _found(np.geomspace(low, high, n_steps), seen, parameter)


def _found(rates: Any, losses: list[float], parameter: str) -> LearningRates:
    """Smoothed losses, and where they fall most steeply."""
    smoothed, mean = [], 0.0
    for step, loss in enumerate(losses, 1):
        mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
        smoothed.append(mean / (1 - _SMOOTHING**step))
    found = np.array(smoothed)
    steps = np.log10(rates[: len(found)])
    end = max(int(found.argmin()), 2)
    slopes = np.gradient(found[: end + 1], steps[: end + 1])
    # The mean runs behind the batches.
    place = max(int(slopes.argmin()) - round(_SMOOTHING / (1 - _SMOOTHING)), 0)
    suggestion = float(rates[place])
    return LearningRates(rates[: len(found)], found, suggestion, parameter)


def _tester(rates: npt.NDArray[np.float64]) -> Any:
    """A Keras callback that sets the rate of each batch, and keeps its loss."""
    import keras

    class RangeTest(keras.callbacks.Callback):  # type: ignore[misc]
        """One rate per batch."""

        kept: list[Any] = []

        def on_train_begin(self, logs: Any = None) -> None:
            self.losses: list[float] = []
            self.total, self.n_batches = 0.0, 0
            self.kept.append(self)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.total, self.n_batches = 0.0, 0

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if len(self.losses) < len(rates):
                self.model.optimizer.learning_rate = rates[len(self.losses)]

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            # Keras gives the mean of the epoch up to here.
            self.n_batches += 1
            total = (logs or {})["loss"] * self.n_batches
            loss, self.total = total - self.total, total
            if not np.isfinite(loss):
                self.model.stop_training = True
                return
            self.losses.append(loss)
            lowest = min(self.losses)
            if len(self.losses) >= len(rates) or loss > _WORSE * max(lowest, 1e-12):
                self.model.stop_training = True

    return RangeTest()
