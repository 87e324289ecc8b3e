"""The state of an estimator for other people: without what belongs to this machine."""

import os
from pathlib import Path
from typing import Any

from skdl.backbones import ONNX, PlainState


def sent(state: dict[str, Any]) -> dict[str, Any]:
    """A state without folders of this machine and callbacks, and Keras's objects as values.

    A relative name of a file of weights is left as it is; of an absolute one, the name alone, by
    which it is looked for in the data home. The same of a backbone that is a file.
    """
    state = dict(state)
    if state.get("store") is not None:
        state["store"] = "auto"
    for name, value in state.items():
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if name.rpartition("__")[2] == "weights" and isinstance(value, str):
            state[name] = Path(value).name if os.path.isabs(value) else value
    backbone = state.get("backbone")
    if isinstance(backbone, str) and backbone.startswith(ONNX):
        name = backbone.removeprefix(ONNX)
        state["backbone"] = f"{ONNX}{Path(name).name if os.path.isabs(name) else name}"
    if "callbacks" in state:  # they are for training, and may run any code
        state["callbacks"] = None
    return {**PlainState.plain(state), "_plain": True}
