"""What TensorFlow computes, as nodes of an ONNX graph.

The functions are those by which estimators predict. What depends on the weights alone is computed
now; the rest becomes one or a few nodes for each operation, by the table of :mod:`_operations`.
"""

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from skdl.conversion import _shaping, _windows  # noqa: F401  which enter theirs into the table
from skdl.conversion._graph import Graph, Symbol, Value
from skdl.conversion._operations import OPERATIONS, UnsupportedError

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_IGNORED = ("NoOp", "Placeholder", "Const")
_RENAMED = {"squeeze_dims": "axis"}  # attributes, in TensorFlow's Python


def add_function(graph: Graph, function: Any, arguments: Sequence[Value]) -> list[Symbol]:
    """Add a concrete function of TensorFlow to a graph; what it gives.

    Raises
    ------
    UnsupportedError
        Where an operation has no counterpart, naming it.
    """
    handles = {id(variable.handle): variable for variable in function.graph.variables}
    captured = [
        handles.get(id(value), value).numpy()  # of a resource, what it holds
        for value in function.captured_inputs
    ]
    bound = dict(zip([t.name for t in function.inputs], [*arguments, *captured], strict=True))
    outputs = tf.nest.flatten(function.structured_outputs)
    found = Program(graph, function.graph, bound).run([tensor.name for tensor in outputs])
    return [value for value in found if isinstance(value, Symbol)]


class Program:
    """One function of TensorFlow while it becomes a part of a graph.

    Parameters
    ----------
    graph : Graph
        What nodes are added to.
    source : tf.Graph
        What is converted.
    values : dict of str to Symbol or ndarray
        What its placeholders are, by name, and later every tensor.
    """

    def __init__(self, graph: Graph, source: Any, values: dict[str, Value]) -> None:
        self.graph = graph
        self.source = source
        self.values = values

    def run(self, outputs: Sequence[str]) -> list[Value]:
        """Convert what these tensors depend on; their values."""
        needed = self._needed(outputs)
        for operation in self.source.get_operations():  # each behind what it takes
            if operation.name in needed and operation.type not in _IGNORED:
                self._convert(operation)
            elif operation.type == "Const" and operation.name in needed:
                constant = tf.make_ndarray(operation.get_attr("value"))
                self.values[operation.outputs[0].name] = constant
        return [self.values[name] for name in outputs]

    def _needed(self, outputs: Iterable[str]) -> set[str]:
        waiting = [self.source.get_tensor_by_name(name).op for name in outputs]
        found: set[str] = set()
        while waiting:
            operation = waiting.pop()
            if operation.name not in found:
                found.add(operation.name)
                waiting += [tensor.op for tensor in operation.inputs]
        return found

    def _convert(self, operation: Any) -> None:
        inputs = [self.values[tensor.name] for tensor in operation.inputs]
        if operation.type in _CALLS:
            results: Any = self._call(operation, inputs)
        elif operation.type in ("ReadVariableOp", "Identity", "StopGradient", "EnsureShape"):
            results = inputs[0]
        elif operation.type == "IdentityN":
            results = inputs
        elif operation.type == "Shape":
            results = _known_shape(operation, inputs[0])
        elif len(known := [v for v in inputs if not isinstance(v, Symbol)]) == len(inputs):
            results = _computed(operation, known)
        else:
            results = self._add_nodes(operation, inputs)
        results = results if isinstance(results, list) else [results]
        for tensor, value in zip(operation.outputs, results, strict=True):
            self.values[tensor.name] = value

    def _add_nodes(self, operation: Any, inputs: list[Value]) -> Any:
        if operation.type not in OPERATIONS:
            raise UnsupportedError(
                f"the operation {operation.type} of TensorFlow (in {operation.name!r}) has no "
                "counterpart in ONNX"
            )
        return OPERATIONS[operation.type](self.graph, operation, *inputs)

    def _call(self, operation: Any, inputs: list[Value]) -> list[Value]:
        """The function that an operation calls, in its place."""
        name, library = operation.get_attr("f").name, self.source.as_graph_def().library
        function = next(one for one in library.function if one.signature.name == name)
        inner = _as_graph(function, library, [tensor.shape for tensor in operation.inputs])
        arguments = [argument.name for argument in function.signature.input_arg]
        bound = {f"{arg}:0": value for arg, value in zip(arguments, inputs, strict=True)}
        returned = [function.ret[arg.name] for arg in function.signature.output_arg]
        return Program(self.graph, inner, bound).run([_tensor_name(ref) for ref in returned])


def _known_shape(operation: Any, value: Value) -> npt.NDArray[Any]:
    """A shape in which -1 stands for the number of images.

    It survives what is done to shapes before something is brought to one: choosing sides, putting
    them together, multiplying them. A negative side then is the one that ONNX works out.
    """
    dtype = operation.outputs[0].dtype.as_numpy_dtype
    if isinstance(value, Symbol) and any(side is None for side in value.shape[1:]):
        raise UnsupportedError(f"the shape of {operation.inputs[0].name!r} is not known in advance")
    return np.array([-1 if side is None else side for side in value.shape], dtype)


def _computed(operation: Any, inputs: list[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """What an operation gives, by TensorFlow itself."""
    function = getattr(tf.raw_ops, operation.type, None)
    if function is None or "Random" in operation.type:
        raise UnsupportedError(
            f"the operation {operation.type} of TensorFlow is random or stateful"
        )
    definition = operation.op_def
    attributes = {
        _RENAMED.get(attribute.name, attribute.name): attribute.name
        for attribute in definition.attr
    }
    names = [name for name in inspect.signature(function).parameters if name != "name"]
    given = {name: operation.get_attr(attributes[name]) for name in names if name in attributes}
    waiting, takes = list(inputs), [name for name in names if name not in attributes]
    for name, argument in zip(takes, definition.input_arg, strict=True):
        if argument.number_attr:
            n = operation.get_attr(argument.number_attr)
            given[name], waiting = waiting[:n], waiting[n:]
        else:
            given[name] = waiting.pop(0)
    with tf.device("CPU"):
        try:
            results = function(**given)
        except tf.errors.InvalidArgumentError as error:
            raise UnsupportedError(
                f"{operation.name!r} depends on the number of images in a way that is not known "
                "in advance"
            ) from error
    return [np.asarray(result) for result in tf.nest.flatten(results)]


def _tensor_name(reference: str) -> str:
    """The name of a tensor in a graph, of that in a function: "add:z:0" is "add:0"."""
    name, *rest = reference.split(":")
    return f"{name}:{rest[-1] if rest else 0}"


def _as_graph(function: Any, library: Any, shapes: Sequence[Any]) -> Any:
    """The graph of a function in a library."""
    definition = tf.compat.v1.GraphDef()
    definition.library.CopyFrom(library)
    for argument, shape in zip(function.signature.input_arg, shapes, strict=True):
        node = definition.node.add(name=argument.name, op="Placeholder")
        node.attr["dtype"].type = argument.type
        if argument.type != tf.resource.as_datatype_enum:
            node.attr["shape"].shape.CopyFrom(shape.as_proto())
    for inside in function.node_def:
        node = definition.node.add()
        node.CopyFrom(inside)
        del node.input[:]
        data = [reference for reference in inside.input if not reference.startswith("^")]
        node.input.extend(_tensor_name(reference) for reference in data)
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(definition, name="")
    return graph
