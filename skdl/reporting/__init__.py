"""Reports that can be sent: one file with the numbers, the pictures and how they came about."""

from skdl.reporting._report import report
from skdl.reporting._words import in_words

__all__ = ["report"]
