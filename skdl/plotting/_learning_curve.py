"""How scores grow with the number of training images."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn import config_context, get_config
from sklearn.base import is_classifier
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, learning_curve

from skdl._utils.checks import check_choice
from skdl._utils.labels import check_groups
from skdl._utils.nesting import asks_for
from skdl._utils.scikit import parts_of
from skdl._utils.text import shortened
from skdl.plotting._layout import arrange, given_axes, most_lines, new_figure, text_width, wrapped
from skdl.plotting._palette import COLORS, MARKER_SIZE, MARKERS, STYLES, TEXT, add_legend, tidy

Interval = Literal["std", "range"]

_INTERVALS = ("std", "range", None)
_AXES, _HEIGHT = 5.0, 3.6  # inches


@dataclass(eq=False, repr=False)
class LearningCurveDisplay:
    """Scores of models against the number of training images, with bands over splits.

    It is recommended to use :meth:`from_estimator`, :meth:`from_estimators` or :meth:`from_scores`.

    Parameters
    ----------
    train_sizes : ndarray of int of shape (n_sizes,)
        Numbers of training images, increasing.
    scores : dict of str to ndarray of shape (n_sizes, n_splits)
        Scores of each model on test data; NaN if a fit failed.
    score_name : str, default="Score"
        Label of the scores.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    ax_ : matplotlib.axes.Axes
        The axes.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : One estimator, with training scores.

    Notes
    -----
    The splits of a cross-validation share training images. The bands therefore show how much scores
    vary, and are not confidence intervals.

    Examples
    --------
    >>> from skdl.plotting import LearningCurveDisplay
    >>> scores = {"svc": [[0.7, 0.8], [0.9, 0.9]], "cnn": [[0.6, 0.7], [0.9, 1.0]]}
    >>> display = LearningCurveDisplay.from_scores(scores, train_sizes=[100, 1000])
    >>> display.ax_.get_xscale(), [line.get_label() for line in display.ax_.lines]
    ('log', ['svc', 'cnn'])
    """

    train_sizes: npt.NDArray[np.int_]
    scores: Mapping[str, npt.NDArray[Any]]
    _: KW_ONLY
    score_name: str = "Score"

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **params: Any) -> Self:
        """Fit a model on growing parts of training data, and draw its scores.

        Parameters
        ----------
        estimator : estimator
            The model; it is cloned, and named after its class.
        X : array-like of shape (n, …)
            Images, or paths, as the estimator accepts them.
        y : array-like of shape (n,)
            Labels.
        **params : object
            Parameters of :meth:`from_estimators`, such as `cv` and `scoring`.

        Returns
        -------
        display : LearningCurveDisplay
            The drawn display.

        Raises
        ------
        ValueError
            As in :meth:`from_estimators`.
        """
        return cls.from_estimators({type(estimator).__name__: estimator}, X, y, **params)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, Any],
        X: Any,
        y: Any,
        *,
        train_sizes: Any = None,
        cv: Any = None,
        scoring: Any = None,
        groups: Any = None,
        n_jobs: int | None = None,
        shuffle: bool = True,
        random_state: Any = 0,
        interval: Interval | None = "std",
        score_name: str | None = None,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Fit models on growing parts of training data, and draw their scores.

        Parameters
        ----------
        estimators : dict of str to estimator
            The models by name; they are cloned.
        X : array-like of shape (n, …)
            Images, or paths, as the estimators accept them.
        y : array-like of shape (n,)
            Labels.
        train_sizes : array-like of shape (n_sizes,), default=None
            Numbers of training images, or proportions of the training set of a split. If None, use
            five proportions from 0.1 to 1, evenly spaced on a logarithmic axis.
        cv : int, splitter or iterable, default=None
            As in :func:`sklearn.model_selection.learning_curve`; with `groups`, None and an int
            mean folds that keep groups together. If it has a seed, all models get the same splits.
        scoring : str or callable, default=None
            A scorer. If None, use the ``score`` of the estimators.
        groups : array-like of shape (n,), default=None
            Groups, such as patients, for the splits, and for parts of an estimator that request
            them, such as early stopping of ``CNNClassifier().set_fit_request(groups=True)``.
        n_jobs : int, default=None
            Number of processes.
        shuffle : bool, default=True
            Whether to shuffle the training images of a split before the first ones are used:
            without shuffling, sorted data start with a single class.
        random_state : int, RandomState instance or None, default=0
            Random seed of the shuffling.
        interval : {"std", "range"} or None, default="std"
            What the bands show: mean plus and minus a standard deviation, the lowest and the
            highest score of the splits, or nothing.
        score_name : str, default=None
            Label of the scores. If None, use the name of the scorer.
        title : str, default=None
            Title of the figure.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : LearningCurveDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are no estimators, `train_sizes` or `interval` is invalid, or no fit of a model
            resulted in a score.
        """
        if not isinstance(estimators, Mapping) or not estimators:
            raise ValueError(
                "estimators must be a dict of names to estimators, with at least one. Got "
                f"{shortened(estimators)}."
            )
        check_choice(interval, "interval", _INTERVALS)
        scores = {}
        sizes: Any = np.geomspace(0.1, 1.0, 5) if train_sizes is None else train_sizes
        for name, estimator in estimators.items():
            used, test = _sizes_and_scores(
                estimator,
                X,
                y,
                groups,
                cv,
                train_sizes=sizes,
                scoring=scoring,
                n_jobs=n_jobs,
                shuffle=shuffle,
                random_state=random_state,
            )
            scores[name] = test
        if score_name is None:
            score_name = _score_name(scoring, list(estimators.values()))
        return cls.from_scores(
            scores, train_sizes=used, interval=interval, score_name=score_name, title=title, ax=ax
        )

    @classmethod
    def from_scores(
        cls,
        scores: Mapping[str, Any],
        *,
        train_sizes: Any,
        interval: Interval | None = "std",
        score_name: str = "Score",
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw given scores.

        Parameters
        ----------
        scores : dict of str to array-like of shape (n_sizes, n_splits) or (n_sizes,)
            Scores of each model on test data; NaN if missing.
        train_sizes : array-like of shape (n_sizes,)
            Numbers of training images, increasing.
        interval : {"std", "range"} or None, default="std"
            What the bands show; see :meth:`from_estimators`.
        score_name : str, default="Score"
            Label of the scores.
        title : str, default=None
            Title of the figure.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        display : LearningCurveDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are no scores, their number differs from that of the sizes, all scores of a
            model are NaN, or the sizes are not positive and increasing.
        """
        sizes = _numbers(train_sizes, "train_sizes").ravel()
        if not len(sizes) or not (sizes > 0).all() or not (np.diff(sizes) > 0).all():
            raise ValueError(
                f"train_sizes must be positive and increasing. Got {shortened(train_sizes)}."
            )
        if not isinstance(scores, Mapping) or not scores:
            raise ValueError("scores must be a dict of names to scores, with at least one.")
        arrays = {}
        for name, values in scores.items():
            array = _numbers(values, f"scores[{shortened(name)}]")
            array = array[:, np.newaxis] if array.ndim == 1 else array
            if array.ndim != 2 or len(array) != len(sizes):
                raise ValueError(
                    f"scores[{shortened(name)}] has shape {array.shape}. Expected ({len(sizes)}, "
                    f"n_splits) for {len(sizes)} training sizes."
                )
            if np.isinf(array).any() or np.isnan(array).all():
                raise ValueError(
                    f"scores[{shortened(name)}] has infinite values, or only NaN. Pass at least "
                    "one finite score per model."
                )
            arrays[str(name)] = array
        display = cls(sizes.astype(int), arrays, score_name=score_name)
        return display.plot(interval=interval, title=title, ax=ax)

    def plot(
        self, *, interval: Interval | None = "std", title: str | None = None, ax: Any = None
    ) -> Self:
        """Draw the display.

        Parameters
        ----------
        interval : {"std", "range"} or None, default="std"
            What the bands show; see :meth:`from_estimators`.
        title : str, default=None
            Title of the figure.
        ax : matplotlib axes, default=None
            Axes to draw on. If None, create a new figure.

        Returns
        -------
        self : LearningCurveDisplay
            The display, with `figure_` and `ax_`.

        Raises
        ------
        ValueError
            If `interval` is unknown.
        """
        check_choice(interval, "interval", _INTERVALS)
        names = [wrapped(name) for name in self.scores]
        place: dict[str, Any] = {"loc": "best"}
        if ax is None:
            height = max(_HEIGHT, 0.17 * len(names) * most_lines(names) + 0.8)
            ax = new_figure(_AXES + text_width(names, TEXT) + 0.9, height, title).add_subplot()
            place = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
        (ax,) = given_axes(ax, ["the scores"])
        for number, (name, values) in enumerate(zip(names, self.scores.values(), strict=True)):
            self._draw(ax, number, name, values, interval)
        ax.set_xscale("log")
        ax.set(xlabel="Number of training images", ylabel=self.score_name)
        tidy(ax)
        add_legend(ax, handlelength=3, **place)
        self.figure_, self.ax_ = ax.figure, ax
        self._write_sizes(ax)
        return self

    def _draw(
        self, ax: Any, number: int, name: str, values: npt.NDArray[Any], interval: Interval | None
    ) -> None:
        # Where no fit came to a score, there is no point.
        kept = ~np.isnan(values).all(axis=1)
        sizes, values = np.asarray(self.train_sizes)[kept], values[kept]
        means = np.nanmean(values, axis=1)
        color, again = COLORS[number % len(COLORS)], number // len(COLORS)
        ax.plot(
            sizes,
            means,
            color=color,
            linestyle=STYLES[number % len(STYLES)],
            marker=MARKERS[number % len(MARKERS)],
            markerfacecolor="white" if again % 2 else color,
            markersize=MARKER_SIZE,
            label=name,
        )
        if interval is None or values.shape[1] == 1:
            return
        if interval == "range":
            low, high = np.nanmin(values, axis=1), np.nanmax(values, axis=1)
        else:
            deviation = np.nanstd(values, axis=1)
            low, high = means - deviation, means + deviation
        opacity = 0.2 if len(self.scores) <= 3 else 0.1
        ax.fill_between(sizes, low, high, color=color, alpha=opacity, linewidth=0)

    def _write_sizes(self, ax: Any) -> None:
        """Mark the training sizes, as far as their numbers do not touch."""
        from matplotlib.ticker import NullLocator

        sizes = np.asarray(self.train_sizes)
        edge = max(1.25, (sizes[-1] / sizes[0]) ** 0.05)
        ax.set_xlim(sizes[0] / edge, sizes[-1] * edge)
        arrange(ax.figure)  # the width of the axes is known only then
        places = ax.transData.transform([(n, 0) for n in sizes])[:, 0] / ax.figure.dpi
        halves = [text_width([f"{n:,}"], TEXT) / 2 + 0.05 for n in sizes]
        kept, left = [], np.inf  # where the number before begins
        for i in reversed(range(len(sizes))):
            if places[i] + halves[i] < left:
                kept.append(i)
                left = places[i] - halves[i]
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xticks(sizes[kept], [f"{n:,}" for n in sizes[kept]], fontsize=TEXT)


def _sizes_and_scores(
    estimator: Any, X: Any, y: Any, groups: Any, cv: Any, **settings: Any
) -> tuple[Any, Any]:
    """Training sizes and test scores, with groups for the splits and for whatever asks for them."""
    routed = get_config()["enable_metadata_routing"]
    if groups is not None:
        groups = check_groups(groups, len(y))
        if cv is None or isinstance(cv, Integral):
            folds = StratifiedGroupKFold if is_classifier(estimator) else GroupKFold
            cv = folds(5 if cv is None else int(cv))
        routed = routed or asks_for(estimator, "groups")
        settings |= {"params": {"groups": groups}} if routed else {"groups": groups}
    with config_context(enable_metadata_routing=routed):
        used, _, test = learning_curve(estimator, X, y, cv=cv, **settings)
    return used, test


def _numbers(values: Any, name: str) -> npt.NDArray[np.float64]:
    """An array of numbers, NaN among them: a fit may have failed."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must hold numbers. Got {shortened(values)}.") from None


def _score_name(scoring: Any, estimators: list[Any]) -> str:
    """Name of a scorer in words."""
    if scoring is None:
        return "Accuracy" if all(is_classifier(model) for model in estimators) else "Score"
    parts = parts_of(scoring)
    function = scoring if parts is None else parts.function
    name = scoring if isinstance(scoring, str) else getattr(function, "__name__", "score")
    words = name.removesuffix("_score").replace("_", " ")
    return words[:1].upper() + words[1:] or "Score"
