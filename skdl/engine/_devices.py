"""Cores, graphics memory and processes: what TensorFlow gets, and where it cannot run.

Decisions: docs/decisions.md#speed-and-threads.
"""

import contextlib
import functools
import os

import tensorflow as tf

from skdl._utils.threads import cores_of_worker
from skdl.architectures import quiet_start
from skdl.engine._private import tensorflow_has_run


def prepare_devices() -> None:
    """Settle TensorFlow's threads and graphics memory; called before the engine's first operation.

    In a worker process of joblib's loky or of Dask, TensorFlow gets as many threads as the worker
    has cores to itself. Everywhere else its threads are the user's business. Graphics memory is
    taken as it is needed, not all at once, so that several processes share a card.

    Nothing changes where TensorFlow has run already, or where the user has set the same before.
    """
    refuse_forked()
    share = cores_of_worker()
    if share is not None:
        _limit_threads(share)
    _look_for_cards()
    for card in tf.config.list_physical_devices("GPU"):
        # RuntimeError: already in use. ValueError: its memory has been split up by the user.
        with contextlib.suppress(RuntimeError, ValueError):
            tf.config.experimental.set_memory_growth(card, True)


_forked = False


def _note_fork() -> None:
    """In a process that was forked just now: whether TensorFlow had run before."""
    global _forked
    _forked = tensorflow_has_run()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing is forked
    os.register_at_fork(after_in_child=_note_fork)


def refuse_forked() -> None:
    """Refuse to run TensorFlow where it would wait for ever for threads that were not forked."""
    if _forked:
        raise RuntimeError(
            "This process was forked from one in which TensorFlow had run, such as in a fit or "
            "predict, and TensorFlow would hang here. Start processes with joblib's loky or "
            "multiprocessing's 'spawn', or fork before the first fit or predict (gunicorn: without "
            "--preload, or predict in the workers only)."
        )


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
