"""Images in another size and colour: one implementation for arrays and files.

Decisions: docs/decisions.md#image-arrays-and-value-ranges.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from skdl._utils.checks import check_sizes
from skdl.images._pixels import is_grayscale
from skdl.images._value_range import ValueRange

Color: TypeAlias = Literal["rgb", "grayscale"]
Size: TypeAlias = tuple[int, int]

# Brightness of red, green and blue by ITU-R recommendation BT.601, as Pillow weighs them, too.
_LUMA = np.array([0.299, 0.587, 0.114])
COLOR_CHANNELS: dict[Color, int] = {"grayscale": 1, "rgb": 3}
"""Channels of an image in a colour."""
COLORS: dict[int, Color] = {1: "grayscale", 3: "rgb"}
"""The colour of images of so many channels."""
CHANNELS = (1, 3, 4)
"""Numbers of channels of pictures: grayscale, RGB, RGBA. Others are of any kind, each by itself."""
NEAR = 2.0**-13
"""How near to a half a pixel value on the scale of bytes counts as one, rounded to even."""


def check_image_size(image_size: Any) -> Size | None:
    """Height and width to resize to, None for the images' own."""
    if image_size is None:
        return None
    return check_sizes(image_size, "image_size", "(height, width), or None")


def n_without_opacity(n_channels: int) -> int:
    """How many of so many channels are not the transparency of a picture."""
    return 3 if n_channels == 4 else n_channels


def as_picture(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An image as it can be shown: that of other channels than pictures have as their mean."""
    return image if image.shape[-1] in CHANNELS else image.mean(axis=-1, keepdims=True)


def check_colors(color: Color | None, n_channels: int, name: str = "X") -> None:
    """Refuse to convert what are no colours."""
    if color is not None and n_channels not in CHANNELS:
        raise ValueError(
            f"{name} holds images of {n_channels} channels, which are not colours: only 1 "
            f"(grayscale), 3 (RGB) and 4 (RGBA) are converted to {color!r}. Set color=None, or "
            "choose the channels to use, such as X[..., :3]."
        )


def fit_into(image: Any, size: Size, keep_aspect: bool) -> Any:
    """A Pillow image of a size, bilinearly with antialiasing.

    With `keep_aspect`, both sides are scaled alike, and filled up with black on both sides.
    """
    height, width = size
    if (width, height) == image.size:
        return image
    if not keep_aspect:
        return image.resize((width, height), Image.Resampling.BILINEAR)
    scale = min(width / image.width, height / image.height)
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    framed = Image.new(image.mode, (width, height))
    scaled = image.resize(inner, Image.Resampling.BILINEAR)
    framed.paste(scaled, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return framed


def in_color(image: Any, color: Color | None) -> Any:
    """A Pillow image in a colour; None keeps gray ones gray and makes all others RGB."""
    if color is None:
        color = "grayscale" if is_grayscale(image) else "rgb"
    mode = "L" if color == "grayscale" else "RGB"
    if isinstance(image.info.get("transparency"), bytes):  # dropped, of which Pillow would warn
        image = image.copy()
        del image.info["transparency"]
    return image if image.mode == mode else image.convert(mode)


def settled(values: npt.NDArray[np.float64], dtype: np.dtype[Any], whole: bool) -> npt.NDArray[Any]:
    """Sums in a dtype, rounded where they are to be whole numbers.

    The last bit of a sum depends on the processor and the order of its terms, and must not decide
    which way a half is rounded.
    """
    near = np.rint(values / (2 * NEAR)) * (2 * NEAR) if whole else values
    return cast_pixels(near, dtype, whole)


def cast_pixels(
    values: npt.NDArray[np.float64], dtype: np.dtype[Any], whole: bool
) -> npt.NDArray[Any]:
    """Bring computed values to a dtype, rounded where they are to be whole numbers."""
    if whole or dtype.kind in "bui":
        values = np.rint(values)
    if dtype.kind in "ui":  # where the range is wider than the dtype
        limits = np.iinfo(dtype)
        values = values.clip(limits.min, limits.max)
    return values.astype(dtype)


@dataclass(frozen=True)
class Resizer:
    """How images are brought to a size and a colour; each keeps its dtype.

    Channels that are those of no picture are resized each by itself, as a grayscale image is.

    Parameters
    ----------
    size : (height, width) or None
        None keeps the image's own.
    keep_aspect : bool
    color : {"rgb", "grayscale"} or None
        None keeps the channels.
    black, white : float
        Their pixel values.
    standardized : bool
        Whether the values are, and transparency is a channel like others.
    whole : bool
        Whether results are rounded in every dtype.
    eight_bit : bool
        Whether whole numbers from 0 to 255 are resized as bytes are, in every dtype.
    """

    size: Size | None
    keep_aspect: bool = False
    color: Color | None = None
    black: float = 0.0
    white: float = 1.0
    standardized: bool = False
    whole: bool = False
    eight_bit: bool = False

    @classmethod
    def for_range(
        cls, value_range: ValueRange, size: Size | None, keep_aspect: bool, color: Color | None
    ) -> "Resizer":
        """That of estimators, which read pixels as floats in a value range."""
        black, white = (0.0, 1.0) if value_range == "standardized" else value_range
        bytes_ = value_range == (0.0, 255.0)
        return cls(size, keep_aspect, color, black, white, whole=bytes_, eight_bit=bytes_)

    def __call__(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An image of shape (height, width, channels), resized."""
        if image.shape[-1] not in CHANNELS:
            check_colors(self.color, image.shape[-1])
            channels = np.split(image, image.shape[-1], axis=-1)
            return np.concatenate([self(channel) for channel in channels], axis=-1)
        size = self.size or (image.shape[0], image.shape[1])
        if self._is_eight_bit(image):
            in_bytes = self._in_eight_bits(image.astype(np.uint8), size)
            return in_bytes.astype(image.dtype, copy=False)
        values = self._in_floats(image.astype(np.float64), size)
        return settled(values, image.dtype, self.whole)

    def _is_eight_bit(self, image: npt.NDArray[Any]) -> bool:
        """Whether an image is of bytes, if by another dtype than the images seen in fit."""
        if image.dtype == np.uint8 or not self.eight_bit:
            return image.dtype == np.uint8
        within = image.min() >= 0 and image.max() <= 255
        return bool(within and (image == np.rint(image)).all())

    def _in_eight_bits(self, image: npt.NDArray[np.uint8], size: Size) -> npt.NDArray[np.uint8]:
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        if self.color is not None:
            picture = picture.convert("L" if self.color == "grayscale" else "RGB")
        resized: npt.NDArray[np.uint8] = np.asarray(fit_into(picture, size, self.keep_aspect))
        return resized.reshape(*size, -1)

    def _in_floats(self, image: npt.NDArray[np.float64], size: Size) -> npt.NDArray[np.float64]:
        image = self._in_color(image)
        if image.shape[:2] == size:
            return image
        # Filling up is with zeros, so that zero has to be black for the time being.
        values, unit = image - self.black, self.white - self.black
        see_through = image.shape[-1] == 4 and not self.standardized
        if see_through:  # a colour counts as far as it is seen
            values[..., :3] *= values[..., 3:] / unit
        values = np.stack([self._channel(v, size) for v in np.moveaxis(values, -1, 0)], axis=-1)
        if see_through:
            opacity = values[..., 3:] / unit
            values[..., :3] /= np.where(opacity > 0, opacity, 1)
        ends = [image.min(), image.max(), *([self.black] if self.keep_aspect else [])]
        resized: npt.NDArray[np.float64] = (values + self.black).clip(min(ends), max(ends))
        return resized

    def _channel(self, values: npt.NDArray[np.float64], size: Size) -> npt.NDArray[np.float64]:
        picture = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
        resized: npt.NDArray[np.float64] = np.asarray(
            fit_into(picture, size, self.keep_aspect), dtype=np.float64
        )
        return resized

    def _in_color(self, image: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        if self.color is None or image.shape[-1] == COLOR_CHANNELS[self.color]:
            return image
        if self.color == "grayscale":
            brightness: npt.NDArray[np.float64] = image[..., :3] @ _LUMA[:, np.newaxis]
            return brightness
        return image[..., :3] if image.shape[-1] == 4 else np.repeat(image, 3, axis=-1)


def resized(
    images: npt.NDArray[Any],
    size: Size,
    value_range: ValueRange,
    keep_aspect: bool = False,
    color: Color | None = None,
) -> npt.NDArray[Any]:
    """Images in another size or colour, whatever stands beside them in the batch.

    Images of bytes are resized as image files are, also those in another dtype.
    """
    resizer = Resizer.for_range(value_range, size, keep_aspect, color)
    return np.stack([resizer(image) for image in images])
