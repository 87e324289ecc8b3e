"""Base of the denoising autoencoder: what goes into a fit."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_counts
from skdl.engine import Job, Recipe
from skdl.estimators._autoencoder import denoiser
from skdl.estimators._format import ImageFormat, check_images
from skdl.estimators._inputs import draw_seed, hold_out_any, make_training_set
from skdl.estimators._trained import Learned, TrainedEstimator
from skdl.images import ImageFiles, PixelValues, as_rows, is_image, names_image_files, objects
from skdl.preprocessing import plan_noise


class DenoisingBase(TrainedEstimator):
    """Everything but the parameters and what a user calls."""

    @property
    def _keeps_shape(self) -> bool:
        return _keeps_shape(self._image_format)

    def _as_pixels(self, X: Any, name: str) -> npt.NDArray[Any]:
        """Arrays that are not resized as they came, other images as the network has them."""
        rows = as_rows(X, name)
        array = check_images(rows, name, self)
        if not isinstance(array, ImageFiles) and self._keeps_shape:
            return rows
        images = self._image_format.as_images(array, self, name)
        return images.load() if isinstance(images, ImageFiles) else images

    def _describe(self, X: Any, y: Any) -> tuple[Job, Learned]:
        """Validate a fit: the training it asks for, and what it learns beside."""
        optimizer, callbacks = self._optimizer_spec(), self._make_callbacks()
        array = check_images(X, "X", self)
        mode = self._mode()
        start = self._last_training(mode)
        if start is None:
            image_format = ImageFormat.learn(X, array, self)
        else:
            image_format = self._image_format
            image_format.check_columns(X, array, self)
            image_format.warn_of_another_scale(array)
        targets, changes = None, plan_noise(self.noise, _extremes(array, image_format))
        if holds_images(y):
            clean = check_images(y, "y", self)
            if len(clean) != len(array):
                raise ValueError(
                    f"X has {len(array)} noisy images, but y has {len(clean)} clean ones."
                )
            image_format.warn_of_another_scale(clean, "y")
            targets, changes = image_format.as_images(clean, self, "y"), None
            if isinstance(targets, ImageFiles):  # what is learned is in memory
                targets = targets.load()
        recipe = Recipe(
            denoiser,
            {
                "filters": check_counts(self.filters, "filters", shortest=1),
                "bounded": self.loss == "binary_crossentropy",
            },
            image_format.input_shape,
            n_classes=None,
            precision=self.precision,
            loss=self._checked_loss(image_format),
        )
        images = image_format.as_images(array, self)
        data = make_training_set(images, targets, np.ones(len(images), np.float32))
        seed = draw_seed(self.random_state) if start is None else self._seed
        validation = None
        if self._validation_fraction():
            data, validation = hold_out_any(data, self._validation_fraction(), seed)
        job = self._job(
            mode,
            image_format,
            recipe=recipe,
            data=data,
            validation=validation,
            optimizer=optimizer,
            seed=seed,
            start=start,
            augmentation=changes,
            augments_validation=True,
            callbacks=callbacks,
        )
        came = array.file_dtype if isinstance(array, ImageFiles) else as_rows(X).dtype
        return job, {
            **self._learned(job, image_format),
            # Whole numbers stay whole, whatever the dtype of a later batch: the same pixel values
            # have the same results.
            "_whole": came.kind in "bui",
            # Images of another size have other columns, or none.
            "_flattened": array.ndim == 2 and _keeps_shape(image_format),
        }

    def _checked_loss(self, image_format: ImageFormat) -> str:
        if self.loss == "binary_crossentropy" and image_format.value_range == "standardized":
            raise ValueError(
                "loss='binary_crossentropy' needs images within a value range, but these are "
                "standardised. Use loss='mse', or set value_range."
            )
        return str(self.loss)


def _extremes(array: Any, image_format: ImageFormat) -> tuple[float, float]:
    """Black and white as the network gets them."""
    if image_format.value_range != "standardized":
        return 0.0, 1.0
    if isinstance(array, ImageFiles) and array.dtype == np.uint8:
        return 0.0, 255.0  # without decoding them
    values = array.values() if isinstance(array, ImageFiles) else PixelValues.of(array)
    return float(values.smallest.min()), float(values.largest.max())


def _keeps_shape(image_format: ImageFormat) -> bool:
    return image_format.input_shape == image_format.image_shape


def holds_images(y: Any) -> bool:
    """Whether `y` is a batch of images, and not None or labels, be they text or numbers."""
    if y is None or names_image_files(y):
        return y is not None
    values = np.asarray(objects(y) if isinstance(y, list | tuple) else y)
    if values.dtype.kind == "O" and values.ndim == 1:
        return any(map(is_image, values))
    return values.ndim > 1 and values.shape[1:] != (1,)
