"""Transformers of images without a network. Nothing here imports TensorFlow."""

from skdl.preprocessing._augmentation import (
    PRESETS,
    Augmentation,
    AugmentationPlan,
    plan_augmentation,
)
from skdl.preprocessing._base import PixelColumnsMixin
from skdl.preprocessing._loader import ImageLoader
from skdl.preprocessing._noise import ImageNoise, rectangle
from skdl.preprocessing._resize import Resize

__all__ = [
    "Augmentation",
    "ImageLoader",
    "ImageNoise",
    "Resize",
]
