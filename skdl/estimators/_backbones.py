"""What estimators on backbones share: their parameters, checked, and images in the right size."""

import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._files import ImageFiles
from skdl.backbones import backbone_of
from skdl.engine import BackboneSpec
from skdl.estimators._inputs import ImageFormat
from skdl.images import ValueRange
from skdl.plugins import backbones, require_importable
from skdl.store import FeatureStore

# Of all estimators with store="auto".
_IN_MEMORY = FeatureStore()
# One object a folder, which keeps in mind what lies there.
_IN_FOLDERS: dict[Path, FeatureStore] = {}


def backbone_spec(backbone: str | Callable[..., Any], params: dict[str, Any]) -> BackboneSpec:
    """A backbone with its parameters.

    Raises
    ------
    ValueError
        If the name is unknown, the builder cannot be imported or declares nothing, or it takes no
        such parameter.
    """
    if isinstance(backbone, str):
        backbones.get(backbone)
    else:
        require_importable(backbone, "backbone")
    spec = BackboneSpec(backbone, params)
    spec.check()
    return spec


def check_image_size(image_size: Any) -> tuple[int, int] | None:
    """Height and width to resize to, None for the images' own.

    Raises
    ------
    ValueError
        If it is neither a positive whole number nor two of them.
    """
    if image_size is None:
        return None
    sizes = (image_size, image_size) if isinstance(image_size, int | np.integer) else image_size
    is_pair = isinstance(sizes, tuple | list | np.ndarray) and len(sizes) == 2
    if not is_pair or not all(
        isinstance(size, int | np.integer) and not isinstance(size, bool) and size > 0
        for size in sizes
    ):
        raise ValueError(
            "The parameter image_size must be a number of pixels, (height, width) or None. Got "
            f"{image_size!r}."
        )
    return int(sizes[0]), int(sizes[1])


def check_store(store: Any) -> None:
    """Refuse a `store` parameter that is none, or a folder that cannot be written to.

    Raises
    ------
    ValueError
        If it is no folder, store, "auto" or None.
    OSError
        If the folder cannot be made or written to, naming it.
    """
    found = resolve_store(store)
    if found is not None and found.folder is not None:
        found.check_writable()


def resolve_store(store: Any) -> FeatureStore | None:
    """The store that a parameter means."""
    if store is None or isinstance(store, FeatureStore):
        return store
    if isinstance(store, str) and store == "auto":
        return _IN_MEMORY
    if not isinstance(store, str | os.PathLike):
        raise ValueError(
            "The parameter store must be 'auto', a folder, a skdl.FeatureStore or None. Got "
            f"{store!r}."
        )
    new = FeatureStore(store)
    assert new.folder is not None
    return _IN_FOLDERS.setdefault(new.folder, new)


def backbone_channels(backbone: str | Callable[..., Any]) -> int:
    """Number of channels that a backbone takes.

    Raises
    ------
    ValueError
        If the name is unknown, or the builder declares nothing.
    """
    return backbone_of(backbone).preprocessing.channels


def learn_format(
    X: Any,
    array: npt.NDArray[Any] | ImageFiles,
    size: tuple[int, int] | None,
    channels: int,
    image_shape: Any,
    value_range: Any,
    sample_weight: Any = None,
) -> ImageFormat:
    """Format of training images.

    Files are decoded to `size`, where there is one, and always to the channels of the backbone: a
    fold of grayscale files alone would otherwise see other images than the next.
    """
    if not isinstance(array, ImageFiles):
        return ImageFormat.learn(X, array, image_shape, value_range, sample_weight)
    learned = ImageFormat.learn(X, array, size or image_shape, value_range, sample_weight)
    height, width, _ = learned.image_shape
    return replace(
        learned,
        image_shape=(height, width, channels),
        n_features=height * width * channels,
    )


def warn_of_standardized(value_range: ValueRange, stacklevel: int = 3) -> None:
    """Warn where pixel values have to be guessed."""
    if value_range == "standardized":
        warnings.warn(
            "X has negative values, so it is taken as standardised, but pretrained weights expect "
            "pixel values: they are mapped back as if by the mean 0.45 and the deviation 0.225. "
            "Pass the images as they are, or their value_range, such as (-1, 1).",
            UserWarning,
            stacklevel=stacklevel,
        )
