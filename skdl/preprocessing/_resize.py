"""`Resize`: arrays of images in another size or colour."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.scikit import StrOptions
from skdl.images import (
    COLOR_CHANNELS,
    Color,
    ImageFormat,
    Resizer,
    check_colors,
    check_image_size,
)
from skdl.preprocessing._base import ArrayTransformer


class Resize(ArrayTransformer, auto_wrap_output_keys=None):
    """Resize arrays of images, bilinearly with antialiasing.

    Does for arrays what :class:`skdl.ImageLoader` does for image files. Each image is resized
    separately and keeps its dtype.

    Parameters
    ----------
    image_size : int, (height, width) or None, default=224
        Size to resize images to. If None, keep their size. The default is the size that VGG16 and
        most networks with weights from ImageNet were trained on.
    keep_aspect : bool, default=False
        Whether to keep the aspect ratio: images are then scaled to fit into `image_size` and padded
        with black, evenly on both sides.
    color : {"rgb", "grayscale"} or None, default=None
        Colour mode to convert images of 1, 3 or 4 channels to. Transparency is dropped, and
        grayscale is weighted according to BT.601 (0.299 red, 0.587 green, 0.114 blue). If None,
        keep the channels.
    image_shape : (height, width) or (height, width, channels), default=None
        Shape of flattened images. If None, treat rows whose length is a square number, or three
        times one, as square images, and others as strips one pixel high.

    Attributes
    ----------
    image_shape_ : (height, width, channels)
        Shape of the images seen in `fit`.
    value_range_ : (low, high) or "standardized"
        Their value range, as learned by :func:`skdl.images.learn_value_range`.
    black_, white_ : float
        Pixel values of black and white; of standardised data, the smallest and the largest value
        seen in `fit`.
    n_features_in_ : int
        Height × width × channels of the images seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, if it was a DataFrame.

    See Also
    --------
    skdl.ImageLoader : The same for image files.
    skdl.ImageNoise : Degrades images on purpose.

    Notes
    -----
    uint8 images are resized in 8 bits, as image files are; so are whole numbers from 0 to 255 of
    other dtypes after `fit` on uint8 images. All others are resized as float32, and colours of
    images with transparency, which are those of four channels, are weighted by it. Images of any
    other number of channels are resized channel by channel, as grayscale images are. Results stay
    within the values of the image, and are rounded if the images of `fit` were whole numbers.

    The result has four dimensions, so it cannot be a DataFrame: ``set_output`` of a pipeline only
    affects the other steps.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl import Resize
    >>> X = np.zeros((5, 28, 28), dtype="uint8")
    >>> Resize((32, 32), color="rgb").fit_transform(X).shape
    (5, 32, 32, 3)
    >>> Resize((2, 4), keep_aspect=True).fit_transform(np.ones((1, 8, 8)))[0, ..., 0]
    array([[0., 1., 1., 0.],
           [0., 1., 1., 0.]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "image_size": [None, Integral, "array-like"],
        "keep_aspect": ["boolean"],
        "color": [StrOptions({"rgb", "grayscale"}), None],
        "image_shape": ["array-like", None],
    }

    def __init__(
        self,
        image_size: int | tuple[int, int] | None = 224,
        *,
        keep_aspect: bool = False,
        color: Color | None = None,
        image_shape: Sequence[int] | None = None,
    ) -> None:
        self.image_size = image_size
        self.keep_aspect = keep_aspect
        self.color = color
        self.image_shape = image_shape

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Resize the images.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images of the shape seen in fit.

        Returns
        -------
        images : ndarray of shape (n, height, width, channels)
            A new array of the dtype of X.

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
        resizer = Resizer(
            check_image_size(self.image_size),
            self.keep_aspect,
            self.color,
            self.black_,
            self.white_,
            self.value_range_ == "standardized",
            self._image_format.whole,
            self._image_format.dtype == np.uint8,
        )
        height, width = resizer.size or images.shape[1:3]
        channels = images.shape[-1] if self.color is None else COLOR_CHANNELS[self.color]
        resized = np.empty((len(images), height, width, channels), array.dtype)
        for row, image in enumerate(images):
            resized[row] = resizer(image)
        return resized

    def _check_parameters(self) -> None:
        check_image_size(self.image_size)

    def _check_learned(self, learned: ImageFormat) -> None:
        check_colors(self.color, learned.image_shape[2])
