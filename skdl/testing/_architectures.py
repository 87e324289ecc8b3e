"""Contracts of networks."""

import inspect
import json
import tempfile
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skdl import plugins
from skdl.engine import ModelSpec
from skdl.testing._contracts import ARCHITECTURE, contract, run_all
from skdl.testing._data import N_CLASSES, default_parameters, digit_images, same

_SHAPE = (8, 8, 1)
_SIZES = ((8, 8, 3), (9, 12, 2), (16, 16, 4))
_STEPS = 120  # of Adam, at most, for eight images
_RATES = (0.002, 0.0005)  # very deep plain networks learn with the smaller one only


def _builder(subject: Any) -> Callable[..., Any]:
    return plugins.architectures.get(subject) if isinstance(subject, str) else subject


def _build(subject: Any, shape: tuple[int, int, int] = _SHAPE, **params: Any) -> keras.Model:
    try:
        return ModelSpec(_builder(subject), params, shape, N_CLASSES).build(seed=0)
    except ValueError as error:
        raise AssertionError(str(error)) from error


def _images(shape: tuple[int, int, int] = _SHAPE, n: int = 8) -> Any:
    return np.random.default_rng(0).random((n, *shape), dtype=np.float32)


@contract(ARCHITECTURE)
def check_builder_output(subject: Any) -> None:
    """An uncompiled ``keras.Model`` that gives one probability a class."""
    probabilities = np.asarray(_build(subject)(_images(), training=False))
    assert probabilities.shape == (8, N_CLASSES), f"outputs of shape {probabilities.shape}"


@contract(ARCHITECTURE)
def check_builder_is_pure(subject: Any) -> None:
    """Each call builds a network of its own and touches no global setting or random state."""
    builder = _builder(subject)
    state, policy = np.random.get_state(), keras.config.dtype_policy().name
    first, second = builder(_SHAPE, N_CLASSES), builder(_SHAPE, N_CLASSES)
    shared = {id(v) for v in first.variables} & {id(v) for v in second.variables}
    assert first is not second, "the builder returns the same model each time"
    assert not shared, "two networks share weights"
    assert keras.config.dtype_policy().name == policy, "the builder changes Keras's dtype policy"
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state(), state, strict=True)), (
        "the builder draws from NumPy's global generator"
    )


@contract(ARCHITECTURE)
def check_builder_seeding(subject: Any) -> None:
    """With a seed, the start values are the same; with another, they are others."""

    def start(seed: int) -> list[Any]:
        spec = ModelSpec(_builder(subject), {}, _SHAPE, N_CLASSES)
        return [np.asarray(v) for v in spec.build(seed=seed).trainable_variables]

    first, again, other = start(1), start(1), start(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True)), (
        "two networks built with the same seed start differently"
    )
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True)), (
        "networks built with different seeds start alike"
    )


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
        found = np.asarray(model(_images(shape, 2), training=False)).shape
        assert found == (2, N_CLASSES), f"images of {shape} give outputs of shape {found}"


@contract(ARCHITECTURE)
def check_independent_images(subject: Any) -> None:
    """In prediction, an image's output does not depend on those beside it."""
    model, images = _build(subject), _images()
    together = np.asarray(model(images, training=False))
    alone = np.concatenate([np.asarray(model(images[i : i + 1], training=False)) for i in (0, 1)])
    same(alone, together[:2], "one image at a time")


@contract(ARCHITECTURE)
def check_input_matters(subject: Any) -> None:
    """Other images, or one part of an image changed, give other outputs."""
    model, images = _build(subject), _images()
    assert np.isfinite(np.asarray(model(images, training=True))).all(), (
        "outputs are NaN or infinite while training"
    )
    other = {"the whole image": np.random.default_rng(1).random(images.shape, dtype=np.float32)}
    for rows, columns in ((slice(0, 4), slice(0, 4)), (slice(4, 8), slice(4, 8))):
        changed = images.copy()
        changed[:, rows, columns] = 1 - changed[:, rows, columns]
        other[f"pixels in rows and columns {rows.start} to {rows.stop - 1}"] = changed
    for part, changed in other.items():
        # Untrained, a deep network answers bright images with 0 and 1, and dark ones alike.
        differences = [
            np.abs(
                np.asarray(model(scale * changed, training=False))
                - np.asarray(model(scale * images, training=False))
            ).max()
            for scale in (1.0, 1e-2, 1e-4)
        ]
        assert max(differences) > 1e-7, f"{part} may be anything: the output is the same"


@contract(ARCHITECTURE)
def check_gradients(subject: Any) -> None:
    """Gradients reach every trainable weight: no branch is dead."""
    model = _build(subject)
    images, codes = _images(n=32), np.arange(32) % N_CLASSES
    with tf.GradientTape() as tape:
        probabilities = model(images, training=True)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(codes, probabilities))
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
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
    params: dict[str, Any] = (
        {"dropout": 0.0} if "dropout" in default_parameters(_builder(subject)) else {}
    )
    ends = []
    for rate in _RATES:
        losses = _losses(_build(subject, **params), rate)
        ends.append(float(np.mean(losses[-5:])))
        if ends[-1] < 0.3:
            return
    raise AssertionError(
        f"after {_STEPS} steps on eight images the loss is {min(ends):.3g}, from {losses[0]:.3g} "
        "at first"
    )


def _losses(model: keras.Model, learning_rate: float) -> list[float]:
    """Losses of the steps on eight digits, until they are learned."""
    X, y = digit_images(8)
    images = tf.constant(X / np.float32(255))
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def step() -> Any:
        with tf.GradientTape() as tape:
            probabilities = model(images, training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, probabilities))
        gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    losses: list[float] = []
    while len(losses) < _STEPS and not np.mean(losses[-5:] or [1.0]) < 0.3:
        losses.append(float(step()))
    return losses


@contract(ARCHITECTURE)
def check_parameters(subject: Any) -> None:
    """Every parameter has a default, and another value makes another network."""
    builder = _builder(subject)
    defaults = default_parameters(builder)
    without = [name for name, default in defaults.items() if default is inspect.Parameter.empty]
    assert not without, f"parameters without a default: {', '.join(without)}"
    plain = _structure(_build(subject))
    assert _structure(_build(subject, **defaults)) == plain, "the defaults are not the defaults"
    for name, default in defaults.items():
        value = _another(default)
        if value is None:
            continue
        assert _structure(_build(subject, **{name: value})) != plain, (
            f"{name}={value!r} makes the same network as {name}={default!r}"
        )


def _another(default: Any) -> Any:
    """Another value of a parameter, None where we do not know of any."""
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    if isinstance(default, float):
        return 0.1 if default == 0 else default / 2
    if isinstance(default, str):
        return "tanh" if default in ("relu", "elu", "gelu", "swish", "selu") else None
    return 17 if default is None else None


def _structure(model: keras.Model) -> str:
    """The network's layers and settings, without the names that Keras counts up."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k not in _COUNTED}
        return [bare(item) for item in value] if isinstance(value, list | tuple) else repr(value)

    layers = [(type(layer).__name__, bare(layer.get_config())) for layer in model.layers]
    return json.dumps([model.count_params(), layers], sort_keys=True)


_COUNTED = ("name", "shared_object_id", "layers", "input_layers", "output_layers", "build_config")


@contract(ARCHITECTURE)
def check_saving(subject: Any) -> None:
    """Saved as a Keras file and loaded, the network gives the same outputs."""
    model, images = _build(subject), _images()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.keras"
        try:
            model.save(path)
            loaded = keras.models.load_model(path)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} while saving: {error}") from error
        same(
            np.asarray(loaded(images, training=False)),
            np.asarray(model(images, training=False)),
            "after saving",
        )


def check_architecture(subject: Any) -> None:
    """Check that a network keeps all contracts of an architecture.

    Parameters
    ----------
    subject : str or callable
        A registered name, or a builder ``(input_shape, n_classes, **params) -> keras.Model``.

    Raises
    ------
    AssertionError
        Naming every contract that is broken, and how.
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from skdl.testing import check_architecture
    >>> check_architecture("simple")
    """
    if isinstance(subject, str):
        plugins.architectures.get(subject)
    run_all(ARCHITECTURE, subject)
