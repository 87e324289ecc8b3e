"""Training images as their augmentation changes them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from skdl._utils.checks import check_whole
from skdl.engine import augmented
from skdl.images import range_offset_and_scale, read_batch, rescale
from skdl.preprocessing import plan_augmentation


class AugmentedImagesMixin:
    """Method that shows augmented images of an estimator, before any training."""

    augmentation: Any

    def augmented_images(
        self, X: Any, n_variants: int = 1, random_state: Any = 0, *, n_images: int | None = None
    ) -> npt.NDArray[np.float32]:
        """Return images together with augmented variants, as drawn in training.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features), or paths of shape (n,)
            Images, as accepted by `fit`; the estimator need not be fitted.
        n_variants : int, default=1
            Number of variants per image, at least 1.
        random_state : int, RandomState instance or None, default=0
            Seeds the variants.
        n_images : int, default=None
            Number of images to use, from the start of X; if None, use all. The value range is
            learned from all of X.

        Returns
        -------
        images : float32 ndarray of shape (n, 1 + n_variants, height, width, channels)
            Each image unchanged, followed by its variants: in [0, 1], or standardised if X is.

        Raises
        ------
        ValueError
            If X contains no images, or `augmentation`, `n_variants` or `n_images` is invalid.
        """
        plan = plan_augmentation(self.augmentation)
        n_variants = check_whole(n_variants, "n_variants", low=1)
        n_images = None if n_images is None else check_whole(n_images, "n_images", low=1)
        batch = read_batch(X, "X", self)
        learned = self._learn_format(X, batch, None)  # type: ignore[attr-defined]
        pixels = learned.as_images(batch[:n_images], self).load()
        pixels = rescale(pixels.astype(np.float32), *range_offset_and_scale(learned.value_range))
        seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
        clipped = learned.value_range != "standardized"
        found = np.repeat(pixels[:, np.newaxis], 1 + n_variants, axis=1)
        if plan is not None:
            for row, variants in enumerate(found):
                variants[1:] = augmented(variants[1:], plan, (seed, row), clipped=clipped)
        return found
