"""Case studies: published experiments, run again and compared with what was published.

Decisions: docs/decisions.md#reports-and-case-studies.
"""

from skdl.studies._catalogue import get_study, list_studies
from skdl.studies._compare import compare_studies, markdown, notes
from skdl.studies._declaration import Published, Setting, Study
from skdl.studies._record import notes_of, smaller
from skdl.studies._run import StudyRun, run_study

__all__ = [
    "Study",
    "StudyRun",
    "compare_studies",
    "get_study",
    "list_studies",
    "run_study",
]
