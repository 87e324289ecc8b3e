"""Deep-learning image classifiers as ordinary scikit-learn estimators.

The public names are imported when they are first asked for (PEP 562), so that ``import skdl``
costs next to nothing and never imports TensorFlow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skdl import (
        analysis,
        audit,
        backbones,
        datasets,
        diagnosis,
        downloads,
        evaluation,
        export,
        images,
        inspection,
        metrics,
        persistence,
        plotting,
        plugins,
        preprocessing,
        reporting,
        store,
        studies,
    )
    from skdl import (
        testing as testing,
    )
    from skdl.analysis import FolderAnalysis, analyze_folder, predict_files
    from skdl.audit import audit_images
    from skdl.datasets import load_dataset
    from skdl.diagnosis import diagnose
    from skdl.estimators import (
        BackboneFeatures,
        CNNClassifier,
        CNNRegressor,
        DenoisingAutoencoder,
        TransferClassifier,
        TransferRegressor,
        VGG16Classifier,
        VGG16Features,
        all_estimators,
    )
    from skdl.evaluation import EvaluationResult, evaluate
    from skdl.export import export_onnx
    from skdl.persistence import load, save
    from skdl.plugins import list_architectures, register_architecture
    from skdl.preprocessing import Augmentation, ImageLoader, ImageNoise, Resize
    from skdl.reporting import report
    from skdl.store import FeatureStore

__version__ = "0.1.0"

_LAZY_NAMES = {
    "Augmentation": "skdl.preprocessing",
    "BackboneFeatures": "skdl.estimators",
    "CNNClassifier": "skdl.estimators",
    "CNNRegressor": "skdl.estimators",
    "DenoisingAutoencoder": "skdl.estimators",
    "EvaluationResult": "skdl.evaluation",
    "FeatureStore": "skdl.store",
    "FolderAnalysis": "skdl.analysis",
    "ImageLoader": "skdl.preprocessing",
    "ImageNoise": "skdl.preprocessing",
    "Resize": "skdl.preprocessing",
    "TransferClassifier": "skdl.estimators",
    "TransferRegressor": "skdl.estimators",
    "VGG16Classifier": "skdl.estimators",
    "VGG16Features": "skdl.estimators",
    "all_estimators": "skdl.estimators",
    "analyze_folder": "skdl.analysis",
    "audit_images": "skdl.audit",
    "diagnose": "skdl.diagnosis",
    "evaluate": "skdl.evaluation",
    "export_onnx": "skdl.export",
    "list_architectures": "skdl.plugins",
    "load": "skdl.persistence",
    "load_dataset": "skdl.datasets",
    "predict_files": "skdl.analysis",
    "register_architecture": "skdl.plugins",
    "report": "skdl.reporting",
    "save": "skdl.persistence",
}
_LAZY_MODULES = (
    "analysis",
    "audit",
    "backbones",
    "datasets",
    "diagnosis",
    "downloads",
    "evaluation",
    "export",
    "images",
    "inspection",
    "metrics",
    "persistence",
    "plotting",
    "plugins",
    "preprocessing",
    "reporting",
    "store",
    "studies",
    "testing",
)

# Without "testing", which needs an extra: ``from skdl import *`` asks for all of these.
__all__ = sorted({"__version__", *_LAZY_NAMES, *_LAZY_MODULES} - {"testing"})


def __getattr__(name: str) -> Any:
    if name in _LAZY_MODULES:
        return import_module(f"skdl.{name}")
    if name in _LAZY_NAMES:
        value = getattr(import_module(_LAZY_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'skdl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
