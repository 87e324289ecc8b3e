"""Contracts of backbones."""

from functools import partial
from typing import Any

import keras
import numpy as np

from skdl import plugins
from skdl.backbones import Backbone, backbone_of, is_onnx
from skdl.engine import python_random
from skdl.testing import _networks as networks
from skdl.testing._contracts import BACKBONE, ONNX_BACKBONE, contract, found, run_all
from skdl.testing._data import same
from skdl.testing._networks import outputs_of, random_images

_builder = partial(found, plugins.backbones)


def _declaration(subject: Any) -> Backbone:
    try:
        return backbone_of(subject)
    except ValueError as error:
        raise AssertionError(str(error)) from error


def _shape(subject: Any, more: int = 0) -> tuple[int, int, int]:
    declaration = _declaration(subject)
    side = declaration.min_size + more
    return side, side, declaration.preprocessing.channels


def _build(subject: Any, seed: int = 0, more: int = 0, **params: Any) -> keras.Model:
    with python_random(seed):
        return _builder(subject)(_shape(subject, more), **params)


def _images(subject: Any, n: int = 4) -> Any:
    return random_images(_shape(subject), n)


@contract(BACKBONE)
def check_backbone_declaration(subject: Any) -> None:
    """The builder carries a declaration, whose preprocessing gives finite values."""
    declaration = _declaration(subject)
    channels = declaration.preprocessing.channels
    preprocessed = declaration.preprocessing.apply(random_images((2, 2, channels)))
    assert np.isfinite(preprocessed).all(), "the preprocessing returns NaN or infinite values"


@contract(BACKBONE)
def check_backbone_output(subject: Any) -> None:
    """An uncompiled ``keras.Model`` that gives finite feature maps of the declared width."""
    model, width = _build(subject), _declaration(subject).width
    assert isinstance(model, keras.Model), f"the builder returns a {type(model).__name__}"
    assert not model.compiled, "the builder returns a compiled model"
    features = outputs_of(model, _images(subject))
    assert features.ndim == 4, (
        f"outputs of shape {features.shape}, expected (n, height, width, channels), unpooled"
    )
    assert features.shape[3] == width, f"{features.shape[3]} channels, {width} declared"
    assert np.isfinite(features).all(), "features are NaN or infinite"


@contract(BACKBONE)
def check_backbone_layers(subject: Any) -> None:
    """Each declared layer is there with its declared width, and the last is the output."""
    model, images = _build(subject), _images(subject, 2)
    layers = {layer.name: layer for layer in model.layers}
    declared = _declaration(subject).layers
    missing = [name for name in declared if name not in layers]
    assert not missing, f"no layer is named {', '.join(missing)}"
    order = [list(layers).index(name) for name in declared]
    assert order == sorted(order), "the layers are not declared in the order of the network"
    taps = keras.Model(model.inputs[0], {name: layers[name].output for name in declared})
    values = taps(images, training=False)
    for name, width in declared.items():
        channels = values[name].shape[-1]
        assert channels == width, f"{name} has {channels} channels, {width} declared"
    same(
        np.asarray(values[list(declared)[-1]]),
        outputs_of(model, images),
        "the last declared layer",
    )


@contract(BACKBONE)
def check_backbone_image_sizes(subject: Any) -> None:
    """The smallest declared size will do, and so will larger images and oblong ones."""
    declaration = _declaration(subject)
    side, channels = declaration.min_size, declaration.preprocessing.channels
    for shape in ((side, side, channels), (side + 1, side + 16, channels)):
        try:
            model = _builder(subject)(shape)
        except Exception as error:
            raise AssertionError(
                f"images of shape {shape}: {type(error).__name__}: {error}. Is min_size={side} "
                "correct?"
            ) from error
        features = outputs_of(model, random_images(shape, 1))
        for given in (model.output_shape[1:], features.shape):  # older Keras tells two
            assert 0 not in given, f"images of shape {shape} result in features of shape {given}"


@contract(BACKBONE)
def check_backbone_is_pure(subject: Any) -> None:
    """Each call builds a network of its own and touches no global setting or random state."""
    networks.assert_pure(lambda: _builder(subject)(_shape(subject)), _images(subject, 1))


@contract(BACKBONE)
def check_backbone_seeding(subject: Any) -> None:
    """With a seed, the random weights are the same; with another, they are others."""
    networks.assert_seeded(lambda seed: _build(subject, seed=seed))


@contract(BACKBONE)
def check_backbone_independent_images(subject: Any) -> None:
    """An image's features do not depend on the images beside it."""
    networks.assert_independent_images(_build(subject), _images(subject))


@contract(BACKBONE)
def check_backbone_input_matters(subject: Any) -> None:
    """Other images, or one part or channel of an image changed, give other features."""
    networks.assert_input_matters(_build(subject), _images(subject))


@contract(BACKBONE)
def check_backbone_weights_fit_all_sizes(subject: Any) -> None:
    """The weights do not depend on the image size, so that one file serves all."""
    declaration = _declaration(subject)
    smallest = declaration.min_size
    sizes = dict.fromkeys([smallest, smallest + 16, declaration.default_size])
    shapes = {
        size: [v.shape for v in _build(subject, more=size - smallest).variables] for size in sizes
    }
    for size in sizes:
        assert shapes[size] == shapes[smallest], (
            f"networks for images of {smallest} and {size} pixels per side have different weights"
        )


@contract(BACKBONE)
def check_backbone_parameters(subject: Any) -> None:
    """Every parameter has a default, and another value makes another network."""
    networks.assert_parameters_matter(lambda **params: _build(subject, **params), _builder(subject))


@contract(BACKBONE)
def check_backbone_saving(subject: Any) -> None:
    """Saved as a Keras file and loaded, the network gives the same features."""
    networks.assert_saved(_build(subject), _images(subject))


def check_backbone(subject: Any) -> None:
    """Check that a backbone fulfils all contracts.

    Parameters
    ----------
    subject : str or callable
        A registered name, or a builder ``(input_shape, **params) -> keras.Model`` decorated with
        :func:`skdl.backbones.declare_backbone`; or a function decorated with
        :func:`skdl.backbones.declare_onnx_backbone`, which has separate contracts.

    Raises
    ------
    AssertionError
        If contracts are broken. The message says which, and how.
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> import keras
    >>> from skdl.backbones import Backbone, Preprocessing, declare_backbone
    >>> from skdl.testing import check_backbone
    >>> @declare_backbone(Backbone(Preprocessing(), {"edges": 8}, min_size=8))
    ... def edges(input_shape):
    ...     inputs = keras.Input(input_shape)
    ...     return keras.Model(inputs, keras.layers.Conv2D(8, 3, name="edges")(inputs))
    >>> check_backbone(edges)
    """
    found(plugins.backbones, subject)  # an unknown name breaks no contract: it is a ValueError
    run_all(ONNX_BACKBONE if is_onnx(subject) else BACKBONE, subject)
