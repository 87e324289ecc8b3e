"""Cores and graphics memory: a worker takes its share, the user's own process stays free."""

import contextlib
import functools

import tensorflow as tf

from skdl._cores import cores_of_worker
from skdl._tensorflow import quiet_start


def prepare_devices() -> None:
    """Settle TensorFlow's threads and graphics memory; called before the engine's first operation.

    In a worker process of joblib's loky or of Dask, TensorFlow gets as many threads as the worker
    has cores to itself. Everywhere else its threads are the user's business. Graphics memory is
    taken as it is needed, not all at once, so that several processes share a card.

    Nothing changes where TensorFlow has run already, or where the user has set the same before.
    """
    share = cores_of_worker()
    if share is not None:
        _limit_threads(share)
    _look_for_cards()
    for card in tf.config.list_physical_devices("GPU"):
        # RuntimeError: already in use. ValueError: its memory has been split up by the user.
        with contextlib.suppress(RuntimeError, ValueError):
            tf.config.experimental.set_memory_growth(card, True)


@functools.cache
def _look_for_cards() -> None:
    """What TensorFlow does when it is asked first, and says that there are none."""
    with quiet_start():
        tf.config.list_physical_devices("GPU")


def _limit_threads(n_threads: int) -> None:
    threading = tf.config.threading
    settings = (
        (threading.get_intra_op_parallelism_threads, threading.set_intra_op_parallelism_threads),
        (threading.get_inter_op_parallelism_threads, threading.set_inter_op_parallelism_threads),
    )
    for get, set_ in settings:
        if get() == 0:  # 0 is TensorFlow's default, all cores
            with contextlib.suppress(RuntimeError):  # TensorFlow runs already
                set_(n_threads)
