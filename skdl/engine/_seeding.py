"""Seeded start values for every variable of a model, without global random state."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

_LOCK = threading.RLock()

# Streams drawn from one seed; the numbers only have to differ.
INITIAL_VALUES, SHUFFLING = 1, 2


@contextmanager
def python_random(seed: int | None = None) -> Iterator[None]:
    """Leave Python's global generator as it was, however much Keras draws from it.

    Keras seeds every unseeded initialiser and dropout layer with ``random.randint`` when the layer
    is created.

    Parameters
    ----------
    seed : int, default=None
        Seeds the generator within the block.
    """
    with _LOCK:
        state = random.getstate()
        try:
            if seed is not None:
                random.seed(seed)
            yield
        finally:
            random.setstate(state)


def stream(seed: int, *path: int) -> np.random.SeedSequence:
    """Independent random stream of a fit, such as ``stream(seed, SHUFFLING, epoch)``."""
    return np.random.SeedSequence([seed, *path])


def value_of(variable: Any) -> npt.NDArray[Any]:
    """A variable's value, as a copy."""
    value: npt.NDArray[Any] = variable.value.numpy()
    return value


@dataclass(frozen=True)
class _Recipe:
    """How one variable gets its start value: drawn anew for each seed, or always the same."""

    variable: Any
    initializer: keras.initializers.Initializer | None = None
    value: npt.NDArray[Any] | None = None
    seed_generator: bool = False

    def start_value(self, seed: int) -> Any:
        if self.seed_generator:
            return np.array([seed, 0], dtype=self.variable.dtype)
        if self.initializer is None:
            return self.value
        config = {**self.initializer.get_config(), "seed": seed}
        initializer = type(self.initializer).from_config(config)
        return initializer(self.variable.shape, dtype=self.variable.dtype)


class InitialState:
    """The start values of a model, which can be drawn again from any seed.

    Setting every variable of one compiled model back is bit-identical to building a new one, and
    saves the second that building and tracing take.
    """

    def __init__(self, recipes: list[_Recipe]) -> None:
        self._recipes = recipes

    @classmethod
    def of(cls, model: keras.Model) -> "InitialState | None":
        """Find out how a newly built model's variables were initialised.

        An initialiser counts as a variable's only when it reproduces the variable's value, so that
        weights which a builder loaded from a file are never drawn anew.

        Returns
        -------
        initial_state : InitialState or None
            None if a variable's value cannot be explained.
        """
        layers = list(model._flatten_layers())
        generators = [
            value
            for layer in layers
            for value in vars(layer).values()
            if isinstance(value, keras.random.SeedGenerator)
        ]
        explicit = {id(g.state) for g in generators if g.get_config()["seed"] is not None}
        recipes = [
            _fixed_recipe(variable, id(variable) in explicit) for variable in model.variables
        ]
        missing = {
            id(v): i for i, (v, r) in enumerate(zip(model.variables, recipes, strict=True)) if not r
        }
        for layer in layers:
            initializers = [
                value
                for value in vars(layer).values()
                if isinstance(value, keras.initializers.Initializer)
            ]
            if not initializers or not missing:
                continue
            for variable in layer.variables:
                if id(variable) in missing:
                    recipe = _drawn_recipe(variable, initializers)
                    if recipe:
                        recipes[missing.pop(id(variable))] = recipe
        return None if missing else cls([recipe for recipe in recipes if recipe])

    def reset(self, seed: int) -> None:
        """Give every variable its start value for a seed."""
        seeds = stream(seed, INITIAL_VALUES).generate_state(len(self._recipes))
        for recipe, variable_seed in zip(self._recipes, seeds, strict=True):
            recipe.variable.assign(recipe.start_value(int(variable_seed)))


def _fixed_recipe(variable: Any, explicit_seed: bool) -> _Recipe | None:
    if variable.name == "seed_generator_state" and not explicit_seed:
        return _Recipe(variable, seed_generator=True)
    value = value_of(variable)
    if explicit_seed or value.size == 0 or (value == value.flat[0]).all():
        return _Recipe(variable, value=value)
    return None


def _drawn_recipe(variable: Any, initializers: list[Any]) -> _Recipe | None:
    value = value_of(variable)
    for initializer in initializers:
        try:
            drawn = np.asarray(initializer(variable.shape, dtype=variable.dtype))
        except Exception:  # another variable's initialiser, which does not fit this shape
            continue
        if drawn.shape == value.shape and np.array_equal(drawn, value):
            config = initializer.get_config()
            if config.get("seed", 0) is None:
                return _Recipe(variable, initializer=initializer)
            if isinstance(config.get("seed", 0), int):  # fixed by the builder, or not random
                return _Recipe(variable, value=value)
    return None
