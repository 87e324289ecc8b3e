"""What holds for every builder of a network, whether it ends in classes or in feature maps."""

import inspect
import json
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from skdl.engine import python_random, tensorflow_random_state
from skdl.testing._data import default_parameters, same

Build = Callable[..., keras.Model]

# Of Python's generator: a choice is not the same in all of them.
_STATES = (0, 1, 5)
_COUNTED = ("name", "shared_object_id", "layers", "input_layers", "output_layers", "build_config")


def random_images(shape: Sequence[int], n: int = 8) -> Any:
    """Noise between 0 and 1."""
    return np.random.default_rng(0).random((n, *shape), dtype=np.float32)


def outputs_of(model: keras.Model, images: Any) -> Any:
    """What a network makes of images when it predicts."""
    return np.asarray(model(images, training=False))


def assert_pure(build: Build, images: Any) -> None:
    """Each call builds a network of its own and touches no global setting or random state."""
    state: Any = np.random.get_state()
    policy = keras.config.dtype_policy().name
    seed = tensorflow_random_state()
    models = []
    for start in _STATES:
        with python_random(start):
            models.append(build())
    first, second = models[:2]
    shared = {id(v) for v in first.variables} & {id(v) for v in second.variables}
    assert first is not second, "the builder returns the same model each time"
    assert not shared, "two networks share weights"
    assert tensorflow_random_state() == seed, "the builder sets TensorFlow's global seed"
    assert keras.config.dtype_policy().name == policy, "the builder changes Keras's dtype policy"
    drawn: Any = np.random.get_state()
    assert all(np.array_equal(a, b) for a, b in zip(drawn, state, strict=True)), (
        "the builder draws from NumPy's global generator"
    )
    for model in models:
        if not model.built:
            model(images, training=False)
    # Keras draws the seeds of some layers in the same way: those may differ.
    assert len({_structure(model, without=("seed",)) for model in models}) == 1, (
        "the network's structure depends on Python's global generator"
    )


def assert_seeded(build: Build) -> None:
    """With a seed, the start values are the same; with another, they are others."""

    def start(seed: int) -> list[Any]:
        return [np.asarray(v) for v in build(seed=seed).trainable_variables]

    first, again, other = start(1), start(1), start(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True)), (
        "two networks built with the same seed start differently"
    )
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True)), (
        "networks built with different seeds start equal"
    )


def assert_independent_images(model: keras.Model, images: Any) -> None:
    """In prediction, an image's output does not depend on those beside it."""
    together = outputs_of(model, images)
    alone = np.concatenate([outputs_of(model, images[i : i + 1]) for i in (0, 1)])
    same(alone, together[:2], "one image at a time")


def assert_input_matters(model: keras.Model, images: Any) -> None:
    """Other images, or one part or channel of an image changed, give other outputs."""
    assert np.isfinite(np.asarray(model(images, training=True))).all(), (
        "outputs are NaN or infinite while training"
    )
    other = {"the whole image": np.random.default_rng(1).random(images.shape, dtype=np.float32)}
    height, width = images.shape[1] // 2, images.shape[2] // 2
    for rows, columns in (
        (slice(0, height), slice(0, width)),
        (slice(height, 2 * height), slice(width, 2 * width)),
    ):
        changed = images.copy()
        changed[:, rows, columns] = 1 - changed[:, rows, columns]
        other[f"pixels in rows and columns {rows.start} to {rows.stop - 1}"] = changed
    channels = images.shape[3]
    for channel in range(channels) if channels > 1 else ():
        changed = images.copy()
        changed[..., channel] = 1 - changed[..., channel]
        other[f"channel {channel} of {channels}"] = changed
    for part, changed in other.items():
        # Untrained, a deep network answers bright images with 0 and 1, and dark ones alike.
        differences = [
            _relative_difference(
                outputs_of(model, scale * changed), outputs_of(model, scale * images)
            )
            for scale in (1.0, 1e-2, 1e-4)
        ]
        assert max(differences) > 1e-7, f"changing {part} does not change the output"


def _relative_difference(a: Any, b: Any) -> float:
    """Largest difference, by the largest value: untrained networks also give very small ones."""
    size = float(max(np.abs(a).max(), np.abs(b).max()))
    return float(np.abs(a - b).max()) / size if size else 0.0


def assert_parameters_matter(build: Build, builder: Callable[..., Any]) -> None:
    """Every parameter has a default, and another value makes another network."""
    defaults = default_parameters(builder)
    without = [name for name, default in defaults.items() if default is inspect.Parameter.empty]
    assert not without, f"parameters without a default: {', '.join(without)}"
    plain = _structure(build())
    assert _structure(build(**defaults)) == plain, "the declared defaults are not the defaults"
    for name, default in defaults.items():
        value = _another(default)
        if value is None:
            continue
        assert _structure(build(**{name: value})) != plain, (
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


def _structure(model: keras.Model, without: Sequence[str] = ()) -> str:
    """The network's layers and settings, without the names that Keras counts up."""
    left_out = (*_COUNTED, *without)

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k not in left_out}
        return [bare(item) for item in value] if isinstance(value, list | tuple) else repr(value)

    layers = [(type(layer).__name__, bare(layer.get_config())) for layer in model.layers]
    return json.dumps([model.count_params(), layers], sort_keys=True)


def assert_saved(model: keras.Model, images: Any) -> None:
    """Saved as a Keras file and loaded, the network gives the same outputs."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.keras"
        try:
            model.save(path)
            loaded = keras.models.load_model(path)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} while saving: {error}") from error
        same(outputs_of(loaded, images), outputs_of(model, images), "after saving")
