"""`ImageNoise`: degrades images on purpose.

Decisions: docs/decisions.md#augmentation-and-noise.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import validate_params
from skdl._utils.scikit import StrOptions
from skdl._utils.seeds import draw_seed
from skdl.images import n_without_opacity
from skdl.preprocessing._base import ArrayTransformer, PixelColumnsMixin
from skdl.preprocessing._changes import DENOISED_AMOUNT, NOISES, AugmentationPlan

Kind = Literal["gaussian", "salt_and_pepper", "speckle", "occlusion"]
Pixels = npt.NDArray[np.float64]


class ImageNoise(PixelColumnsMixin, ArrayTransformer):
    """Add noise to images, or hide a part of them.

    Use it to train denoising autoencoders, or to see how a classifier performs on images that are
    worse than those it was trained on. The shape and dtype of the batch are kept, and its array is
    never modified.

    The noise of an image depends only on `random_state` and on the image, not on its row or on
    other images: a batch in another order, or in parts, gets the same noise. Therefore, equal
    images get equal noise, and an image gets the same noise each time it is transformed; another
    `random_state` yields different noise.

    Parameters
    ----------
    kind : {"gaussian", "salt_and_pepper", "speckle", "occlusion"}, default="gaussian"
        "gaussian" adds normally distributed values to each channel of each pixel. "speckle" does so
        in proportion to the brightness: black stays black. "salt_and_pepper" makes pixels, with all
        their channels, black or white. "occlusion" covers one rectangle with black, as near to a
        square as the image allows and at a random place within it.
    amount : float, default=0.1
        Amount of noise. "gaussian": the standard deviation as a share of the value range, at least
        0. "speckle": the same, at a white pixel. "salt_and_pepper": the probability in [0, 1] that
        a pixel is replaced, half of them by black and half by white. "occlusion": the share in [0,
        1] of the image's area, rounded to whole rows and columns, and at least a pixel unless 0.
        With the same seed, more noise is the same pattern, only stronger: pixels that 0.1 replaces
        are among those that 0.2 replaces.
    value_range : (low, high), "standardized" or None, default=None
        Pixel values of black and white. If None, learn them in `fit`: 0 to 255 for uint8; 0 to 1
        for other data within that range; 0 to the largest value for other non-negative data; data
        with negative values is "standardized". Results are clipped to the range. "standardized"
        data is not clipped; `amount` of "gaussian" and "speckle" is then in units of the data, and
        black and white are the smallest and the largest value seen in `fit`.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images. If None, treat rows whose length is a square number, or three
        times one, as square images, and others as strips one pixel high.
    random_state : int, RandomState instance or None, default=None
        Seed of the noise. With an int, all fits add the same noise. If None, draw a seed in `fit`
        from NumPy's global generator, as everywhere in scikit-learn; an int does not touch that
        generator.

    Attributes
    ----------
    image_shape_ : (height, width, channels)
        Shape of the images.
    value_range_ : (low, high) or "standardized"
        Range to which results are clipped.
    black_, white_ : float
        Pixel values of black and white.
    n_features_in_ : int
        Height × width × channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, if it was a DataFrame.

    See Also
    --------
    skdl.Resize : Resize images.

    Notes
    -----
    Images of four channels have transparency in the fourth, which is left unchanged. If the images
    of `fit` were whole numbers, results are rounded, whatever the dtype of a later batch.

    The generator of an image is seeded with `random_state` and a hash of its pixel values as
    float32, so that float32 and float64 images have the same noise up to rounding.

    References
    ----------
    Additive, salt-and-pepper and masking noise for autoencoders: P. Vincent, H. Larochelle,
    I. Lajoie, Y. Bengio, P.-A. Manzagol: "Stacked denoising autoencoders", Journal of Machine
    Learning Research 11 (2010), 3371–3408. Noise in proportion to the signal is the usual model of
    speckle in coherent imaging such as ultrasound: J. W. Goodman: "Some fundamental properties of
    speckle", Journal of the Optical Society of America 66 (1976), 1145–1150. Occlusion: T. DeVries,
    G. W. Taylor: "Improved regularization of convolutional neural networks with Cutout" (2017),
    arXiv:1708.04552; here the rectangle lies within the image, so that its share is exact.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl import ImageNoise
    >>> X = np.full((5, 8, 8), 128, dtype="uint8")
    >>> noisy = ImageNoise("salt_and_pepper", amount=0.2, random_state=0).fit_transform(X)
    >>> noisy.shape, noisy.dtype, np.unique(noisy).tolist()
    ((5, 8, 8), dtype('uint8'), [0, 128, 255])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "kind": [StrOptions(set(NOISES))],  # the amount is checked by the same table
        "value_range": ["array-like", StrOptions({"standardized"}), None],
        "image_shape": ["array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        kind: Kind = "gaussian",
        *,
        amount: float = 0.1,
        value_range: tuple[float, float] | Literal["standardized"] | None = None,
        image_shape: Sequence[int] | None = None,
        random_state: Any = None,
    ) -> None:
        self.kind = kind
        self.amount = amount
        self.value_range = value_range
        self.image_shape = image_shape
        self.random_state = random_state

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Add the noise.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images of the shape seen in fit.

        Returns
        -------
        noisy : ndarray of the shape and dtype of X
            A new array, within the range learned in fit unless that is "standardized".

        Raises
        ------
        NotFittedError
            Before fit.
        TypeError
            If X is sparse.
        ValueError
            For images that are not of the shape seen in fit, naming both shapes, and for NaN,
            infinity and text, naming the first row.
        """
        array, images = self._check_batch(X)
        free = self.value_range_ == "standardized"
        noisy = np.array(images, order="C")
        colours = n_without_opacity(images.shape[-1])
        zero, unit = (0.0, 1.0) if free else (self.black_, self.white_ - self.black_)
        dose = _Dose(self.amount, self.black_, self.white_, zero, unit)
        for row, image in enumerate(images):
            values = image[..., :colours].astype(np.float64)
            values = _ADD[self.kind](self._generator(image), values, dose)
            if not free:
                values = values.clip(self.black_, self.white_)
            noisy[row, ..., :colours] = self._cast(values, array.dtype)
        return noisy.reshape(array.shape)

    def _generator(self, image: npt.NDArray[Any]) -> np.random.Generator:
        """A generator for this image, wherever it stands, whatever its dtype and byte order."""
        pixels = np.ascontiguousarray(image, dtype="<f4") + np.float32(0)  # -0.0 becomes 0.0
        digest = hashlib.blake2b(pixels.tobytes(), digest_size=16).digest()
        return np.random.default_rng([self._seed, int.from_bytes(digest, "little")])

    def _end_fit(self) -> None:
        self._seed = draw_seed(self.random_state)

    def _check_parameters(self) -> None:
        NOISES[self.kind].check(self.amount, f"amount of kind={self.kind!r}")


class _Dose(NamedTuple):
    """How much noise, in pixel values."""

    amount: float
    black: float
    white: float
    zero: float  # the value of no signal
    unit: float  # of a standard deviation


def _gaussian(generator: np.random.Generator, image: Pixels, dose: _Dose) -> Pixels:
    return image + dose.amount * dose.unit * generator.standard_normal(image.shape)


def _speckle(generator: np.random.Generator, image: Pixels, dose: _Dose) -> Pixels:
    return image + dose.amount * (image - dose.zero) * generator.standard_normal(image.shape)


def _salt_and_pepper(generator: np.random.Generator, image: Pixels, dose: _Dose) -> Pixels:
    # One draw decides whether a pixel is replaced, another by what, so that more noise keeps the
    # pixels that less noise has replaced.
    replaced = generator.random(image.shape[:2]) < dose.amount
    salt = generator.random(image.shape[:2]) < 0.5
    image[replaced] = np.where(salt, dose.white, dose.black)[replaced, np.newaxis]
    return image


def _occlusion(generator: np.random.Generator, image: Pixels, dose: _Dose) -> Pixels:
    height, width = rectangle(dose.amount, *image.shape[:2])
    place = generator.random(2)
    top = int(place[0] * (image.shape[0] - height + 1))
    left = int(place[1] * (image.shape[1] - width + 1))
    image[top : top + height, left : left + width] = dose.black
    return image


_ADD: dict[str, Callable[[np.random.Generator, Pixels, _Dose], Pixels]] = {
    "gaussian": _gaussian,
    "salt_and_pepper": _salt_and_pepper,
    "speckle": _speckle,
    "occlusion": _occlusion,
}


def rectangle(share: float, height: int, width: int) -> tuple[int, int]:
    """Height and width of a rectangle of this share of an image, nearly a square if that fits.

    The same noise is added while a network is trained.
    """
    area = share * height * width
    if area == 0:
        return 0, 0
    rows = min(height, max(1, round(math.sqrt(area))))
    columns = min(width, max(1, round(area / rows)))
    return min(height, max(1, round(area / columns))), columns


def as_noise(noise: Kind | ImageNoise) -> ImageNoise:
    """The noise that a denoiser is asked for, as an unfitted transformer of its own."""
    if isinstance(noise, ImageNoise):
        return ImageNoise(noise.kind, amount=noise.amount)
    return ImageNoise(noise, amount=DENOISED_AMOUNT)


def plan_noise(
    noise: Kind | ImageNoise, extremes: tuple[float, float] = (0.0, 1.0)
) -> AugmentationPlan | None:
    """The same for the engine, of images with this black and white; None if there is none."""
    noise = as_noise(noise)
    validate_params(noise)
    noise._check_parameters()
    amount = float(noise.amount)
    return AugmentationPlan(((noise.kind, amount),), extremes) if amount else None
