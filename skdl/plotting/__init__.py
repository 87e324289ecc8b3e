"""Displays in scikit-learn's manner. matplotlib is imported only to draw."""

from skdl.plotting._distribution import ClassDistributionDisplay
from skdl.plotting._history import TrainingHistoryDisplay
from skdl.plotting._images import ImageGridDisplay
from skdl.plotting._predictions import PredictionGridDisplay

__all__ = [
    "ClassDistributionDisplay",
    "ImageGridDisplay",
    "PredictionGridDisplay",
    "TrainingHistoryDisplay",
]
