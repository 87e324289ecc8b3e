"""Compiled models to use again: one pool per process, bounded, and never observable in a result.

Building and tracing a small Keras model takes about a second and leaks megabytes inside TensorFlow;
setting every variable of a compiled one back takes milliseconds. A trainer is lent to one fit at a
time, so fits in several threads never meet; the networks that predict are stateless and shared.

Decisions: docs/decisions.md#speed-and-threads.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from skdl._utils.cache import Cache, clear_caches
from skdl.engine._network import Network
from skdl.engine._optimizers import OptimizerSpec
from skdl.engine._recipe import Recipe
from skdl.engine._trainer import Trainer

_idle = Cache[Trainer](max_number=8, max_bytes=512 * 2**20)
_networks = Cache[Network](max_number=16)


def clear() -> None:
    """Delete all cached networks and backbone weights.

    Results do not change; the next fit rebuilds its network. Estimators stay fitted.

    Examples
    --------
    >>> import skdl.engine
    >>> skdl.engine.clear()
    """
    clear_caches()


@contextmanager
def borrowed_trainer(
    recipe: Recipe, optimizer: OptimizerSpec, seed: int, *, is_shown: bool = False
) -> Iterator[Trainer]:
    """A trainer at its start values for `seed`, given back to the pool after the block.

    One that is shown to what may change the model itself, as foreign callbacks can, is given back
    if nothing has, and looked at once more before the next fit.
    """
    keys = recipe.key, optimizer.key
    key = None if None in keys else keys
    trainer = _take(key) if key is not None else None
    if trainer is None:
        trainer = Trainer(recipe, optimizer, seed)
        # It is needed for predictions anyway, and a second network shows whether the builder makes
        # its layers anew.
        shared_network(recipe)
    trainer.reset(seed, optimizer.learning_rate)
    trainer.seen_as = trainer.structure() if is_shown else None
    try:
        yield trainer
    finally:
        # After an error, too: a reset sets all that training changes, and TensorFlow never frees
        # all of a model that is dropped.
        if key is not None and trainer.resettable and trainer.is_intact():
            _idle.put((key, id(trainer)), trainer)


def _take(key: Hashable) -> Trainer | None:
    while True:
        trainer = _idle.take(lambda kept: kept[0] == key)
        if trainer is None or trainer.is_intact():
            return trainer


def shared_network(recipe: Recipe) -> Network:
    """The network of a structure, built once per process while it is in use."""
    return _networks.get(recipe.key, lambda: Network(recipe))
