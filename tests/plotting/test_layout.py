"""What all displays ask of axes that are given."""

import numpy as np
import pytest
from helpers import run_python

from skdl.plotting import (
    ConfusionMatricesDisplay,
    ImageGridDisplay,
    LearningCurveDisplay,
    PerClassMetricsDisplay,
    TrainingHistoryDisplay,
)

DRAWINGS = {
    "matrices": lambda ax: ConfusionMatricesDisplay(np.eye(2)).plot(ax=ax),
    "images": lambda ax: ImageGridDisplay([np.zeros((4, 4, 1))]).plot(ax=ax),
    "curve": lambda ax: LearningCurveDisplay.from_scores({"a": [1]}, train_sizes=[1], ax=ax),
    "classes": lambda ax: PerClassMetricsDisplay.from_predictions([0], [0], ax=ax),
    "history": lambda ax: TrainingHistoryDisplay({"loss": [1.0]}).plot(ax=ax),
}


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_what_is_no_axes_is_refused(drawing):
    with pytest.raises(ValueError, match=r"ax must hold matplotlib axes.*Got str"):
        DRAWINGS[drawing]("left")


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_no_axes_at_all_are_refused(drawing):
    with pytest.raises(ValueError, match=r"ax must hold .* Got 0"):
        DRAWINGS[drawing]([])


def test_matplotlib_is_imported_only_to_draw():
    run_python("import sys, skdl.plotting; assert 'matplotlib' not in sys.modules")
