"""Transformers of images without a network. Nothing here imports TensorFlow."""

from skdl.preprocessing._augmentation import Augmentation
from skdl.preprocessing._loader import ImageLoader
from skdl.preprocessing._noise import ImageNoise
from skdl.preprocessing._resize import Resize

__all__ = [
    "Augmentation",
    "ImageLoader",
    "ImageNoise",
    "Resize",
]
