"""Reports that can be sent: one file with the numbers, the pictures and how they came about."""

from skdl._utils.environment import machine, versions
from skdl.reporting._report import report

__all__ = ["machine", "report", "versions"]
