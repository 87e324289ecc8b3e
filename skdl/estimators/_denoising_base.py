"""Base of the denoising autoencoder: what goes into a fit."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import check_counts
from skdl._utils.labels import check_groups
from skdl._utils.seeds import draw_seed
from skdl.engine import Job, Recipe
from skdl.estimators._autoencoder import denoiser
from skdl.estimators._formats import learn_format
from skdl.estimators._holding_out import hold_out_any
from skdl.estimators._inputs import make_training_set
from skdl.estimators._trained import Learned, TrainedEstimator
from skdl.images import ImageBatch, ImageFormat, holds_images, read_batch
from skdl.preprocessing import plan_noise


class DenoisingBase(TrainedEstimator):
    """Everything except the parameters and the public methods."""

    def _describe(self, X: Any, y: Any, groups: Any) -> tuple[Job, Learned]:
        """Validate a fit: the training it asks for, and what it learns beside."""
        optimizer, callbacks = self._optimizer_spec(), self._make_callbacks()
        batch = read_batch(X, "X", self)
        groups = None if groups is None else check_groups(groups, len(batch), several=False)
        mode = self._mode()
        start = self._last_training(mode)
        if start is None:
            image_format = learn_format(self, X, batch)
        else:
            flattened = len(batch.shape) == 2
            image_format = replace(self._image_format, dtype=batch.came, flattened=flattened)
            image_format.check_columns(X, batch, self)
            image_format.warn_of_another_scale(batch)
        noise = plan_noise(self.noise, _extremes(batch, image_format))
        targets = self._clean_images(y, len(batch), image_format) if holds_images(y) else None
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
        images = image_format.as_images(batch, self)
        data = make_training_set(images, targets, np.ones(len(images), np.float32))
        seed = draw_seed(self.random_state) if start is None else self._seed
        validation, held_out = None, None
        if self._validation_fraction():
            data, validation, held_out = hold_out_any(
                data, self._validation_fraction(), seed, groups
            )
        job = self._job(
            mode,
            image_format,
            recipe=recipe,
            data=data,
            validation=validation,
            optimizer=optimizer,
            seed=seed,
            start=start,
            augmentation=noise if targets is None else None,
            augments_validation=True,
            callbacks=callbacks,
        )
        return job, self._learned(job, image_format, held_out)

    def _clean_images(self, y: Any, n: int, image_format: ImageFormat) -> npt.NDArray[Any]:
        """What to map noisy images to, in memory."""
        clean = read_batch(y, "y", self)
        if len(clean) != n:
            raise ValueError(f"X has {n} noisy images, but y has {len(clean)} clean ones.")
        image_format.warn_of_another_scale(clean, "y")
        return image_format.as_images(clean, self, "y").load()

    def _checked_loss(self, image_format: ImageFormat) -> str:
        if self.loss == "binary_crossentropy" and image_format.value_range == "standardized":
            raise ValueError(
                "loss='binary_crossentropy' needs images within a value range, but these are "
                "standardised. Use loss='mse', or set value_range."
            )
        return str(self.loss)


def _extremes(batch: ImageBatch, image_format: ImageFormat) -> tuple[float, float]:
    """Black and white as the network gets them."""
    return batch.values().extremes if image_format.value_range == "standardized" else (0.0, 1.0)
