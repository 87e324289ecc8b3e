"""`ImageFacts`: what is known of images without looking at what they show."""

import math
from numbers import Integral
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from skdl._utils.cache import Cache
from skdl._utils.checks import KeywordsMixin, validate_params
from skdl._utils.scikit import Interval
from skdl._utils.text import shown_path
from skdl.images import measure_images, read_batch

_NAMES = (
    "height", "width", "channels", "bits", "bytes_per_pixel", "quantization", "low", "high",
    "brightness", "contrast", "border_brightness", "border_contrast",
)  # fmt: skip
# By content: folds, candidates of a search and clones ask for the same images again.
_measured: Cache[npt.NDArray[np.float64]] = Cache(max_number=200_000)


class ImageFacts(KeywordsMixin, TransformerMixin, BaseEstimator):
    """Facts about images that do not describe what they show: size, mode, brightness.

    A classifier on these facts is a baseline for every network: a network that is no better has
    only learned how the images of a class were taken or saved. Measurements are cached by the
    content of the image, in this process.

    Parameters
    ----------
    n_jobs : int, default=None
        Number of threads that read images; None and -1 use all cores.

    Attributes
    ----------
    n_features_out_ : int
        Number of facts, 12.
    n_features_in_ : int
        Number of values of one image: height × width × channels. Only after `fit` on arrays.

    See Also
    --------
    skdl.audit_images : Reports which facts alone separate the classes.

    Notes
    -----
    The facts are height, width and channels; bits per value; bytes per pixel of the file and the
    mean step by which a JPEG's brightness was rounded, which are NaN if they do not apply; the
    smallest and the largest value; brightness, the mean of the channels without transparency, and
    contrast, its standard deviation over pixels; and both for the outer frame, which is 5 % of the
    shorter side wide.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdl.preprocessing import ImageFacts
    >>> X = np.random.default_rng(0).integers(0, 200, (40, 16, 16), dtype=np.uint8)
    >>> y = np.arange(40) % 2
    >>> X[y == 1] += 50  # another scanner
    >>> shortcut = make_pipeline(ImageFacts(), DecisionTreeClassifier(random_state=0))
    >>> float(cross_val_score(shortcut, X, y).mean())
    1.0
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "n_jobs": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
        ],
    }

    n_features_in_: int

    def __init__(self, *, n_jobs: int | None = None) -> None:
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> "ImageFacts":
        """Check that X contains images; nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images, or paths of image files of any size.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : ImageFacts
            The transformer.

        Raises
        ------
        ValueError
            If X contains no images, or a parameter is invalid.
        """
        validate_params(self)
        images = read_batch(X, "X", self, mixed=True)
        self.n_features_out_ = len(_NAMES)
        if hasattr(self, "n_features_in_"):
            del self.n_features_in_
        if len(images.shape) > 1:
            self.n_features_in_ = math.prod(images.shape[1:])
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Measure images.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images, or paths of image files of any size.

        Returns
        -------
        facts : ndarray of shape (n, 12)
            One row per image.

        Raises
        ------
        ValueError
            If X contains no images, arrays have another number of values than in `fit`, or a file
            cannot be read, naming it.
        """
        images = read_batch(X, "X", self, mixed=True)
        learned, shape = getattr(self, "n_features_in_", None), images.shape[1:]
        if learned is not None and shape and math.prod(shape) != learned:
            raise ValueError(
                f"X has {math.prod(shape)} features, but ImageFacts is expecting {learned} "
                "features as input."
            )
        images = images.unflattened()
        n_threads = None if self.n_jobs is None else joblib.effective_n_jobs(self.n_jobs)
        shape = images.shape[1:]
        keys = [(digest, shape) for digest in images.digests(n_threads)]
        found = {key: _measured.get(key, _unknown) for key in keys if key in _measured}
        found = {key: numbers for key, numbers in found.items() if len(numbers)}
        rows = np.array([row for row, key in enumerate(keys) if key not in found], dtype=np.intp)
        if len(rows):
            facts = _numbers(measure_images(images[rows], n_threads, 0), images, rows)
            for row, numbers in zip(rows.tolist(), facts, strict=True):
                found[keys[row]] = numbers
                _measured.put(keys[row], numbers)
        return np.array([found[key] for key in keys]).reshape(len(keys), len(_NAMES))

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Names of the facts.

        Parameters
        ----------
        input_features : object, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str of shape (12,)
            The names.
        """
        return np.array(_NAMES, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        return tags


def _unknown() -> npt.NDArray[np.float64]:
    """Of what another thread has dropped meanwhile."""
    return np.empty(0)


def _numbers(facts: Any, images: Any, rows: Any) -> npt.NDArray[np.float64]:
    """A row for each image, of a table of facts."""
    unread = np.flatnonzero(facts["reason"].ne(""))
    if len(unread):
        path = images.paths[rows[unread[0]]]
        raise ValueError(
            f"The image file {shown_path(path)} cannot be read: {facts['reason'].iloc[unread[0]]}."
        )
    derived = facts.assign(
        bits=[8 * np.dtype(name).itemsize for name in facts["dtype"]],
        bytes_per_pixel=facts["bytes"] / (facts["width"] * facts["height"]),
    )
    return np.asarray(derived[list(_NAMES)], dtype=np.float64)
