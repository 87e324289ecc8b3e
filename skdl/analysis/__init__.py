"""From a folder of images to a report and a model."""

from skdl.analysis._result import FolderAnalysis
from skdl.analysis._run import analyze_folder

__all__ = ["FolderAnalysis", "analyze_folder"]
