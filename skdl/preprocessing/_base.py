"""What transformers of image arrays learn in fit, and hold later batches to."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import KeywordsMixin, validate_params
from skdl._utils.scikit import check_feature_names, check_feature_names_in
from skdl.images import ImageArray, ImageFormat, as_rows, cast_pixels

Self = TypeVar("Self", bound="ArrayTransformer")


class SetOutputMixin:
    """``set_output`` of transformers whose results may be images, which no DataFrame holds."""

    def set_output(self: Any, *, transform: Any = None) -> Any:
        """Choose the container of flattened images.

        Images of three or four dimensions always remain arrays, since a DataFrame cannot hold them.
        ``set_output`` of a pipeline therefore only affects the steps after this one.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            The container; if None, leave it unchanged.

        Returns
        -------
        self : estimator instance
            The transformer.
        """
        if hasattr(self, "get_feature_names_out"):
            super().set_output(transform=transform)  # type: ignore[misc]
        return self


def _has_columns(estimator: Any) -> bool:
    learned = getattr(estimator, "_image_format", None)
    return learned is None or learned.has_columns


class PixelColumnsMixin(SetOutputMixin):
    """Names of the columns of flattened images. The estimator sets `_image_format` in fit."""

    @available_if(_has_columns)  # type: ignore[untyped-decorator]
    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Names of the columns of flattened images.

        Not available after `fit` on images of three or four dimensions, which have no columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Column names. If None, use those seen in fit, or x0, x1, …

        Returns
        -------
        names : ndarray of str of shape (n_features_in_,)
            The names.

        Raises
        ------
        ValueError
            If `input_features` are not the names seen in fit.
        """
        check_is_fitted(self)
        names: npt.NDArray[Any] = check_feature_names_in(self, input_features)
        return names


class ArrayTransformer(KeywordsMixin, SetOutputMixin, TransformerMixin, BaseEstimator):
    """Base of transformers that accept image arrays and keep their dtype.

    `fit` learns the shape and the value range of the images, and whether they are whole numbers. If
    so, results are rounded, whatever the dtype of a later batch, so that the same pixel values have
    the same results.
    """

    def fit(self: Self, X: Any, y: Any = None) -> Self:
        """Learn the shape and the value range of the images.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images. See :mod:`skdl.images` for what counts as an image batch.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : estimator instance
            The fitted transformer.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            For bad parameters or images, leaving the transformer unchanged.
        """
        validate_params(self)
        self._check_parameters()
        batch = ImageArray.of(X, estimator=self).in_own_dtype()
        learned = ImageFormat.learn(
            X,
            batch,
            image_shape=getattr(self, "image_shape", None),
            value_range=getattr(self, "value_range", None),
            warns=False,
        )
        self._check_learned(learned)
        check_feature_names(self, X if learned.flattened else batch.pixels, reset=True)
        self.image_shape_ = learned.image_shape
        self.n_features_in_ = learned.n_features
        self.value_range_ = learned.value_range
        if learned.value_range == "standardized":
            self.black_, self.white_ = batch.values().extremes
        else:
            self.black_, self.white_ = learned.value_range
        self._image_format = learned
        self._end_fit()
        return self

    def _check_parameters(self) -> None:
        """Refuse parameters that scikit-learn's constraints cannot describe."""

    def _check_learned(self, learned: ImageFormat) -> None:
        """Refuse parameters that the images do not allow."""

    def _end_fit(self) -> None:
        """Set what else a fit leaves behind."""

    def _check_batch(self, X: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Validate a batch after fit: the array that it is, and that array as images."""
        check_is_fitted(self)
        rows = as_rows(X)
        check_feature_names(self, X if rows.ndim == 2 else rows, reset=False)
        batch = ImageArray.of(rows, estimator=self).in_own_dtype()
        return batch.pixels, self._image_format.as_images(batch, self).load()

    def _cast(self, values: npt.NDArray[np.float64], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """Bring computed values to the dtype of the batch."""
        return cast_pixels(values, dtype, self._image_format.whole)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
