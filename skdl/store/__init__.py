"""A cache of computed feature vectors. Nothing here imports TensorFlow."""

from skdl.store._features import FeatureStore, seconds_saved_here
from skdl.store._fill import FillReport, fill
from skdl.store._reports import SpaceInfo, StoreInfo

__all__ = ["FeatureStore", "FillReport", "fill", "seconds_saved_here"]
