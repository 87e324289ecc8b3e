"""Diagnosis of an installation, and of the learning rate of a network.

Decisions: docs/decisions.md#analyses-and-the-command-line.
"""

from skdl.diagnosis._diagnose import Diagnosis, diagnose
from skdl.diagnosis._learning_rate import LearningRates, find_learning_rate
from skdl.diagnosis._problems import Problem

__all__ = ["Diagnosis", "LearningRates", "Problem", "diagnose", "find_learning_rate"]
