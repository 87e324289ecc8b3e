"""Estimators around estimators, as some experiments need them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.model_selection import train_test_split
from sklearn.utils.metaestimators import available_if

from skdl.preprocessing import ImageLoader, ImageNoise


def stratified(y: npt.NDArray[Any], n: int, seed: int) -> npt.NDArray[np.intp]:
    """Draw n rows with the classes' shares as they are, in their order.

    If hardly any row is left over, the shares cannot matter.
    """
    few = len(y) - n < len(np.unique(y))
    rows, _ = train_test_split(
        np.arange(len(y)), train_size=n, stratify=None if few else y, random_state=seed
    )
    return np.sort(rows)


class _Wrapper(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts what the classifier inside says; its ``estimator_`` is what was fitted."""

    estimator_: Any

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The class labels."""
        classes: npt.NDArray[Any] = self.estimator_.classes_
        return classes

    def _seen(self, X: Any) -> Any:
        """What the classifier inside gets to see."""
        return X

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict class labels."""
        labels: npt.NDArray[Any] = self.estimator_.predict(self._seen(X))
        return labels

    @available_if(lambda self: hasattr(self.estimator_, "predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> npt.NDArray[Any]:
        """Predict probabilities."""
        probabilities: npt.NDArray[Any] = self.estimator_.predict_proba(self._seen(X))
        return probabilities


class OnSubset(_Wrapper):
    """Fits a classifier on some of the training images, with the classes' shares as they are.

    Parameters
    ----------
    estimator : classifier
        What is fitted.
    n_train : int
        How many images; more than there are takes all.
    random_state : int, default=0
        Seeds the draw.
    """

    def __init__(self, estimator: Any, n_train: int, random_state: int = 0) -> None:
        self.estimator = estimator
        self.n_train = n_train
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "OnSubset":
        """Fit."""
        y = np.asarray(y)
        rows = np.arange(len(y))
        if self.n_train < len(y):
            rows = stratified(y, self.n_train, self.random_state)
        self.estimator_ = clone(self.estimator).fit(X[rows], y[rows])
        return self


class OnNoisy(_Wrapper):
    """Adds noise to training images, removes it again if it can, and fits a classifier.

    It is fitted on clean images and predicts noisy ones.

    Parameters
    ----------
    estimator : classifier
        What is fitted.
    amount : float
        Standard deviation of the noise, as a share of the value range.
    denoiser : transformer, default=None
        Is fitted on the clean images, and removes noise from all others.
    n_draws : int, default=1
        How often each training image is made noisy: the noise is another one each time.
    random_state : int, default=0
        Seeds the noise.
    """

    def __init__(
        self,
        estimator: Any,
        amount: float,
        denoiser: Any = None,
        n_draws: int = 1,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.amount = amount
        self.denoiser = denoiser
        self.n_draws = n_draws
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "OnNoisy":
        """Fit."""
        self.denoiser_ = None if self.denoiser is None else clone(self.denoiser).fit(X)
        images = [self._seen(self._noisy(X, draw)) for draw in range(self.n_draws)]
        labels = np.tile(np.asarray(y), self.n_draws)
        self.estimator_ = clone(self.estimator).fit(np.concatenate(images), labels)
        return self

    def _noisy(self, X: Any, draw: int) -> Any:
        seed = np.random.SeedSequence([self.random_state, draw]).generate_state(1)[0]
        return ImageNoise(amount=self.amount, random_state=int(seed)).fit(X).transform(X)

    def _seen(self, X: Any) -> Any:
        return X if self.denoiser_ is None else self.denoiser_.transform(X)


# Sizes in which the network sees an image, and the share of its height and width around the centre.
_VIEWS = ((160, 1.0), (224, 1.0), (192, 0.75))
_SIZE = 256  # of the whole image, before its centre is cut out


class ViewFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Features of several views of image files, each averaged with those of its mirror image.

    Parameters
    ----------
    backbone : str
        Pretrained network.
    weights : str, default="auto"
        Its weights.
    layer : list of str, default=None
        Layers; None is the last.
    store : "auto" or None, default="auto"
        As of :class:`skdl.BackboneFeatures`.
    """

    def __init__(
        self, backbone: str, weights: str = "auto", layer: Any = None, store: str | None = "auto"
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.layer = layer
        self.store = store

    def fit(self, X: Any, y: Any = None) -> "ViewFeatures":
        """Learn nothing but the number of features."""
        self.n_features_ = self._computed(X[:1]).shape[1]
        return self

    @property
    def _n_features_out(self) -> int:
        return int(self.n_features_)

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Compute the features."""
        return self._computed(X)

    def _computed(self, X: Any) -> npt.NDArray[Any]:
        from skdl.estimators import BackboneFeatures

        images = ImageLoader((_SIZE, _SIZE), color="rgb").fit_transform(X)
        found = []
        for size, share in _VIEWS:
            margin = round(_SIZE * (1 - share) / 2)
            view = images[:, margin : _SIZE - margin, margin : _SIZE - margin]
            features = BackboneFeatures(
                self.backbone,
                weights=self.weights,
                layer=self.layer,
                image_size=size,
                store=self.store,
            )
            seen = [features.fit_transform(side) for side in (view, view[:, :, ::-1])]
            found.append((seen[0] + seen[1]) / 2)
        return np.hstack(found)


class Columns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Takes the columns of a table whose names begin with a prefix, as an array."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def fit(self, X: Any, y: Any = None) -> "Columns":
        """Learn nothing."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> Any:
        """Take them."""
        return X.loc[:, X.columns.str.startswith(self.prefix)].to_numpy()
