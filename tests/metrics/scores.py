"""Scores that intervals follow from counts for, by name."""

from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from skdl.metrics import (
    geometric_mean_score,
    negative_likelihood_ratio,
    npv_score,
    positive_likelihood_ratio,
    ppv_score,
    sensitivity_score,
    specificity_score,
)

SCORES = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "sensitivity": sensitivity_score,
    "specificity": specificity_score,
    "ppv": ppv_score,
    "npv": npv_score,
    "f1": f1_score,
    "geometric_mean": geometric_mean_score,
    "positive_likelihood_ratio": positive_likelihood_ratio,
    "negative_likelihood_ratio": negative_likelihood_ratio,
}
