"""A cache of computed feature vectors. Nothing here imports TensorFlow."""

from skdl.store._features import FeatureStore

__all__ = ["FeatureStore"]
