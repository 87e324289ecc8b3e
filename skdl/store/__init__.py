"""A cache of computed feature vectors. Nothing here imports TensorFlow."""

from skdl.store._features import FeatureStore, seconds_saved_here

__all__ = ["FeatureStore", "seconds_saved_here"]
