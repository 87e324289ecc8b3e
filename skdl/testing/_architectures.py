"""Contracts of networks."""

from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skdl import plugins
from skdl.engine import Recipe, python_random
from skdl.testing import _networks as networks
from skdl.testing._contracts import ARCHITECTURE, contract, found, run_all
from skdl.testing._data import N_CLASSES, default_parameters, digit_images
from skdl.testing._networks import outputs_of, random_images

_SHAPE = (8, 8, 1)
_COLORED = (8, 8, 3)
_CLASSES = (2, N_CLASSES, 12)
_SIZES = ((8, 8, 3), (9, 12, 2), (16, 16, 4))
_STEPS = 120  # of Adam, at most, for eight images
_RATES = (0.002, 0.0005)  # very deep plain networks learn with the smaller one only

_builder = partial(found, plugins.architectures)


def _build(
    subject: Any, *, n_classes: int = N_CLASSES, seed: int = 0, **params: Any
) -> keras.Model:
    try:
        return Recipe(_builder(subject), params, _SHAPE, n_classes).build(seed=seed)
    except ValueError as error:
        raise AssertionError(str(error)) from error


def _gradients(model: keras.Model, images: Any, codes: Any) -> tuple[Any, list[Any]]:
    """Loss of a step of training, and the gradients of the trainable weights."""
    with tf.GradientTape() as tape:
        probabilities = model(images, training=True)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(codes, probabilities))
    return loss, tape.gradient(loss, [v.value for v in model.trainable_variables])


@contract(ARCHITECTURE)
def check_builder_output(subject: Any) -> None:
    """An uncompiled ``keras.Model`` that gives one probability per class, for any number."""
    for n_classes in _CLASSES:
        model = _build(subject, n_classes=n_classes)
        probabilities = outputs_of(model, random_images(_SHAPE))
        assert probabilities.shape == (8, n_classes), (
            f"{n_classes} classes: outputs of shape {probabilities.shape}"
        )


@contract(ARCHITECTURE)
def check_builder_is_pure(subject: Any) -> None:
    """Each call builds a network of its own and touches no global setting or random state."""
    networks.assert_pure(lambda: _builder(subject)(_SHAPE, N_CLASSES), random_images(_SHAPE, 1))


@contract(ARCHITECTURE)
def check_builder_seeding(subject: Any) -> None:
    """With a seed, the start values are the same; with another, they are others."""
    networks.assert_seeded(lambda seed: _build(subject, seed=seed))


@contract(ARCHITECTURE)
def check_image_sizes(subject: Any) -> None:
    """Images from 8×8 pixels up with one to four channels, or an error that says what it needs."""
    for shape in _SIZES:
        try:
            model = _builder(subject)(shape, N_CLASSES)
        except ValueError as error:
            digits = any(character.isdigit() for character in str(error))
            assert digits, f"the error for {shape} does not say what it needs: {error}"
            continue
        except Exception as error:
            raise AssertionError(
                f"{shape}: {type(error).__name__} instead of a ValueError that says what it needs"
            ) from error
        given = outputs_of(model, random_images(shape, 2)).shape
        assert given == (2, N_CLASSES), (
            f"images of shape {shape} result in outputs of shape {given}"
        )


@contract(ARCHITECTURE)
def check_independent_images(subject: Any) -> None:
    """In prediction, an image's output does not depend on those beside it."""
    networks.assert_independent_images(_build(subject), random_images(_SHAPE))


@contract(ARCHITECTURE)
def check_input_matters(subject: Any) -> None:
    """Other images, or one part or channel of an image changed, give other outputs."""
    networks.assert_input_matters(_build(subject), random_images(_SHAPE))
    with python_random(0):
        try:
            colored = _builder(subject)(_COLORED, N_CLASSES)
        except ValueError:  # it wants other channels, and says so: see check_image_sizes
            return
    networks.assert_input_matters(colored, random_images(_COLORED))


@contract(ARCHITECTURE)
def check_gradients(subject: Any) -> None:
    """Gradients reach every trainable weight: no branch is dead."""
    model = _build(subject)
    _, gradients = _gradients(model, random_images(_SHAPE, 32), np.arange(32) % N_CLASSES)
    dead = [
        variable.path
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is None or not np.any(np.asarray(tf.convert_to_tensor(gradient)))
    ]
    assert not dead, f"no gradient reaches {', '.join(dead)}"


@contract(ARCHITECTURE)
def check_overfitting(subject: Any) -> None:
    """Eight images can be learned by heart."""
    # Without dropout, which is there to prevent this.
    takes = default_parameters(_builder(subject))
    params: dict[str, Any] = {"dropout": 0.0} if "dropout" in takes else {}
    ends = []
    for rate in _RATES:
        losses = _losses(_build(subject, **params), rate)
        ends.append(float(np.mean(losses[-5:])))
        if ends[-1] < 0.3:
            return
    raise AssertionError(
        f"after {_STEPS} steps on eight images, the loss is {min(ends):.3g}, down from "
        f"{losses[0]:.3g}"
    )


def _losses(model: keras.Model, learning_rate: float) -> list[float]:
    """Losses of the steps on eight digits, until they are learned."""
    X, y = digit_images(8)
    images = tf.constant(X / np.float32(255))
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def step() -> Any:
        loss, gradients = _gradients(model, images, y)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    losses: list[float] = []
    while len(losses) < _STEPS and not np.mean(losses[-5:] or [1.0]) < 0.3:
        losses.append(float(step()))
    return losses


@contract(ARCHITECTURE)
def check_parameters(subject: Any) -> None:
    """Every parameter has a default, and another value makes another network."""
    networks.assert_parameters_matter(lambda **params: _build(subject, **params), _builder(subject))


@contract(ARCHITECTURE)
def check_saving(subject: Any) -> None:
    """Saved as a Keras file and loaded, the network gives the same outputs."""
    networks.assert_saved(_build(subject), random_images(_SHAPE))


def check_architecture(subject: Any) -> None:
    """Check that a network fulfils all contracts of an architecture.

    Parameters
    ----------
    subject : str or callable
        A registered name, or a builder ``(input_shape, n_classes, **params) -> keras.Model``.

    Raises
    ------
    AssertionError
        If contracts are broken. The message says which, and how.
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from skdl.testing import check_architecture
    >>> check_architecture("simple")
    """
    run_all(ARCHITECTURE, subject, plugins.architectures)
