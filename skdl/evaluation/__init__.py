"""Cross-validation that keeps predictions, times and reasons, and can be resumed.

Decisions: docs/decisions.md#evaluation-and-folds.
"""

from skdl.evaluation._evaluate import EvaluationWarning, data_digest, evaluate
from skdl.evaluation._inner_folds import GroupHoldout
from skdl.evaluation._joining import threshold_of
from skdl.evaluation._leaks import about_groups, in_both
from skdl.evaluation._multilabel_folds import MultilabelStratifiedKFold
from skdl.evaluation._multioutput import MultioutputResult
from skdl.evaluation._regression import RegressionResult
from skdl.evaluation._result import EvaluationResult

__all__ = [
    "EvaluationResult",
    "EvaluationWarning",
    "GroupHoldout",
    "MultilabelStratifiedKFold",
    "MultioutputResult",
    "RegressionResult",
    "evaluate",
]
