"""The estimators. Importing this package imports TensorFlow."""

from skdl.estimators._cnn import CNNClassifier

__all__ = ["CNNClassifier"]
