"""The state of an estimator for other people: without what belongs to this machine."""

import os
from pathlib import Path
from typing import Any

from skdl._utils.checks import warn_user
from skdl.engine import plain


def sent(state: dict[str, Any]) -> dict[str, Any]:
    """A state without folders, callbacks and limits of this machine, and Keras's objects as values.

    A relative name of a file of weights is left as it is; of an absolute one, the name alone, by
    which it is looked for in the data home.
    """
    state = {name: value for name, value in state.items() if name != "_max_image_pixels"}
    if state.get("store") is not None:
        state["store"] = "auto"
    for name, value in state.items():
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if name.rpartition("__")[2] == "weights" and isinstance(value, str):
            state[name] = Path(value).name if os.path.isabs(value) else value
    if state.get("callbacks") is not None:
        warn_user(
            "The parameter callbacks is left out of the file: callbacks are for training, and may "
            "run any code. What is loaded predicts alike, and has callbacks=None."
        )
        state["callbacks"] = None
    return {**plain(state), "_plain": True}
