"""From image files to what a model says of them."""

from skdl.analysis._predict import open_model, predict_files

__all__ = ["predict_files"]
