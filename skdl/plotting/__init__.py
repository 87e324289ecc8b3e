"""Displays in scikit-learn's manner. matplotlib is imported only to draw."""

from skdl.plotting._agreement import BlandAltmanDisplay
from skdl.plotting._audit import DataAuditDisplay
from skdl.plotting._augmentation import AugmentationDisplay
from skdl.plotting._comparison import ModelComparisonDisplay
from skdl.plotting._confusion import ConfusionMatricesDisplay
from skdl.plotting._decision_curve import DecisionCurveDisplay
from skdl.plotting._distribution import ClassDistributionDisplay
from skdl.plotting._feature_maps import FeatureMapDisplay
from skdl.plotting._history import TrainingHistoryDisplay
from skdl.plotting._images import ImageGridDisplay
from skdl.plotting._labels import names_by_label
from skdl.plotting._layout import new_figure
from skdl.plotting._learning_curve import LearningCurveDisplay
from skdl.plotting._learning_rate import LearningRateDisplay
from skdl.plotting._operating_point import OperatingPointDisplay
from skdl.plotting._outcomes import chosen_threshold
from skdl.plotting._palette import tidy
from skdl.plotting._per_class import PerClassMetricsDisplay
from skdl.plotting._predictions import PredictionGridDisplay
from skdl.plotting._reliability import ReliabilityDisplay
from skdl.plotting._saliency import SaliencyDisplay
from skdl.plotting._subgroup import SubgroupDisplay

__all__ = [
    "AugmentationDisplay",
    "BlandAltmanDisplay",
    "ClassDistributionDisplay",
    "ConfusionMatricesDisplay",
    "DataAuditDisplay",
    "DecisionCurveDisplay",
    "FeatureMapDisplay",
    "ImageGridDisplay",
    "LearningCurveDisplay",
    "LearningRateDisplay",
    "ModelComparisonDisplay",
    "OperatingPointDisplay",
    "PerClassMetricsDisplay",
    "PredictionGridDisplay",
    "ReliabilityDisplay",
    "SaliencyDisplay",
    "SubgroupDisplay",
    "TrainingHistoryDisplay",
]
