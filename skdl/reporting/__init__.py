"""Reports to share: one file with the numbers, the pictures and how they were obtained.

Decisions: docs/decisions.md#reports-and-case-studies.
"""

from skdl._utils.environment import machine, versions
from skdl.reporting._estimators import has_network
from skdl.reporting._pictures import looked_at
from skdl.reporting._report import report

__all__ = ["machine", "report", "versions"]
