"""Contracts and hypothesis strategies for plugins and for users' own test suites.

Requires the extra ``testing``: ``pip install "skdl[testing]"``.
"""

try:
    import hypothesis
    import pytest
except ImportError as error:
    raise ImportError(
        f'skdl.testing needs {error.name}: python -m pip install "skdl[testing]"', name=error.name
    ) from error
import skdl.architectures  # starts TensorFlow
from skdl.testing import _onnx_backbones  # adds its contracts
from skdl.testing._architectures import check_architecture
from skdl.testing._backbones import check_backbone
from skdl.testing._contracts import contracts_of, parametrize_with_contracts
from skdl.testing._datasets import check_dataset
from skdl.testing._decoders import check_decoder
from skdl.testing._estimators import check_image_classifier, check_image_transformer
from skdl.testing._strategies import (
    class_weights,
    corrupt_batches,
    image_batches,
    image_datasets,
    labels,
)

__all__ = [
    "check_architecture",
    "check_backbone",
    "check_dataset",
    "check_decoder",
    "check_image_classifier",
    "check_image_transformer",
    "class_weights",
    "contracts_of",
    "corrupt_batches",
    "image_batches",
    "image_datasets",
    "labels",
    "parametrize_with_contracts",
]
