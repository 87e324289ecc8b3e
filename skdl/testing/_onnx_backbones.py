"""Contracts of backbones that ONNX Runtime runs: those of :mod:`._backbones` as far as they apply.

Nothing is built or trained, so none is about seeds, gradients or the weights of other sizes.
"""

import inspect
import pickle
import random
from typing import Any

import numpy as np

from skdl.backbones import OnnxSource, backbone_of, builder_of
from skdl.testing import _networks as networks
from skdl.testing._contracts import ONNX_BACKBONE, contract
from skdl.testing._data import default_parameters, same
from skdl.testing._networks import outputs_of, random_images

_BYTES = (0.0, 1.0)  # the value range of `random_images`


class _Runner:
    """A model that is called as one of Keras: images between 0 and 1 to features."""

    def __init__(self, subject: Any, more: int = 0, wider: int = 0) -> None:
        self.source = OnnxSource(subject, {}, "auto", None)
        takes = self.source.input
        side = backbone_of(subject).min_size + more
        self.shape = (takes.height or side, takes.width or side + wider, self.source.channels)
        self.extractor = self.source.extractor(self.shape, ["flatten"], "float32", _BYTES)

    def __call__(self, images: Any, training: bool = False) -> Any:
        return self.extractor.network.run(images, *_BYTES)


@contract(ONNX_BACKBONE)
def check_onnx_backbone_declaration(subject: Any) -> None:
    """The declaration's file is there, and has all declared layers with their widths."""
    declaration = backbone_of(subject)
    shape = _Runner(subject).shape
    source = OnnxSource(subject, {}, "auto", list(declaration.layers))
    source.extractor(shape, ["avg"], "float32", _BYTES)  # which compares the widths
    images = random_images((2, 2, declaration.preprocessing.channels))
    preprocessed = declaration.preprocessing.apply(images)
    assert np.isfinite(preprocessed).all(), "the preprocessing returns NaN or infinite values"


@contract(ONNX_BACKBONE)
def check_onnx_backbone_output(subject: Any) -> None:
    """Features are finite."""
    runner = _Runner(subject)
    features = outputs_of(runner, random_images(runner.shape, 4))
    assert features.shape[0] == 4, f"{features.shape[0]} rows for 4 images"
    assert np.isfinite(features).all(), "features are NaN or infinite"


@contract(ONNX_BACKBONE)
def check_onnx_backbone_image_sizes(subject: Any) -> None:
    """The smallest declared size will do, and, unless the file says otherwise, larger ones."""
    takes = _Runner(subject).source.input
    default = backbone_of(subject).default_size
    for side in (takes.height, takes.width):
        assert side in (None, default), (
            f"the file accepts only images of {side} pixels per side; default_size is {default}"
        )
    if takes.height is None and takes.width is None:
        more = default - backbone_of(subject).min_size
        runner = _Runner(subject, more)
        outputs_of(runner, random_images(runner.shape, 1))


@contract(ONNX_BACKBONE)
def check_onnx_backbone_is_pure(subject: Any) -> None:
    """Each run gives the same to the bit, and draws from no global generator."""
    of_numpy: Any = np.random.get_state()
    of_python = random.getstate()
    runner = _Runner(subject)
    images = random_images(runner.shape, 2)
    first, again = outputs_of(runner, images), outputs_of(runner, images)
    assert np.array_equal(first, again), "the same images have different features each time"
    drawn: Any = np.random.get_state()
    assert all(np.array_equal(a, b) for a, b in zip(drawn, of_numpy, strict=True)), (
        "it draws from NumPy's global generator"
    )
    assert random.getstate() == of_python, "it draws from Python's global generator"


@contract(ONNX_BACKBONE)
def check_onnx_backbone_independent_images(subject: Any) -> None:
    """An image's features do not depend on the images beside it."""
    runner: Any = _Runner(subject)
    networks.assert_independent_images(runner, random_images(runner.shape, 4))


@contract(ONNX_BACKBONE)
def check_onnx_backbone_input_matters(subject: Any) -> None:
    """Other images, or one part or channel of an image changed, give other features."""
    runner: Any = _Runner(subject)
    networks.assert_input_matters(runner, random_images(runner.shape, 4))


@contract(ONNX_BACKBONE)
def check_onnx_backbone_parameters(subject: Any) -> None:
    """Every parameter has a default, and the weights are of parameters that there are."""
    parameters = default_parameters(builder_of(subject))
    empty = [name for name, default in parameters.items() if default is inspect.Parameter.empty]
    assert not empty, f"parameters without a default: {', '.join(empty)}"
    for weights in backbone_of(subject).weights:
        unknown = set(weights.params) - set(parameters)
        assert not unknown, (
            f"the weights {weights.name!r} have unknown parameters: {', '.join(unknown)}"
        )


@contract(ONNX_BACKBONE)
def check_onnx_backbone_saving(subject: Any) -> None:
    """Pickled and loaded, the fitted part gives the same features."""
    runner = _Runner(subject)
    images = random_images(runner.shape, 2)
    expected = outputs_of(runner, images)
    runner.extractor = pickle.loads(pickle.dumps(runner.extractor))
    same(outputs_of(runner, images), expected, "after saving")
