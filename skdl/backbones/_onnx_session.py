"""ONNX Runtime at work: one session for what several estimators take from one model."""

import ctypes
import os
import weakref
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdl._utils.cache import Cache
from skdl._utils.checks import suggest
from skdl._utils.text import shortened
from skdl._utils.threads import available_cores
from skdl.backbones._onnx_declaration import Layout
from skdl.backbones._onnx_file import (
    OnnxWeights,
    external_data,
    first_line,
    parsed,
    require_onnx,
)

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
_N_SHOWN = 8


def outputs_of(weights: OnnxWeights, label: str) -> list[str]:
    """Names of what a graph gives, in its order."""
    model = parsed(require_onnx(label), weights.content, f"The backbone {label}")
    return [output.name for output in model.graph.output]


def tapped(weights: OnnxWeights, layers: Sequence[str] | None, label: str) -> tuple[str, ...]:
    """Names of values in a graph, which must be there; None is its first output."""
    onnx = require_onnx(label)
    graph = parsed(onnx, weights.content, f"The backbone {label}").graph
    outputs = [output.name for output in graph.output]
    if layers is None:
        return (outputs[0],)
    known = {name: None for node in graph.node for name in node.output if name}
    for name in layers:
        if name not in known:
            shown = ", ".join(map(repr, outputs[:_N_SHOWN]))
            raise ValueError(
                f"The ONNX model of the backbone {label} has no value "
                f"{shortened(name)}.{suggest(name, [*outputs, *known])} Its outputs: {shown}. "
                f"Programs such as Netron show all its {len(known)} values."
            )
    return tuple(layers)


def _content(weights: OnnxWeights, taps: Sequence[str], label: str) -> bytes:
    """A model that computes these values and nothing else."""
    onnx = require_onnx(label)
    content = weights.content
    model = parsed(onnx, content, f"The backbone {label}")
    if external_data(onnx, model):  # in a file of another's making: it would read from this machine
        raise ValueError(f"The model of the backbone {label} has weights in another file.")
    graph = model.graph
    if [output.name for output in graph.output] == list(taps):
        return content
    needed, nodes = set(taps), []
    for node in reversed(graph.node):  # which are sorted
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input, *map(_outer_names, node.attribute))
    known = {output.name: output for output in graph.output}
    outputs = [known.get(name) or onnx.ValueInfoProto(name=name) for name in taps]
    for field, kept in (
        ("node", nodes[::-1]),
        ("output", outputs),
        ("input", [value for value in graph.input if value.name in needed]),
        ("initializer", [tensor for tensor in graph.initializer if tensor.name in needed]),
    ):
        kept = [type(part).FromString(part.SerializeToString()) for part in kept]
        graph.ClearField(field)
        getattr(graph, field).extend(kept)
    return bytes(model.SerializeToString())


def _outer_names(attribute: Any) -> set[str]:
    """What the graphs inside a node may take from around it."""
    graphs = [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
    found = {name for graph in graphs for node in graph.node for name in node.input}
    inner = (part for graph in graphs for node in graph.node for part in node.attribute)
    return found.union(*map(_outer_names, inner))


@dataclass(frozen=True)
class OnnxInput:
    """What a model takes; None is any number."""

    name: str
    dtype: Any
    layout: Layout
    n_images: int | None
    height: int | None
    width: int | None
    channels: int


class OnnxSession:
    """A model with the values that are taken from it, ready to run. Threads may share it."""

    def __init__(self, weights: OnnxWeights, taps: tuple[str, ...], label: str) -> None:
        content = _content(weights, taps, label)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = available_cores()
        options.log_severity_level = 3  # errors, which are raised as well
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # whatever ONNX Runtime makes of a graph
            raise ValueError(
                f"ONNX Runtime {onnxruntime.__version__} cannot load the model of the backbone "
                f"{label}: {first_line(error)}."
            ) from error
        self.taps = taps
        self._label = label
        _alive.add(self._session)

    def input(self, layout: Layout | None) -> OnnxInput:
        """What the model takes, in a layout that is declared or stands in the file."""
        inputs = self._session.get_inputs()
        problem = ""
        if len(inputs) != 1:
            names = ", ".join(repr(value.name) for value in inputs)
            problem = (
                f"requires {len(inputs)} inputs ({names}) for {', '.join(self.taps)}. Set layer to "
                "a value that depends on the images alone, or export the part that processes "
                "images"
            )
        elif inputs[0].type not in _TYPES:
            problem = f"expects {inputs[0].type} as {inputs[0].name!r}, but images are numbers"
        elif len(inputs[0].shape) != 4:
            problem = (
                f"expects {inputs[0].name!r} of shape {_shown(inputs[0].shape)}, but a batch of "
                "images has four dimensions"
            )
        if problem:
            raise ValueError(f"The ONNX model of the backbone {self._label} {problem}.")
        (value,) = inputs
        found, channels = self._layout(value, layout)
        n, *rest = [size if isinstance(size, int) and size > 0 else None for size in value.shape]
        height, width = rest[1:] if found == "NCHW" else rest[:2]
        return OnnxInput(value.name, _TYPES[value.type], found, n, height, width, channels)

    def _layout(self, value: Any, layout: Layout | None) -> tuple[Layout, int]:
        """Where the channels are, and how many."""
        ends: dict[Layout, Any] = {"NCHW": value.shape[1], "NHWC": value.shape[3]}
        likely: list[Layout] = [name for name, size in ends.items() if size in (1, 3)]
        if layout is None and len(likely) == 1:
            return likely[0], ends[likely[0]]
        if layout in likely:
            return layout, ends[layout]
        shape = f"The ONNX model of the backbone {self._label} expects shape {_shown(value.shape)}"
        if layout is None and (likely or any(isinstance(size, str) for size in ends.values())):
            raise ValueError(
                f"{shape}, which does not state where the channels are. Set "
                "backbone__layout='NCHW' or 'NHWC'."
            )
        if layout is not None and not isinstance(ends[layout], int):
            return layout, 3  # any number: photographs
        raise ValueError(
            f"{shape}, which is not an image with 1 or 3 channels"
            + (f" in the layout {layout}" if layout else "")
            + ": pretrained backbones require grayscale or colour images."
        )

    def run(self, name: str, images: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Values for a batch as the model takes it."""
        try:
            found: list[npt.NDArray[Any]] = self._session.run(list(self.taps), {name: images})
        except Exception as error:  # whatever ONNX Runtime makes of a shape
            raise ValueError(
                f"The ONNX model of the backbone {self._label} cannot run on images of shape "
                f"{_shown(images.shape[1:])}: {first_line(error)}. Set image_size to the size that "
                "it was exported for."
            ) from error
        return found


def _shown(shape: Sequence[Any]) -> str:
    return f"({', '.join('?' if size is None else str(size) for size in shape)})"


# ---- processes -----------------------------------------------------------------------------------

_sessions = Cache[OnnxSession](max_number=8)
_alive: "weakref.WeakSet[Any]" = weakref.WeakSet()


def shared_session(weights: OnnxWeights, taps: tuple[str, ...], label: str) -> OnnxSession:
    """The session of a model in this process, made when it is first needed."""
    key: Hashable = (weights.digest, taps, available_cores())
    return _sessions.get(key, lambda: OnnxSession(weights, taps, label))


def _begin_anew() -> None:
    """In a process that was forked just now, where the threads of all sessions are missing.

    They cannot run, and to end them would wait for their threads: they stay as they are.
    """
    global _sessions
    for session in list(_alive):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))
    _sessions = Cache[OnnxSession](max_number=8)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing is forked
    os.register_at_fork(after_in_child=_begin_anew)
