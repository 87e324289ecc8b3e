"""The estimators. Those that train import TensorFlow when they are first asked for.

Decisions: docs/decisions.md#estimators-and-scikit-learn and docs/decisions.md#training.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator

from skdl import preprocessing
from skdl.estimators._features import BackboneFeatures

if TYPE_CHECKING:
    from skdl.estimators._cnn import CNNClassifier
    from skdl.estimators._cnn_regressor import CNNRegressor
    from skdl.estimators._denoising import DenoisingAutoencoder
    from skdl.estimators._transfer import TransferClassifier
    from skdl.estimators._transfer_regressor import TransferRegressor
    from skdl.estimators._vgg16 import VGG16Classifier, VGG16Features

__all__ = [
    "BackboneFeatures",
    "CNNClassifier",
    "CNNRegressor",
    "DenoisingAutoencoder",
    "TransferClassifier",
    "TransferRegressor",
    "VGG16Classifier",
    "VGG16Features",
    "all_estimators",
]

_OF_KERAS = {
    "CNNClassifier": "_cnn",
    "CNNRegressor": "_cnn_regressor",
    "DenoisingAutoencoder": "_denoising",
    "TransferClassifier": "_transfer",
    "TransferRegressor": "_transfer_regressor",
    "VGG16Classifier": "_vgg16",
    "VGG16Features": "_vgg16",
}


def __getattr__(name: str) -> Any:
    if name not in _OF_KERAS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_OF_KERAS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def all_estimators() -> list[tuple[str, type[BaseEstimator]]]:
    """All estimators of skdl, including the transformers of :mod:`skdl.preprocessing`.

    Returns
    -------
    estimators : list of (str, type)
        Names and classes, sorted by name, as ``sklearn.utils.all_estimators`` returns them.

    Examples
    --------
    >>> from skdl import all_estimators
    >>> {"CNNClassifier", "ImageNoise"} <= {name for name, cls in all_estimators()}
    True
    """
    here = import_module(__name__)
    found = {name: getattr(room, name) for room in (here, preprocessing) for name in room.__all__}
    return sorted(
        (name, cls)
        for name, cls in found.items()
        if isinstance(cls, type) and issubclass(cls, BaseEstimator) and hasattr(cls, "fit")
    )
