"""`DenoisingAutoencoder`: a network that maps noisy images to clean ones.

Decisions: docs/decisions.md#augmentation-and-noise.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skdl._utils.checks import validate_params
from skdl._utils.compat import with_callbacks
from skdl._utils.scikit import StrOptions
from skdl.estimators._autoencoder import encoder
from skdl.estimators._base import Absent
from skdl.estimators._denoising_base import DenoisingBase
from skdl.estimators._progress import EpochTasks
from skdl.estimators._trained import TRAINING_CONSTRAINTS
from skdl.images import ImageBatch, holds_images, range_offset_and_scale, read_batch
from skdl.preprocessing import NOISES, ImageNoise, PixelColumnsMixin, as_noise

_LOSSES = {"mse", "binary_crossentropy"}


class DenoisingAutoencoder(PixelColumnsMixin, TransformerMixin, DenoisingBase):
    """Convolutional autoencoder that removes noise from images.

    It learns to map a degraded image to the original image. When trained on clean images alone, it
    adds the noise itself, drawn again in each epoch.

    Parameters
    ----------
    filters : tuple of int, default=(32, 32)
        Numbers of filters of the encoder's convolutions, each followed by max-pooling that halves
        height and width. The decoder has them in reverse order, each followed by upsampling.
    noise : {"gaussian", "salt_and_pepper", "speckle", "occlusion"} or ImageNoise, \
default="gaussian"
        Noise that `fit` adds to clean images, as :class:`ImageNoise` does, but drawn again in each
        epoch. Only the kind and the amount of an :class:`ImageNoise` are used; they can be
        searched, such as ``noise__amount``. A name means an amount of 0.3.
    epochs : int, default=10
        Number of passes over the training data, at least 1.
    batch_size : int, default=128
        Number of images per training step, at least 1.
    loss : {"mse", "binary_crossentropy"}, default="mse"
        Loss to minimise: the squared error, which `score` is based on; or the cross-entropy, for
        images in a value range, with a sigmoid as the output layer.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Name or class of a Keras optimizer, configured by `optimizer__*` parameters; or a configured
        instance, which is copied for each fit.
    learning_rate_schedule : {"cosine", "step"}, Keras schedule or None, default=None
        How the learning rate changes; see :class:`CNNClassifier`.
    early_stopping : bool, default=False
        Stop when the validation loss has not improved by `tol` for `n_iter_no_change` epochs, and
        keep the weights of the epoch with the lowest validation loss. Noise is also added to clean
        images that are held out.
    validation_fraction : float in (0, 1), default=None
        Share of the images to hold out. Whole groups are held out if `groups` is passed to `fit`.
        If None, use 0.1 with `early_stopping`, and no validation without it.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping ends training.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    image_size : int, (height, width) or None, default=None
        Size to resize images to, for arrays and files. If None, keep their size, which must be the
        same for all images.
    keep_aspect : bool, default=False
        Whether resizing keeps the aspect ratio and pads with black on both sides.
    color : {"rgb", "grayscale"} or None, default=None
        Colour mode to convert images of 1, 3 or 4 channels to. If None, keep the channels of
        arrays, whatever their number; grayscale image files have one channel if all files are
        grayscale, and three otherwise.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images; see :class:`CNNClassifier`.
    value_range : (low, high), "standardized" or None, default=None
        Pixel values of black and white; if None, learn them in `fit`.
    precision : {"float32", "bfloat16"}, default="float32"
        Data type that the network computes in.
    callbacks : callback, or list of callbacks, classes or functions, default=None
        Keras callbacks, copied for each fit, or classes or functions that return a new one. Their
        `model`, and files they save of it, expect values from 0 to 1 (unlike `model_`).
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous fit.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the noise, the order of the batches and the validation split.
    verbose : int, default=0
        If 1, print one line per epoch.
    **routed : dict
        `optimizer__*` parameters, such as ``optimizer__learning_rate=0.01``.

    Attributes
    ----------
    model_ : keras.Model
        The trained network, compiled; built on first access.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks of the last fit with their state, such as ``History().history``, but without
        their `model`. Not included in pickles.
    history_ : dict of str to list of float
        Per epoch: "loss", "learning_rate", and with validation data "val_loss".
    n_iter_ : int
        Number of epochs trained.
    validation_rows_ : ndarray of int of shape (n_held_out,) or None
        Indices, in the X of `fit`, of the images held out for validation, in ascending order; None
        if no images were held out.
    image_shape_ : (height, width, channels)
        Shape of one image.
    value_range_ : (low, high) or "standardized"
        The value range in use.
    n_features_in_ : int
        Number of values of one image.

    See Also
    --------
    ImageNoise : Add noise to images.
    sklearn.frozen.FrozenEstimator : Use an already trained denoiser in a pipeline.

    References
    ----------
    P. Vincent, H. Larochelle, Y. Bengio and P.-A. Manzagol, "Extracting and composing robust
    features with denoising autoencoders", ICML 2008.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl import DenoisingAutoencoder, ImageNoise
    >>> X = load_digits().images / 16
    >>> noisy = ImageNoise(amount=0.3, random_state=0).fit_transform(X)
    >>> model = DenoisingAutoencoder(epochs=20, batch_size=32, random_state=0).fit(X[:1500])
    >>> model.transform(noisy[1500:]).shape
    (297, 8, 8)
    >>> before = ((noisy[1500:] - X[1500:]) ** 2).mean()
    >>> bool(((model.transform(noisy[1500:]) - X[1500:]) ** 2).mean() < before / 1.5)
    True
    """

    _routing_prefixes = frozenset({"optimizer"})
    _parameter_constraints = {
        **TRAINING_CONSTRAINTS,
        "filters": ["array-like"],
        "noise": [StrOptions(set(NOISES)), ImageNoise],
        "loss": [StrOptions(_LOSSES)],
        "color": [None, StrOptions({"rgb", "grayscale"})],
    }
    predict: Any = Absent(". Use transform.")
    partial_fit: Any = Absent(". Continue training with warm_start=True.")

    def __init__(
        self,
        filters: Sequence[int] = (32, 32),
        *,
        noise: Any = "gaussian",
        epochs: int = 10,
        batch_size: int = 128,
        loss: str = "mse",
        optimizer: Any = "adam",
        learning_rate_schedule: Any = None,
        early_stopping: bool = False,
        validation_fraction: float | None = None,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        image_size: int | tuple[int, int] | None = None,
        keep_aspect: bool = False,
        color: Literal["rgb", "grayscale"] | None = None,
        image_shape: Sequence[int] | None = None,
        value_range: tuple[float, float] | Literal["standardized"] | None = None,
        precision: Literal["float32", "bfloat16"] = "float32",
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
        **routed: Any,
    ) -> None:
        self._set_parameters(locals())

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, groups: Any = None) -> "DenoisingAutoencoder":
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Clean images, to which `noise` is added; or noisy ones, if `y` holds the clean ones.
        y : array-like of the shape of X, or of shape (n,), default=None
            The clean versions of noisy images, as arrays or as paths of image files. Labels, as
            passed by a pipeline, are ignored: one number or string per image, unless the strings
            end like names of image files or are all existing files.
        groups : array-like of shape (n,), default=None
            Group of each image, such as its patient. `early_stopping` and `validation_fraction`
            hold out whole groups. Without such a split, groups have no effect.

        Returns
        -------
        self : DenoisingAutoencoder
            The fitted autoencoder.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            For bad input or parameters, leaving the estimator unchanged; or if training diverges,
            so that loss or weights become NaN, infinite or enormous.

        Warns
        -----
        UserWarning
            If groups are so large that the split is far from `validation_fraction`.
        """
        validate_params(self)
        job, learned = self._describe(X, y, groups)
        tasks = EpochTasks(self, X, y, self.epochs)
        self._train(job, learned, tasks)
        tasks.end_fit()
        return self

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Remove noise from images.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.

        Returns
        -------
        images : ndarray of the shape of X, or of shape (n, h, w, c) if they are resized
            The denoised images, with the dtype of X if that is uint8, float32 or float64, and
            float32 otherwise; within the value range; whole numbers if the images of fit were. For
            paths, of shape (n, h, w, c).

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            If the images are not of the shape seen in fit.
        """
        check_is_fitted(self)
        return self._denoised(*self._image_format.check_batch(X, self))

    def _denoised(self, batch: ImageBatch, images: ImageBatch) -> npt.NDArray[Any]:
        """What `transform` gives, of a batch as it came and as the network gets it."""
        outputs = self._network.predict(images)
        if self.value_range_ != "standardized":
            outputs = outputs.clip(0, 1)
        offset, scale = range_offset_and_scale(self.value_range_)
        values = outputs / np.float32(scale) + np.float32(offset)
        if self._image_format.whole or batch.dtype == np.uint8:
            values = np.rint(values)
        if batch.came == np.uint8:
            values = values.clip(0, 255)
        wanted = batch.came if batch.came in (np.uint8, np.float64) else np.float32
        rows = batch.unchanged(images, self._image_format.image_shape)
        cleaned: npt.NDArray[Any] = values.astype(wanted)
        return cleaned.reshape(images.shape if rows is None else rows.shape)

    def _as_pixels(self, X: Any, name: str) -> npt.NDArray[Any]:
        """Arrays that are not resized as they came, other images as the network has them."""
        batch = read_batch(X, name, self)
        if len(batch.shape) == 2 and name == "X":
            self._image_format.check_columns(X, batch, self)
        images = self._image_format.as_images(batch, self, name)
        rows = batch.unchanged(images, self._image_format.image_shape)
        return images.load() if rows is None else rows

    def encode(self, X: Any) -> npt.NDArray[np.float32]:
        """Encode images: return the output of the encoder.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images of the shape seen in fit.

        Returns
        -------
        code : float32 ndarray of shape (n, height, width, filters)
            Height and width are halved once for each of `filters`.

        Raises
        ------
        NotFittedError
            Before fit.
        """
        check_is_fitted(self)
        _, images = self._image_format.check_batch(X, self)
        n_arrays = 2 * len(self._network.recipe.params["filters"])  # a kernel and a bias each
        code: npt.NDArray[np.float32] = self._network.beginning(encoder, n_arrays).predict(images)
        return code

    def score(self, X: Any, y: Any = None) -> float:
        """Mean peak signal-to-noise ratio, in decibels.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Noisy images; or, if `y` does not contain the clean ones, clean images to which `noise`
            is added.
        y : array-like of the shape of X, or of shape (n,), default=None
            The clean images, as in `fit`; labels are ignored.

        Returns
        -------
        psnr : float
            The mean over the images of ``-10 log10(MSE)``, with the value range (for standardised
            images, the range of the clean ones) scaled to length 1. Larger is better; an increase
            of 10 means a tenth of the squared error.

        Raises
        ------
        NotFittedError
            Before fit.
        """
        check_is_fitted(self)
        noisy = self._as_pixels(X, "X")
        if holds_images(y):
            y = self._as_pixels(y, "y")
        else:
            noise = as_noise(self.noise)
            shape = self.image_shape_ if noisy.ndim == 2 else noisy.shape[1:]
            noise.set_params(value_range=self.value_range_, random_state=0, image_shape=shape)
            y, noisy = noisy, np.asarray(noise.fit_transform(noisy))
        batch = read_batch(noisy, "X", self)
        images = self._image_format.as_images(batch, self)
        found = self._denoised(batch, images).astype(np.float64).reshape(len(y), -1)
        clean = y.astype(np.float64).reshape(len(y), -1)
        if self.value_range_ == "standardized":
            extent = float(np.ptp(clean))
        else:
            extent = self.value_range_[1] - self.value_range_[0]
        errors = np.square((found - clean) / extent).mean(axis=1)
        return float(np.mean(-10 * np.log10(np.maximum(errors, 1e-12))))
