"""Transformers of images without a network. Nothing here imports TensorFlow.

Decisions: docs/decisions.md#augmentation-and-noise.
"""

from skdl.preprocessing._augmentation import (
    PRESETS,
    Augmentation,
    plan_augmentation,
)
from skdl.preprocessing._base import PixelColumnsMixin
from skdl.preprocessing._changes import CHANGES, MIXINGS, NOISES, AugmentationPlan
from skdl.preprocessing._facts import ImageFacts
from skdl.preprocessing._loader import ImageLoader
from skdl.preprocessing._noise import ImageNoise, as_noise, plan_noise, rectangle
from skdl.preprocessing._resize import Resize

__all__ = [
    "Augmentation",
    "ImageFacts",
    "ImageLoader",
    "ImageNoise",
    "Resize",
]
