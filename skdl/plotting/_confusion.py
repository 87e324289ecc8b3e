"""Counts, precision and recall: three views of a confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix as count_outcomes

from skdl.plotting._layout import (
    LINE,
    arrange,
    fitted,
    fitted_size,
    given_axes,
    inches,
    most_lines,
    new_figure,
    text_width,
    wrapped,
)
from skdl.plotting._outcomes import encoded_outcomes, predicted_labels
from skdl.plotting._palette import FRAME, HEADING, TEXT

_PANELS = ("Counts", "Precision (columns sum to 1)", "Recall (rows sum to 1)")
_CELL, _SMALLEST_SIDE, _LARGEST_SIDE = 0.45, 2.4, 6.0  # inches
_SMALLEST = 5  # points, of names and numbers
_NAME_WIDTHS = (16, 24, 32, 44)  # letters
_UPRIGHT = 1.3  # inches, of names under the columns
_LINE = 1.25  # height of a line of text, as a share of its size


@dataclass(eq=False, repr=False)
class ConfusionMatricesDisplay:
    """A confusion matrix as counts, as precision and as recall, side by side.

    Rows are true classes, columns predicted ones. The diagonal of the second matrix is the
    precision of each class, that of the third its recall. The column of a class that is never
    predicted has no precision, and the row of a class without cases has no recall: they are
    hatched.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    confusion_matrix : ndarray of shape (n_classes, n_classes)
        Counts, or sums of weights, of true classes (rows) and predicted ones (columns).
    class_names : sequence of str of length n_classes, default=None
        The classes. If None, number them from 0.

    Attributes
    ----------
    precision : float64 ndarray of shape (n_classes, n_classes)
        Counts divided by the sum of the column, in [0, 1]; NaN in empty columns.
    recall : float64 ndarray of shape (n_classes, n_classes)
        Counts divided by the sum of the row, in [0, 1]; NaN in empty rows.
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes, of shape (3,)
        The axes of counts, precision and recall.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : One confusion matrix.
    skdl.plotting.PerClassMetricsDisplay : The diagonals, with confidence intervals.

    Examples
    --------
    >>> from skdl.plotting import ConfusionMatricesDisplay
    >>> y_true, y_pred = ["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"]
    >>> display = ConfusionMatricesDisplay.from_predictions(y_true, y_pred)
    >>> display.confusion_matrix
    array([[1, 1],
           [0, 2]])
    >>> display.recall
    array([[0.5, 0.5],
           [0. , 1. ]])
    """

    confusion_matrix: npt.NDArray[Any]
    class_names: Sequence[str] | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        target_names: Sequence[str] | None = None,
        sample_weight: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw the confusion matrices of a fitted classifier.

        Parameters
        ----------
        estimator : fitted classifier
            Classifier with ``predict``; all its classes have a row and a column.
        X : array-like
            Input of the estimator, such as images or features.
        y : array-like of shape (n,)
            True labels.
        target_names : sequence of str, default=None
            Names of the classes: in sorted order of the labels, or indexed by labels, as in
            scikit-learn's data sets. If None, use the labels themselves.
        sample_weight : array-like of shape (n,), default=None
            Sample weights.
        ax : sequence of 3 matplotlib axes, default=None
            Axes for counts, precision and recall. If None, create a new figure.

        Returns
        -------
        display : ConfusionMatricesDisplay
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
            sample_weight=sample_weight,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        labels: Any = None,
        target_names: Sequence[str] | None = None,
        sample_weight: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw the confusion matrices of given predictions.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n,)
            True and predicted labels.
        labels : array-like, default=None
            All classes, if some may not occur. If None, use those that occur.
        target_names : sequence of str, default=None
            Names of the classes; see :meth:`from_estimator`.
        sample_weight : array-like of shape (n,), default=None
            Sample weights.
        ax : sequence of 3 matplotlib axes, default=None
            Axes for counts, precision and recall. If None, create a new figure.

        Returns
        -------
        display : ConfusionMatricesDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If lengths differ, labels are missing or of several kinds, or `target_names` or `ax` is
            invalid.
        """
        true, predicted, names = encoded_outcomes(y_true, y_pred, target_names, labels)
        matrix = count_outcomes(
            true, predicted, labels=np.arange(len(names)), sample_weight=sample_weight
        )
        return cls(matrix, names).plot(ax=ax)

    @property
    def precision(self) -> npt.NDArray[np.float64]:
        return _shares(self.confusion_matrix, axis=0)

    @property
    def recall(self) -> npt.NDArray[np.float64]:
        return _shares(self.confusion_matrix, axis=1)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the display.

        If the cells are too small for numbers, each matrix has a colour bar instead. Values written
        as 0 or 1 are exact; 0.00 and 1.00 are rounded.

        Parameters
        ----------
        ax : sequence of 3 matplotlib axes, default=None
            Axes for counts, precision and recall. If None, create a new figure.

        Returns
        -------
        self : ConfusionMatricesDisplay
            The display, with `figure_` and `axes_`.

        Raises
        ------
        ValueError
            If the matrix is not square, or `ax` or `class_names` is invalid.
        """
        counts = np.asarray(self.confusion_matrix)
        given = range(len(counts)) if self.class_names is None else self.class_names
        names = list(map(str, given))
        if counts.ndim != 2 or counts.shape != (len(names), len(names)):
            raise ValueError(
                "confusion_matrix must be square, with one row per class. Got shape "
                f"{counts.shape} for {len(names)} classes."
            )
        own_figure = ax is None
        axes = given_axes(_new_axes(names) if own_figure else ax, _PANELS)
        figure = axes[0].figure
        matrices = (counts, self.precision, self.recall)
        images = list(map(_draw_matrix, axes, matrices, _PANELS, (max(counts.max(), 1), 1, 1)))
        for i, panel in enumerate(axes):
            _write_names(panel, names, rows=i == 0 or not own_figure)
        arrange(figure)  # what is written has to fit into the room that there is
        for panel, matrix, image in zip(axes, matrices, images, strict=True):
            size = _number_size(panel, matrices)
            if size < _SMALLEST:
                figure.colorbar(image, ax=panel, shrink=0.8)
            else:
                _write_numbers(panel, matrix, image.norm.vmax, size)
        self.figure_, self.axes_ = figure, np.array(axes, dtype=object)
        return self


def _shares(matrix: npt.NDArray[Any], axis: int) -> npt.NDArray[np.float64]:
    total = np.asarray(matrix, dtype=float).sum(axis=axis, keepdims=True)
    shares = np.full(np.shape(matrix), np.nan)
    np.divide(matrix, total, out=shares, where=total > 0)
    return shares


# ---- layout --------------------------------------------------------------------------------------


def _new_axes(names: Sequence[str]) -> Any:
    side = float(np.clip(_CELL * len(names), _SMALLEST_SIDE, _LARGEST_SIDE))
    cell = side / len(names)
    columns, size, upright = _column_names(names, cell)
    rows = _row_names(names if columns else _numbered(names), cell)
    below = text_width(columns, size) if upright else LINE * most_lines(columns)
    width = 3 * (side + 0.15) + text_width(*rows) + 0.5
    if _size_that_fits(["0.00"], cell) < _SMALLEST:
        width += 3 * 0.7  # the colour bars
    return new_figure(width, side + below + 0.75).subplots(1, 3)


def _row_names(names: Sequence[str], cell: float) -> tuple[list[str], float]:
    """Names in as few letters a line as the height of a cell allows, and their size."""
    wrappings = [[wrapped(name, width) for name in names] for width in _NAME_WIDTHS]
    sizes = [72 * cell / (_LINE * most_lines(texts)) for texts in wrappings]
    best = int(np.argmax(np.minimum(sizes, TEXT)))  # the first of equal ones
    return wrappings[best], fitted_size(sizes[best], TEXT, _SMALLEST)


def _column_names(names: Sequence[str], cell: float) -> tuple[list[str], float, bool]:
    """Names side by side where their words fit, or else upright; their size, and which it is.

    No names where they are too long for that: then the classes are numbered.
    """
    room = cell - 0.08
    if text_width([word for name in names for word in name.split()], TEXT) <= room:
        return [fitted(name, room, TEXT) for name in names], TEXT, False
    texts, size = _row_names(names, cell)
    fits = text_width(texts, size) <= _UPRIGHT
    return (texts, size, True) if fits else ([], TEXT, False)


def _numbered(names: Sequence[str]) -> list[str]:
    return [f"{i + 1}  {name}" for i, name in enumerate(names)]


def _write_names(ax: Any, names: Sequence[str], rows: bool) -> None:
    cell = min(inches(ax)) / len(names)
    # One name in so many, where there are too many to read.
    places = np.arange(0, len(names), int(np.ceil(_LINE * _SMALLEST / 72 / cell)))
    columns, size, upright = _column_names(names, cell)
    if not columns:
        columns, names = [str(i + 1) for i in range(len(names))], _numbered(names)
        size = min(TEXT, 0.85 * cell / text_width(columns, 1))
    style = {"rotation": 90 if upright else 0, "parse_math": False}
    ax.set_xticks(places, [columns[i] for i in places], fontsize=size, **style)
    texts, size = _row_names(names, cell)
    texts = [texts[i] if rows else "" for i in places]
    ax.set_yticks(places, texts, fontsize=size, parse_math=False)
    ax.tick_params(length=0)
    ax.set(xlabel="Predicted class", ylabel="True class" if rows else "")


# ---- matrices ------------------------------------------------------------------------------------


def _draw_matrix(ax: Any, matrix: npt.NDArray[Any], title: str, largest: float) -> Any:
    """Draw the cells; missing ones show the hatched background."""
    ax.patch.set(facecolor="white", edgecolor=FRAME, hatch="////", linewidth=0)
    image = ax.imshow(
        np.ma.masked_invalid(matrix), cmap="Blues", vmin=0, vmax=largest, interpolation="nearest"
    )
    ax.set_title(title, fontsize=HEADING)
    return image


def _number_size(ax: Any, matrices: Sequence[npt.NDArray[Any]]) -> float:
    """Font size in points in which the numbers of every matrix fit into a cell."""
    numbers = {_number(value) for matrix in matrices for value in matrix.flat}
    return _size_that_fits(sorted(numbers), min(inches(ax)) / len(matrices[0]))


def _size_that_fits(texts: Sequence[str], cell: float) -> float:
    return min(TEXT, 0.8 * cell / text_width(texts, 1), 72 * 0.8 * cell / _LINE)


def _write_numbers(ax: Any, matrix: npt.NDArray[Any], largest: float, size: float) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        color = "white" if value > 0.6 * largest else "0.55" if value == 0 else "black"
        ax.text(
            column,
            row,
            _number(value),
            ha="center",
            va="center",
            fontsize=size,
            color=color,
            in_layout=False,  # it stays within the axes
            # Missing ones stand on hatches.
            bbox={"color": "white", "pad": 0.5} if np.isnan(value) else None,
        )


def _number(value: float) -> str:
    if np.isnan(value):
        return "–"
    if value == int(value):
        return str(int(value))
    return f"{value:.2f}" if value < 1 else f"{value:.3g}"
