"""From a folder of images to a report and a model, and to what a model says of other images.

Decisions: docs/decisions.md#analyses-and-the-command-line.
"""

from skdl.analysis._predict import open_model, predict_files
from skdl.analysis._result import FolderAnalysis
from skdl.analysis._run import analyze_folder

__all__ = ["FolderAnalysis", "analyze_folder", "predict_files"]
