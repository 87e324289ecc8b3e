"""Whether an image is unlike all that a model was trained on.

Decisions: docs/decisions.md#inspection-and-novelty.
"""

from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import pairwise_distances_chunked
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skdl._utils.checks import KeywordsMixin, validate_params, warn_user
from skdl._utils.labels import check_groups
from skdl._utils.scikit import Interval, StrOptions
from skdl._utils.text import counted, plain, shortened

# Means of standardised columns are zero to the last digits; those of other features never are.
_CENTRED = 1e-4
_ROUNDING = 1e-12


class NoveltyDetector(KeywordsMixin, OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Flags images that are unlike all images that a model was trained on.

    A classifier assigns a label to any image, even to a photograph of the ceiling or an X-ray that
    is not of the chest. The detector measures how far the features of an image lie from those of
    the training images, and flags images that lie farther from them than training images lie from
    each other. The rate at which it flags images of the same kind is bounded by
    `false_alarm_rate_`.

    Parameters
    ----------
    transformer : transformer, callable or None, default=None
        Computes features of images, such as :class:`skdl.BackboneFeatures` or a pipeline's first
        steps, ``pipeline[:-1]``. A fitted transformer is used unchanged; otherwise, a clone is
        fitted. A callable receives the images and returns an array of shape (n, n_features). If
        None, X contains features.
    false_alarm_rate : float in (0, 1), default=0.01
        Share of images of the same kind, from groups not seen in `fit`, that may be flagged.
    n_neighbors : int, default=5
        The distance of an image is its distance to the `n_neighbors`-th nearest training image.
    metric : {"cosine", "euclidean"}, default="cosine"
        Distance between two images. "cosine" compares the directions of features, and suits
        unscaled features of networks; "euclidean" suits features that are standardised, or whose
        directions carry little information.

    Attributes
    ----------
    false_alarm_rate_ : float
        The bound that holds for the chosen threshold: at most `false_alarm_rate`, unless there are
        too few images for that.
    offset_ : float
        The smallest score that is not flagged.
    training_scores_ : ndarray of shape (n,)
        Scores of the training images, each compared with those of other groups. Images with scores
        below `offset_` are worth inspecting.
    features_ : ndarray of shape (n, n_features)
        Features of the training images.
    transformer_ : transformer, callable or None
        The transformer in use.
    n_features_in_ : int
        Number of features seen in `fit`, if `transformer` is None.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X was a DataFrame with string column names.

    Warns
    -----
    UserWarning
        In `fit`, if there are too few images or groups for the requested rate, or if features are
        centred with `metric` "cosine", such as after a StandardScaler: directions from a mean carry
        little information, and images of noise, which activate no feature, look ordinary.

    See Also
    --------
    sklearn.neighbors.LocalOutlierFactor : Compares with the density around the neighbours.
    skdl.audit_images : Finds problems in the training images themselves.

    Notes
    -----
    The threshold is conformal: the distances of the training images, each to those of other groups,
    and one infinite distance for the new image are ranked; images of a group share the weight of
    the group. A training image is compared with one group fewer than if the new group were in the
    ranking, which errs on the safe side. Thus, if groups (or images) are drawn like those of the
    training set, and if features do not depend on the training images, a new image is flagged with
    a probability of at most `false_alarm_rate_`, whatever the distribution. Features of a frozen
    backbone do not depend on them; with features of a network that was trained on these images,
    which it knows better than others, more images are flagged.

    The rate applies over all draws of training images. With one set of 300 images, and a threshold
    that two of them exceed, the rate of that detector lies between 0.2 and 2.4 % in 19 of 20 cases.

    A flag means that the model has seen nothing like this image. The absence of a flag does not
    mean that the model is right.

    References
    ----------
    Y. Sun, Y. Ming, X. Zhu and Y. Li, "Out-of-distribution detection with deep nearest neighbors",
    ICML 2022. V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random world",
    Springer 2005. For groups: R. Dunn, L. Wasserman and A. Ramdas, "Distribution-free prediction
    sets for two-layer hierarchical models", Journal of the American Statistical Association 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl import BackboneFeatures
    >>> from skdl.datasets import load_digits_images
    >>> from skdl.inspection import NoveltyDetector
    >>> X, _ = load_digits_images(return_X_y=True)
    >>> X = np.random.default_rng(0).permutation(X)
    >>> detector = NoveltyDetector(BackboneFeatures(image_size=16)).fit(X[:500])
    >>> print(f"{detector.false_alarm_rate_:.4f}")
    0.0100
    >>> unlike = detector.predict(X[500:]) == -1
    >>> bool(unlike.mean() < 0.02)
    True
    >>> detector.predict(np.random.default_rng(0).integers(0, 17, (5, 8, 8)))
    array([-1, -1, -1, -1, -1])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "false_alarm_rate": [Interval(Real, 0, 1, closed="neither")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions({"cosine", "euclidean"})],
    }

    def __init__(
        self,
        transformer: Any = None,
        *,
        false_alarm_rate: float = 0.01,
        n_neighbors: int = 5,
        metric: Literal["cosine", "euclidean"] = "cosine",
    ) -> None:
        self.transformer = transformer
        self.false_alarm_rate = false_alarm_rate
        self.n_neighbors = n_neighbors
        self.metric = metric

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> "NoveltyDetector":
        """Learn how far training images lie from each other.

        Parameters
        ----------
        X : array-like
            Images or paths of image files, as the transformer accepts them; features of shape (n,
            n_features) without a transformer.
        y : object, default=None
            Ignored.
        groups : array-like of shape (n,), default=None
            Group of each image, such as its patient: each image is compared only with images of
            other groups. If None, each image is a separate group.

        Returns
        -------
        self : NoveltyDetector
            The fitted detector.

        Raises
        ------
        TypeError
            If `transformer` is neither a transformer nor callable.
        ValueError
            If a parameter is out of range, the transformer does not return one row of finite
            numbers per image, the number of groups differs from that of the images, or there are
            fewer than `n_neighbors` images outside a group.
        """
        validate_params(self)
        transformer = _fitted(self.transformer, X)
        features = self._features(X, transformer, reset=True)
        n = len(features)
        members = np.arange(n) if groups is None else check_groups(groups, n)
        _, codes = np.unique(members, return_inverse=True)
        self._check_enough(codes, members, groups is not None)
        if self.metric == "cosine" and _are_centred(features):
            warn_user(
                "The features have a mean of zero, such as after a StandardScaler, so their "
                "directions carry little information. Pass the steps before it, or "
                "metric='euclidean'."
            )
        distances = self._distances(features, features, codes)
        threshold, rate = _threshold(distances, codes, self.false_alarm_rate)
        if rate > self.false_alarm_rate:
            _warn_of_few(codes, groups is not None, self.false_alarm_rate, rate)
        self.transformer_ = transformer
        self.features_ = features
        self.training_scores_ = -distances
        self.offset_ = -threshold
        self.false_alarm_rate_ = rate
        return self

    def score_samples(self, X: Any) -> npt.NDArray[np.float64]:
        """Similarity of images to the training images: higher means more similar.

        Parameters
        ----------
        X : array-like
            Images, as in `fit`. Training images are their own neighbours and score higher than new
            ones; see `training_scores_`.

        Returns
        -------
        scores : ndarray of shape (n,)
            The negative distance to the `n_neighbors`-th nearest training image. Divided by
            `offset_`, it is the distance as a multiple of the threshold.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If X is not as in `fit`, or the transformer raises an error for it.
        """
        check_is_fitted(self)
        features = self._features(X, self.transformer_, reset=False)
        return -self._distances(features, self.features_)

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Difference between the scores of images and the threshold.

        Parameters
        ----------
        X : array-like
            Images, as in `fit`.

        Returns
        -------
        decisions : ndarray of shape (n,)
            ``score_samples(X) - offset_``: negative if an image is unlike the training images.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If X is not as in `fit`, or the transformer raises an error for it.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> npt.NDArray[np.int_]:
        """Flag images that are unlike the training images.

        Parameters
        ----------
        X : array-like
            Images, as in `fit`.

        Returns
        -------
        flags : int ndarray of shape (n,)
            -1 for images that are unlike all training images, 1 for all others.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If X is not as in `fit`, or the transformer raises an error for it.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    @property
    def fit_predict(self) -> Any:
        """Not available: training images are their own neighbours. See `training_scores_`."""
        raise AttributeError(
            "NoveltyDetector has no fit_predict, since training images are their own neighbours. "
            "After fit, training_scores_ contains their scores compared with the others."
        )

    # ---- inside --------------------------------------------------------------------------------

    def _features(self, X: Any, transformer: Any, *, reset: bool) -> npt.NDArray[Any]:
        """One row of finite numbers per image."""
        least = 2 if reset else 1
        dtypes = [np.float64, np.float32]
        if transformer is None:
            found: npt.NDArray[Any] = validate_data(
                self, X, reset=reset, dtype=dtypes, ensure_min_samples=least
            )
            return found.copy() if reset else found
        given = transformer.transform(X) if hasattr(transformer, "transform") else transformer(X)
        if np.ndim(given) != 2 or len(given) != len(X):
            raise ValueError(
                f"The transformer of NoveltyDetector returned {shortened(given)} for {len(X)} "
                "images. It must return one row of numbers per image, as BackboneFeatures does."
            )
        found = check_array(
            given, dtype=dtypes, ensure_min_samples=least, input_name="features", estimator=self
        )
        if not reset and found.shape[1] != self.features_.shape[1]:
            raise ValueError(
                f"The transformer returned {found.shape[1]} features, but "
                f"{self.features_.shape[1]} in fit. Pass images as in fit."
            )
        return found

    def _check_enough(
        self, codes: npt.NDArray[np.intp], members: npt.NDArray[Any], grouped: bool
    ) -> None:
        """Refuse groups without enough images around them."""
        sizes = np.bincount(codes)
        outside = len(codes) - int(sizes.max())
        if outside < self.n_neighbors:
            name = shortened(plain(members[codes == sizes.argmax()][0]))
            of = f"outside the group {name}" if grouped else "for each image"
            raise ValueError(
                f"n_neighbors={self.n_neighbors}, but there {'is' if outside == 1 else 'are'} only "
                f"{counted(outside, 'other image')} {of} (n_samples={len(codes)}). Pass more "
                "images, or lower n_neighbors."
            )

    def _distances(
        self, features: Any, known: Any, codes: npt.NDArray[np.intp] | None = None
    ) -> npt.NDArray[np.float64]:
        """Distances to the k-th nearest known image; with codes, of another group."""
        k = self.n_neighbors - 1

        def nearest(distances: npt.NDArray[Any], start: int) -> npt.NDArray[Any]:
            if codes is not None:
                own = codes[start : start + len(distances), np.newaxis]
                distances[own == codes] = np.inf
            return np.partition(distances, k, axis=1)[:, k]

        found = pairwise_distances_chunked(features, known, reduce_func=nearest, metric=self.metric)
        return np.concatenate(list(found)).astype(np.float64)


def _fitted(transformer: Any, X: Any) -> Any:
    """The transformer of the caller; a fitted clone where it is not fitted."""
    if transformer is None:
        return None
    has_method = hasattr(transformer, "transform")
    if isinstance(transformer, type) or not (has_method or callable(transformer)):
        raise TypeError(
            "transformer must have a method transform, be callable, or be None. Got "
            f"{shortened(transformer)}."
        )
    if not has_method:
        return transformer
    try:
        check_is_fitted(transformer)
    except NotFittedError:
        return clone(transformer).fit(X)
    return transformer


def _are_centred(features: npt.NDArray[Any]) -> bool:
    """Whether the mean of each column is zero, to what rounding leaves."""
    values = features.astype(np.float64)
    return bool((abs(values.mean(axis=0)) <= _CENTRED * values.std(axis=0)).all())


def _threshold(
    distances: npt.NDArray[np.float64], codes: npt.NDArray[np.intp], wanted: float
) -> tuple[float, float]:
    """The smallest distance that keeps the rate of false alarms, or else the largest; and the rate.

    Each group has the weight 1 / (n_groups + 1), which its images share; the rest is that of the
    new one, which may lie anywhere.
    """
    sizes = np.bincount(codes)
    places = len(sizes) + 1
    order = np.argsort(-distances, kind="stable")
    shares = np.cumsum(1 / sizes[codes[order]])  # of what lies as far or farther
    found, first = np.unique(distances[order], return_index=True)
    farther = np.where(first > 0, shares[first - 1], 0.0)  # of what lies farther than each
    rates = (1 + farther) / places
    kept = np.flatnonzero(rates <= wanted + _ROUNDING)
    place = int(kept[0]) if len(kept) else -1
    rate = float(rates[place])
    return float(found[place]), min(rate, wanted) if len(kept) else rate


def _warn_of_few(codes: npt.NDArray[np.intp], grouped: bool, wanted: float, rate: float) -> None:
    n = int(codes.max()) + 1
    needed = int(np.ceil(1 / wanted - _ROUNDING)) - 1
    what = "group" if grouped else "image"
    warn_user(
        f"A false-alarm rate of {wanted:.2g} requires at least {counted(needed, what)}, but there "
        f"are {n:,}. Images that lie farther from them than they do from each other are flagged; "
        f"it is only guaranteed that the false-alarm rate stays below {rate:.2g} "
        "(false_alarm_rate_)."
    )
