"""Compiled models to use again: one pool per process, bounded, and never observable in a result.

Building and tracing a small Keras model takes about a second and leaks megabytes inside TensorFlow;
setting every variable of a compiled one back takes milliseconds. A trainer is lent to one fit at a
time, so fits in several threads never meet; the networks that predict are stateless and shared.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from skdl.engine._network import Network
from skdl.engine._spec import ModelSpec, OptimizerSpec
from skdl.engine._trainer import Trainer

MAX_IDLE_TRAINERS = 8
MAX_IDLE_BYTES = 512 * 2**20
MAX_NETWORKS = 16

_lock = threading.RLock()
# With the structure that a trainer has to have, where callbacks of a user have seen it.
_idle: OrderedDict[int, tuple[Hashable, Trainer, Hashable | None]] = OrderedDict()
_networks: OrderedDict[Hashable, Network] = OrderedDict()


def forget_networks() -> None:
    """Drop every idle trainer and every network that predicts."""
    with _lock:
        _idle.clear()
        _networks.clear()


@contextmanager
def borrowed_trainer(
    spec: ModelSpec, optimizer: OptimizerSpec, seed: int, *, is_shown: bool = False
) -> Iterator[Trainer]:
    """A trainer at its start values for `seed`, given back to the pool after the block.

    Parameters
    ----------
    spec : ModelSpec
    optimizer : OptimizerSpec
    seed : int
    is_shown : bool, default=False
        Whether something in the block may change the model itself, as foreign callbacks can. It is
        given back if nothing has, and looked at once more before the next fit.
    """
    keys = spec.key, optimizer.key
    key = None if None in keys else keys
    trainer = _take(key) if key is not None else None
    if trainer is None:
        trainer = Trainer(spec, optimizer, seed)
        # It is needed for predictions anyway, and a second network shows whether the builder makes
        # its layers anew.
        shared_network(spec)
    trainer.reset(seed, optimizer.learning_rate)
    structure = trainer.structure() if is_shown else None
    try:
        yield trainer
    finally:
        # After an error, too: a reset sets all that training changes, and TensorFlow never frees
        # all of a model that is dropped.
        if key is not None and trainer.resettable and _is_intact(trainer, structure):
            _give_back(key, trainer, structure)


def _take(key: Hashable) -> Trainer | None:
    with _lock:
        for number in list(reversed(_idle)):
            if _idle[number][0] == key:
                _, trainer, structure = _idle.pop(number)
                if _is_intact(trainer, structure):
                    return trainer
    return None


def _is_intact(trainer: Trainer, structure: Hashable | None) -> bool:
    return structure is None or trainer.structure() == structure


def _give_back(key: Hashable, trainer: Trainer, structure: Hashable | None) -> None:
    with _lock:
        _idle[id(trainer)] = key, trainer, structure
        while len(_idle) > MAX_IDLE_TRAINERS or _idle_bytes() > MAX_IDLE_BYTES:
            _idle.popitem(last=False)


def _idle_bytes() -> int:
    return sum(trainer.nbytes for _, trainer, _ in _idle.values())


def shared_network(spec: ModelSpec) -> Network:
    """The network of a structure, built once a process while it is in use."""
    key = spec.key
    if key is None:
        return Network(spec)
    with _lock:
        if key not in _networks:
            _networks[key] = Network(spec)
        _networks.move_to_end(key)
        while len(_networks) > MAX_NETWORKS:
            _networks.popitem(last=False)
        return _networks[key]
