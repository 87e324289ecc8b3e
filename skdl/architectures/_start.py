"""TensorFlow's start without the lines that it writes to standard error each time, and Keras on it.

Import this before TensorFlow or Keras. What is left out says nothing about the user's program: that
oneDNN is on, which instructions the processor has, and that there is no graphics card. Everything
else is passed on, and nothing is changed where TensorFlow was imported before, or where
``TF_CPP_MIN_LOG_LEVEL`` is set: then the user has said what to show.
"""

import contextlib
import faulthandler
import os
import sys
import tempfile
from collections.abc import Iterator

_SAID_EACH_TIME = (
    b"All log messages before absl::InitializeLog() is called are written to STDERR",
    b"oneDNN custom operations are on",
    b"Could not find cuda drivers on your machine",
    b"is optimized to use available CPU instructions in performance-critical operations",
    b"To enable the following instructions:",
    b"failed call to cuInit",
    b"Attempting to register factory for plugin cu",  # by TensorFlow before 2.19
)


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Keep back what TensorFlow writes to standard error, and pass on all but the usual lines."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    try:
        sys.stderr.flush()
        stderr = os.dup(2)
    except (AttributeError, OSError, ValueError):  # there is none
        yield
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            with _crashes_shown_on(stderr):
                yield
        finally:
            os.dup2(stderr, 2)
            kept.seek(0)
            for line in kept:
                if not any(words in line for words in _SAID_EACH_TIME):
                    os.write(stderr, line)
            os.close(stderr)


@contextlib.contextmanager
def _crashes_shown_on(file: int) -> Iterator[None]:
    """Where TensorFlow does not fit the processor, the process ends in the middle of its import."""
    if faulthandler.is_enabled():
        yield
        return
    faulthandler.enable(file)
    try:
        yield
    finally:
        faulthandler.disable()


def _require_keras_on_tensorflow() -> None:
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    cause = None
    try:
        import keras

        backend = keras.config.backend()
    except ImportError as error:
        if backend == "tensorflow":
            raise
        cause = error
    if backend != "tensorflow":
        raise ImportError(
            f"skdl needs Keras on TensorFlow, but Keras is set to the backend {backend!r}. Before "
            'you start Python, unset the environment variable KERAS_BACKEND, or set "backend" to '
            '"tensorflow" in ~/.keras/keras.json.'
        ) from cause


if "tensorflow" not in sys.modules:
    with quiet_start():
        import tensorflow as tensorflow

_require_keras_on_tensorflow()
