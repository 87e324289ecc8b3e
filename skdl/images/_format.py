"""What a fit learns about its images, and what later batches are held and brought to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.checks import warn_user
from skdl._utils.scikit import check_feature_names, check_sample_weight, get_feature_names
from skdl.images._adapter import Adapter, InputAdapter, are_colors, check_input_adapter
from skdl.images._arrays import ImageShape, one_image_advice, to_images
from skdl.images._batch import ImageArray, ImageBatch
from skdl.images._door import read_batch
from skdl.images._files import ImageFiles
from skdl.images._resizing import CHANNELS, COLORS, Color, Size, check_image_size, resized
from skdl.images._value_range import (
    PixelValues,
    ValueRange,
    check_value_range,
    doubt_about,
    learn_from_values,
    pixel_range,
    scale_problem,
)


@dataclass(frozen=True)
class ImageFormat:
    """What a fit learns about its images, and later batches are held to.

    Parameters
    ----------
    image_shape : (height, width, channels)
        Of the arrays of the fit, or what its files are decoded to.
    value_range : (low, high) or "standardized"
    dtype : numpy.dtype
        Of the values as they came.
    flattened : bool
        Whether they came as rows of columns.
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
    for_backbone : bool
        Whether images go to pretrained weights, which expect pixels. Arrays are then resized when
        their pixels are asked for: a backbone needs few at once.
    input_adapter : {"mean", "first3", "repeat"} or None, default=None
        What makes `channels` of those of `image_shape`, before all else: the value range is that of
        what it makes.
    """

    image_shape: ImageShape
    value_range: ValueRange
    dtype: np.dtype[Any]
    flattened: bool
    feature_names: npt.NDArray[np.object_] | None
    image_size: Size | None
    keep_aspect: bool
    channels: int
    color: Color | None
    usual_largest: float
    for_backbone: bool
    input_adapter: InputAdapter | None = None

    @classmethod
    def learn(
        cls,
        X: Any,
        batch: ImageBatch,
        *,
        image_shape: Any = None,
        value_range: Any = None,
        image_size: Any = None,
        keep_aspect: bool = False,
        color: Color | None = None,
        input_adapter: Any = None,
        sample_weight: Any = None,
        backbone_channels: int | None = None,
        warns: bool = True,
    ) -> ImageFormat:
        """Learn the format of training data.

        Parameters
        ----------
        X : array-like
            As the user passed it.
        batch : ImageBatch
            What it is.
        image_shape, value_range, image_size, keep_aspect, color, input_adapter : object
            Parameters of the estimator.
        sample_weight : array-like, default=None
            Rows of weight zero do not count for the value range.
        backbone_channels : int, default=None
            What a backbone takes.
        warns : bool, default=True
            Whether to say which values are passed over.
        """
        explicit, size = check_value_range(value_range), check_image_size(image_size)
        kind, takes = check_input_adapter(input_adapter), backbone_channels
        shape, channels = batch.learned_shape(image_shape, size, color, takes, kind is not None)
        seen = batch
        if kind is not None and takes is not None:
            adapter = Adapter.between(kind, shape[2], takes, _are_whole(batch.came))
            channels, seen = adapter.made, batch.adapted(adapter, shape)
        counting = _counting(seen, sample_weight)
        values = counting.values(glance=explicit is not None)
        return cls(
            image_shape=shape,
            value_range=_learned_range(values, warns) if explicit is None else explicit,
            dtype=batch.came,
            flattened=len(batch.shape) == 2,
            feature_names=get_feature_names(batch.columns(X)),
            image_size=size,
            keep_aspect=bool(keep_aspect),
            channels=channels,
            color=color,
            usual_largest=values.usual_largest if values.seen else 0.0,
            for_backbone=takes is not None,
            input_adapter=kind,
        )

    @property
    def n_features(self) -> int:
        return math.prod(self.image_shape)

    @property
    def input_shape(self) -> ImageShape:
        """Shape of an image as the network gets it."""
        return (*(self.image_size or self.image_shape[:2]), self.channels)

    @property
    def whole(self) -> bool:
        """Whether images of the fit were whole numbers.

        Results then are, too, whatever the dtype of a later batch: the same pixel values have the
        same results.
        """
        return _are_whole(self.dtype)

    @property
    def adapter(self) -> Adapter | None:
        """What makes `channels` of those of `image_shape`."""
        if self.input_adapter is None:
            return None
        return Adapter(self.input_adapter, self.image_shape[2], self.channels, self.whole)

    @property
    def has_columns(self) -> bool:
        """Whether images come as rows, and go as such: those of another size have other columns."""
        return self.flattened and self.input_shape == self.image_shape

    def check_batch(self, X: Any, estimator: Any) -> tuple[ImageBatch, ImageBatch]:
        """Images for a fitted estimator: as they came, and as the network gets them."""
        batch = read_batch(X, "X", estimator)
        if type(X) is not np.ndarray or hasattr(estimator, "feature_names_in_"):
            self.check_columns(X, batch, estimator)
        self.warn_of_another_scale(batch)
        return batch, self.as_images(batch, estimator)

    def check_columns(self, X: Any, batch: ImageBatch, estimator: Any) -> None:
        """Warn or refuse where the columns of X, which is `batch`, are not those of the fit."""
        columns = batch.columns(X)
        if columns is not None:
            check_feature_names(estimator, columns, reset=False)

    def warn_of_another_scale(self, batch: ImageBatch, name: str = "X") -> None:
        """Warn where the values can hardly be of the scale that was learned."""
        if self.adapter is not None:
            batch = batch.adapted(self.adapter, self.image_shape)
        values = batch.values(glance=True)
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

    def check_names(self, X: Any, name: str) -> None:
        """Refuse a DataFrame whose columns are not those of the training data, in their order."""
        names = get_feature_names(X)
        known = self.feature_names
        if names is not None and known is not None and not np.array_equal(names, known):
            raise ValueError(
                f"The feature names of {name} should match those of X, in the same order."
            )

    def as_images(self, batch: ImageBatch, estimator: Any, name: str = "X") -> ImageBatch:
        """Images as the network gets them.

        Raises
        ------
        ValueError
            If height, width or channels differ and nothing says to what they are to be brought,
            naming both shapes and what to do.
        """
        return batch.in_format(self, estimator, name)

    def of_files(self, files: ImageFiles, estimator: Any, name: str) -> ImageFiles:
        channels = self.channels if self.adapter is None else self.image_shape[2]
        if channels not in COLORS:
            raise ValueError(
                f"{name} holds image files, which have 1 or 3 channels, but the training images "
                f"of this {type(estimator).__name__} have {channels}."
            )
        value_range = pixel_range(self.value_range) if self.for_backbone else self.value_range
        resizes = self.image_size is not None
        found = files.in_shape(self.input_shape, resizes, self.keep_aspect, self.color, value_range)
        return found if self.adapter is None else found.adapted(self.adapter, self.image_shape)

    def of_array(self, array: npt.NDArray[Any], estimator: Any, name: str) -> ImageArray:
        if array.ndim == 2:
            if array.shape[1] != self.n_features:
                raise ValueError(
                    f"{name} has {array.shape[1]} features, but {type(estimator).__name__} is "
                    f"expecting {self.n_features} features as input: it was fitted on images of "
                    f"shape {self.image_shape}."
                    + one_image_advice(array.shape, self.image_shape, name)
                )
            return self._brought(array.reshape(len(array), *self.image_shape))
        # Gray images as narrow as that are none, unless those of the fit were.
        ends = {self.image_shape[2], 3, 4}
        if array.ndim == 3 and array.shape[2] in ends and array.shape[2] != self.image_shape[1]:
            raise ValueError(
                f"{name} has shape {array.shape}, which is that of a single image with its "
                f"channels. A batch of one is {name}[None]."
            )
        # The fit says how many channels there are, be they more than pixels a side.
        known = array.ndim == 4 and array.shape[3] == self.image_shape[2]
        images = array if known else to_images(array)
        self._check_channels(images, estimator, name)
        converts = self.color is not None or (self.for_backbone and self.adapter is None)
        held = self.image_shape[:2] if converts else self.image_shape
        if self.image_size is None and images.shape[1 : 1 + len(held)] != held:
            height, width, channels = self.image_shape
            color = f", color={COLORS[channels]!r}" if channels in COLORS else ""
            raise ValueError(
                f"{name} holds images of shape {images.shape[1:]}, but this "
                f"{type(estimator).__name__} was fitted on images of shape {self.image_shape} "
                f"(height, width, channels). Bring {name} to this shape with "
                f"skdl.Resize({(height, width)}{color}), or let a network do so: "
                f"image_size={(height, width)} resizes all images."
            )
        return self._brought(images)

    def _check_channels(self, images: npt.NDArray[Any], estimator: Any, name: str) -> None:
        """Refuse channels that are neither those of the fit nor converted to them."""
        n_channels, learned = images.shape[-1], self.image_shape[2]
        if n_channels == learned:
            return
        varies = ""
        if self.adapter is None and self.channels in COLORS and n_channels in CHANNELS:
            if not self.for_backbone or are_colors(images, each=True):
                return
            varies = ", the last of which varies,"
        way = ", or set color='rgb' or 'grayscale' before fit" if learned in CHANNELS else ""
        raise ValueError(
            f"{name} holds images of {n_channels} channels{varies} but this "
            f"{type(estimator).__name__} was fitted on images of {learned}, to which they are not "
            f"converted. Pass images with the same channels{'' if self.for_backbone else way}."
        )

    def _brought(self, images: npt.NDArray[Any]) -> ImageArray:
        """Arrays in the channels and the size of the network."""
        if self.adapter is not None:
            images = self.adapter.of_batch(images)
        later = self.for_backbone
        size = images.shape[1:3] if later else self.input_shape[:2]
        color = None if images.shape[-1] == self.channels else COLORS[self.channels]
        if color is not None or images.shape[1:3] != size:
            images = resized(images, size, self.value_range, self.keep_aspect, color)
        if not later or self.image_size is None:
            return ImageArray(images)
        return ImageArray(images).sized(
            self.image_size, pixel_range(self.value_range), self.keep_aspect
        )


def _are_whole(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "bui"


def _counting(batch: ImageBatch, sample_weight: Any) -> ImageBatch:
    """The images that have a weight; all, if none has."""
    if sample_weight is None:
        return batch
    rows = np.zeros(len(batch))  # files are no array to scikit-learn
    weights = check_sample_weight(sample_weight, rows, ensure_non_negative=True)
    return batch if weights.all() or not weights.any() else batch[weights > 0]


def _learned_range(values: PixelValues, warns: bool) -> ValueRange:
    learned = learn_from_values(values)
    doubt = doubt_about(values, learned) if warns else ""
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
