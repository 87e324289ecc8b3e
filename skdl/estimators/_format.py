"""What a fit learns about its images, and what later batches are held and brought to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import warn_user
from skdl._utils.scikit import check_feature_names, check_sample_weight, get_feature_names
from skdl.engine import pixel_range
from skdl.images import (
    COLOR_CHANNELS,
    Color,
    ImageFiles,
    ImageShape,
    PixelValues,
    ValueRange,
    as_rows,
    check_image_array,
    check_image_shape,
    check_image_size,
    check_value_range,
    doubt_about,
    find_paths,
    infer_image_shape,
    learn_from_values,
    one_image_advice,
    resized,
    scale_problem,
    to_images,
)

# Files whose values are looked at before a prediction.
_MOST_LOOKED_AT = 256
_COLORS: dict[int, Color] = {1: "grayscale", 3: "rgb"}


@dataclass(frozen=True)
class ImageFormat:
    """What a fit learns about its images, and predictions are held to.

    Parameters
    ----------
    image_shape : (height, width, channels)
        Of the arrays of the fit, or what its files are decoded to.
    value_range : (low, high) or "standardized"
    n_features : int
    feature_names : ndarray of str, or None
    image_size : (height, width) or None
        What images are resized to; None refuses those of another size.
    keep_aspect : bool
        Whether resizing keeps the ratio of height and width.
    channels : int
        Of the images as the network gets them.
    color : {"rgb", "grayscale"} or None
        What they are converted to.
    usual_largest : float
        Largest value of an image in the middle of the training images; 0 of files of bytes.
    resizes_later : bool
        Whether arrays are resized behind the door, some at a time: a backbone needs few at once.
    """

    image_shape: ImageShape
    value_range: ValueRange
    n_features: int
    feature_names: npt.NDArray[np.object_] | None
    image_size: tuple[int, int] | None
    keep_aspect: bool
    channels: int
    color: Color | None = None
    usual_largest: float = 0.0
    resizes_later: bool = False

    @classmethod
    def learn(
        cls,
        X: Any,
        images: npt.NDArray[Any] | ImageFiles,
        estimator: Any,
        sample_weight: Any = None,
        backbone_channels: int | None = None,
    ) -> "ImageFormat":
        """Learn the format of training data.

        Parameters
        ----------
        X : array-like
            As the user passed it.
        images : ndarray or ImageFiles
            `X` after :func:`check_images`.
        estimator : estimator
            With the parameters `image_shape`, `image_size`, `keep_aspect`, `value_range`, and
            `color` unless it stands on a backbone.
        sample_weight : array-like, default=None
            Rows of weight zero do not count for the value range.
        backbone_channels : int, default=None
            What a backbone takes: files are decoded to it, since a fold of grayscale files alone
            would otherwise see other images than the next. Arrays are brought to it by the network.
        """
        explicit = check_value_range(estimator.value_range)
        size = check_image_size(estimator.image_size)
        color: Any = getattr(estimator, "color", None)
        if isinstance(images, ImageFiles):
            if size is not None and color is not None:
                shape = (*size, COLOR_CHANNELS[color])  # the headers tell nothing more
            else:
                height, width, found = images.common_shape(size)
                shape = (height, width, backbone_channels or COLOR_CHANNELS.get(color, found))
            channels = shape[2]
            _check_declared(estimator.image_shape, shape)
            names = None
        else:
            shape = infer_image_shape(images.shape, estimator.image_shape)
            channels = COLOR_CHANNELS.get(color, shape[2])
            if backbone_channels is not None and channels not in _COLORS:
                channels = 3  # transparency is dropped, as of files
                _warn_of_fourth_channel(images)
            names = get_feature_names(X) if images.ndim == 2 else None
        values = _values_that_count(images, sample_weight, all_files=explicit is None)
        learned = _learned_range(values) if explicit is None else explicit
        are_bytes = isinstance(images, ImageFiles) and values.eight_bit  # which nobody looked at
        return cls(
            image_shape=shape,
            value_range=learned,
            n_features=int(np.prod(shape)),
            feature_names=names,
            image_size=size,
            keep_aspect=bool(estimator.keep_aspect),
            channels=channels,
            color=color,
            usual_largest=0.0 if are_bytes else values.usual_largest,
            resizes_later=backbone_channels is not None,
        )

    @property
    def input_shape(self) -> ImageShape:
        """Shape of an image as the network gets it."""
        return (*(self.image_size or self.image_shape[:2]), self.channels)

    def check_batch(self, X: Any, estimator: Any) -> tuple[npt.NDArray[Any] | ImageFiles, Any]:
        """Validate images for a fitted estimator: as they came, and as the network gets them."""
        array = check_images(X, "X", estimator)
        if type(X) is not np.ndarray or hasattr(estimator, "feature_names_in_"):
            self.check_columns(X, array, estimator)
        self.warn_of_another_scale(array)
        return array, self.as_images(array, estimator)

    def warn_of_another_scale(self, array: npt.NDArray[Any] | ImageFiles, name: str = "X") -> None:
        """Warn where the values can hardly be of the scale that was learned."""
        if isinstance(array, ImageFiles):
            values = array.values(_some(array))
        else:
            values = PixelValues.of(array)
        problem = scale_problem(values, self.value_range, self.usual_largest)
        if not problem:
            return
        if self.value_range == "standardized":
            scale = "standardised values"
        else:
            scale = f"values from {self.value_range[0]:g} to {self.value_range[1]:g}"
        has = "has" if problem.startswith("no ") else "has values"
        warn_user(
            f"{name} {has} {problem}, but this estimator was fitted on {scale} (value_range_). "
            f"Bring {name} to the scale of the training images."
        )

    def check_columns(self, X: Any, array: npt.NDArray[Any] | ImageFiles, estimator: Any) -> None:
        """Warn or refuse where a DataFrame's columns are not those of the fit.

        A column of paths, or of images, is no feature.
        """
        if not isinstance(array, ImageFiles):
            check_feature_names(estimator, X if array.ndim == 2 else array, reset=False)

    def check_names(self, X: Any, name: str) -> None:
        """Refuse a DataFrame whose columns are not those of the training data, in their order."""
        names = get_feature_names(X)
        known = self.feature_names
        if names is not None and known is not None and not np.array_equal(names, known):
            raise ValueError(
                f"The feature names of {name} should match those of X, in the same order."
            )

    def as_images(
        self, array: npt.NDArray[Any] | ImageFiles, estimator: Any, name: str = "X"
    ) -> Any:
        """Images of an array or of files, as the network gets them.

        Raises
        ------
        ValueError
            If height, width or channels differ and nothing says to what they are to be brought,
            naming both shapes and what to do.
        """
        if isinstance(array, ImageFiles):
            if self.channels not in _COLORS:
                raise ValueError(
                    f"{name} holds image files, which have 1 or 3 channels, but the training "
                    f"images of this {type(estimator).__name__} have {self.channels}."
                )
            value_range = pixel_range(self.value_range) if self.resizes_later else self.value_range
            return array.in_shape(
                self.input_shape,
                self.image_size is not None,
                self.keep_aspect,
                self.color,
                value_range,
            )
        if array.ndim == 2:
            if array.shape[1] != self.n_features:
                raise ValueError(
                    f"{name} has {array.shape[1]} features, but {type(estimator).__name__} is "
                    f"expecting {self.n_features} features as input: its training images are of "
                    f"shape {self.image_shape}."
                    + one_image_advice(array.shape, self.image_shape, name)
                )
            return self._brought(to_images(array, self.image_shape))
        # Gray images as narrow as that are none, unless those of the fit were.
        ends = {self.image_shape[2], 3, 4}
        if array.ndim == 3 and array.shape[2] in ends and array.shape[2] != self.image_shape[1]:
            raise ValueError(
                f"{name} has shape {array.shape}, which is that of a single image with its "
                f"channels. A batch of one is {name}[None]."
            )
        images = to_images(array)
        converts = self.color is not None or self.resizes_later
        held = self.image_shape[:2] if converts else self.image_shape
        if self.image_size is None and images.shape[1 : 1 + len(held)] != held:
            height, width, channels = self.image_shape
            color = f", color={_COLORS[channels]!r}" if channels in _COLORS else ""
            raise ValueError(
                f"{name} holds images of shape {images.shape[1:]}, but the training images of this "
                f"{type(estimator).__name__} are of shape {self.image_shape} (height, width, "
                f"channels). Set image_size={(height, width)} to resize all images, or bring "
                f"{name} to this shape by skdl.Resize({(height, width)}{color})."
            )
        return self._brought(images)

    def _brought(self, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Arrays in the channels of the network, and in its size unless that is done later."""
        # A backbone brings images like those of the fit to its own size and channels.
        size = images.shape[1:3] if self.resizes_later else self.input_shape[:2]
        color = None if images.shape[-1] == self.channels else _COLORS.get(self.channels)
        if color is None and images.shape[-1] != self.channels:
            raise ValueError(
                f"The images have {images.shape[-1]} channels, but the training images have "
                f"{self.channels}, which others are not converted to: set color='rgb' or "
                "'grayscale' before fit."
            )
        if color is None and images.shape[1:3] == size:
            return images
        return resized(images, size, self.value_range, self.keep_aspect, color)


def _warn_of_fourth_channel(images: npt.NDArray[Any]) -> None:
    """Four modalities look like colours with transparency, but for what the fourth holds."""
    fourth = images[..., 3]
    if images.ndim == 4 and (fourth != fourth.flat[0]).any():
        warn_user(
            "X has 4 channels, and the pretrained network takes 3: the last is treated as "
            "transparency and dropped. If it holds something else, choose the 3 channels to use, "
            "such as X[..., :3], or train a network on all of them (CNNClassifier)."
        )


def _values_that_count(
    images: npt.NDArray[Any] | ImageFiles, sample_weight: Any, all_files: bool
) -> PixelValues:
    if sample_weight is not None:
        rows = np.zeros(len(images))  # files are no array to scikit-learn
        weights = check_sample_weight(sample_weight, rows, ensure_non_negative=True)
        images = images if weights.all() or not weights.any() else images[weights > 0]
    if isinstance(images, ImageFiles):
        return images.values(None if all_files else _some(images))
    return PixelValues.of(images)


def _some(files: ImageFiles) -> slice:
    """Files to look at where decoding all of them twice would be slow."""
    return slice(None, None, max(1, -(-len(files) // _MOST_LOOKED_AT)))


def _learned_range(values: PixelValues) -> ValueRange:
    learned = learn_from_values(values)
    doubt = doubt_about(values, learned)
    if doubt and learned == "standardized":
        warn_user(
            f"X has {doubt}: they are used as they are (value_range_ is 'standardized'), and one "
            "such value can keep a network from learning. Repair or drop those images."
        )
    elif doubt:
        warn_user(
            f"X has {doubt}, which are treated as outliers: pixel values are scaled from "
            f"{learned[0]} to {learned[1]} (value_range_). If they are genuine, "
            "set value_range=(low, high)."
        )
    return learned


def _check_declared(image_shape: Any, found: ImageShape) -> None:
    """Refuse a shape of flattened images that files are not decoded to."""
    if image_shape is None:
        return
    declared = check_image_shape(image_shape)
    if declared != found[: len(declared)]:
        color = "" if len(declared) < 3 else " and color for their channels"
        raise ValueError(
            f"The image files give images of shape {found}, but image_shape={declared}, which is "
            f"the shape of flattened images. Set image_size={declared[:2]} to resize files{color}."
        )


def check_images(X: Any, name: str, estimator: Any) -> npt.NDArray[Any] | ImageFiles:
    """Validate images, be it arrays or paths of files.

    Raises
    ------
    TypeError
        If they are sparse.
    ValueError
        See :func:`skdl.images.check_image_array`; or if only some rows are paths.
    """
    rows = as_rows(X, name)
    paths = find_paths(rows, name)
    if paths is not None:
        return ImageFiles.of(paths, name)
    return check_image_array(rows, name=name, estimator=estimator)
