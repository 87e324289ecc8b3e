"""Scores, scorers and confidence intervals of clinical studies that are not in scikit-learn.

Decisions: docs/decisions.md#scores-and-intervals.
"""

from skdl.metrics._agreement import LimitsOfAgreement, limits_of_agreement
from skdl.metrics._brier import brier_skill_score
from skdl.metrics._calibration import (
    calibration_intercept,
    calibration_slope,
    expected_calibration_error,
)
from skdl.metrics._checks import check_level
from skdl.metrics._clinical import npv_score, ppv_score, sensitivity_score, specificity_score
from skdl.metrics._comparison import compare_models, holm
from skdl.metrics._confusion import GUESSABLE
from skdl.metrics._derived import (
    geometric_mean_score,
    negative_likelihood_ratio,
    positive_likelihood_ratio,
)
from skdl.metrics._estimates import estimate_score
from skdl.metrics._groups import FEW_GROUPS, about_few_groups
from skdl.metrics._intervals import ConfidenceInterval, confidence_interval
from skdl.metrics._known import KnownScore, known_scorer
from skdl.metrics._net_benefit import check_thresholds, net_benefit, net_benefit_interval
from skdl.metrics._number_scores import number_pair, quadratic_kappa_score
from skdl.metrics._operating_points import (
    sensitivity_at_specificity_score,
    specificity_at_sensitivity_score,
)
from skdl.metrics._paired_errors import compare_errors
from skdl.metrics._probabilities import of_one_class
from skdl.metrics._proportions import mean_interval, wilson_interval
from skdl.metrics._reliability import bin_table
from skdl.metrics._scorers import (
    CALIBRATION_SCORERS,
    CLINICAL_SCORERS,
    NUMBER_SCORERS,
    ORDINAL_SCORERS,
    geometric_mean_scorer,
    make_clinical_scorer,
    negative_likelihood_ratio_scorer,
    npv_scorer,
    positive_likelihood_ratio_scorer,
    ppv_scorer,
    sensitivity_scorer,
    specificity_scorer,
)
from skdl.metrics._table import TABLE

__all__ = [
    "CLINICAL_SCORERS",
    "ConfidenceInterval",
    "LimitsOfAgreement",
    "brier_skill_score",
    "calibration_intercept",
    "calibration_slope",
    "compare_models",
    "confidence_interval",
    "expected_calibration_error",
    "geometric_mean_score",
    "geometric_mean_scorer",
    "limits_of_agreement",
    "make_clinical_scorer",
    "negative_likelihood_ratio",
    "negative_likelihood_ratio_scorer",
    "net_benefit",
    "npv_score",
    "npv_scorer",
    "positive_likelihood_ratio",
    "positive_likelihood_ratio_scorer",
    "ppv_score",
    "ppv_scorer",
    "quadratic_kappa_score",
    "sensitivity_at_specificity_score",
    "sensitivity_score",
    "sensitivity_scorer",
    "specificity_at_sensitivity_score",
    "specificity_score",
    "specificity_scorer",
    "wilson_interval",
]
