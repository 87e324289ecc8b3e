"""Scores and scorers of clinical studies that scikit-learn does not have."""

from skdl.metrics._clinical import (
    CLINICAL_SCORERS,
    make_sensitivity_scorer,
    make_specificity_scorer,
    sensitivity_score,
    sensitivity_scorer,
    specificity_score,
    specificity_scorer,
)

__all__ = [
    "CLINICAL_SCORERS",
    "make_sensitivity_scorer",
    "make_specificity_scorer",
    "sensitivity_score",
    "sensitivity_scorer",
    "specificity_score",
    "specificity_scorer",
]
