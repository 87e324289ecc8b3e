"""Seeded start values for every variable of a model, without global random state."""

import random
import threading
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from skdl.engine._devices import refuse_forked
from skdl.engine._private import all_layers

_LOCK = threading.RLock()

# Streams drawn from one seed; the numbers only have to differ. Each epoch has its own: what is
# drawn in it depends neither on the epochs before, so that a training that goes on draws what it
# would have drawn without a stop, nor on how much another stream has given.
INITIAL_VALUES, SHUFFLING, AUGMENTATION, MEMBERS, VARIANTS = 1, 2, 3, 4, 5


@contextmanager
def python_random(seed: int | None = None) -> Iterator[None]:
    """Leave Python's global generator as it was; within the block, it is seeded.

    Keras seeds every unseeded initialiser and dropout layer with ``random.randint`` when the layer
    is created.
    """
    refuse_forked()  # before the lock, which another thread may have held
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


def seed_of(numbers: np.random.SeedSequence) -> int:
    """A seed for TensorFlow, whose stateless operations take int32: below 2**31."""
    return int(numbers.generate_state(1)[0]) >> 1


def assign(variables: Iterable[Any], values: Iterable[npt.NDArray[Any]]) -> None:
    """Give variables their values."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


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
    def of(cls, model: keras.Model, fixed: Container[int] = ()) -> "InitialState | None":
        """How a newly built model's variables were initialised; None if one cannot be explained.

        `fixed` has the ids of those that always start with the values they have, such as pretrained
        ones. An initialiser counts as a variable's only when it reproduces the variable's value, so
        that weights which a builder loaded from a file are never drawn anew.
        """
        fixed_generators, initializers = set(), defaultdict(list)
        for layer in all_layers(model):
            held = list(vars(layer).values())
            for value in held:
                if isinstance(value, keras.random.SeedGenerator) and _has_seed(value):
                    fixed_generators.add(id(value.state))
            own = [value for value in held if isinstance(value, keras.initializers.Initializer)]
            for variable in layer.variables:
                initializers[id(variable)].extend(own)
        recipes = [
            _Recipe(variable, value=value_of(variable))
            if id(variable) in fixed
            else _recipe(variable, initializers[id(variable)], id(variable) in fixed_generators)
            for variable in model.variables
        ]
        known = [recipe for recipe in recipes if recipe is not None]
        return cls(known) if len(known) == len(recipes) else None

    def reset(self, seed: int) -> None:
        """Give every variable its start value for a seed.

        Each has a seed of its own: layers of one shape would start alike otherwise.
        """
        seeds = stream(seed, INITIAL_VALUES).generate_state(len(self._recipes))
        for recipe, variable_seed in zip(self._recipes, seeds, strict=True):
            recipe.variable.assign(recipe.start_value(int(variable_seed)))


def _has_seed(random: Any) -> bool:
    """Whether a seed generator or initialiser got its seed from the builder."""
    return random.get_config().get("seed") is not None


def _recipe(variable: Any, initializers: list[Any], fixed: bool) -> _Recipe | None:
    value = value_of(variable)
    if variable.name == "seed_generator_state":
        return _Recipe(variable, value=value) if fixed else _Recipe(variable, seed_generator=True)
    for initializer in initializers:
        if "seed" in initializer.get_config() and _reproduces(initializer, variable, value):
            if _has_seed(initializer):
                return _Recipe(variable, value=value)
            return _Recipe(variable, initializer=initializer)
    return _Recipe(variable, value=value) if _is_constant(value) else None


def _is_constant(value: npt.NDArray[Any]) -> bool:
    """Whether a value is no random one: all equal, and if it is one number, then 0 or 1."""
    if value.size == 1:
        return value.item() in (0, 1)
    return value.size == 0 or bool((value == value.flat[0]).all())


def _reproduces(initializer: Any, variable: Any, value: npt.NDArray[Any]) -> bool:
    try:
        drawn = np.asarray(initializer(variable.shape, dtype=variable.dtype))
    except Exception:  # another variable's initialiser, which does not fit this shape
        return False
    return drawn.shape == value.shape and np.array_equal(drawn, value)
