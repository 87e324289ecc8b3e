"""What skdl runs on here, and what is wrong with it."""

from skdl.diagnosis._diagnose import Diagnosis, diagnose
from skdl.diagnosis._problems import Problem

__all__ = ["Diagnosis", "Problem", "diagnose"]
