"""Fit, partial fit and prediction, as the regressors share them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import check_whole
from skdl._utils.compat import with_callbacks
from skdl._utils.scikit import StrOptions
from skdl._utils.targets import check_numbers
from skdl.estimators._inputs import as_weights
from skdl.estimators._layers import LayersMixin
from skdl.estimators._numbers import LOSSES, Numbers
from skdl.estimators._progress import EpochTasks
from skdl.estimators._supervised import MEMBER_CONSTRAINTS, SupervisedEstimator
from skdl.estimators._trained import TRAINING_CONSTRAINTS
from skdl.preprocessing import PRESETS, Augmentation

REGRESSOR_CONSTRAINTS: dict[str, list[Any]] = {
    **TRAINING_CONSTRAINTS,
    "loss": [StrOptions(set(LOSSES))],
    "augmentation": [None, StrOptions(set(PRESETS)), Augmentation],
    **MEMBER_CONSTRAINTS,
}


class ImageRegressor(RegressorMixin, LayersMixin, SupervisedEstimator):
    """Base of the regressors: everything but the list of parameters."""

    target_mean_: npt.NDArray[np.float64]
    target_scale_: npt.NDArray[np.float64]
    n_outputs_: int

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        groups: Any = None,
    ) -> "ImageRegressor":
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Training images. See :mod:`skdl.images` for what counts as an image batch. If paths are
            passed, the files are decoded and resized during training, a few batches at a time.
        y : array-like of shape (n,) or (n, n_outputs)
            Targets, finite and in any unit: the network is trained on standardised targets.
        sample_weight : array-like of shape (n,), default=None
            Non-negative weights; a weight of zero leaves the row out.
        X_val : array-like, default=None
            Validation images, instead of a split of `X`.
        y_val : array-like, default=None
            Targets of the validation images.
        groups : array-like of shape (n,), default=None
            Group of each image, such as its patient. `early_stopping` and `validation_fraction`
            hold out whole groups of `X`, so that no group is in both the training and the
            validation split. Without such a split, or with `X_val`, groups have no effect.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            For bad input or parameters, before any training and leaving the estimator unchanged; if
            training diverges, so that loss or weights become NaN, infinite or enormous; or if an
            image file cannot be read, naming it.

        Warns
        -----
        UserWarning
            If y is constant, or groups are so large that the split is far from
            `validation_fraction`.
        ConvergenceWarning
            If the network predicts the same value for all training images, or its loss is far above
            that of predicting the mean.
        """
        job, learned = self._describe(X, y, sample_weight, X_val, y_val, groups, mode=self._mode())
        tasks = EpochTasks(self, X, y, self._n_epochs(), sample_weight)
        self._train(job, learned, tasks)
        tasks.end_fit()
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "ImageRegressor":
        """Train for one epoch, starting from the current weights.

        The value range and the scale of the targets are learned in the first call. Early stopping
        does not apply.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Training images.
        y : array-like of shape (n,) or (n, n_outputs)
            Targets.
        sample_weight : array-like of shape (n,), default=None
            Non-negative weights.

        Returns
        -------
        self : estimator instance
            The fitted estimator.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            For bad input or parameters, leaving the estimator unchanged.
        """
        return self._train(*self._describe(X, y, sample_weight, mode="partial_fit"))

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Predict targets for images.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.

        Returns
        -------
        numbers : float64 ndarray of shape (n,) or (n, n_outputs)
            The predicted targets, in the unit and the shape of the y of fit.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, naming both shapes.
        """
        check_is_fitted(self)
        _, images = self._image_format.check_batch(X, self)
        return self._fitted_targets().decode(self._averaged(images))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Coefficient of determination, R², of the predictions.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.
        y : array-like of shape (n,) or (n, n_outputs)
            Targets.
        sample_weight : array-like of shape (n,), default=None
            Weights of the images.

        Returns
        -------
        r2 : float
            At most 1; 0 for a model that predicts the mean of y. With several outputs, the mean of
            their scores.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, or for bad targets.
        """
        check_is_fitted(self)
        numbers, weights = check_numbers(y), as_weights(sample_weight)
        return float(super().score(X, numbers, sample_weight=weights))

    def grad_cam(
        self, X: Any, output: int = 0, *, layer: str | None = None
    ) -> npt.NDArray[np.float32]:
        """Locate what increases a predicted number in images by gradients (Grad-CAM).

        The feature maps of a layer are weighted by the gradients of the number, averaged over all
        positions, and summed; negative values, which lower the number, are set to zero.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.
        output : int, default=0
            Index of the number, from 0 to ``n_outputs_ - 1``.
        layer : str, default=None
            Name of a layer that outputs feature maps; see :meth:`layer_shapes`. If None, use the
            last one whose maps have more than one position.

        Returns
        -------
        maps : float32 ndarray of shape (n, height, width)
            Maps in the size of the images (`image_shape_`) and in [0, 1], divided by the largest
            value of each image. All zeros if nothing increases the number.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit, there is no such output, or no such
            layer, or it outputs no feature maps.

        References
        ----------
        R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh and D. Batra, "Grad-CAM: visual
        explanations from deep networks via gradient-based localization", ICCV 2017.

        Examples
        --------
        >>> from skdl import CNNRegressor
        >>> from skdl.datasets import load_digits_images
        >>> X, y = load_digits_images(return_X_y=True)
        >>> model = CNNRegressor(epochs=1, random_state=0).fit(X[:200], X[:200].mean(axis=(1, 2)))
        >>> model.grad_cam(X[:5]).shape
        (5, 8, 8)
        """
        inspector = self._inspector()
        name = inspector.map_layer(layer)
        check_whole(output, "output", low=0, high=self.n_outputs_ - 1)
        batch, images = self._image_format.check_batch(X, self)
        codes = np.full(len(batch), output, np.int32)
        return inspector.evidence(images, codes, name, self._image_format.image_shape[:2])

    # ---- targets ---------------------------------------------------------------------------------

    def _check_targets(self, y: Any, name: str) -> npt.NDArray[np.float64]:
        if y is None:
            raise ValueError(
                "This regressor requires y to be passed, but the target y is None. Pass one number "
                "per image."
            )
        return check_numbers(y, name)

    def _learn_targets(self, y: npt.NDArray[Any], sample_weight: Any, classes: Any) -> Numbers:
        return Numbers.of(y, sample_weight, self.loss)

    def _fitted_targets(self) -> Numbers:
        return Numbers(self.target_mean_, self.target_scale_, self._is_flat, self.loss)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags
