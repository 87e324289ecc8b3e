"""The estimators. Importing this package imports TensorFlow."""

from sklearn.base import BaseEstimator

import skdl.architectures  # starts TensorFlow
from skdl import preprocessing
from skdl.estimators._cnn import CNNClassifier
from skdl.estimators._denoising import DenoisingAutoencoder
from skdl.estimators._features import BackboneFeatures
from skdl.estimators._transfer import TransferClassifier
from skdl.estimators._vgg16 import VGG16Classifier, VGG16Features

__all__ = [
    "BackboneFeatures",
    "CNNClassifier",
    "DenoisingAutoencoder",
    "TransferClassifier",
    "VGG16Classifier",
    "VGG16Features",
    "all_estimators",
]


def all_estimators() -> list[tuple[str, type[BaseEstimator]]]:
    """All estimators of skdl, the transformers of :mod:`skdl.preprocessing` included.

    Returns
    -------
    estimators : list of (str, type)
        Names and classes, sorted by name, as ``sklearn.utils.all_estimators`` gives them.

    Examples
    --------
    >>> from skdl import all_estimators
    >>> {"CNNClassifier", "ImageNoise"} <= {name for name, cls in all_estimators()}
    True
    """
    found = {name: value for name, value in globals().items() if name in __all__}
    found |= {name: getattr(preprocessing, name) for name in preprocessing.__all__}
    return sorted(
        (name, cls)
        for name, cls in found.items()
        if isinstance(cls, type) and issubclass(cls, BaseEstimator) and hasattr(cls, "fit")
    )
